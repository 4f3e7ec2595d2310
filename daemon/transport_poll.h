#ifndef GRIDLS_TRANSPORT_POLL_H
#define GRIDLS_TRANSPORT_POLL_H

#include <stdbool.h>
#include <uv.h>

/* A socket that someone else owns, watched on the loop: what libcurl wants of libuv. */
struct transport_poll;

struct transport_poll_owner {
    uv_loop_t *loop;
    /* Neither readable nor writable: the socket is broken; what came before can still be read. */
    void (*on_ready)(void *context, int socket, bool readable, bool writable);
    /* Once for each socket after transport_poll_close(), from the loop. */
    void (*on_closed)(void *context);
    void *context;
    struct transport_poll *first; /* all that are watched; NULL at the beginning */
};

/* `owner` must outlive the socket's on_closed. NULL: out of memory, or no socket. */
struct transport_poll *transport_poll_create(struct transport_poll_owner *owner, int socket);

/* Returns 0 or a negative errno. */
int transport_poll_watch(struct transport_poll *poll, bool readable, bool writable);

/* The socket may be closed as soon as this returns. */
void transport_poll_close(struct transport_poll *poll);
void transport_poll_close_all(struct transport_poll_owner *owner);

#endif
