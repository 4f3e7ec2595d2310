#ifndef GRIDLS_ANSWER_MERGE_H
#define GRIDLS_ANSWER_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"
#include "protocol/diff.h"

/*
 * What a range becomes by a rewrite, byte by byte. A rewrite has one kind of line end throughout
 * and no blanks in lines that hold nothing else; the text that it is for may have both. Lines that
 * say the same keep the bytes that they have; a new line ends as the one that it replaces, or as
 * the one above.
 */
struct merge {
    const char *original; /* the text of the range */
    size_t original_length;
    char before;          /* the byte before the range, '\0' at the start of the document */
};

/* Puts the new text of the range in place of `rewrite`, and the hunks that lead there from the
 * original, as small as they can be, into *diff. Returns 0 or -ENOMEM, with *diff empty. */
int merge_rewrite(const struct merge *merge, struct buffer *rewrite, struct diff *diff);

#endif
