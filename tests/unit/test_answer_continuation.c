#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/continuation.h"

static size_t piece_of(const char *text, size_t length, size_t most)
{
    size_t piece = length < most ? length : most;

    while (piece < length && ((unsigned char)text[piece] & 0xC0) == 0x80)
        piece++;
    return piece;
}

/* Feeds each of the turns in pieces of about `most` bytes; all but the last were cut. */
static void run(const char *const *turns, size_t most, struct buffer *out)
{
    struct answer_continuation answer;

    answer_continuation_init(&answer);
    for (size_t i = 0; turns[i]; i++) {
        size_t length = strlen(turns[i]);

        for (size_t at = 0, piece; at < length; at += piece) {
            piece = piece_of(turns[i] + at, length - at, most);
            assert_int_equal(answer_continuation_feed(&answer, turns[i] + at, piece, false, out),
                             0);
        }
        if (turns[i + 1])
            assert_int_equal(answer_continuation_cut(&answer), 0);
    }
    assert_int_equal(answer_continuation_feed(&answer, "", 0, true, out), 0);
    assert_string_equal(answer.text.data, out->data);
    answer_continuation_finish(&answer);
}

static void expect(const char *const *turns, const char *want)
{
    for (size_t most = 1; most < 9; most += 3) {
        struct buffer out;

        buffer_init(&out, BUFFER_CAP);
        run(turns, most, &out);
        if (strcmp(out.data, want) != 0)
            fail_msg("<%s> <%s>: <%s>, not <%s>", turns[0], turns[1] ? turns[1] : "", out.data,
                     want);
        buffer_finish(&out);
    }
}

#define TURNS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_joins_where_it_was_cut(void **state)
{
    (void)state;
    expect(TURNS("a\nb"), "a\nb");
    expect(TURNS("a = 1\nb = ", "2\n"), "a = 1\nb = 2\n");
    expect(TURNS("a = 1\nb =", " 2\n"), "a = 1\nb = 2\n");
    expect(TURNS("a = 1\n", "b = 2\n"), "a = 1\nb = 2\n");
    expect(TURNS("a = 1", "\nb = 2\n"), "a = 1\nb = 2\n");
    expect(TURNS("a = 1\nb", "\nc", "\nd"), "a = 1\nb\nc\nd");
    /* within a character, which the server gave as U+FFFD */
    expect(TURNS("x = \"\xEF\xBF\xBD", "\xC3\xA9\";\n"), "x = \"\xC3\xA9\";\n");
    expect(TURNS("\xEF\xBF\xBD kept", "\n"), "\xEF\xBF\xBD kept\n");
    expect(TURNS("x = \"", "x = \"\xC3\xA9\";\n"), "x = \"\xC3\xA9\";\n");
    /* the same line twice is no repetition */
    expect(TURNS("0, 0, 0, 0, 0,\n0, 0, 0, 0, 0,\n", "0, 0, 0, 0, 0,\n1,\n"),
           "0, 0, 0, 0, 0,\n0, 0, 0, 0, 0,\n0, 0, 0, 0, 0,\n1,\n");
    expect(TURNS("{\n  {\n  }\n", "}\n"), "{\n  {\n  }\n}\n");
    expect(TURNS("a", ""), "a");
    expect(TURNS("", "a"), "a");
}

static void test_keeps_once_what_is_said_twice(void **state)
{
    (void)state;
    expect(TURNS("a = 1\nb = ", "b = 2\n"), "a = 1\nb = 2\n");
    expect(TURNS("f(\n    value", "    value);\n"), "f(\n    value);\n");
    expect(TURNS("f(\n    value", "value);\n"), "f(\n    value);\n");
    expect(TURNS("first();\nsecond();\nthi", "first();\nsecond();\nthird();\n"),
           "first();\nsecond();\nthird();\n");
    expect(TURNS("first();\nsecond();\n", "second();\nthird();\n"),
           "first();\nsecond();\nthird();\n");
    expect(TURNS("x = some_name", "some_name + 1\n"), "x = some_name + 1\n");
    expect(TURNS("x = some_name + o", "one\n"), "x = some_name + oone\n");
    /* blanks that the line begins with */
    expect(TURNS("if x:\n  ", "  a()\n"), "if x:\n  a()\n");
    expect(TURNS("if x:\n  ", "a()\n"), "if x:\n  a()\n");
    expect(TURNS("if x:\n    ", "        a()\n"), "if x:\n        a()\n");
    expect(TURNS("if x:\n\t", "\t\ta()\n"), "if x:\n\t\ta()\n");
}

static void test_leaves_out_fences_of_further_turns(void **state)
{
    (void)state;
    expect(TURNS("```c\na();\nb(", "```c\nb(1);\n```\n"), "```c\na();\nb(1);\n```\n");
    expect(TURNS("```c\na();\nb(", "```\nb(1);\n```\n"), "```c\na();\nb(1);\n```\n");
    expect(TURNS("```c\na();\n", "```c\nb();\n```\n"), "```c\na();\nb();\n```\n");
    expect(TURNS("```c\na();\n", "```\nb();\n```\n"), "```c\na();\nb();\n```\n");
    expect(TURNS("```c\na();\n", "Here is the rest:\n\n```c\nb();\n```\n"),
           "```c\na();\nb();\n```\n");
    /* a fence that closes */
    expect(TURNS("```c\na();\n", "```\n"), "```c\na();\n```\n");
    expect(TURNS("```c\na();\n", "```\nI wrote `a`.\n"), "```c\na();\n```\nI wrote `a`.\n");
    expect(TURNS("```c\na();\n``", "`\n"), "```c\na();\n```\n");
}

static const char *const codes[] = {
    "```c\nint f(int value)\n{\n    if (value > limit)\n        return limit;\n\n"
    "    return value;\n}\n```\n",
    "```python\nclass First:\n    def name(self):\n        return \"\xC3\xA9t\xC3\xA9\"\n\n\n"
    "class Second(First):\n    pass\n```",
};

/* A turn that begins anew with the line that was cut. */
static void check_restart(const char *code, size_t cut, const char *above)
{
    char first[512];
    char second[1024];
    size_t start = cut;

    memcpy(first, code, cut);
    first[cut] = '\0';
    while (start > 0 && code[start - 1] != '\n')
        start--;
    snprintf(second, sizeof(second), "%s%s", above, code + start);
    expect(TURNS(first, second), code);
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        size_t body = strcspn(codes[i], "\n") + 1;

        for (size_t cut = body + 1; cut < strlen(codes[i]); cut++) {
            if (((unsigned char)codes[i][cut] & 0xC0) == 0x80)
                continue;
            check_restart(codes[i], cut, "");
            if (strcspn(codes[i] + cut, "`") == 0 || codes[i][cut - 1] == '`')
                continue; /* nothing of the code is left */
            check_restart(codes[i], cut, "```c\n");
            check_restart(codes[i], cut, "Going on:\n```python\n");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joins_where_it_was_cut),
        cmocka_unit_test(test_keeps_once_what_is_said_twice),
        cmocka_unit_test(test_leaves_out_fences_of_further_turns),
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
