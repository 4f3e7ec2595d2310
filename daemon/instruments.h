#ifndef GRIDLS_INSTRUMENTS_H
#define GRIDLS_INSTRUMENTS_H

#include "daemon/config.h"
#include "protocol/chat.h"

/*
 * The limits of an instrument: what GET /models has told (`told`, may be NULL), and where that is
 * silent, on The Grid, a built-in table of the nine. What neither knows is 0.
 */
struct chat_model instrument_limits(const struct chat_model *told, const struct config *config,
                                    const char *name);

/* The token limit to ask for: not above the largest answer, which servers refuse. */
int64_t instrument_max_tokens(const struct chat_model *limits, int64_t wanted);

/* The tokens that a prompt may have beside such an answer; -1: nothing is known. */
int64_t instrument_room(const struct chat_model *limits, int64_t max_tokens);

/* The reasoning effort to ask for: `wanted` itself where it is taken, or nothing is known; else the
 * nearest that is, of two the lower. */
const char *instrument_effort(const struct chat_model *limits, const char *wanted);

#endif
