#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "tests/unit/git_fixture.h"


static void assert_top(const struct scratch *scratch, const char *name)
{
    char path[PATH_MAX];

    assert_non_null(scratch->staged);
    snprintf(path, sizeof(path), "%s/%s", scratch->directory, name);
    assert_string_equal(scratch->staged->top, path);
}

static void assert_entry(const struct scratch *scratch, size_t index, char status,
                         const char *path, const char *old_path)
{
    const struct git_entry *entry = &scratch->staged->entries[index];

    assert_true(index < scratch->staged->count);
    assert_int_equal(entry->status, status);
    assert_string_equal(entry->path, path);
    if (old_path)
        assert_string_equal(entry->old_path, old_path);
    else
        assert_null(entry->old_path);
}

/* ---- what is staged -------------------------------------------------------------------------- */

static void test_first_commit(void **state)
{
    struct scratch *scratch = scratch_of(state);

    assert_int_equal(ask(scratch, "r"), GIT_NOTHING_STAGED);
    sh(scratch, "cd r; echo one >a; git add a; echo two >b");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_top(scratch, "r");
    assert_string_equal(scratch->staged->branch, "trunk");
    assert_true(scratch->staged->is_first_commit);
    assert_int_equal(scratch->staged->count, 1);
    assert_entry(scratch, 0, 'A', "a", NULL);
    assert_int_equal(scratch->staged->subjects.length, 0);
    assert_string_equal(DIFF(scratch, "a"),
                        "diff --git a/a b/a\nnew file mode 100644\nindex 0000000..5626abf\n"
                        "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+one\n");
    assert_false(scratch->is_truncated);
}

static void test_kinds_of_changes(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; for i in 1 2 3 4 5 6 7 8; do echo line $i >>moved; done\n"
                "echo x >gone; echo y >changed; echo z >typed; git add .; git commit -qm 'Begin'\n"
                "git mv moved there; git rm -q gone; echo Y >changed; ln -sf a typed\n"
                "mkdir d; echo >'d/new file\n\"x\"\t\303\251'; git add .; echo more >changed");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_false(scratch->staged->is_first_commit);
    assert_string_equal(scratch->staged->subjects.data, "Begin\n");
    assert_int_equal(scratch->staged->count, 5);
    assert_entry(scratch, 0, 'M', "changed", NULL);
    assert_entry(scratch, 1, 'A', "d/new file\n\"x\"\t\303\251", NULL);
    assert_entry(scratch, 2, 'D', "gone", NULL);
    assert_entry(scratch, 3, 'R', "there", "moved");
    assert_entry(scratch, 4, 'T', "typed", NULL);
    assert_string_equal(DIFF(scratch, "moved", "there"),
                        "diff --git a/moved b/there\nsimilarity index 100%\nrename from moved\n"
                        "rename to there\n");
    assert_non_null(strstr(DIFF(scratch, "changed"), "-y\n+Y\n"));
    assert_non_null(strstr(DIFF(scratch, "d/new file\n\"x\"\t\303\251"), "\303\251"));
}

static void test_subjects_are_the_last_twenty(void **state)
{
    struct scratch *scratch = scratch_of(state);
    const char *subjects;

    sh(scratch, "cd r; for i in $(seq 25); do git commit -q --allow-empty -m \"Step $i\" -m body\n"
                "done; git checkout -q -b side; git commit -q --allow-empty -m Side\n"
                "git checkout -q trunk; git merge -q --no-ff --no-edit side; echo >a; git add a");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    subjects = scratch->staged->subjects.data;
    assert_non_null(strstr(subjects, "Side\n"));
    assert_non_null(strstr(subjects, "Step 24\nStep 23\n"));
    assert_null(strstr(subjects, "Merge"));
    assert_null(strstr(subjects, "Step 6\n"));
    assert_non_null(strstr(subjects, "Step 7\n"));
}

static void test_detached_head(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; git commit -q --allow-empty -m One; git checkout -q --detach\n"
                "echo >a; git add a");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_null(scratch->staged->branch);
    assert_false(scratch->staged->is_first_commit);
}

static void test_unmerged_files(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; echo 1 >a; git add a; git commit -qm 1; git checkout -q -b s; echo 2 >a\n"
                "git commit -qam 2; git checkout -q trunk; echo 3 >a; git commit -qam 3\n"
                "git merge s >/dev/null && exit 1; :");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_entry(scratch, 0, 'U', "a", NULL);
    assert_non_null(strstr(DIFF(scratch, "a"), "Unmerged path a"));
}

/* ---- where ----------------------------------------------------------------------------------- */

static void test_directories_of_a_repository(void **state)
{
    struct scratch *scratch = scratch_of(state);
    static const char *const places[] = {"r", "r/sub/deep", "link/deep", "r/.git", "r/.git/refs"};

    sh(scratch, "cd r; mkdir -p sub/deep; echo >sub/a; git add .; ln -s r/sub ../link");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        assert_int_equal(ask(scratch, places[i]), GIT_OK);
        assert_top(scratch, "r");
        assert_entry(scratch, 0, 'A', "sub/a", NULL);
        assert_non_null(strstr(DIFF(scratch, "sub/a"), "+++ b/sub/a\n"));
    }
}

static void test_linked_work_tree(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; git commit -q --allow-empty -m One; git worktree add -q ../tree\n"
                "cd ../tree; echo >a; git add a");
    assert_int_equal(ask(scratch, "r"), GIT_NOTHING_STAGED);
    assert_int_equal(ask(scratch, "tree"), GIT_OK);
    assert_top(scratch, "tree");
    assert_string_equal(scratch->staged->branch, "tree");
    assert_int_equal(ask(scratch, "r/.git/worktrees/tree"), GIT_OK);
    assert_top(scratch, "tree");
    sh(scratch, "echo ../../../../tree/.git >r/.git/worktrees/tree/gitdir");
    assert_int_equal(ask(scratch, "r/.git/worktrees/tree"), GIT_OK);
    assert_top(scratch, "tree");
}

static void test_submodule(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "git init -q -b main s; cd s; git commit -q --allow-empty -m One; cd ../r\n"
                "git -c protocol.file.allow=always submodule --quiet add ../s sub 2>/dev/null\n"
                "cd sub; echo >a; git add a");
    assert_int_equal(ask(scratch, "r/sub"), GIT_OK);
    assert_top(scratch, "r/sub");
    assert_int_equal(ask(scratch, "r/.git/modules/sub"), GIT_OK);
    assert_top(scratch, "r/sub");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_top(scratch, "r");
    assert_int_equal(scratch->staged->count, 2);
    assert_non_null(strstr(DIFF(scratch, "sub"), "+Subproject commit "));
}

static void test_no_repository(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "mkdir plain; git init -q --bare bare; git clone -q --bare r r/inner 2>/dev/null\n"
                "mkdir -p x/.git");
    assert_int_equal(ask(scratch, "plain"), GIT_NOT_A_REPOSITORY);
    assert_int_equal(ask(scratch, "bare"), GIT_NOT_A_REPOSITORY);
    assert_int_equal(ask(scratch, "r/inner"), GIT_NOT_A_REPOSITORY);
    assert_int_equal(ask(scratch, "x/.git"), GIT_NOT_A_REPOSITORY);
    assert_int_equal(ask(scratch, "none"), GIT_FAILED);
    assert_string_equal(scratch->message, "no such file or directory");
}

static void test_a_broken_repository(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; echo >a; git add a; echo rubbish >.git/index");
    assert_int_equal(ask(scratch, "r"), GIT_FAILED);
    assert_non_null(strstr(scratch->message, "index"));
    assert_null(strstr(scratch->message, "fatal"));
    assert_null(strchr(scratch->message, '\n'));
    sh(scratch, "cd r; echo '[broken' >.git/config");
    assert_int_equal(ask(scratch, "r"), GIT_FAILED);
    assert_non_null(strstr(scratch->message, "config"));
}

static void test_no_git(void **state)
{
    struct scratch *scratch = scratch_of(state);
    char *path = strdup(getenv("PATH"));

    sh(scratch, "cd r; echo >a; git add a");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    setenv("PATH", "/gridls-no-such-directory", 1);
    assert_int_equal(git_diff_start(&scratch->job, &scratch->loop, scratch->staged,
                                    (const char *const[]){"a"}, 1, 100, on_diff, scratch), -ENOENT);
    assert_null(scratch->job);
    assert_int_equal(ask(scratch, "r"), GIT_MISSING);
    setenv("PATH", path, 1);
    free(path);
}

/* ---- the environment ------------------------------------------------------------------------- */

/* Below git's editor: `git commit -a` shows its own index, and only in its own repository. */
static void test_index_of_a_commit_under_way(void **state)
{
    struct scratch *scratch = scratch_of(state);
    char index[PATH_MAX];

    sh(scratch, "git init -q other; cd other; echo >o; git add o; cd ../r\n"
                "echo >a; git add a; git commit -qm 1; echo 2 >a\n"
                "cp .git/index .git/index.lock; GIT_INDEX_FILE=.git/index.lock git add a");
    assert_int_equal(ask(scratch, "r"), GIT_NOTHING_STAGED);
    snprintf(index, sizeof(index), "%s/r/.git/index.lock", scratch->directory);
    setenv("GIT_INDEX_FILE", index, 1);
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_entry(scratch, 0, 'M', "a", NULL);
    assert_non_null(strstr(DIFF(scratch, "a"), "+2\n"));
    assert_int_equal(ask(scratch, "r/.git"), GIT_OK);
    assert_int_equal(ask(scratch, "other"), GIT_OK);
    assert_entry(scratch, 0, 'A', "o", NULL);
    sh(scratch, "rm r/.git/index.lock"); /* that commit is done */
    assert_int_equal(ask(scratch, "r"), GIT_NOTHING_STAGED);
}

static void test_environment_is_obeyed_where_asked(void **state)
{
    struct scratch *scratch = scratch_of(state);
    char path[PATH_MAX];

    sh(scratch, "git init -q other; cd other; echo >o; git add o");
    snprintf(path, sizeof(path), "%s/other/.git", scratch->directory);
    setenv("GIT_DIR", path, 1);
    assert_int_equal(ask_with(scratch, "r", false), GIT_NOTHING_STAGED);
    assert_int_equal(ask_with(scratch, "r", true), GIT_OK);
    assert_entry(scratch, 0, 'A', "o", NULL);
    assert_non_null(strstr(DIFF(scratch, "o"), "+++ b/o\n"));
}

/* ---- the diff -------------------------------------------------------------------------------- */

static void test_settings_of_messages(void **state)
{
    struct scratch *scratch = scratch_of(state);

    sh(scratch, "cd r; echo >a; git add .; git config core.commentChar ';'; echo t >../t; echo t >t; "
                "git config --global commit.template '~/t'");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_string_equal(scratch->staged->comment, ";");
    assert_non_null(strstr(scratch->staged->template_path, "/t"));
    assert_null(strstr(scratch->staged->template_path, "/r/t"));
    sh(scratch, "cd r; git config commit.template t; git config core.commentString '//'");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_non_null(strstr(scratch->staged->template_path, "/r/t"));
    assert_string_equal(scratch->staged->comment, "//");
    sh(scratch, "cd r; git config commit.template ../t");
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_null(scratch->staged->template_path);
}

/* ---- what a repository and its user may not change ------------------------------------------- */

/* Each of these would leave a file behind if git ran it. */
static void test_nothing_of_the_repository_is_run(void **state)
{
    struct scratch *scratch = scratch_of(state);
    char mark[PATH_MAX];

    sh(scratch, "cat >evil <<END\n#!/bin/sh\necho \"\\$@\" >>$PWD/mark\ncat\nEND\nchmod +x evil\n"
                "cd r; echo 1 >a; echo 1 >b; git add .; git commit -qm 1\n"
                "printf '* diff=evil filter=evil\\n' >.gitattributes; echo 2 >a; git add .\n"
                "mkdir hooks; for h in post-index-change fsmonitor-watchman reference-transaction\n"
                "do cp ../evil hooks/$h; cp ../evil .git/hooks/$h; done; touch b\n"
                "cat >>.git/config <<END\n"
                "[core]\n fsmonitor = $PWD/../evil\n hooksPath = hooks\n pager = $PWD/../evil\n"
                " sshCommand = $PWD/../evil\n editor = $PWD/../evil\n askPass = $PWD/../evil\n"
                " repositoryformatversion = 1\n"
                "[diff]\n external = $PWD/../evil\n"
                "[diff \"evil\"]\n command = $PWD/../evil\n textconv = $PWD/../evil\n"
                "[filter \"evil\"]\n clean = $PWD/../evil\n smudge = $PWD/../evil\n"
                " process = $PWD/../evil\n"
                "[log]\n showSignature = true\n[gpg]\n program = $PWD/../evil\n"
                "[pager]\n diff = true\n log = true\n"
                "[alias]\n diff = !$PWD/../evil\n log = !$PWD/../evil\n"
                "[protocol]\n allow = always\n[protocol \"ext\"]\n allow = always\n"
                "[remote \"origin\"]\n url = ext::$PWD/../evil\n promisor = true\n"
                " partialclonefilter = blob:none\n"
                "[extensions]\n partialClone = origin\nEND");
    setenv("GIT_EXTERNAL_DIFF", "evil", 1);
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    assert_int_equal(scratch->staged->count, 2);
    assert_non_null(strstr(DIFF(scratch, "a", ".gitattributes"), "-1\n+2\n"));

    /* An object that only the remote has is not fetched. */
    sh(scratch, "cd r; o=$(git -c core.fsmonitor=false rev-parse :a); rm -f ../mark\n"
                "rm -f .git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-)");
    scratch->calls = 0;
    assert_int_equal(git_diff_start(&scratch->job, &scratch->loop, scratch->staged,
                                    (const char *const[]){"a"}, 1, 1000, on_diff, scratch), 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    unsetenv("GIT_EXTERNAL_DIFF");
    snprintf(mark, sizeof(mark), "%s/mark", scratch->directory);
    assert_int_equal(access(mark, F_OK), -1);
}

static void test_nothing_is_written(void **state)
{
    struct scratch *scratch = scratch_of(state);
    char path[PATH_MAX];
    struct stat before;
    struct stat after;

    sh(scratch, "cd r; echo 1 >a; echo 1 >b; git add .; touch -d '2001-01-01' a b");
    snprintf(path, sizeof(path), "%s/r/.git/index", scratch->directory);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(ask(scratch, "r"), GIT_OK);
    DIFF(scratch, "a");
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

/* ---- cancel ---------------------------------------------------------------------------------- */

/* After any number of turns of the loop: no callback, nothing left open. */
static void test_cancel_at_every_step(void **state)
{
    struct scratch *scratch = scratch_of(state);
    char path[PATH_MAX];
    unsigned turns = 0;

    sh(scratch, "cd r; git commit -q --allow-empty -m 1; echo >a; git add a");
    snprintf(path, sizeof(path), "%s/r/.git", scratch->directory);
    do {
        git_staged_destroy(scratch->staged);
        scratch->staged = NULL;
        scratch->calls = 0;
        assert_int_equal(git_staged_start(&scratch->job, &scratch->loop, path, false, on_staged,
                                          scratch), 0);
        for (unsigned i = 0; i < turns && scratch->calls == 0; i++)
            uv_run(&scratch->loop, UV_RUN_ONCE);
        if (scratch->calls == 0) {
            git_cancel(scratch->job);
            uv_run(&scratch->loop, UV_RUN_DEFAULT);
            assert_int_equal(scratch->calls, 0);
        }
        turns++;
    } while (scratch->calls == 0 && turns < 1000);
    assert_true(turns > 5 && turns < 1000);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);

    assert_int_equal(scratch->outcome, GIT_OK);
    scratch->calls = 0;
    assert_int_equal(git_diff_start(&scratch->job, &scratch->loop, scratch->staged,
                                    (const char *const[]){"a"}, 1, 100, on_diff, scratch), 0);
    git_cancel(scratch->job);
    git_cancel(NULL);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_commit),
        TEST(test_kinds_of_changes),
        TEST(test_subjects_are_the_last_twenty),
        TEST(test_detached_head),
        TEST(test_unmerged_files),
        TEST(test_directories_of_a_repository),
        TEST(test_linked_work_tree),
        TEST(test_submodule),
        TEST(test_no_repository),
        TEST(test_a_broken_repository),
        TEST(test_no_git),
        TEST(test_index_of_a_commit_under_way),
        TEST(test_environment_is_obeyed_where_asked),
        TEST(test_settings_of_messages),
        TEST(test_nothing_of_the_repository_is_run),
        TEST(test_nothing_is_written),
        TEST(test_cancel_at_every_step),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
