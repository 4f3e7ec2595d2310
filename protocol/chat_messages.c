#include "protocol/chat_messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_names[] = {
    [CHAT_SYSTEM] = "system",
    [CHAT_USER] = "user",
    [CHAT_ASSISTANT] = "assistant",
    [CHAT_TOOL] = "tool",
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
        struct chat_message *message = &messages->items[i];

        free(message->content);
        chat_tool_calls_finish(&message->calls);
        free(message->reasoning);
        free(message->tool_call_id);
    }
    free(messages->items);
    chat_messages_init(messages);
}

/* ---- adding -------------------------------------------------------------------------------- */

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
    items[messages->count++] = (struct chat_message){
        .role = role,
        .content = copy,
        .length = length,
    };
    return 0;
}

int chat_messages_add_result(struct chat_messages *messages, const char *tool_call_id,
                             const char *content, size_t length)
{
    if (chat_messages_add(messages, CHAT_TOOL, content, length) == 0) {
        char *copy = strdup(tool_call_id);

        messages->items[messages->count - 1].tool_call_id = copy;
        messages->error = copy != NULL ? 0 : -ENOMEM;
    }
    return messages->error;
}

int chat_messages_add_turn(struct chat_messages *messages, const struct chat_decoder *decoder,
                           const char *content, size_t length)
{
    const struct chat_tool_calls *calls = &decoder->choices[0].calls;

    if (chat_messages_add(messages, CHAT_ASSISTANT, content, length) != 0 || calls->count == 0) {
        return messages->error;
    }
    struct chat_message *message = &messages->items[messages->count - 1];
    messages->error = chat_tool_calls_copy(&message->calls, calls);
    if (messages->error == 0 && decoder->reasoning_key != NULL) {
        message->reasoning_key = decoder->reasoning_key;
        message->reasoning = strdup(decoder->reasoning.data);
        messages->error = message->reasoning != NULL ? 0 : -ENOMEM;
    }
    return messages->error;
}

static int add_copy(struct chat_messages *messages, const struct chat_message *from)
{
    struct chat_message *message;

    if (chat_messages_add(messages, from->role, from->content, from->length) != 0) {
        return messages->error;
    }
    message = &messages->items[messages->count - 1];
    messages->error = chat_tool_calls_copy(&message->calls, &from->calls);
    message->reasoning_key = from->reasoning_key;
    message->reasoning = from->reasoning != NULL ? strdup(from->reasoning) : NULL;
    message->tool_call_id = from->tool_call_id != NULL ? strdup(from->tool_call_id) : NULL;
    if ((from->reasoning != NULL && message->reasoning == NULL) ||
        (from->tool_call_id != NULL && message->tool_call_id == NULL)) {
        messages->error = -ENOMEM;
    }
    return messages->error;
}

int chat_messages_add_copies(struct chat_messages *messages, const struct chat_messages *from)
{
    if (from->error != 0) {
        messages->error = from->error;
    }
    for (size_t i = 0; i < from->count && messages->error == 0; i++) {
        add_copy(messages, &from->items[i]);
    }
    return messages->error;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void write_message(const struct chat_message *message, bool with_reasoning,
                          struct json_writer *writer)
{
    bool has_calls = message->calls.count > 0;

    json_begin_object(writer);
    json_put_string(writer, "role", role_names[message->role]);
    if (has_calls && message->length == 0) {
        json_put_string(writer, "content", NULL); /* servers refuse the empty text here */
    } else {
        json_put_text(writer, "content", message->content, message->length);
    }
    if (has_calls) {
        /* Some servers refuse such a turn without its reasoning; in others it is never of use. */
        if (message->reasoning != NULL && with_reasoning) {
            json_put_string(writer, message->reasoning_key, message->reasoning);
        }
        json_write_key(writer, "tool_calls");
        chat_tool_calls_write(&message->calls, writer);
    }
    if (message->tool_call_id != NULL) {
        json_put_string(writer, "tool_call_id", message->tool_call_id);
    }
    json_end_object(writer);
}

void chat_messages_write(const struct chat_messages *messages, bool with_reasoning,
                         struct json_writer *writer)
{
    json_begin_array(writer);
    for (size_t i = 0; i < messages->count; i++) {
        write_message(&messages->items[i], with_reasoning, writer);
    }
    json_end_array(writer);
}
