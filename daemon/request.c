#include "daemon/request.h"

#include <stdlib.h>

#include "daemon/editor.h"
#include "daemon/method.h"

struct request *request_create(struct requests *list, struct services *services,
                               const struct method *method, struct rpc_message *message)
{
    struct request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->services = services;
    request->list = list;
    request->method = method;
    request->message = *message;
    *message = (struct rpc_message){0};
    buffer_init(&request->body, BUFFER_CAP);
    request->previous = list->last;
    if (list->last)
        list->last->next = request;
    else
        list->first = request;
    list->last = request;
    return request;
}

static void unlink_request(struct request *request)
{
    struct requests *list = request->list;
    if (request->previous)
        request->previous->next = request->next;
    else
        list->first = request->next;
    if (request->next)
        request->next->previous = request->previous;
    else
        list->last = request->previous;
}

static void request_destroy(struct request *request)
{
    unlink_request(request);
    if (request->params && request->method->fields)
        json_decode_finish(request->method->fields, request->params);
    free(request->params);
    rpc_message_finish(&request->message);
    config_unref(request->config);
    buffer_finish(&request->body);
    free(request);
}

struct request *requests_find(const struct requests *list, const struct rpc_id *id)
{
    for (struct request *request = list->first; request; request = request->next)
        if (rpc_id_equal(&request->message.id, id))
            return request;
    return NULL;
}

static void give_up_job(struct request *request)
{
    void (*on_cancel)(struct request *) = request->on_cancel;
    request->on_cancel = NULL;
    if (on_cancel)
        on_cancel(request);
}

void request_cancel(struct request *request)
{
    give_up_job(request);
    request_fail(request, RPC_REQUEST_CANCELLED, "The request was cancelled.");
}

void requests_drop_all(struct requests *list)
{
    while (list->first) {
        struct request *request = list->first;
        give_up_job(request);
        request_destroy(request);
    }
}

struct json_writer *request_begin_result(struct request *request)
{
    buffer_clear(&request->body);
    json_writer_init(&request->writer, &request->body);
    rpc_begin_result(&request->writer, &request->message.id);
    return &request->writer;
}

void request_end_result(struct request *request)
{
    rpc_end(&request->writer);
    if (buffer_error(&request->body) != 0) {
        request_fail(request, RPC_INTERNAL_ERROR, "The answer is too large, or memory ran out.");
        return;
    }
    editor_send(request->list->editor, &request->body);
    request_destroy(request);
}

void request_answer_null(struct request *request)
{
    json_write_null(request_begin_result(request));
    request_end_result(request);
}

void request_fail(struct request *request, enum rpc_code code, const char *message)
{
    request_refuse(request->list->editor, &request->message.id, code, message);
    request_destroy(request);
}

void request_fail_with(struct request *request, const struct failure *failure)
{
    struct json_writer *writer = &request->writer;
    buffer_clear(&request->body);
    json_writer_init(writer, &request->body);
    rpc_begin_error(writer, &request->message.id, RPC_REQUEST_FAILED, failure->message, true);
    json_begin_object(writer);
    json_put_string(writer, "kind", failure_kind_name(failure->kind));
    if (failure->status)
        json_put_integer(writer, "status", failure->status);
    if (failure->retry_after_ms >= 0)
        json_put_integer(writer, "retryAfterMs", failure->retry_after_ms);
    json_put_string(writer, "hint", failure->hint);
    json_end_object(writer);
    rpc_end_error(writer);
    editor_send(request->list->editor, &request->body);
    request_destroy(request);
}

void request_refuse(struct editor *editor, const struct rpc_id *id, enum rpc_code code,
                    const char *message)
{
    struct buffer body CLEANUP(buffer_finish);
    struct json_writer writer;
    buffer_init(&body, BUFFER_CAP);
    json_writer_init(&writer, &body);
    rpc_begin_error(&writer, id, code, message, false);
    rpc_end_error(&writer);
    editor_send(editor, &body);
}
