#ifndef GRIDLS_PROMPT_OUTLINE_H
#define GRIDLS_PROMPT_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/prompt/prompt.h"
#include "protocol/buffer.h"

/*
 * What stands where in a text: the function or section round a place, the lines that import. By
 * indentation and spelling alone, for most languages the same; it need not be right, only useful.
 */

/*
 * The function (method, class, …) that the selection lies in, with the comment right above; in `prose`
 * the section under its heading, as Markdown writes them. Tells how many bytes at the end of `before`
 * and at the start of `after` belong to it, 0 where nothing does. The three texts follow each other in
 * one file.
 */
void outline_enclosing(struct prompt_text before, struct prompt_text selection,
                       struct prompt_text after, bool prose, size_t *above, size_t *below);

/* Appends the lines of the head of a file that import others, at most `budget` bytes. Returns as
 * buffer_append(). */
int outline_append_imports(struct buffer *out, struct prompt_text head, size_t budget);

#endif
