#ifndef GRIDLS_CREDENTIALS_H
#define GRIDLS_CREDENTIALS_H

#include <uv.h>

#include "daemon/config.h"

/*
 * The key of a snapshot: its text, the first line that a command prints (started with argv, never
 * through a shell, with a deadline), or a file's content (refused where others may read it). A
 * command is asked once and remembered until credentials_forget(). Each key is registered with the
 * log, which masks it from then on.
 */
struct credentials;
struct log;

struct credentials_wait {
    /* `key` NULL with `fault` NULL: there is none, and none is needed. `fault`: a sentence for a
     * person. Both valid during the callback only; may be called before credentials_get() returns. */
    void (*on_key)(void *context, const char *key, const char *fault);
    void *context;
    struct credentials_wait *next; /* the implementation's own */
    bool waiting;
};

int credentials_create(struct credentials **credentials, uv_loop_t *loop, struct log *log);
void credentials_close(struct credentials *credentials); /* takes NULL; waits are dropped */

/* Calls wait->on_key exactly once, at once where the key is at hand, unless cancelled. */
void credentials_get(struct credentials *credentials, struct config *config,
                     struct credentials_wait *wait);
void credentials_cancel(struct credentials *credentials, struct credentials_wait *wait);

/* The upstream refused the key: a command or a file is asked again next time. Returns false where
 * that could change nothing (the key is a text of the settings). */
bool credentials_forget(struct credentials *credentials, const struct config *config);

#endif
