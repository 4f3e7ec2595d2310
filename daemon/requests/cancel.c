#include "daemon/requests/cancel.h"

#include "daemon/requests/inline_completion.h"
#include "daemon/requests/job.h"
#include "protocol/lsp.h"

void cancel_request(struct services *services, const void *params)
{
    const struct lsp_cancel_params *cancel = params;
    struct rpc_id id = {0};
    if (rpc_id_from_json(&id, cancel->id) == 0) {
        struct request *request = requests_find(&services->requests, &id);
        if (request)
            request_cancel(request);
    }
    rpc_id_finish(&id);
}

void cancel_progress(struct services *services, const void *params)
{
    const struct lsp_progress_cancel_params *cancel = params;
    struct rpc_id token = {0};
    if (rpc_id_from_json(&token, cancel->token) == 0 &&
        !jobs_cancel_token(services->jobs, &token))
        completions_cancel_token(services->completions, &token);
    rpc_id_finish(&token);
}
