#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/pace.h"

/* Keys at even distances. */
static void type(struct pace *pace, uint64_t *now, unsigned keys, unsigned gap_ms)
{
    for (; keys > 0; keys--)
        pace_note_key(pace, *now += gap_ms);
}

static void test_a_run_is_over_after_half_a_gap_more(void **state)
{
    struct pace pace = {0};
    uint64_t now = 1000;

    (void)state;
    for (int i = 0; i < 60; i++)
        pace_note_latency(&pace, 1);
    type(&pace, &now, 60, 120);
    assert_in_range(pace_rest_ms(&pace, 400, false), 170, 185);
    type(&pace, &now, 60, 200);
    assert_in_range(pace_rest_ms(&pace, 400, false), 285, 305);
}

static void test_never_more_than_the_setting_nor_less_than_a_quarter(void **state)
{
    struct pace pace = {0};
    uint64_t now = 1000;

    (void)state;
    type(&pace, &now, 60, 900);
    assert_int_equal(pace_rest_ms(&pace, 150, false), 150);
    assert_int_equal(pace_rest_ms(&pace, 0, false), 0);
    type(&pace, &now, 60, 20);
    assert_int_equal(pace_rest_ms(&pace, 150, false), 37);
}

static void test_a_line_that_was_just_begun_waits_least(void **state)
{
    struct pace pace = {0};
    uint64_t now = 1000;

    (void)state;
    type(&pace, &now, 60, 150);
    assert_int_equal(pace_rest_ms(&pace, 400, true), 100);
    assert_true(pace_rest_ms(&pace, 400, false) > 100);
    assert_int_equal(pace_rest_ms(&pace, 0, true), 0);
}

static void test_slow_answers_are_asked_for_sooner(void **state)
{
    struct pace fast = {0}, slow = {0};
    uint64_t now = 1000;

    (void)state;
    type(&fast, &now, 60, 150);
    type(&slow, &now, 60, 150);
    for (int i = 0; i < 60; i++) {
        pace_note_latency(&fast, 50);
        pace_note_latency(&slow, 1800);
    }
    assert_true(pace_rest_ms(&slow, 400, false) * 2 <= pace_rest_ms(&fast, 400, false));
    pace_note_latency(&slow, UINT64_MAX); /* a clock that went wrong spoils nothing */
    assert_in_range(pace_rest_ms(&slow, 400, false), 100, 400);
}

/* A person who thinks, and a program that changes the text, say nothing about the pace of typing. */
static void test_pauses_and_bursts_do_not_count(void **state)
{
    struct pace pace = {0};
    uint64_t now = 1000;

    (void)state;
    type(&pace, &now, 60, 150);
    uint32_t before = pace_rest_ms(&pace, 400, false);
    type(&pace, &now, 20, 5000);
    type(&pace, &now, 1, 1001);
    for (int i = 0; i < 500; i++)
        pace_note_key(&pace, now);
    assert_int_equal(pace_rest_ms(&pace, 400, false), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_run_is_over_after_half_a_gap_more),
        cmocka_unit_test(test_never_more_than_the_setting_nor_less_than_a_quarter),
        cmocka_unit_test(test_a_line_that_was_just_begun_waits_least),
        cmocka_unit_test(test_slow_answers_are_asked_for_sooner),
        cmocka_unit_test(test_pauses_and_bursts_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
