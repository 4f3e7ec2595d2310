#ifndef GRIDLS_REQUESTS_EXPLAIN_H
#define GRIDLS_REQUESTS_EXPLAIN_H

#include "daemon/services.h"
#include "protocol/lsp.h"

/* gridls/explain */
void explain_request(struct services *services, struct request *request, const void *params);

/* The same as a command: the text is shown by the editor. `params` need not outlive the call. */
void explain_command(struct services *services, const struct lsp_explain_params *params,
                     const struct json *work_token);

#endif
