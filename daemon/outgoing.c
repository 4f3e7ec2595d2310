#include "daemon/outgoing.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/editor.h"

struct sent_request {
    struct sent_request *next;
    int64_t id;
    uint64_t deadline; /* loop time */
    outgoing_cb callback;
    void *context;
};

struct outgoing {
    uv_loop_t *loop;
    struct editor *editor;
    uv_timer_t timer; /* of the oldest; all have the same patience */
    struct sent_request *first, *last;
    int64_t next_id;
    struct buffer body;
    struct json_writer writer;
};

static void on_deadline(uv_timer_t *timer);

static void watch_oldest(struct outgoing *outgoing)
{
    if (!outgoing->first) {
        uv_timer_stop(&outgoing->timer);
        return;
    }
    uint64_t now = uv_now(outgoing->loop);
    uint64_t deadline = outgoing->first->deadline;
    uv_timer_start(&outgoing->timer, on_deadline, deadline > now ? deadline - now : 0, 0);
}

static void take_out(struct outgoing *outgoing, struct sent_request **link)
{
    struct sent_request *request = *link;
    *link = request->next;
    if (outgoing->last == request) {
        outgoing->last = NULL;
        for (struct sent_request *left = outgoing->first; left; left = left->next)
            outgoing->last = left;
    }
}

static void answer(struct outgoing *outgoing, struct sent_request **link, bool ok,
                   const struct json *result)
{
    struct sent_request *request = *link;
    take_out(outgoing, link);
    watch_oldest(outgoing);
    outgoing_cb callback = request->callback;
    void *context = request->context;
    free(request);
    if (callback)
        callback(context, ok, result);
}

static void on_deadline(uv_timer_t *timer)
{
    struct outgoing *outgoing = timer->data;
    if (outgoing->first)
        answer(outgoing, &outgoing->first, false, NULL);
}

int outgoing_create(struct outgoing **out, uv_loop_t *loop, struct editor *editor)
{
    struct outgoing *outgoing = calloc(1, sizeof(*outgoing));
    *out = outgoing;
    if (!outgoing)
        return -ENOMEM;
    outgoing->loop = loop;
    outgoing->editor = editor;
    outgoing->next_id = RPC_OWN_ID_BASE;
    buffer_init(&outgoing->body, BUFFER_CAP);
    uv_timer_init(loop, &outgoing->timer);
    outgoing->timer.data = outgoing;
    return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct outgoing *outgoing = handle->data;
    while (outgoing->first) {
        struct sent_request *request = outgoing->first;
        outgoing->first = request->next;
        free(request);
    }
    buffer_finish(&outgoing->body);
    free(outgoing);
}

void outgoing_close(struct outgoing *outgoing)
{
    if (outgoing)
        uv_close((uv_handle_t *)&outgoing->timer, on_timer_closed);
}

struct json_writer *outgoing_begin(struct outgoing *outgoing, const char *method,
                                   outgoing_cb callback, void *context)
{
    struct sent_request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->id = outgoing->next_id++;
    request->deadline = uv_now(outgoing->loop) + OUTGOING_DEADLINE_MS;
    request->callback = callback;
    request->context = context;
    if (outgoing->last)
        outgoing->last->next = request;
    else
        outgoing->first = request;
    outgoing->last = request;
    if (outgoing->first == request)
        watch_oldest(outgoing);
    buffer_clear(&outgoing->body);
    json_writer_init(&outgoing->writer, &outgoing->body);
    rpc_begin_request(&outgoing->writer, request->id, method);
    return &outgoing->writer;
}

void outgoing_send(struct outgoing *outgoing)
{
    rpc_end(&outgoing->writer);
    editor_send(outgoing->editor, &outgoing->body);
}

int64_t outgoing_begun_id(const struct outgoing *outgoing)
{
    return outgoing->next_id - 1;
}

void outgoing_forget(struct outgoing *outgoing, const void *context)
{
    for (struct sent_request *request = outgoing->first; request; request = request->next)
        if (request->context == context)
            request->callback = NULL;
}

void outgoing_answered(struct outgoing *outgoing, const struct rpc_message *message)
{
    for (struct sent_request **link = &outgoing->first; *link; link = &(*link)->next) {
        if ((*link)->id == message->own_id) {
            answer(outgoing, link, message->error == NULL, message->result);
            return;
        }
    }
}
