#ifndef GRIDLS_REQUESTS_COMMIT_MESSAGE_H
#define GRIDLS_REQUESTS_COMMIT_MESSAGE_H

#include "daemon/services.h"
#include "protocol/lsp.h"

/* gridls/commitMessage */
void commit_message_request(struct services *services, struct request *request,
                            const void *params);

/* The same as a command: the message goes to the top of the commit's document by
 * workspace/applyEdit. */
void commit_message_command(struct services *services,
                            const struct lsp_commit_message_params *params,
                            const struct json *work_token);

#endif
