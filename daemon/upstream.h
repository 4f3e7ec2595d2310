#ifndef GRIDLS_UPSTREAM_H
#define GRIDLS_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/config.h"
#include "daemon/failure.h"
#include "protocol/chat.h"

/*
 * The Chat Completions side: calls with their key, redirects, retries, deadlines and places in the
 * queue; what the person is told of the state of the upstream; the count of tokens used.
 *
 * At most network.max_in_flight calls run at once. What a person asked for waits for a place and is
 * served in order; a background call (inline completion) never waits: it fails at once where no place
 * is free, and is ended to make room.
 */
struct upstream;
struct upstream_call;
struct log;
struct redaction;

enum upstream_state {
    UPSTREAM_READY,
    UPSTREAM_WORKING,      /* a call that a person asked for is running */
    UPSTREAM_LIMITED,      /* rate limit or balance: background calls pause */
    UPSTREAM_OFFLINE,      /* not reached, or failing: background calls pause */
    UPSTREAM_UNCONFIGURED, /* no usable base URL or key */
};

const char *upstream_state_name(enum upstream_state state); /* "ready", … */

struct upstream_totals {
    int64_t requests;
    int64_t prompt_tokens;
    int64_t completion_tokens;
};

/* on_state (may be NULL) is called on the loop when the state or its message has changed. */
int upstream_create(struct upstream **upstream, uv_loop_t *loop, struct log *log,
                    void (*on_state)(void *context), void *context);

/* Cancels all calls; memory goes in the last close callback, as the loop runs. Takes NULL. */
void upstream_close(struct upstream *upstream);

enum upstream_state upstream_state(const struct upstream *upstream, const struct config *config);
/* One sentence on the state, for a person; valid until the loop's next turn. */
const char *upstream_state_message(struct upstream *upstream, const struct config *config);
struct upstream_totals upstream_totals(const struct upstream *upstream);

/* Whether a background call may be made now: not while the upstream asked to wait or fails. A pause
 * ends by itself. */
bool upstream_may_complete(const struct upstream *upstream);

/* What went wrong before may be put right now: forgets it, and any pause. */
void upstream_settings_changed(struct upstream *upstream);

/* Opens the first connection while the person still types: GET /models, once for each base URL (again
 * when it failed and a call then did not), with nothing of the person's in it. Its answer is kept: see upstream_find_model(). */
void upstream_warm_up(struct upstream *upstream, struct config *config);

/* What GET /models said of an instrument; NULL where nothing is known (yet). */
const struct chat_model *upstream_find_model(const struct upstream *upstream,
                                             const struct config *config, const char *instrument);

/* Whether the task's instrument takes an optional field, as far as is known: false once the server
 * has refused it in this session. Asked before a call, it saves a prompt that counts on the field. */
bool upstream_takes(const struct upstream *upstream, const struct config *config, enum task task,
                    enum chat_field field);

struct upstream_request {
    struct config *config; /* a reference is taken */
    enum task task;        /* instrument and parameters are the task's */
    struct chat_messages messages; /* moved in: the caller's is empty afterwards */
    const char *const *stop; /* added to the task's own, NULL-terminated, at most 4 in all; or NULL */
    unsigned candidates;   /* n; 0 or 1: one */
    bool background;       /* inline completion: no retry, no waiting, gives way */
    /* Replaces the secrets in the messages, and in any case the key, as soon as that is known. The
     * caller's, to put them back in the answer with; it lives until the call is over. NULL: only the
     * key is replaced, for good. */
    struct redaction *redaction;

    /* What the model may call, and what its text must be: see struct chat_request. Not copied: all
     * of it stays as it is until the call is over. A server that refuses one of these is asked again
     * without it: upstream_result.omitted tells. */
    const struct chat_tool *tools;
    size_t tool_count;
    const char *tool_choice;
    bool one_call;
    struct chat_format format;
};

/* Texts and the turn are valid during the callback. */
struct upstream_result {
    const struct failure *failure; /* NULL: the answer is complete (see finish) */
    enum chat_finish finish;
    struct chat_usage usage;
    const char *instrument; /* as asked for */
    bool partial;           /* failed after some text had come */
    unsigned omitted;       /* enum chat_field bits that the server had refused: the request went
                               without these (or, for MAX_TOKENS, under the other name) */
    /*
     * The calls of tools that the answer makes, whatever its finish reason is; NULL: none. They are
     * all to be answered, or none: with chat_messages_add_turn(turn) and a result for each, in a new
     * call. Where calls->fault is set, none may be run: it says why, for people and model. Strings in
     * arguments hold placeholders for secrets until redaction_restore(); what goes back to the model
     * must be the arguments as they came and texts with the secrets in, under the same redaction.
     */
    const struct chat_tool_calls *calls;
    const struct chat_decoder *turn; /* where `calls` is set: the answer, to be gone on from */
};

struct upstream_callbacks {
    /* A piece of answer text of a candidate (`index` from 0), whole UTF-8 characters. */
    void (*on_text)(void *context, unsigned index, const char *text, size_t length);
    /* What is being waited for, a sentence: "The rate limit is reached; trying again in 2 s." */
    void (*on_note)(void *context, const char *note);
    /* The call is over and freed after this returns. Not called after upstream_call_cancel(). */
    void (*on_end)(void *context, const struct upstream_result *result);
};

/*
 * Starts a call; request->messages is taken also on failure. No callback runs before this returns.
 * Returns 0 with *call valid until on_end or upstream_call_cancel(), or -ENOMEM.
 */
int upstream_call_start(struct upstream *upstream, struct upstream_request *request,
                        const struct upstream_callbacks *callbacks, void *context,
                        struct upstream_call **call);

/* Ends the transfer at once; no callback follows. May be called from within callbacks. Takes NULL. */
void upstream_call_cancel(struct upstream_call *call);

/* The reader of the answer is full: no more is read until resumed. */
void upstream_call_pause(struct upstream_call *call);
void upstream_call_resume(struct upstream_call *call);

#endif
