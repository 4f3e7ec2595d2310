#ifndef GRIDLS_REQUESTS_INLINE_COMPLETION_H
#define GRIDLS_REQUESTS_INLINE_COMPLETION_H

#include "daemon/services.h"

/*
 * textDocument/inlineCompletion and gridls/inlineCompletion: at most one call a document; a newer
 * request answers the older one with null; a call in flight is kept while what is typed agrees with
 * it; what was offered is offered again without a call.
 */
void inline_completion_request(struct services *services, struct request *request,
                               const void *params);

/* textDocument/completion, with completion.menu: the same engine, one entry. */
void inline_completion_menu_request(struct services *services, struct request *request,
                                    const void *params);

/* A document has changed. Where the change has put in all that was offered last, the next
 * suggestion is asked for ahead (completion.ahead), so that it is there when the editor asks. */
void completions_on_document_changed(struct services *services, struct document *document);

/* A document was closed or replaced: ends what was asked about its text. */
void completions_on_document_closed(struct completions *completions);

struct completions;
int completions_create(struct completions **completions); /* 0 or -ENOMEM */
/* Ends all calls; waiting requests must have been answered or dropped before. */
void completions_drop_all(struct completions *completions);
/* The same, and frees. Takes NULL. */
void completions_destroy(struct completions *completions);

/* window/workDoneProgress/cancel of a request's token; any other is passed over. */
void completions_cancel_token(struct completions *completions, const struct rpc_id *token);

/* The editor has taken everything: partial items that waited go out. */
void completions_on_editor_idle(struct completions *completions);

#endif
