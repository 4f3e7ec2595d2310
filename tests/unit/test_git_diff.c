#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/git_fixture.h"

static void test_diff_names_only_what_is_asked(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; echo 1 >a; echo 2 >ab; mkdir d; echo 3 >d/a; echo 4 >'*'; "
                "echo 5 >':(top)a'; git add .");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_non_null(strstr(DIFF(scratch, "a"), "+1\n"));
    assert_null(strstr(scratch->diff.data + 1, "diff --git"));
    assert_non_null(strstr(DIFF(scratch, "*"), "+4\n"));
    assert_null(strstr(scratch->diff.data + 1, "diff --git"));
    assert_non_null(strstr(DIFF(scratch, ":(top)a"), "+5\n"));
    assert_null(strstr(scratch->diff.data + 1, "diff --git"));
    assert_string_equal(DIFF(scratch, "--output=x"), "");
    assert_string_equal(DIFF(scratch, "d"), "");
    assert_string_equal(diff_capped(scratch, NULL, 0, GIT_DIFF_CAP), "");
}

/* A pathspec for the file that was would show the files in the directory that is. */
static void test_file_that_became_a_directory(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; echo x >foo; echo y >fooz; git add .; git commit -qm 1; rm foo; mkdir foo\n"
                "echo SECRET >foo/.env; echo z >foo-1; echo Y >fooz; git add .");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_null(strstr(DIFF(scratch, "foo", "foo-1", "fooz"), "SECRET"));
    assert_non_null(strstr(scratch->diff.data, "+z\n"));
    assert_non_null(strstr(scratch->diff.data, "+Y\n"));
}

static void test_diff_that_is_too_large_shares_the_cap(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; seq 100000 >a; echo >b; seq 3000 >c; git add .");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    diff_capped(scratch, (const char *const[]){"a", "b", "c"}, 3, 32000);
    assert_true(scratch->is_truncated);
    assert_in_range(scratch->diff.length, 3900, 4200); /* a sixteenth each for two of them */
    assert_int_equal(scratch->diff.data[scratch->diff.length - 1], '\n');
    assert_non_null(strstr(scratch->diff.data, "+++ b/a\n"));
    assert_non_null(strstr(scratch->diff.data, "+++ b/b\n"));
    assert_non_null(strstr(scratch->diff.data, "+++ b/c\n"));
}

static void test_renames_stay_whole_where_files_share_the_cap(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; seq 10 >m; git add .; git commit -q -m 1; git mv m n; seq 100000 >a; "
                "git add .");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    diff_capped(scratch, (const char *const[]){"a", "m", "n"}, 3, 32000);
    assert_true(scratch->is_truncated);
    assert_non_null(strstr(scratch->diff.data, "rename from m\nrename to n\n"));
}

static void test_many_paths(void **state)
{
    struct scratch *scratch = scratch_of(state);
    const char *paths[2500];
    unsigned found = 0;

    sh(scratch, "cd r; seq 2500 | while read i; do echo x >f$i; done; git add .");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_int_equal(scratch->staged->count, 2500);
    for (size_t i = 0; i < 2500; i++)
        paths[i] = scratch->staged->entries[i].path;
    buffer_finish(&scratch->diff);
    buffer_init(&scratch->diff, BUFFER_CAP);
    diff_capped(scratch, paths, 2500, BUFFER_CAP);
    assert_false(scratch->is_truncated);
    for (const char *p = scratch->diff.data; (p = strstr(p, "diff --git ")); p++)
        found++;
    assert_int_equal(found, 2500);
}

static void test_configuration_does_not_shape_the_diff(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; printf '1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n' >\303\251; git add .\n"
                "git commit -qm 1; sed -i s/5/x/ \303\251; git add .\n"
                "git config diff.noprefix true; git config diff.mnemonicPrefix true\n"
                "git config color.ui always; git config color.diff always\n"
                "git config diff.context 9; git config diff.relative true\n"
                "git config diff.orderFile none; git config core.quotePath true\n"
                "git config diff.suppressBlankEmpty true; git config diff.submodule log\n"
                "git config log.date raw; git config format.pretty fuller\n"
                "git config core.pager 'touch pager'; git config pager.diff true");
    setenv("GIT_DIFF_OPTS", "-u0", 1);
    setenv("GIT_ICASE_PATHSPECS", "1", 1);
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_string_equal(scratch->staged->subjects.data, "1\n");
    assert_string_equal(DIFF(scratch, "\303\251"),
                        "diff --git a/\303\251 b/\303\251\nindex 0719398..5d22a70 100644\n"
                        "--- a/\303\251\n+++ b/\303\251\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n"
                        " 6\n 7\n 8\n");
    unsetenv("GIT_DIFF_OPTS");
    unsetenv("GIT_ICASE_PATHSPECS");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_diff_names_only_what_is_asked),
        TEST(test_file_that_became_a_directory),
        TEST(test_diff_that_is_too_large_shares_the_cap),
        TEST(test_renames_stay_whole_where_files_share_the_cap),
        TEST(test_many_paths),
        TEST(test_configuration_does_not_shape_the_diff),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
