#ifndef GRIDLS_CHAT_THINK_H
#define GRIDLS_CHAT_THINK_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

/*
 * Takes reasoning that a model writes into its answer out of it: <think>…</think> blocks at the
 * start of the text (blanks may precede), with the tags cut anywhere. The blanks round the blocks
 * go too. Tags further on are text, with one exception: a first </think> that no <think> precedes
 * ends reasoning whose opener the chat template swallowed. The tag is dropped, and answer_start
 * tells what had already gone out as text.
 *
 * Only what may still turn out to be a tag is held back, and blanks at the very start.
 */
enum chat_think_state {
    CHAT_THINK_START, /* nothing but blanks yet, or a block has just ended */
    CHAT_THINK_INSIDE,
    CHAT_THINK_WATCH, /* in the text, a stray </think> may still come */
    CHAT_THINK_PLAIN, /* everything passes */
};

struct chat_think {
    enum chat_think_state state;
    struct buffer held;
    bool reasoning_seen; /* a block, or a closing tag of one */
    bool text_seen;      /* the answer has begun: something but blanks from answer_start on */
    size_t emitted;      /* bytes handed out */
    size_t answer_start; /* of these, how many were reasoning after all */
};

/* Returns 0, or anything else to stop. */
typedef int (*chat_think_cb)(void *context, const char *text, size_t length);

/* cap: the most bytes of one piece of text. */
void chat_think_init(struct chat_think *think, size_t cap);
void chat_think_finish(struct chat_think *think);

/* Takes whole UTF-8 characters and gives whole ones. Returns 0, the callback's value, -ENOMEM or
 * -EMSGSIZE. */
int chat_think_feed(struct chat_think *think, const char *text, size_t length,
                    chat_think_cb callback, void *context);

/* The text is at its end: what is held was text, unless it is reasoning. Returns as feed does. */
int chat_think_end(struct chat_think *think, chat_think_cb callback, void *context);

#endif
