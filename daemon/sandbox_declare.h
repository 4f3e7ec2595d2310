#ifndef GRIDLS_SANDBOX_DECLARE_H
#define GRIDLS_SANDBOX_DECLARE_H

#include "daemon/prompt/prompt.h"
#include "protocol/buffer.h"

/*
 * Appends a markdown list of what a text declares (imports, macros, types, functions, variables),
 * found by rules that look at one line at a time; nothing where they find nothing. The text is
 * shown with line numbers, as explanations show it. Returns as buffer_append().
 */
int sandbox_declare(struct buffer *out, struct prompt_text text, struct prompt_text language);

#endif
