#ifndef GRIDLS_REQUESTS_REFACTOR_H
#define GRIDLS_REQUESTS_REFACTOR_H

#include "daemon/services.h"
#include "protocol/lsp.h"

/* The most bytes that one rewrite may be of. */
size_t refactor_room(const struct services *services, const struct config *config);

/* Begins and sends a workspace/applyEdit; between the two the caller writes the edit. NULL where
 * the client can be sent nothing any more. A refusal is told to the person. */
struct json_writer *refactor_begin_apply(struct services *services);
void refactor_end_apply(struct services *services, struct json_writer *writer);

/* gridls/refactor */
void refactor_request(struct services *services, struct request *request, const void *params);

/* The same as a command: the edit goes to the editor by workspace/applyEdit. */
void refactor_command(struct services *services, const struct lsp_refactor_params *params,
                      const struct json *work_token);

/* The same for codeAction/resolve: answers with the action and its edit. `action` belongs to the
 * request's message. */
void refactor_resolve(struct services *services, struct request *request,
                      const struct lsp_refactor_params *params, const struct json *action);

#endif
