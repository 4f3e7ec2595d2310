#ifndef GRIDLS_REQUESTS_COMMIT_SUMMARIES_H
#define GRIDLS_REQUESTS_COMMIT_SUMMARIES_H

#include <stddef.h>

#include "daemon/requests/job.h"

/*
 * A commit that is too large for one prompt: the files of which the prompt would show less than half
 * are each summarised by a call of their own, at most six, as many at once as network.max_in_flight
 * allows. A summary that fails is done without: that file is shown as far as it goes.
 */
struct commit_summaries;

/* All summaries are there, or have failed. Called once, from the loop. */
typedef void (*commit_summaries_ready)(struct job *job);

/*
 * Takes what is too large for `budget` out of *diff and starts to have it summarised, with the job's
 * config, redaction and progress. *summaries stays NULL, and no callback comes, where everything fits.
 * Returns 0 or -ENOMEM.
 */
int commit_summaries_start(struct commit_summaries **summaries, struct job *job,
                           struct buffer *diff, size_t budget, commit_summaries_ready ready);

/* After `ready`: appends "NAME: text" for each to `text`, and to `diff` those that failed. As
 * buffer_append(). */
int commit_summaries_write(const struct commit_summaries *summaries, struct buffer *text,
                           struct buffer *diff);

/* Tokens that the summaries took, to be added to those of the answer. */
struct chat_usage commit_summaries_usage(const struct commit_summaries *summaries);

/* Ends the calls; no callback comes any more. Takes NULL. */
void commit_summaries_destroy(struct commit_summaries *summaries);

#endif
