#ifndef GRIDLS_BENCH_UPSTREAM_H
#define GRIDLS_BENCH_UPSTREAM_H

#include <stdbool.h>

#include "protocol/buffer.h"

/* The other side of the daemon: a Chat Completions server that the benchmark plays itself, step by
 * step, so that it knows when each byte left. One connection at a time. */
struct upstream {
    int listener;
    int connection; /* -1: none */
    unsigned port;
    char base_url[64];
    size_t request_length; /* of the request last read, head and body */
};

void upstream_open(struct upstream *upstream);
void upstream_close(struct upstream *upstream);

/* Waits for a connection, where there is none. */
void upstream_accept(struct upstream *upstream);
/* Waits for a whole request, on the connection there is or on the next one. */
void upstream_await_request(struct upstream *upstream);
void upstream_send(struct upstream *upstream, const struct buffer *bytes);
void upstream_hang_up(struct upstream *upstream);

/* Append pieces of a response: an event stream in chunked coding. */
void upstream_append_head(struct buffer *out, bool keep);
void upstream_append_delta(struct buffer *out, const char *escaped_text);
void upstream_append_end(struct buffer *out);

#endif
