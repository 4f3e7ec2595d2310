#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "protocol/retry_after.h"

/* Wed, 21 Oct 2015 07:28:00 GMT, the date of RFC 9110's examples. */
#define NOW INT64_C(1445412480)
#define DAY_MS INT64_C(86400000)

static void test_values(void **state)
{
    static const struct {
        const char *retry_after, *retry_after_ms;
        int64_t wanted;
    } rows[] = {
        {NULL, NULL, -1},
        {"2", NULL, 2000},
        {"0", NULL, 0},
        {"1.5", NULL, 1500},
        {"0.0004", NULL, 0},
        {".25", NULL, 250},
        {"1.23456789", NULL, 1234},
        {"999999999999999999999", NULL, DAY_MS},
        {"86401", NULL, DAY_MS},
        {"", NULL, -1},
        {".", NULL, -1},
        {"-1", NULL, -1},
        {"1e3", NULL, -1},
        {"2 s", NULL, -1},
        {"soon", NULL, -1},
        {"Wed, 21 Oct 2015 07:28:30 GMT", NULL, 30000},
        {"Wed, 21 Oct 2015 07:27:00 GMT", NULL, 0},
        {"Thu, 22 Oct 2015 08:00:00 GMT", NULL, DAY_MS},
        {"Wed, 21 Oct 2015 07:28:30 CET", NULL, -1},
        {"Wed, 21 Oct 2015", NULL, -1},
        {"60", "250", 250},
        {NULL, "1500.7", 1500},
        {"3", "never", 3000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = retry_after_parse(rows[i].retry_after, rows[i].retry_after_ms, NOW);
        if (got != rows[i].wanted)
            fail_msg("row %zu (%s): %lld", i, rows[i].retry_after ? rows[i].retry_after : "none",
                     (long long)got);
    }
}

static void test_times(void **state)
{
    (void)state;
    assert_int_equal(retry_after_time("Wed, 21 Oct 2015 07:28:00 GMT"), NOW);
    assert_int_equal(retry_after_time("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(retry_after_time(NULL), -1);
    assert_int_equal(retry_after_time(""), -1);
    assert_int_equal(retry_after_time("Wed, 21 Oct 2015 07:28:00"), -1);
    assert_int_equal(retry_after_time("1445412480"), -1);
}

static void test_words(void **state)
{
    static const struct {
        const char *text;
        int64_t wanted;
    } rows[] = {
        {"", -1},
        {"Rate limit reached for tokens. Please try again in 5.289s. Visit", 5289},
        {"Please retry in 120ms.", 120},
        {"Try again in 7 seconds", 7000},
        {"try again in 6m0s", 360000},
        {"retry after 2 minutes", 120000},
        {"try again in 250 milliseconds", 250},
        {"try again in 9999999h", -1},
        {"try again in 99999999999 s", DAY_MS},
        {"try again in 11111111111111111111 s", -1},
        {"try again in a while", -1},
        {"try again in 5", -1},
        {"try again in .s", -1},
        {"try again in ", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = retry_after_in_words(rows[i].text);
        if (got != rows[i].wanted)
            fail_msg("%s: %lld", rows[i].text, (long long)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
