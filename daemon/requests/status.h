#ifndef GRIDLS_REQUESTS_STATUS_H
#define GRIDLS_REQUESTS_STATUS_H

#include "daemon/services.h"

/* gridls/status, as a request. */
void status_request(struct services *services, struct request *request, const void *params);

/* The same as a notification, to a client that is ready for it, where it differs from the last
 * one. */
void status_notify(struct services *services);

#endif
