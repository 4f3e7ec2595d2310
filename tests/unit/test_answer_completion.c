#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/prompt/prompt.h"
#include "protocol/utf8.h"

/* One place and one answer: `before` | `after` is the cursor's line. */
struct row {
    const char *name;
    const char *previous;
    const char *before;
    const char *after;
    const char *below;
    unsigned max_lines;
    bool prose;
    const char *model;
    const char *want;
    size_t replace;
};

static const struct row rows[] = {
    {.name = "plain", .before = "    return a ", .model = "+ b;", .want = "+ b;"},
    {.name = "line ends", .model = "a\r\nb\rc", .want = "a\nb\nc"},

    /* fences and talk */
    {.name = "fence", .model = "```c\nfoo();\n```\n", .want = "foo();"},
    {.name = "fence, talk after", .model = "```\nfoo();\n```\nThis calls foo.", .want = "foo();"},
    {.name = "fence, not closed", .model = "\n```c\nfoo();", .want = "foo();"},
    {.name = "fence with a longer one", .model = "````\n```\nfoo\n```\n````",
     .want = "```\nfoo\n```"},
    {.name = "talk, fence", .model = "Here is the code:\n\n```c\nfoo();\n```", .want = "foo();"},
    {.name = "talk, code", .model = "Sure, here it is:\nfoo();", .want = "foo();"},
    {.name = "talk is meant", .before = "// ", .model = "Here is where it ends",
     .want = "Here is where it ends"},
    {.name = "stray closing fence", .model = "foo();\n```\nDone.", .want = "foo();"},
    {.name = "fence in a comment", .before = "", .model = "/**\n    ```\n    x\n    ```\n */",
     .want = "/**\n    ```\n    x\n    ```\n */"},
    {.name = "template literal", .before = "x = ", .model = "`a ${b}`;", .want = "`a ${b}`;"},
    {.name = "markdown keeps fences", .prose = true, .previous = "Run this:",
     .model = "```sh\nmake\n```", .want = "```sh\nmake\n```"},
    {.name = "markdown loses its own", .prose = true, .model = "```markdown\nText\n```",
     .want = "Text"},

    /* marks */
    {.name = "cursor first", .model = PROMPT_CURSOR "foo", .want = "foo"},
    {.name = "cursor later", .model = "foo" PROMPT_CURSOR "bar", .want = "foo"},
    {.name = "file", .model = "<file path=\"a.c\">\nfoo();\n</file>", .want = "foo();"},
    {.name = "token", .model = "foo<|endoftext|>bar", .want = "foo"},
    {.name = "pipe of F#", .model = "f <| g x", .want = "f <| g x"},
    {.name = "defused", .model = "\"<" PROMPT_DEFUSER "|cursor|>\"", .want = "\"<|cursor|>\""},

    /* echoes */
    {.name = "line before", .before = "    return a", .model = "    return a + b;",
     .want = " + b;"},
    {.name = "line before, no blanks", .before = "    return ", .model = "return a;", .want = "a;"},
    {.name = "line before and no more", .before = "    return ", .model = "return", .want = ""},
    {.name = "short and meant", .before = "((", .model = "((a))", .want = "((a))"},
    {.name = "keyword", .before = "if", .model = "if (x)", .want = " (x)"},
    {.name = "half a word", .before = "    x = prin", .model = "print(x)", .want = "t(x)"},
    {.name = "half a word in UTF-8", .before = "x = gr\xC3\xB6\xC3\x9F",
     .model = "gr\xC3\xB6\xC3\x9F" "e", .want = "e"},
    {.name = "earlier line", .previous = "    int a = 1;", .before = "    ",
     .model = "    int a = 1;\n    int b = 2;", .want = "int b = 2;"},
    {.name = "earlier line and this one", .previous = "    int a = 1;", .before = "    int b",
     .model = "int a = 1;\n    int b = 2;", .want = " = 2;"},
    {.name = "closer above is no echo", .previous = "}", .before = "", .model = "}\n", .want = "}"},

    /* blanks */
    {.name = "doubled indentation", .previous = "    a();", .before = "    ",
     .model = "    b();\n    c();", .want = "b();\n    c();"},
    {.name = "deeper block", .previous = "    if x:", .before = "    ", .model = "    b()",
     .want = "    b()"},
    {.name = "tabs", .before = "\t", .model = "\tb();\n\tc();", .want = "b();\n\tc();"},
    {.name = "line break first", .before = "    ", .model = "\n    b();", .want = "b();"},
    {.name = "line break wanted", .before = "int f() {", .model = "\n    return 1;",
     .want = "\n    return 1;"},
    {.name = "doubled blank", .before = "x = ", .model = " 1", .want = "1"},
    {.name = "trailing blanks", .model = "a  \nb \t\n\n", .want = "a\nb"},
    {.name = "blank", .model = " \n\t\n", .want = ""},
    {.name = "nothing", .model = "", .want = ""},

    /* what stands after the cursor */
    {.name = "closer", .before = "foo(", .after = ")", .model = "a, b)", .want = "a, b"},
    {.name = "own opener", .before = "foo(", .after = ")", .model = "bar(a)", .want = "bar(a)"},
    {.name = "own and other", .before = "foo(", .after = ")", .model = "bar(a))",
     .want = "bar(a)"},
    {.name = "closers", .before = "foo([", .after = "]);", .model = "1, 2]);", .want = "1, 2"},
    {.name = "some of the closers", .before = "foo([", .after = "]);", .model = "1, 2]",
     .want = "1, 2"},
    {.name = "quote", .before = "s = \"", .after = "\"", .model = "text\"", .want = "text"},
    {.name = "own quotes", .before = "f(", .after = ")", .model = "\"a)\"", .want = "\"a)\""},
    {.name = "quote and closer", .before = "f(\"", .after = "\")", .model = "text\")",
     .want = "text"},
    {.name = "block", .before = "void f(void) {", .after = "}", .model = "\n    g();\n}\n\nint x;",
     .want = "\n    g();\n"},
    {.name = "more than the closer", .before = "foo(", .after = ")", .model = "a, b);",
     .want = "a, b);", .replace = 1},
    {.name = "rest of the line", .before = "x = a ", .after = " + c;", .model = "* b + c;",
     .want = "* b"},
    {.name = "rest, then lines", .before = "x = ", .after = " + c;", .model = "b + c;\nfoo();",
     .want = "b + c;\nfoo();", .replace = 5},
    {.name = "semicolon", .before = "x = ", .after = ";", .model = "1;", .want = "1"},
    {.name = "not within a word", .before = "x = ", .after = "s", .model = "cats", .want = "cats"},
    {.name = "UTF-8 rest", .before = "x = ", .after = "\xC3\xA9\xC3\xA8",
     .model = "1 \xC3\xA9\xC3\xA8", .want = "1 "},
    {.name = "half a character is no overlap", .before = "x = ", .after = "\xA9" "x",
     .model = "\xC3\xA9", .want = "\xC3\xA9"},
    {.name = "line below", .below = "    return sum;\n}\n", .before = "    ",
     .model = "sum += i;\n    return sum;\n}", .want = "sum += i;"},
    {.name = "line below at once", .below = "    return sum;\r\n", .before = "    ",
     .model = "return sum;", .want = ""},
    {.name = "brace below", .below = "\n}\n", .before = "    ",
     .model = "if (x) {\n        y();\n    }\n}", .want = "if (x) {\n        y();\n    }"},
    {.name = "own brace", .below = "}\n", .before = "", .model = "void f()\n{\n}", .want =
     "void f()\n{\n}"},

    /* too much */
    {.name = "same line again", .model = "foo(a);\nfoo(a);\nfoo(a);", .want = "foo(a);"},
    {.name = "same lines again", .model = "a = 10;\nb = 20;\na = 10;\nb = 20;\nc",
     .want = "a = 10;\nb = 20;"},
    {.name = "short lines may repeat", .model = "0,\n0,\n1", .want = "0,\n0,\n1"},
    {.name = "max_lines", .max_lines = 2, .model = "a\nb\nc\n", .want = "a\nb"},
    {.name = "max_lines below", .max_lines = 1, .before = "f() {", .model = "\n  a;\n  b;",
     .want = "\n  a;"},
    {.name = "max_lines in a block", .max_lines = 1, .before = "  f() {", .after = "}",
     .model = "\n    a;\n    b;\n", .want = "\n    a;\n  "},
};

static struct answer_completion_place place_of(const struct row *row)
{
    struct answer_completion_place place = {
        .line_before = row->before,
        .line_before_length = row->before ? strlen(row->before) : 0,
        .line_after = row->after,
        .line_after_length = row->after ? strlen(row->after) : 0,
        .next_lines = row->below,
        .next_lines_length = row->below ? strlen(row->below) : 0,
        .previous_line = row->previous,
        .previous_line_length = row->previous ? strlen(row->previous) : 0,
        .max_lines = row->max_lines,
        .prose = row->prose,
    };

    return place;
}

static void test_each_rule(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer_completion_place place = place_of(&rows[i]);
        struct answer_completion result;
        struct buffer text;

        buffer_init(&text, BUFFER_CAP);
        assert_int_equal(answer_completion_fit(&place, rows[i].model, strlen(rows[i].model), true,
                                               &text, &result), 0);
        if (strcmp(text.data, rows[i].want) != 0 || result.replace_after != rows[i].replace)
            fail_msg("%s: <%s> replacing %zu", rows[i].name, text.data, result.replace_after);
        assert_true(result.complete);
        buffer_finish(&text);
    }
}

static size_t first_lines(const char *text, size_t lines)
{
    const char *at = text;

    for (; lines > 0; lines--) {
        at += strcspn(at, "\n");
        if (*at == '\0')
            return (size_t)(at - text);
        at += lines > 1 ? 1 : 0;
    }
    return (size_t)(at - text);
}

static void fail_at(const char *name, size_t cut, const struct answer_completion_place *place,
                    const struct buffer *part, const struct buffer *whole)
{
    fail_msg("%s cut at %zu: <%s>, in the end <%s>; %s|%s above <%s> below <%s> max %u", name, cut,
             part->data, whole->data, place->line_before ? place->line_before : "",
             place->line_after ? place->line_after : "",
             place->previous_line ? place->previous_line : "",
             place->next_lines ? place->next_lines : "", place->max_lines);
}

/* Cuts the model's text at every byte: what is called complete or certain must stay. */
static void check_growth(const char *name, const struct answer_completion_place *place,
                         const char *model, size_t length)
{
    struct answer_completion whole;
    struct buffer want;
    size_t cut;

    buffer_init(&want, BUFFER_CAP);
    assert_int_equal(answer_completion_fit(place, model, length, true, &want, &whole), 0);
    for (cut = 0; cut <= length; cut++) {
        struct answer_completion part;
        struct buffer text;
        size_t certain;

        buffer_init(&text, BUFFER_CAP);
        assert_int_equal(answer_completion_fit(place, model, cut, false, &text, &part), 0);
        if (!utf8_is_valid(text.data, text.length))
            fail_msg("%s cut at %zu: half a character", name, cut);
        if (part.complete &&
            (strcmp(text.data, want.data) != 0 || part.replace_after != whole.replace_after))
            fail_at(name, cut, place, &text, &want);
        certain = first_lines(text.data, part.whole_lines);
        if (part.whole_lines > 0 &&
            (strncmp(text.data, want.data, certain) != 0 ||
             (want.data[certain] != '\0' && want.data[certain] != '\n')))
            fail_at(name, cut, place, &text, &want);
        buffer_finish(&text);
    }
    buffer_finish(&want);
}

static void test_what_is_certain_stays(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer_completion_place place = place_of(&rows[i]);

        check_growth(rows[i].name, &place, rows[i].model, strlen(rows[i].model));
    }
}

/* Texts made of what the rules look for, at places made of the same. */
static void test_what_is_certain_stays_at_random(void **state)
{
    static const char *const bits[] = {
        "foo(a);", "return x;", "else", "end", "case", "if (x)", "# a", ".b()", "{\n", "then", "\n", "\n    ", "\n", "}", ")", "(", "{", "\"", "```", "```c\n",
        " ", "  ", "\t", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\r\n", "\r",
        "Here is it:",
        PROMPT_CURSOR, "</file>", "<|", ";", "ab", "abc", "'", "+ c;", "\xFF", "\n}\n", "foo(a);\n",
    };
    static const char *const languages[6] = {"", "c", "css", "python", "ruby", "shellscript"};
    size_t round;

    (void)state;
    srand(20261125);
    for (round = 0; round < 6000; round++) {
        char texts[5][512];
        struct answer_completion_place place;
        size_t i;

        for (i = 0; i < 5; i++) {
            unsigned count = (unsigned)rand() % (i == 4 ? 14 : 4);

            texts[i][0] = '\0';
            for (; count > 0; count--) {
                const char *bit = bits[(size_t)rand() % (sizeof(bits) / sizeof(bits[0]))];

                if (i > 2 || !strpbrk(bit, "\r\n"))
                    strcat(texts[i], bit);
            }
        }
        place = (struct answer_completion_place){
            .line_before = texts[0], .line_before_length = strlen(texts[0]),
            .line_after = texts[1], .line_after_length = strlen(texts[1]),
            .previous_line = texts[2], .previous_line_length = strlen(texts[2]),
            .next_lines = texts[3], .next_lines_length = strlen(texts[3]),
            .max_lines = (unsigned)rand() % 4, .prose = rand() % 8 == 0,
            .layout = language_layout(languages[(size_t)rand() % 6]),
        };
        check_growth(texts[4], &place, texts[4], strlen(texts[4]));
    }
}

static void test_stops_early(void **state)
{
    static const struct {
        struct row row;
        bool complete;
    } early[] = {
        {{.model = "```c\nfoo();\n```\n"}, true},
        {{.model = "```c\nfoo();\n"}, false},
        {{.max_lines = 2, .model = "a\nb\n"}, true},
        {{.max_lines = 2, .model = "a\nb"}, false},
        {{.below = "    return sum;\n", .model = "a();\n    return sum;\n"}, true},
        {{.before = "f(", .after = ")", .model = "a)"}, false},
        {{.before = "f(", .after = ")", .model = "a)\n"}, true},
        {{.model = "foo(1);\nfoo(1);\n"}, true},
        {{.model = "foo" PROMPT_CURSOR}, true},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
        struct answer_completion_place place = place_of(&early[i].row);
        struct answer_completion result;
        struct buffer text;

        buffer_init(&text, BUFFER_CAP);
        assert_int_equal(answer_completion_fit(&place, early[i].row.model,
                                               strlen(early[i].row.model), false, &text, &result),
                         0);
        if (result.complete != early[i].complete)
            fail_msg("%s", early[i].row.model);
        buffer_finish(&text);
    }
}

static void test_counts_whole_lines(void **state)
{
    struct answer_completion_place place = {0};
    struct answer_completion result;
    struct buffer text;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    assert_int_equal(answer_completion_fit(&place, "one\ntwo\nthr", 11, false, &text, &result), 0);
    assert_string_equal(text.data, "one\ntwo\nthr");
    assert_int_equal(result.whole_lines, 2);
    buffer_clear(&text);
    assert_int_equal(answer_completion_fit(&place, "one\ntwo\nthr", 11, true, &text, &result), 0);
    assert_int_equal(result.whole_lines, 3);
    buffer_clear(&text);
    assert_int_equal(answer_completion_fit(&place, "``", 2, false, &text, &result), 0);
    assert_int_equal(text.length, 0);
    assert_int_equal(result.whole_lines, 0);
    assert_false(result.complete);
    buffer_finish(&text);
}

static void test_appends_and_keeps_to_the_cap(void **state)
{
    struct answer_completion_place place = {0};
    struct answer_completion result;
    struct buffer text;

    (void)state;
    buffer_init(&text, 5);
    assert_int_equal(buffer_append_string(&text, "ab"), 0);
    assert_int_equal(answer_completion_fit(&place, "cde", 3, true, &text, &result), 0);
    assert_string_equal(text.data, "abcde");
    assert_true(answer_completion_fit(&place, "f", 1, true, &text, &result) < 0);
    buffer_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_what_is_certain_stays),
        cmocka_unit_test(test_what_is_certain_stays_at_random),
        cmocka_unit_test(test_stops_early),
        cmocka_unit_test(test_counts_whole_lines),
        cmocka_unit_test(test_appends_and_keeps_to_the_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
