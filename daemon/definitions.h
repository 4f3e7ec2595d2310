#ifndef GRIDLS_DEFINITIONS_H
#define GRIDLS_DEFINITIONS_H

#include <stddef.h>
#include <uv.h>

#include "daemon/config.h"
#include "daemon/document.h"
#include "daemon/neighbours.h"
#include "daemon/prompt/prompt.h"
#include "daemon/workspace.h"

/*
 * Where the names are defined that a text uses: in its document, in the open ones and the files that
 * they import (neighbours.h), then in the files of the workspace that tree.h lists and that are of the
 * same kind of language, the nearest first. In the background, within bounds and a deadline: what is
 * not found by then is left out.
 */
struct definitions_search;

struct definitions_options {
    uv_loop_t *loop;
    struct workspace *workspace;
    const struct documents *documents;
    struct neighbours *neighbours;
    struct config *config;     /* a reference is taken */
    struct document *document; /* likewise */
    struct prompt_text text;   /* of the document; not kept */
    bool beyond;               /* also in other texts than the document */
    unsigned deadline_ms;
};

struct definition {
    char *path; /* as workspace_name_of() */
    char *text; /* whole lines */
    size_t length;
};

#define DEFINITIONS_MAX 24u

/* Those of the document, of neighbours and of other files after each other, and each in the order of
 * their names in the text. Owns the texts. */
struct definitions {
    struct definition items[DEFINITIONS_MAX];
    size_t count;
};

void definitions_finish(struct definitions *definitions); /* takes an empty list */

/* Once, from the loop; the list is freed afterwards, unless the callee moves it out and leaves zeros. */
typedef void (*definitions_callback)(void *context, struct definitions *found);

/* Returns 0, or -ENOMEM and no callback comes. Never calls back before it returns. */
int definitions_search_start(struct definitions_search **search,
                             const struct definitions_options *options,
                             definitions_callback callback, void *context);

/* No callback comes any more. Takes NULL. */
void definitions_search_cancel(struct definitions_search *search);

#endif
