#ifndef GRIDLS_REQUESTS_TOOL_ROUNDS_H
#define GRIDLS_REQUESTS_TOOL_ROUNDS_H

#include "daemon/requests/job.h"
#include "daemon/tools.h"
#include "protocol/chat.h"

/*
 * A job's questions with the tools of tools.h offered: what the model calls is run, one after the
 * other, each told as progress, and the model is asked again with the results, for a few rounds. Bounds
 * hold for the calls of a round and for the bytes of all results. Where the server takes no tools, or
 * refuses what came of them, the first question alone is asked.
 */
#define TOOL_ROUNDS_MAX 6u

struct tool_rounds {
    struct job *job;
    struct chat_messages messages; /* the question, then turns with calls and their results */
    size_t question;               /* so many of them are the question */
    unsigned rounds;               /* that were begun */
    bool offered;                  /* tools are part of the requests */
    size_t turn;                   /* the message whose calls are run */
    size_t next;                   /* the next of its calls */
    struct tool_run *run;
    size_t result_room;            /* bytes that results may still have */
    size_t text_before;            /* the job's text when it was asked last */
};

void tool_rounds_init(struct tool_rounds *rounds, struct job *job);
/* Ends what runs. */
void tool_rounds_finish(struct tool_rounds *rounds);

/* Asks with these messages, which are taken. `allowed`: tools may be offered. As job_ask(). */
void tool_rounds_ask(struct tool_rounds *rounds, struct chat_messages *messages, bool allowed);

/* For the job's kind->goes_on. */
bool tool_rounds_go_on(struct tool_rounds *rounds, const struct upstream_result *result);

#endif
