#ifndef GRIDLS_UPSTREAM_PRIVATE_H
#define GRIDLS_UPSTREAM_PRIVATE_H

/* Shared by upstream.c (places, state, warmth) and upstream_call.c (one call); no one else's. */

#include "daemon/credentials.h"
#include "daemon/transport.h"
#include "daemon/upstream.h"

#define UPSTREAM_HOPS_MAX 5
/* How long a response may take on after all that counts was said: an answer that has given the reason
 * for its end to tell its usage, an error or a redirect its body; and a connection to end well. */
#define UPSTREAM_END_MS 1000u
#define UPSTREAM_ERROR_BODY_CAP ((size_t)64 << 10)

/* What one server refused for one model, remembered for the session. */
struct upstream_refusal {
    struct upstream_refusal *next;
    char *base_url;
    char *model;
    unsigned fields; /* enum chat_field bits */
};

struct upstream {
    uv_loop_t *loop;
    struct log *log;
    struct transport *transport; /* made when first needed: libcurl takes milliseconds to start */
    struct credentials *credentials;
    void (*on_state)(void *context);
    void *context;
    struct upstream_call *first_call, *last_call; /* oldest first */
    unsigned in_flight;
    unsigned working;     /* in flight or queued, that a person asked for */
    unsigned open_handles;
    bool closing;
    struct upstream_refusal *refusals;

    enum upstream_state trouble; /* READY: none */
    char trouble_message[768];
    uint64_t paused_until;       /* loop time; background calls only */
    unsigned failures_in_a_row;
    uv_timer_t pause_timer;
    char message[800];
    struct upstream_totals totals;

    struct transfer *warm_up;
    struct buffer models_body;
    char *models_url; /* the base URL that models are of */
    bool models_failed, ask_models_again;
    struct chat_model *models;
    size_t model_count;
};

enum call_state {
    CALL_NEW,       /* begins at the loop's next turn */
    CALL_QUEUED,    /* waits for a place */
    CALL_KEY,       /* waits for the key */
    CALL_SENT,      /* waits for the response's head */
    CALL_STREAMING, /* a 2xx body is coming */
    CALL_BACKOFF,   /* waits before the next try */
    CALL_DRAINING,  /* answered; the connection is given a moment to end well, so that it is kept */
    CALL_OVER,
};

struct upstream_call {
    struct upstream *upstream;
    struct upstream_call *previous, *next;
    struct config *config;
    enum task task;
    bool background;
    unsigned candidates;
    const struct chat_tool *tools; /* these and what they point to are the caller's */
    size_t tool_count;
    const char *tool_choice;
    bool one_call;
    struct chat_format format;
    struct chat_messages messages;
    struct redaction *redaction; /* the caller's; NULL: none */
    bool redacted;               /* the messages have been gone through */
    const char *stop[4];
    char *stop_owned[4];
    struct upstream_callbacks callbacks;
    void *context;

    enum call_state state;
    bool has_place;
    bool counted;         /* in upstream->working */
    bool paused;
    uv_timer_t timer;     /* begin, deadlines, backoff: one at a time, by state */
    uint64_t answer_deadline; /* loop time by which the first event must have come */
    struct credentials_wait key_wait;
    char *key;
    struct transfer *transfer;

    unsigned tries;       /* retries made */
    unsigned hops;
    bool stale_resent;
    bool ask_first;       /* it left before it had the whole request: the head goes out alone */
    bool key_asked_again;
    unsigned omit;        /* fields left out of the body */
    char *url;            /* of this hop; holds a token after a redirect: never shown */
    struct buffer body;

    /* the response of this hop */
    long code;
    char *location;
    int64_t retry_after_ms;
    int should_retry;     /* 1, 0, -1: not said */
    struct buffer error_body;
    struct chat_decoder decoder;
    bool decoding;
    bool in_decoder;      /* the decoder is running: it must not be freed under itself */
    size_t events_seen;
    bool text_given;
};

/* upstream.c */
int upstream_need_transport(struct upstream *upstream);
void upstream_link(struct upstream *upstream, struct upstream_call *call);
void upstream_unlink(struct upstream *upstream, struct upstream_call *call);
bool upstream_take_place(struct upstream *upstream, struct upstream_call *call);
void upstream_leave_place(struct upstream *upstream, struct upstream_call *call);
void upstream_note_outcome(struct upstream *upstream, const struct upstream_call *call,
                           const struct failure *failure);
void upstream_state_changed(struct upstream *upstream);
void upstream_handle_closed(struct upstream *upstream);
unsigned upstream_refused_fields(const struct upstream *upstream, const char *base_url,
                                 const char *model);
int upstream_remember_refusal(struct upstream *upstream, const char *base_url, const char *model,
                              unsigned fields);

/* The person's request is no longer being worked on; told once for each call. */
void upstream_work_ends(struct upstream *upstream, struct upstream_call *call);

/* upstream_call.c */
void upstream_call_set_state(struct upstream_call *call, enum call_state state);
const char *upstream_call_instrument(const struct upstream_call *call);
/* Makes one try, from the base URL on; the call has its place. */
void upstream_call_try(struct upstream_call *call);
/* Sends the request to call->url. */
void upstream_call_send(struct upstream_call *call);
/* Makes the try again later where that is allowed; else ends the call with the failure. */
void upstream_call_retry(struct upstream_call *call, const struct failure *failure);
/* Tells the caller, once; `failure` NULL: the answer is complete. With `drain` the call lives on for a
 * moment, so that its connection ends well and is kept. */
void upstream_call_end(struct upstream_call *call, const struct failure *failure, bool drain);
void upstream_call_fail_memory(struct upstream_call *call);
void upstream_call_close(struct upstream_call *call);
/* Ended, with its callback, to make room for a person's request. */
void upstream_call_give_way(struct upstream_call *call);

/* upstream_response.c */
extern const struct transport_callbacks upstream_call_transport;
/* Starts the wait for the next sign of life. */
void upstream_call_await(struct upstream_call *call);

#endif
