#include "daemon/transport_poll.h"

#include <stdlib.h>

struct transport_poll {
    uv_poll_t handle;
    struct transport_poll *previous, *next;
    struct transport_poll_owner *owner;
    int socket;
    int events;
};

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct transport_poll *poll = handle->data;
    const struct transport_poll_owner *owner = poll->owner;

    if (status < 0) {
        /* libuv reports a reset this way and stops the handle. */
        events = 0;
        uv_poll_start(handle, poll->events, on_poll);
    }
    owner->on_ready(owner->context, poll->socket, events & UV_READABLE, events & UV_WRITABLE);
}

static void on_closed(uv_handle_t *handle)
{
    struct transport_poll *poll = handle->data;
    const struct transport_poll_owner *owner = poll->owner;
    free(poll);
    owner->on_closed(owner->context);
}

struct transport_poll *transport_poll_create(struct transport_poll_owner *owner, int socket)
{
    struct transport_poll *poll = calloc(1, sizeof(*poll));
    if (!poll)
        return NULL;
    poll->owner = owner;
    poll->socket = socket;
    poll->handle.data = poll;
    if (uv_poll_init_socket(owner->loop, &poll->handle, socket) != 0) {
        free(poll);
        return NULL;
    }
    poll->next = owner->first;
    if (poll->next)
        poll->next->previous = poll;
    owner->first = poll;
    return poll;
}

int transport_poll_watch(struct transport_poll *poll, bool readable, bool writable)
{
    poll->events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    return uv_poll_start(&poll->handle, poll->events, on_poll);
}

void transport_poll_close(struct transport_poll *poll)
{
    if (poll->previous)
        poll->previous->next = poll->next;
    else
        poll->owner->first = poll->next;
    if (poll->next)
        poll->next->previous = poll->previous;
    uv_poll_stop(&poll->handle);
    uv_close((uv_handle_t *)&poll->handle, on_closed);
}

void transport_poll_close_all(struct transport_poll_owner *owner)
{
    while (owner->first)
        transport_poll_close(owner->first);
}
