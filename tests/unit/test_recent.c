#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/document.h"
#include "daemon/recent.h"

struct fixture {
    struct documents documents;
    struct recents *recents;
    const char *hidden; /* the URI of a document that may not be shown */
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    documents_init(&fixture->documents);
    assert_int_equal(recents_create(&fixture->recents), 0);
    recents_follow(fixture->recents, &fixture->documents);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    recents_destroy(fixture->recents);
    fixture->documents.on_edit = NULL;
    documents_finish(&fixture->documents);
    free(fixture);
    return 0;
}

static void open_document(struct fixture *fixture, const char *uri, const char *text)
{
    struct lsp_text_document item = {.uri = uri, .text = text};

    assert_int_equal(documents_open(&fixture->documents, &item), 0);
}

static void edit(struct fixture *fixture, const char *uri, unsigned line, unsigned from, unsigned to,
                 const char *text)
{
    struct lsp_content_change change = {
        .has_range = true, .range = {{line, from}, {line, to}}, .text = text};
    struct document *document = documents_find(&fixture->documents, uri);

    assert_non_null(document);
    assert_int_equal(document_apply_changes(document, &change, 1, 2, POSITION_UTF8), 0);
}

static bool may_show(void *context, const struct document *document)
{
    const struct fixture *fixture = context;

    return !fixture->hidden || strcmp(fixture->hidden, document->uri) != 0;
}

static const char *name_of(void *context, const struct document *document)
{
    (void)context;
    return document->uri;
}

static void assert_told(struct fixture *fixture, const char *cursor_uri, size_t cursor, size_t budget,
                        const char *want)
{
    struct recents_view view = {
        .document = cursor_uri ? documents_find(&fixture->documents, cursor_uri) : NULL,
        .cursor = cursor,
        .budget = budget,
        .may_show = may_show,
        .name_of = name_of,
        .context = fixture,
    };
    struct buffer out CLEANUP(buffer_finish);

    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(recents_append(fixture->recents, &view, &out), 0);
    assert_string_equal(out.data, want);
}

static void test_typing_in_a_line_is_one_change(void **state)
{
    struct fixture *fixture = *state;

    open_document(fixture, "a", "one\ntwo\nthree\n");
    edit(fixture, "a", 1, 3, 3, "x");
    edit(fixture, "a", 1, 4, 4, "y");
    edit(fixture, "a", 1, 0, 1, "T");
    assert_told(fixture, NULL, 0, 1000, "a\n-two\n+Twoxy\n");
    edit(fixture, "a", 2, 0, 5, "3");
    assert_told(fixture, NULL, 0, 1000, "a\n-two\n-three\n+Twoxy\n+3\n");
}

static void test_what_came_to_nothing_is_not_told(void **state)
{
    struct fixture *fixture = *state;

    open_document(fixture, "a", "one\ntwo\n");
    edit(fixture, "a", 0, 3, 3, "x");
    edit(fixture, "a", 0, 3, 4, "");
    assert_told(fixture, NULL, 0, 1000, "");
    edit(fixture, "a", 1, 3, 3, "\nnew");
    assert_told(fixture, NULL, 0, 1000, ""); /* the lines stand in the text */
}

static void test_changes_move_with_their_text(void **state)
{
    struct fixture *fixture = *state;

    open_document(fixture, "a", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    edit(fixture, "a", 5, 0, 3, "SIX");
    edit(fixture, "a", 0, 0, 3, "ONE\nand more");
    edit(fixture, "a", 6, 0, 3, "6"); /* the same line again, a line lower */
    assert_told(fixture, NULL, 0, 1000, "a\n-one\n+ONE\n+and more\na\n-six\n+6\n");
}

static void test_left_out(void **state)
{
    struct fixture *fixture = *state;

    open_document(fixture, "a", "one\ntwo\n");
    open_document(fixture, "b", "three\nfour\n");
    edit(fixture, "a", 0, 0, 3, "1");
    edit(fixture, "b", 0, 0, 5, "3");
    assert_told(fixture, "a", 1, 1000, "b\n-three\n+3\n");
    assert_told(fixture, "a", 4, 1000, "a\n-one\n+1\nb\n-three\n+3\n");
    assert_told(fixture, NULL, 0, 15, "b\n-three\n+3\n"); /* the newest */
    fixture->hidden = "b";
    assert_told(fixture, NULL, 0, 1000, "a\n-one\n+1\n");
    documents_close(&fixture->documents, "a");
    assert_told(fixture, NULL, 0, 1000, "");
}

static void test_whole_screens_are_forgotten(void **state)
{
    struct fixture *fixture = *state;
    char text[5000];

    memset(text, 'x', sizeof(text));
    text[4999] = '\0';
    open_document(fixture, "a", "one\ntwo\n");
    edit(fixture, "a", 0, 0, 3, text);
    assert_told(fixture, NULL, 0, 100000, "");
    edit(fixture, "a", 0, 0, 4999, "one");
    assert_told(fixture, NULL, 0, 100000, "");
}

/* Any edits: nothing is read or written where it must not be. */
static void test_any_edits(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {"", "x", "\n", "a\nb\n", "\r\n", "é", "long line of text\n"};

    open_document(fixture, "a", "one\ntwo\nthree\nfour\nfive\n");
    open_document(fixture, "b", "");
    srand(3);
    for (int round = 0; round < 4000; round++) {
        struct lsp_content_change change = {
            .has_range = true,
            .range = {{(uint32_t)rand() % 12, (uint32_t)rand() % 6},
                      {(uint32_t)rand() % 12, (uint32_t)rand() % 6}},
            .text = texts[(size_t)rand() % (sizeof(texts) / sizeof(texts[0]))]};
        struct document *document = documents_find(&fixture->documents, round % 5 ? "a" : "b");
        struct recents_view view = {.document = document, .budget = (size_t)rand() % 300,
                                    .may_show = may_show, .name_of = name_of, .context = fixture};
        struct buffer out CLEANUP(buffer_finish);

        buffer_init(&out, BUFFER_CAP);
        assert_int_equal(document_apply_changes(document, &change, 1, round, POSITION_UTF16), 0);
        assert_int_equal(recents_append(fixture->recents, &view, &out), 0);
        assert_true(out.length <= view.budget);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_typing_in_a_line_is_one_change), TEST(test_what_came_to_nothing_is_not_told),
        TEST(test_changes_move_with_their_text),   TEST(test_left_out),
        TEST(test_whole_screens_are_forgotten),    TEST(test_any_edits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
