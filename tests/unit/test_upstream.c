#include "http_fixture.h"

#include "daemon/redact.h"
#include "daemon/upstream.h"

/* Calls with tools and formats, which no transcript shows whole. */

struct world {
    struct http_fixture http;
    struct config_store *store;
    struct config *config;
    struct upstream *upstream;
    /* what the last call came to */
    bool ended, failed;
    enum failure_kind kind;
    char message[1024];
    struct buffer text;
    enum chat_finish finish;
    unsigned omitted;
    size_t call_count;
    char name[64], arguments[256], fault[128];
    struct chat_messages messages; /* to be gone on with, where calls came */
};

static void configure(struct world *world, const char *path, const char *json)
{
    assert_int_equal(config_store_set_value(world->store, CONFIG_COMMAND_LINE, path, json, NULL), 0);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    char url[128];

    assert_non_null(world);
    http_start(&world->http);
    assert_int_equal(config_store_create(&world->store), 0);
    snprintf(url, sizeof(url), "\"%s/v1\"", world->http.origin);
    configure(world, "base_url", url);
    configure(world, "api_key", "\"key-of-the-test\"");
    configure(world, "network.retries", "0");
    configure(world, "network.proxy", "\"\"");
    world->config = config_store_snapshot(world->store);
    assert_non_null(world->config);
    assert_int_equal(upstream_create(&world->upstream, &world->http.loop, NULL, NULL, NULL), 0);
    buffer_init(&world->text, BUFFER_CAP);
    chat_messages_init(&world->messages);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    upstream_close(world->upstream);
    http_stop(&world->http);
    config_unref(world->config);
    config_store_destroy(world->store);
    buffer_finish(&world->text);
    chat_messages_finish(&world->messages);
    free(world);
    return 0;
}

static void on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct world *world = context;

    assert_int_equal(index, 0);
    buffer_append(&world->text, text, length);
}

static void on_end(void *context, const struct upstream_result *result)
{
    struct world *world = context;

    world->ended = true;
    world->failed = result->failure != NULL;
    world->kind = result->failure ? result->failure->kind : FAILURE_UNCONFIGURED;
    snprintf(world->message, sizeof(world->message), "%s",
             result->failure ? result->failure->message : "");
    world->finish = result->finish;
    world->omitted = result->omitted;
    world->call_count = result->calls ? result->calls->count : 0;
    assert_true(!result->turn == !result->calls);
    if (!result->calls)
        return;
    snprintf(world->fault, sizeof(world->fault), "%s",
             result->calls->fault ? result->calls->fault : "");
    snprintf(world->name, sizeof(world->name), "%s", result->calls->items[0].name);
    snprintf(world->arguments, sizeof(world->arguments), "%s",
             result->calls->items[0].arguments.data);
    chat_messages_add_turn(&world->messages, result->turn, world->text.data, world->text.length);
}

/* Asks with world->messages, and waits for the end. */
static void ask(struct world *world, struct upstream_request request)
{
    static const struct upstream_callbacks callbacks = {.on_text = on_text, .on_end = on_end};
    struct upstream_call *call;

    world->ended = false;
    world->call_count = 0;
    buffer_clear(&world->text);
    request.config = world->config;
    request.task = TASK_EXPLAIN;
    chat_messages_init(&request.messages);
    chat_messages_add_copies(&request.messages, &world->messages);
    assert_int_equal(upstream_call_start(world->upstream, &request, &callbacks, world, &call), 0);
    http_run(&world->http, &world->ended);
}

static const struct chat_tool tools[] = {
    {"read_file", "Reads a file.", "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":"
                                   "\"string\"}}}"},
    {"list", NULL, NULL},
};
#define TOOLS .tools = tools, .tool_count = 2, .tool_choice = "auto", .one_call = true

#define STREAM HTTP_HEAD("200 OK", "text/event-stream")
#define CHUNK(delta, finish) \
    "data: {\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" finish "}]}\n\n"
#define DONE "data: [DONE]\n\n"
#define SAYS(text) {STREAM CHUNK("{\"content\":\"" text "\"}", "\"stop\"") DONE, false}

static const char *asked(const struct world *world, size_t index)
{
    assert_true(index < world->http.asked_count);
    return world->http.asked[index].data;
}

static void assert_asked(const struct world *world, size_t index, const char *part)
{
    if (!strstr(asked(world, index), part))
        fail_msg("%s is not in %s", part, asked(world, index));
}

static void assert_not_asked(const struct world *world, size_t index, const char *part)
{
    if (strstr(asked(world, index), part))
        fail_msg("%s is in %s", part, asked(world, index));
}

static void calls_of_tools_are_delivered_and_answered(void **state)
{
    struct world *world = *state;

    chat_messages_add(&world->messages, CHAT_USER, "What is x?", 10);
    HTTP_SCRIPT(&world->http, {
        STREAM CHUNK("{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"hm\"}", "null")
        CHUNK("{\"content\":\"Let me see.\"}", "null")
        CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":"
              "{\"name\":\"read_file\",\"arguments\":\"\"}}]}", "null")
        CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"path\\\":\"}}]}",
              "null")
        CHUNK("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\"a.c\\\"}\"}}]}",
              "null")
        CHUNK("{}", "\"tool_calls\"") DONE, false});
    ask(world, (struct upstream_request){TOOLS});
    assert_false(world->failed);
    assert_asked(world, 0, "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"read_file\"");
    assert_asked(world, 0, "\"tool_choice\":\"auto\",\"parallel_tool_calls\":false");
    assert_string_equal(world->text.data, "Let me see.");
    assert_int_equal(world->finish, CHAT_FINISH_TOOL_CALLS);
    assert_int_equal(world->call_count, 1);
    assert_string_equal(world->name, "read_file");
    assert_string_equal(world->arguments, "{\"path\":\"a.c\"}");
    assert_string_equal(world->fault, "");

    chat_messages_add_result(&world->messages, "c1", "int x;", 6);
    HTTP_SCRIPT(&world->http, SAYS("An int."));
    ask(world, (struct upstream_request){TOOLS});
    assert_asked(world, 0, "\"reasoning_content\":\"hm\",\"tool_calls\":[{\"id\":\"c1\"");
    assert_asked(world, 0, "{\"role\":\"tool\",\"content\":\"int x;\",\"tool_call_id\":\"c1\"}");
    assert_string_equal(world->text.data, "An int.");
    assert_int_equal(world->call_count, 0);
}

static void cut_calls_have_a_fault(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, {
        STREAM CHUNK("{\"content\":\"So: \"}", "null")
        CHUNK("{\"tool_calls\":[{\"id\":\"c1\",\"function\":{\"name\":\"list\",\"arguments\":\"{\"}}]}",
              "\"length\"") DONE, false});
    ask(world, (struct upstream_request){TOOLS});
    assert_false(world->failed);
    assert_int_equal(world->call_count, 1);
    assert_string_not_equal(world->fault, "");

    /* A stream that breaks off within a call is no answer, and is not asked for again. */
    HTTP_SCRIPT(&world->http, {
        STREAM CHUNK("{\"tool_calls\":[{\"id\":\"c1\",\"function\":{\"name\":\"list\",\"arguments\":\"{\"}}]}",
                     "null"), false});
    ask(world, (struct upstream_request){TOOLS});
    assert_true(world->failed);
    assert_int_equal(world->kind, FAILURE_TRUNCATED);
    assert_int_equal(world->call_count, 0);
}

static void calls_that_no_one_offered_are_no_answer(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, {
        STREAM CHUNK("{\"tool_calls\":[{\"id\":\"c1\",\"function\":{\"name\":\"list\",\"arguments\":\"{}\"}}]}",
                     "\"tool_calls\"") DONE, false});
    ask(world, (struct upstream_request){0});
    assert_true(world->failed);
    assert_int_equal(world->kind, FAILURE_UPSTREAM);
}

/* Every numbering that servers are known for, as two calls of one tool or as one. */
static void odd_numberings_come_out_right(void **state)
{
#define CALLS(fragments) "data: {\"choices\":[{\"delta\":{\"tool_calls\":[" fragments "]}}]}\n\n"
#define HEAD(members, arguments) \
    "{" members "\"function\":{\"name\":\"list\",\"arguments\":" arguments "}}"
#define REST(members, arguments) "{" members "\"function\":{\"arguments\":" arguments "}}"
#define END_CALLS CHUNK("{}", "\"tool_calls\"") DONE
    static const struct {
        const char *stream;
        size_t count;
        const char *arguments; /* of the first */
    } rows[] = {
        /* no index; always 0 with other ids; from 1 on; the head at 0 and the rest at 1 */
        {CALLS(HEAD("\"id\":\"a\",", "\"{}\"")) CALLS(HEAD("\"id\":\"b\",", "\"{}\"")), 2, "{}"},
        {CALLS(HEAD("\"index\":0,\"id\":\"a\",", "\"{}\""))
             CALLS(HEAD("\"index\":0,\"id\":\"b\",", "\"{}\"")), 2, "{}"},
        {CALLS(HEAD("\"index\":1,\"id\":\"a\",", "\"\""))
             CALLS(REST("\"index\":1,", "\"{\\\"a\\\":1}\"")), 1, "{\"a\":1}"},
        {CALLS(HEAD("\"index\":0,\"id\":\"a\",", "\"\""))
             CALLS(REST("\"index\":1,", "\"{\\\"a\\\":1}\"")), 1, "{\"a\":1}"},
        /* the id again in each chunk; an empty one; no id at all; arguments that are no string */
        {CALLS(HEAD("\"index\":0,\"id\":\"a\",", "\"{\""))
             CALLS(REST("\"index\":0,\"id\":\"a\",", "\"}\"")), 1, "{}"},
        {CALLS(HEAD("\"index\":0,\"id\":\"a\",", "\"{\""))
             CALLS("{\"index\":0,\"id\":\"\",\"type\":\"FUNCTION\",\"function\":{\"name\":null,"
                   "\"arguments\":\"}\"}}"), 1, "{}"},
        {CALLS(HEAD("", "null")), 1, "{}"},
        {CALLS(HEAD("\"id\":\"functions.list:0\",", "{\"a\": 1}")), 1, "{\"a\":1}"},
        /* two in one chunk, and an empty chunk behind them */
        {CALLS(HEAD("\"index\":0,\"id\":\"a\",", "\"{}\"") ","
               HEAD("\"index\":1,\"id\":\"b\",", "\"{}\"")) CALLS(""), 2, "{}"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer bytes CLEANUP(buffer_finish);

        buffer_init(&bytes, BUFFER_CAP);
        buffer_printf(&bytes, "%s%s%s", STREAM, rows[i].stream, END_CALLS);
        HTTP_SCRIPT(&world->http, {bytes.data, false});
        ask(world, (struct upstream_request){TOOLS});
        if (world->failed || world->fault[0] || world->call_count != rows[i].count ||
            strcmp(world->arguments, rows[i].arguments) != 0)
            fail_msg("row %zu: %s%s, %zu calls, %s", i, world->message, world->fault,
                     world->call_count, world->arguments);
    }
}

#define REFUSES(status, message) {                                     \
    HTTP_HEAD(status, "application/json") "{\"error\":{\"message\":\"" \
    message "\"}}", false}

static void check_refusal(struct world *world, const struct http_answer refusal)
{
    const struct http_answer answers[] = {refusal, SAYS("An int.")};

    http_script(&world->http, answers, 2);
    assert_true(upstream_takes(world->upstream, world->config, TASK_EXPLAIN, CHAT_FIELD_TOOLS));
    ask(world, (struct upstream_request){TOOLS});
    assert_false(world->failed);
    assert_string_equal(world->text.data, "An int.");
    assert_asked(world, 0, "\"tools\"");
    assert_not_asked(world, 1, "tool");
    assert_int_equal(world->omitted, CHAT_FIELD_TOOLS);
    assert_false(upstream_takes(world->upstream, world->config, TASK_EXPLAIN, CHAT_FIELD_TOOLS));
    assert_true(upstream_takes(world->upstream, world->config, TASK_EXPLAIN,
                               CHAT_FIELD_RESPONSE_FORMAT));
    /* The next call knows. */
    HTTP_SCRIPT(&world->http, SAYS("An int."));
    ask(world, (struct upstream_request){TOOLS});
    assert_not_asked(world, 0, "tool");
    assert_int_equal(world->omitted, CHAT_FIELD_TOOLS);
}

static void a_refusal_of_tools_is_remembered(void **state)
{
    check_refusal(*state, (struct http_answer)REFUSES("400 Bad Request",
                                                      "registry/x does not support tools"));
}

static void a_refusal_may_come_as_a_fault_of_the_server(void **state)
{
    check_refusal(*state, (struct http_answer)REFUSES("500 Internal Server Error",
                                                      "tools param requires --jinja flag"));
}

static void a_refusal_may_come_where_an_answer_was_to_begin(void **state)
{
    check_refusal(*state, (struct http_answer){
        STREAM "data: {\"error\":{\"message\":\"tool calling is not supported\",\"code\":400}}\n\n",
        false});
}

static void a_refusal_is_of_one_model(void **state)
{
    struct world *world = *state;

    check_refusal(world, (struct http_answer)REFUSES("400 Bad Request", "no tools: not supported"));
    configure(world, "instruments.explain", "\"other\"");
    config_unref(world->config);
    world->config = config_store_snapshot(world->store);
    assert_true(upstream_takes(world->upstream, world->config, TASK_EXPLAIN, CHAT_FIELD_TOOLS));
}

static void a_format_goes_out_and_may_be_refused(void **state)
{
    struct world *world = *state;
    struct upstream_request request = {
        .format = {CHAT_FORMAT_SCHEMA, "edit", "{\"type\":\"object\"}", true},
    };

    HTTP_SCRIPT(&world->http, SAYS("{}"));
    ask(world, request);
    assert_asked(world, 0, "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":"
                           "\"edit\",\"strict\":true,\"schema\":{\"type\":\"object\"}}}");
    assert_int_equal(world->omitted, 0);
    HTTP_SCRIPT(&world->http, REFUSES("422 Unprocessable", "'response_format' is not supported"),
                SAYS("An int."));
    ask(world, request);
    assert_not_asked(world, 1, "response_format");
    assert_int_equal(world->omitted, CHAT_FIELD_RESPONSE_FORMAT);
    assert_false(upstream_takes(world->upstream, world->config, TASK_EXPLAIN,
                                CHAT_FIELD_RESPONSE_FORMAT));
}

static void what_is_all_said_is_not_waited_on(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, {STREAM CHUNK("{\"content\":\"An int.\"}", "\"stop\""), true});
    ask(world, (struct upstream_request){0});
    assert_false(world->failed);
    assert_string_equal(world->text.data, "An int.");
}

/* ---- the key --------------------------------------------------------------------------------- */

static void reconfigure(struct world *world, const char *path, const char *json)
{
    configure(world, path, json);
    config_unref(world->config);
    world->config = config_store_snapshot(world->store);
    assert_non_null(world->config);
}

/* Where the body of a request begins. */
static const char *body(const struct world *world, size_t index)
{
    return strstr(asked(world, index), "\r\n\r\n");
}

/* The key may come from a command that is still at work when the prompt is made. */
static void the_key_is_taken_out_of_what_is_asked(void **state)
{
    struct world *world = *state;
    static const char question[] = "x = key-of-the-test; Bearer key-of-the-command";
    struct redaction *redaction;
    struct buffer held CLEANUP(buffer_finish);
    struct buffer out CLEANUP(buffer_finish);

    chat_messages_add(&world->messages, CHAT_USER, question, strlen(question));
    HTTP_SCRIPT(&world->http, SAYS("An int."), SAYS("It is GRIDLS_SECRET_0001."));
    ask(world, (struct upstream_request){0});
    assert_asked(world, 0, "Authorization: Bearer key-of-the-test\r\n");
    assert_null(strstr(body(world, 0), "key-of-the-test"));
    assert_non_null(strstr(body(world, 0), "key-of-the-command"));

    reconfigure(world, "api_key", "null");
    reconfigure(world, "api_key_command", "[\"echo\", \"key-of-the-command\"]");
    assert_int_equal(redaction_create(&redaction, false), 0);
    ask(world, (struct upstream_request){.redaction = redaction});
    assert_asked(world, 1, "Authorization: Bearer key-of-the-command\r\n");
    assert_null(strstr(body(world, 1), "key-of-the-command"));
    buffer_init(&held, BUFFER_CAP);
    buffer_init(&out, BUFFER_CAP);
    redaction_restore(redaction, &held, world->text.data, world->text.length, 1, &out);
    assert_string_equal(out.data, "It is key-of-the-command.");
    redaction_destroy(redaction);
}

/* A refused key is asked for again, and the new one stands in the text, too. */
static void a_second_key_is_taken_out_as_well(void **state)
{
    struct world *world = *state;
    static const char question[] = "first-key-of-two, second-key-of-two";
    char directory[] = "/tmp/gridls-test-XXXXXX";
    char command[256], path[64];

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/asked", directory);
    snprintf(command, sizeof(command),
             "[\"sh\", \"-c\", \"if [ -e %s ]; then echo second-key-of-two; else echo "
             "first-key-of-two; : >%s; fi\"]", path, path);
    reconfigure(world, "api_key", "null");
    reconfigure(world, "api_key_command", command);
    chat_messages_add(&world->messages, CHAT_USER, question, strlen(question));
    HTTP_SCRIPT(&world->http, REFUSES("401 Unauthorized", "no"), SAYS("An int."));
    ask(world, (struct upstream_request){0});
    remove(path);
    remove(directory);
    assert_false(world->failed);
    assert_non_null(strstr(body(world, 0), "second-key-of-two"));
    assert_asked(world, 1, "Bearer second-key-of-two");
    assert_null(strstr(body(world, 1), "key-of-two"));
}

static void a_parameter_with_the_key_is_not_sent(void **state)
{
    struct world *world = *state;

    reconfigure(world, "parameters.explain", "{\"user\": \"key-of-the-test\"}");
    HTTP_SCRIPT(&world->http, SAYS("An int."));
    ask(world, (struct upstream_request){0});
    assert_true(world->failed);
    assert_int_equal(world->kind, FAILURE_UNCONFIGURED);
    assert_null(strstr(world->message, "key-of-the-test"));
    assert_int_equal(world->http.asked_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(calls_of_tools_are_delivered_and_answered),
        TEST(cut_calls_have_a_fault),
        TEST(odd_numberings_come_out_right),
        TEST(calls_that_no_one_offered_are_no_answer),
        TEST(a_refusal_of_tools_is_remembered),
        TEST(a_refusal_may_come_as_a_fault_of_the_server),
        TEST(a_refusal_may_come_where_an_answer_was_to_begin),
        TEST(a_refusal_is_of_one_model),
        TEST(a_format_goes_out_and_may_be_refused),
        TEST(what_is_all_said_is_not_waited_on),
        TEST(the_key_is_taken_out_of_what_is_asked),
        TEST(a_second_key_is_taken_out_as_well),
        TEST(a_parameter_with_the_key_is_not_sent),
    };

    return cmocka_run_group_tests_name("upstream", tests, NULL, NULL);
}
