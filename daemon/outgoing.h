#ifndef GRIDLS_OUTGOING_H
#define GRIDLS_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "protocol/json.h"
#include "protocol/rpc.h"

/*
 * Requests that we send to the editor. Their ids are integers from 2^30 up; each has a deadline, since
 * some clients never answer what they do not know.
 */
struct outgoing;
struct editor;

#define OUTGOING_DEADLINE_MS 30000u

/* `ok` false: the editor answered with an error, or did not answer in time. `result` may be NULL also
 * for a success, and is valid during the callback. */
typedef void (*outgoing_cb)(void *context, bool ok, const struct json *result);

int outgoing_create(struct outgoing **outgoing, uv_loop_t *loop, struct editor *editor);
/* Drops what is unanswered, without callbacks. Takes NULL. */
void outgoing_close(struct outgoing *outgoing);

/*
 * Begins a request: the caller writes the params value with the writer that is returned, then calls
 * outgoing_send(). NULL when memory runs out. `callback` may be NULL.
 */
struct json_writer *outgoing_begin(struct outgoing *outgoing, const char *method,
                                   outgoing_cb callback, void *context);
void outgoing_send(struct outgoing *outgoing);
/* The id of the request begun last. */
int64_t outgoing_begun_id(const struct outgoing *outgoing);

/* No callback with this context will follow. */
void outgoing_forget(struct outgoing *outgoing, const void *context);

/* Gives a response to whoever waits for it; unknown ids are passed over. */
void outgoing_answered(struct outgoing *outgoing, const struct rpc_message *message);

#endif
