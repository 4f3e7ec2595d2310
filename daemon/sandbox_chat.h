#ifndef GRIDLS_SANDBOX_CHAT_H
#define GRIDLS_SANDBOX_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/sandbox_answer.h"
#include "protocol/buffer.h"
#include "protocol/json.h"

/* The sandbox's side of the Chat Completions API: request bodies in, answer bodies out. Pure. */

/* A request that was understood. */
struct sandbox_chat {
    struct json *root; /* owned */
    bool stream;
    bool include_usage;
    int64_t max_tokens; /* 0: no limit */
    struct buffer prompt; /* the last message of the user */
    int64_t prompt_bytes; /* of all messages */
    bool may_look;        /* tools are offered, and none has been called yet */
};

/*
 * Reads a request's body. Returns 200, or the status to refuse it with, as The Grid does: 400 for
 * what is no chat request, 404 for an instrument that it does not have, 500 without memory; then
 * *problem gets one sentence. sandbox_chat_finish() is due in any case.
 */
int sandbox_chat_read(struct sandbox_chat *chat, const char *body, size_t length,
                      struct buffer *problem);
void sandbox_chat_finish(struct sandbox_chat *chat);

/* The answer to it, to be sent in pieces. */
struct sandbox_reply {
    char id[48];
    int64_t created; /* seconds since 1970 */
    struct buffer text;
    enum sandbox_task task;
    bool cut;        /* at max_tokens */
    bool looks;      /* no text, but the call of a tool: the answer comes when its result is there */
    bool include_usage;
    int64_t prompt_tokens;
    size_t sent;     /* bytes of the text that were sent */
    int step;        /* which event comes next */
};

/* Makes the answer; `number` and `created` go into its id and its time. Returns 0 or -ENOMEM,
 * -EMSGSIZE. sandbox_reply_finish() is due in any case. */
int sandbox_reply_make(struct sandbox_reply *reply, const struct sandbox_chat *chat,
                       uint64_t number, int64_t created);
void sandbox_reply_finish(struct sandbox_reply *reply);

/* Appends the next event of the event stream. False when there is none left. */
bool sandbox_reply_next_event(struct sandbox_reply *reply, struct buffer *out);

/* How long to wait between two events, so that a person sees the answer being written. */
unsigned sandbox_reply_pace_ms(const struct sandbox_reply *reply);

/* Appends the whole answer as one JSON object, for stream: false. Returns as buffer_append(). */
int sandbox_reply_append_whole(const struct sandbox_reply *reply, struct buffer *out);

/* The bodies of GET /v1/models and of an error. Return as buffer_append(). */
int sandbox_models_append(struct buffer *out);
int sandbox_problem_append(struct buffer *out, const char *detail);

#endif
