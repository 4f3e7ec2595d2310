#ifndef GRIDLS_REQUESTS_LIFECYCLE_H
#define GRIDLS_REQUESTS_LIFECYCLE_H

#include "daemon/services.h"

void lifecycle_initialize(struct services *services, struct request *request, const void *params);
void lifecycle_initialized(struct services *services, const void *params);
void lifecycle_shutdown(struct services *services, struct request *request, const void *params);
void lifecycle_exit(struct services *services, const void *params);

/* A folder of the client's; one that is no file is passed over. */
void lifecycle_add_root(struct services *services, const char *uri);

#endif
