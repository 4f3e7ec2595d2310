#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/chat.h"

static int take(struct chat_tool_calls *calls, const char *text, bool whole)
{
    struct json *array CLEANUP(json_cleanup) = NULL;

    assert_int_equal(json_parse(text, strlen(text), &array), 0);
    return chat_tool_calls_take(calls, array, whole);
}

static void assert_written(const struct chat_tool_calls *calls, const char *wanted)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json *root CLEANUP(json_cleanup) = NULL;
    struct json_writer writer;

    buffer_init(&out, BUFFER_CAP);
    json_writer_init(&writer, &out);
    chat_tool_calls_write(calls, &writer);
    assert_string_equal(out.data, wanted);
    assert_int_equal(json_parse(out.data, out.length, &root), 0);
}

/* What the calls are, as "id name(arguments) " for each. */
static void summarize(const struct chat_tool_calls *calls, struct buffer *out)
{
    for (size_t i = 0; i < calls->count; i++) {
        buffer_printf(out, "%s %s(%s) ", calls->items[i].id,
                      calls->items[i].name != NULL ? calls->items[i].name : "?",
                      calls->items[i].arguments.data);
    }
}

/* Each fragment is the tool_calls of one delta; NULL ends them. */
static void check_cut(const char *const fragments[], bool cut, const char *wanted,
                      const char *fault)
{
    struct chat_tool_calls calls CLEANUP(chat_tool_calls_finish) = {0};
    struct chat_tool_calls copy CLEANUP(chat_tool_calls_finish) = {0};
    struct buffer out CLEANUP(buffer_finish);

    buffer_init(&out, BUFFER_CAP);
    for (size_t i = 0; fragments[i] != NULL; i++) {
        assert_int_equal(take(&calls, fragments[i], false), 0);
    }
    assert_int_equal(chat_tool_calls_settle(&calls, cut), 0);
    summarize(&calls, &out);
    assert_string_equal(out.data, wanted);
    if (fault == NULL) {
        assert_null(calls.fault);
    } else {
        assert_non_null(calls.fault);
        assert_non_null(strstr(calls.fault, fault));
    }
    assert_int_equal(chat_tool_calls_copy(&copy, &calls), 0);
    buffer_clear(&out);
    summarize(&copy, &out);
    assert_string_equal(out.data, wanted);
}

#define CHECK(wanted, fault, ...) \
    check_cut((const char *const[]){__VA_ARGS__, NULL}, false, wanted, fault)
#define CHECK_CUT(wanted, fault, ...) \
    check_cut((const char *const[]){__VA_ARGS__, NULL}, true, wanted, fault)

/* Fragments by their parts; quotes within arguments are written as they are on the wire. */
#define HEAD(index, id, name) \
    "[{\"index\":" index ",\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":\"" name \
    "\",\"arguments\":\"\"}}]"
#define MORE(index, arguments) \
    "[{\"index\":" index ",\"function\":{\"arguments\":\"" arguments "\"}}]"
#define BARE(arguments) "[{\"function\":{\"arguments\":\"" arguments "\"}}]"

static void assembles_as_specified(void **state)
{
    (void)state;
    CHECK("a f({\"x\":1}) ", NULL, HEAD("0", "a", "f"), MORE("0", "{\\\"x"), MORE("0", "\\\":1}"));
    CHECK("a f({\"x\":1}) b g({}) ", NULL, HEAD("0", "a", "f"), HEAD("1", "b", "g"),
          MORE("1", "{"), MORE("0", "{\\\"x\\\":"), MORE("1", "}"), MORE("0", "1}"));
    /* Both in one delta. */
    CHECK("a f({}) b g([{}]) ", "no JSON object",
          "[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
          "{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"[{}]\"}}]");
}

static void takes_every_broken_numbering(void **state)
{
    (void)state;
    /* From 1 on. */
    CHECK("a f({}) b g({}) ", NULL, HEAD("1", "a", "f"), MORE("1", "{}"), HEAD("2", "b", "g"),
          MORE("2", "{}"));
    /* The same index for every call, told apart by the ids. */
    CHECK("a f({}) b g({}) ", NULL, HEAD("0", "a", "f"), MORE("0", "{}"), HEAD("0", "b", "g"),
          MORE("0", "{}"));
    CHECK("a f({}) b f({}) ", NULL, HEAD("0", "a", "f"), MORE("0", "{"), MORE("0", "}"),
          HEAD("0", "b", "f"), MORE("0", "{"), MORE("0", "}"));
    /* No index at all. */
    CHECK("a f({\"x\":1}) b g({}) ", NULL,
          "[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\"\"}}]",
          BARE(":1}"), "[{\"id\":\"b\",\"function\":{\"name\":\"g\"}}]", BARE("{}"));
    /* The head under one index, the arguments under the next. */
    CHECK("a f({\"x\":1}) ", NULL, HEAD("0", "a", "f"), MORE("1", "{\\\"x"), MORE("1", "\\\":1}"));
    /* The id in every fragment, with or without the right index. */
    CHECK("a f({}) b g({}) ", NULL, HEAD("0", "a", "f"), HEAD("1", "b", "g"),
          "[{\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"{\"}}]",
          "[{\"id\":\"b\",\"function\":{\"arguments\":\"{\"}}]",
          "[{\"index\":7,\"id\":\"a\",\"function\":{\"arguments\":\"}\"}}]",
          "[{\"index\":null,\"id\":\"b\",\"function\":{\"arguments\":\"}\"}}]");
    /* Indexes that are none, or far away. */
    CHECK("a f({}) b g({}) ", NULL, HEAD("-1", "a", "f"), MORE("-1", "{}"),
          HEAD("9007199254740991", "b", "g"), MORE("9007199254740991", "{"), MORE("\"0\"", "}"));
}

static void goes_on_under_odd_words(void **state)
{
    (void)state;
    CHECK("a f({}) ", NULL, HEAD("0", "a", "f"),
          "[{\"index\":0,\"id\":\"\",\"type\":\"FUNCTION\",\"function\":{\"name\":\"null\","
          "\"arguments\":\"{\"}}]",
          "[{\"index\":0,\"id\":null,\"type\":null,\"function\":{\"name\":null,\"arguments\":"
          "\"}\"}}]");
    /* The name comes late. */
    CHECK("a f({}) ", NULL, "[{\"index\":0,\"id\":\"a\",\"type\":\"function\"}]",
          "[{\"index\":0,\"function\":{\"name\":\"f\"}}]", MORE("0", "{}"));
    /* The name comes with every fragment, with and without an index and an id. */
    CHECK("call00000 f({\"x\":1}) ", NULL,
          "[{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\"}}]",
          "[{\"function\":{\"name\":\"f\",\"arguments\":\"\\\":1}\"}}]");
    CHECK("a f({}) ", NULL, HEAD("0", "a", "f"),
          "[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]");
    /* An empty fragment behind the last one, with its name again. */
    CHECK("a f({}) ", NULL, HEAD("0", "a", "f"), MORE("0", "{}"), MORE("0", ""), "[{\"index\":0}]",
          "[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]", "[{}]", "[]");
    /* Stubs, and what is no fragment. */
    CHECK("", NULL, "[{\"index\":0,\"id\":\"\",\"function\":{\"name\":\"\",\"arguments\":\"\"}}]",
          "[null,1,\"x\",[]]", "null", "{\"id\":\"a\"}", "\"x\"");
}

static void takes_whole_calls(void **state)
{
    (void)state;
    CHECK("a f({\"x\":1}) ", NULL,
          "[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\","
          "\"arguments\":\"{\\\"x\\\":1}\"}}]");
    /* With neither ids nor indexes, or with the same index: other names, then the same name. */
    CHECK("call00000 f({}) call00001 g({}) call00002 g({\"y\":{}}) ", NULL,
          "[{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
          "{\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]",
          "[{\"function\":{\"name\":\"g\",\"arguments\":\"{\\\"y\\\":{}}\"}}]");
    CHECK("call00000 f({\"b\":\"}{\\\"\"}) call00001 f({}) ", NULL,
          "[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":"
          "\"{\\\"b\\\":\\\"}{\\\\\\\"\\\"}\"}}]",
          "[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]");
}

static void takes_arguments_of_every_type(void **state)
{
    (void)state;
    CHECK("a f({}) ", NULL, HEAD("0", "a", "f"));
    CHECK("a f({}) ", NULL, "[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":null}}]");
    CHECK("a f({}) ", NULL, "[{\"id\":\"a\",\"function\":{\"name\":\"f\"}}]");
    CHECK("a f({}) ", NULL, "[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\" \"}}]");
    CHECK("a f({}) ", NULL,
          "[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"null\"}}]");
    CHECK("a f({\"x\":[1]}) ", NULL,
          "[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":[1]}}}]");
    CHECK("a f({\"x\":1}) ", NULL,
          "[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{}}}]",
          "[{\"id\":\"a\",\"function\":{\"arguments\":\"{\\\"x\\\":1}\"}}]");
    CHECK("a f({\"x\":1}) ", NULL,
          "[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}}]",
          "[{\"id\":\"a\",\"function\":{\"arguments\":{\"x\":1}}}]");
}

static void refuses_what_cannot_be_run(void **state)
{
    (void)state;
    CHECK("a f({\"x\":) ", "no JSON object", HEAD("0", "a", "f"), MORE("0", "{\\\"x\\\":"));
    CHECK("a f(x) ", "no JSON object", HEAD("0", "a", "f"), MORE("0", "x"));
    CHECK("a f({}{}) ", "no JSON object", HEAD("0", "a", "f"), MORE("0", "{}{}"));
    CHECK("a f(\"{}\") ", "no JSON object", HEAD("0", "a", "f"), MORE("0", "\\\"{}\\\""));
    CHECK("a ?({}) ", "without naming", "[{\"id\":\"a\"}]");
    CHECK("call00000 ?({}) ", "without naming", BARE("{}"));
    /* One bad call is enough: the others were meant to be run with it. */
    CHECK("a f({}) b g({) ", "no JSON object", HEAD("0", "a", "f"), HEAD("1", "b", "g"),
          MORE("1", "{"));
}

static void refuses_calls_that_the_limit_cut(void **state)
{
    (void)state;
    CHECK_CUT("a f({}) ", NULL, HEAD("0", "a", "f"), MORE("0", "{}"));
    CHECK_CUT("a f({}) ", "broke off", HEAD("0", "a", "f"));
    CHECK_CUT("a f({\"x) ", "broke off", HEAD("0", "a", "f"), MORE("0", "{\\\"x"));
    CHECK_CUT("a f({\"x\":\"}) ", "broke off", HEAD("0", "a", "f"), MORE("0", "{\\\"x\\\":\\\"}"));
    CHECK_CUT("a f({}) b ?({}) ", "broke off", HEAD("0", "a", "f"), MORE("0", "{}"),
              "[{\"index\":1,\"id\":\"b\"}]");
}

static void keeps_odd_ids_and_makes_up_missing_ones(void **state)
{
    (void)state;
    CHECK("functions.add:0 add({}) ", NULL, HEAD("0", "functions.add:0", "add"));
    CHECK("call00001 f({}) call00002 g({}) ", NULL, HEAD("0", "call00001", "f"),
          "[{\"index\":1,\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]");
    /* A number is no id that could be sent back. */
    CHECK("call00000 f({}) ", NULL, "[{\"index\":0,\"id\":7,\"function\":{\"name\":\"f\"}}]");
}

static void sends_back_what_it_does_not_know(void **state)
{
    struct chat_tool_calls calls CLEANUP(chat_tool_calls_finish) = {0};
    struct chat_tool_calls copy CLEANUP(chat_tool_calls_finish) = {0};
    const char *wanted =
        "[{\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"},"
        "\"extra_content\":{\"google\":{\"thought_signature\":\"s/+=\\n\"}},\"n\":[1,{}]},"
        "{\"id\":\"b\",\"type\":\"function\",\"function\":{\"name\":\"g\",\"arguments\":"
        "\"{\\\"x\\\":\\\"\\\\n\\\"}\"}}]";

    (void)state;
    take(&calls, "[{\"index\":0,\"id\":\"a\",\"type\":\"FUNCTION\",\"function\":{\"name\":\"f\"},"
                 "\"extra_content\":{\"google\":{\"thought_signature\":\"s/+=\\n\"}},\"x\":null}]",
         false);
    take(&calls, "[{\"index\":0,\"extra_content\":{\"second\":1},\"n\":[1,{}]}]", false);
    take(&calls, "[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":"
                 "\"{\\\"x\\\":\\\"\\\\n\\\"}\"}}]", false);
    assert_int_equal(chat_tool_calls_settle(&calls, false), 0);
    assert_written(&calls, wanted);
    assert_int_equal(chat_tool_calls_copy(&copy, &calls), 0);
    assert_written(&copy, wanted);
}

static void takes_messages_call_by_call(void **state)
{
    struct chat_tool_calls calls CLEANUP(chat_tool_calls_finish) = {0};
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(take(&calls, "[{\"id\":\"a\",\"function\":{\"name\":\"f\"}},{\"id\":\"\","
                                  "\"function\":{\"name\":\"f\"}},{\"id\":\"a\",\"function\":"
                                  "{\"name\":\"f\",\"arguments\":{}}}]", true), 0);
    assert_int_equal(chat_tool_calls_settle(&calls, false), 0);
    summarize(&calls, &out);
    assert_string_equal(out.data, "a f({}) call00001 f({}) a f({}) ");
}

static void caps_count_and_size(void **state)
{
    struct chat_tool_calls calls CLEANUP(chat_tool_calls_finish) = {0};
    struct chat_tool_calls large CLEANUP(chat_tool_calls_finish) = {0};
    struct buffer text CLEANUP(buffer_finish);
    int rc = 0;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    for (int i = 0; i <= CHAT_TOOL_CALLS_MAX; i++) {
        buffer_clear(&text);
        buffer_printf(&text, "[{\"index\":0,\"id\":\"%d\",\"function\":{\"name\":\"f\"}}]", i);
        rc = take(&calls, text.data, false);
        assert_int_equal(rc, i < CHAT_TOOL_CALLS_MAX ? 0 : -EMSGSIZE);
    }
    assert_int_equal(calls.count, CHAT_TOOL_CALLS_MAX);
    buffer_clear(&text);
    buffer_printf(&text, "[{\"id\":\"a\",\"function\":{\"arguments\":\"%0100000d\"}}]", 1);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(take(&large, text.data, false), 0);
    }
    assert_int_equal(take(&large, text.data, false), -EMSGSIZE);
    buffer_clear(&text);
    buffer_printf(&text, "[{\"id\":\"%02000d\"}]", 1);
    assert_int_equal(take(&large, text.data, false), -EMSGSIZE);
    buffer_clear(&text);
    buffer_printf(&text, "[{\"id\":\"c\",\"x\":\"%01048576d\"}]", 1);
    assert_int_equal(take(&large, text.data, false), -EMSGSIZE);
    chat_tool_calls_finish(NULL);
}

/* ---- in answers ---------------------------------------------------------------------------- */

static int ignore_text(void *context, unsigned index, const char *text, size_t length)
{
    (void)context;
    (void)index;
    (void)text;
    (void)length;
    return 0;
}

/* The calls of choice 0 as "id name(arguments) ", behind them why they are refused; the same for
 * the body in pieces of each size up to 3, and whole. */
static void check_answer(const char *body, enum chat_outcome outcome, const char *wanted)
{
    size_t length = strlen(body);

    for (size_t step = 1; step <= 4; step++) {
        struct buffer told CLEANUP(buffer_finish);
        struct chat_decoder decoder CLEANUP(chat_decoder_finish);
        const struct chat_tool_calls *calls = &decoder.choices[0].calls;

        buffer_init(&told, BUFFER_CAP);
        chat_decoder_init(&decoder, ignore_text, NULL);
        for (size_t at = 0; at < length && step < 4; at += step) {
            size_t piece = step < length - at ? step : length - at;
            assert_int_equal(chat_decoder_feed(&decoder, body + at, piece), 0);
        }
        if (step == 4) {
            assert_int_equal(chat_decoder_feed(&decoder, body, length), 0);
        }
        assert_int_equal(chat_decoder_end(&decoder), outcome);
        assert_int_equal(decoder.stopped, 0);
        assert_int_equal(decoder.tool_call_seen, calls->count > 0);
        summarize(calls, &told);
        buffer_append_string(&told, calls->fault != NULL ? calls->fault : "");
        assert_string_equal(told.data, wanted);
    }
}

#define CHUNK(member, calls, reason) \
    "data: {\"choices\":[{\"index\":0,\"" member "\":{\"tool_calls\":" calls "}," \
    "\"finish_reason\":" reason "}]}\n\n"
#define DELTA(calls) CHUNK("delta", calls, "null")
#define FINISH(reason) CHUNK("delta", "null", "\"" reason "\"")
#define DONE "data: [DONE]\n\n"

static void answers_give_calls_where_they_ended_well(void **state)
{
    static const char ended_badly[] = "a f({}) The answer that calls a tool did not end well.";
    static const char broke_off[] = "a f({}) The answer broke off within the call of a tool.";

    (void)state;
    check_answer(DELTA(HEAD("0", "a", "f")) DELTA(MORE("0", "{}")) FINISH("tool_calls") DONE,
                 CHAT_COMPLETE, "a f({}) ");
    check_answer(DELTA(HEAD("0", "a", "f")) FINISH("stop"), CHAT_COMPLETE, "a f({}) ");
    check_answer(DELTA(HEAD("0", "a", "f")) DONE, CHAT_COMPLETE, "a f({}) ");
    check_answer(DELTA(HEAD("0", "a", "f")) DELTA(MORE("0", "{}")), CHAT_CUT, ended_badly);
    check_answer(DELTA(HEAD("0", "a", "f")) DELTA(MORE("0", "{")), CHAT_CUT,
                 "a f({) The answer that calls a tool did not end well.");
    check_answer(DELTA(HEAD("0", "a", "f")) FINISH("error") DONE, CHAT_FAILED, ended_badly);
    check_answer(DELTA(HEAD("0", "a", "f")) "data: {\"error\":\"x\"}\n\n" FINISH("stop") DONE,
                 CHAT_FAILED, ended_badly);
    check_answer(DELTA(HEAD("0", "a", "f")) DELTA(MORE("0", "{}")) FINISH("length") DONE,
                 CHAT_COMPLETE, "a f({}) ");
    check_answer(DELTA(HEAD("0", "a", "f")) FINISH("length") DONE, CHAT_COMPLETE, broke_off);
    check_answer(DELTA(HEAD("0", "a", "f")) FINISH("content_filter"), CHAT_COMPLETE, broke_off);
}

static void answers_may_be_one_object(void **state)
{
    (void)state;
    check_answer("{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":["
                 "{\"id\":\"\",\"function\":{\"name\":\"f\"}},"
                 "{\"id\":\"\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":1}}}]},"
                 "\"finish_reason\":\"tool_calls\"}]}",
                 CHAT_COMPLETE, "call00000 f({}) call00001 f({\"x\":1}) ");
    /* A stream whose chunks say `message` for `delta`. */
    check_answer(CHUNK("message", HEAD("0", "a", "f"), "null")
                     CHUNK("message", MORE("0", "{"), "null")
                     CHUNK("message", MORE("0", "}"), "\"stop\""),
                 CHAT_COMPLETE, "a f({}) ");
}

static void answers_may_cut_a_character_of_the_arguments(void **state)
{
    (void)state;
    check_answer(DELTA(HEAD("0", "a", "f")) DELTA(MORE("0", "{\\\"x\\\":\\\"\\ud83d"))
                     DELTA(MORE("0", "\\ude00\\\"}")) FINISH("stop") DONE,
                 CHAT_COMPLETE, "a f({\"x\":\"\xF0\x9F\x98\x80\"}) ");
}

static void choices_have_calls_of_their_own(void **state)
{
    static const char body[] =
        DELTA(HEAD("0", "a", "f"))
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"tool_calls\":" HEAD("0", "b", "g")
        "}}]}\n\n" DONE;
    struct chat_decoder decoder CLEANUP(chat_decoder_finish);

    (void)state;
    chat_decoder_init(&decoder, ignore_text, NULL);
    assert_int_equal(chat_decoder_feed(&decoder, body, strlen(body)), 0);
    assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
    assert_int_equal(decoder.choices[0].calls.count, 1);
    assert_int_equal(decoder.choices[1].calls.count, 1);
    assert_string_equal(decoder.choices[1].calls.items[0].name, "g");
    assert_null(decoder.choices[1].calls.fault);
}

static void answers_with_too_many_calls_stop(void **state)
{
    struct chat_decoder decoder CLEANUP(chat_decoder_finish);
    struct buffer body CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&body, BUFFER_CAP);
    for (int i = 0; i <= CHAT_TOOL_CALLS_MAX; i++) {
        buffer_printf(&body, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"%d\"}]}}]}"
                             "\n\n", i);
    }
    chat_decoder_init(&decoder, ignore_text, NULL);
    assert_int_equal(chat_decoder_feed(&decoder, body.data, body.length), -EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assembles_as_specified),
        cmocka_unit_test(takes_every_broken_numbering),
        cmocka_unit_test(goes_on_under_odd_words),
        cmocka_unit_test(takes_whole_calls),
        cmocka_unit_test(takes_arguments_of_every_type),
        cmocka_unit_test(refuses_what_cannot_be_run),
        cmocka_unit_test(refuses_calls_that_the_limit_cut),
        cmocka_unit_test(keeps_odd_ids_and_makes_up_missing_ones),
        cmocka_unit_test(sends_back_what_it_does_not_know),
        cmocka_unit_test(takes_messages_call_by_call),
        cmocka_unit_test(caps_count_and_size),
        cmocka_unit_test(answers_give_calls_where_they_ended_well),
        cmocka_unit_test(answers_may_be_one_object),
        cmocka_unit_test(answers_may_cut_a_character_of_the_arguments),
        cmocka_unit_test(choices_have_calls_of_their_own),
        cmocka_unit_test(answers_with_too_many_calls_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
