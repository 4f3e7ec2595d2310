#ifndef GRIDLS_METHOD_H
#define GRIDLS_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/json.h"

/*
 * The one table of what the editor may ask for. A request kind is a row here, a file in requests/,
 * a params table in protocol/lsp.c.
 */
struct request;
struct services;

/* When a method may come; a request at another time is refused, a notification passed over. */
enum method_when {
    METHOD_BEFORE_INITIALIZE = 1 << 0,
    METHOD_RUNNING = 1 << 1,
    METHOD_AFTER_SHUTDOWN = 1 << 2,
    METHOD_ALWAYS = METHOD_BEFORE_INITIALIZE | METHOD_RUNNING | METHOD_AFTER_SHUTDOWN,
};

struct method {
    const char *name;
    unsigned when;
    const struct json_field *fields; /* of params; NULL: they are not looked at */
    size_t params_size;
    /* Where the params name their document (offset of the struct lsp_text_document, plus 1), for
     * requests that are ahead of it; 0: they name none. */
    size_t document;
    /* One of the two. A request handler answers, now or later, exactly once. `params` is the
     * decoded struct, valid as long as the request; for a notification during the call only. */
    void (*on_request)(struct services *services, struct request *request, const void *params);
    void (*on_notification)(struct services *services, const void *params);
};

/* NULL where there is no such method. */
const struct method *method_find(const char *name);

/* The rows one after the other, for tests that hold the table against what is advertised. */
size_t method_count(void);
const struct method *method_at(size_t index);

#endif
