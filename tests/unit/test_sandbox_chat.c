#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/sandbox_chat.h"
#include "protocol/chat.h"
#include "protocol/utf8.h"

static int read_body(struct sandbox_chat *chat, const char *body)
{
    struct buffer problem CLEANUP(buffer_finish);
    int status;

    buffer_init(&problem, 1024);
    status = sandbox_chat_read(chat, body, strlen(body), &problem);
    assert_true((status == 200) == (problem.length == 0));
    return status;
}

static void test_reads_requests(void **state)
{
    struct sandbox_chat chat;

    (void)state;
    assert_int_equal(read_body(&chat, "{\"model\":\"code-prime\",\"stream\":true,"
                                      "\"stream_options\":"
                                      "{\"include_usage\":true},\"max_completion_tokens\":7,"
                                      "\"messages\":[{\"role\":\"user\",\"content\":\"one\"},"
                                      "{\"role\":\"assistant\",\"content\":null},"
                                      "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
                                      "\"tw\"},{\"type\":\"image_url\"},{\"text\":\"o\"}]}]}"),
                     200);
    assert_true(chat.stream);
    assert_true(chat.include_usage);
    assert_int_equal(chat.max_tokens, 7);
    assert_int_equal(chat.prompt_bytes, 6);
    assert_string_equal(chat.prompt.data, "two");
    sandbox_chat_finish(&chat);
    sandbox_chat_finish(NULL);
}

static void test_refuses_requests(void **state)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"", 400},
        {"nonsense", 400},
        {"[]", 400},
        {"{}", 400},
        {"{\"model\":\"code-prime\"}", 400},
        {"{\"model\":\"code-prime\",\"messages\":[]}", 400},
        {"{\"model\":\"code-prime\",\"messages\":{\"role\":\"user\"}}", 400},
        {"{\"model\":\"code-prime\",\"messages\":[1]}", 400},
        {"{\"model\":\"code-prime\",\"messages\":[{\"content\":\"x\"}]}", 400},
        {"{\"model\":1,\"messages\":[{\"role\":\"user\"}]}", 400},
        {"{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\"}]}", 404},
        {"{\"model\":\"Code-Prime\",\"messages\":[{\"role\":\"user\"}]}", 404},
        {"{\"model\":\"\",\"messages\":[{\"role\":\"user\"}]}", 404},
        {"{\"model\":\"text-max\",\"messages\":[{\"role\":\"user\"}]}", 200},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sandbox_chat chat;
        int status = read_body(&chat, cases[i].body);

        if (status != cases[i].status)
            fail_msg("%s: %d", cases[i].body, status);
        sandbox_chat_finish(&chat);
    }
}

static int collect(void *context, unsigned index, const char *text, size_t length)
{
    assert_int_equal(index, 0);
    assert_true(utf8_is_valid(text, length));
    return buffer_append(context, text, length);
}

/* Makes the answer to a commit prompt, whose subject is `subject` bytes of "é". */
static void make_reply(struct sandbox_reply *reply, int64_t max_tokens, size_t subject)
{
    struct sandbox_chat chat = {.include_usage = true, .max_tokens = max_tokens};

    buffer_init(&chat.prompt, BUFFER_CAP);
    buffer_append_string(&chat.prompt, "<typed>\n");
    for (; subject > 1; subject -= 2)
        buffer_append_string(&chat.prompt, "\xC3\xA9");
    buffer_append_string(&chat.prompt, "\n</typed>\n<staged_files>\nM a\n</staged_files>\n");
    chat.prompt_bytes = 401;
    assert_int_equal(sandbox_reply_make(reply, &chat, 3, 1700000000), 0);
    sandbox_chat_finish(&chat);
}

/* The project's own decoder must get the whole answer out of the stream. */
static void check_stream(int64_t max_tokens, size_t subject, const char *finish)
{
    struct sandbox_reply reply;
    struct chat_decoder decoder;
    struct buffer text CLEANUP(buffer_finish);
    struct buffer event CLEANUP(buffer_finish);
    unsigned events = 0;

    make_reply(&reply, max_tokens, subject);
    buffer_init(&text, BUFFER_CAP);
    buffer_init(&event, BUFFER_CAP);
    chat_decoder_init(&decoder, collect, &text);
    while (sandbox_reply_next_event(&reply, &event)) {
        events++;
        assert_int_equal(chat_decoder_feed(&decoder, event.data, event.length), 0);
        buffer_clear(&event);
    }
    assert_int_equal(event.length, 0);
    assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
    assert_string_equal(text.data, reply.text.data);
    assert_string_equal(chat_finish_name(decoder.finish), finish);
    assert_string_equal(decoder.model, "gridls-sandbox");
    assert_true(decoder.reasoning_seen);
    assert_true(decoder.done_seen);
    assert_true(decoder.usage.known);
    assert_int_equal(decoder.usage.prompt_tokens, 101);
    assert_int_equal(decoder.usage.completion_tokens, (reply.text.length + 3) / 4);
    if (max_tokens > 0)
        assert_true(decoder.usage.completion_tokens <= max_tokens);
    /* However long the answer is, it has been written in under three seconds. */
    assert_true(events * sandbox_reply_pace_ms(&reply) < 3000);
    chat_decoder_finish(&decoder);
    sandbox_reply_finish(&reply);
}

static void test_streams(void **state)
{
    size_t subject;

    (void)state;
    check_stream(0, 100000, "stop");
    for (subject = 0; subject < 60; subject += 2) {
        check_stream(0, subject, "stop");
        check_stream(5, subject, "length");
        check_stream(1, subject, "length");
    }
    check_stream(1000000, 50, "stop");
}

static void test_answers_as_one_object(void **state)
{
    struct sandbox_reply reply;
    struct buffer text CLEANUP(buffer_finish);
    struct buffer body CLEANUP(buffer_finish);
    struct chat_decoder decoder;

    (void)state;
    make_reply(&reply, 0, 10);
    buffer_init(&text, BUFFER_CAP);
    buffer_init(&body, BUFFER_CAP);
    assert_int_equal(sandbox_reply_append_whole(&reply, &body), 0);
    chat_decoder_init(&decoder, collect, &text);
    assert_int_equal(chat_decoder_feed(&decoder, body.data, body.length), 0);
    assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
    assert_string_equal(text.data, reply.text.data);
    assert_int_equal(decoder.finish, CHAT_FINISH_STOP);
    chat_decoder_finish(&decoder);
    sandbox_reply_finish(&reply);
    sandbox_reply_finish(NULL);
}

static void test_lists_models_and_problems(void **state)
{
    struct buffer body CLEANUP(buffer_finish);
    struct chat_model *models CLEANUP(cleanup_free) = NULL;
    struct chat_error error;
    size_t count;

    (void)state;
    buffer_init(&body, BUFFER_CAP);
    assert_int_equal(sandbox_models_append(&body), 0);
    assert_int_equal(chat_models_parse(body.data, body.length, &models, &count), 0);
    assert_int_equal(count, 9);
    assert_string_equal(models[4].id, "code-prime");
    assert_int_equal(models[4].context_length, 196608);
    assert_int_equal(models[4].max_output, 131072);

    buffer_clear(&body);
    assert_int_equal(sandbox_problem_append(&body, "No \"such\" thing."), 0);
    assert_string_equal(body.data, "{\"errors\":{\"detail\":\"No \\\"such\\\" thing.\"}}");
    chat_error_parse(&error, body.data, body.length);
    assert_string_equal(error.message, "No \"such\" thing.");
}

/* Where tools are offered an explanation begins with a look at the files. */
static void test_it_looks_before_it_explains(void **state)
{
#define QUESTION "{\"role\":\"user\",\"content\":\"<file path=\\\"a.c\\\">\\n<selection>\\nint x;\\n" \
                 "</selection>\\n</file>\\n\\nExplain what the selection does.\\n\"}"
#define REQUEST(messages, more) \
    "{\"model\":\"code-prime\",\"stream\":true,\"messages\":[" messages "]" more "}"
    static const struct {
        const char *body;
        bool looks;
    } rows[] = {
        {REQUEST(QUESTION, ""), false},
        {REQUEST(QUESTION, ",\"tools\":[]"), false},
        {REQUEST(QUESTION, ",\"tools\":[{}]"), true},
        {REQUEST(QUESTION, ",\"tools\":[{}],\"tool_choice\":\"none\""), false},
        {REQUEST(QUESTION ",{\"role\":\"tool\",\"content\":\"a.c\"}", ",\"tools\":[{}]"), false},
        {REQUEST("{\"role\":\"user\",\"content\":\"hello\"}", ",\"tools\":[{}]"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sandbox_chat chat;
        struct sandbox_reply reply;
        struct chat_decoder decoder;
        struct buffer text CLEANUP(buffer_finish);
        struct buffer event CLEANUP(buffer_finish);

        assert_int_equal(read_body(&chat, rows[i].body), 200);
        assert_int_equal(sandbox_reply_make(&reply, &chat, 1, 1700000000), 0);
        buffer_init(&text, BUFFER_CAP);
        buffer_init(&event, BUFFER_CAP);
        chat_decoder_init(&decoder, collect, &text);
        while (sandbox_reply_next_event(&reply, &event))
            ;
        assert_int_equal(chat_decoder_feed(&decoder, event.data, event.length), 0);
        assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
        assert_int_equal(decoder.choices[0].calls.count, rows[i].looks ? 1 : 0);
        assert_int_equal(text.length == 0, rows[i].looks);
        if (rows[i].looks) {
            assert_null(decoder.choices[0].calls.fault);
            assert_string_equal(decoder.choices[0].calls.items[0].name, "list_files");
            assert_int_equal(decoder.finish, CHAT_FINISH_TOOL_CALLS);
        }
        chat_decoder_finish(&decoder);
        sandbox_reply_finish(&reply);
        sandbox_chat_finish(&chat);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_requests),
        cmocka_unit_test(test_refuses_requests),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_answers_as_one_object),
        cmocka_unit_test(test_lists_models_and_problems),
        cmocka_unit_test(test_it_looks_before_it_explains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
