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
    kept = conversations_keep(conversations, id, "/a.c", &messages, answer, strlen(answer));
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
    assert_string_equal(first->about, "/a.c");
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

/* What was said in all, and of it what is gone on from within so many bytes. */
static void test_the_first_and_the_last_words_are_gone_on_from(void **state)
{
    static const char *const said[] = {"system", "code", "answer", "q1", "a1", "q2", "a2", "q3"};
    static const struct {
        size_t bytes_max;
        const char *kept;
    } rows[] = {
        {1000, "system code answer q1 a1 q2 a2 q3 a3 "},
        {28, "system code answer q1 a1 q2 a2 q3 a3 "},
        {27, "system code answer q2 a2 q3 a3 "},
        {20, "system code answer q3 a3 "},
        {19, "system code answer "},
        {0, "system code answer "},
    };
    struct chat_messages messages;
    struct conversation *kept;

    chat_messages_init(&messages);
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        chat_messages_add(&messages, i == 0 ? CHAT_SYSTEM : i % 2 ? CHAT_USER : CHAT_ASSISTANT,
                          said[i], strlen(said[i]));
    kept = conversations_keep(*state, NULL, "/a.c", &messages, "a3", 2);
    assert_non_null(kept);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer text CLEANUP(buffer_finish);

        buffer_init(&text, BUFFER_CAP);
        chat_messages_init(&messages);
        assert_int_equal(conversation_append(kept, rows[i].bytes_max, &messages), 0);
        for (size_t j = 0; j < messages.count; j++)
            buffer_printf(&text, "%s ", messages.items[j].content);
        assert_string_equal(text.data, rows[i].kept);
        chat_messages_finish(&messages);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_it_goes_on_under_its_id),
        TEST(test_the_one_used_longest_ago_is_forgotten),
        TEST(test_the_first_and_the_last_words_are_gone_on_from),
        TEST(test_one_that_grows_too_large_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
