#ifndef GRIDLS_REQUESTS_FIX_PROMPT_H
#define GRIDLS_REQUESTS_FIX_PROMPT_H

#include "daemon/services.h"
#include "protocol/lsp.h"

/* Appends what a model is told to fix: the diagnostic with its source, code and place, and the
 * places that it refers to, with their lines where those are of open documents that may be sent.
 * Returns as buffer_append(). */
int fix_prompt_append(struct buffer *out, struct services *services, const struct config *config,
                      const struct lsp_diagnostic *diagnostic);

#endif
