#ifndef GRIDLS_RPC_H
#define GRIDLS_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/json.h"

/* The JSON-RPC 2.0 envelope as LSP 3.18 uses it ("Abstract Message" onwards). */

/* JSON-RPC's and LSP's error codes. */
enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL_ERROR = -32603,
    RPC_SERVER_NOT_INITIALIZED = -32002,
    RPC_REQUEST_CANCELLED = -32800,
    RPC_CONTENT_MODIFIED = -32801,
    RPC_REQUEST_FAILED = -32803,
};

/* The first id of requests that we send: high enough never to equal one of the client's own, as
 * Vim's channel takes a request whose id it is itself waiting for as the answer (vim#13133). */
#define RPC_OWN_ID_BASE ((int64_t)1 << 30)

/*
 * A request id or a progress token: an integer or a string, kept as the JSON text it is echoed as,
 * type and digits exactly. Two are equal when their texts are.
 */
struct rpc_id {
    char *json; /* owned; NULL: no id */
};

int rpc_id_copy(struct rpc_id *to, const struct rpc_id *from); /* 0 or -ENOMEM */
int rpc_id_from_json(struct rpc_id *id, const struct json *value); /* 0, -EINVAL, -ENOMEM */
bool rpc_id_equal(const struct rpc_id *a, const struct rpc_id *b);
void rpc_id_finish(struct rpc_id *id);

enum rpc_kind {
    RPC_REQUEST,
    RPC_NOTIFICATION,
    RPC_RESPONSE,
    RPC_INVALID, /* answer with `code` and `fault` under `id` (null when there is none) */
};

/* One decoded message. Strings and values point into `root`. */
struct rpc_message {
    struct json *root; /* owned */
    enum rpc_kind kind;
    struct rpc_id id;  /* owned; request, response */
    const char *method;
    const struct json *params;
    const struct json *result;      /* response */
    const struct json *error;       /* response that failed; NULL else */
    int64_t own_id;                 /* response: the id as an integer, -1 where it is none */
    enum rpc_code code;             /* invalid */
    const char *fault;              /* invalid: static text, a sentence */
};

/*
 * Decodes one body. Always fills *message, which the caller finishes; what is wrong with it is told
 * in the message itself (RPC_INVALID), so there is one way on. A batch is invalid (LSP has none).
 * `$/cancelRequest` sent with an id of its own, as old Vim documents it, is made the notification
 * that was meant. Returns 0 or -ENOMEM.
 */
int rpc_message_parse(struct rpc_message *message, const char *body, size_t length);
void rpc_message_finish(struct rpc_message *message);

/*
 * Writers of whole bodies. Between begin and end the caller writes exactly one value: the result,
 * the params, or the error's data. `id` NULL or without text writes null.
 */
void rpc_begin_result(struct json_writer *writer, const struct rpc_id *id);
void rpc_begin_notification(struct json_writer *writer, const char *method);
void rpc_begin_request(struct json_writer *writer, int64_t id, const char *method);
/* Writes code and message; with `data` the caller writes the data value, then rpc_end_error(). */
void rpc_begin_error(struct json_writer *writer, const struct rpc_id *id, enum rpc_code code,
                     const char *message, bool data);
void rpc_end(struct json_writer *writer);
void rpc_end_error(struct json_writer *writer);

#endif
