#ifndef GRIDLS_TREE_H
#define GRIDLS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "daemon/config.h"
#include "daemon/workspace.h"

/*
 * The files of the workspace that may be looked at, listed in the background without blocking the loop:
 * regular files below the roots, none that the settings or a `.gridlsignore` ignore, and none that a
 * `.gitignore` names, as git would not list them either. Rule files are read anew for each walk; a
 * folder whose rules cannot be read is left out. Symbolic links are never followed, so that nothing
 * outside of the roots is ever listed; the folders of version control and `node_modules` are passed
 * over, as are files of which the file system does not tell the kind.
 */
struct tree_walk;

struct tree_options {
    uv_loop_t *loop;
    struct workspace *workspace;
    struct config *config;  /* a reference is taken */
    const char *path;       /* absolute, below or at a root as the root is spelled: only this file, or
                               what lies in this folder; NULL: all roots. Copied. */
    size_t files_max;
    unsigned deadline_ms;
};

/* Absolute paths, each below its root as the root is spelled, sorted by their bytes. */
struct tree {
    char **paths;
    size_t count;
    bool is_cut; /* a bound or the deadline ended the walk: there may be more */
};

void tree_finish(struct tree *tree); /* takes an empty one */

/* Once, from the loop. The tree is freed afterwards, unless the callee moves it out and leaves zeros. */
typedef void (*tree_callback)(void *context, struct tree *tree);

/* Returns 0, or -ENOMEM and no callback comes. Never calls back before it returns. */
int tree_walk_start(struct tree_walk **walk, const struct tree_options *options,
                    tree_callback callback, void *context);

/* No callback comes any more; the workspace is not touched again. Takes NULL. */
void tree_walk_cancel(struct tree_walk *walk);

#endif
