#ifndef GRIDLS_REQUEST_H
#define GRIDLS_REQUEST_H

#include <stdbool.h>

#include "daemon/config.h"
#include "daemon/failure.h"
#include "protocol/rpc.h"

/*
 * A request of the editor's that has not been answered yet. It is answered exactly once: each of the
 * answering functions sends the answer and frees the request, and nothing else frees it. What a
 * handler goes on with after it has returned hangs on `job`, and on_cancel gives that up.
 */
struct editor;
struct method;
struct services;
struct requests;

struct request {
    struct services *services;
    struct requests *list;
    struct request *previous, *next;
    const struct method *method;
    struct rpc_message message; /* owned; params and the id are in it */
    void *params;               /* decoded by the method's table; owned */
    struct config *config;      /* the settings that it began with */
    uint64_t waits_until;       /* loop time; 0: it does not wait for a version (waiting.h) */

    /* Set by a handler that goes on: ends the work without answering. Called once at most, then the
     * request is answered by the caller. */
    void (*on_cancel)(struct request *request);
    void *job;

    struct buffer body;
    struct json_writer writer;
};

/* All that are open, in order of arrival. */
struct requests {
    struct request *first, *last;
    struct editor *editor;
};

/* Takes the message over. Returns NULL when memory runs out; then the message is still the caller's,
 * to be refused under its id. */
struct request *request_create(struct requests *list, struct services *services,
                               const struct method *method, struct rpc_message *message);

/* The open request with this id, NULL where there is none. */
struct request *requests_find(const struct requests *list, const struct rpc_id *id);

/* Ends the work of all without an answer: the pipe is gone. */
void requests_drop_all(struct requests *list);

/* Ends its work and answers -32800. */
void request_cancel(struct request *request);

/* The answering functions. Between begin and end the caller writes exactly one value. */
struct json_writer *request_begin_result(struct request *request);
void request_end_result(struct request *request);
void request_answer_null(struct request *request);
void request_fail(struct request *request, enum rpc_code code, const char *message);
/* -32803 with its data: kind, status, retryAfterMs, hint. */
void request_fail_with(struct request *request, const struct failure *failure);

/* An answer to what never became a request (bad JSON, unknown method, wrong state). */
void request_refuse(struct editor *editor, const struct rpc_id *id, enum rpc_code code,
                    const char *message);

#endif
