#ifndef GRIDLS_WAITING_H
#define GRIDLS_WAITING_H

#include <stdbool.h>
#include <uv.h>

/*
 * Requests that name a version of their document which has not come yet: some clients send what a
 * person asks for ahead of the change that it is about. Each waits a moment for the change, then its
 * handler runs with whatever there is, and judges the version.
 */
struct request;
struct services;
struct waiting;

/* How long, and how many at a time; of more than that handlers run at once. */
#define WAITING_MS 1000u
#define WAITING_MAX 64

/* Returns 0 or -ENOMEM. */
int waiting_create(struct waiting **waiting, struct services *services);
/* Nothing runs any more; freed in the close callback, as the loop runs. Takes NULL. */
void waiting_close(struct waiting *waiting);

/* Returns true where the request is kept, for its handler to be run later. Until then it is like any
 * other that is open: it may be cancelled. */
bool waiting_hold(struct waiting *waiting, struct request *request);

/* A document was opened, changed or closed: runs the handlers of what has waited for that. */
void waiting_on_document_changed(struct waiting *waiting);

#endif
