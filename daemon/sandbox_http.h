#ifndef GRIDLS_SANDBOX_HTTP_H
#define GRIDLS_SANDBOX_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

/*
 * As much of HTTP/1.1 (RFC 9112) as the sandbox's server needs: requests in, in any cut, strictly
 * and with caps; responses out. Bytes only: no sockets, no clock.
 */

#define SANDBOX_HTTP_HEAD_CAP ((size_t)16 << 10)
#define SANDBOX_HTTP_BODY_CAP ((size_t)8 << 20)

enum sandbox_http_result {
    SANDBOX_HTTP_MORE,    /* the request is not whole yet */
    SANDBOX_HTTP_REQUEST, /* a whole request: the fields below are set */
    SANDBOX_HTTP_REFUSED, /* not a request that is served: answer `status`, then close */
};

/* The request being read. The strings point into `head` and live until the next request begins. */
struct sandbox_http {
    struct buffer head;
    struct buffer body;
    bool in_body;
    size_t body_length; /* what Content-Length said */
    int status;         /* why it was refused: 400, 413, 417, 431, 500, 501 or 505 */

    const char *method;
    const char *target;        /* path and query, as they came */
    const char *authorization; /* "" where the header is missing */
    bool keep_alive;
};

void sandbox_http_init(struct sandbox_http *http);
void sandbox_http_finish(struct sandbox_http *http);

/* Forgets the last request and begins the next one. */
void sandbox_http_next(struct sandbox_http *http);

/*
 * Takes bytes until one request is whole; *used says how many belonged to it, the rest is the next
 * request's. After a whole or a refused request, sandbox_http_next() comes before the next feed.
 */
enum sandbox_http_result sandbox_http_feed(struct sandbox_http *http, const char *data,
                                           size_t length, size_t *used);

/* What a response's head says beside its status. */
struct sandbox_http_head {
    const char *type;     /* Content-Type */
    const char *location; /* NULL: none */
    bool keep_alive;
};

/* Appends a whole response. Returns as buffer_append(). */
int sandbox_http_respond(struct buffer *out, int status, const struct sandbox_http_head *head,
                         const char *body, size_t length);

/* Appends a 200 whose body follows in chunks; a chunk; the end of the chunks. */
int sandbox_http_begin_chunked(struct buffer *out, const struct sandbox_http_head *head);
int sandbox_http_chunk(struct buffer *out, const char *data, size_t length);
int sandbox_http_end_chunked(struct buffer *out);

#endif
