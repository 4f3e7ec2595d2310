#ifndef GRIDLS_SANDBOX_CONTINUE_H
#define GRIDLS_SANDBOX_CONTINUE_H

#include "daemon/prompt/prompt.h"
#include "protocol/buffer.h"

/*
 * The sandbox's inline completion: what a text may go on with, taken from its own lines and words.
 * Appends the text to insert at the place between `before` and `after`, with a comment that names
 * the sandbox; appends nothing where no rule finds anything. Returns 0 or -ENOMEM, -EMSGSIZE.
 */
int sandbox_continue(struct buffer *out, struct prompt_text before, struct prompt_text after,
                     struct prompt_text language);

#endif
