#ifndef GRIDLS_ANSWER_CONTINUATION_H
#define GRIDLS_ANSWER_CONTINUATION_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

/*
 * An answer that the token limit cut off and that the model goes on with in further turns, put
 * together as if it had never been cut. Models that are asked to go on begin exactly at the cut, or
 * with the unfinished line, or some lines before it; in a fence of their own, perhaps with a remark
 * before it. What they say twice is kept once.
 *
 * Pure. Every piece is whole UTF-8 characters, but a character that was cut itself comes as U+FFFD
 * at the end of a turn: it is left out.
 */
struct answer_continuation {
    struct buffer text; /* all that counts so far: what goes back to the model as its own words */
    /* the implementation's own */
    size_t given;       /* bytes of `text` that have been handed out; the rest may not count */
    struct buffer held; /* the beginning of a further turn, until it is clear where it goes on */
    struct buffer indent; /* blanks that the cut line began with and had nothing behind them yet */
    bool joining;
};

void answer_continuation_init(struct answer_continuation *answer);
void answer_continuation_finish(struct answer_continuation *answer);

/* Appends to `out` what is certain; `last`: the whole answer is at its end. Returns as
 * buffer_append(). */
int answer_continuation_feed(struct answer_continuation *answer, const char *piece, size_t length,
                             bool last, struct buffer *out);

/* This turn was cut off; what is fed from now on is the next one. Returns as buffer_append(). */
int answer_continuation_cut(struct answer_continuation *answer);

/* The line that was cut, "" where the cut fell between two lines. A view of `text`. */
const char *answer_continuation_line(const struct answer_continuation *answer, size_t *length);

#endif
