#ifndef GRIDLS_ANSWER_REWRITE_INDENT_H
#define GRIDLS_ANSWER_REWRITE_INDENT_H

#include "daemon/answer/answer.h"

/*
 * Tabs for spaces and spaces for tabs: a rewrite whose lines are indented with the one where its
 * text is with the other gets the text's own. The first line that is indented tells which the
 * rewrite has; a text that has both, or neither, tells nothing, and the rewrite is left as it is.
 */

/* `frame` has been read. */
void rewrite_indent_read(struct answer_rewrite_indent *indent,
                         const struct answer_rewrite_shape *shape,
                         const struct answer_rewrite_frame *frame);

/* Gives the next line of code, which is not blank, the text's own indentation: *line stays as it is
 * or becomes a view of `fixed`. Returns as buffer_append(). */
int rewrite_indent_fix(struct answer_rewrite_indent *indent, const char **line, size_t *length,
                       struct buffer *fixed);

#endif
