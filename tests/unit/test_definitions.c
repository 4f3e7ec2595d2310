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

#include "daemon/definitions.h"
#include "protocol/uri.h"
#include "tests/unit/workspace_fixture.h"

/* `out` is what has been found: "path: first line\n" of each. */

static struct document *open_document(struct scratch *scratch, const char *name, const char *text)
{
    char path[PATH_MAX];
    struct document *document;
    char *uri;

    snprintf(path, sizeof(path), "%s/%s", scratch->directory, name);
    uri = uri_from_path(path);
    assert_int_equal(documents_open(&scratch->documents,
                                    &(struct lsp_text_document){
                                        .uri = uri, .language_id = "c", .text = text}), 0);
    document = documents_find(&scratch->documents, uri);
    free(uri);
    workspace_prepare(scratch->workspace, path);
    neighbours_on_document_opened(scratch->neighbours, &scratch->config, document);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    return document;
}

static int set_up(void **state)
{
    struct scratch *scratch = scratch_create(NULL, 0);

    assert_int_equal(neighbours_create(&scratch->neighbours, &scratch->loop, NULL,
                                       scratch->workspace), 0);
    sh(scratch, "mkdir r");
    assert_int_equal(workspace_add_root(scratch->workspace, at(scratch, "r")), 0);
    *state = scratch;
    return 0;
}

static int tear_down(void **state)
{
    struct scratch *scratch = *state;

    neighbours_destroy(scratch->neighbours);
    scratch_destroy(scratch);
    return 0;
}

static void on_found(void *context, struct definitions *found)
{
    struct scratch *scratch = context;

    scratch->calls++;
    for (size_t i = 0; i < found->count; i++)
        buffer_printf(&scratch->out, "%s: %.*s\n", found->items[i].path,
                      (int)strcspn(found->items[i].text, "\n"), found->items[i].text);
}

static struct definitions_search *begin(struct scratch *scratch, const char *text, bool beyond,
                                        unsigned deadline_ms)
{
    struct definitions_options options = {
        .loop = &scratch->loop,
        .workspace = scratch->workspace,
        .documents = &scratch->documents,
        .neighbours = scratch->neighbours,
        .config = &scratch->config,
        .document = scratch->document,
        .text = {text, strlen(text)},
        .beyond = beyond,
        .deadline_ms = deadline_ms,
    };
    struct definitions_search *search;

    buffer_clear(&scratch->out);
    scratch->calls = 0;
    assert_int_equal(definitions_search_start(&search, &options, on_found, scratch), 0);
    assert_int_equal(scratch->calls, 0);
    return search;
}

static const char *find(struct scratch *scratch, const char *text)
{
    begin(scratch, text, true, 60000);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    return scratch->out.data;
}

static void test_own_text_then_neighbours_then_files(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir s; printf 'int far_one(void)\\n{\\n}\\n' >s/far.c\n"
                "printf 'struct Near {\\n};\\n' >near.h; printf 'int own_one(void)\\n{\\n}\\n' >s/x.c");
    open_document(scratch, "r/open.c", "int open_one(void)\n{\n}\n");
    scratch->document = open_document(scratch, "r/a.c", "#include \"near.h\"\n"
                                                        "int own_one(void)\n{\n}\n");
    assert_string_equal(find(scratch, "far_one(); own_one(); struct Near x; open_one(); none_such();"),
                        "a.c: int own_one(void)\nnear.h: struct Near {\nopen.c: int open_one(void)\n"
                        "s/far.c: int far_one(void)\n");
    begin(scratch, "far_one(); own_one(); open_one();", false, 60000);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_string_equal(scratch->out.data, "a.c: int own_one(void)\n");
}

static void test_the_nearest_file_counts(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir -p a b/c; for d in a b b/c; do printf 'int one(void)\\n{\\n}\\n' >$d/x.c; done\n"
                "printf 'def one():\\n' >b/c/x.py");
    scratch->document = open_document(scratch, "r/b/c/a.c", "");
    assert_string_equal(find(scratch, "one()"), "b/c/x.c: int one(void)\n");
    sh(scratch, "rm r/b/c/x.c");
    assert_string_equal(find(scratch, "one()"), "b/x.c: int one(void)\n");
    /* Local variables and members are not worth reading files for; types and calls are. */
    assert_string_equal(find(scratch, "one = 2; x->one_two; y.One"), "");
    sh(scratch, "printf 'struct two {\\n};\\nstruct Three {\\n};\\n' >r/two.c");
    assert_string_equal(find(scratch, "struct two *x; y.one()"),
                        "b/x.c: int one(void)\ntwo.c: struct two {\n");
    assert_string_equal(find(scratch, "Three x; restruct two"), "two.c: struct Three {\n");
}

static void test_a_local_variable_is_no_definition_of_a_type(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; printf 'struct two {\\n};\\n' >two.h");
    scratch->document = open_document(scratch, "r/a.c", "int f(void)\n{\n    struct two *two = g();\n}\n");
    assert_string_equal(find(scratch, "struct two *two"), "two.h: struct two {\n");
}

static void test_ignored_files_are_not_read(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; printf 'int one(void)\\n{\\n}\\n' >one.c; printf 'int two(void)\\n{\\n}\\n' >two.c\n"
                "printf 'int out(void)\\n{\\n}\\n' >../out.c; ln -s ../out.c out.c\n"
                "printf one.c >.gridlsignore; printf two.c >.gitignore");
    scratch->document = open_document(scratch, "r/a.c", "");
    assert_string_equal(find(scratch, "one() two() out()"), "");
}

static void test_a_document_outside_of_the_workspace(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "printf 'int one(void)\\n{\\n}\\n' >r/one.c");
    scratch->document = open_document(scratch, "a.c", "int two(void)\n{\n}\n");
    assert_string_equal(find(scratch, "one() two()"), "a.c: int two(void)\n");
}

static void test_much_of_it_is_bounded(void **state)
{
    struct scratch *scratch = *state;
    struct buffer text;

    buffer_init(&text, BUFFER_CAP);
    sh(scratch, "cd r; for i in $(seq 100); do printf \"int one_$i(void)\\n{\\n}\\n\" >$i.c; done");
    scratch->document = open_document(scratch, "r/a.c", "");
    for (int i = 1; i <= 100; i++)
        buffer_printf(&text, "one_%d() ", i);
    find(scratch, text.data);
    size_t lines = 0;
    for (const char *at = scratch->out.data; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, DEFINITIONS_MAX);
    buffer_finish(&text);
}

static void test_the_deadline_and_cancelling(void **state)
{
    struct scratch *scratch = *state;

    sh(scratch, "cd r; mkdir d; printf 'int one(void)\\n{\\n}\\n' >d/one.c");
    scratch->document = open_document(scratch, "r/a.c", "");
    begin(scratch, "one()", true, 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    for (int turns = 0; turns < 30; turns++) {
        struct definitions_search *search = begin(scratch, "one()", true, 60000);

        for (int i = 0; i < turns && scratch->calls == 0; i++)
            uv_run(&scratch->loop, UV_RUN_ONCE);
        if (scratch->calls == 0)
            definitions_search_cancel(search);
        uv_run(&scratch->loop, UV_RUN_DEFAULT);
        assert_true(scratch->calls <= 1);
    }
    definitions_search_cancel(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_own_text_then_neighbours_then_files),
        TEST(test_the_nearest_file_counts),
        TEST(test_a_local_variable_is_no_definition_of_a_type),
        TEST(test_ignored_files_are_not_read),
        TEST(test_a_document_outside_of_the_workspace),
        TEST(test_much_of_it_is_bounded),
        TEST(test_the_deadline_and_cancelling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
