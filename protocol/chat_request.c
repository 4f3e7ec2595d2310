#include "protocol/chat.h"

#include <string.h>

#include "protocol/chat_messages.h"

static const struct {
    enum chat_field field;
    const char *name;
} fields[] = {
    {CHAT_FIELD_STREAM_OPTIONS, "stream_options"},
    {CHAT_FIELD_REASONING_EFFORT, "reasoning_effort"},
    {CHAT_FIELD_RESPONSE_FORMAT, "response_format"},
    {CHAT_FIELD_TOOLS, "tools"},
    {CHAT_FIELD_TOOLS, "tool_choice"},
    {CHAT_FIELD_TOOLS, "parallel_tool_calls"},
    {CHAT_FIELD_MAX_TOKENS, "max_tokens"},
    {CHAT_FIELD_STOP, "stop"},
    {CHAT_FIELD_TEMPERATURE, "temperature"},
    {CHAT_FIELD_REASONING, "reasoning_content"},
    {CHAT_FIELD_N, "n"},
};

unsigned chat_field_from_name(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strlen(fields[i].name) == length && memcmp(fields[i].name, name, length) == 0) {
            return fields[i].field;
        }
    }
    return 0;
}

/* Whether the body gets a field of ours: the caller's extra member of that name takes its place,
 * and what the server has refused is left out. */
static bool wanted(const struct chat_request *request, const char *key)
{
    return (request->omit & chat_field_from_name(key, strlen(key))) == 0 &&
           json_member(request->extra, key) == NULL;
}

static void put_number(struct json_writer *writer, const char *key, double value)
{
    json_write_key(writer, key);
    json_write_number(writer, value);
}

static void put_stream_options(struct json_writer *writer)
{
    json_write_key(writer, "stream_options");
    json_begin_object(writer);
    json_put_bool(writer, "include_usage", true);
    json_end_object(writer);
}

static void put_stop(struct json_writer *writer, const char *const stop[4])
{
    bool any = false;

    for (size_t i = 0; i < 4 && stop[i] != NULL; i++) {
        if (stop[i][0] == '\0') {
            continue;
        }
        if (!any) {
            json_write_key(writer, "stop");
            json_begin_array(writer);
            any = true;
        }
        json_write_string(writer, stop[i]);
    }
    if (any) {
        json_end_array(writer);
    }
}

static void put_format(struct json_writer *writer, const struct chat_format *format)
{
    json_write_key(writer, "response_format");
    json_begin_object(writer);
    if (format->kind == CHAT_FORMAT_JSON) {
        json_put_string(writer, "type", "json_object");
    } else {
        json_put_string(writer, "type", "json_schema");
        json_write_key(writer, "json_schema");
        json_begin_object(writer);
        json_put_string(writer, "name", format->name);
        json_put_bool(writer, "strict", format->strict);
        json_write_key(writer, "schema");
        json_write_raw(writer, format->schema, strlen(format->schema));
        json_end_object(writer);
    }
    json_end_object(writer);
}

static void put_tool(struct json_writer *writer, const struct chat_tool *tool)
{
    json_begin_object(writer);
    json_put_string(writer, "type", "function");
    json_write_key(writer, "function");
    json_begin_object(writer);
    json_put_string(writer, "name", tool->name);
    if (tool->description != NULL) {
        json_put_string(writer, "description", tool->description);
    }
    if (tool->parameters != NULL) {
        json_write_key(writer, "parameters");
        json_write_raw(writer, tool->parameters, strlen(tool->parameters));
    }
    json_end_object(writer);
    json_end_object(writer);
}

static void put_tool_choice(struct json_writer *writer, const char *choice)
{
    json_write_key(writer, "tool_choice");
    if (strcmp(choice, "auto") == 0 || strcmp(choice, "none") == 0 ||
        strcmp(choice, "required") == 0) {
        json_write_string(writer, choice);
        return;
    }
    json_begin_object(writer);
    json_put_string(writer, "type", "function");
    json_write_key(writer, "function");
    json_begin_object(writer);
    json_put_string(writer, "name", choice);
    json_end_object(writer);
    json_end_object(writer);
}

/* The choice and the number of calls speak of these tools: they are not for the caller's own. */
static void put_tools(struct json_writer *writer, const struct chat_request *request)
{
    json_write_key(writer, "tools");
    json_begin_array(writer);
    for (size_t i = 0; i < request->tool_count; i++) {
        put_tool(writer, &request->tools[i]);
    }
    json_end_array(writer);
    if (request->tool_choice != NULL && wanted(request, "tool_choice")) {
        put_tool_choice(writer, request->tool_choice);
    }
    if (request->one_call && wanted(request, "parallel_tool_calls")) {
        json_put_bool(writer, "parallel_tool_calls", false);
    }
}

/* The name under which a token limit goes out. Servers refuse a body that has both names, so the
 * newer one, where the caller gave it, is the only one. */
static const char *limit_key(const struct chat_request *request)
{
    if (json_member(request->extra, "max_completion_tokens") != NULL) {
        return NULL;
    }
    return request->omit & CHAT_FIELD_MAX_TOKENS ? "max_completion_tokens" : "max_tokens";
}

static void put_own_fields(struct json_writer *writer, const struct chat_request *request)
{
    const char *limit = limit_key(request);

    if (request->max_tokens > 0 && limit != NULL &&
        json_member(request->extra, "max_tokens") == NULL) {
        json_put_integer(writer, limit, request->max_tokens);
    }
    if (request->temperature >= 0 && wanted(request, "temperature")) {
        put_number(writer, "temperature", request->temperature);
    }
    if (request->top_p >= 0 && wanted(request, "top_p")) {
        put_number(writer, "top_p", request->top_p);
    }
    if (wanted(request, "stop")) {
        put_stop(writer, request->stop);
    }
    if (request->reasoning_effort != NULL && wanted(request, "reasoning_effort")) {
        json_put_string(writer, "reasoning_effort", request->reasoning_effort);
    }
    if (request->n > 1 && wanted(request, "n")) {
        json_put_integer(writer, "n", request->n);
    }
    if (request->format.kind != CHAT_FORMAT_ANY && wanted(request, "response_format")) {
        put_format(writer, &request->format);
    }
    if (request->tool_count > 0 && wanted(request, "tools")) {
        put_tools(writer, request);
    }
}

/* The key under which a member of extra goes out, or NULL where it does not. */
static const char *extra_key(const struct chat_request *request, const struct json *member)
{
    const char *key = json_key(member);

    if (strcmp(key, "model") == 0 || strcmp(key, "messages") == 0 || strcmp(key, "stream") == 0 ||
        json_member(request->extra, key) != member) {
        return NULL;
    }
    if (strcmp(key, "max_tokens") == 0) {
        return limit_key(request);
    }
    return request->omit & chat_field_from_name(key, strlen(key)) ? NULL : key;
}

int chat_request_append(struct buffer *out, const struct chat_request *request)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_put_string(&writer, "model", request->model);
    json_write_key(&writer, "messages");
    chat_messages_write(request->messages, (request->omit & CHAT_FIELD_REASONING) == 0, &writer);
    json_put_bool(&writer, "stream", true);
    if (wanted(request, "stream_options")) {
        put_stream_options(&writer);
    }
    put_own_fields(&writer, request);
    if (json_type(request->extra) == JSON_OBJECT) {
        for (const struct json *member = json_first(request->extra); member != NULL;
             member = json_next(member)) {
            const char *key = extra_key(request, member);

            if (key != NULL) {
                json_write_key(&writer, key);
                json_write_value(&writer, member);
            }
        }
    }
    json_end_object(&writer);
    return buffer_error(out);
}
