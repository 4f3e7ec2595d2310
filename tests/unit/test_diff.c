#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/buffer.h"
#include "protocol/diff.h"

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Puts the hunks' new text into the old text. */
static void apply(struct buffer *out, const struct diff *diff, const char *old_text,
                  size_t old_length, const char *new_text)
{
    size_t at = 0;
    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_hunk *hunk = &diff->hunks[i];
        assert_true(hunk->old_start >= at && hunk->old_end >= hunk->old_start);
        assert_true(hunk->old_end <= old_length);
        buffer_append(out, old_text + at, hunk->old_start - at);
        buffer_append(out, new_text + hunk->new_start, hunk->new_end - hunk->new_start);
        at = hunk->old_end;
    }
    buffer_append(out, old_text + at, old_length - at);
}

/* Hunks are in order, do not touch, and lie between runs of equally many unchanged lines. */
static void assert_well_formed(const struct diff *diff)
{
    size_t old_line = 0, new_line = 0;
    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_hunk *hunk = &diff->hunks[i];
        assert_true(hunk->old_count > 0 || hunk->new_count > 0);
        assert_true(i == 0 || hunk->old_line > old_line);
        assert_int_equal(hunk->old_line - old_line, hunk->new_line - new_line);
        old_line = hunk->old_line + hunk->old_count;
        new_line = hunk->new_line + hunk->new_count;
    }
}

static size_t changed_lines(const struct diff *diff)
{
    size_t changed = 0;
    for (size_t i = 0; i < diff->count; i++)
        changed += diff->hunks[i].old_count + diff->hunks[i].new_count;
    return changed;
}

static void assert_applies(const struct diff *diff, const char *old_text, size_t old_length,
                           const char *new_text, size_t new_length)
{
    struct buffer out CLEANUP(buffer_finish);
    buffer_init(&out, BUFFER_CAP);
    assert_well_formed(diff);
    apply(&out, diff, old_text, old_length, new_text);
    assert_int_equal(out.length, new_length);
    assert_memory_equal(out.data, new_text, new_length);
}

static void equal_texts_give_no_hunks(void **state)
{
    (void)state;
    const char *texts[] = { "", "a", "a\n", "a\r\nb\r\rc", "\n\n\n" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct diff diff;
        size_t length = strlen(texts[i]);
        assert_int_equal(diff_compute(&diff, texts[i], length, texts[i], length), 0);
        assert_int_equal(diff.count, 0);
        diff_finish(&diff);
    }
    diff_finish(NULL);
}

static void hunks_are_minimal(void **state)
{
    (void)state;
    const char *old_text = "a\nb\r\nc\rd\ne";
    const char *new_text = "a\nB\r\nc\rx\nd\ne\n";
    struct diff diff;
    assert_int_equal(diff_compute(&diff, old_text, strlen(old_text), new_text, strlen(new_text)),
                     0);
    assert_int_equal(diff.count, 3);
    const struct diff_hunk wanted[] = {
        { 1, 1, 1, 1, 2, 5, 2, 5 },
        { 3, 0, 3, 1, 7, 7, 7, 9 },
        { 4, 1, 5, 1, 9, 10, 11, 13 },
    };
    assert_memory_equal(diff.hunks, wanted, sizeof wanted);
    diff_finish(&diff);
}

static void a_changed_line_end_is_a_change(void **state)
{
    (void)state;
    struct diff diff;
    assert_int_equal(diff_compute(&diff, "a\nb\n", 4, "a\r\nb\n", 5), 0);
    assert_int_equal(diff.count, 1);
    assert_int_equal(diff.hunks[0].old_count, 1);
    assert_int_equal(diff.hunks[0].new_end, 3);
    diff_finish(&diff);
}

static void empty_texts_and_nul_bytes(void **state)
{
    (void)state;
    struct diff diff;
    assert_int_equal(diff_compute(&diff, "", 0, "a\nb", 3), 0);
    assert_int_equal(diff.count, 1);
    assert_int_equal(diff.hunks[0].new_count, 2);
    diff_finish(&diff);
    assert_int_equal(diff_compute(&diff, "a\nb", 3, NULL, 0), 0);
    assert_int_equal(diff.count, 1);
    assert_int_equal(diff.hunks[0].old_end, 3);
    diff_finish(&diff);
    assert_int_equal(diff_compute(&diff, "a\0b\n", 4, "a\0c\n", 4), 0);
    assert_int_equal(diff.count, 1);
    diff_finish(&diff);
}

/* The length of a longest common subsequence of two texts of one-letter lines, in lines. */
static size_t common_lines(const char *a, size_t a_count, const char *b, size_t b_count)
{
    size_t row[2][65] = { { 0 } };
    for (size_t i = 1; i <= a_count; i++) {
        size_t *now = row[i % 2], *before = row[(i + 1) % 2];
        for (size_t j = 1; j <= b_count; j++) {
            if (a[2 * (i - 1)] == b[2 * (j - 1)])
                now[j] = before[j - 1] + 1;
            else
                now[j] = before[j] > now[j - 1] ? before[j] : now[j - 1];
        }
    }
    return row[a_count % 2][b_count];
}

static size_t random_lines(uint32_t *seed, char *text, size_t letters)
{
    size_t count = next_random(seed) % 64;
    for (size_t i = 0; i < count; i++) {
        text[2 * i] = (char)('a' + next_random(seed) % letters);
        text[2 * i + 1] = '\n';
    }
    return count;
}

static void scripts_are_shortest(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int round = 0; round < 4000; round++) {
        char a[128], b[128];
        size_t letters = 1 + next_random(&seed) % 12;
        size_t a_count = random_lines(&seed, a, letters);
        size_t b_count = random_lines(&seed, b, letters);
        struct diff diff;
        assert_int_equal(diff_compute(&diff, a, 2 * a_count, b, 2 * b_count), 0);
        assert_applies(&diff, a, 2 * a_count, b, 2 * b_count);
        assert_int_equal(changed_lines(&diff),
                         a_count + b_count - 2 * common_lines(a, a_count, b, b_count));
        diff_finish(&diff);
    }
}

static size_t random_text(uint32_t *seed, char *text, size_t size)
{
    static const char bytes[] = "\n\r\n\rab\0";
    size_t length = next_random(seed) % size;
    for (size_t i = 0; i < length; i++)
        text[i] = bytes[next_random(seed) % (sizeof bytes - 1)];
    return length;
}

static void hunks_make_the_new_text_of_any_bytes(void **state)
{
    (void)state;
    uint32_t seed = 11;
    for (int round = 0; round < 4000; round++) {
        char a[80], b[80];
        size_t a_length = random_text(&seed, a, sizeof a);
        size_t b_length = random_text(&seed, b, sizeof b);
        struct diff diff;
        assert_int_equal(diff_compute(&diff, a, a_length, b, b_length), 0);
        assert_applies(&diff, a, a_length, b, b_length);
        diff_finish(&diff);
    }
}

/* Far beyond the bound on the work: the middle is given up, the result still holds, and the equal
 * lines round it are kept. */
static void large_differences_are_bounded(void **state)
{
    (void)state;
    uint32_t seed = 3;
    struct buffer a CLEANUP(buffer_finish), b CLEANUP(buffer_finish);
    buffer_init(&a, BUFFER_CAP);
    buffer_init(&b, BUFFER_CAP);
    buffer_append_string(&a, "first\n");
    buffer_append_string(&b, "first\n");
    for (int i = 0; i < 30000; i++) {
        buffer_printf(&a, "%u\n", (unsigned)(next_random(&seed) % 20000));
        buffer_printf(&b, "%u\n", (unsigned)(next_random(&seed) % 20000));
    }
    buffer_append_string(&a, "last");
    buffer_append_string(&b, "last");
    struct diff diff;
    assert_int_equal(diff_compute(&diff, a.data, a.length, b.data, b.length), 0);
    assert_applies(&diff, a.data, a.length, b.data, b.length);
    assert_true(diff.hunks[0].old_line > 0);
    assert_true(diff.hunks[diff.count - 1].old_end <= a.length - 4);
    diff_finish(&diff);
}

static void assert_unified(const char *name, const char *old_text, const char *new_text,
                           const char *wanted)
{
    struct buffer out CLEANUP(buffer_finish);
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(diff_append_unified(&out, name, old_text, strlen(old_text), new_text,
                                         strlen(new_text)), 0);
    assert_string_equal(out.data, wanted);
}

static void unified_of_equal_texts_is_empty(void **state)
{
    (void)state;
    assert_unified("f", "", "", "");
    assert_unified("f", "a\r\nb", "a\r\nb", "");
}

static void unified_counts_and_contexts(void **state)
{
    (void)state;
    assert_unified("dir/f.c", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
                   "--- dir/f.c\n+++ dir/f.c\n@@ -2,7 +2,7 @@\n"
                   " 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    assert_unified("f", "a\n", "b\n", "--- f\n+++ f\n@@ -1 +1 @@\n-a\n+b\n");
    /* Six lines between two changes join them, seven part them. */
    assert_unified("f", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
                   "--- f\n+++ f\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
    assert_unified("f", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\nB\nC\n",
                   "--- f\n+++ f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n"
                   "@@ -6,4 +5,5 @@\n 5\n 6\n 7\n-b\n+B\n+C\n");
}

static void unified_of_empty_texts(void **state)
{
    (void)state;
    assert_unified("f", "", "a\nb\n", "--- f\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b\n");
    assert_unified("f", "a\n", "", "--- f\n+++ f\n@@ -1 +0,0 @@\n-a\n");
    assert_unified("f", "a\nb\n", "a\nx\nb\n", "--- f\n+++ f\n@@ -1,2 +1,3 @@\n a\n+x\n b\n");
}

static void unified_without_newline_at_the_end(void **state)
{
    (void)state;
    assert_unified("f", "a", "b",
                   "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n"
                   "+b\n\\ No newline at end of file\n");
    assert_unified("f", "a\nb", "a\nb\n",
                   "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
    assert_unified("f", "a\nb", "x\nb",
                   "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n");
}

static void unified_lines_end_with_newlines_only(void **state)
{
    (void)state;
    assert_unified("f", "a\r\nb\rc\n", "a\r\nb\rd\n",
                   "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\r\n-b\rc\n+b\rd\n");
    assert_unified("f", "a\r", "a\r\n",
                   "--- f\n+++ f\n@@ -1 +1 @@\n-a\r\n\\ No newline at end of file\n+a\r\n");
}

static void names_are_quoted_as_git_does(void **state)
{
    (void)state;
    assert_unified("a b.c", "a\n", "", "--- a b.c\t\n+++ a b.c\t\n@@ -1 +0,0 @@\n-a\n");
    assert_unified("t\t\"\\\n\x01\x7f z", "a\n", "",
                   "--- \"t\\t\\\"\\\\\\n\\001\\177 z\"\t\n+++ \"t\\t\\\"\\\\\\n\\001\\177 z\"\t\n"
                   "@@ -1 +0,0 @@\n-a\n");
    assert_unified("\xC3\xA9.c", "a\n", "", "--- \xC3\xA9.c\n+++ \xC3\xA9.c\n@@ -1 +0,0 @@\n-a\n");
}

static void unified_obeys_the_cap(void **state)
{
    (void)state;
    struct buffer out CLEANUP(buffer_finish);
    buffer_init(&out, 20);
    assert_int_equal(diff_append_unified(&out, "f", "a\n", 2, "b\n", 2), -EMSGSIZE);
}

/* ---- within lines ---------------------------------------------------------------------------- */

/* The hunks as "old>new|old>new". */
static void assert_within(const char *old_text, const char *new_text, const char *want)
{
    struct diff diff;
    struct buffer out;
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(diff_compute_within(&diff, old_text, strlen(old_text), new_text,
                                         strlen(new_text)), 0);
    for (size_t i = 0; i < diff.count; i++) {
        const struct diff_hunk *hunk = &diff.hunks[i];
        buffer_append_string(&out, i > 0 ? "|" : "");
        buffer_append(&out, old_text + hunk->old_start, hunk->old_end - hunk->old_start);
        buffer_append_byte(&out, '>');
        buffer_append(&out, new_text + hunk->new_start, hunk->new_end - hunk->new_start);
    }
    assert_string_equal(out.data, want);
    buffer_finish(&out);
    diff_finish(&diff);
}

static void test_parts_lines_into_words(void **state)
{
    (void)state;
    assert_within("a\nint x = 1;\nb\n", "a\nlong x = 1;\nb\n", "int>long");
    assert_within("f(one, two, three)\n", "f(one, 2, three, four)\n", "two>2|>, four");
    assert_within("x = 1\ny = 2\n", "x = 3\ny = 4\n", "1>3|2>4");
    assert_within("a b\n", "a b c\n", "> c");
    assert_within("a\n", "a\nb\n", ">b\n");
    assert_within("a", "a\nb", ">\nb");
    assert_within("a\r\n", "a\n", "\r\n>\n");
    assert_within("a\r\n", "b\r\n", "a>b");
    assert_within("e\xCC\x81x\n", "e\xCC\x80x\n", "e\xCC\x81x>e\xCC\x80x");
    assert_within("  if (a) {\n    b();\n  }\n", "  b();\n", "if (a) {\n    >|\n  }>");
    assert_within("same\n", "same\n", "");
    /* what has no word in common is one change, not a change between all of its brackets */
    assert_within("f(a);\ng(b);\n", "h(c);\ni(d);\n", "f(a);\ng(b>h(c);\ni(d");
}

static void test_random_texts_within_lines(void **state)
{
    static const char *const pieces[] = {"a", "b", " ", "  ", "\n", "\r\n", "\r", "(", ";", "\xC3\xA9",
                                         "long_name"};
    uint32_t seed = 3;
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct buffer texts[2], out;
        struct diff diff;
        for (unsigned i = 0; i < 2; i++) {
            buffer_init(&texts[i], BUFFER_CAP);
            for (uint32_t count = next_random(&seed) % 30; count > 0; count--)
                buffer_append_string(&texts[i],
                                     pieces[next_random(&seed) % (sizeof pieces / sizeof *pieces)]);
        }
        buffer_init(&out, BUFFER_CAP);
        assert_int_equal(diff_compute_within(&diff, texts[0].data, texts[0].length, texts[1].data,
                                             texts[1].length), 0);
        apply(&out, &diff, texts[0].data, texts[0].length, texts[1].data);
        assert_string_equal(out.data, texts[1].data);
        for (size_t i = 0; i < diff.count; i++) {
            const struct diff_hunk *hunk = &diff.hunks[i];
            const char *text = texts[0].data;
            assert_true(hunk->old_end > hunk->old_start || hunk->new_end > hunk->new_start);
            for (unsigned side = 0; side < 2; side++) { /* no place within a character or line end */
                size_t at = side ? hunk->old_end : hunk->old_start;
                assert_true(((unsigned char)text[at] & 0xC0) != 0x80);
                assert_false(at > 0 && text[at - 1] == '\r' && text[at] == '\n');
            }
        }
        diff_finish(&diff);
        buffer_finish(&out);
        buffer_finish(&texts[0]);
        buffer_finish(&texts[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_lines_into_words),
        cmocka_unit_test(test_random_texts_within_lines),
        cmocka_unit_test(equal_texts_give_no_hunks),
        cmocka_unit_test(hunks_are_minimal),
        cmocka_unit_test(a_changed_line_end_is_a_change),
        cmocka_unit_test(empty_texts_and_nul_bytes),
        cmocka_unit_test(scripts_are_shortest),
        cmocka_unit_test(hunks_make_the_new_text_of_any_bytes),
        cmocka_unit_test(large_differences_are_bounded),
        cmocka_unit_test(unified_of_equal_texts_is_empty),
        cmocka_unit_test(unified_counts_and_contexts),
        cmocka_unit_test(unified_of_empty_texts),
        cmocka_unit_test(unified_without_newline_at_the_end),
        cmocka_unit_test(unified_lines_end_with_newlines_only),
        cmocka_unit_test(names_are_quoted_as_git_does),
        cmocka_unit_test(unified_obeys_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
