#include "protocol/chat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_names[] = {
    [CHAT_SYSTEM] = "system",
    [CHAT_USER] = "user",
    [CHAT_ASSISTANT] = "assistant",
    [CHAT_TOOL] = "tool",
};

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
};

void chat_messages_init(struct chat_messages *messages)
{
    memset(messages, 0, sizeof *messages);
}

void chat_messages_finish(struct chat_messages *messages)
{
    if (messages == NULL) {
        return;
    }
    for (size_t i = 0; i < messages->count; i++) {
        free(messages->items[i].content);
    }
    free(messages->items);
    chat_messages_init(messages);
}

int chat_messages_add(struct chat_messages *messages, enum chat_role role, const char *content,
                      size_t length)
{
    if (messages->error != 0) {
        return messages->error;
    }
    char *copy = malloc(length + 1);
    struct chat_message *items =
        reallocarray(messages->items, messages->count + 1, sizeof *messages->items);
    if (items != NULL) {
        messages->items = items;
    }
    if (copy == NULL || items == NULL) {
        free(copy);
        return messages->error = -ENOMEM;
    }
    if (length > 0) {
        memcpy(copy, content, length);
    }
    copy[length] = '\0';
    items[messages->count++] = (struct chat_message){role, copy, length};
    return 0;
}

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

static void put_messages(struct json_writer *writer, const struct chat_messages *messages)
{
    json_write_key(writer, "messages");
    json_begin_array(writer);
    for (size_t i = 0; i < messages->count; i++) {
        const struct chat_message *message = &messages->items[i];

        json_begin_object(writer);
        json_put_string(writer, "role", role_names[message->role]);
        json_put_text(writer, "content", message->content, message->length);
        json_end_object(writer);
    }
    json_end_array(writer);
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
    put_messages(&writer, request->messages);
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
