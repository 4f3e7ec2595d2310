#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"

static const struct {
    const char *model;
    const char *want;
} rows[] = {
    {"", ""},
    {"\n \n", ""},
    {"Text.", "Text."},
    {"\n\n  Text.\n\n\n", "  Text."},
    {"One\r\n\r\nTwo\rThree\n", "One\n\nTwo\nThree"},
    {"A  \nhard break\n", "A  \nhard break"},
    {"```c\nfoo();\n```\nIt calls foo.\n", "```c\nfoo();\n```\nIt calls foo."},
    {"```\nfoo();\n```", "```\nfoo();\n```"},
    {"```markdown\n# Head\n\nText\n```\n", "# Head\n\nText"},
    {"```md\nText\n```\n\nMore", "Text\n\nMore"},
    {"```markdown\nA\n```c\nx;\n```\nB\n```", "A\n```c\nx;\n```\nB"},
    {"```markdown\nA\n```\nx;\n```\nB\n```", "A\n```\nx;\n```\nB"},
    {"```markdown\nnot closed", "not closed"},
    {"`code` first", "`code` first"},
    {"``", "``"},
    {"~~~\nx\n~~~", "~~~\nx\n~~~"},
    {"\xC3\xA9\n\xF0\x9F\x98\x80", "\xC3\xA9\n\xF0\x9F\x98\x80"},
};

/* Feeds in pieces of at most `most` bytes, of random lengths where `at_random`. */
static void run(const char *model, size_t most, bool at_random, struct buffer *out)
{
    struct answer_markdown answer;
    size_t length = strlen(model);
    size_t at = 0;

    answer_markdown_init(&answer);
    while (at < length) {
        size_t piece = at_random ? 1 + (size_t)rand() % most : most;

        if (piece > length - at)
            piece = length - at;
        assert_int_equal(answer_markdown_feed(&answer, model + at, piece, false, out), 0);
        at += piece;
    }
    assert_int_equal(answer_markdown_feed(&answer, NULL, 0, true, out), 0);
    answer_markdown_finish(&answer);
}

static void test_each_text(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t most;

        for (most = 1; most < 60; most++) {
            struct buffer out;

            buffer_init(&out, BUFFER_CAP);
            run(rows[i].model, most, false, &out);
            assert_string_equal(out.data, rows[i].want);
            buffer_finish(&out);
        }
    }
}

static void test_cuts_do_not_matter(void **state)
{
    static const char *const bits[] = {"```", "```markdown\n", "```c\n", "\n", "\r\n", "\r", " ",
                                       "text", "\n```\n", "`", "~~~\n", "\t", "\xC3\xA9"};
    size_t i;

    (void)state;
    srand(3);
    for (i = 0; i < 3000; i++) {
        char model[256] = "";
        unsigned count = (unsigned)rand() % 16;
        struct buffer whole;
        size_t round;

        for (; count > 0; count--)
            strcat(model, bits[(size_t)rand() % (sizeof(bits) / sizeof(bits[0]))]);
        buffer_init(&whole, BUFFER_CAP);
        run(model, sizeof(model), false, &whole);
        for (round = 0; round < 6; round++) {
            struct buffer out;

            buffer_init(&out, BUFFER_CAP);
            run(model, round == 0 ? 1 : 7, round > 0, &out);
            assert_string_equal(out.data, whole.data);
            buffer_finish(&out);
        }
        buffer_finish(&whole);
    }
}

static void test_gives_out_words_at_once(void **state)
{
    struct answer_markdown answer;
    struct buffer out;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    answer_markdown_init(&answer);
    assert_int_equal(answer_markdown_feed(&answer, "The", 3, false, &out), 0);
    assert_string_equal(out.data, "The");
    assert_int_equal(answer_markdown_feed(&answer, " lock\n\n", 7, false, &out), 0);
    assert_string_equal(out.data, "The lock");
    assert_int_equal(answer_markdown_feed(&answer, "is", 2, false, &out), 0);
    assert_string_equal(out.data, "The lock\n\nis");
    answer_markdown_finish(&answer);
    answer_markdown_finish(NULL);
    buffer_finish(&out);
}

static void test_keeps_to_the_cap(void **state)
{
    struct answer_markdown answer;
    struct buffer out;

    (void)state;
    buffer_init(&out, 4);
    answer_markdown_init(&answer);
    assert_int_equal(answer_markdown_feed(&answer, "too long", 8, false, &out), -EMSGSIZE);
    answer_markdown_finish(&answer);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_text),
        cmocka_unit_test(test_cuts_do_not_matter),
        cmocka_unit_test(test_gives_out_words_at_once),
        cmocka_unit_test(test_keeps_to_the_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
