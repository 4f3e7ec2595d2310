#ifndef GRIDLS_REQUESTS_EXPLAIN_PROMPT_H
#define GRIDLS_REQUESTS_EXPLAIN_PROMPT_H

#include "daemon/definitions.h"
#include "daemon/document.h"
#include "daemon/prompt/prompt.h"
#include "daemon/services.h"
#include "protocol/chat.h"
#include "protocol/lsp.h"

/* What explains a range is asked with: taken from the request, the document and the workspace. */

#define EXPLAIN_DIAGNOSTICS_MAX 32u

/* What clients tell of other tools' findings, as they are told only here. Zeroes are a good beginning. */
struct explain_diagnostics {
    struct prompt_diagnostic items[EXPLAIN_DIAGNOSTICS_MAX];
    char *texts[EXPLAIN_DIAGNOSTICS_MAX][3]; /* owned: message, source and code of each */
    size_t count;
};

/* Copies those that touch the range; NULL: all. What there is no memory for is left out. */
void explain_diagnostics_take(struct explain_diagnostics *diagnostics, const struct json_list *list,
                              const struct range *range);
void explain_diagnostics_finish(struct explain_diagnostics *diagnostics);

struct explain_prompt {
    struct document_anchor *anchor; /* an empty one means its line */
    const char *question;           /* NULL: what does this do? */
    const struct explain_diagnostics *diagnostics;
    const struct definitions *definitions;
};

/* The byte range that is explained. */
void explain_prompt_range(const struct explain_prompt *prompt, size_t *start, size_t *end);

/* Appends the messages. Returns 0 or -ENOMEM. */
int explain_prompt_build(struct chat_messages *messages, struct services *services,
                         const struct config *config, const struct explain_prompt *prompt);

#endif
