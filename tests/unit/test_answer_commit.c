#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"

#define U5 "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4"
#define UMLAUTS U5 U5 U5 U5 U5 " " /* 26 characters, 51 bytes */
#define LONG "https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define W9 "word word word word word word word word word " /* 45 characters */

static const struct {
    const char *name;
    const char *model;
    const char *want;
} rows[] = {
    {"plain", "Add a thing\n", "Add a thing"},
    {"body", "Add a thing\n\nBecause.\n\n\n", "Add a thing\n\nBecause."},
    {"CRLF", "Add a thing\r\n\r\nBecause.\r\n", "Add a thing\n\nBecause."},
    {"missing blank line", "Add a thing\nBecause.", "Add a thing\n\nBecause."},
    {"blank lines", "\n\nAdd a thing\n\n\n\nOne.\n\n\nTwo.", "Add a thing\n\nOne.\n\nTwo."},
    {"full stop", "Add a thing.", "Add a thing"},
    {"dots stay", "Wait ...", "Wait ..."},
    {"fence", "```\nAdd a thing\n\nBecause.\n```\nHope it helps", "Add a thing\n\nBecause."},
    {"fence with a name", "```text\nAdd a thing\n```", "Add a thing"},
    {"talk", "Here is the commit message:\n\nAdd a thing", "Add a thing"},
    {"talk, fence", "Here's a message.\n```\nAdd a thing\n```", "Add a thing"},
    {"remark, fence", "The diff adds a thing\n\n```\nAdd a thing\n```", "Add a thing"},
    {"label", "Commit message: Add a thing", "Add a thing"},
    {"label above", "**Commit message:**\nAdd a thing", "Add a thing"},
    {"talk on the line", "Sure! Commit message: Add a thing", "Add a thing"},
    {"only talk", "Here is the commit message:", ""},
    {"nothing", "", ""},
    {"quotes", "\"Add a thing\"", "Add a thing"},
    {"backticks", "`Add a thing`", "Add a thing"},
    {"emphasis", "**Add a thing**", "Add a thing"},
    {"heading", "# Add a thing", "Add a thing"},
    {"quotes within stay", "Rename \"a\" to \"b\" everywhere", "Rename \"a\" to \"b\" everywhere"},
    {"conventional", "feat(x)!: add a thing", "feat(x)!: add a thing"},
    {"area", "commit: add a thing", "commit: add a thing"},
    {"comment sign", "Add\n\n# Why\n#12 asks for it", "Add\n\nWhy\n #12 asks for it"},
    {"wrap", "Add\n\n" W9 W9 "end",
     "Add\n\n" W9 "word word word word word\nword word word word end"},
    {"wrap joins the next line", "Add\n\n" W9 W9 "\nend\nlast",
     "Add\n\n" W9 "word word word word word\nword word word word end last"},
    {"short lines stay", "Add\n\none\ntwo", "Add\n\none\ntwo"},
    {"list", "Add\n\n- " W9 W9 "\n- b\n  more",
     "Add\n\n- " W9 "word word word word word\n  word word word word\n- b\n  more"},
    {"indented stays", "Add\n\n    " W9 W9 "x", "Add\n\n    " W9 W9 "x"},
    {"trailers stay", "Add\n\nBody.\n\nCo-authored-by: " W9 W9 "<a@b.c>",
     "Add\n\nBody.\n\nCo-authored-by: " W9 W9 "<a@b.c>"},
    {"code stays", "Add\n\nSo:\n```\n# x\n" W9 W9 "x\n```\nend",
     "Add\n\nSo:\n```\n # x\n" W9 W9 "x\n```\nend"},
    {"comment sign after wrapping", "Add\n\n" W9 "word word word word words #7 so",
     "Add\n\n" W9 "word word word word words\n #7 so"},
    {"long subject", W9 W9, W9 "word word word word word...\n\n...word word word word"},
    {"long subject, body", W9 W9 "\n\nBecause.",
     W9 "word word word word word...\n\n...word word word word\n\nBecause."},
    {"long subject, one word", LONG LONG, LONG LONG},
    {"long word", "Add\n\n" LONG " end", "Add\n\n" LONG "\nend"},
    {"characters count", "Add\n\n" UMLAUTS W9 "a", "Add\n\n" UMLAUTS W9 "a"},
};

static const char *comment = "#";

static void run(const char *model, size_t most, bool at_random, struct buffer *out)
{
    struct answer_commit answer;
    size_t length = strlen(model);
    size_t at = 0;

    answer_commit_init(&answer, comment);
    while (at < length) {
        size_t piece = at_random ? 1 + (size_t)rand() % most : most;

        if (piece > length - at)
            piece = length - at;
        assert_int_equal(answer_commit_feed(&answer, model + at, piece, false, out), 0);
        at += piece;
    }
    assert_int_equal(answer_commit_feed(&answer, NULL, 0, true, out), 0);
    answer_commit_finish(&answer);
}

static void test_each_message(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t most;

        for (most = 1; most < 300; most += most < 9 ? 1 : 97) {
            struct buffer out;

            buffer_init(&out, BUFFER_CAP);
            run(rows[i].model, most, false, &out);
            if (strcmp(out.data, rows[i].want) != 0)
                fail_msg("%s: <%s>", rows[i].name, out.data);
            buffer_finish(&out);
        }
    }
}

static void expect(const char *sign, const char *model, const char *want)
{
    struct buffer out;

    buffer_init(&out, BUFFER_CAP);
    comment = sign;
    run(model, 4, false, &out);
    comment = "#";
    assert_string_equal(out.data, want);
    buffer_finish(&out);
}

static void test_other_comment_signs(void **state)
{
    (void)state;
    expect(";", "#12: add a thing\n\n; so\n#12 asks", "#12: add a thing\n\n ; so\n#12 asks");
    expect("//", "// Add\n\n//so\n/ so", "Add\n\n //so\n/ so");
}

static void test_cuts_do_not_matter(void **state)
{
    static const char *const bits[] = {"```", "\n", "\r\n", "\r", "Add a thing", W9, "- ", "    ",
                                       "Here is the message:\n", "#", "# ", "\"", ".", "12. ",
                                       "Signed-off-by: a", "\n\n", "\xC3\xA9", "\t"};
    size_t i;

    (void)state;
    srand(5);
    for (i = 0; i < 3000; i++) {
        char model[1024] = "";
        unsigned count = (unsigned)rand() % 18;
        struct buffer whole;
        size_t round;

        for (; count > 0; count--)
            strcat(model, bits[(size_t)rand() % (sizeof(bits) / sizeof(bits[0]))]);
        buffer_init(&whole, BUFFER_CAP);
        run(model, sizeof(model), false, &whole);
        for (round = 0; round < 6; round++) {
            struct buffer out;

            buffer_init(&out, BUFFER_CAP);
            run(model, round == 0 ? 1 : 11, round > 0, &out);
            assert_string_equal(out.data, whole.data);
            buffer_finish(&out);
        }
        buffer_finish(&whole);
    }
}

static void test_streams_by_lines(void **state)
{
    struct answer_commit answer;
    struct buffer out;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    answer_commit_init(&answer, "#");
    assert_int_equal(answer_commit_feed(&answer, "Add a thing\n\nBeca", 17, false, &out), 0);
    assert_int_equal(out.length, 0); /* a fence might follow still */
    assert_int_equal(answer_commit_feed(&answer, "use.\nAnd", 8, false, &out), 0);
    assert_string_equal(out.data, "Add a thing\n\nBecause.");
    assert_int_equal(answer_commit_feed(&answer, " so.", 4, true, &out), 0);
    assert_string_equal(out.data, "Add a thing\n\nBecause.\nAnd so.");
    answer_commit_finish(&answer);
    answer_commit_finish(NULL);
    buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_message),
        cmocka_unit_test(test_other_comment_signs),
        cmocka_unit_test(test_cuts_do_not_matter),
        cmocka_unit_test(test_streams_by_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
