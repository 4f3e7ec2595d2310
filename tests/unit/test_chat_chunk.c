#include "tests/unit/chat_fixture.h"

/* What single chunks are taken for; streams of them are in test_chat_decoder.c. */

static int keep_text(void *context, unsigned index, const char *text, size_t length)
{
    return index == 0 ? buffer_append(context, text, length) : 0;
}

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

static void takes_odd_chunks(void **state)
{
    (void)state;
    check("data: {\"choices\":[],\"prompt_filter_results\":[],\"id\":\"\",\"model\":\"\"}\n\n"
          "data: {\"choices\":null}\n\n"
          "data: {\"object\":\"x\"}\n\n"
          "data: {\"choices\":[null,1]}\n\n"
          "data: {\"choices\":[{\"index\":0}]}\n\n"
          "data: {\"choices\":[{\"index\":9,\"delta\":{\"content\":\"x\"}}]}\n\n"
          "data: {\"choices\":[{\"index\":-1,\"delta\":{\"content\":\"x\"}}]}\n\n"
          "data: {\"choices\":[{\"message\":{\"content\":\"a\"}}]}\n\n"
          "data: {\"choices\":[{\"delta\":{\"content\":null,\"role\":null,\"tool_calls\":null,"
          "\"refusal\":null},\"finish_reason\":\"\"}],\"error\":null,\"usage\":null}\n\n"
          "data: {\"choices\":[{\"delta\":{\"role\":\"\",\"content\":\"\"}}],\"timings\":{\"n\":1}}\n\n"
          "data: {\"choices\":[{\"delta\":{\"content\":7}}],\"obfuscation\":\"zz\"}\n\n" CONTENT(
              "b") STOP,
          CHAT_COMPLETE, "ab");
}

static void takes_parts(void **state)
{
    struct run run;

    (void)state;
    decode(&run, DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
                       "\"text\":\"hm\"}]},{\"type\":\"text\",\"text\":\"a\"},\"b\",null,"
                       "{\"type\":\"reasoning\",\"text\":\"x\"},[[[[[\"deep\"]]]]]]") STOP);
    assert_string_equal(run.texts[0].data, "ab");
    assert_true(run.decoder.reasoning_seen);
    run_finish(&run);
}

static void tells_finish_reasons(void **state)
{
    static const struct {
        const char *reason;
        enum chat_finish finish;
    } rows[] = {
        {"stop", CHAT_FINISH_STOP},           {"length", CHAT_FINISH_LENGTH},
        {"tool_calls", CHAT_FINISH_TOOL_CALLS}, {"function_call", CHAT_FINISH_TOOL_CALLS},
        {"content_filter", CHAT_FINISH_FILTER}, {"error", CHAT_FINISH_ERROR},
        {"network_error", CHAT_FINISH_ERROR}, {"insufficient_system_resource", CHAT_FINISH_ERROR},
        {"model_length", CHAT_FINISH_LENGTH}, {"MAX_TOKENS", CHAT_FINISH_LENGTH},
        {"COMPLETE", CHAT_FINISH_STOP},       {"eos", CHAT_FINISH_STOP},
        {"", CHAT_FINISH_NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer body CLEANUP(buffer_finish);
        struct run run;

        buffer_init(&body, BUFFER_CAP);
        buffer_printf(&body, CONTENT("a") "data: {\"choices\":[{\"delta\":{},\"finish_reason\":"
                                          "\"%s\"}]}\n\n",
                      rows[i].reason);
        decode(&run, body.data);
        assert_int_equal(run.decoder.finish, rows[i].finish);
        assert_int_equal(run.outcome, rows[i].finish == CHAT_FINISH_NONE    ? CHAT_CUT
                                      : rows[i].finish == CHAT_FINISH_ERROR ? CHAT_FAILED
                                                                            : CHAT_COMPLETE);
        if (rows[i].finish == CHAT_FINISH_ERROR) {
            assert_true(run.decoder.error.set);
            assert_string_equal(run.decoder.error.type, rows[i].reason);
        }
        run_finish(&run);
    }
    assert_null(chat_finish_name(CHAT_FINISH_NONE));
    assert_string_equal(chat_finish_name(CHAT_FINISH_LENGTH), "length");
    assert_string_equal(chat_finish_name(CHAT_FINISH_FILTER), "content_filter");
    /* repeated and overtaken */
    check(CONTENT("a") STOP STOP DONE, CHAT_COMPLETE, "a");
    check(CONTENT("a") STOP "data: {\"choices\":[{\"finish_reason\":\"error\"}]}\n\n", CHAT_FAILED,
          "a");
}

static void check_usage(const char *body, bool known, int64_t prompt, int64_t completion)
{
    struct run run;

    decode(&run, body);
    assert_int_equal(run.decoder.usage.known, known);
    assert_int_equal(run.decoder.usage.prompt_tokens, prompt);
    assert_int_equal(run.decoder.usage.completion_tokens, completion);
    run_finish(&run);
}

static void takes_the_last_usage(void **state)
{
    (void)state;
    check_usage(CONTENT("a") STOP DONE, false, 0, 0);
    check_usage(USAGE("{\"prompt_tokens\":3,\"completion_tokens\":5,\"total_tokens\":99}"), true, 3,
                5);
    check_usage(USAGE("{\"prompt_tokens\":3,\"completion_tokens\":1}")
                    USAGE("{\"prompt_tokens\":3,\"completion_tokens\":2}") USAGE("{}")
                        USAGE("{\"prompt_tokens\":null,\"completion_tokens\":null}") USAGE("null"),
                true, 3, 2);
    check_usage(USAGE("{\"prompt_tokens\":null,\"completion_tokens\":2}"), true, 0, 2);
    check_usage(USAGE("{\"prompt_tokens\":-1,\"completion_tokens\":2}"), false, 0, 0);
    check_usage("data: {\"x_groq\":{\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":6}}}\n\n",
                true, 4, 6);
    check_usage("data: {\"choices\":[{\"delta\":{},\"usage\":{\"prompt_tokens\":4,"
                "\"completion_tokens\":6}}]}\n\n",
                true, 4, 6);
    check_usage("{\"choices\":[],\"usage\":{\"prompt_tokens\":9007199254740991,"
                "\"completion_tokens\":1e400}}",
                true, 9007199254740991, 0);
}

static void keeps_choices_apart(void **state)
{
    struct run run;

    (void)state;
    decode(&run,
           "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"<thi\"}},"
           "{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
           "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"},"
           "\"finish_reason\":\"stop\"}]}\n\n"
           "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"nk>x</think>c\"}}]}\n\n");
    assert_string_equal(run.texts[0].data, "ab");
    assert_string_equal(run.texts[1].data, "c");
    assert_int_equal(run.outcome, CHAT_CUT); /* the other choice has no end */
    run_finish(&run);
    check("data: {\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n" CONTENT(
              "a") STOP,
          CHAT_COMPLETE, "a");
}

static void marks_tool_calls(void **state)
{
    struct run run;

    (void)state;
    decode(&run, DELTA("\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\"}}]") STOP);
    assert_true(run.decoder.answer_seen && run.decoder.tool_call_seen);
    run_finish(&run);
    decode(&run, DELTA("\"tool_calls\":[],\"function_call\":{\"name\":\"\",\"arguments\":\"\"}")
                     STOP);
    assert_false(run.decoder.answer_seen);
    run_finish(&run);
    decode(&run, DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}"));
    assert_true(run.decoder.answer_seen);
    run_finish(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_of_life_are_not_an_answer),
        cmocka_unit_test(what_goes_on_is_counted),
        cmocka_unit_test(refusals_are_no_answer),
        cmocka_unit_test(takes_odd_chunks),
        cmocka_unit_test(takes_parts),
        cmocka_unit_test(tells_finish_reasons),
        cmocka_unit_test(takes_the_last_usage),
        cmocka_unit_test(keeps_choices_apart),
        cmocka_unit_test(marks_tool_calls),
    };

    return cmocka_run_group_tests_name("chat_chunk", tests, NULL, NULL);
}
