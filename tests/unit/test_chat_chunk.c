#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "protocol/chat.h"

/* What single chunks are taken for; streams of them are in test_chat_decoder.c. */

static int keep_text(void *context, unsigned index, const char *text, size_t length)
{
    return index == 0 ? buffer_append(context, text, length) : 0;
}

#define DELTA(members) \
    "data: {\"choices\":[{\"index\":0,\"delta\":{" members "},\"finish_reason\":null}]}\n\n"
#define CONTENT(text) DELTA("\"content\":\"" text "\"")
#define STOP "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"

static size_t events_of(const char *body)
{
    struct chat_decoder decoder CLEANUP(chat_decoder_finish);
    struct buffer text CLEANUP(buffer_finish);

    buffer_init(&text, BUFFER_CAP);
    chat_decoder_init(&decoder, keep_text, &text);
    assert_int_equal(chat_decoder_feed(&decoder, body, strlen(body)), 0);
    return decoder.events;
}

static void signs_of_life_are_not_an_answer(void **state)
{
    (void)state;
    assert_int_equal(events_of(": ping\n\n"), 0);
    assert_int_equal(events_of("event: ping\ndata: {}\n\n"), 0);
    assert_int_equal(events_of("data: {\"choices\":[]}\n\n"), 0);
    assert_int_equal(events_of("data: {\"choices\":null}\n\n"), 0);
    assert_int_equal(events_of(DELTA("\"role\":\"assistant\",\"content\":\"\"")), 0);
    assert_int_equal(events_of(DELTA("\"content\":null,\"tool_calls\":null")), 0);
    assert_int_equal(events_of(DELTA("\"function_call\":{\"name\":\"\",\"arguments\":\"\"}")), 0);
}

static void what_goes_on_is_counted(void **state)
{
    (void)state;
    assert_int_equal(events_of(CONTENT("a") CONTENT("b") STOP), 3);
    assert_int_equal(events_of(DELTA("\"reasoning\":\"a\"")), 1);
    assert_int_equal(events_of(DELTA("\"reasoning_details\":[{}]")), 1);
    assert_int_equal(events_of(DELTA("\"content\":[{\"type\":\"text\",\"text\":\"a\"}]")), 1);
    assert_int_equal(events_of(DELTA("\"tool_calls\":[{\"index\":0}]")), 1);
}

static void refusals_are_no_answer(void **state)
{
    static const char body[] = DELTA("\"refusal\":\"I must \",\"content\":null")
        DELTA("\"refusal\":\"not.\\n\"") DELTA("\"refusal\":null") STOP;
    struct chat_decoder decoder CLEANUP(chat_decoder_finish);
    struct buffer text CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    chat_decoder_init(&decoder, keep_text, &text);
    assert_int_equal(chat_decoder_feed(&decoder, body, strlen(body)), 0);
    assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
    assert_int_equal(text.length, 0);
    assert_false(decoder.answer_seen);
    assert_int_equal(decoder.events, 3);
    assert_string_equal(decoder.refusal.data, "I must not.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_of_life_are_not_an_answer),
        cmocka_unit_test(what_goes_on_is_counted),
        cmocka_unit_test(refusals_are_no_answer),
    };

    return cmocka_run_group_tests_name("chat_chunk", tests, NULL, NULL);
}
