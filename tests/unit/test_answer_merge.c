#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/answer/merge.h"

struct row {
    const char *name;
    const char *original;
    const char *rewrite;
    const char *want;
    char before;
};

static const struct row rows[] = {
    {.name = "nothing to keep", .original = "a\nb\n", .rewrite = "a\nc\n", .want = "a\nc\n"},
    {.name = "blanks of blank lines", .original = "a\n    \nb\n\t\n", .rewrite = "a\n\nc\n\n",
     .want = "a\n    \nc\n\t\n"},
    {.name = "blank lines moved", .original = "a\n  \nb\n", .rewrite = "a\nx\n\nb\n\n",
     .want = "a\nx\n  \nb\n\n"},
    {.name = "blanks at the end of a line go", .original = "a  \nb\n", .rewrite = "a\nb\n",
     .want = "a\nb\n"},
    {.name = "mixed ends stay", .original = "a\nb\r\nc\n", .rewrite = "a\nx\nc\n",
     .want = "a\nx\r\nc\n"},
    {.name = "with a lone \\r, too", .original = "a\rb\r\nc\nd\r", .rewrite = "a\rb\rx\rd\r",
     .want = "a\rb\r\nx\nd\r"},
    {.name = "a new line ends as the one above", .original = "a\nb\r\nc\n", .rewrite = "a\nb\nx\nc\n",
     .want = "a\nb\r\nx\r\nc\n"},
    {.name = "no \\r and \\n become one", .original = "a\rb\nc\n", .rewrite = "a\r\rb\rc\r",
     .want = "a\r\rb\nc\n"},
    {.name = "nor where a line goes", .original = "a\rb\n\nc\n", .rewrite = "a\n\nc\n",
     .want = "a\r\r\nc\n"},
    {.name = "nor before the range", .original = "a\n", .rewrite = "\nb\n", .want = "\r\nb\n",
     .before = '\r'},
    {.name = "no final line end", .original = "a", .rewrite = "a\r\nb", .want = "a\r\nb"},
    {.name = "a final line end stays out", .original = "a\r\nb", .rewrite = "a\r\nb\r\nc",
     .want = "a\r\nb\r\nc"},
    {.name = "ends in an indentation", .original = "a\n  ", .rewrite = "b\n  ", .want = "b\n  "},
    {.name = "from nothing", .original = "", .rewrite = "a\nb", .want = "a\nb"},
    {.name = "to nothing", .original = "a\nb\n", .rewrite = "", .want = ""},
};

/* What the hunks make of the original. */
static void apply(struct buffer *out, const struct row *row, const struct diff *diff,
                  const char *new_text)
{
    size_t at = 0;

    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_hunk *hunk = &diff->hunks[i];

        buffer_append(out, row->original + at, hunk->old_start - at);
        buffer_append(out, new_text + hunk->new_start, hunk->new_end - hunk->new_start);
        at = hunk->old_end;
    }
    buffer_append_string(out, row->original + at);
}

static void test_each_merge(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct merge merge = {row->original, strlen(row->original), row->before};
        struct buffer text, applied;
        struct diff diff;

        buffer_init(&text, BUFFER_CAP);
        buffer_init(&applied, BUFFER_CAP);
        buffer_append_string(&text, row->rewrite);
        assert_int_equal(merge_rewrite(&merge, &text, &diff), 0);
        if (strcmp(text.data, row->want) != 0)
            fail_msg("%s: <%s>", row->name, text.data);
        apply(&applied, row, &diff, text.data);
        assert_string_equal(applied.data, row->want);
        diff_finish(&diff);
        buffer_finish(&applied);
        buffer_finish(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_merge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
