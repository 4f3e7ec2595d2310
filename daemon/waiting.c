#include "daemon/waiting.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/method.h"
#include "daemon/services.h"

struct waiting {
    struct services *services;
    uv_timer_t timer; /* of the one that has waited longest; all have the same patience */
};

static const struct lsp_text_document *document_of(const struct request *request)
{
    size_t behind = request->method->document;
    return behind ? (const void *)((const char *)request->params + (behind - 1)) : NULL;
}

/* Whether the request is ahead of its document. One that is not open is not waited for: its handler
 * says so. */
static bool is_ahead(const struct waiting *waiting, const struct request *request)
{
    const struct lsp_text_document *named = document_of(request);
    if (!named || !named->uri || !named->has_version)
        return false;
    const struct document *document = documents_find(waiting->services->documents, named->uri);
    return document && named->version > document->version;
}

static void run(struct request *request)
{
    request->waits_until = 0;
    request->method->on_request(request->services, request, request->params);
}

/* Handlers answer other requests, too, so each time the search begins anew. */
static struct request *find_ready(const struct waiting *waiting, uint64_t now)
{
    struct request *request = waiting->services->requests.first;
    while (request && (!request->waits_until ||
                       (request->waits_until > now && is_ahead(waiting, request))))
        request = request->next;
    return request;
}

static void run_ready(struct waiting *waiting, uint64_t now)
{
    struct request *ready;
    while ((ready = find_ready(waiting, now)))
        run(ready);
}

static void on_timer(uv_timer_t *timer);

static void watch_oldest(struct waiting *waiting)
{
    uint64_t now = uv_now(waiting->services->loop);
    struct request *request = waiting->services->requests.first;
    while (request && !request->waits_until)
        request = request->next;
    if (request)
        uv_timer_start(&waiting->timer, on_timer,
                       request->waits_until > now ? request->waits_until - now : 0, 0);
    else
        uv_timer_stop(&waiting->timer);
}

static void on_timer(uv_timer_t *timer)
{
    struct waiting *waiting = timer->data;
    run_ready(waiting, uv_now(waiting->services->loop));
    watch_oldest(waiting);
}

static size_t count(const struct waiting *waiting)
{
    size_t found = 0;
    for (const struct request *request = waiting->services->requests.first; request;
         request = request->next)
        found += request->waits_until != 0;
    return found;
}

bool waiting_hold(struct waiting *waiting, struct request *request)
{
    if (!is_ahead(waiting, request) || count(waiting) >= WAITING_MAX)
        return false;
    request->waits_until = uv_now(waiting->services->loop) + WAITING_MS;
    if (!uv_is_active((uv_handle_t *)&waiting->timer))
        watch_oldest(waiting);
    return true;
}

void waiting_on_document_changed(struct waiting *waiting)
{
    if (uv_is_active((uv_handle_t *)&waiting->timer))
        run_ready(waiting, 0);
}

int waiting_create(struct waiting **out, struct services *services)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));
    *out = waiting;
    if (!waiting)
        return -ENOMEM;
    waiting->services = services;
    uv_timer_init(services->loop, &waiting->timer);
    waiting->timer.data = waiting;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void waiting_close(struct waiting *waiting)
{
    if (waiting)
        uv_close((uv_handle_t *)&waiting->timer, on_closed);
}
