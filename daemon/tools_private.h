#ifndef GRIDLS_TOOLS_PRIVATE_H
#define GRIDLS_TOOLS_PRIVATE_H

/* Shared by tools.c (calls and their life), tools_read.c and tools_search.c; no one else's. */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/file.h"
#include "daemon/ignore.h"
#include "daemon/tools.h"
#include "daemon/tree.h"
#include "protocol/buffer.h"

/* The longest line of a file that is shown whole, in bytes. */
#define TOOLS_LINE_MAX 400

/* Places at which a relative path may lie: below each root, or below the root that it names. */
#define TOOLS_PLACES_MAX 16

struct tool_place {
    char *path; /* absolute */
    const char *root;
};

struct tool_run {
    struct tools_host host;
    struct config *config;
    tool_callback callback; /* NULL: it is over */
    void *context;
    uv_timer_t timer;       /* begins the run, then is its deadline */
    void (*begin)(struct tool_run *run);
    char note[160];
    struct buffer out;

    /* arguments; NULL or 0: not given */
    char *path, *text, *pattern;
    int64_t first_line, last_line;

    struct tree_walk *walk;
    struct tree tree;
    struct file_request *file;
    struct workspace_waiter waiter;

    /* read_file */
    struct tool_place places[TOOLS_PLACES_MAX];
    size_t place_count, place; /* the one that is tried */
    char *real_root;
    char *inside;              /* the path without links, spelled below the root */

    /* search_text, list_files */
    struct ignore_rules *filter; /* the pattern; NULL: all files */
    size_t at;                   /* the file that is looked at */
    size_t matches;
    bool any_case;
    bool is_cut;                 /* something was left out */
};

/* Each ends the run. */
void tool_run_finish(struct tool_run *run);
void tool_run_fail(struct tool_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The most bytes of a file or open document that are looked at. */
#define TOOLS_FILE_MAX ((size_t)4 << 20)

/* The text of the open document of this path, valid until the document is touched; NULL where it is
 * larger than TOOLS_FILE_MAX. False where none is open. */
bool tool_run_open_text(const struct tool_run *run, const char *path, const char **text,
                        size_t *length);

/* How results name a file. */
void tool_run_append_name(struct tool_run *run, const char *path);

/* Whether a file's bytes are text that can be shown: UTF-8 without NUL. */
bool tool_is_text(const char *text, size_t length);

void tools_read_begin(struct tool_run *run);
void tools_search_begin(struct tool_run *run);
void tools_list_begin(struct tool_run *run);

#endif
