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
#include <uv.h>

#include "daemon/tree.h"
#include "tests/unit/workspace_fixture.h"

/* `out` is what a walk has listed: the paths below the directory, parted by blanks. */

static int set_up(void **state)
{
    static char secrets[] = ".env*", top[] = "/top.c";
    static char *ignored[] = {secrets, top};
    struct scratch *scratch = scratch_create(ignored, 2);

    sh(scratch, "mkdir r");
    assert_int_equal(workspace_add_root(scratch->workspace, at(scratch, "r")), 0);
    *state = scratch;
    return 0;
}

static int tear_down(void **state)
{
    scratch_destroy(*state);
    return 0;
}

static void on_tree(void *context, struct tree *tree)
{
    struct scratch *scratch = context;

    scratch->calls++;
    scratch->is_cut = tree->is_cut;
    for (size_t i = 0; i < tree->count; i++)
        buffer_printf(&scratch->out, "%s%s", i > 0 ? " " : "",
                      tree->paths[i] + strlen(scratch->directory) + 1);
}

static struct tree_walk *begin(struct scratch *scratch, const char *path, size_t files_max)
{
    struct tree_options options = {
        .loop = &scratch->loop,
        .workspace = scratch->workspace,
        .config = &scratch->config,
        .path = path ? at(scratch, path) : NULL,
        .files_max = files_max,
        .deadline_ms = 60000,
    };
    struct tree_walk *walk;

    buffer_clear(&scratch->out);
    scratch->calls = 0;
    assert_int_equal(tree_walk_start(&walk, &options, on_tree, scratch), 0);
    assert_int_equal(scratch->calls, 0);
    return walk;
}

/* What is listed at or below the path. */
static const char *list(struct scratch *scratch, const char *path)
{
    begin(scratch, path, 1000);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    return scratch->out.data;
}

static void test_lists_regular_files_in_order(void **state)
{
    struct scratch *scratch = *state;

    assert_string_equal(list(scratch, NULL), "");
    sh(scratch, "mkdir -p r/b/c r/a; touch r/z r/b/c/y r/a/x r/.hidden; mkfifo r/pipe");
    assert_string_equal(list(scratch, NULL), "r/.hidden r/a/x r/b/c/y r/z");
    assert_false(scratch->is_cut);
}

static void test_no_link_is_followed(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir out; touch out/secret r/a; ln -s ../out r/away; ln -s ../out/secret r/one\n"
                "ln -s . r/round; ln -s a r/b");
    assert_string_equal(list(scratch, NULL), "r/a");
    assert_string_equal(list(scratch, "r/away"), "");
    assert_string_equal(list(scratch, "r/away/secret"), "");
    assert_string_equal(list(scratch, "r/one"), "");
}

static void test_ignore_rules_hold(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir -p a/build b .git node_modules/m; touch top.c b/top.c .env a/.env.local\n"
                "touch a/1.o a/keep.o a/build/x b/plan.txt b/notes.txt .git/config node_modules/m/i\n"
                "printf '*.o\\n!keep.o\\nbuild/\\n' >.gitignore; printf 'plan.*\\n' >b/.gridlsignore");
    assert_string_equal(list(scratch, NULL),
                        "r/.gitignore r/a/keep.o r/b/.gridlsignore r/b/notes.txt r/b/top.c");
}

static void test_what_lies_in_an_ignored_folder_is_ignored(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir -p s/t; touch s/t/a; printf 's/\\n' >.gridlsignore\n"
                "printf '!a\\n' >s/t/.gridlsignore");
    assert_string_equal(list(scratch, "r/s"), "");
    assert_string_equal(list(scratch, "r/s/t/a"), "");
}

static void test_a_folder_with_unreadable_rules_is_left_out(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir a b; touch a/x b/y; head -c 70000 /dev/zero >a/.gridlsignore");
    assert_string_equal(list(scratch, NULL), "r/b/y");
    assert_string_equal(list(scratch, "r/a/x"), "");
}

static void test_only_a_folder_or_a_file(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir -p a/b ab; touch a/b/x a/y ab/z w; printf 'y\\n' >.gitignore");
    assert_string_equal(list(scratch, "r/a"), "r/a/b/x");
    assert_string_equal(list(scratch, "r/a/b/x"), "r/a/b/x");
    assert_string_equal(list(scratch, "r/a/y"), "");
    assert_string_equal(list(scratch, "r/w"), "r/w");
    assert_string_equal(list(scratch, "r/w/x"), "");
    assert_string_equal(list(scratch, "r/nowhere"), "");
    assert_string_equal(list(scratch, "elsewhere"), "");
}

static void test_a_root_within_a_root_is_listed_once(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir r/in; touch r/in/a r/b; printf '*.x\\n' >r/.gitignore; touch r/in/c.x");
    assert_int_equal(workspace_add_root(scratch->workspace, at(scratch, "r/in")), 0);
    assert_string_equal(list(scratch, NULL), "r/.gitignore r/b r/in/a");
    assert_string_equal(list(scratch, "r/in"), "r/in/a");
}

static void test_bounds(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir d; for i in 1 2 3 4 5; do touch d/$i; done");
    begin(scratch, NULL, 5);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_false(scratch->is_cut);
    begin(scratch, NULL, 3);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    assert_true(scratch->is_cut);
    assert_int_equal(scratch->out.length, strlen("r/d/1 r/d/2 r/d/3"));
}

static void test_depth_is_bounded(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; for i in $(seq 100); do mkdir d; touch f; cd d; done");
    begin(scratch, NULL, 1000);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_true(scratch->is_cut);
}

static void test_cancelled_at_every_turn(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir -p a/b; touch a/b/x a/y; printf 'z\\n' >a/.gitignore");
    for (int turns = 0; turns < 40; turns++) {
        struct tree_walk *walk = begin(scratch, turns % 2 ? "r/a/b/x" : NULL, 1000);

        for (int i = 0; i < turns && scratch->calls == 0; i++)
            uv_run(&scratch->loop, UV_RUN_ONCE);
        if (scratch->calls == 0)
            tree_walk_cancel(walk);
        uv_run(&scratch->loop, UV_RUN_DEFAULT);
        assert_true(scratch->calls <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lists_regular_files_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_link_is_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ignore_rules_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_lies_in_an_ignored_folder_is_ignored, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_folder_with_unreadable_rules_is_left_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_only_a_folder_or_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_root_within_a_root_is_listed_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_depth_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled_at_every_turn, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
