/* Bodies: an envelope, and the params tables of all methods, whatever method was named. */
#include "protocol/rpc.h"

#include <errno.h>
#include <string.h>

#include "daemon/method.h"
#include "protocol/utf8.h"
#include "tests/fuzz/fuzz.h"

static void holds_is_json(const struct buffer *body)
{
    struct json *root CLEANUP(json_cleanup) = NULL;
    FUZZ_HOLDS(buffer_error(body) == 0);
    FUZZ_HOLDS(utf8_is_valid(body->data, body->length));
    FUZZ_HOLDS(json_parse(body->data, body->length, &root) == 0);
}

static void decode(const struct method *method, const struct json *params)
{
    struct json_fault fault;
    void *decoded = malloc(method->params_size);
    FUZZ_HOLDS(decoded);
    int status = json_decode(params, method->fields, decoded, method->params_size, &fault);
    FUZZ_HOLDS(status == 0 || status == -EINVAL);
    if (status == 0)
        json_decode_finish(method->fields, decoded);
    else
        FUZZ_HOLDS(fault.path[0] && fault.wanted[0] && memchr(fault.path, 0, sizeof(fault.path)));
    free(decoded);
}

static void answer(const struct rpc_message *message)
{
    struct buffer body CLEANUP(buffer_finish);
    struct json_writer writer;
    buffer_init(&body, BUFFER_CAP);
    json_writer_init(&writer, &body);
    if (message->kind == RPC_INVALID) {
        FUZZ_HOLDS(message->fault);
        rpc_begin_error(&writer, &message->id, message->code, message->fault, false);
        rpc_end_error(&writer);
    } else {
        rpc_begin_result(&writer, &message->id);
        json_write_value(&writer, message->params);
        rpc_end(&writer);
    }
    holds_is_json(&body);
}

void fuzz_one(const char *data, size_t length)
{
    struct rpc_message message;
    struct rpc_id id = {0};
    FUZZ_HOLDS(rpc_message_parse(&message, data, length) == 0);
    if (message.kind == RPC_REQUEST || message.kind == RPC_NOTIFICATION)
        FUZZ_HOLDS(message.method);
    if (message.kind == RPC_REQUEST)
        FUZZ_HOLDS(message.id.json);
    for (size_t i = 0; i < method_count(); i++)
        if (method_at(i)->fields)
            decode(method_at(i), message.params);
    answer(&message);
    if (rpc_id_from_json(&id, json_member(message.params, "id")) == 0)
        FUZZ_HOLDS(rpc_id_equal(&id, &id));
    rpc_id_finish(&id);
    rpc_message_finish(&message);
}
