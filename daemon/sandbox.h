#ifndef GRIDLS_SANDBOX_H
#define GRIDLS_SANDBOX_H

#include <uv.h>

struct log;

/*
 * A small Chat Completions server on a loopback port, for --sandbox: the real HTTP and SSE path
 * with no key and no network. It checks the key (a random one, made at start), answers inference
 * posts with a 307 to itself as The Grid does, streams, reports usage and the errors for a bad key
 * and an unknown instrument. Its answers are made from the request by simple rules and say so:
 * nobody must take them for a model's.
 */
struct sandbox;

/* Listens on 127.0.0.1, a port of the system's choice. Returns 0 or a negative errno (UV_E…). */
int sandbox_start(struct sandbox **sandbox, uv_loop_t *loop, struct log *log);

/* "http://127.0.0.1:PORT/v1" and the key; valid until sandbox_stop(). */
const char *sandbox_base_url(const struct sandbox *sandbox);
const char *sandbox_key(const struct sandbox *sandbox);

/* Closes everything; memory goes in the last close callback, as the loop runs. Takes NULL. */
void sandbox_stop(struct sandbox *sandbox);

#endif
