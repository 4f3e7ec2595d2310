#ifndef GRIDLS_REQUESTS_EDIT_FILES_H
#define GRIDLS_REQUESTS_EDIT_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/file.h"
#include "daemon/services.h"
#include "daemon/tree.h"

/*
 * The files of a rewrite of the whole workspace: which of them have to do with the instruction, and
 * what they hold. Those are looked at that may be sent (tree.h says which): open documents as the
 * editor has them, others as they are on disk. Texts that are no UTF-8 or too large are left out;
 * so many are taken, the likeliest first, as a prompt has room for, each of them whole.
 */
struct edit_file {
    char *name;     /* as workspace_name_of(); what the model knows it by */
    char *path;     /* NULL: an open document that is no file */
    char *uri;
    struct document *document; /* referenced; NULL: not open */
    uint64_t edits;            /* of the document when its text was taken */
    struct buffer bytes;       /* as they are */
    size_t score;
};

struct edit_files {
    struct services *services;
    struct config *config;
    struct edit_file *items;  /* once gathered: the chosen ones, the person's own first */
    size_t count;
    struct buffer names;      /* of the others, a line each, as many as help to find one's way */
    /* the implementation's own */
    char **terms;
    size_t term_count;
    size_t budget;
    struct tree_walk *walk;
    struct tree tree;
    size_t next;              /* of the tree's paths */
    size_t bytes_read;
    uint64_t deadline;
    struct file_request *reading;
    void (*gathered)(void *context, int error);
    void *context;
};

struct edit_files_options {
    struct services *services;
    struct config *config;       /* stays as long as the files do */
    struct document *document;   /* the person's own: may be sent */
    const char *instruction;
    const char *selection;       /* its names count as the instruction's do */
    size_t selection_length;
    size_t budget;               /* bytes of all texts */
};

/* Calls back once, perhaps at once: error 0, -EFBIG where the person's own document does not
 * fit, or -ENOMEM. `files` stays where it is until edit_files_finish(). */
void edit_files_gather(struct edit_files *files, const struct edit_files_options *options,
                       void (*gathered)(void *context, int error), void *context);

/* No callback comes any more. Takes one of zeros. */
void edit_files_finish(struct edit_files *files);

/* By the name that the model was told; NULL: none such was sent. */
struct edit_file *edit_files_find(struct edit_files *files, const char *name);

#endif
