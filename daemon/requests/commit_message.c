#include "daemon/requests/commit_message.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/commit_paths.h"
#include "daemon/file.h"
#include "daemon/git.h"
#include "daemon/outgoing.h"
#include "daemon/redact_diff.h"
#include "daemon/requests/commit_summaries.h"
#include "daemon/requests/commit_typed.h"
#include "daemon/requests/context.h"
#include "daemon/requests/job.h"
#include "protocol/oneline.h"
#include "protocol/uri.h"

/* A commit of more files is described by their names alone: judging each takes a look at the
 * disk. */
#define FILES_JUDGED_MAX 2000u
#define TEMPLATE_CAP ((size_t)16 << 10)
/* Far more names than a prompt takes. */
#define FILES_TEXT_MAX ((size_t)1 << 20)
/* Of files that add a secret. */
#define SECRETS_NAMED 3

/* Paths that point into `staged`. */
struct commit_paths {
    const char **paths;
    size_t count;
};

struct commit_message {
    struct job job;
    char *directory;
    char *hint;
    char *document_uri;
    struct git_job *git;
    struct git_staged *staged;
    size_t next_entry;          /* to be judged by the ignore rules */
    struct commit_paths written; /* whose changes may be sent */
    struct commit_paths noted;   /* so may these, but they say nothing that their names do not */
    struct workspace_waiter waiter;
    struct buffer files;        /* "M path" lines */
    struct file_request *file;  /* the template's */
    struct buffer template;     /* its text */
    struct commit_typed typed;  /* what stands in the commit's document already */
    struct commit_summaries *summaries; /* of what is too large */
    struct buffer diff;
    struct answer_commit answer;
};

/* ---- the answer ------------------------------------------------------------------------------ */

static int filter(struct job *job, const char *text, size_t length, bool last, struct buffer *out)
{
    struct commit_message *commit = (struct commit_message *)job;
    struct buffer message CLEANUP(buffer_finish);
    buffer_init(&message, BUFFER_CAP);
    int status = answer_commit_feed(&commit->answer, text, length, last, &message);
    if (status != 0)
        return status;
    return commit_typed_drop_echo(&commit->typed, &message, last, out);
}

static void on_applied(void *context, bool ok, const struct json *result)
{
    struct services *services = context;
    if (!ok || (json_member(result, "applied") && !json_true(json_member(result, "applied"))))
        show_message(services, 2, "The editor did not take the commit message.");
}

static const char *comment_of(const struct commit_message *commit, struct document *document)
{
    return commit_typed_comment(commit->staged->comment, document);
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
    size_t at = commit->typed.text.length;
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

static enum job_end finish_command(struct commit_message *commit, struct failure *failure)
{
    struct job *job = &commit->job;
    job_end_progress(job);
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
    if (!commit_typed_is_same(&commit->typed, document, comment_of(commit, document))) {
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
    struct upstream_result before = {.usage = commit_summaries_usage(commit->summaries)};
    job_add_usage(job, &before);
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
    if (commit->template.length > 0 && !commit->document_uri)
        json_put_text(writer, "template", commit->template.data, commit->template.length);
    json_end_object(writer);
    request_end_result(job->request);
    return JOB_DONE;
}

static void destroy(struct job *job)
{
    struct commit_message *commit = (struct commit_message *)job;
    git_cancel(commit->git);
    workspace_wait_cancel(&commit->waiter);
    git_staged_destroy(commit->staged);
    answer_commit_finish(&commit->answer);
    buffer_finish(&commit->files);
    buffer_finish(&commit->diff);
    buffer_finish(&commit->template);
    commit_typed_finish(&commit->typed);
    commit_summaries_destroy(commit->summaries);
    file_request_cancel(commit->file);
    free(commit->written.paths);
    free(commit->noted.paths);
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

static void ask(struct commit_message *commit)
{
    struct job *job = &commit->job;
    const struct git_staged *staged = commit->staged;
    struct buffer summaries CLEANUP(buffer_finish);
    buffer_init(&summaries, BUFFER_CAP);
    if (commit_summaries_write(commit->summaries, &summaries, &commit->diff) != 0) {
        fail_memory(commit);
        return;
    }
    struct prompt_commit input = {
        .branch = staged->branch,
        .files = {commit->files.data, commit->files.length},
        .diff = {commit->diff.data, commit->diff.length},
        .summaries = {summaries.data, summaries.length},
        .subjects = {staged->subjects.data, staged->subjects.length},
        .file_subjects = {staged->file_subjects.data, staged->file_subjects.length},
        .template = {commit->template.data, commit->template.length},
        .typed = {commit->typed.text.data, commit->typed.text.length},
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

static void on_summaries(struct job *job)
{
    ask((struct commit_message *)job);
}

/* ---- what it says -------------------------------------------------------------------------- */

/* What stands in a commit stays in the history: the person hears of it before. The model never sees
 * it. */
static void warn_of_secrets(struct commit_message *commit)
{
    struct buffer names CLEANUP(buffer_finish);
    struct buffer text CLEANUP(buffer_finish);
    char shown[160];
    buffer_init(&names, BUFFER_CAP);
    buffer_init(&text, BUFFER_CAP);
    int count = redact_diff_find(commit->diff.data, commit->diff.length, SECRETS_NAMED, &names);
    if (count <= 0)
        return;
    oneline_copy(shown, sizeof(shown), names.data, names.length);
    buffer_append_string(&text, shown);
    if (count > SECRETS_NAMED)
        buffer_printf(&text, " and %d more", count - SECRETS_NAMED);
    buffer_printf(&text, " %s what looks like a key or token: look before you commit.",
                  count > 1 ? "add" : "adds");
    if (!buffer_error(&text))
        show_message(commit->job.services, 2, text.data);
}

static void on_diff(void *context, enum git_outcome outcome, const char *message,
                    struct buffer *text, bool is_truncated)
{
    struct commit_message *commit = context;
    struct job *job = &commit->job;
    (void)is_truncated; /* the list of files is complete in any case */
    commit->git = NULL;
    if (outcome != GIT_OK) {
        fail_git(commit, outcome, message);
        return;
    }
    struct buffer taken = *text;
    *text = commit->diff;
    commit->diff = taken;
    warn_of_secrets(commit);
    size_t budget = context_budget(job->services, job->config, TASK_COMMIT);
    if (commit_summaries_start(&commit->summaries, job, &commit->diff, budget, on_summaries) != 0)
        fail_memory(commit);
    else if (!commit->summaries)
        ask(commit);
}

static void get_diff(struct commit_message *commit)
{
    struct job *job = &commit->job;
    if (buffer_error(&commit->files)) {
        fail_memory(commit);
        return;
    }
    /* Where nobody has written anything by hand, what was generated is the change. */
    const struct commit_paths *paths = commit->written.count ? &commit->written : &commit->noted;
    if (paths->count == 0) {
        ask(commit);
        return;
    }
    int status = git_diff_start(&commit->git, job->services->loop, commit->staged, paths->paths,
                                paths->count, GIT_DIFF_CAP, on_diff, commit);
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
    const char *note = allowed ? commit_path_note(entry->path) : "content not shown";
    struct commit_paths *list = note ? &commit->noted : &commit->written;
    if (commit->files.length < FILES_TEXT_MAX) {
        buffer_printf(&commit->files, "%c ", entry->status);
        append_name(&commit->files, entry->path);
        if (entry->old_path) {
            buffer_append_string(&commit->files, " (was ");
            append_name(&commit->files, entry->old_path);
            buffer_append_byte(&commit->files, ')');
        }
        if (note)
            buffer_printf(&commit->files, " (%s)", note);
        buffer_append_byte(&commit->files, '\n');
    }
    if (allowed && entry->old_path && old_allowed)
        list->paths[list->count++] = entry->old_path;
    if (allowed)
        list->paths[list->count++] = entry->path;
}

static void judge_entries(struct commit_message *commit);

static void on_entry_ready(struct workspace_waiter *waiter, int error)
{
    struct commit_message *commit = waiter->context;
    if (error)
        list_entry(commit, &commit->staged->entries[commit->next_entry++], false, false);
    judge_entries(commit);
}

/* PENDING: `ready` will be called. */
static enum workspace_verdict judge(struct commit_message *commit, const char *path,
                                    void (*ready)(struct workspace_waiter *waiter, int error))
{
    struct workspace *workspace = commit->job.services->workspace;
    services_refresh_config(commit->job.services, &commit->job.config);
    enum workspace_verdict verdict = workspace_judge(workspace, commit->job.config, path);
    if (verdict == WORKSPACE_PENDING) {
        commit->waiter.ready = ready;
        commit->waiter.context = commit;
        workspace_wait(workspace, path, &commit->waiter);
    }
    return verdict;
}

static enum workspace_verdict judge_entry(struct commit_message *commit, const char *path)
{
    struct buffer whole CLEANUP(buffer_finish);
    buffer_init(&whole, BUFFER_CAP);
    buffer_printf(&whole, "%s/%s", commit->staged->top, path);
    if (buffer_error(&whole) || commit->next_entry >= FILES_JUDGED_MAX)
        return WORKSPACE_IGNORED;
    return judge(commit, whole.data, on_entry_ready);
}

/* ---- the template ---------------------------------------------------------------------------- */

static void on_template(void *context, int error, const char *text, size_t length)
{
    struct commit_message *commit = context;
    commit->file = NULL;
    if (!error && buffer_append(&commit->template, text, length) != 0)
        fail_memory(commit);
    else
        get_diff(commit); /* git commits without one that cannot be read, so do we */
}

static void judge_template(struct commit_message *commit);

static void on_template_ready(struct workspace_waiter *waiter, int error)
{
    if (error)
        get_diff(waiter->context);
    else
        judge_template(waiter->context);
}

static void judge_template(struct commit_message *commit)
{
    const char *path = commit->staged->template_path;
    enum workspace_verdict verdict =
        path ? judge(commit, path, on_template_ready) : WORKSPACE_IGNORED;
    if (verdict == WORKSPACE_PENDING)
        return;
    if (verdict != WORKSPACE_ALLOWED ||
        file_read_start(&commit->file, commit->job.services->loop, path, TEMPLATE_CAP,
                        on_template, commit) != 0)
        get_diff(commit);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void judge_entries(struct commit_message *commit)
{
    while (commit->next_entry < commit->staged->count) {
        const struct git_entry *entry = &commit->staged->entries[commit->next_entry];
        enum workspace_verdict old = WORKSPACE_ALLOWED;
        if (entry->old_path)
            old = judge_entry(commit, entry->old_path);
        if (old == WORKSPACE_PENDING)
            return;
        enum workspace_verdict verdict = judge_entry(commit, entry->path);
        if (verdict == WORKSPACE_PENDING)
            return;
        list_entry(commit, entry, old == WORKSPACE_ALLOWED, verdict == WORKSPACE_ALLOWED);
        commit->next_entry++;
    }
    judge_template(commit);
}

static int take_document(struct commit_message *commit)
{
    struct document *document = NULL;
    if (commit->document_uri)
        document = documents_find(commit->job.services->documents, commit->document_uri);
    const char *comment = comment_of(commit, document);
    commit->answer.comment = comment;
    return document ? commit_typed_take(&commit->typed, document, comment) : 0;
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
    commit->written.paths = calloc(2 * staged->count + 1, sizeof(*commit->written.paths));
    commit->noted.paths = calloc(2 * staged->count + 1, sizeof(*commit->noted.paths));
    if (!commit->written.paths || !commit->noted.paths || take_document(commit) != 0) {
        fail_memory(commit);
        return;
    }
    judge_entries(commit);
}

/* ---- where ----------------------------------------------------------------------------------- */

/* The folder of the root, or the one that the document's file lies in. */
static char *find_directory(const struct lsp_commit_message_params *params)
{
    char *path;
    uri_to_path(params->root ? params->root : params->document.uri, &path);
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
    buffer_init(&commit->diff, BUFFER_CAP);
    buffer_init(&commit->template, BUFFER_CAP);
    commit_typed_init(&commit->typed);
    answer_commit_init(&commit->answer, commit_typed_comment(NULL, NULL));
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
    if (params->has_document)
        commit->document_uri = strdup(params->document.uri);
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
