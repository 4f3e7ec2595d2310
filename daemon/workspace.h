#ifndef GRIDLS_WORKSPACE_H
#define GRIDLS_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "daemon/config.h"

struct log;

/*
 * The folders that the client has open, and whether a file's text may be sent.
 *
 * A file is ignored where the lines of config->ignore say so, or the `.gridlsignore` files from its
 * root down to its own directory. The latter only add: a repository cannot allow what the person's
 * settings forbid; among themselves the nearer file wins. A file is judged as it is spelled and,
 * where there are symbolic links on the way, by its real path too: a link must not smuggle an
 * ignored text out. What cannot be judged (a `.gridlsignore` that is unreadable or over 64 KiB, a
 * path that cannot be resolved, no memory) is ignored, with a warning in the log.
 *
 * Paths are absolute and local; `.`, `..` and double slashes in them are removed by their spelling.
 * A file outside of every root is judged by config->ignore on its full path and by the
 * `.gridlsignore` beside it; a name that is not absolute (an untitled document) by config->ignore
 * alone.
 *
 * Files are read in the background and kept. No callback may destroy the workspace.
 */
struct workspace;

/* `log` may be NULL. Returns 0 or -ENOMEM. */
int workspace_create(struct workspace **workspace, uv_loop_t *loop, struct log *log);

/* Takes NULL. Waiters are forgotten, no callback comes any more. */
void workspace_destroy(struct workspace *workspace);

/* ---- roots ----------------------------------------------------------------------------------- */

/*
 * Called from the loop with the text of a root's `.gridls.json` after workspace_add_root() and
 * after workspace_forget() of that file: `error` 0, the text and its length; -ENOENT, there is
 * none; or another negative errno (-EFBIG: over 256 KiB). The text is valid during the call.
 */
typedef void (*workspace_project_callback)(void *context, const char *root, int error,
                                           const char *text, size_t length);

/* Set it before the first root is added. */
void workspace_set_project_callback(struct workspace *workspace,
                                    workspace_project_callback callback, void *context);

/* A root that is already there stays as it is. Returns 0, -EINVAL (not absolute), -ENOSPC (too
 * many) or -ENOMEM. */
int workspace_add_root(struct workspace *workspace, const char *path);
void workspace_remove_root(struct workspace *workspace, const char *path);

size_t workspace_root_count(const struct workspace *workspace);
const char *workspace_root(const struct workspace *workspace, size_t index);

/* The longest root that contains the path or is it, NULL if none. */
const char *workspace_root_of(const struct workspace *workspace, const char *path);

/* What to call a file: its path below its root, or its last part. Points into `path`. */
const char *workspace_name_of(const struct workspace *workspace, const char *path);

/* The path by its spelling alone, without `.`, `..`, double slashes and a slash at its end; the
 * caller's to free. NULL when memory runs out. */
char *workspace_normalize(const char *path);

/* Whether a file whose verdict is known lies in a root by its real path, too: a link must not bring
 * in what lies elsewhere. */
bool workspace_holds(const struct workspace *workspace, const char *path);

/* ---- may it be sent? ------------------------------------------------------------------------- */

enum workspace_verdict {
    WORKSPACE_ALLOWED,
    WORKSPACE_IGNORED,
    WORKSPACE_PENDING, /* something must be read first: wait */
};

/* Starts to read what a verdict on this file needs and is not known, or was read more than two
 * seconds ago. Meant for when a document is opened or saved. Errors show in the verdict. */
void workspace_prepare(struct workspace *workspace, const char *path);

enum workspace_verdict workspace_judge(struct workspace *workspace, const struct config *config,
                                       const char *path);

/* Whether config->ignore alone forbids the file, an absolute path without `.` and `..`: for those who
 * read the `.gridlsignore` files themselves and follow no links. True when memory runs out. */
bool workspace_is_ignored_by_settings(struct workspace *workspace, const struct config *config,
                                      const char *path);

/* One that waits; embedded by its owner, who keeps it in place until it is called or cancels. */
struct workspace_waiter {
    void (*ready)(struct workspace_waiter *waiter, int error);
    void *context; /* the owner's own */
    /* the workspace's own */
    struct workspace *workspace; /* NULL: it does not wait */
    struct workspace_waiter *previous;
    struct workspace_waiter *next;
    char *path;
};

/*
 * Calls `ready`, those that wait in the order of their coming, with 0 as soon as workspace_judge()
 * has a verdict, at once where it has one already; or with -ENOMEM where it will have none: then do
 * not send. Of `waiter`, `ready` and `context` are set.
 */
void workspace_wait(struct workspace *workspace, const char *path,
                    struct workspace_waiter *waiter);

/* Takes one that does not wait (any more) as well. */
void workspace_wait_cancel(struct workspace_waiter *waiter);

/* A file was saved, changed, created or deleted. Where it is a `.gridlsignore` or a root's
 * `.gridls.json` it is read again; any other may have become a link. */
void workspace_forget(struct workspace *workspace, const char *path);

#endif
