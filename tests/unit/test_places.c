#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/places.h"

struct scratch {
    char directory[64];
    char rules[PATH_MAX];
    uv_loop_t loop;
    struct places places;
    unsigned changes;
};

static void on_changed(void *context)
{
    struct scratch *scratch = context;

    scratch->changes++;
}

static int set_up(void **state)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));

    assert_non_null(scratch);
    strcpy(scratch->directory, "/tmp/gridls-place-XXXXXX");
    assert_non_null(mkdtemp(scratch->directory));
    snprintf(scratch->rules, sizeof(scratch->rules), "%s/" PLACES_RULES_FILE, scratch->directory);
    assert_int_equal(uv_loop_init(&scratch->loop), 0);
    places_init(&scratch->places, &scratch->loop, NULL, on_changed, scratch);
    *state = scratch;
    return 0;
}

static int tear_down(void **state)
{
    struct scratch *scratch = *state;

    places_finish(&scratch->places);
    assert_int_equal(scratch->places.count, 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scratch->loop), 0);
    unlink(scratch->rules);
    assert_int_equal(rmdir(scratch->directory), 0);
    free(scratch);
    return 0;
}

static void write_rules(const struct scratch *scratch, const char *text)
{
    FILE *file = fopen(scratch->rules, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static struct place *load(struct scratch *scratch, unsigned max_age_ms)
{
    size_t length = strlen(scratch->directory);

    assert_int_equal(places_load(&scratch->places, PLACE_DIRECTORY, scratch->directory, length,
                                 max_age_ms), 0);
    return places_find(&scratch->places, PLACE_DIRECTORY, scratch->directory, length);
}

static bool ignores(const struct scratch *scratch, const struct place *place, const char *name)
{
    const struct ignore_rules *rules = place->rules;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", scratch->directory + 1, name);
    return rules && ignore_match(&rules, 1, path);
}

static void on_timer(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
}

/* Lets the loop's clock go on. */
static void let_time_pass(struct scratch *scratch)
{
    uv_timer_t timer;

    uv_timer_init(&scratch->loop, &timer);
    uv_timer_start(&timer, on_timer, 5, 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
}

static void test_old_knowledge_holds_until_the_new_is_there(void **state)
{
    struct scratch *scratch = *state;
    struct place *place;

    write_rules(scratch, "x\n");
    place = load(scratch, 0);
    assert_false(place->is_known);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->changes, 1);
    assert_true(ignores(scratch, place, "x"));

    write_rules(scratch, "y\n");
    let_time_pass(scratch);
    load(scratch, 0); /* it is known */
    load(scratch, 60000); /* and young enough */
    assert_null(place->request);
    load(scratch, 1);
    load(scratch, 1);
    assert_non_null(place->request);
    assert_true(place->is_known && ignores(scratch, place, "x"));
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->changes, 2);
    assert_false(ignores(scratch, place, "x"));
    assert_true(ignores(scratch, place, "y"));
}

static void test_kinds_are_apart(void **state)
{
    struct scratch *scratch = *state;

    assert_int_equal(places_load(&scratch->places, PLACE_LINK, "/tmpx", 4, 0), 0);
    assert_null(places_find(&scratch->places, PLACE_DIRECTORY, "/tmp", 4));
    assert_null(places_find(&scratch->places, PLACE_LINK, "/tm", 3));
    assert_non_null(places_find(&scratch->places, PLACE_LINK, "/tmp", 4));
    places_forget(&scratch->places, PLACE_DIRECTORY, "/tmp");
    places_forget(&scratch->places, PLACE_LINK, "/tm");
    assert_int_equal(scratch->places.count, 1);
    places_forget(&scratch->places, PLACE_LINK, "/tmp");
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->changes, 0);
}

static void test_the_root_directory(void **state)
{
    struct scratch *scratch = *state;
    struct place *place;

    assert_int_equal(places_load(&scratch->places, PLACE_LINK, "/gridls-none/x", 14, 0), 0);
    assert_int_equal(places_load(&scratch->places, PLACE_DIRECTORY, "", 0, 0), 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    place = places_find(&scratch->places, PLACE_LINK, "/gridls-none/x", 14);
    assert_true(place->is_known && !place->is_closed);
    assert_null(place->real);
    assert_true(places_find(&scratch->places, PLACE_DIRECTORY, "", 0)->is_known);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_old_knowledge_holds_until_the_new_is_there),
        TEST(test_kinds_are_apart),
        TEST(test_the_root_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
