#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "daemon/instruments.h"

static const char *const nine[] = {
    "text-standard", "text-prime", "text-max",       "code-standard", "code-prime",
    "code-max",      "agent-standard", "agent-prime", "agent-max",
};

static void the_nine_have_limits(void **state)
{
    const struct config grid = {.is_the_grid = true};

    (void)state;
    for (size_t i = 0; i < sizeof(nine) / sizeof(nine[0]); i++) {
        struct chat_model limits = instrument_limits(NULL, &grid, nine[i]);

        assert_null(config_nearest_instrument(nine[i]));
        assert_string_equal(limits.id, nine[i]);
        assert_true(limits.context_length >= 128000);
        assert_true(limits.max_output >= 65536 && limits.max_output < limits.context_length);
        assert_true(limits.efforts & CHAT_EFFORT_LOW);
        assert_true(limits.max_input >= 120000 && limits.max_input < limits.context_length);
        assert_int_equal((limits.efforts & CHAT_EFFORT_NONE) != 0, strstr(nine[i], "-max") != NULL);
    }
    assert_int_equal(instrument_limits(NULL, &grid, "Code-Prime").context_length, 196608);
}

static void other_names_and_places_have_none(void **state)
{
    const struct config grid = {.is_the_grid = true};
    const struct config other = {.is_the_grid = false};
    struct chat_model limits = instrument_limits(NULL, &grid, "glm-latest");

    (void)state;
    assert_int_equal(limits.context_length + limits.max_output + limits.efforts, 0);
    limits = instrument_limits(NULL, &other, "code-prime");
    assert_int_equal(limits.context_length + limits.max_output + limits.efforts, 0);
    assert_string_equal(limits.id, "code-prime");
}

static void what_was_told_wins(void **state)
{
    const struct config grid = {.is_the_grid = true};
    const struct chat_model told = {"code-prime", 256000, 0, CHAT_EFFORT_HIGH, 0};
    struct chat_model limits = instrument_limits(&told, &grid, "code-prime");

    (void)state;
    assert_int_equal(limits.context_length, 256000);
    assert_int_equal(limits.max_output, 131072);
    assert_int_equal(limits.efforts, CHAT_EFFORT_HIGH);
    assert_int_equal(limits.max_input, 120000);
    limits = instrument_limits(&told, &(struct config){0}, "code-prime");
    assert_int_equal(limits.max_output, 0);
}

static void limits_bound_what_is_asked_for(void **state)
{
    (void)state;
    assert_int_equal(instrument_max_tokens(&(struct chat_model){.max_output = 100}, 99), 99);
    assert_int_equal(instrument_max_tokens(&(struct chat_model){.max_output = 100}, 101), 100);
    assert_int_equal(instrument_max_tokens(&(struct chat_model){0}, 101), 101);
    assert_int_equal(instrument_max_tokens(&(struct chat_model){.max_output = 100}, 0), 0);
}

static void prompts_have_the_room_that_is_left(void **state)
{
    (void)state;
    assert_int_equal(instrument_room(&(struct chat_model){0}, 100), -1);
    assert_int_equal(instrument_room(&(struct chat_model){.context_length = 1000}, 100), 900);
    assert_int_equal(instrument_room(&(struct chat_model){.context_length = 1000, .max_output = 50},
                                     100), 950);
    assert_int_equal(instrument_room(&(struct chat_model){.context_length = 1000}, 2000), 0);
    /* A prompt may have a limit of its own, below the context. */
    assert_int_equal(instrument_room(&(struct chat_model){.context_length = 1000, .max_input = 500},
                                     100), 500);
    assert_int_equal(instrument_room(&(struct chat_model){.context_length = 1000, .max_input = 950},
                                     100), 900);
    assert_int_equal(instrument_room(&(struct chat_model){.max_input = 500}, 100), 500);
}

static void check_effort(unsigned taken, const char *wanted, const char *asked)
{
    const struct chat_model limits = {.efforts = taken};
    const char *effort = instrument_effort(&limits, wanted);

    if (asked)
        assert_string_equal(effort, asked);
    else
        assert_null(effort);
}

static void efforts_are_the_nearest_that_are_taken(void **state)
{
    const unsigned standard = CHAT_EFFORT_LOW | CHAT_EFFORT_MEDIUM | CHAT_EFFORT_HIGH;

    (void)state;
    check_effort(standard, "low", "low");
    check_effort(standard, "minimal", "low");
    check_effort(standard, "none", "low");
    check_effort(standard, "xhigh", "high");
    check_effort(CHAT_EFFORT_LOW | CHAT_EFFORT_HIGH, "medium", "low");
    check_effort(CHAT_EFFORT_XHIGH, "none", "xhigh");
    check_effort(CHAT_EFFORT_NONE, "xhigh", "none");
    check_effort(0, "none", "none");
    check_effort(standard, "odd", "odd");
    check_effort(standard, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nine_have_limits),
        cmocka_unit_test(other_names_and_places_have_none),
        cmocka_unit_test(what_was_told_wins),
        cmocka_unit_test(limits_bound_what_is_asked_for),
        cmocka_unit_test(prompts_have_the_room_that_is_left),
        cmocka_unit_test(efforts_are_the_nearest_that_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
