#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/answer/opening.h"

/* A line and the next one, and what that one's place is judged to be. */
static const struct row {
    const char *language;
    const char *line;
    const char *next;
    enum opening_judgement want;
} rows[] = {
    /* brackets */
    {"c", "    if (a) {", "        b();", OPENING_ALLOWS},
    {"c", "    if (a) {", "    b();", OPENING_FORBIDS},
    {"c", "    if (a) {", "    }", OPENING_ALLOWS},
    {"c", "    if (a) {", "}", OPENING_FORBIDS},
    {"c", "    a();", "}", OPENING_ENDS},
    {"c", "    a();", "b();", OPENING_FORBIDS},
    {"c", "    a();", "    b();", OPENING_ALLOWS},
    {"c", "    } else {", "    b();", OPENING_FORBIDS},
    {"c", "    a = '{';", "    b();", OPENING_ALLOWS},
    {"c", "    a(\"{\"); // {", "    b();", OPENING_ALLOWS},
    {"c", "    a(/* ( */ b);", "    b();", OPENING_ALLOWS},
    {"rust", "    fn f<'a>(a: &'a str) {", "    a", OPENING_FORBIDS},
    {"javascript", "    a.replace(/[({/]/, '')", "    b()", OPENING_ALLOWS},
    {"javascript", "    a = b / (c", "    / d)", OPENING_FORBIDS},
    /* statements without braces, and expressions that go on */
    {"c", "    if (a)", "    b();", OPENING_FORBIDS},
    {"c", "    if (a)", "    {", OPENING_ALLOWS},
    {"c", "    else", "    b();", OPENING_FORBIDS},
    {"c", "    } while (a)", "    b();", OPENING_ALLOWS},
    {"c", "    a =", "    b;", OPENING_FORBIDS},
    {"javascript", "    a", "    .b()", OPENING_FORBIDS},
    {"javascript", "    .a()", "    .b()", OPENING_ALLOWS},
    {"c", "    if (a) b();", "else", OPENING_FORBIDS},
    {"c", "    b();", "else", OPENING_ENDS},
    /* what stands anywhere */
    {"c", "    a();", "out:", OPENING_TELLS_NOTHING},
    {"c", "    a();", "#if B", OPENING_TELLS_NOTHING},
    {"css", "    a: b;", "#if {", OPENING_FORBIDS},
    {"c", "    a();", "case 1:", OPENING_TELLS_NOTHING},
    {"go", "\tcase 1:", "\ta()", OPENING_FORBIDS},
    {"c", "     * a", "    b", OPENING_ALLOWS},
    /* blocks that words end */
    {"ruby", "  def a(b)", "  c", OPENING_FORBIDS},
    {"ruby", "  def a = b", "  c", OPENING_FORBIDS},
    {"ruby", "  def a() = b", "  c", OPENING_ALLOWS},
    {"ruby", "  a.each do |b|", "  c", OPENING_FORBIDS},
    {"ruby", "  return if a", "  c", OPENING_ALLOWS},
    {"ruby", "  case a", "  when b", OPENING_ALLOWS},
    {"ruby", "  a", "end", OPENING_ENDS},
    {"lua", "  a = function(b)", "  c()", OPENING_FORBIDS},
    {"lua", "  if a then return end", "  c()", OPENING_ALLOWS},
    {"lua", "  a(#b)", "  c()", OPENING_ALLOWS},
    {"shellscript", "  if a; then # b", "  c", OPENING_FORBIDS},
    {"shellscript", "  while a", "  do", OPENING_ALLOWS},
    {"shellscript", "  a | b)", "  c", OPENING_FORBIDS},
    {"shellscript", "  a ${b#c} (", "  d", OPENING_FORBIDS},
    {"yaml", "  if a; then", "  b", OPENING_FORBIDS},
    /* blocks that indentation ends */
    {"python", "    if a:", "    b()", OPENING_FORBIDS},
    {"python", "    if a:  # b", "    b()", OPENING_FORBIDS},
    {"python", "        a()", "    b()", OPENING_ENDS},
    {"python", "    a()", "b()", OPENING_LEFT},
    {"python", "    a()", "else:", OPENING_ENDS},
    {"python", "    a = (b,", "    c)", OPENING_FORBIDS},
    /* a tab is eight columns */
    {"c", "\tif (a) {", "       b();", OPENING_FORBIDS},
    {"c", "\tif (a) {", "         b();", OPENING_ALLOWS},
};

static void test_next_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct language_layout layout = language_layout(rows[i].language);
        size_t blanks = lines_indent(rows[i].next, strlen(rows[i].next));
        struct opening opening;

        if (!opening_read(&opening, &layout, rows[i].line, strlen(rows[i].line)))
            fail_msg("%s: nothing is told", rows[i].line);
        if (opening_judge(&opening, opening_depth(0, rows[i].next, blanks), rows[i].next + blanks,
                          strlen(rows[i].next) - blanks) != rows[i].want)
            fail_msg("%s: %s\n%s", rows[i].language, rows[i].line, rows[i].next);
    }
}

/* Behind these anything may follow at any depth. */
static void test_lines_that_tell_nothing(void **state)
{
    static const struct {
        const char *language;
        const char *line;
    } untold[] = {
        {"c", "        b) {"},       {"c", "    /* a"},         {"c", "     */"},
        {"c", "    a(\"b"},          {"c", "    "},             {"python", "    \"\"\"A text."},
        {"javascript", "    a = `b"}, {"shellscript", "  cat <<EOF"}, {"lua", "  a = [[b"},
        {"ruby", "  a = <<~TEXT"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(untold) / sizeof(untold[0]); i++) {
        struct language_layout layout = language_layout(untold[i].language);
        struct opening opening;

        if (opening_read(&opening, &layout, untold[i].line, strlen(untold[i].line)))
            fail_msg("%s", untold[i].line);
    }
}

static void test_what_has_come_of_a_line(void **state)
{
    (void)state;
    assert_false(opening_can_judge("  els", 5));
    assert_true(opening_can_judge("  els(a", 7));
    assert_false(opening_can_judge("  #", 3));
    assert_true(opening_can_judge("  }", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next_lines),
        cmocka_unit_test(test_lines_that_tell_nothing),
        cmocka_unit_test(test_what_has_come_of_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
