#ifndef GRIDLS_REQUESTS_CODE_ACTION_H
#define GRIDLS_REQUESTS_CODE_ACTION_H

#include "daemon/services.h"

/* textDocument/codeAction: an instant list that costs no upstream call. */
void code_action_request(struct services *services, struct request *request, const void *params);

/* codeAction/resolve: makes the edit of an action of ours. */
void code_action_resolve(struct services *services, struct request *request, const void *params);

#endif
