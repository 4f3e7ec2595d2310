#ifndef GRIDLS_GIT_PRIVATE_H
#define GRIDLS_GIT_PRIVATE_H

#include "daemon/child.h"
#include "daemon/file.h"
#include "daemon/git.h"

/* What git.c, git_diff.c and git_command.c share. */

enum git_step {
    GIT_STEP_RESOLVE,  /* the directory's real path */
    GIT_STEP_LINK,     /* inside of .git: the file that names a linked work tree */
    GIT_STEP_TOP,      /* the top directory */
    GIT_STEP_OWN_DIR,  /* the repository's own directory, to compare with the environment's index */
    GIT_STEP_INDEX,    /* the real path of the environment's index */
    GIT_STEP_LIST,     /* what is staged */
    GIT_STEP_SETTINGS, /* how messages are commented, and the template */
    GIT_STEP_TEMPLATE, /* the real path of the template */
    GIT_STEP_BRANCH,
    GIT_STEP_HEAD,     /* is there a commit? */
    GIT_STEP_SUBJECTS,
    GIT_STEP_FILE_SUBJECTS, /* of the commits that changed these files */
};

struct git_job {
    uv_loop_t *loop;
    struct child *child;
    struct file_request *file;
    bool is_over; /* its callback is being called */
    void *context;

    char *directory; /* where git is run */
    char *index_file;
    bool uses_environment;
    bool is_inside_git_dir; /* as where a submodule's commit message is edited */

    enum git_step step;
    git_staged_callback on_staged;
    struct git_staged *staged;
    char *own_directory;
    bool is_persons_template; /* named by the person's settings, not by the repository's */

    git_diff_callback on_diff;
    char **paths;
    bool *is_old; /* the path is where the next one was */
    size_t path_count;
    size_t next_path;
    struct buffer text;
    bool is_truncated; /* from then on each file is asked for by itself */
};

struct git_job *git_job_create(uv_loop_t *loop, const char *directory, bool use_environment,
                               void *context);
void git_job_destroy(struct git_job *job);

/* Options that every diff gets: the shape of its text is ours, not the configuration's. Ends with
 * NULL. */
extern const char *const git_diff_options[];

/* What git gets, where nobody says otherwise. */
#define GIT_TIMEOUT_MS 15000u

/* Starts git in the job's directory with `arguments` (ends with NULL) and then `paths`. Returns as
 * child_start(). */
int git_command_start(struct git_job *job, const char *const *arguments, const char *const *paths,
                      size_t path_count, size_t output_cap, unsigned timeout_ms,
                      child_callback callback);

/* Takes what `git config --null --show-scope --get-regexp` printed of git_settings_pattern into
 * staged->comment and staged->template_path. Returns 0 or -ENOMEM. */
extern const char git_settings_pattern[];
int git_settings_take(struct git_job *job, const char *output, size_t length);

/* The line of stderr that says most, without "fatal: ", or another phrase on why it failed. Cuts
 * the result's text. */
const char *git_command_message(struct child_result *result);

#endif
