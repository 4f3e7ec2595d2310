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

#include "daemon/tools.h"
#include "protocol/uri.h"
#include "protocol/utf8.h"
#include "tests/unit/workspace_fixture.h"

/* `out` is what a tool has said of the workspace. */

static int set_up(void **state)
{
    static char secrets[] = ".env*";
    static char *ignored[] = {secrets};
    struct scratch *scratch = scratch_create(ignored, 1);

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

static void on_result(void *context, const char *text, size_t length)
{
    struct scratch *scratch = context;

    scratch->calls++;
    buffer_append(&scratch->out, text, length);
}

static struct tool_run *begin(struct scratch *scratch, const char *name, const char *arguments)
{
    const struct tools_host host = {&scratch->loop, scratch->workspace, &scratch->documents};
    struct tool_run *run;

    buffer_clear(&scratch->out);
    scratch->calls = 0;
    assert_int_equal(tool_run_start(&run, &host, &scratch->config, name, arguments,
                                    strlen(arguments), on_result, scratch), 0);
    assert_int_equal(scratch->calls, 0);
    return run;
}

static const char *call(struct scratch *scratch, const char *name, const char *arguments)
{
    begin(scratch, name, arguments);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    assert_true(scratch->out.length <= TOOLS_RESULT_MAX);
    assert_true(utf8_is_valid(scratch->out.data, scratch->out.length));
    return scratch->out.data;
}

static const char *read_file(struct scratch *scratch, const char *path)
{
    char arguments[512];

    snprintf(arguments, sizeof(arguments), "{\"path\":\"%s\"}", path);
    return call(scratch, "read_file", arguments);
}

#define assert_refused(scratch, path) \
    assert_int_equal(strncmp(read_file(scratch, path), "Error: ", 7), 0)

#define assert_holds(text, part) assert_non_null(strstr(text, part))

/* ---- read_file -------------------------------------------------------------------------------- */

static void test_reads_lines_with_numbers(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir r/s; printf 'one\\r\\ntwo\\nthree' >r/s/a.c; : >r/empty");
    assert_string_equal(read_file(scratch, "s/a.c"),
                        "s/a.c, 3 lines\n1 | one\n2 | two\n3 | three\n");
    assert_string_equal(read_file(scratch, "./s//a.c"),
                        "s/a.c, 3 lines\n1 | one\n2 | two\n3 | three\n");
    assert_string_equal(
        call(scratch, "read_file", "{\"path\":\"s/a.c\",\"first_line\":2,\"last_line\":\"2\"}"),
        "s/a.c, 3 lines\n2 | two\n");
    assert_string_equal(call(scratch, "read_file", "{\"path\":\"s/a.c\",\"first_line\":9}"),
                        "Error: the file has only 3 lines.");
    assert_string_equal(call(scratch, "read_file", "{\"path\":\"s/a.c\",\"first_line\":-1e300}"),
                        "s/a.c, 3 lines\n1 | one\n2 | two\n3 | three\n");
    assert_string_equal(read_file(scratch, "empty"), "empty, 0 lines\n");
}

static void test_a_long_file_is_cut(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "seq 100000 >r/numbers; head -c 100000 /dev/zero | tr '\\0' x >r/line");
    assert_holds(read_file(scratch, "numbers"), "\n1500 | 1500\n");
    assert_holds(scratch->out.data, " to 100000 are left out: ask for them if you need them]\n");
    assert_holds(read_file(scratch, "line"), "x [cut]\n");
    sh(scratch, "head -c 5000000 /dev/zero | tr '\\0' '\\n' >r/large");
    assert_string_equal(read_file(scratch, "large"), "Error: large is larger than 4 MiB.");
}

static void test_what_must_not_be_read(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "printf secret >outside; cd r; mkdir d .git; printf x >.env; printf x >.git/config\n"
                "printf x >hidden; printf x >built; printf hidden >.gridlsignore\n"
                "printf built >.gitignore; ln -s ../outside out; ln -s .. up; ln -s hidden alias\n"
                "ln -s .env env; mkfifo pipe; printf 'a\\0b' >binary; printf '\\351t\\351' >latin\n"
                "printf x >closed; chmod 0 closed; ln -s round round");
    assert_refused(scratch, "/etc/passwd");
    assert_refused(scratch, at(scratch, "r/d"));
    assert_refused(scratch, "../outside");
    assert_refused(scratch, "d/../../outside");
    assert_refused(scratch, "file:///etc/passwd");
    assert_refused(scratch, "~/.netrc");
    assert_refused(scratch, "");
    assert_refused(scratch, ".");
    assert_refused(scratch, "a\\nb");
    assert_refused(scratch, "a\\u0000b");
    assert_string_equal(read_file(scratch, "out"), "Error: out leads out of the project.");
    assert_string_equal(read_file(scratch, "up/outside"),
                        "Error: up/outside leads out of the project.");
    assert_string_equal(read_file(scratch, "d"),
                        "Error: d is ignored, or no regular file: it is not read.");
    assert_refused(scratch, ".env");
    assert_refused(scratch, "env");
    assert_refused(scratch, "hidden");
    assert_refused(scratch, "alias");
    assert_refused(scratch, "built");
    assert_refused(scratch, ".git/config");
    assert_refused(scratch, "pipe");
    assert_refused(scratch, "round");
    assert_string_equal(read_file(scratch, "binary"), "Error: binary is no UTF-8 text.");
    assert_string_equal(read_file(scratch, "latin"), "Error: latin is no UTF-8 text.");
    assert_string_equal(read_file(scratch, "nothing"), "Error: there is no file nothing.");
    assert_refused(scratch, "closed/x");
}

static void test_a_link_within_the_project_is_read(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir a; printf x >a/b; ln -s a/b link; ln -s a folder");
    assert_string_equal(read_file(scratch, "link"), "link, 1 lines\n1 | x\n");
    assert_string_equal(read_file(scratch, "folder/b"), "folder/b, 1 lines\n1 | x\n");
    assert_string_equal(read_file(scratch, "a"), "Error: a is a folder; list_files lists it.");
}

static void test_a_root_that_is_a_link(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir -p real/a; printf x >real/a/b; printf a/c >real/.gitignore; printf y >real/a/c\n"
                "ln -s real linked");
    workspace_remove_root(scratch->workspace, at(scratch, "r"));
    assert_int_equal(workspace_add_root(scratch->workspace, at(scratch, "linked")), 0);
    assert_string_equal(read_file(scratch, "a/b"), "a/b, 1 lines\n1 | x\n");
    assert_refused(scratch, "a/c");
    assert_string_equal(call(scratch, "list_files", "{}"), ".gitignore\na/b\n");
}

static void test_open_documents_are_as_in_the_editor(void **state)
{
    struct scratch *scratch = *state;
    char *uri;

    sh(scratch, "printf 'on disk' >r/a.c; printf x >r/.env");
    uri = uri_from_path(at(scratch, "r/a.c"));
    assert_int_equal(documents_open(&scratch->documents,
                                    &(struct lsp_text_document){.uri = uri, .text = "in memory"}),
                     0);
    free(uri);
    uri = uri_from_path(at(scratch, "r/.env"));
    assert_int_equal(documents_open(&scratch->documents,
                                    &(struct lsp_text_document){.uri = uri, .text = "in memory"}),
                     0);
    free(uri);
    assert_string_equal(read_file(scratch, "a.c"), "a.c, 1 lines\n1 | in memory\n");
    assert_refused(scratch, ".env");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"memory\"}"),
                        "a.c:1: in memory\n");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"disk\"}"),
                        "No line holds this.\n");
}

/* ---- search_text ------------------------------------------------------------------------------ */

static void test_finds_lines(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir s t; printf 'x\\nint Count;\\n' >s/a.c; printf 'count\\n' >t/b.py\n"
                "printf 'count' >.env; printf 'count\\0' >binary; printf 'count' >t/c.h");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"count\"}"),
                        "s/a.c:2: int Count;\nt/b.py:1: count\nt/c.h:1: count\n");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"Count\"}"),
                        "s/a.c:2: int Count;\n");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"count\",\"folder\":\"t/\"}"),
                        "t/b.py:1: count\nt/c.h:1: count\n");
    assert_string_equal(call(scratch, "search_text",
                             "{\"text\":\"count\",\"pattern\":\"*.{c,h}\",\"folder\":null}"),
                        "s/a.c:2: int Count;\nt/c.h:1: count\n");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"count\",\"pattern\":\"/t/**\"}"),
                        "t/b.py:1: count\nt/c.h:1: count\n");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"nowhere\"}"),
                        "No line holds this.\n");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"\"}"),
                        "Error: text is missing.");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"a\\nb\"}"),
                        "Error: text must be a string of one line.");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"x\",\"folder\":\"../..\"}"),
                        "Error: folder must be relative to the project and lie in it.");
}

static void test_results_are_capped(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; for i in $(seq 30); do seq 100 | sed 's/^/match /' >$i; done\n"
                "(head -c 9000 /dev/zero | tr '\\0' a; printf needle; head -c 9000 /dev/zero | "
                "tr '\\0' b) >long");
    assert_holds(call(scratch, "search_text", "{\"text\":\"match\"}"),
                 "[there may be more lines: name a folder or a longer text]\n");
    assert_null(strstr(scratch->out.data, ":26: "));
    assert_holds(call(scratch, "search_text", "{\"text\":\"needle\"}"), "aneedleb");
    assert_true(scratch->out.length < 400);
}

/* ---- list_files ------------------------------------------------------------------------------- */

static void test_lists_files(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir -p a/b; touch a/x.c a/b/y.h z.c .env");
    assert_string_equal(call(scratch, "list_files", "{}"), "a/b/y.h\na/x.c\nz.c\n");
    assert_string_equal(call(scratch, "list_files", ""), "Error: the arguments are no JSON object.");
    assert_string_equal(call(scratch, "list_files", "{\"folder\":\"a\"}"), "a/b/y.h\na/x.c\n");
    assert_string_equal(call(scratch, "list_files", "{\"folder\":\".\",\"pattern\":\"*.c\"}"),
                        "a/x.c\nz.c\n");
    assert_string_equal(call(scratch, "list_files", "{\"folder\":\"none\"}"),
                        "There are no such files.\n");
}

static void test_a_long_list_is_one_of_folders(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir -p s/many s/few; touch s/top; for i in $(seq 400); do : >s/many/$i; done\n"
                "touch s/few/1 s/few/2");
    assert_string_equal(call(scratch, "list_files", "{}"),
                        "s/few/ (2 files)\ns/many/ (400 files)\ns/top\n");
}

static void test_several_roots_are_named(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "mkdir q; printf one >r/a; printf two >q/a; printf three >q/b");
    assert_int_equal(workspace_add_root(scratch->workspace, at(scratch, "q")), 0);
    assert_string_equal(call(scratch, "list_files", "{}"), "q/a\nq/b\nr/a\n");
    assert_string_equal(read_file(scratch, "q/a"), "q/a, 1 lines\n1 | two\n");
    assert_string_equal(read_file(scratch, "r/a"), "r/a, 1 lines\n1 | one\n");
    assert_string_equal(read_file(scratch, "b"), "q/b, 1 lines\n1 | three\n");
    assert_string_equal(call(scratch, "search_text", "{\"text\":\"o\",\"folder\":\"q\"}"),
                        "q/a:1: two\n");
    assert_string_equal(call(scratch, "list_files", "{\"folder\":\"r\"}"), "r/a\n");
}

/* ---- any call --------------------------------------------------------------------------------- */

static void test_odd_calls_get_an_answer(void **state)
{
    struct scratch *scratch = *state;
    static const char *const arguments[] = {
        "", "null", "[]", "\"x\"", "{", "{\"path\":7}", "{\"path\":[\"a\"]}", "{\"path\":{}}",
        "{\"path\":null}", "{\"path\":true}", "\x80", "{\"path\":\"\\ud800\"}",
        "{\"path\":\"a\",\"first_line\":{}}", "{\"text\":{},\"path\":\"a\"}",
    };

    for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
        assert_int_equal(strncmp(call(scratch, "read_file", arguments[i]), "Error: ", 7), 0);
    assert_holds(call(scratch, "write_file", "{}"), "Error: there is no such tool");
    assert_holds(call(scratch, "", "{}"), "Error: there is no such tool");
    assert_holds(call(scratch, NULL, "{}"), "Error: there is no such tool");
}

static void test_notes_say_what_is_done(void **state)
{
    struct scratch *scratch = *state;
    struct tool_run *run = begin(scratch, "read_file", "{\"path\":\"./src/x.c\"}");

    assert_string_equal(tool_run_note(run), "reading src/x.c");
    tool_run_cancel(run);
    run = begin(scratch, "search_text", "{\"text\":\"some_name\"}");
    assert_string_equal(tool_run_note(run), "searching for \"some_name\"");
    tool_run_cancel(run);
    run = begin(scratch, "read_file", "{\"path\":\"a\\u009b31m\\u202eb.c\"}");
    assert_string_equal(tool_run_note(run), "reading a 31mb.c");
    tool_run_cancel(run);
    run = begin(scratch, "list_files", "{\"folder\":\"src\"}");
    assert_string_equal(tool_run_note(run), "listing src");
    tool_run_cancel(run);
    run = begin(scratch, "read_file", "{}");
    assert_null(tool_run_note(run));
    tool_run_cancel(run);
    tool_run_cancel(NULL);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 0);
}

static void test_cancelled_at_every_turn(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir a; printf x >a/b; printf y >c");
    for (int turns = 0; turns < 60; turns++) {
        struct tool_run *run = turns % 2 ? begin(scratch, "read_file", "{\"path\":\"a/b\"}")
                                         : begin(scratch, "search_text", "{\"text\":\"y\"}");

        for (int i = 0; i < turns / 2 && scratch->calls == 0; i++)
            uv_run(&scratch->loop, UV_RUN_ONCE);
        if (scratch->calls == 0)
            tool_run_cancel(run);
        uv_run(&scratch->loop, UV_RUN_DEFAULT);
        assert_true(scratch->calls <= 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_lines_with_numbers),
        TEST(test_a_long_file_is_cut),
        TEST(test_what_must_not_be_read),
        TEST(test_a_link_within_the_project_is_read),
        TEST(test_a_root_that_is_a_link),
        TEST(test_open_documents_are_as_in_the_editor),
        TEST(test_finds_lines),
        TEST(test_results_are_capped),
        TEST(test_lists_files),
        TEST(test_a_long_list_is_one_of_folders),
        TEST(test_several_roots_are_named),
        TEST(test_odd_calls_get_an_answer),
        TEST(test_notes_say_what_is_done),
        TEST(test_cancelled_at_every_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
