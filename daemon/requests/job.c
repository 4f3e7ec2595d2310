#include "daemon/requests/job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/editor.h"
#include "daemon/outgoing.h"
#include "protocol/chat.h"

#define ANSWER_CAP CHAT_TEXT_CAP

void show_message(struct services *services, int type, const char *message)
{
    struct buffer body;
    struct json_writer writer;
    if (services->session.state != SESSION_INITIALIZED)
        return; /* clients that have asked for the shutdown read nothing but its answer */
    buffer_init(&body, BUFFER_CAP);
    json_writer_init(&writer, &body);
    rpc_begin_notification(&writer, "window/showMessage");
    json_begin_object(&writer);
    json_put_integer(&writer, "type", type);
    json_put_string(&writer, "message", message);
    json_end_object(&writer);
    rpc_end(&writer);
    editor_send(services->editor, &body);
}

/* ---- life ------------------------------------------------------------------------------------- */

static void job_destroy(struct job *job)
{
    struct jobs *jobs = job->services->jobs;
    if (job->previous)
        job->previous->next = job->next;
    else
        jobs->first = job->next;
    if (job->next)
        job->next->previous = job->previous;
    workspace_wait_cancel(&job->waiter);
    outgoing_forget(job->services->outgoing, job);
    upstream_call_cancel(job->call);
    progress_finish(&job->progress);
    redaction_destroy(job->redaction);
    buffer_finish(&job->held);
    buffer_finish(&job->text);
    config_unref(job->config);
    document_unref(job->document);
    free(job->judged);
    job->kind->destroy(job);
}

/* The client has made a place for our own token: what happened until now is told in one begin. */
static void on_token_created(void *context, bool ok, const struct json *result)
{
    struct job *job = context;
    (void)result;
    if (ok)
        progress_begin(&job->progress, job->kind->title, NULL);
}

static void create_token(struct job *job)
{
    struct services *services = job->services;
    if (!services->session.work_done_progress)
        return;
    struct json_writer *writer = outgoing_begin(services->outgoing, "window/workDoneProgress/create",
                                                on_token_created, job);
    if (!writer)
        return;
    int64_t token = outgoing_begun_id(services->outgoing); /* as unique as a token has to be */
    json_begin_object(writer);
    json_put_integer(writer, "token", token);
    json_end_object(writer);
    outgoing_send(services->outgoing);
    progress_use_own_token(&job->progress, token);
}

int job_begin(struct job *job, struct services *services, const struct job_kind *kind,
              struct request *request, const struct json *work_token,
              const struct json *partial_token)
{
    struct jobs *jobs = services->jobs;
    job->services = services;
    job->kind = kind;
    job->request = request;
    job->next = jobs->first;
    if (job->next)
        job->next->previous = job;
    jobs->first = job;
    buffer_init(&job->held, ANSWER_CAP);
    buffer_init(&job->text, ANSWER_CAP);
    job->config = request ? config_ref(request->config) : services_config(services);
    int status = progress_init(&job->progress, services->editor, work_token, partial_token);
    if (status == 0 && !job->config)
        status = -ENOMEM;
    if (status == 0)
        status = redaction_create(&job->redaction, job->config->redact_secrets);
    if (status != 0) {
        job_fail_code(job, RPC_INTERNAL_ERROR, "There was not enough memory for the request.");
        return status;
    }
    if (request) {
        request->job = job;
        request->on_cancel = job_on_cancel;
        progress_begin(&job->progress, kind->title, NULL);
    } else {
        create_token(job);
    }
    return 0;
}

void job_drop(struct job *job)
{
    progress_end(&job->progress, NULL);
    job_destroy(job);
}

void job_on_cancel(struct request *request)
{
    struct job *job = request->job;
    progress_end(&job->progress, "Cancelled");
    job_destroy(job);
}

void job_fail(struct job *job, const struct failure *failure)
{
    struct request *request = job->request;
    progress_flush(&job->progress);
    progress_end(&job->progress, failure->message);
    if (request) {
        request_fail_with(request, failure);
    } else {
        char text[sizeof(failure->message) + sizeof(failure->hint) + 2];
        snprintf(text, sizeof(text), "%s %s", failure->message, failure->hint);
        show_message(job->services, 1, text);
    }
    job_destroy(job);
}

void job_fail_code(struct job *job, enum rpc_code code, const char *message)
{
    progress_end(&job->progress, message);
    if (job->request)
        request_fail(job->request, code, message);
    else
        show_message(job->services, 1, message);
    job_destroy(job);
}

/* ---- what it is about ------------------------------------------------------------------------- */

static void on_judgement(struct workspace_waiter *waiter, int error)
{
    struct job *job = waiter->context;
    const char *name = job->judged;
    services_refresh_config(job->services, &job->config);
    if (error || workspace_judge(job->services->workspace, job->config, name) != WORKSPACE_ALLOWED) {
        struct failure failure;
        failure_set(&failure, FAILURE_IGNORED,
                    "Change the `ignore` setting or .gridlsignore if it may be sent.",
                    "%s is ignored: its text is never sent.",
                    workspace_name_of(job->services->workspace, name));
        job_fail(job, &failure);
        return;
    }
    job->allowed(job);
}

bool job_find_document(struct job *job, const char *uri)
{
    struct document *document = documents_find(job->services->documents, uri);
    if (!document) {
        job_fail_code(job, RPC_INVALID_PARAMS, "textDocument.uri names no open document.");
        return false;
    }
    job->document = document_ref(document);
    return true;
}

void job_await_permission(struct job *job, void (*allowed)(struct job *job))
{
    job_await_permission_of(job, document_name(job->document), allowed);
}

void job_await_permission_of(struct job *job, const char *name, void (*allowed)(struct job *job))
{
    job->judged = strdup(name);
    if (!job->judged) {
        job_fail_code(job, RPC_INTERNAL_ERROR, "There was not enough memory for the request.");
        return;
    }
    job->allowed = allowed;
    job->waiter.ready = on_judgement;
    job->waiter.context = job;
    workspace_wait(job->services->workspace, job->judged, &job->waiter);
}

/* ---- the answer ------------------------------------------------------------------------------- */

/* `call_over`: the call says no more; `last`: nor does any other. */
static int keep(struct job *job, const char *text, size_t length, bool call_over, bool last)
{
    size_t before = job->text.length;
    struct buffer restored CLEANUP(buffer_finish);
    buffer_init(&restored, ANSWER_CAP);
    int status = job->kind->keeps_placeholders
                     ? buffer_append(&restored, text, length)
                     : redaction_restore(job->redaction, &job->held, text, length, call_over,
                                         &restored);
    if (status == 0 && call_over && !last)
        status = buffer_append_string(&restored, "\n\n");
    if (status == 0)
        status = job->kind->filter(job, restored.data, restored.length, last, &job->text);
    if (status == 0)
        status = progress_text(&job->progress, job->text.data + before,
                               job->text.length - before);
    return status;
}

static void fail_keeping(struct job *job)
{
    job_fail_code(job, RPC_INTERNAL_ERROR, "The answer is too large, or memory ran out.");
}

static void on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct job *job = context;
    if (index != 0)
        return;
    if (keep(job, text, length, false, false) != 0) {
        fail_keeping(job);
        return;
    }
    if (!job->paused && progress_is_full(&job->progress)) {
        job->paused = true;
        upstream_call_pause(job->call);
    }
}

static void on_note(void *context, const char *note)
{
    struct job *job = context;
    progress_report(&job->progress, note);
}

static void add_usage(struct chat_usage *sum, const struct chat_usage *usage)
{
    if (!usage->known)
        return;
    sum->known = true;
    sum->prompt_tokens += usage->prompt_tokens;
    sum->completion_tokens += usage->completion_tokens;
}

void job_add_usage(struct job *job, const struct upstream_result *result)
{
    add_usage(&job->usage, &result->usage);
}

int job_next_call(struct job *job, const struct upstream_result *result)
{
    job_add_usage(job, result);
    return keep(job, "", 0, true, false);
}

static void on_end(void *context, const struct upstream_result *result)
{
    struct job *job = context;
    job->call = NULL;
    job->paused = false;
    if (job->kind->goes_on && job->kind->goes_on(job, result))
        return;
    if (keep(job, "", 0, true, true) != 0) {
        fail_keeping(job);
        return;
    }
    if (result->failure) {
        job_fail(job, result->failure);
        return;
    }
    progress_flush(&job->progress);
    add_usage(&job->usage, &result->usage);
    struct failure failure;
    switch (job->kind->done(job, result, &failure)) {
    case JOB_DONE:
        job_destroy(job);
        break;
    case JOB_FAILED:
        job_fail(job, &failure);
        break;
    case JOB_NO_MEMORY:
        fail_keeping(job);
        break;
    }
}

void job_ask(struct job *job, struct chat_messages *messages)
{
    static const struct upstream_callbacks callbacks = {
        .on_text = on_text,
        .on_note = on_note,
        .on_end = on_end,
    };
    struct upstream_request request = {
        .config = job->config,
        .task = job->kind->task,
        .messages = *messages,
        .redaction = job->redaction,
        .tools = job->tools,
        .tool_count = job->tool_count,
        .tool_choice = job->tool_choice,
        .format = job->format,
    };
    chat_messages_init(messages);
    if (upstream_call_start(job->services->upstream, &request, &callbacks, job, &job->call) != 0)
        job_fail_code(job, RPC_INTERNAL_ERROR, "There was not enough memory for the request.");
}

/* "1,234,567" */
static const char *grouped(int64_t count, char text[32])
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)count), to = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[to++] = ',';
        text[to++] = digits[i];
    }
    text[to] = '\0';
    return text;
}

void job_end_progress(struct job *job)
{
    char message[96] = "Done", in[32], out[32];
    if (job->usage.known)
        snprintf(message, sizeof(message), "Done: %s tokens in, %s out",
                 grouped(job->usage.prompt_tokens, in), grouped(job->usage.completion_tokens, out));
    progress_end(&job->progress, message);
}

void job_write_common(struct job *job, const struct upstream_result *result,
                      struct json_writer *writer)
{
    const struct chat_usage usage = job->usage;
    job_end_progress(job);
    if (!progress_streams(&job->progress))
        json_put_text(writer, "text", job->text.data, job->text.length);
    json_put_string(writer, "finishReason", chat_finish_name(result->finish));
    json_put_string(writer, "instrument", result->instrument);
    json_write_key(writer, "usage");
    if (!usage.known) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    json_put_integer(writer, "promptTokens", usage.prompt_tokens);
    json_put_integer(writer, "completionTokens", usage.completion_tokens);
    json_end_object(writer);
}

/* ---- all jobs --------------------------------------------------------------------------------- */

static struct job *find_paused(const struct jobs *jobs)
{
    struct job *job = jobs->first;
    while (job && !job->paused)
        job = job->next;
    return job;
}

/* Resuming may bring text at once, and that may end the job and others with it: the list is looked at
 * anew each time. What stays paused goes on when the editor has taken what has come of the others. */
void jobs_on_editor_idle(struct jobs *jobs)
{
    struct job *job = jobs->first;
    for (; job; job = job->next)
        progress_flush(&job->progress);
    while ((job = find_paused(jobs)) && editor_is_idle(job->services->editor)) {
        job->paused = false;
        upstream_call_resume(job->call);
    }
}

static struct job *find_overtaken(const struct jobs *jobs)
{
    struct job *job = jobs->first;
    while (job && !(job->kind->is_overtaken && job->kind->is_overtaken(job)))
        job = job->next;
    return job;
}

/* The end of one makes room at the upstream for another, which may fail there at once. */
void jobs_on_document_changed(struct jobs *jobs)
{
    struct job *job;
    while ((job = find_overtaken(jobs)))
        job_fail_code(job, RPC_CONTENT_MODIFIED,
                      "The text was changed while it was being rewritten; ask again.");
}

bool jobs_cancel_token(struct jobs *jobs, const struct rpc_id *token)
{
    for (struct job *job = jobs->first; job; job = job->next) {
        if (!job->progress.work_token.json || !rpc_id_equal(&job->progress.work_token, token))
            continue;
        if (job->request)
            request_cancel(job->request);
        else
            job_drop(job);
        return true;
    }
    return false;
}

void jobs_drop_all(struct jobs *jobs)
{
    while (jobs->first)
        job_drop(jobs->first);
}
