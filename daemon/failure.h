#ifndef GRIDLS_FAILURE_H
#define GRIDLS_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/config.h"
#include "protocol/chat.h"

/*
 * Why a request failed, for a person (one sentence and what to do next) and for a plugin (the kind).
 * The `data` of a -32803 answer is made from it. This is the one place where such texts are made.
 */
enum failure_kind {
    FAILURE_UNCONFIGURED,
    FAILURE_UNAUTHORIZED,
    FAILURE_PAYMENT_REQUIRED,
    FAILURE_UNKNOWN_INSTRUMENT,
    FAILURE_RATE_LIMITED,
    FAILURE_UPSTREAM,
    FAILURE_NETWORK,
    FAILURE_TIMEOUT,
    FAILURE_TRUNCATED,
    FAILURE_FILTERED,
    FAILURE_IGNORED,
    FAILURE_NOTHING_STAGED,
    FAILURE_NOT_A_REPOSITORY,
};

struct failure {
    enum failure_kind kind;
    long status;            /* the upstream's HTTP status; 0: none */
    int64_t retry_after_ms; /* -1: not told */
    char message[768];      /* one sentence; UTF-8, no control characters */
    char hint[384];         /* what to do next; "" where there is nothing */
};

/* "unconfigured", "rate_limited", … as they stand in the answer's data. */
const char *failure_kind_name(enum failure_kind kind);

/* Fills in a failure that has no HTTP status. `hint` may be NULL. */
void failure_set(struct failure *failure, enum failure_kind kind, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The base URL or the key cannot be used. Returns false where nothing is wrong with either. */
bool failure_from_config(struct failure *failure, const struct config *config);

/* A response with an HTTP status that is no success (or a 200 whose body reports an error). `error`
 * is what its body says. retry_after_ms: -1 where the response names no time. */
void failure_from_response(struct failure *failure, const struct config *config,
                           const char *instrument, long status, const struct chat_error *error,
                           int64_t retry_after_ms);

/* Whether a try that failed this way, before an answer began, may be made again. */
bool failure_is_transient(const struct failure *failure);

#endif
