#ifndef GRIDLS_REQUESTS_WORKSPACE_REFACTOR_H
#define GRIDLS_REQUESTS_WORKSPACE_REFACTOR_H

#include "daemon/services.h"
#include "protocol/lsp.h"

/*
 * gridls/refactor with scope "workspace": edits over several files, all of them or none. The model
 * gets the files that the instruction seems to be about, whole, and answers with search and
 * replace; what does not fit goes back to it once. Nothing is written: the result is one
 * WorkspaceEdit, and files that the client does not have open are looked at again before it goes
 * out.
 */
void workspace_refactor_start(struct services *services, struct request *request,
                              const struct lsp_refactor_params *params,
                              const struct json *work_token, const struct json *partial_token);

#endif
