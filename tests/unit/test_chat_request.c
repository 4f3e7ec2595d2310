#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/chat.h"

#define HEAD \
    "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true"
#define USAGE ",\"stream_options\":{\"include_usage\":true}"

struct fixture {
    struct chat_messages messages;
    struct chat_request request;
    struct json *extra;
};

static int setup(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof fixture);
    chat_messages_init(&fixture.messages);
    assert_int_equal(chat_messages_add(&fixture.messages, CHAT_USER, "hi", 2), 0);
    fixture.request = (struct chat_request){
        .model = "m",
        .messages = &fixture.messages,
        .temperature = -1,
        .top_p = -1,
    };
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    chat_messages_finish(&fixture->messages);
    json_destroy(fixture->extra);
    return 0;
}

static void set_extra(struct fixture *fixture, const char *text)
{
    json_destroy(fixture->extra);
    assert_int_equal(json_parse(text, strlen(text), &fixture->extra), 0);
    fixture->request.extra = fixture->extra;
}

static void check(struct fixture *fixture, const char *wanted)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json *root CLEANUP(json_cleanup) = NULL;

    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(chat_request_append(&out, &fixture->request), 0);
    assert_string_equal(out.data, wanted);
    assert_int_equal(json_parse(out.data, out.length, &root), 0);
}

static void leaves_out_what_is_unset(void **state)
{
    check(*state, HEAD USAGE "}");
}

static void writes_every_field(void **state)
{
    struct fixture *fixture = *state;
    struct chat_request *request = &fixture->request;

    request->max_tokens = 9007199254740993 / 3;
    request->temperature = 0;
    request->top_p = 0.95;
    request->stop[0] = "\n\n";
    request->stop[1] = "";
    request->stop[2] = "b";
    request->stop[3] = "c";
    request->reasoning_effort = "low";
    request->n = 3;
    check(fixture, HEAD USAGE ",\"max_tokens\":3002399751580331,\"temperature\":0,\"top_p\":0.95,"
                              "\"stop\":[\"\\n\\n\",\"b\",\"c\"],\"reasoning_effort\":\"low\","
                              "\"n\":3}");
    memset(request->stop, 0, sizeof request->stop);
    request->stop[0] = "";
    request->n = 1;
    check(fixture, HEAD USAGE ",\"max_tokens\":3002399751580331,\"temperature\":0,\"top_p\":0.95,"
                              "\"reasoning_effort\":\"low\"}");
}

static void writes_messages(void **state)
{
    struct fixture *fixture = *state;

    chat_messages_finish(&fixture->messages);
    chat_messages_add(&fixture->messages, CHAT_SYSTEM, "a\"\\\n", 4);
    chat_messages_add(&fixture->messages, CHAT_ASSISTANT, NULL, 0);
    chat_messages_add(&fixture->messages, CHAT_TOOL, "x\0\xFFy", 4);
    check(fixture, "{\"model\":\"m\",\"messages\":["
                   "{\"role\":\"system\",\"content\":\"a\\\"\\\\\\n\"},"
                   "{\"role\":\"assistant\",\"content\":\"\"},"
                   "{\"role\":\"tool\",\"content\":\"x\\u0000\xEF\xBF\xBDy\"}],\"stream\":true"
                   USAGE "}");
}

static void copies_messages(void **state)
{
    struct fixture *fixture = *state;
    char text[] = "abc";

    for (int i = 0; i < 100; i++) {
        assert_int_equal(chat_messages_add(&fixture->messages, CHAT_USER, text, 3), 0);
    }
    memset(text, 'x', 3);
    assert_int_equal(fixture->messages.count, 101);
    assert_string_equal(fixture->messages.items[100].content, "abc");
    fixture->messages.error = -ENOMEM;
    assert_int_equal(chat_messages_add(&fixture->messages, CHAT_USER, "", 0), -ENOMEM);
    chat_messages_finish(NULL);
}

static void writes_formats(void **state)
{
    struct fixture *fixture = *state;
    struct chat_format *format = &fixture->request.format;

    format->kind = CHAT_FORMAT_JSON;
    check(fixture, HEAD USAGE ",\"response_format\":{\"type\":\"json_object\"}}");
    *format = (struct chat_format){CHAT_FORMAT_SCHEMA, "edit", "{\"type\":\"object\"}", true};
    check(fixture, HEAD USAGE ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"
                              "\"name\":\"edit\",\"strict\":true,\"schema\":{\"type\":"
                              "\"object\"}}}}");
    format->strict = false;
    fixture->request.omit = CHAT_FIELD_RESPONSE_FORMAT;
    check(fixture, HEAD USAGE "}");
    fixture->request.omit = 0;
    set_extra(fixture, "{\"response_format\":{\"type\":\"text\"}}");
    check(fixture, HEAD USAGE ",\"response_format\":{\"type\":\"text\"}}");
}

static const struct chat_tool tools[] = {
    {"add", "Adds \"two\"", "{\"type\":\"object\"}"},
    {"now", NULL, NULL},
};

#define TOOLS \
    ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"add\",\"description\":" \
    "\"Adds \\\"two\\\"\",\"parameters\":{\"type\":\"object\"}}}," \
    "{\"type\":\"function\",\"function\":{\"name\":\"now\"}}]"

static void writes_tools(void **state)
{
    struct fixture *fixture = *state;
    struct chat_request *request = &fixture->request;

    request->tools = tools;
    request->tool_count = 2;
    check(fixture, HEAD USAGE TOOLS "}");
    request->tool_choice = "required";
    request->one_call = true;
    check(fixture, HEAD USAGE TOOLS ",\"tool_choice\":\"required\","
                              "\"parallel_tool_calls\":false}");
    request->tool_choice = "add";
    check(fixture, HEAD USAGE TOOLS ",\"tool_choice\":{\"type\":\"function\",\"function\":"
                              "{\"name\":\"add\"}},\"parallel_tool_calls\":false}");
    request->omit = CHAT_FIELD_TOOLS;
    check(fixture, HEAD USAGE "}");
    request->omit = 0;
    request->tool_count = 0;
    check(fixture, HEAD USAGE "}");
}

static void tools_of_the_settings_pass_through(void **state)
{
    struct fixture *fixture = *state;
    struct chat_request *request = &fixture->request;

    set_extra(fixture, "{\"tools\":[{\"type\":\"web_search\",\"x\":1.5}],\"tool_choice\":{\"y\":"
                       "[]},\"parallel_tool_calls\":true}");
    check(fixture, HEAD USAGE ",\"tools\":[{\"type\":\"web_search\",\"x\":1.5}],\"tool_choice\":"
                              "{\"y\":[]},\"parallel_tool_calls\":true}");
    /* They take the place of the caller's, of which the choice would speak. */
    request->tools = tools;
    request->tool_count = 2;
    request->tool_choice = "add";
    request->one_call = true;
    set_extra(fixture, "{\"tools\":[]}");
    check(fixture, HEAD USAGE ",\"tools\":[]}");
    set_extra(fixture, "{\"tool_choice\":\"none\"}");
    check(fixture, HEAD USAGE TOOLS ",\"parallel_tool_calls\":false,\"tool_choice\":\"none\"}");
}

static void extra_wins_and_is_never_doubled(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.temperature = 1;
    fixture->request.top_p = 1;
    fixture->request.n = 2;
    fixture->request.max_tokens = 5;
    fixture->request.stop[0] = "s";
    fixture->request.reasoning_effort = "low";
    set_extra(fixture,
              "{\"temperature\":0.5,\"top_p\":null,\"n\":1,\"max_tokens\":12345678901234,"
              "\"stop\":\"x\",\"reasoning_effort\":\"high\",\"stream_options\":{},\"seed\":7,"
              "\"seed\":8,\"provider\":{\"a\":[1,2.5]}}");
    check(fixture, HEAD ",\"temperature\":0.5,\"top_p\":null,\"n\":1,\"max_tokens\":12345678901234,"
                        "\"stop\":\"x\",\"reasoning_effort\":\"high\",\"stream_options\":{},"
                        "\"seed\":7,\"provider\":{\"a\":[1,2.5]}}");
}

static void extra_cannot_take_over(void **state)
{
    struct fixture *fixture = *state;

    set_extra(fixture, "{\"model\":\"evil\",\"messages\":[],\"stream\":false,\"user\":\"u\"}");
    check(fixture, HEAD USAGE ",\"user\":\"u\"}");
    set_extra(fixture, "[1,2]");
    check(fixture, HEAD USAGE "}");
}

static void leaves_out_what_was_refused(void **state)
{
    struct fixture *fixture = *state;
    struct chat_request *request = &fixture->request;

    request->temperature = 1;
    request->reasoning_effort = "low";
    request->stop[0] = "s";
    request->omit = CHAT_FIELD_STREAM_OPTIONS | CHAT_FIELD_TEMPERATURE |
                    CHAT_FIELD_REASONING_EFFORT | CHAT_FIELD_STOP | CHAT_FIELD_TOOLS |
                    CHAT_FIELD_RESPONSE_FORMAT;
    check(fixture, HEAD "}");
    set_extra(fixture, "{\"stream_options\":{},\"temperature\":1,\"reasoning_effort\":\"x\","
                       "\"stop\":[],\"tools\":[],\"tool_choice\":\"auto\","
                       "\"parallel_tool_calls\":true,\"response_format\":{},\"seed\":1}");
    check(fixture, HEAD ",\"seed\":1}");
}

static void names_the_limit_once(void **state)
{
    struct fixture *fixture = *state;

    fixture->request.max_tokens = 9;
    fixture->request.omit = CHAT_FIELD_MAX_TOKENS;
    check(fixture, HEAD USAGE ",\"max_completion_tokens\":9}");
    set_extra(fixture, "{\"max_tokens\":7}");
    check(fixture, HEAD USAGE ",\"max_completion_tokens\":7}");
    set_extra(fixture, "{\"max_tokens\":7,\"max_completion_tokens\":8}");
    check(fixture, HEAD USAGE ",\"max_completion_tokens\":8}");
    fixture->request.omit = 0;
    check(fixture, HEAD USAGE ",\"max_completion_tokens\":8}");
    set_extra(fixture, "{\"max_completion_tokens\":8}");
    check(fixture, HEAD USAGE ",\"max_completion_tokens\":8}");
}

static void a_full_buffer_tells(void **state)
{
    struct fixture *fixture = *state;
    struct buffer out CLEANUP(buffer_finish);

    buffer_init(&out, 20);
    assert_int_equal(chat_request_append(&out, &fixture->request), -EMSGSIZE);
}

static void knows_fields_by_name(void **state)
{
    (void)state;
    assert_int_equal(chat_field_from_name("stop", 4), CHAT_FIELD_STOP);
    assert_int_equal(chat_field_from_name("tool_choice", 11), CHAT_FIELD_TOOLS);
    assert_int_equal(chat_field_from_name("stops", 5), 0);
    assert_int_equal(chat_field_from_name("", 0), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(leaves_out_what_is_unset),
        TEST(writes_every_field),
        TEST(writes_messages),
        TEST(copies_messages),
        TEST(writes_formats),
        TEST(writes_tools),
        TEST(tools_of_the_settings_pass_through),
        TEST(extra_wins_and_is_never_doubled),
        TEST(extra_cannot_take_over),
        TEST(leaves_out_what_was_refused),
        TEST(names_the_limit_once),
        TEST(a_full_buffer_tells),
        TEST(knows_fields_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
