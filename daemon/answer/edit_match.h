#ifndef GRIDLS_ANSWER_EDIT_MATCH_H
#define GRIDLS_ANSWER_EDIT_MATCH_H

#include <stddef.h>

#include "protocol/buffer.h"

/*
 * Where an edit belongs in a text: the one place that is exactly what it searches for, or, where
 * there is none, the one run of lines that is so but for an indentation that all of its lines have
 * more, or less; the new lines are then shifted likewise. Nothing else is ever taken for it, and of
 * several places none. All texts have \n line ends.
 */
enum edit_match {
    EDIT_MATCH_ONE,
    EDIT_MATCH_NONE,
    EDIT_MATCH_MANY,
};

struct edit_place {
    size_t start, end; /* in the text */
    size_t count;      /* how many places there are */
};

/* Appends to `out` what takes the place's place; on anything but EDIT_MATCH_ONE nothing. Errors of
 * memory are the buffer's. */
enum edit_match edit_match_find(const struct buffer *text, const struct buffer *search,
                                const struct buffer *replacement, struct edit_place *place,
                                struct buffer *out);

/* The lines of the text that are most like what was searched for, with one more on either side:
 * for the model, which is to look again. Appends nothing where none are like it. */
int edit_match_append_nearest(const struct buffer *text, const struct buffer *search,
                              struct buffer *out);

#endif
