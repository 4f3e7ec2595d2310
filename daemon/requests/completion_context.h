#ifndef GRIDLS_REQUESTS_COMPLETION_CONTEXT_H
#define GRIDLS_REQUESTS_COMPLETION_CONTEXT_H

#include "daemon/offers.h"
#include "daemon/prompt/prompt.h"
#include "daemon/services.h"

/* Appends the prompt for a completion at a place to *messages: the file round it, and what neighbours
 * and recent changes have to say about it (completion.related). Nothing is waited for. Returns 0 or
 * -ENOMEM. */
int completion_context_build(struct services *services, struct config *config,
                             struct document *document, const struct offer_place *place,
                             struct chat_messages *messages);

#endif
