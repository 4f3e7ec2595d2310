#ifndef GRIDLS_GIT_H
#define GRIDLS_GIT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "protocol/buffer.h"

/*
 * What a commit message needs to know of a repository, asked of the git program. Nothing in a
 * repository is run by asking: no hook, filter, external diff, text conversion, file system
 * monitor, signature check or fetch of missing objects, whatever its configuration says; nothing is
 * written. git itself refuses repositories of other users (safe.directory).
 *
 * Paths and texts are bytes as git has them, not always UTF-8.
 */

enum git_outcome {
    GIT_OK,
    GIT_MISSING,          /* there is no git program */
    GIT_NOT_A_REPOSITORY, /* or a bare one */
    GIT_NOTHING_STAGED,
    GIT_FAILED, /* `message` says why */
};

struct git_entry {
    char status;    /* A added, D deleted, M modified, R renamed, T type changed, U unmerged */
    char *path;     /* relative to the top directory */
    char *old_path; /* R: where it was; NULL otherwise */
};

struct git_staged {
    char *top;    /* the top directory of the work tree, absolute */
    char *branch; /* NULL: detached HEAD */
    bool is_first_commit;
    struct git_entry *entries;
    size_t count;
    struct buffer subjects; /* a line each, newest first: the last 20 commits but for merges */
    struct buffer file_subjects; /* older ones that changed the same files; what git found in time */
    char *comment;       /* core.commentString or commentChar: "#", "//"; "auto": git's choice */
    char *template_path; /* commit.template, absolute and without links, NULL: none */
    char *index_file; /* of the commit in whose editor we run, NULL: the repository's own */
    bool uses_environment;
};

void git_staged_destroy(struct git_staged *staged); /* takes NULL */

struct git_job;

/*
 * Called once, from the loop, never from the function that started the job. The job is gone when it
 * returns. `message` is one line, NULL unless GIT_FAILED. `staged` is the callee's to destroy, NULL
 * unless GIT_OK.
 */
typedef void (*git_staged_callback)(void *context, enum git_outcome outcome, const char *message,
                                    struct git_staged *staged);

/*
 * Lists what is staged in the repository that `directory` lies in. A directory inside of `.git`,
 * where git keeps the message that is being edited, stands for its work tree, also that of a linked
 * work tree or a submodule. Where our own environment names the index of a commit that is under way
 * in this repository (we run below its editor), that index is looked at.
 *
 * `use_environment`: GIT_DIR, GIT_INDEX_FILE and the like are obeyed as they stand, as a hook must;
 * otherwise `directory` alone decides on the repository. Returns 0 or a negative errno.
 */
int git_staged_start(struct git_job **job, uv_loop_t *loop, const char *directory,
                     bool use_environment, git_staged_callback callback, void *context);

/* The most bytes of diff that make sense in a prompt, its summaries included. */
#define GIT_DIFF_CAP ((size_t)512 << 10)

/* `text` is valid during the call (the callee may steal it), empty unless GIT_OK. `is_truncated`:
 * there is more than the cap. Then each file has only the first lines of its part, a sixteenth of
 * the cap, so that a huge file does not hide those behind it; as many files as have room. */
typedef void (*git_diff_callback)(void *context, enum git_outcome outcome, const char *message,
                                  struct buffer *text, bool is_truncated);

/*
 * The staged changes of these files and of no other, as a unified diff. A rename shows as one where
 * both of its paths are given next to each other. A path that was a file and has become a directory
 * with staged files in it is left out, as git cannot name it without them. `staged` and `paths` are
 * copied as needed. Returns 0 or a negative errno: -ENOENT, there is no git program.
 */
int git_diff_start(struct git_job **job, uv_loop_t *loop, const struct git_staged *staged,
                   const char *const *paths, size_t count, size_t cap, git_diff_callback callback,
                   void *context);

/* Ends a job of either kind: no callback comes any more. Takes NULL. */
void git_cancel(struct git_job *job);

#endif
