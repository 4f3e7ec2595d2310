#ifndef GRIDLS_TESTS_WORKSPACE_FIXTURE_H
#define GRIDLS_TESTS_WORKSPACE_FIXTURE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/document.h"
#include "daemon/workspace.h"
#include "protocol/buffer.h"

/* What the tests of what looks at files share; to be included after cmocka.h. */

/* A fresh directory with real files and links in it, a workspace, and what has been told of it. */
struct scratch {
    char directory[64];
    uv_loop_t loop;
    struct workspace *workspace; /* without a root so far */
    struct documents documents;
    struct config config;
    struct buffer out;           /* what it is of, the test's file says */
    unsigned calls;
    /* Of one test's file each. */
    struct neighbours *neighbours;
    struct document *document;
    bool is_cut;
    int error;
    char *lines[4];
};

/* Runs a script in the scratch directory: setting up only. */
static inline void sh(const struct scratch *scratch, const char *script)
{
    char *command;
    int length = asprintf(&command, "cd '%s' || exit 1\nset -e\n%s", scratch->directory, script);

    assert_true(length > 0);
    if (system(command) != 0)
        fail_msg("script failed: %s", script);
    free(command);
}

/* The name's absolute path. Good until the eighth call after this one. */
static inline const char *at(const struct scratch *scratch, const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, PATH_MAX, "%s/%s", scratch->directory, name);
    return path;
}

/* The patterns, `count` of them, stay the caller's. */
static inline struct scratch *scratch_create(char **ignored, size_t count)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));

    assert_non_null(scratch);
    strcpy(scratch->directory, "/tmp/gridls-unit-XXXXXX");
    assert_non_null(mkdtemp(scratch->directory));
    assert_int_equal(uv_loop_init(&scratch->loop), 0);
    buffer_init(&scratch->out, BUFFER_CAP);
    documents_init(&scratch->documents);
    scratch->config.references = 1;
    scratch->config.generation = 1;
    scratch->config.ignore = (struct config_strings){ignored, count};
    assert_int_equal(workspace_create(&scratch->workspace, &scratch->loop, NULL), 0);
    return scratch;
}

/* Nothing may be left on the loop, and nobody may hold the settings. */
static inline void scratch_destroy(struct scratch *scratch)
{
    workspace_destroy(scratch->workspace);
    documents_finish(&scratch->documents);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scratch->loop), 0);
    assert_int_equal(scratch->config.references, 1);
    buffer_finish(&scratch->out);
    sh(scratch, "chmod -R u+rwx .; rm -rf \"$PWD\"");
    free(scratch);
}

#endif
