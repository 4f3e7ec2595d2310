#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "protocol/oneline.h"
#include "protocol/utf8.h"

static void check(const char *text, size_t size, const char *wanted)
{
    char *out = malloc(size); /* exact, for the address sanitizer */

    assert_non_null(out);
    oneline_copy(out, size, text, strlen(text));
    assert_string_equal(out, wanted);
    free(out);
}

static void makes_one_line(void **state)
{
    (void)state;
    check("", 4, "");
    check("abc", 4, "abc");
    check(" \t a \r\n b\x7f ", 32, "a b");
    check("a\xC2\x85\xC2\xA0" "b\xE2\x80\xA8" "c", 32, "a b c");
    check("a\xE2\x80\xAE" "b\xEF\xBB\xBF" "c", 32, "abc");
    check("\x1b[31mred", 32, "[31mred");
    check("bad\xFF\xC3", 32, "bad\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void cuts_between_characters(void **state)
{
    (void)state;
    check("abcd", 4, "\xE2\x80\xA6");
    check("abcde", 5, "a\xE2\x80\xA6");
    check("abcd", 5, "abcd");
    check("\xC3\xA9\xC3\xA9\xC3\xA9", 6, "\xC3\xA9\xE2\x80\xA6");
    check("\xC3\xA9\xC3\xA9\xC3\xA9", 7, "\xC3\xA9\xC3\xA9\xC3\xA9");
    check("ab \n  ", 5, "ab"); /* blanks at the end are not too long */
}

static void is_valid_for_every_size(void **state)
{
    static const char text[] = "a \xE2\x82\xAC\xF0\x9F\x98\x80 \xC3\xA9 b\xFF c";

    (void)state;
    for (size_t size = 4; size < 40; size++) {
        char out[40];

        oneline_copy(out, size, text, sizeof text - 1);
        assert_true(strlen(out) < size);
        assert_true(utf8_is_valid(out, strlen(out)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_one_line),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(is_valid_for_every_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
