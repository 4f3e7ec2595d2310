#include "daemon/sandbox_chat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "protocol/utf8.h"

#define MODEL "gridls-sandbox"
#define REASONING "The sandbox does not think: it follows rules. "
#define TOKEN_BYTES 4 /* how tokens are counted here */

struct instrument {
    const char *id;
    int64_t context_length;
    int64_t max_completion_tokens;
};

static const struct instrument instruments[] = {
    {"text-standard", 128000, 65536},
    {"text-prime", 196608, 131072},
    {"text-max", 1000000, 128000},
    {"code-standard", 128000, 65536},
    {"code-prime", 196608, 131072},
    {"code-max", 1000000, 128000},
    {"agent-standard", 128000, 65536},
    {"agent-prime", 196608, 131072},
    {"agent-max", 1000000, 128000},
};

#define INSTRUMENT_COUNT (sizeof(instruments) / sizeof(instruments[0]))

/* ---- requests ------------------------------------------------------------------------------ */

static bool has_instrument(const char *id)
{
    size_t i;

    for (i = 0; i < INSTRUMENT_COUNT; i++) {
        if (strcmp(instruments[i].id, id) == 0)
            return true;
    }
    return false;
}

/* A message's content is a string or a list of parts, of which those with text count. */
static void append_content(struct buffer *out, const struct json *content)
{
    const struct json *part;

    if (json_string(content))
        buffer_append_string(out, json_string(content));
    if (json_type(content) != JSON_ARRAY)
        return;
    for (part = json_first(content); part; part = json_next(part)) {
        const char *text = json_string(json_member(part, "text"));

        if (text)
            buffer_append_string(out, text);
    }
}

static int read_messages(struct sandbox_chat *chat, const struct json *messages)
{
    const struct json *last = NULL;
    const struct json *message;
    struct buffer content CLEANUP(buffer_finish);

    buffer_init(&content, BUFFER_CAP);
    for (message = json_first(messages); message; message = json_next(message)) {
        const char *role = json_string(json_member(message, "role"));

        if (!role)
            return -EINVAL;
        buffer_clear(&content);
        append_content(&content, json_member(message, "content"));
        chat->prompt_bytes += (int64_t)content.length;
        if (strcmp(role, "user") == 0)
            last = message;
        if (strcmp(role, "tool") == 0)
            chat->may_look = false;
    }
    if (last)
        append_content(&chat->prompt, json_member(last, "content"));
    return buffer_error(&chat->prompt);
}

static void read_limit(struct sandbox_chat *chat, const char *name)
{
    int64_t limit;

    if (json_integer(json_member(chat->root, name), &limit) && limit > 0)
        chat->max_tokens = limit;
}

int sandbox_chat_read(struct sandbox_chat *chat, const char *body, size_t length,
                      struct buffer *problem)
{
    const struct json *messages;
    const char *model;
    const char *choice;
    int error;

    *chat = (struct sandbox_chat){0};
    buffer_init(&chat->prompt, BUFFER_CAP);
    error = json_parse(body, length, &chat->root);
    if (error == -ENOMEM)
        return 500;
    model = error ? NULL : json_string(json_member(chat->root, "model"));
    messages = error ? NULL : json_member(chat->root, "messages");
    if (error || json_type(chat->root) != JSON_OBJECT) {
        buffer_append_string(problem, "The body is not a JSON object.");
        return 400;
    }
    if (!model || json_type(messages) != JSON_ARRAY || json_count(messages) == 0) {
        buffer_append_string(problem, "The body needs a model and messages.");
        return 400;
    }
    if (!has_instrument(model)) {
        buffer_append_string(problem, "The sandbox has no instrument of that name; it has those "
                                      "that GET /v1/models lists.");
        return 404;
    }
    choice = json_string(json_member(chat->root, "tool_choice"));
    chat->may_look = json_count(json_member(chat->root, "tools")) > 0 &&
                     !(choice && strcmp(choice, "none") == 0);
    error = read_messages(chat, messages);
    if (error == -EINVAL) {
        buffer_append_string(problem, "Each message needs a role.");
        return 400;
    }
    chat->stream = json_true(json_member(chat->root, "stream"));
    chat->include_usage = json_true(json_at(chat->root, "stream_options.include_usage"));
    read_limit(chat, "max_tokens");
    read_limit(chat, "max_completion_tokens");
    return error ? 500 : 200;
}

void sandbox_chat_finish(struct sandbox_chat *chat)
{
    if (!chat)
        return;
    json_destroy(chat->root);
    chat->root = NULL;
    buffer_finish(&chat->prompt);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The steps of an event stream, in their order. */
enum step { STEP_ROLE, STEP_REASONING, STEP_TEXT, STEP_CALL, STEP_FINISH, STEP_USAGE, STEP_DONE, STEP_END };

static int64_t count_tokens(int64_t bytes)
{
    return (bytes + TOKEN_BYTES - 1) / TOKEN_BYTES;
}

int sandbox_reply_make(struct sandbox_reply *reply, const struct sandbox_chat *chat,
                       uint64_t number, int64_t created)
{
    int error;

    *reply = (struct sandbox_reply){
        .created = created,
        .include_usage = chat->include_usage,
        .prompt_tokens = count_tokens(chat->prompt_bytes),
    };
    snprintf(reply->id, sizeof(reply->id), "chatcmpl-sandbox-%" PRIu64, number);
    buffer_init(&reply->text, BUFFER_CAP);
    error = sandbox_answer(&reply->text, chat->prompt.data, chat->prompt.length, &reply->task);
    /* As a model may, so that a person sees how that is told. */
    reply->looks = chat->stream && chat->may_look && reply->task == SANDBOX_TASK_EXPLANATION;
    if (reply->looks)
        buffer_clear(&reply->text);
    if (!error && chat->max_tokens > 0 &&
        count_tokens((int64_t)reply->text.length) > chat->max_tokens) {
        reply->cut = true;
        buffer_truncate(&reply->text, utf8_floor(reply->text.data, reply->text.length,
                                                 (size_t)chat->max_tokens * TOKEN_BYTES));
    }
    return error;
}

void sandbox_reply_finish(struct sandbox_reply *reply)
{
    if (reply)
        buffer_finish(&reply->text);
}

/* The steady part of the pace: pieces of at least so many bytes, at most so many pieces in all. */
struct pace {
    unsigned ms;
    size_t piece;
    size_t pieces;
};

static struct pace find_pace(enum sandbox_task task)
{
    static const struct pace paces[] = {
        [SANDBOX_TASK_OTHER] = {15, 8, 160},
        [SANDBOX_TASK_COMPLETION] = {2, 16, 40},
        [SANDBOX_TASK_REWRITE] = {3, 32, 300},
        [SANDBOX_TASK_COMMIT] = {15, 8, 100},
        [SANDBOX_TASK_EXPLANATION] = {15, 8, 160},
    };

    return paces[task];
}

unsigned sandbox_reply_pace_ms(const struct sandbox_reply *reply)
{
    return find_pace(reply->task).ms;
}

/* The next piece goes on to the end of a word, if that is near, and never parts a character. */
static size_t next_piece(const struct sandbox_reply *reply)
{
    const struct pace pace = find_pace(reply->task);
    const char *text = reply->text.data;
    size_t length = reply->text.length;
    size_t piece = (length + pace.pieces - 1) / pace.pieces;
    size_t end;
    size_t word;

    if (piece < pace.piece)
        piece = pace.piece;
    if (piece >= length - reply->sent)
        return length - reply->sent;
    end = reply->sent + piece;
    for (word = end; word < length && word < end + pace.piece; word++) {
        if (text[word] == ' ' || text[word] == '\n')
            return word - reply->sent;
    }
    end = utf8_floor(text, length, end);
    return end > reply->sent ? end - reply->sent : piece;
}

static void begin_chunk(struct json_writer *writer, const struct sandbox_reply *reply,
                        const char *object)
{
    json_begin_object(writer);
    json_put_string(writer, "id", reply->id);
    json_put_string(writer, "object", object);
    json_put_integer(writer, "created", reply->created);
    json_put_string(writer, "model", MODEL);
    json_write_key(writer, "choices");
    json_begin_array(writer);
}

static void write_usage(struct json_writer *writer, const struct sandbox_reply *reply)
{
    int64_t completion_tokens = count_tokens((int64_t)reply->text.length);

    json_write_key(writer, "usage");
    json_begin_object(writer);
    json_put_integer(writer, "prompt_tokens", reply->prompt_tokens);
    json_put_integer(writer, "completion_tokens", completion_tokens);
    json_put_integer(writer, "total_tokens", reply->prompt_tokens + completion_tokens);
    json_end_object(writer);
}

/* One choice with a delta of up to two members; `finish` NULL: the answer goes on. */
static void append_delta(struct buffer *out, const struct sandbox_reply *reply, const char *role,
                         const char *key, const char *text, size_t length, const char *finish)
{
    struct json_writer writer;

    buffer_append_string(out, "data: ");
    json_writer_init(&writer, out);
    begin_chunk(&writer, reply, "chat.completion.chunk");
    json_begin_object(&writer);
    json_put_integer(&writer, "index", 0);
    json_write_key(&writer, "delta");
    json_begin_object(&writer);
    if (role)
        json_put_string(&writer, "role", role);
    if (key)
        json_put_text(&writer, key, text, length);
    json_end_object(&writer);
    json_put_string(&writer, "finish_reason", finish);
    json_end_object(&writer);
    json_end_array(&writer);
    json_end_object(&writer);
    buffer_append_string(out, "\n\n");
}

static void append_usage_event(struct buffer *out, const struct sandbox_reply *reply)
{
    struct json_writer writer;

    buffer_append_string(out, "data: ");
    json_writer_init(&writer, out);
    begin_chunk(&writer, reply, "chat.completion.chunk");
    json_end_array(&writer);
    write_usage(&writer, reply);
    json_end_object(&writer);
    buffer_append_string(out, "\n\n");
}

static const char *finish_name(const struct sandbox_reply *reply)
{
    if (reply->looks)
        return "tool_calls";
    return reply->cut ? "length" : "stop";
}

static void append_call_event(struct buffer *out, const struct sandbox_reply *reply)
{
    static const char call[] = "[{\"index\":0,\"id\":\"call_sandbox\",\"type\":\"function\","
                               "\"function\":{\"name\":\"list_files\",\"arguments\":\"{}\"}}]";
    struct json_writer writer;

    buffer_append_string(out, "data: ");
    json_writer_init(&writer, out);
    begin_chunk(&writer, reply, "chat.completion.chunk");
    json_begin_object(&writer);
    json_put_integer(&writer, "index", 0);
    json_write_key(&writer, "delta");
    json_begin_object(&writer);
    json_write_key(&writer, "tool_calls");
    json_write_raw(&writer, call, sizeof(call) - 1);
    json_end_object(&writer);
    json_put_string(&writer, "finish_reason", NULL);
    json_end_object(&writer);
    json_end_array(&writer);
    json_end_object(&writer);
    buffer_append_string(out, "\n\n");
}

static void append_text_event(struct sandbox_reply *reply, struct buffer *out)
{
    size_t piece = next_piece(reply);

    append_delta(out, reply, NULL, "content", reply->text.data + reply->sent, piece, NULL);
    reply->sent += piece;
}

bool sandbox_reply_next_event(struct sandbox_reply *reply, struct buffer *out)
{
    /* Steps that have nothing to say are passed over. */
    if (reply->step == STEP_TEXT && reply->sent == reply->text.length)
        reply->step++;
    if (reply->step == STEP_CALL && !reply->looks)
        reply->step++;
    if (reply->step == STEP_USAGE && !reply->include_usage)
        reply->step++;

    switch ((enum step)reply->step) {
    case STEP_ROLE:
        append_delta(out, reply, "assistant", "content", "", 0, NULL);
        break;
    case STEP_REASONING:
        append_delta(out, reply, NULL, "reasoning_content", REASONING, strlen(REASONING), NULL);
        break;
    case STEP_TEXT:
        append_text_event(reply, out);
        return true;
    case STEP_CALL:
        append_call_event(out, reply);
        break;
    case STEP_FINISH:
        append_delta(out, reply, NULL, NULL, NULL, 0, finish_name(reply));
        break;
    case STEP_USAGE:
        append_usage_event(out, reply);
        break;
    case STEP_DONE:
        buffer_append_string(out, "data: [DONE]\n\n");
        break;
    case STEP_END:
        return false;
    }
    reply->step++;
    return true;
}

int sandbox_reply_append_whole(const struct sandbox_reply *reply, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    begin_chunk(&writer, reply, "chat.completion");
    json_begin_object(&writer);
    json_put_integer(&writer, "index", 0);
    json_write_key(&writer, "message");
    json_begin_object(&writer);
    json_put_string(&writer, "role", "assistant");
    json_put_text(&writer, "content", reply->text.data, reply->text.length);
    json_put_string(&writer, "reasoning_content", REASONING);
    json_end_object(&writer);
    json_put_string(&writer, "finish_reason", finish_name(reply));
    json_end_object(&writer);
    json_end_array(&writer);
    write_usage(&writer, reply);
    json_end_object(&writer);
    return buffer_error(out);
}

/* ---- models and problems ------------------------------------------------------------------- */

int sandbox_models_append(struct buffer *out)
{
    struct json_writer writer;
    size_t i;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_put_string(&writer, "object", "list");
    json_write_key(&writer, "data");
    json_begin_array(&writer);
    for (i = 0; i < INSTRUMENT_COUNT; i++) {
        json_begin_object(&writer);
        json_put_string(&writer, "id", instruments[i].id);
        json_put_string(&writer, "object", "model");
        json_put_string(&writer, "owned_by", MODEL);
        json_put_integer(&writer, "context_length", instruments[i].context_length);
        json_put_integer(&writer, "max_completion_tokens", instruments[i].max_completion_tokens);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return buffer_error(out);
}

int sandbox_problem_append(struct buffer *out, const char *detail)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_write_key(&writer, "errors");
    json_begin_object(&writer);
    json_put_string(&writer, "detail", detail);
    json_end_object(&writer);
    json_end_object(&writer);
    return buffer_error(out);
}
