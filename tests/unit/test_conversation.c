#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/conversation.h"

static int setup(void **state)
{
    struct conversations *conversations;

    assert_int_equal(conversations_create(&conversations), 0);
    *state = conversations;
    return 0;
}

static int teardown(void **state)
{
    conversations_destroy(*state);
    return 0;
}

static struct conversation *keep(struct conversations *conversations, const char *id,
                                 const char *question, const char *answer)
{
    struct chat_messages messages;
    struct conversation *kept;

    chat_messages_init(&messages);
    chat_messages_add(&messages, CHAT_USER, question, strlen(question));
    kept = conversations_keep(conversations, id, &messages, answer, strlen(answer));
    chat_messages_finish(&messages);
    return kept;
}

static void test_it_goes_on_under_its_id(void **state)
{
    struct conversation *first = keep(*state, NULL, "why?", "because");
    char id[sizeof(first->id)];
    struct conversation *again;

    assert_non_null(first);
    assert_int_equal(first->messages.count, 2);
    assert_int_equal(first->messages.items[1].role, CHAT_ASSISTANT);
    assert_string_equal(first->messages.items[1].content, "because");
    strcpy(id, first->id);
    again = keep(*state, id, "and then?", "then that");
    assert_string_equal(again->id, id);
    assert_string_equal(again->messages.items[0].content, "and then?");
    assert_ptr_equal(conversations_find(*state, id), again);
    assert_null(conversations_find(*state, "conversation-77"));
}

static void test_the_one_used_longest_ago_is_forgotten(void **state)
{
    char first[24], second[24];

    strcpy(first, keep(*state, NULL, "1", "a")->id);
    strcpy(second, keep(*state, NULL, "2", "b")->id);
    assert_string_not_equal(first, second);
    for (int i = 0; i < 14; i++)
        assert_non_null(keep(*state, NULL, "more", "more"));
    assert_non_null(conversations_find(*state, first)); /* and so used */
    assert_non_null(keep(*state, NULL, "one too many", "more"));
    assert_non_null(conversations_find(*state, first));
    assert_null(conversations_find(*state, second));
}

static void test_one_that_grows_too_large_ends(void **state)
{
    size_t length = (size_t)1 << 20;
    char *large = malloc(length + 1);

    assert_non_null(large);
    memset(large, 'x', length);
    large[length] = '\0';
    assert_null(keep(*state, NULL, "why?", large));
    free(large);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_goes_on_under_its_id),
        TEST(test_the_one_used_longest_ago_is_forgotten),
        TEST(test_one_that_grows_too_large_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
