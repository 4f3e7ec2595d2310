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
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/cli_file.h"
#include "daemon/cli_hook.h"

/* Each test runs in an empty folder of its own. */
struct folder {
    char before[PATH_MAX];
    char path[PATH_MAX];
};

static int setup(void **state)
{
    char name[] = "/tmp/gridls-file-XXXXXX";
    struct folder *folder = calloc(1, sizeof(*folder));

    assert_non_null(folder);
    assert_non_null(getcwd(folder->before, sizeof(folder->before)));
    assert_non_null(mkdtemp(name));
    assert_int_equal(chdir(name), 0);
    assert_non_null(getcwd(folder->path, sizeof(folder->path)));
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    struct folder *folder = *state;
    char command[PATH_MAX + 16];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder->path);
    assert_int_equal(chdir(folder->before), 0);
    assert_int_equal(system(command), 0);
    free(folder);
    return 0;
}

static void put(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void expect_content(const char *path, const char *wanted)
{
    struct buffer bytes CLEANUP(buffer_finish);
    struct cli_fault fault;

    assert_int_equal(cli_file_read(path, &bytes, &fault), 0);
    assert_string_equal(bytes.data, wanted);
}

static void expect_refusal(const char *path, const char *part)
{
    struct buffer bytes CLEANUP(buffer_finish);
    struct cli_fault fault;

    assert_true(cli_file_read_text(path, &bytes, &fault) < 0);
    if (!strstr(fault.text, part) || !strstr(fault.text, path))
        fail_msg("\"%s\" is not in \"%s\"", part, fault.text);
    assert_int_equal(bytes.length, 0);
}

static void test_reads_text(void **state)
{
    struct buffer text CLEANUP(buffer_finish);
    struct cli_fault fault;

    (void)state;
    put("a", "\xEF\xBB\xBF"
             "caf\xC3\xA9\r\n",
        10);
    assert_int_equal(cli_file_read_text("a", &text, &fault), 0);
    assert_int_equal(text.length, 10);
}

static void test_refuses_what_would_not_come_back(void **state)
{
    char *large = calloc(CLI_FILE_CAP + 1, 1);

    (void)state;
    put("latin", "caf\xE9\n", 5);
    expect_refusal("latin", "not in UTF-8");
    put("binary", "a\0b", 3);
    expect_refusal("binary", "NUL");
    expect_refusal("none", "No such file");
    assert_int_equal(mkdir("folder", 0700), 0);
    expect_refusal("folder", "a folder");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    expect_refusal("pipe", "no regular file");
    memset(large, 'x', CLI_FILE_CAP + 1);
    put("large", large, CLI_FILE_CAP + 1);
    expect_refusal("large", "larger than 8 MiB");
    put("large", large, CLI_FILE_CAP);
    free(large);
}

static void test_replaces_and_keeps_mode_and_link(void **state)
{
    struct buffer before CLEANUP(buffer_finish);
    struct cli_fault fault;
    struct stat status;

    (void)state;
    assert_int_equal(mkdir("sub", 0700), 0);
    put("sub/a", "old", 3);
    assert_int_equal(chmod("sub/a", 0751), 0);
    assert_int_equal(symlink("sub/a", "link"), 0);
    assert_int_equal(cli_file_read("link", &before, &fault), 0);
    assert_int_equal(cli_file_replace("link", &before, "new bytes", 9, &fault), 0);
    expect_content("sub/a", "new bytes");
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat("sub/a", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0751);
    /* Nothing else was left in the folder. */
    assert_int_equal(unlink("sub/a"), 0);
    assert_int_equal(rmdir("sub"), 0);
}

static void test_does_not_replace_what_has_changed(void **state)
{
    struct buffer before CLEANUP(buffer_finish);
    struct cli_fault fault;

    (void)state;
    put("a", "old", 3);
    assert_int_equal(cli_file_read("a", &before, &fault), 0);
    put("a", "odd", 3);
    assert_int_equal(cli_file_replace("a", &before, "new", 3, &fault), -EBUSY);
    expect_content("a", "odd");
    assert_non_null(strstr(fault.text, "changed meanwhile"));
    assert_int_equal(unlink("a"), 0);
    assert_int_equal(cli_file_replace("a", &before, "new", 3, &fault), -ENOENT);
    assert_int_equal(access("a", F_OK), -1);
}

static void expect_root(const struct folder *folder, const char *path, const char *wanted)
{
    char *absolute CLEANUP(cleanup_free) = cli_file_absolute(path);
    char *root CLEANUP(cleanup_free) = absolute ? cli_file_root(absolute) : NULL;

    assert_non_null(root);
    assert_int_equal(strncmp(root, folder->path, strlen(folder->path)), 0);
    assert_string_equal(root + strlen(folder->path), wanted);
}

static void test_root(void **state)
{
    const struct folder *folder = *state;
    char *root CLEANUP(cleanup_free) = cli_file_root("/nowhere");
    char *other CLEANUP(cleanup_free) = cli_file_root("/nowhere/at/all.c");

    assert_string_equal(root, "/");
    assert_string_equal(other, "/nowhere/at");
    assert_null(cli_file_absolute("no/such/folder.c"));
    assert_int_equal(mkdir("p", 0700), 0);
    assert_int_equal(mkdir("p/src", 0700), 0);
    expect_root(folder, "p/src/a.c", "");
    expect_root(folder, "./p/../p/src/a.c", "");
    put("p/.git", "gitdir: elsewhere", 17);
    expect_root(folder, "p/src/a.c", "/p");
    expect_root(folder, "p/a.c", "/p");
    expect_root(folder, "a.c", "");
    put("p/src/.gridls.json", "{}", 2);
    expect_root(folder, "p/src/a.c", "/p/src");
}

static void test_hook_is_wanted(void **state)
{
    (void)state;
    assert_true(cli_hook_is_wanted("M", NULL));
    assert_true(cli_hook_is_wanted("M", ""));
    assert_true(cli_hook_is_wanted("M", "template"));
    assert_false(cli_hook_is_wanted("M", "message"));
    assert_false(cli_hook_is_wanted("M", "merge"));
    assert_false(cli_hook_is_wanted("M", "squash"));
    assert_false(cli_hook_is_wanted("M", "commit"));
    assert_int_equal(mkdir(".git", 0700), 0);
    assert_int_equal(mkdir(".git/rebase-merge", 0700), 0);
    assert_false(cli_hook_is_wanted(".git/M", NULL));
    assert_true(cli_hook_is_wanted("M", NULL));
}

static void expect_hook_of(const char *source, const char *template, const char *before,
                           const char *message, const char *after)
{
    struct buffer bytes CLEANUP(buffer_finish);
    struct cli_hook hook = {.file = "M", .source = source, .before = &bytes, .message = message,
                            .template = template};
    struct cli_fault fault;

    put("M", before, strlen(before));
    assert_int_equal(cli_file_read("M", &bytes, &fault), 0);
    assert_int_equal(cli_hook_write(&hook, &fault), 0);
    expect_content("M", after);
}

static void expect_hook(const char *before, const char *message, const char *after)
{
    expect_hook_of(NULL, NULL, before, message, after);
}

static void test_hook_fills_in_the_template(void **state)
{
    (void)state;
    expect_hook_of("template", "T:\n", "T:\n\n# git\n", "T: x", "T: x\n\n# git\n");
    expect_hook_of("template", "T:\n", "T:\n", "T: x", "T: x\n");
    expect_hook_of("template", "T:\n", "typed\n# git\n", "x", "x\n\ntyped\n# git\n");
    expect_hook_of("", "T:\n", "T:\n", "x", "x\n\nT:\n");
}

static void test_hook_writes_on_top(void **state)
{
    (void)state;
    expect_hook("", "Subject", "Subject\n");
    expect_hook("\n# git\n", "Subject\n\nBody.\n\n", "Subject\n\nBody.\n\n# git\n");
    expect_hook("# git\n", "Subject", "Subject\n\n# git\n");
    expect_hook("caf\xE9\n", "S", "S\n\ncaf\xE9\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_text),
        TEST(test_refuses_what_would_not_come_back),
        TEST(test_replaces_and_keeps_mode_and_link),
        TEST(test_does_not_replace_what_has_changed),
        TEST(test_root),
        TEST(test_hook_is_wanted),
        TEST(test_hook_fills_in_the_template),
        TEST(test_hook_writes_on_top),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
