#ifndef GRIDLS_REQUESTS_CANCEL_H
#define GRIDLS_REQUESTS_CANCEL_H

#include "daemon/services.h"

/* $/cancelRequest: the request is answered -32800 now, its upstream call ends at once. An id that
 * is unknown or answered already is passed over. */
void cancel_request(struct services *services, const void *params);

/* window/workDoneProgress/cancel: the same by the token of its progress. */
void cancel_progress(struct services *services, const void *params);

#endif
