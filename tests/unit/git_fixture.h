#ifndef GRIDLS_TESTS_GIT_FIXTURE_H
#define GRIDLS_TESTS_GIT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/git.h"

/* What test_git.c and test_git_diff.c share; to be included after cmocka.h. */

/* Real repositories in a fresh directory, with no configuration but their own. */
struct scratch {
    char directory[64];
    uv_loop_t loop;
    struct git_job *job;
    unsigned calls;
    enum git_outcome outcome;
    char message[200];
    struct git_staged *staged;
    struct buffer diff;
    bool is_truncated;
};

static inline struct scratch *scratch_of(void **state)
{
    return *state;
}

/* Runs a script in the scratch directory: setting up only. */
static inline void sh(const struct scratch *scratch, const char *script)
{
    char *command;
    int length = asprintf(&command, "cd '%s' || exit 1\nset -e\n%s", scratch->directory, script);
    int status;

    assert_true(length > 0);
    status = system(command);
    if (status != 0)
        fail_msg("script failed: %s", script);
    free(command);
}

static inline int set_up(void **state)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));

    assert_non_null(scratch);
    strcpy(scratch->directory, "/tmp/gridls-git-XXXXXX");
    assert_non_null(mkdtemp(scratch->directory));
    setenv("HOME", scratch->directory, 1);
    setenv("XDG_CONFIG_HOME", scratch->directory, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_AUTHOR_NAME", "A", 1);
    setenv("GIT_AUTHOR_EMAIL", "a@example.com", 1);
    setenv("GIT_COMMITTER_NAME", "A", 1);
    setenv("GIT_COMMITTER_EMAIL", "a@example.com", 1);
    unsetenv("GIT_DIR");
    unsetenv("GIT_INDEX_FILE");
    unsetenv("GIT_WORK_TREE");
    assert_int_equal(uv_loop_init(&scratch->loop), 0);
    buffer_init(&scratch->diff, GIT_DIFF_CAP);
    sh(scratch, "git init -q -b trunk r");
    *state = scratch;
    return 0;
}

static inline int tear_down(void **state)
{
    struct scratch *scratch = *state;

    unsetenv("GIT_DIR");
    unsetenv("GIT_INDEX_FILE");
    git_staged_destroy(scratch->staged);
    buffer_finish(&scratch->diff);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scratch->loop), 0);
    sh(scratch, "rm -rf \"$PWD\"");
    free(scratch);
    return 0;
}

static inline void keep_outcome(struct scratch *scratch, enum git_outcome outcome, const char *message)
{
    scratch->calls++;
    scratch->outcome = outcome;
    snprintf(scratch->message, sizeof(scratch->message), "%s", message ? message : "");
    assert_int_equal(outcome == GIT_FAILED, message != NULL);
    git_cancel(scratch->job); /* in its own callback it is over already */
}

static inline void on_staged(void *context, enum git_outcome outcome, const char *message,
                      struct git_staged *staged)
{
    struct scratch *scratch = context;

    keep_outcome(scratch, outcome, message);
    assert_int_equal(outcome == GIT_OK, staged != NULL);
    scratch->staged = staged;
}

static inline void on_diff(void *context, enum git_outcome outcome, const char *message,
                    struct buffer *text, bool is_truncated)
{
    struct scratch *scratch = context;

    keep_outcome(scratch, outcome, message);
    buffer_clear(&scratch->diff);
    buffer_append(&scratch->diff, text->data, text->length);
    scratch->is_truncated = is_truncated;
}

static inline enum git_outcome ask_with(struct scratch *scratch, const char *directory,
                                 bool use_environment)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", scratch->directory, directory);
    git_staged_destroy(scratch->staged);
    scratch->staged = NULL;
    scratch->calls = 0;
    assert_int_equal(git_staged_start(&scratch->job, &scratch->loop, path, use_environment,
                                      on_staged, scratch), 0);
    assert_int_equal(scratch->calls, 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    return scratch->outcome;
}

static inline enum git_outcome ask(struct scratch *scratch, const char *directory)
{
    return ask_with(scratch, directory, false);
}

static inline const char *diff_capped(struct scratch *scratch, const char *const *paths, size_t count,
                               size_t cap)
{
    scratch->calls = 0;
    assert_int_equal(git_diff_start(&scratch->job, &scratch->loop, scratch->staged, paths, count,
                                    cap, on_diff, scratch), 0);
    assert_int_equal(scratch->calls, 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    assert_int_equal(scratch->outcome, GIT_OK);
    return scratch->diff.data;
}

#define DIFF(scratch, ...)                                                                        \
    diff_capped(scratch, (const char *const[]){__VA_ARGS__},                                      \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), GIT_DIFF_CAP)

#endif
