#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "tests/unit/workspace_fixture.h"

/* `out` is "root:error:text\n" for each project file that was reported. */

static void on_project(void *context, const char *root, int error, const char *text, size_t length)
{
    struct scratch *scratch = context;

    buffer_printf(&scratch->out, "%s:%d:", strrchr(root, '/') + 1, error);
    buffer_append(&scratch->out, text, length);
    buffer_append_byte(&scratch->out, '\n');
}

static void set_ignore(struct scratch *scratch, size_t count, const char *const *lines)
{
    for (size_t i = 0; i < scratch->config.ignore.count; i++)
        free(scratch->lines[i]);
    for (size_t i = 0; i < count; i++)
        scratch->lines[i] = strdup(lines[i]);
    scratch->config.ignore = (struct config_strings){scratch->lines, count};
    scratch->config.generation++;
}

static int set_up(void **state)
{
    struct scratch *scratch = scratch_create(NULL, 0);

    set_ignore(scratch, 3, (const char *const[]){".env*", "*.pem", "/top"});
    sh(scratch, "mkdir -p r/a/b");
    *state = scratch;
    return 0;
}

static int tear_down(void **state)
{
    struct scratch *scratch = *state;

    set_ignore(scratch, 0, NULL);
    scratch_destroy(scratch);
    return 0;
}

static void add_root(struct scratch *scratch, const char *name)
{
    assert_int_equal(workspace_add_root(scratch->workspace, at(scratch, name)), 0);
}

static void on_ready(struct workspace_waiter *waiter, int error)
{
    struct scratch *scratch = waiter->context;

    scratch->calls++;
    scratch->error = error;
}

static enum workspace_verdict judge_path(struct scratch *scratch, const char *path)
{
    return workspace_judge(scratch->workspace, &scratch->config, path);
}

/* The verdict, waited for where it must be. */
static enum workspace_verdict verdict_of(struct scratch *scratch, const char *path)
{
    struct workspace_waiter waiter = {.ready = on_ready, .context = scratch};
    enum workspace_verdict verdict;

    scratch->calls = 0;
    workspace_wait(scratch->workspace, path, &waiter);
    while (scratch->calls == 0)
        assert_true(uv_run(&scratch->loop, UV_RUN_ONCE) || scratch->calls > 0);
    assert_int_equal(scratch->error, 0);
    assert_int_equal(scratch->calls, 1);
    verdict = judge_path(scratch, path);
    assert_int_not_equal(verdict, WORKSPACE_PENDING);
    return verdict;
}

#define assert_allowed(scratch, name)                                                             \
    assert_int_equal(verdict_of(scratch, at(scratch, name)), WORKSPACE_ALLOWED)
#define assert_ignored(scratch, name)                                                             \
    assert_int_equal(verdict_of(scratch, at(scratch, name)), WORKSPACE_IGNORED)

/* ---- roots ----------------------------------------------------------------------------------- */

static void test_roots(void **state)
{
    struct scratch *scratch = *state;
    struct workspace *workspace = scratch->workspace;

    assert_null(workspace_root_of(workspace, "/x/y"));
    assert_int_equal(workspace_add_root(workspace, "x"), -EINVAL);
    assert_int_equal(workspace_add_root(workspace, "/x/"), 0);
    assert_int_equal(workspace_add_root(workspace, "/x"), 0);
    assert_int_equal(workspace_add_root(workspace, "/z/../x//y/."), 0);
    assert_int_equal(workspace_root_count(workspace), 2);
    assert_string_equal(workspace_root(workspace, 0), "/x");
    assert_string_equal(workspace_root(workspace, 1), "/x/y");
    assert_string_equal(workspace_root_of(workspace, "/x/y/z"), "/x/y");
    assert_string_equal(workspace_root_of(workspace, "/x/y"), "/x/y");
    assert_string_equal(workspace_root_of(workspace, "/x/yz"), "/x");
    assert_null(workspace_root_of(workspace, "/xy"));
    assert_string_equal(workspace_name_of(workspace, "/x/y/z/w"), "z/w");
    assert_string_equal(workspace_name_of(workspace, "/x/v/z"), "v/z");
    assert_string_equal(workspace_name_of(workspace, "/u/v/z"), "z");
    assert_string_equal(workspace_name_of(workspace, "/x"), "x");
    assert_string_equal(workspace_name_of(workspace, "Untitled-1"), "Untitled-1");
    workspace_remove_root(workspace, "/x/y/");
    workspace_remove_root(workspace, "/nowhere");
    assert_string_equal(workspace_root_of(workspace, "/x/y/z"), "/x");
    assert_int_equal(workspace_add_root(workspace, "/"), 0);
    assert_string_equal(workspace_root_of(workspace, "/u"), "/");
    assert_string_equal(workspace_name_of(workspace, "/u/v"), "u/v");
    workspace_remove_root(workspace, "/");
    assert_null(workspace_root_of(workspace, "/u"));
}

static void test_number_of_roots_is_bounded(void **state)
{
    struct scratch *scratch = *state;
    char path[32];
    int error = 0;

    for (int i = 0; i < 10000 && !error; i++) {
        snprintf(path, sizeof(path), "/root/%d", i);
        error = workspace_add_root(scratch->workspace, path);
    }
    assert_int_equal(error, -ENOSPC);
}

/* ---- project files --------------------------------------------------------------------------- */

static void run_loop(struct scratch *scratch)
{
    buffer_clear(&scratch->out);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
}

static void test_project_files(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir s t; printf '{}' >r/.gridls.json\n"
                "head -c 262145 /dev/zero >t/.gridls.json");
    workspace_set_project_callback(scratch->workspace, on_project, scratch);
    add_root(scratch, "r");
    assert_int_equal(scratch->out.length, 0);
    run_loop(scratch);
    assert_string_equal(scratch->out.data, "r:0:{}\n");
    add_root(scratch, "s");
    run_loop(scratch);
    assert_string_equal(scratch->out.data, "s:-2:\n");
    add_root(scratch, "t");
    run_loop(scratch);
    assert_string_equal(scratch->out.data, "t:-27:\n");
    add_root(scratch, "r/.gridls.json"); /* no directory */
    run_loop(scratch);
    assert_string_equal(scratch->out.data, ".gridls.json:-2:\n");

    sh(scratch, "printf new >r/.gridls.json");
    workspace_forget(scratch->workspace, at(scratch, "r/a/.gridls.json"));
    run_loop(scratch);
    assert_string_equal(scratch->out.data, "");
    workspace_forget(scratch->workspace, at(scratch, "r/.gridls.json"));
    workspace_forget(scratch->workspace, at(scratch, "r/.gridls.json"));
    run_loop(scratch);
    assert_string_equal(scratch->out.data, "r:0:new\n");

    workspace_forget(scratch->workspace, at(scratch, "r/.gridls.json"));
    workspace_remove_root(scratch->workspace, at(scratch, "r"));
    run_loop(scratch);
    assert_string_equal(scratch->out.data, "");
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static void test_settings(void **state)
{
    struct scratch *scratch = *state;

    add_root(scratch, "r");
    assert_allowed(scratch, "r/x.c");
    assert_ignored(scratch, "r/.env");
    assert_ignored(scratch, "r/a/b/.env.local");
    assert_ignored(scratch, "r/top");
    assert_allowed(scratch, "r/a/top");
    assert_ignored(scratch, "r/.env.d/x");
    assert_ignored(scratch, "r/a/../.env");
    assert_ignored(scratch, "r//a/./.env");
    /* A verdict that the settings give waits for nothing. */
    assert_int_equal(judge_path(scratch, at(scratch, "r/c/new.pem")), WORKSPACE_IGNORED);
    assert_int_equal(judge_path(scratch, at(scratch, "r/c/new.c")), WORKSPACE_PENDING);

    set_ignore(scratch, 1, (const char *const[]){"*.c"});
    assert_ignored(scratch, "r/x.c");
    assert_allowed(scratch, "r/.env");
}

static void test_outside_of_roots(void **state)
{
    struct scratch *scratch = *state;

    add_root(scratch, "r");
    sh(scratch, "mkdir -p o/p; echo p >o/.gridlsignore; echo x >o/p/.gridlsignore");
    assert_allowed(scratch, "o/p/y");
    assert_ignored(scratch, "o/p/x");
    assert_ignored(scratch, "o/p/.env");
    assert_allowed(scratch, "o/top");
    assert_allowed(scratch, "ro/x");
    assert_int_equal(verdict_of(scratch, "/top"), WORKSPACE_IGNORED);
    assert_int_equal(judge_path(scratch, "Untitled-1"), WORKSPACE_ALLOWED);
    assert_int_equal(judge_path(scratch, ".env"), WORKSPACE_IGNORED);
    assert_int_equal(verdict_of(scratch, "Untitled-1"), WORKSPACE_ALLOWED);
    assert_int_equal(verdict_of(scratch, ""), WORKSPACE_ALLOWED);
    assert_int_equal(verdict_of(scratch, "/"), WORKSPACE_IGNORED);
    assert_int_equal(verdict_of(scratch, "/.."), WORKSPACE_IGNORED);
}

static void test_rules_of_folders(void **state)
{
    struct scratch *scratch = *state;

    add_root(scratch, "r");
    sh(scratch, "printf '*.log\\n/only\\nsecret/\\n' >r/.gridlsignore\n"
                "printf '!keep.log\\nx\\n!.env\\n' >r/a/.gridlsignore\n"
                "printf '!x\\n' >r/a/b/.gridlsignore; echo '*' >.gridlsignore");
    assert_ignored(scratch, "r/keep.log");
    assert_allowed(scratch, "r/a/keep.log");
    assert_allowed(scratch, "r/a/b/keep.log");
    assert_ignored(scratch, "r/a/b/c.log");
    assert_ignored(scratch, "r/a/x");
    assert_allowed(scratch, "r/a/b/x");
    assert_allowed(scratch, "r/x");
    assert_ignored(scratch, "r/only");
    assert_allowed(scratch, "r/a/only");
    assert_ignored(scratch, "r/a/secret/y"); /* in a folder that does not exist */
    /* A folder only adds to what the settings say. */
    assert_ignored(scratch, "r/a/.env");
}

static void test_nested_roots(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "echo x >r/.gridlsignore; echo '!y' >r/a/.gridlsignore");
    add_root(scratch, "r/a");
    assert_allowed(scratch, "r/a/x");
    add_root(scratch, "r");
    assert_ignored(scratch, "r/a/x");
    assert_ignored(scratch, "r/a/top"); /* anchored at the inner root */
    assert_allowed(scratch, "r/a/b/top");
    workspace_remove_root(scratch->workspace, at(scratch, "r"));
    assert_allowed(scratch, "r/a/x");
}

static void test_links_do_not_smuggle(void **state)
{
    struct scratch *scratch = *state;

    add_root(scratch, "r");
    sh(scratch, "echo private/ >r/.gridlsignore; mkdir r/private; echo >r/private/x; echo >r/.env\n"
                "cd r; ln -s private/x plain; ln -s .env env.txt; ln -s private public; ln -s a c\n"
                "ln -s ../o out; mkdir ../o; echo y >../o/.gridlsignore; ln -s loop loop");
    assert_ignored(scratch, "r/plain");
    assert_ignored(scratch, "r/env.txt");
    assert_ignored(scratch, "r/public/x");
    assert_ignored(scratch, "r/public/new/file"); /* not there yet */
    assert_allowed(scratch, "r/c/x");
    assert_ignored(scratch, "r/out/y");
    assert_allowed(scratch, "r/out/z");
    assert_ignored(scratch, "r/loop");
    assert_ignored(scratch, "r/loop/x");
}

/* The client's spelling of a root may be a link itself, and files may come by either spelling. */
static void test_linked_root(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "ln -s r link; mkdir r/private; echo /private >r/.gridlsignore\n"
                "echo >r/private/x; ln -s private/x r/plain");
    add_root(scratch, "link");
    assert_ignored(scratch, "link/private/x");
    assert_ignored(scratch, "link/plain");
    assert_ignored(scratch, "link/top");
    assert_allowed(scratch, "link/a/top");
    assert_ignored(scratch, "r/private/x");
    assert_ignored(scratch, "r/plain");
    assert_ignored(scratch, "r/top");
    assert_allowed(scratch, "r/a/x");
}

static void test_what_cannot_be_read_is_ignored(void **state)
{
    struct scratch *scratch = *state;

    add_root(scratch, "r");
    sh(scratch, "cd r; mkdir big limit loop pipe dir; head -c 65537 /dev/zero >big/.gridlsignore\n"
                "{ echo x; head -c 65534 /dev/zero | tr '\\0' '#'; } >limit/.gridlsignore\n"
                "ln -s .gridlsignore loop/.gridlsignore; mkfifo pipe/.gridlsignore\n"
                "mkdir dir/.gridlsignore");
    assert_ignored(scratch, "r/big/y");
    assert_ignored(scratch, "r/big/sub/y");
    assert_allowed(scratch, "r/limit/y");
    assert_ignored(scratch, "r/limit/x");
    assert_ignored(scratch, "r/loop/y");
    assert_ignored(scratch, "r/pipe/y");
    assert_allowed(scratch, "r/dir/y"); /* a folder of that name holds no rules */
    assert_allowed(scratch, "r/y");
    sh(scratch, "rm r/big/.gridlsignore");
    workspace_forget(scratch->workspace, at(scratch, "r/big/.gridlsignore"));
    assert_allowed(scratch, "r/big/y");
}

static void test_very_deep_paths(void **state)
{
    struct scratch *scratch = *state;
    struct buffer path CLEANUP(buffer_finish);

    add_root(scratch, "r");
    buffer_init(&path, BUFFER_CAP);
    buffer_append_string(&path, at(scratch, "r"));
    for (int i = 0; i < 200; i++)
        buffer_append_string(&path, "/d");
    assert_int_equal(verdict_of(scratch, path.data), WORKSPACE_ALLOWED);
    for (int i = 0; i < 200; i++)
        buffer_append_string(&path, "/d");
    assert_int_equal(verdict_of(scratch, path.data), WORKSPACE_IGNORED);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void test_prepare_reads_all_that_is_needed(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "echo x >r/a/.gridlsignore");
    add_root(scratch, "r");
    workspace_prepare(scratch->workspace, at(scratch, "r/a/b/x"));
    assert_int_equal(judge_path(scratch, at(scratch, "r/a/b/x")), WORKSPACE_PENDING);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(judge_path(scratch, at(scratch, "r/a/b/x")), WORKSPACE_IGNORED);
    workspace_prepare(scratch->workspace, "Untitled-1");
    workspace_prepare(scratch->workspace, "/");
}

static void test_forget(void **state)
{
    struct scratch *scratch = *state;

    add_root(scratch, "r");
    assert_allowed(scratch, "r/a/x");
    sh(scratch, "echo x >r/a/.gridlsignore; echo >r/.env; ln -s .env r/y");
    assert_allowed(scratch, "r/a/x");
    workspace_forget(scratch->workspace, at(scratch, "r/a/.gridlsignore"));
    assert_int_equal(judge_path(scratch, at(scratch, "r/a/x")), WORKSPACE_PENDING);
    assert_ignored(scratch, "r/a/x");

    /* A file that is replaced by a link. */
    sh(scratch, "rm r/y; echo >r/y");
    assert_allowed(scratch, "r/y");
    sh(scratch, "ln -sf .env r/y");
    workspace_forget(scratch->workspace, at(scratch, "r/y"));
    assert_ignored(scratch, "r/y");
}

static void test_forget_while_reading(void **state)
{
    struct scratch *scratch = *state;
    struct workspace_waiter waiter = {.ready = on_ready, .context = scratch};

    add_root(scratch, "r");
    workspace_wait(scratch->workspace, at(scratch, "r/a/x"), &waiter);
    workspace_forget(scratch->workspace, at(scratch, "r/a/.gridlsignore"));
    workspace_forget(scratch->workspace, at(scratch, "r/a/x"));
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    assert_int_equal(judge_path(scratch, at(scratch, "r/a/x")), WORKSPACE_ALLOWED);
}

/* More files than are kept, one after the other. */
static void test_many_files(void **state)
{
    struct scratch *scratch = *state;
    char name[32];

    add_root(scratch, "r");
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "r/%d", i);
        assert_allowed(scratch, name);
    }
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void test_waiters(void **state)
{
    struct scratch *scratch = *state;
    struct workspace_waiter waiters[5];

    add_root(scratch, "r");
    for (size_t i = 0; i < 5; i++) {
        waiters[i] = (struct workspace_waiter){.ready = on_ready, .context = scratch};
        workspace_wait(scratch->workspace, at(scratch, "r/a/x"), &waiters[i]);
    }
    assert_int_equal(scratch->calls, 0);
    workspace_wait_cancel(&waiters[0]);
    workspace_wait_cancel(&waiters[2]);
    workspace_wait_cancel(&waiters[2]);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 3);
    workspace_wait_cancel(&waiters[1]);
    workspace_wait(scratch->workspace, at(scratch, "r/a/x"), &waiters[1]); /* at once */
    assert_int_equal(scratch->calls, 4);
}

struct pair {
    struct scratch *scratch;
    struct workspace_waiter first;
    struct workspace_waiter second;
};

static void on_first(struct workspace_waiter *waiter, int error)
{
    struct pair *pair = waiter->context;

    assert_int_equal(error, 0);
    pair->scratch->calls++;
    workspace_wait_cancel(&pair->second);
    workspace_wait(pair->scratch->workspace, at(pair->scratch, "r/other/y"), &pair->second);
}

static void on_second(struct workspace_waiter *waiter, int error)
{
    struct pair *pair = waiter->context;

    assert_int_equal(error, 0);
    pair->scratch->calls += 10;
}

static void test_callbacks_may_cancel_and_wait(void **state)
{
    struct scratch *scratch = *state;
    struct pair pair = {
        .scratch = scratch,
        .first = {.ready = on_first, .context = &pair},
        .second = {.ready = on_second, .context = &pair},
    };

    add_root(scratch, "r");
    /* In the order of their coming: the first is called before the second. */
    workspace_wait(scratch->workspace, at(scratch, "r/x"), &pair.first);
    workspace_wait(scratch->workspace, at(scratch, "r/x"), &pair.second);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 11);
}

/* Destroyed with reads under way and somebody waiting: nothing is called, nothing is left. */
static void test_destroy_at_every_step(void **state)
{
    struct scratch *scratch = *state;
    bool is_over = false;

    sh(scratch, "echo x >r/.gridlsignore; ln -s a/x r/link; echo '{}' >r/.gridls.json");
    for (unsigned turns = 0; turns < 100 && !is_over; turns++) {
        struct workspace_waiter waiter = {.ready = on_ready, .context = scratch};

        workspace_destroy(scratch->workspace);
        assert_int_equal(workspace_create(&scratch->workspace, &scratch->loop, NULL), 0);
        workspace_set_project_callback(scratch->workspace, on_project, scratch);
        add_root(scratch, "r");
        scratch->calls = 0;
        workspace_wait(scratch->workspace, at(scratch, "r/link"), &waiter);
        for (unsigned i = 0; i < turns; i++)
            uv_run(&scratch->loop, UV_RUN_ONCE);
        is_over = scratch->calls > 0;
        buffer_clear(&scratch->out);
        workspace_destroy(scratch->workspace);
        scratch->workspace = NULL;
        scratch->calls = 0;
        uv_run(&scratch->loop, UV_RUN_DEFAULT);
        assert_int_equal(scratch->calls, 0);
        assert_int_equal(scratch->out.length, 0);
    }
    assert_true(is_over);
    workspace_destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_roots),
        TEST(test_number_of_roots_is_bounded),
        TEST(test_project_files),
        TEST(test_settings),
        TEST(test_outside_of_roots),
        TEST(test_rules_of_folders),
        TEST(test_nested_roots),
        TEST(test_links_do_not_smuggle),
        TEST(test_linked_root),
        TEST(test_what_cannot_be_read_is_ignored),
        TEST(test_very_deep_paths),
        TEST(test_prepare_reads_all_that_is_needed),
        TEST(test_forget),
        TEST(test_forget_while_reading),
        TEST(test_many_files),
        TEST(test_waiters),
        TEST(test_callbacks_may_cancel_and_wait),
        TEST(test_destroy_at_every_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
