#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/chat_surrogate.h"

static void check(uint16_t before, const char *text, uint16_t after, const char *wanted)
{
    struct buffer scratch CLEANUP(buffer_finish);
    uint16_t half = before;
    size_t length;

    buffer_init(&scratch, BUFFER_CAP);
    const char *mended = chat_surrogate_mend(&half, text, strlen(text), &scratch, &length);
    assert_non_null(mended);
    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(mended, wanted, length);
    assert_int_equal(half, after);
    assert_true((mended == text) == (strcmp(text, wanted) == 0));
}

static void takes_first_halves_out(void **state)
{
    (void)state;
    check(0, "{\"a\":\"b\\ud83d\"}", 0xD83D, "{\"a\":\"b\"}");
    check(0, "[\"\\uDBFF\",\"\\uD800\"]", 0xD800, "[\"\",\"\"]");
}

static void puts_them_before_second_halves(void **state)
{
    (void)state;
    check(0xD83D, "{\"a\":\"\\ude00b\"}", 0, "{\"a\":\"\\ud83d\\ude00b\"}");
    check(0xD83D, "[\"\\uDE00\\ud83c\"]", 0xD83C, "[\"\\ud83d\\uDE00\"]");
    check(0xD83D, "[\"x\",1]", 0, "[\"x\",1]");
    check(0xD83D, "[\"x\\ude00\"]", 0, "[\"x\\ude00\"]");
}

static void leaves_the_rest_alone(void **state)
{
    static const char *const rows[] = {
        "", "\"", "\"\\", "\"\\u", "\"\\ud83", "\"\\ud83d", "{}", "\\ud83d\"",
        "[\"\\ud83d\\ude00\"]", "[\"\\\\ud83d\"]", "[\"\\\"\\ud83dx\"]", "[\"\\ude00\"]",
        "[\"\\ud7ff\"]", "[\"\\ud83g\"]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check(0, rows[i], 0, rows[i]);
    }
}

static void a_full_buffer_tells(void **state)
{
    static const char text[] = "[\"abc\\ud83d\"]";
    struct buffer scratch CLEANUP(buffer_finish);
    uint16_t half = 0;
    size_t length;

    (void)state;
    buffer_init(&scratch, 3);
    assert_null(chat_surrogate_mend(&half, text, sizeof text - 1, &scratch, &length));
    assert_int_equal(buffer_error(&scratch), -EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_first_halves_out),
        cmocka_unit_test(puts_them_before_second_halves),
        cmocka_unit_test(leaves_the_rest_alone),
        cmocka_unit_test(a_full_buffer_tells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
