#ifndef GRIDLS_REQUESTS_JOB_H
#define GRIDLS_REQUESTS_JOB_H

#include <stdbool.h>

#include "daemon/document.h"
#include "daemon/progress.h"
#include "daemon/redact.h"
#include "daemon/services.h"
#include "daemon/upstream.h"
#include "daemon/workspace.h"

/*
 * One answer that streams from the upstream to the editor: for a request, which it answers, or for
 * a command, which was answered before it began. What is common to explain, refactor and commit
 * message is here; each embeds a job and gives its kind.
 */
struct job;

/* How `done` ended. */
enum job_end {
    JOB_DONE,   /* the request is answered, or the command carried out */
    JOB_FAILED, /* *failure says why */
    JOB_NO_MEMORY,
};

struct job_kind {
    enum task task;
    const char *title; /* of the progress: "Explaining" */
    bool keeps_placeholders; /* `filter` gets the text with placeholders for secrets in it */
    /* From what the model says to what the person keeps: appends to out. `last`: no more will come.
     * Returns 0 or a negative errno. */
    int (*filter)(struct job *job, const char *text, size_t length, bool last, struct buffer *out);
    /* A call has ended, well or not: true where the job goes on with a further one, or has failed in
     * trying (then it is gone). NULL: it never does. */
    bool (*goes_on)(struct job *job, const struct upstream_result *result);
    /* The answer is complete: answers the request, or does what the command is for. */
    enum job_end (*done)(struct job *job, const struct upstream_result *result,
                         struct failure *failure);
    /* Whether the text that the job is about was changed under it; NULL: it does not mind. */
    bool (*is_overtaken)(const struct job *job);
    /* Frees what embeds the job. */
    void (*destroy)(struct job *job);
};

struct job {
    struct services *services;
    const struct job_kind *kind;
    struct job *previous, *next;
    struct request *request; /* NULL: a command's */
    struct config *config;
    struct document *document; /* referenced; NULL: the job is not about one */
    struct workspace_waiter waiter;
    char *judged; /* the name of the text that may be sent, or not */
    void (*allowed)(struct job *job);
    struct progress progress;
    struct upstream_call *call;
    struct redaction *redaction;
    struct buffer held;          /* the head of a placeholder, perhaps */
    struct buffer text;          /* all that the person keeps, so far */
    bool paused;
    struct chat_usage usage;     /* of all calls that have ended */
    const struct chat_tool *tools; /* offered with the next call; static */
    size_t tool_count;
    const char *tool_choice;
    struct chat_format format;   /* of the next answer; static */
};

/* All that run: for the editor's idleness, cancelling by token, the end of the session. */
struct jobs {
    struct job *first;
};

/* Begins a job; on failure it answers, destroys and returns a negative errno. Either token may be
 * NULL. `request` NULL: a command's; its progress gets a token of our own where the client can. */
int job_begin(struct job *job, struct services *services, const struct job_kind *kind,
              struct request *request, const struct json *work_token,
              const struct json *partial_token);

/* Finds the open document that the job is about: job->document. Where there is none the job fails and
 * is gone: returns false. */
bool job_find_document(struct job *job, const char *uri);

/* Calls `allowed` once it is known that the document's text may be sent (perhaps at once); where it may
 * not, the job fails. */
void job_await_permission(struct job *job, void (*allowed)(struct job *job));

/* The same for a text that is known by its name (document_name()), which the job keeps a copy of. */
void job_await_permission_of(struct job *job, const char *name, void (*allowed)(struct job *job));

/* Sends the messages, which are taken. Failures are told and end the job. */
void job_ask(struct job *job, struct chat_messages *messages);

/* For kind->goes_on: the usage of the call is added up. */
void job_add_usage(struct job *job, const struct upstream_result *result);

/* The same, and what the call has said is a paragraph of its own. Returns 0 or a negative errno. */
int job_next_call(struct job *job, const struct upstream_result *result);

/* Each tells the person (answers the request, or shows a message), and destroys the job. */
void job_fail(struct job *job, const struct failure *failure);
void job_fail_code(struct job *job, enum rpc_code code, const char *message);

/* Ends a job without a word: its request is answered by others, or no longer matters. */
void job_drop(struct job *job);

/* For request->on_cancel of a request whose `job` is a struct job. */
void job_on_cancel(struct request *request);

/* Ends the progress with what was used. For those whose result does not tell it. */
void job_end_progress(struct job *job);

/* Ends the progress and writes what all results have: text (unless it was streamed), finishReason,
 * instrument, usage. To be called within the result object. */
void job_write_common(struct job *job, const struct upstream_result *result,
                      struct json_writer *writer);

/* The editor has taken everything: pieces that waited go out, paused calls go on. */
void jobs_on_editor_idle(struct jobs *jobs);

/* A document was changed or closed: jobs that this overtakes end with -32801. */
void jobs_on_document_changed(struct jobs *jobs);

/* window/workDoneProgress/cancel. Returns false where no job has this token. */
bool jobs_cancel_token(struct jobs *jobs, const struct rpc_id *token);
void jobs_drop_all(struct jobs *jobs);

/* window/showMessage; type as MessageType: 1 error, 2 warning, 3 info. */
void show_message(struct services *services, int type, const char *message);

#endif
