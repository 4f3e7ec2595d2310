#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "protocol/chat.h"

struct row {
    const char *body;
    const char *message, *type, *code, *param;
    int status;
};

static void check(const struct row *row)
{
    struct chat_error error;

    chat_error_parse(&error, row->body, strlen(row->body));
    assert_true(error.set);
    assert_string_equal(error.message, row->message);
    assert_string_equal(error.type, row->type);
    assert_string_equal(error.code, row->code);
    assert_string_equal(error.param, row->param);
    assert_int_equal(error.status, row->status);
}

static void reads_every_shape(void **state)
{
    static const struct row rows[] = {
        /* OpenAI and those who copy it */
        {"{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":\"p\",\"code\":\"c\"}}", "m", "t",
         "c", "p", 0},
        {"{\"error\":{\"message\":\"m\",\"type\":\"t\",\"param\":null,\"code\":null}}", "m", "t",
         "", "", 0},
        {"{\"error\":{\"code\":400,\"message\":\"m\",\"type\":\"t\"}}", "m", "t", "400", "", 400},
        {"{\"error\":{\"code\":\"500\",\"message\":\"m\"}}", "m", "", "500", "", 500},
        {"{\"error\":{\"code\":1302,\"message\":\"m\"}}", "m", "", "1302", "", 0},
        {"{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}", "m",
         "overloaded_error", "", "", 0},
        /* The Grid; its trading side tells the fields */
        {"{\"errors\":{\"detail\":\"Not found\"}}", "Not found", "", "", "", 0},
        {"{\"errors\":{\"detail\":{\"temperature\":[\"must be at most 2\"]}}}", "must be at most 2",
         "", "", "temperature", 0},
        {"{\"error\":\"text\"}", "text", "", "", "", 0},
        /* flat: vLLM of old, Mistral, Portkey, xAI, LM Studio */
        {"{\"object\":\"error\",\"message\":\"m\",\"type\":\"T\",\"param\":null,\"code\":404}", "m",
         "T", "404", "", 404},
        {"{\"status\":\"failure\",\"message\":\"Something went wrong\"}", "Something went wrong",
         "", "", "", 0},
        {"{\"code\":\"c\",\"error\":\"m\"}", "m", "", "c", "", 0},
        {"{\"error_type\":\"t\",\"error_message\":\"m\"}", "m", "t", "", "", 0},
        /* validators */
        {"{\"detail\":\"m\"}", "m", "", "", "", 0},
        {"{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"stream_options\"],"
         "\"msg\":\"Extra inputs are not permitted\"}]}",
         "Extra inputs are not permitted", "", "", "stream_options", 0},
        {"{\"object\":\"error\",\"message\":{\"detail\":[{\"loc\":[\"body\",\"messages\",0],"
         "\"msg\":\"m\"}]},\"type\":\"invalid_request_error\",\"code\":null}",
         "m", "invalid_request_error", "", "messages", 0},
        /* Gemini */
        {"[{\"error\":{\"code\":400,\"message\":\"m\",\"status\":\"INVALID_ARGUMENT\"}}]", "m", "",
         "400", "", 400},
        {"{\"status\":503,\"message\":\"m\"}", "m", "", "", "", 503},
        /* OpenRouter */
        {"{\"error\":{\"message\":\"Provider returned error\",\"code\":429,\"metadata\":{\"raw\":"
         "\"{\\\"error\\\":{\\\"message\\\":\\\"slow down\\\"}}\",\"provider_name\":\"P\"}}}",
         "Provider returned error: slow down", "", "429", "", 429},
        {"{\"error\":{\"message\":\"Bad\",\"metadata\":{\"raw\":\"plain words\"}}}",
         "Bad: plain words", "", "", "", 0},
        {"{\"error\":{\"metadata\":{\"raw\":\"plain words\"}}}", "plain words", "", "", "", 0},
        /* no words */
        {"", "", "", "", "", 0},
        {" \r\n", "", "", "", "", 0},
        {"{}", "", "", "", "", 0},
        {"[]", "", "", "", "", 0},
        {"null", "", "", "", "", 0},
        {"17", "", "", "", "", 0},
        {"{\"error\":{\"message\":\"  \"},\"message\":\"m\"}", "m", "", "", "", 0},
        {"{\"error\":true}", "", "", "", "", 0},
        {"\x1f\x8b\x08\x01", "", "", "", "", 0},
        /* not JSON */
        {"\xEF\xBB\xBF\n upstream\r\n\tgone \x1b[31m", "upstream gone [31m", "", "", "", 0},
        {"{\"error\":{\"message\":", "{\"error\":{\"message\":", "", "", "", 0},
        {"bad \xC3 byte", "bad \xEF\xBF\xBD byte", "", "", "", 0},
        {"<html><head><TITLE lang=en>502 Bad\n Gateway</TITLE></head><body>x</body>",
         "502 Bad Gateway", "", "", "", 0},
        {"<!DOCTYPE html><p>nothing", "", "", "", "", 0},
        {"<title", "", "", "", "", 0},
        {"<title>cut", "cut", "", "", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check(&rows[i]);
    }
}

/* Google tells the wait among the details of an error, which its OpenAI side wraps in an array. */
static void reads_how_long_to_wait(void **state)
{
#define DETAIL(delay) \
    "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{}]}," \
    "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":" delay "}"
#define QUOTA(details) \
    "{\"error\":{\"code\":429,\"message\":\"m\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":" \
    details "}}"
    static const struct {
        const char *body;
        int64_t wanted;
    } rows[] = {
        {QUOTA("[" DETAIL("\"34s\"") "]"), 34000},
        {"[" QUOTA("[" DETAIL("\"34.074824224s\"") "]") "]", 34074},
        {"[{\"error\":{\"message\":\"m\",\"details\":[" DETAIL("\"0.5s\"") "]}}\n]\n", 500},
        /* as a gateway quotes it */
        {"{\"error\":{\"message\":\"google error: [{\\\"error\\\":{\\\"message\\\":\\\"m\\\","
         "\\\"details\\\":[{\\\"@type\\\":\\\"google.rpc.RetryInfo\\\",\\\"retryDelay\\\":"
         "\\\"2s\\\"}]}}]\",\"code\":429}}", 2000},
        /* no wait that could be taken */
        {QUOTA("[" DETAIL("\"soon\"") "]"), 0},
        {QUOTA("[" DETAIL("\"-3s\"") "]"), 0},
        {QUOTA("[" DETAIL("3") "]"), 0},
        {QUOTA("[" DETAIL("{}") "]"), 0},
        {QUOTA("[" DETAIL("null") "]"), 0},
        {QUOTA("[null,7,\"x\"]"), 0},
        {QUOTA("\"34s\""), 0},
        {"{\"error\":{\"message\":\"m\",\"details\":[{\"@type\":\"x.Other\",\"retryDelay\":\"9s\"}]}}",
         0},
        {"{\"error\":\"m\"}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct chat_error error;

        chat_error_parse(&error, rows[i].body, strlen(rows[i].body));
        if (error.retry_delay_ms != rows[i].wanted) {
            fail_msg("row %zu: %lld", i, (long long)error.retry_delay_ms);
        }
    }
}

static void makes_one_safe_line(void **state)
{
    (void)state;
    check(&(struct row){"{\"error\":\"\\u001b[2J a\\n\\n b\\u0000\\u202ec\\u2028d\\u009b\"}",
                        "[2J a b\xEF\xBF\xBD" "c d", "", "", "", 0});
}

static void cuts_long_texts_between_characters(void **state)
{
    struct buffer body CLEANUP(buffer_finish);
    struct chat_error error;

    (void)state;
    buffer_init(&body, BUFFER_CAP);
    buffer_append_string(&body, "{\"error\":{\"code\":\"");
    for (int i = 0; i < 400; i++) {
        buffer_append_string(&body, "\xE2\x82\xAC");
    }
    buffer_append_string(&body, "\",\"message\":\"");
    for (int i = 0; i < 40000; i++) {
        buffer_append_string(&body, "\xC3\xA9");
    }
    buffer_append_string(&body, "\"}}");
    chat_error_parse(&error, body.data, body.length);
    assert_memory_equal(error.message, "\xC3\xA9\xC3\xA9", 4);
    assert_string_equal(error.message + strlen(error.message) - 5, "\xC3\xA9\xE2\x80\xA6");
    assert_true(strlen(error.message) >= sizeof error.message - 3);
    assert_int_equal(strlen(error.code), 63);
    assert_string_equal(error.code + 60, "\xE2\x80\xA6");
}

static void survives_any_cut(void **state)
{
    static const char body[] =
        "[{\"error\":{\"message\":{\"detail\":[{\"loc\":[\"a\"],\"msg\":\"m\"}]},\"code\":4,"
        "\"metadata\":{\"raw\":\"{}\"}}}]";

    (void)state;
    for (size_t length = 0; length < sizeof body; length++) {
        char *piece = malloc(length + 1);
        struct chat_error error;

        assert_non_null(piece);
        memcpy(piece, body, length);
        chat_error_parse(&error, piece, length);
        assert_true(error.set);
        free(piece);
    }
}

static unsigned refused(const char *code, const char *param, const char *message)
{
    struct chat_error error = {.set = true};

    strcpy(error.code, code);
    strcpy(error.param, param);
    strcpy(error.message, message);
    return chat_refused_field(&error);
}

static void tells_the_refused_field(void **state)
{
    (void)state;
    /* OpenAI's reasoning models */
    assert_int_equal(refused("unsupported_parameter", "max_tokens",
                             "Unsupported parameter: 'max_tokens' is not supported with this "
                             "model. Use 'max_completion_tokens' instead."),
                     CHAT_FIELD_MAX_TOKENS);
    assert_int_equal(refused("unsupported_value", "temperature",
                             "'temperature' does not support 0.2 with this model. Only the default "
                             "(1) value is supported."),
                     CHAT_FIELD_TEMPERATURE);
    /* Groq; others: the number of answers is refused in many words, and never set by a person */
    assert_int_equal(refused("", "", "'n' : number must be at most 1"), CHAT_FIELD_N);
    assert_int_equal(refused("", "n", "must be less than or equal to 1"), CHAT_FIELD_N);
    assert_int_equal(refused("", "", "Only one completion choice is allowed here: not supported"),
                     CHAT_FIELD_N);
    /* by param alone */
    assert_int_equal(refused("", "stream_options", ""), CHAT_FIELD_STREAM_OPTIONS);
    assert_int_equal(refused("", "body.response_format.type", "nope"),
                     CHAT_FIELD_RESPONSE_FORMAT);
    assert_int_equal(refused("", "tools[0].function", "nope"), CHAT_FIELD_TOOLS);
    assert_int_equal(refused("", "stream_options", "Extra inputs are not permitted"),
                     CHAT_FIELD_STREAM_OPTIONS);
    /* by the message */
    assert_int_equal(refused("", "", "Unrecognized request argument supplied: reasoning_effort"),
                     CHAT_FIELD_REASONING_EFFORT);
    assert_int_equal(refused("", "", "registry.local/x does not support tools"),
                     CHAT_FIELD_TOOLS);
    assert_int_equal(refused("", "", "\"auto\" tool choice requires --enable-auto-tool-choice and "
                             "--tool-call-parser to be set"), CHAT_FIELD_TOOLS);
    assert_int_equal(refused("", "", "tools param requires --jinja flag"), CHAT_FIELD_TOOLS);
    assert_int_equal(refused("", "", "No endpoints found that support tool use."),
                     CHAT_FIELD_TOOLS);
    assert_int_equal(refused("", "", "This model does not support response format `json_schema`."),
                     CHAT_FIELD_RESPONSE_FORMAT);
    assert_int_equal(refused("", "", "This response_format type is unavailable now"),
                     CHAT_FIELD_RESPONSE_FORMAT);
    assert_int_equal(refused("", "", "Structured outputs are not supported by this model"),
                     CHAT_FIELD_RESPONSE_FORMAT);
    assert_int_equal(refused("", "", "`stop` is not supported with this model"),
                     CHAT_FIELD_STOP);
    assert_int_equal(refused("unsupported_parameter", "", "stream_options?"),
                     CHAT_FIELD_STREAM_OPTIONS);
    assert_int_equal(refused("", "", "Unknown field stream_options"), CHAT_FIELD_STREAM_OPTIONS);
}

static void keeps_what_is_not_refused(void **state)
{
    (void)state;
    assert_int_equal(refused("", "", ""), 0);
    assert_int_equal(refused("unsupported_parameter", "messages", "tools"), 0);
    assert_int_equal(refused("", "", "max_completion_tokens is not supported"), 0);
    assert_int_equal(refused("", "", "the tools are missing"), 0);
    assert_int_equal(refused("", "", "Unknown model: nonstop"), 0);
    assert_int_equal(refused("", "", "an assistant message with 'tool_calls' must be followed by "
                             "tool messages"), 0);
    assert_int_equal(refused("", "", "No endpoints found for this model"), 0);
    /* the value is at fault: dropping the field would hide that */
    assert_int_equal(refused("", "temperature", "must be at most 2"), 0);
    assert_int_equal(refused("invalid_value", "max_tokens", "max_tokens is too large: 99999"), 0);
}

static void reads_validators_to_the_field(void **state)
{
    static const char body[] =
        "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"reasoning_effort\"],"
        "\"msg\":\"Extra inputs are not permitted\",\"input\":\"low\"}]}";
    struct chat_error error;

    (void)state;
    chat_error_parse(&error, body, strlen(body));
    assert_int_equal(chat_refused_field(&error), CHAT_FIELD_REASONING_EFFORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_shape),
        cmocka_unit_test(reads_how_long_to_wait),
        cmocka_unit_test(makes_one_safe_line),
        cmocka_unit_test(cuts_long_texts_between_characters),
        cmocka_unit_test(survives_any_cut),
        cmocka_unit_test(tells_the_refused_field),
        cmocka_unit_test(keeps_what_is_not_refused),
        cmocka_unit_test(reads_validators_to_the_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
