#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/chat_messages.h"

static int ignore_text(void *context, unsigned index, const char *text, size_t length)
{
    (void)context;
    (void)index;
    (void)text;
    (void)length;
    return 0;
}

static void assert_written(const struct chat_messages *messages, bool with_reasoning,
                           const char *wanted)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json *root CLEANUP(json_cleanup) = NULL;
    struct json_writer writer;

    buffer_init(&out, BUFFER_CAP);
    json_writer_init(&writer, &out);
    chat_messages_write(messages, with_reasoning, &writer);
    assert_string_equal(out.data, wanted);
    assert_int_equal(json_parse(out.data, out.length, &root), 0);
}

/* The messages after one turn that was decoded from `body` and said `content`. */
static void check_turn(const char *body, const char *content, bool with_reasoning,
                       const char *wanted)
{
    struct chat_messages messages CLEANUP(chat_messages_finish);
    struct chat_decoder decoder CLEANUP(chat_decoder_finish);

    chat_messages_init(&messages);
    chat_decoder_init(&decoder, ignore_text, NULL);
    decoder.keep_reasoning = true;
    assert_int_equal(chat_decoder_feed(&decoder, body, strlen(body)), 0);
    assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
    assert_int_equal(chat_messages_add_turn(&messages, &decoder, content, strlen(content)), 0);
    assert_written(&messages, with_reasoning, wanted);
}

#define CALL "\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]"
#define WRITTEN \
    "\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\"," \
    "\"arguments\":\"{}\"}}]}]"
#define MESSAGE(members) \
    "{\"choices\":[{\"message\":{" members "},\"finish_reason\":\"tool_calls\"}]}"

static void turns_with_calls_go_back(void **state)
{
    (void)state;
    check_turn(MESSAGE("\"content\":\"so\"," CALL), "so", true,
               "[{\"role\":\"assistant\",\"content\":\"so\"," WRITTEN);
    check_turn(MESSAGE(CALL), "", true, "[{\"role\":\"assistant\",\"content\":null," WRITTEN);
}

static void reasoning_goes_back_with_calls_only(void **state)
{
    (void)state;
    check_turn(MESSAGE("\"reasoning_content\":\"hm\"," CALL), "", true,
               "[{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"hm\"," WRITTEN);
    check_turn(MESSAGE("\"reasoning\":\"hm\"," CALL), "", true,
               "[{\"role\":\"assistant\",\"content\":null,\"reasoning\":\"hm\"," WRITTEN);
    check_turn(MESSAGE("\"reasoning\":\"hm\",\"reasoning_content\":\"hm\"," CALL), "", true,
               "[{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"hm\"," WRITTEN);
    check_turn(MESSAGE("\"reasoning_content\":\"hm\"," CALL), "", false,
               "[{\"role\":\"assistant\",\"content\":null," WRITTEN);
    check_turn(MESSAGE("\"reasoning_content\":\"hm\",\"content\":\"so\""), "so", true,
               "[{\"role\":\"assistant\",\"content\":\"so\"}]");
}

static void reasoning_is_joined_and_kept_when_asked_for(void **state)
{
    static const char body[] =
        "data: {\"choices\":[{\"delta\":{\"reasoning\":\"a\"}}]}\n\n"
        "data: {\"choices\":[{\"delta\":{\"reasoning\":\"b\",\"reasoning_content\":\"b\"}},"
        "{\"index\":1,\"delta\":{\"reasoning\":\"other\"}}]}\n\n"
        "data: [DONE]\n\n";
    struct chat_decoder decoder;

    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        chat_decoder_init(&decoder, ignore_text, NULL);
        decoder.keep_reasoning = keep == 1;
        assert_int_equal(chat_decoder_feed(&decoder, body, strlen(body)), 0);
        assert_true(decoder.reasoning_seen);
        assert_string_equal(decoder.reasoning.data, keep ? "ab" : "");
        chat_decoder_finish(&decoder);
    }
}

static void results_name_their_call(void **state)
{
    struct chat_messages messages CLEANUP(chat_messages_finish);

    (void)state;
    chat_messages_init(&messages);
    assert_int_equal(chat_messages_add_result(&messages, "a\"", "4", 1), 0);
    assert_int_equal(chat_messages_add_result(&messages, "b", NULL, 0), 0);
    assert_written(&messages, true,
                   "[{\"role\":\"tool\",\"content\":\"4\",\"tool_call_id\":\"a\\\"\"},"
                   "{\"role\":\"tool\",\"content\":\"\",\"tool_call_id\":\"b\"}]");
    messages.error = -ENOMEM;
    assert_int_equal(chat_messages_add_result(&messages, "c", "", 0), -ENOMEM);
    assert_int_equal(messages.count, 2);
}

static void copies_hold_all_of_a_turn(void **state)
{
    static const char body[] = MESSAGE("\"reasoning\":\"hm\"," CALL);
    struct chat_messages messages CLEANUP(chat_messages_finish);
    struct chat_messages copies CLEANUP(chat_messages_finish);
    struct chat_decoder decoder CLEANUP(chat_decoder_finish);

    (void)state;
    chat_messages_init(&messages);
    chat_messages_init(&copies);
    chat_decoder_init(&decoder, ignore_text, NULL);
    decoder.keep_reasoning = true;
    assert_int_equal(chat_decoder_feed(&decoder, body, strlen(body)), 0);
    assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
    chat_messages_add_turn(&messages, &decoder, "", 0);
    chat_messages_add_result(&messages, "a", "4", 1);
    assert_int_equal(chat_messages_add_copies(&copies, &messages), 0);
    chat_messages_finish(&messages);
    assert_written(&copies, true,
                   "[{\"role\":\"assistant\",\"content\":null,\"reasoning\":\"hm\","
                   "\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\",\"function\":"
                   "{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
                   "{\"role\":\"tool\",\"content\":\"4\",\"tool_call_id\":\"a\"}]");
    messages.error = -ENOMEM;
    assert_int_equal(chat_messages_add_copies(&copies, &messages), -ENOMEM);
    messages.error = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_with_calls_go_back),
        cmocka_unit_test(reasoning_goes_back_with_calls_only),
        cmocka_unit_test(reasoning_is_joined_and_kept_when_asked_for),
        cmocka_unit_test(results_name_their_call),
        cmocka_unit_test(copies_hold_all_of_a_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
