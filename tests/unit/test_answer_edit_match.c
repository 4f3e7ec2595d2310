#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/answer/edit_match.h"

struct row {
    const char *name;
    const char *text, *search, *replacement;
    const char *want; /* the text afterwards; NULL: nothing is to be taken */
    size_t count;     /* of places, where nothing is taken */
};

static const struct row rows[] = {
    {"whole lines", "a\nb\nc\n", "b\n", "x\ny\n", "a\nx\ny\nc\n", 1},
    {"a part of a line", "f(a, b);\n", "a, b", "b, a", "f(b, a);\n", 1},
    {"taken away", "a\nb\nc\n", "b\n", "", "a\nc\n", 1},
    {"the last line without its end", "a\nb", "b\n", "x\n", "a\nx", 1},
    {"all of it", "a", "a", "b", "b", 1},
    {"nowhere", "a\nb\n", "c\n", "x", NULL, 0},
    {"nothing is sought", "a\n", "", "x", NULL, 0},
    {"an empty text", "", "a\n", "x", NULL, 0},
    {"twice", "a\nb\na\n", "a\n", "x\n", NULL, 2},
    {"twice, one within the other", "aaa\n", "aa", "x", NULL, 2},
    {"one of two, by the line behind it", "a\nb\na\nc\n", "a\nc\n", "x\nc\n", "a\nb\nx\nc\n", 1},

    {"indented deeper", "  if (a)\n    b();\nc\n", "if (a)\n  b();\n", "if (x)\n  y();\n",
     "  if (x)\n    y();\nc\n", 1},
    {"indented less", "if (a)\n  b();\n", "    if (a)\n      b();\n", "    x();\n", "x();\n", 1},
    {"with tabs", "\tif (a)\n\t\tb();\n", "if (a)\n\tb();\n", "if (x) {\n\ty();\n\n}\n",
     "\tif (x) {\n\t\ty();\n\n\t}\n", 1},
    {"a blank line between", "  a\n \n  b\n", "a\n\nb\n", "c\n", "  c\n", 1},
    {"shifted, without the last line's end", "  a\n  b\n  c\n", "a\nb", "x", "  x\n  c\n", 1},
    {"not shifted alike", "  a\n   b\n", "a\nb\n", "x\n", NULL, 0},
    {"spaces are no tabs", "\ta\n\tb\n", "    a\n    b\n", "x\n", NULL, 0},
    {"shifted, twice", "  a\n  b\n    a\n    b\n", "a\nb\n", "x\n", NULL, 2},
    {"never nearly", "int total(int x)\n", "int total(int  x)\n", "x\n", NULL, 0},
    {"nor in another case", "Total();\n", "total();\n", "x\n", NULL, 0},
    {"nor with other blanks at the end", "a \nb\n", "a\nb\n", "x\n", NULL, 0},
    {"exactly goes before shifted", "a\nb\n  a\n  b\n", "a\nb\n", "x\n", "x\n  a\n  b\n", 1},
};

static void fill(struct buffer *buffer, const char *text)
{
    buffer_init(buffer, BUFFER_CAP);
    buffer_append_string(buffer, text);
}

static void test_each_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct buffer text, search, replacement, out, result;
        struct edit_place place;
        enum edit_match match;

        fill(&text, row->text);
        fill(&search, row->search);
        fill(&replacement, row->replacement);
        fill(&out, "");
        fill(&result, "");
        match = edit_match_find(&text, &search, &replacement, &place, &out);
        if (match != (row->want ? EDIT_MATCH_ONE : row->count ? EDIT_MATCH_MANY : EDIT_MATCH_NONE))
            fail_msg("%s: %d", row->name, match);
        assert_int_equal(place.count, row->count);
        if (row->want) {
            buffer_append(&result, text.data, place.start);
            buffer_append(&result, out.data, out.length);
            buffer_append(&result, text.data + place.end, text.length - place.end);
            if (strcmp(result.data, row->want) != 0)
                fail_msg("%s: <%s>", row->name, result.data);
        } else {
            assert_int_equal(out.length, 0);
        }
        buffer_finish(&text);
        buffer_finish(&search);
        buffer_finish(&replacement);
        buffer_finish(&out);
        buffer_finish(&result);
    }
}

static void assert_nearest(const char *text_is, const char *search_is, const char *want)
{
    struct buffer text, search, out;

    fill(&text, text_is);
    fill(&search, search_is);
    fill(&out, "");
    assert_int_equal(edit_match_append_nearest(&text, &search, &out), 0);
    assert_string_equal(out.data, want);
    buffer_finish(&text);
    buffer_finish(&search);
    buffer_finish(&out);
}

static void test_finds_what_is_most_like_it(void **state)
{
    (void)state;
    assert_nearest("one\ntwo\nint f(int x)\n{\nfour\nfive\n", "int f(int y)\n{\n",
                   "two\nint f(int x)\n{\nfour\n");
    assert_nearest("int f(int x)\nb\nc\n", "int f(int y)\n", "int f(int x)\nb\n");
    assert_nearest("a\nint f(int x)", "int f(int y)\n", "a\nint f(int x)\n");
    assert_nearest("a\nb\n", "something else\n", "");
    assert_nearest("", "a\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_match),
        cmocka_unit_test(test_finds_what_is_most_like_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
