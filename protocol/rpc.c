#include "protocol/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- ids ----------------------------------------------------------------------------------- */

int rpc_id_copy(struct rpc_id *to, const struct rpc_id *from)
{
    to->json = NULL;
    if (!from->json)
        return 0;
    to->json = strdup(from->json);
    return to->json ? 0 : -ENOMEM;
}

int rpc_id_from_json(struct rpc_id *id, const struct json *value)
{
    struct buffer text CLEANUP(buffer_finish);
    int64_t integer;

    id->json = NULL;
    buffer_init(&text, BUFFER_CAP);
    if (!json_string(value) && !json_integer(value, &integer))
        return -EINVAL;
    if (!json_append(&text, value))
        id->json = buffer_steal(&text, NULL);
    return id->json ? 0 : -ENOMEM;
}

bool rpc_id_equal(const struct rpc_id *a, const struct rpc_id *b)
{
    return a->json && b->json && strcmp(a->json, b->json) == 0;
}

void rpc_id_finish(struct rpc_id *id)
{
    free(id->json);
    id->json = NULL;
}

static bool is_integer_text(const char *text, size_t length)
{
    size_t i = length > 0 && text[0] == '-' ? 1 : 0;

    if (i == length)
        return false;
    while (i < length && text[i] >= '0' && text[i] <= '9')
        i++;
    return i == length;
}

/* Keeps an integer id as it came: it may have more digits than a double holds. Returns as
 * rpc_id_from_json(). */
static int id_from_digits(struct rpc_id *id, const char *body, size_t length)
{
    const char *raw;
    size_t raw_length;

    if (!json_raw_member(body, length, "id", &raw, &raw_length) ||
        !is_integer_text(raw, raw_length))
        return -EINVAL;
    id->json = strndup(raw, raw_length);
    return id->json ? 0 : -ENOMEM;
}

/* ---- decoding ------------------------------------------------------------------------------ */

static void set_invalid(struct rpc_message *message, enum rpc_code code, const char *fault)
{
    message->kind = RPC_INVALID;
    message->code = code;
    message->fault = fault;
}

/* Takes the id where there is one of a legal type; else message->id stays without. */
static int take_id(struct rpc_message *message, const char *body, size_t length)
{
    const struct json *id = json_member(message->root, "id");
    int error = -EINVAL;

    if (json_type(id) == JSON_NUMBER)
        error = id_from_digits(&message->id, body, length);
    if (error == -EINVAL)
        error = rpc_id_from_json(&message->id, id);
    return error == -EINVAL ? 0 : error;
}

static void decode_call(struct rpc_message *message)
{
    bool has_id = json_member(message->root, "id");

    message->params = json_member(message->root, "params");
    if (strcmp(message->method, "$/cancelRequest") == 0) {
        /* A cancel is never answered: under an id of its own and without params it names with that
         * id the request that it means, and the answer would be that request's second. */
        if (json_is_null(message->params) && message->id.json)
            message->params = message->root;
        rpc_id_finish(&message->id);
        message->kind = RPC_NOTIFICATION;
    } else if (!has_id) {
        message->kind = RPC_NOTIFICATION;
    } else if (message->id.json) {
        message->kind = RPC_REQUEST;
    } else {
        set_invalid(message, RPC_INVALID_REQUEST, "The id must be an integer or a string.");
    }
}

static void decode_response(struct rpc_message *message)
{
    message->kind = RPC_RESPONSE;
    message->result = json_member(message->root, "result");
    message->error = json_member(message->root, "error");
    if (json_is_null(message->error))
        message->error = NULL;
    if (!json_integer(json_member(message->root, "id"), &message->own_id))
        message->own_id = -1;
}

/* Some clients leave a null result out of their answer altogether. */
static bool is_bare_response(const struct json *root)
{
    int64_t id;

    return json_integer(json_member(root, "id"), &id) && id >= RPC_OWN_ID_BASE;
}

static void decode(struct rpc_message *message)
{
    const struct json *root = message->root;
    const struct json *method = json_member(root, "method");
    const struct json *version = json_member(root, "jsonrpc");

    message->method = json_string(method);
    if (json_type(root) == JSON_ARRAY)
        set_invalid(message, RPC_INVALID_REQUEST, "Batches are not supported.");
    else if (json_type(root) != JSON_OBJECT)
        set_invalid(message, RPC_INVALID_REQUEST, "The message is not an object.");
    else if (version && (!json_string(version) || strcmp(json_string(version), "2.0") != 0))
        set_invalid(message, RPC_INVALID_REQUEST, "The version of JSON-RPC must be \"2.0\".");
    else if (message->method)
        decode_call(message);
    else if (method)
        set_invalid(message, RPC_INVALID_REQUEST, "The method must be a string.");
    else if (json_member(root, "result") || json_member(root, "error") || is_bare_response(root))
        decode_response(message);
    else
        set_invalid(message, RPC_INVALID_REQUEST, "The message has no method.");
}

int rpc_message_parse(struct rpc_message *message, const char *body, size_t length)
{
    int error;

    *message = (struct rpc_message){.own_id = -1};
    error = json_parse(body, length, &message->root);
    if (error == -EBADMSG) {
        set_invalid(message, RPC_PARSE_ERROR, "The message is not valid JSON.");
        return 0;
    }
    if (!error)
        error = take_id(message, body, length);
    if (error) {
        set_invalid(message, RPC_INTERNAL_ERROR, "Out of memory.");
        return error;
    }
    decode(message);
    return 0;
}

void rpc_message_finish(struct rpc_message *message)
{
    if (!message)
        return;
    rpc_id_finish(&message->id);
    json_destroy(message->root);
    *message = (struct rpc_message){.kind = RPC_INVALID, .own_id = -1};
}

/* ---- writing ------------------------------------------------------------------------------- */

static void begin_message(struct json_writer *writer)
{
    json_begin_object(writer);
    json_put_string(writer, "jsonrpc", "2.0");
}

static void put_id(struct json_writer *writer, const struct rpc_id *id)
{
    json_write_key(writer, "id");
    if (id && id->json)
        json_write_raw(writer, id->json, strlen(id->json));
    else
        json_write_null(writer);
}

void rpc_begin_result(struct json_writer *writer, const struct rpc_id *id)
{
    begin_message(writer);
    put_id(writer, id);
    json_write_key(writer, "result");
}

void rpc_begin_notification(struct json_writer *writer, const char *method)
{
    begin_message(writer);
    json_put_string(writer, "method", method);
    json_write_key(writer, "params");
}

void rpc_begin_request(struct json_writer *writer, int64_t id, const char *method)
{
    begin_message(writer);
    json_put_integer(writer, "id", id);
    json_put_string(writer, "method", method);
    json_write_key(writer, "params");
}

void rpc_begin_error(struct json_writer *writer, const struct rpc_id *id, enum rpc_code code,
                     const char *message, bool data)
{
    begin_message(writer);
    put_id(writer, id);
    json_write_key(writer, "error");
    json_begin_object(writer);
    json_put_integer(writer, "code", code);
    json_put_string(writer, "message", message);
    if (data)
        json_write_key(writer, "data");
}

void rpc_end(struct json_writer *writer)
{
    json_end_object(writer);
}

void rpc_end_error(struct json_writer *writer)
{
    json_end_object(writer);
    json_end_object(writer);
}
