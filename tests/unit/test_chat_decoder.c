#include "tests/unit/chat_fixture.h"

/* Streams as servers send them, whole and in every cut. What single chunks are taken for is in
 * test_chat_chunk.c, and what is no part of the answer in test_chat_reasoning.c. */

static void streams_text(void **state)
{
    struct run run;

    (void)state;
    check(DELTA("\"role\":\"assistant\",\"content\":\"\"") CONTENT("Hel") CONTENT("lo") STOP DONE,
          CHAT_COMPLETE, "Hello");
    run_whole(&run, DELTA("\"role\":\"assistant\",\"content\":null") CONTENT("a") CONTENT(" b")
                        CONTENT("< c") STOP DONE);
    assert_string_equal(run.texts[0].data, "a b< c");
    assert_int_equal(run.pieces, 3); /* at once, not held */
    assert_int_equal(run.decoder.text_length, 6);
    assert_int_equal(run.decoder.finish, CHAT_FINISH_STOP);
    assert_true(run.decoder.done_seen && run.decoder.finished && run.decoder.answer_seen);
    run_finish(&run);
}

static void takes_odd_framing(void **state)
{
    (void)state;
    check("\xEF\xBB\xBF: OPENROUTER PROCESSING\r\n\r\ndata:{\"choices\":[{\"delta\":{\"content\":"
          "\"a\"}}]}\r\n\r\ndata:\r\n\r\ndata:[DONE]\r\n\r\n",
          CHAT_COMPLETE, "a");
    /* events parted by one newline */
    check("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n"
          "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n"
          "data: [DONE]\n",
          CHAT_COMPLETE, "ab");
    /* one JSON text over two lines, as the standard has it */
    check("data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"a\"}}]}\n\n" DONE, CHAT_COMPLETE,
          "a");
    check("event: message\nid: 1\nretry: 10\n" CONTENT("a") "event: ping\ndata: {}\n\n" STOP,
          CHAT_COMPLETE, "a");
    check("\n\n \r\n" CONTENT("a") DONE, CHAT_COMPLETE, "a");
    /* no end of the last event */
    check(CONTENT("a") "data: [DONE]", CHAT_COMPLETE, "a");
    check(CONTENT("a") "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},"
                       "\"finish_reason\":\"stop\"}]}",
          CHAT_COMPLETE, "ab");
}

static void knows_when_it_is_complete(void **state)
{
    (void)state;
    check(CONTENT("a") STOP, CHAT_COMPLETE, "a");
    check(CONTENT("a") DONE, CHAT_COMPLETE, "a");
    check(CONTENT("a"), CHAT_CUT, "a");
    check(CONTENT("a") "data: {\"choi", CHAT_CUT, "a");
    check("data: {\"choi", CHAT_CUT, "");
    check(": ping\n\n", CHAT_CUT, "");
    check("", CHAT_CUT, "");
    check(" \n", CHAT_CUT, "");
    /* whatever follows [DONE] */
    check(CONTENT("a") DONE CONTENT("b") "data: {\"hook_results\":{}}\n\nerror: {}\n\n",
          CHAT_COMPLETE, "a");
    check(CONTENT("a") "data: [DONE] {}\n\nevent: error\ndata: x\n\n", CHAT_COMPLETE, "a");
}

static void counts_what_is_no_json(void **state)
{
    struct run run;

    (void)state;
    decode(&run, "data: {bad\n\n" CONTENT("a") "data: 17\n\ndata: bad\ndata: {}\n\n" STOP);
    assert_int_equal(run.outcome, CHAT_COMPLETE);
    assert_string_equal(run.texts[0].data, "a");
    assert_int_equal(run.decoder.malformed, 3);
    run_finish(&run);
    check("data: hello\n\n", CHAT_NOT_CHAT, "");
}

static void joins_halves_of_characters(void **state)
{
    (void)state;
    check(CONTENT("a\\ud83d") CONTENT("\\ude00b") STOP, CHAT_COMPLETE, "a\xF0\x9F\x98\x80" "b");
    check(CONTENT("\\uD83D") CONTENT("\\uDE00\\ud83d") CONTENT("\\ude01") STOP, CHAT_COMPLETE,
          "\xF0\x9F\x98\x80\xF0\x9F\x98\x81");
    /* whole pairs, and what only looks like an escape */
    check(CONTENT("\\ud83d\\ude00") CONTENT("\\\\ud83d") STOP, CHAT_COMPLETE,
          "\xF0\x9F\x98\x80\\ud83d");
    /* a half that nothing completes is gone, a second half alone is U+FFFD */
    check(CONTENT("a\\ud83d") CONTENT("b") CONTENT("\\ude00") STOP, CHAT_COMPLETE,
          "ab\xEF\xBF\xBD");
    check(CONTENT("a\\u0000b") STOP, CHAT_COMPLETE, "a\xEF\xBF\xBD" "b");
}

static void check_failed(const char *body, const char *message, const char *text)
{
    struct run run;

    decode(&run, body);
    assert_int_equal(run.outcome, CHAT_FAILED);
    assert_true(run.decoder.error.set);
    assert_string_equal(run.decoder.error.message, message);
    assert_string_equal(run.texts[0].data, text);
    run_finish(&run);
}

static void reports_errors_in_the_stream(void **state)
{
    (void)state;
    check_failed(CONTENT("a") "data: {\"error\":{\"message\":\"m\",\"code\":500}}\n\n", "m", "a");
    check_failed(CONTENT("a <") "data: {\"error\":{\"message\":\"m\"},\"choices\":[{\"delta\":{"
                                "\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n" DONE,
                 "m", "a <");
    check_failed("data: {\"error\":{\"message\":\"m\"},\"choices\":[]}\n\n", "m", "");
    check_failed("data: {\"error\":{},\"choices\":[{\"finish_reason\":\"error\"}]}\n\n"
                 "data: {\"error\":{\"message\":\"m\"}}\n\n",
                 "m", "");
    check_failed("data: {\"error\":\"m\"}\n\n", "m", "");
    check_failed("data: {\"error\":\"m\",\"message\":\"other\"}\n\n", "m", "");
    check_failed("data: {\"errors\":{\"detail\":\"m\"}}\n\n", "m", "");
    check_failed("data: {\"error_type\":\"t\",\"error_message\":\"m\"}\n\n", "m", "");
    check_failed("data: {\"object\":\"error\",\"message\":\"m\",\"code\":400}\n\n", "m", "");
    check_failed("data: {\"choices\":[{\"error\":{\"message\":\"m\"}}]}\n\n", "m", "");
    check_failed("data: [{\"error\":{\"message\":\"m\"}}]\n\n", "m", "");
    check_failed("event: error\ndata: {\"message\":\"m\"}\n\n", "m", "");
    check_failed("event: error\ndata: plain words\n\n", "plain words", "");
    check_failed(CONTENT("a") "error: {\"code\":500,\"message\":\"m\"}\n\n", "m", "a");
    check_failed("data: {\"error\":{\"message\":\"first\"}}\n\ndata: {\"error\":\"second\"}\n\n",
                 "first", "");
    check_failed("data: {\"error\":{\"code\":5}}\n\n", "", "");
    check(CONTENT("a") "data: {\"error\":null,\"choices\":[]}\n\ndata: {\"error\":false}\n\n"
                       "data: {\"error\":\"\"}\n\ndata: {\"error\":{}}\n\n" STOP,
          CHAT_COMPLETE, "a");
}

static void takes_one_object_for_a_stream(void **state)
{
    struct run run;

    (void)state;
    check("\n\n{\"object\":\"chat.completion\",\"choices\":[{\"message\":{\"content\":\"Hi\"},"
          "\"finish_reason\":\"stop\"}]}\n",
          CHAT_COMPLETE, "Hi");
    check("\xEF\xBB\xBF{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":"
          "\"<think>x</think>Hi\"}]},\"finish_reason\":null}]}",
          CHAT_COMPLETE, "Hi");
    /* chunks, one a line */
    check("{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n{\"choices\":[{\"delta\":{\"content\":"
          "\"b\"},\"finish_reason\":\"stop\"}]}\n",
          CHAT_COMPLETE, "ab");
    check("{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n{\"choices\":[{\"delta\":{\"content\":"
          "\"b\"}}]}\n",
          CHAT_CUT, "ab");
    check_failed("{\"error\":{\"message\":\"busy\"}}", "busy", "");
    check_failed("[{\"error\":{\"message\":\"busy\"}}]", "busy", "");
    check_failed("{\"status\":\"failure\",\"message\":\"m\"}", "m", "");
    decode(&run, "{\"model\":\"m\\n1\",\"choices\":[{\"index\":1,\"message\":{\"content\":\"b\"},"
                 "\"finish_reason\":\"stop\"},{\"index\":0,\"message\":{\"content\":\"a\"},"
                 "\"finish_reason\":\"length\"}]}");
    assert_string_equal(run.texts[0].data, "a");
    assert_string_equal(run.texts[1].data, "b");
    assert_int_equal(run.decoder.finish, CHAT_FINISH_LENGTH);
    assert_string_equal(run.decoder.model, "m 1");
    run_finish(&run);
}

static void check_not_chat(const char *body, enum chat_body kind, const char *message)
{
    struct run run;

    decode(&run, body);
    assert_int_equal(run.outcome, CHAT_NOT_CHAT);
    assert_int_equal(run.decoder.body, kind);
    assert_string_equal(run.decoder.error.message, message);
    assert_int_equal(run.pieces, 0);
    run_finish(&run);
}

static void says_what_is_no_answer(void **state)
{
    (void)state;
    check_not_chat(" <html><title>502 Bad Gateway</title>", CHAT_BODY_HTML,
                   "an HTML page: 502 Bad Gateway");
    check_not_chat("<html>", CHAT_BODY_HTML, "an HTML page");
    check_not_chat("\x1f\x8b\x08\x01\x02", CHAT_BODY_GZIP, "a compressed body");
    check_not_chat("{malformed json: <<<chaos>>>", CHAT_BODY_JSON,
                   "broken JSON: {malformed json: <<<chaos>>>");
    check_not_chat("{\"choices\":[]}", CHAT_BODY_JSON, "JSON without an answer");
    check_not_chat("[]", CHAT_BODY_JSON, "broken JSON");
    check_not_chat("upstream connect error\n\nsorry", CHAT_BODY_SSE,
                   "text that is no event stream: upstream connect error sorry");
}

static void stops_when_told(void **state)
{
    struct run run;

    (void)state;
    run_begin(&run);
    run.stop_after = 2;
    run_feed(&run, CONTENT("a") CONTENT("b") CONTENT("c"), 3 * strlen(CONTENT("a")));
    assert_int_equal(run.rc, 5);
    assert_int_equal(chat_decoder_feed(&run.decoder, STOP, strlen(STOP)), 5);
    chat_decoder_end(&run.decoder);
    assert_string_equal(run.texts[0].data, "ab");
    run_finish(&run);
}

static void caps_the_text(void **state)
{
    struct buffer event CLEANUP(buffer_finish);
    struct run run;
    size_t piece = (size_t)4 << 20;

    (void)state;
    buffer_init(&event, BUFFER_CAP);
    buffer_printf(&event, CONTENT("%0*d"), (int)piece, 0);
    run_begin(&run);
    for (size_t i = 0; i < CHAT_TEXT_CAP / piece; i++) {
        assert_int_equal(chat_decoder_feed(&run.decoder, event.data, event.length), 0);
    }
    assert_int_equal(run.texts[0].length, CHAT_TEXT_CAP);
    assert_int_equal(chat_decoder_feed(&run.decoder, CONTENT("y"), strlen(CONTENT("y"))),
                     -EMSGSIZE);
    assert_int_equal(run.texts[0].length, CHAT_TEXT_CAP);
    run_finish(&run);
}

/* Feeds one byte that tells the kind of the body, then up to `megabytes` of it. */
static int feed_much(const char *first, int megabytes)
{
    static char much[1 << 20];
    struct run run;

    memset(much, 'x', sizeof much);
    run_begin(&run);
    int rc = chat_decoder_feed(&run.decoder, first, 1);
    for (int i = 0; i < megabytes && rc == 0; i++) {
        rc = chat_decoder_feed(&run.decoder, much, sizeof much);
    }
    assert_true(run.decoder.whole.length <= 2 * CHAT_TEXT_CAP);
    run_finish(&run);
    return rc;
}

static void caps_lines_and_bodies(void **state)
{
    (void)state;
    assert_int_equal(feed_much("x", 9), -EMSGSIZE);
    assert_int_equal(feed_much("{", 40), -EMSGSIZE);
    assert_int_equal(feed_much("<", 40), 0);
    assert_int_equal(feed_much("\x1f", 40), 0);
    chat_decoder_finish(NULL);
}

static void survives_any_end(void **state)
{
    static const char body[] =
        "\xEF\xBB\xBF: c\r\n\r\n" DELTA("\"role\":\"assistant\"")
            CONTENT("<think>x</think>a\\ud83d") CONTENT("\\ude00") STOP
                USAGE("{\"prompt_tokens\":1,\"completion_tokens\":1}") DONE;

    (void)state;
    for (size_t length = 0; length < sizeof body; length++) {
        struct run run;

        run_begin(&run);
        run_feed(&run, body, length);
        chat_decoder_end(&run.decoder);
        assert_int_equal(run.decoder.stopped, 0);
        run_finish(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_text),
        cmocka_unit_test(takes_odd_framing),
        cmocka_unit_test(knows_when_it_is_complete),
        cmocka_unit_test(counts_what_is_no_json),
        cmocka_unit_test(joins_halves_of_characters),
        cmocka_unit_test(reports_errors_in_the_stream),
        cmocka_unit_test(takes_one_object_for_a_stream),
        cmocka_unit_test(says_what_is_no_answer),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(caps_the_text),
        cmocka_unit_test(caps_lines_and_bodies),
        cmocka_unit_test(survives_any_end),
    };

    return cmocka_run_group_tests_name("chat_decoder", tests, NULL, NULL);
}
