#ifndef GRIDLS_CHECK_LOCAL_H
#define GRIDLS_CHECK_LOCAL_H

#include "daemon/check_report.h"
#include "daemon/transport.h"
#include "protocol/buffer.h"
#include "protocol/url.h"

/*
 * Servers of models on this machine, by the ports that they are known for. Each is asked for its
 * list of models, through no proxy and with no key, and has a second to answer. One that is found
 * is offered as a setting; nothing uses it unasked.
 */
#define CHECK_LOCAL_COUNT 3

struct check_local_server {
    struct check_local *local;
    struct transfer *transfer;
    struct buffer body;
    size_t model_count; /* 0: it is not there, or serves none */
    char model[128];    /* the first one */
};

struct check_local {
    struct check_local_server servers[CHECK_LOCAL_COUNT];
    unsigned open_count; /* servers that may still answer */
    void (*on_end)(void *context);
    void *context;
};

/* `in_use` is the base URL, which is not offered; NULL: none. on_end is called once, not within
 * this call, unless it is stopped before. Returns false where nothing was begun: no call follows. */
bool check_local_start(struct check_local *local, struct transport *transport,
                       const struct url *in_use, void (*on_end)(void *context), void *context);

void check_local_stop(struct check_local *local); /* also where it was never started */

void check_local_tell(const struct check_local *local, struct check_report *report);

#endif
