#ifndef GRIDLS_ANSWER_REWRITE_FRAME_H
#define GRIDLS_ANSWER_REWRITE_FRAME_H

#include "daemon/answer/answer.h"

/* What the original of a rewrite decides about its new text; see struct answer_rewrite_frame. */

void rewrite_frame_read(struct answer_rewrite_frame *frame,
                        const struct answer_rewrite_shape *shape);

/* Whether the original's first line of text is the same fence. */
bool rewrite_frame_starts_with_fence(const struct answer_rewrite_shape *shape, const char *line,
                                     size_t length);

/*
 * The answer's first line has another indentation than the original's. Whether the same happened to
 * all its lines (true), or only to the first, as when blanks round an answer got lost (false).
 */
bool rewrite_frame_shifts_all(const struct answer_rewrite_frame *frame, const char *first,
                              size_t first_length, const char *second, size_t second_length);

#endif
