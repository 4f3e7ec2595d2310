#include "daemon/requests/commit_message.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/git.h"
#include "daemon/outgoing.h"
#include "daemon/requests/context.h"
#include "daemon/requests/job.h"
#include "protocol/uri.h"

/* A commit of more files is described by their names alone: judging each takes a look at the
 * disk. */
#define FILES_JUDGED_MAX 2000u
#define TYPED_BYTES_MAX ((size_t)16 << 10)
/* Far more names than a prompt takes. */
#define FILES_TEXT_MAX ((size_t)1 << 20)

struct commit_message {
    struct job job;
    char *directory;
    char *hint;
    char *document_uri;
    struct git_job *git;
    struct git_staged *staged;
    size_t next_entry;          /* to be judged by the ignore rules */
    const char **paths;         /* whose changes may be sent; point into `staged` */
    size_t path_count;
    struct workspace_waiter entry_waiter;
    struct buffer files;        /* "M path" lines */
    struct buffer typed;        /* what stands in the commit's document already */
    struct buffer echo;         /* the answer's head, until it is known whether it repeats that */
    bool echo_over;
    struct answer_commit answer;
};

/* ---- the answer ------------------------------------------------------------------------------ */

/* A model that continues a text begins by repeating it; the person has it already. One that does
 * not repeat it has written something to stand below. */
static int drop_echo(struct commit_message *commit, const struct buffer *message, bool last,
                     struct buffer *out)
{
    if (commit->echo_over)
        return buffer_append(out, message->data, message->length);
    int status = buffer_append(&commit->echo, message->data, message->length);
    if (status != 0)
        return status;
    const struct buffer *echo = &commit->echo;
    const struct buffer *typed = &commit->typed;
    size_t common = echo->length < typed->length ? echo->length : typed->length;
    bool repeats = memcmp(echo->data, typed->data, common) == 0;
    if (repeats && common < typed->length && !last)
        return 0;
    commit->echo_over = true;
    size_t from = repeats ? common : 0;
    if (!repeats)
        buffer_append_string(out, "\n\n");
    return buffer_append(out, echo->data + from, echo->length - from);
}

static int filter(struct job *job, const char *text, size_t length, bool last, struct buffer *out)
{
    struct commit_message *commit = (struct commit_message *)job;
    struct buffer message CLEANUP(buffer_finish);
    buffer_init(&message, BUFFER_CAP);
    int status = answer_commit_feed(&commit->answer, text, length, last, &message);
    if (status != 0)
        return status;
    return drop_echo(commit, &message, last, out);
}

static void on_applied(void *context, bool ok, const struct json *result)
{
    struct services *services = context;
    if (!ok || (json_member(result, "applied") && !json_true(json_member(result, "applied"))))
        show_message(services, 2, "The editor did not take the commit message.");
}

/* What the person has typed: all before the first comment line, without the blank end. */
static int take_typed(struct document *document, struct buffer *typed)
{
    struct text *text = &document->text;
    size_t end = 0;
    for (size_t line = 0; line < text_line_count(text); line++) {
        size_t length;
        const char *bytes = text_line(text, line, &length);
        if ((length && bytes[0] == '#') || end > TYPED_BYTES_MAX)
            break;
        end = text_line_end(text, line);
    }
    const char *bytes = text_view(text, 0, end);
    while (end && strchr(" \t\r\n", bytes[end - 1]))
        end--;
    return buffer_append(typed, bytes, end);
}

/* For a client without a plugin of ours: behind what is typed, before the comments. */
static void apply(struct commit_message *commit, struct document *document)
{
    struct job *job = &commit->job;
    struct services *services = job->services;
    struct json_writer *writer =
        outgoing_begin(services->outgoing, "workspace/applyEdit", on_applied, services);
    if (!writer)
        return;
    size_t at = commit->typed.length;
    /* What comes behind, comments most often, begins on a line of its own. */
    if (at < text_length(&document->text) &&
        !strchr("\r\n", *text_view(&document->text, at, at + 1)))
        buffer_append_byte(&job->text, '\n');
    struct range range = context_lsp_range(services, document, at, at);
    json_begin_object(writer);
    json_put_string(writer, "label", "gridls: commit message");
    json_write_key(writer, "edit");
    json_begin_object(writer);
    context_begin_edits(writer, services, document);
    json_begin_object(writer);
    json_write_key(writer, "range");
    lsp_write_range(writer, range);
    json_put_text(writer, "newText", job->text.data, job->text.length);
    json_end_object(writer);
    context_end_edits(writer, services);
    json_end_object(writer);
    json_end_object(writer);
    outgoing_send(services->outgoing);
}

/* Whether the person has gone on with it, in which case the message fits no more. */
static bool is_typed_the_same(const struct commit_message *commit, struct document *document)
{
    struct buffer now CLEANUP(buffer_finish);
    buffer_init(&now, BUFFER_CAP);
    return take_typed(document, &now) == 0 && now.length == commit->typed.length &&
           memcmp(now.data, commit->typed.data, now.length) == 0;
}

static enum job_end finish_command(struct commit_message *commit, struct failure *failure)
{
    struct job *job = &commit->job;
    progress_end(&job->progress, NULL);
    if (!commit->document_uri) {
        show_message(job->services, 3, job->text.data);
        return JOB_DONE;
    }
    struct document *document = documents_find(job->services->documents, commit->document_uri);
    if (!document) {
        failure_set(failure, FAILURE_NOT_A_REPOSITORY, "Open the commit message and ask again.",
                    "The commit message was closed while it was being written.");
        return JOB_FAILED;
    }
    if (!is_typed_the_same(commit, document)) {
        failure_set(failure, FAILURE_UPSTREAM, "Ask again.",
                    "The commit message was changed while it was being written.");
        return JOB_FAILED;
    }
    apply(commit, document);
    return JOB_DONE;
}

static enum job_end done(struct job *job, const struct upstream_result *result,
                         struct failure *failure)
{
    struct commit_message *commit = (struct commit_message *)job;
    if (result->finish == CHAT_FINISH_LENGTH) {
        failure_set(failure, FAILURE_TRUNCATED,
                    "Raise parameters.commit.max_tokens in your settings.",
                    "The commit message was cut off by the token limit.");
        return JOB_FAILED;
    }
    if (!job->request)
        return finish_command(commit, failure);
    struct json_writer *writer = request_begin_result(job->request);
    json_begin_object(writer);
    job_write_common(job, result, writer);
    json_end_object(writer);
    request_end_result(job->request);
    return JOB_DONE;
}

static void destroy(struct job *job)
{
    struct commit_message *commit = (struct commit_message *)job;
    git_cancel(commit->git);
    workspace_wait_cancel(&commit->entry_waiter);
    git_staged_destroy(commit->staged);
    answer_commit_finish(&commit->answer);
    buffer_finish(&commit->files);
    buffer_finish(&commit->typed);
    buffer_finish(&commit->echo);
    free(commit->paths);
    free(commit->directory);
    free(commit->hint);
    free(commit->document_uri);
    free(commit);
}

static const struct job_kind kind = {
    .task = TASK_COMMIT,
    .title = "Writing the commit message",
    .filter = filter,
    .done = done,
    .destroy = destroy,
};

/* ---- what is staged -------------------------------------------------------------------------- */

static void fail_memory(struct commit_message *commit)
{
    job_fail_code(&commit->job, RPC_INTERNAL_ERROR, "There was not enough memory.");
}

static void fail_git(struct commit_message *commit, enum git_outcome outcome, const char *message)
{
    struct failure failure;
    switch (outcome) {
    case GIT_NOTHING_STAGED:
        failure_set(&failure, FAILURE_NOTHING_STAGED, "Stage changes with `git add` first.",
                    "Nothing is staged for a commit.");
        break;
    case GIT_NOT_A_REPOSITORY:
        failure_set(&failure, FAILURE_NOT_A_REPOSITORY,
                    "Open a file of a git repository and ask again.", "%s is in no git repository.",
                    commit->directory);
        break;
    case GIT_MISSING:
        failure_set(&failure, FAILURE_NOT_A_REPOSITORY, "Install git.",
                    "The program git was not found.");
        break;
    default:
        failure_set(&failure, FAILURE_NOT_A_REPOSITORY, "Try `git status` in the repository.",
                    "git failed: %s", message ? message : "it gave no reason");
        break;
    }
    job_fail(&commit->job, &failure);
}

static void ask(struct commit_message *commit, const struct buffer *diff)
{
    struct job *job = &commit->job;
    const struct git_staged *staged = commit->staged;
    struct prompt_commit input = {
        .branch = staged->branch,
        .files = {commit->files.data, commit->files.length},
        .diff = {diff->data, diff->length},
        .subjects = {staged->subjects.data, staged->subjects.length},
        .typed = {commit->typed.data, commit->typed.length},
        .hint = commit->hint,
        .style = (int)job->config->commit_style,
        .budget = context_budget(job->services, job->config, TASK_COMMIT),
    };
    struct prompt_style style = context_style(job->config);
    struct chat_messages messages;
    chat_messages_init(&messages);
    prompt_commit_build(&messages, &style, &input);
    job_ask(job, &messages);
}

static void on_diff(void *context, enum git_outcome outcome, const char *message,
                    struct buffer *text, bool is_truncated)
{
    struct commit_message *commit = context;
    (void)is_truncated; /* the list of files is complete in any case */
    commit->git = NULL;
    if (outcome != GIT_OK)
        fail_git(commit, outcome, message);
    else
        ask(commit, text);
}

static void get_diff(struct commit_message *commit)
{
    struct job *job = &commit->job;
    struct buffer nothing;
    if (buffer_error(&commit->files)) {
        fail_memory(commit);
        return;
    }
    if (commit->path_count == 0) {
        buffer_init(&nothing, BUFFER_CAP);
        ask(commit, &nothing);
        return;
    }
    int status = git_diff_start(&commit->git, job->services->loop, commit->staged, commit->paths,
                                commit->path_count, GIT_DIFF_CAP, on_diff, commit);
    if (status != 0)
        fail_git(commit, GIT_FAILED, uv_strerror(status));
}

/* ---- which of it may be sent ----------------------------------------------------------------- */

/* A name of several lines must not look like several files. */
static void append_name(struct buffer *out, const char *name)
{
    for (; *name; name++) {
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            buffer_printf(out, "\\%03o", (unsigned)(unsigned char)*name);
        else
            buffer_append_byte(out, *name);
    }
}

/* An ignored file's text is not sent, and neither is a renamed file's that was ignored by its old
 * name: its difference would show what was taken out. */
static void list_entry(struct commit_message *commit, const struct git_entry *entry,
                       bool old_allowed, bool allowed)
{
    if (commit->files.length < FILES_TEXT_MAX) {
        buffer_printf(&commit->files, "%c ", entry->status);
        append_name(&commit->files, entry->path);
        if (entry->old_path) {
            buffer_append_string(&commit->files, " (was ");
            append_name(&commit->files, entry->old_path);
            buffer_append_byte(&commit->files, ')');
        }
        buffer_append_string(&commit->files, allowed ? "\n" : " (content not shown)\n");
    }
    if (allowed && entry->old_path && old_allowed)
        commit->paths[commit->path_count++] = entry->old_path;
    if (allowed)
        commit->paths[commit->path_count++] = entry->path;
}

static void judge_entries(struct commit_message *commit);

static void on_entry_ready(struct workspace_waiter *waiter, int error)
{
    struct commit_message *commit = waiter->context;
    if (error)
        list_entry(commit, &commit->staged->entries[commit->next_entry++], false, false);
    judge_entries(commit);
}

/* PENDING: judge_entries() will be called again. */
static enum workspace_verdict judge(struct commit_message *commit, const char *path)
{
    struct workspace *workspace = commit->job.services->workspace;
    struct buffer whole CLEANUP(buffer_finish);
    buffer_init(&whole, BUFFER_CAP);
    buffer_printf(&whole, "%s/%s", commit->staged->top, path);
    if (buffer_error(&whole) || commit->next_entry >= FILES_JUDGED_MAX)
        return WORKSPACE_IGNORED;
    services_refresh_config(commit->job.services, &commit->job.config);
    enum workspace_verdict verdict = workspace_judge(workspace, commit->job.config, whole.data);
    if (verdict == WORKSPACE_PENDING) {
        commit->entry_waiter.ready = on_entry_ready;
        commit->entry_waiter.context = commit;
        workspace_wait(workspace, whole.data, &commit->entry_waiter);
    }
    return verdict;
}

static void judge_entries(struct commit_message *commit)
{
    while (commit->next_entry < commit->staged->count) {
        const struct git_entry *entry = &commit->staged->entries[commit->next_entry];
        enum workspace_verdict old = WORKSPACE_ALLOWED;
        if (entry->old_path)
            old = judge(commit, entry->old_path);
        if (old == WORKSPACE_PENDING)
            return;
        enum workspace_verdict verdict = judge(commit, entry->path);
        if (verdict == WORKSPACE_PENDING)
            return;
        list_entry(commit, entry, old == WORKSPACE_ALLOWED, verdict == WORKSPACE_ALLOWED);
        commit->next_entry++;
    }
    get_diff(commit);
}

static void on_staged(void *context, enum git_outcome outcome, const char *message,
                      struct git_staged *staged)
{
    struct commit_message *commit = context;
    commit->git = NULL;
    commit->staged = staged;
    if (outcome != GIT_OK) {
        fail_git(commit, outcome, message);
        return;
    }
    commit->paths = calloc(2 * staged->count + 1, sizeof(*commit->paths));
    if (!commit->paths) {
        fail_memory(commit);
        return;
    }
    judge_entries(commit);
}

/* ---- where ----------------------------------------------------------------------------------- */

/* The folder of the root, or the one that the document's file lies in. */
static char *find_directory(const struct lsp_commit_message_params *params)
{
    char *path = uri_to_path(params->root ? params->root : params->document.uri);
    if (!params->root && path) {
        char *slash = strrchr(path, '/');
        if (slash && slash != path)
            *slash = '\0';
    }
    return path;
}

static void start(struct services *services, struct request *request,
                  const struct lsp_commit_message_params *params, const struct json *work_token)
{
    struct commit_message *commit = calloc(1, sizeof(*commit));
    if (!commit) {
        if (request)
            request_fail(request, RPC_INTERNAL_ERROR, "There was not enough memory.");
        return;
    }
    buffer_init(&commit->files, BUFFER_CAP);
    buffer_init(&commit->typed, BUFFER_CAP);
    buffer_init(&commit->echo, BUFFER_CAP);
    answer_commit_init(&commit->answer);
    struct job *job = &commit->job;
    if (job_begin(job, services, &kind, request, work_token,
                  request ? params->partial_result_token : NULL) != 0)
        return;
    if (!params->root && !params->has_document) {
        job_fail_code(job, RPC_INVALID_PARAMS, "root or textDocument is needed.");
        return;
    }
    commit->directory = find_directory(params);
    if (!commit->directory) {
        job_fail_code(job, RPC_INVALID_PARAMS, "root or textDocument.uri must be a file URI.");
        return;
    }
    if (params->hint)
        commit->hint = strdup(params->hint);
    if (params->has_document) {
        commit->document_uri = strdup(params->document.uri);
        struct document *document = documents_find(services->documents, params->document.uri);
        if (document)
            take_typed(document, &commit->typed);
    }
    int status = git_staged_start(&commit->git, services->loop, commit->directory, false, on_staged,
                                  commit);
    if (status != 0)
        fail_git(commit, status == UV_ENOENT ? GIT_MISSING : GIT_FAILED, uv_strerror(status));
}

void commit_message_request(struct services *services, struct request *request, const void *params)
{
    const struct lsp_commit_message_params *commit = params;
    start(services, request, commit, commit->work_done_token);
}

void commit_message_command(struct services *services,
                            const struct lsp_commit_message_params *params,
                            const struct json *work_token)
{
    start(services, NULL, params, work_token);
}
