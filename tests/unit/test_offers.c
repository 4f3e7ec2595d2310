#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/offers.h"

static int setup(void **state)
{
    struct offers *offers;

    assert_int_equal(offers_create(&offers), 0);
    *state = offers;
    return 0;
}

static int teardown(void **state)
{
    offers_destroy(*state);
    return 0;
}

/* The place in a document at which a mark stands in its text. */
static struct offer_place place_in(const char *document, const char *text)
{
    const char *mark = strchr(text, '|');
    struct offer_place place;

    assert_non_null(mark);
    offer_place_init(&place);
    place.offset = (size_t)(mark - text);
    buffer_append_string(&place.document, document);
    buffer_append(&place.before, text, place.offset);
    buffer_append_string(&place.after, mark + 1);
    return place;
}

static void offer(struct offers *offers, const char *text, const char *offered)
{
    struct offer_place place = place_in("file:///a", text);
    struct offer_text one = {offered, strlen(offered), 0};

    offers_add(offers, &place, &one, one.length > 0 ? 1 : 0, false);
    offer_place_finish(&place);
}

/* What is offered there, all candidates with `/` between them: NULL where nothing is known. */
static const char *found(struct offers *offers, const char *document, const char *text)
{
    static char joined[256];
    struct offer_place place = place_in(document, text);
    struct offer_found found;
    bool is_known = offers_find(offers, &place, &found);

    joined[0] = '\0';
    for (size_t i = 0; is_known && i < found.count; i++)
        snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%.*s", i ? "/" : "",
                 (int)found.texts[i].length, found.texts[i].text);
    offer_place_finish(&place);
    return is_known ? joined : NULL;
}

static void assert_offers(struct offers *offers, const char *text, const char *wanted)
{
    const char *rest = found(offers, "file:///a", text);

    assert_non_null(rest);
    assert_string_equal(rest, wanted);
}

static void assert_unknown(struct offers *offers, const char *text)
{
    assert_null(found(offers, "file:///a", text));
}

static void test_typing_through_and_deleting_back(void **state)
{
    offer(*state, "int x = |;\n", "y + 1");
    assert_offers(*state, "int x = |;\n", "y + 1");
    assert_offers(*state, "int x = y +|;\n", " 1");
    assert_offers(*state, "int x = y|;\n", " + 1");
    assert_unknown(*state, "int x = z|;\n");
    assert_unknown(*state, "int x =|;\n");
    /* All of it is there: nothing is left to offer, and what follows is not known. */
    assert_unknown(*state, "int x = y + 1|;\n");
}

static void test_only_where_it_stood(void **state)
{
    offer(*state, "a(|)\n", "b, c");
    assert_unknown(*state, "a(|]\n");
    assert_unknown(*state, "a(|)");
    assert_unknown(*state, "x(|)\n");
    assert_unknown(*state, "aa(|)\n");
    assert_null(found(*state, "file:///b", "a(|)\n"));
    assert_offers(*state, "a(b|)\n", ", c");
}

/* A change far above moves the place: what stands round it is the same. */
static void test_coming_back_behind_a_change_elsewhere(void **state)
{
    char before[3000];
    char text[4000];

    memset(before, '.', sizeof(before));
    before[2999] = '\0';
    snprintf(text, sizeof(text), "%sx = |;\n", before);
    offer(*state, text, "y + 1");
    snprintf(text, sizeof(text), "/* new */\n%sx = |;\n", before);
    assert_offers(*state, text, "y + 1");
    snprintf(text, sizeof(text), "/* new */\n%sx = y +|;\n", before);
    assert_offers(*state, text, " 1");
    assert_offers(*state, text, " 1");
    snprintf(text, sizeof(text), "%sx = yy|;\n", before + 5);
    assert_unknown(*state, text);
}

/* Where the document begins counts as well. */
static void test_the_start_of_the_document_is_text_round_it(void **state)
{
    offer(*state, "x = |\n", "aa");
    assert_unknown(*state, "yx = |\n");
    assert_unknown(*state, " = |\n");
    assert_offers(*state, "x = a|\n", "a");
}

static void test_nothing_to_offer_is_known_too(void **state)
{
    offer(*state, "x|\n", "");
    assert_offers(*state, "x|\n", "");
    assert_unknown(*state, "xy|\n");
}

static void test_the_newest_wins_and_the_oldest_goes(void **state)
{
    char text[32];

    offer(*state, "x|\n", "old");
    offer(*state, "x|\n", "new");
    assert_offers(*state, "x|\n", "new");
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof(text), "%d|\n", i);
        offer(*state, text, "more");
    }
    assert_unknown(*state, "x|\n");
    assert_offers(*state, "99|\n", "more");
}

static void test_of_several_those_that_fit_what_is_typed(void **state)
{
    struct offer_place place = place_in("file:///a", "x = |\n");
    struct offer_text texts[] = {{"first()", 7, 0}, {"fourth(1)", 9, 2}, {"last()", 6, 0}};
    struct offer_found found;

    offers_add(*state, &place, texts, 3, true);
    assert_offers(*state, "x = |\n", "first()/fourth(1)/last()");
    assert_offers(*state, "x = f|\n", "irst()/ourth(1)");
    assert_offers(*state, "x = fo|\n", "urth(1)");
    assert_unknown(*state, "x = fox|\n");
    offer_place_finish(&place);
    place = place_in("file:///a", "x = fo|\n");
    assert_true(offers_find(*state, &place, &found));
    assert_true(found.several);
    assert_int_equal(found.texts[0].replace_after, 2);
    offer_place_finish(&place);
}

/* Only so much of a text is compared: a change far above does not lose the offer, one near does. */
static void test_far_text_does_not_count(void **state)
{
    char far[4200];
    char near[4200];

    memset(far, '.', sizeof(far));
    strcpy(far + 4000, "x|\n");
    memcpy(near, far, sizeof(far));
    offer(*state, far, "y");
    far[0] = '!';
    assert_offers(*state, far, "y");
    near[3999] = '!';
    assert_unknown(*state, near);
}

static void test_follows(void **state)
{
    struct offer_place origin = place_in("file:///a", "é|\n");
    struct offer_place now = place_in("file:///a", "éàb|\n");
    size_t typed = 0;

    (void)state;
    assert_true(offer_place_follows(&now, &origin, &typed));
    assert_int_equal(typed, strlen("àb"));
    assert_false(offer_place_follows(&origin, &now, &typed));
    offer_place_finish(&origin);
    offer_place_finish(&now);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_typing_through_and_deleting_back),
        TEST(test_only_where_it_stood),
        TEST(test_coming_back_behind_a_change_elsewhere),
        TEST(test_the_start_of_the_document_is_text_round_it),
        TEST(test_nothing_to_offer_is_known_too),
        TEST(test_the_newest_wins_and_the_oldest_goes),
        TEST(test_of_several_those_that_fit_what_is_typed),
        TEST(test_far_text_does_not_count),
        cmocka_unit_test(test_follows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
