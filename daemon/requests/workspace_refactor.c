#include "daemon/requests/workspace_refactor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/requests/context.h"
#include "daemon/requests/edit_plan.h"
#include "daemon/requests/job.h"
#include "daemon/requests/refactor.h"
#include "protocol/utf8.h"

#define FILE_BYTES_MAX ((size_t)1 << 20)
#define LABEL_BYTES_MAX 100

struct workspace_refactor {
    struct job job;
    char *instruction;
    struct document_anchor anchor; /* what is selected, where something is */
    struct edit_files files;
    struct chat_messages messages; /* as asked */
    bool as_json;
    bool asked_again;
    struct buffer answer;          /* of this turn, placeholders for secrets in it */
    struct edit_plan plan;
    struct failure failure;        /* why it cannot go on, once that is known */
    bool failed;
    size_t next;                   /* of the plan's items, to be looked at again */
    struct workspace_waiter waiter;
    struct file_request *reading;
    char *real_root;               /* where new files go, without links */
    size_t folder;                 /* so much of a new one's path is looked at for links */
};

static void check_next(struct workspace_refactor *refactor);

static int filter(struct job *job, const char *text, size_t length, bool last, struct buffer *out)
{
    struct workspace_refactor *refactor = (struct workspace_refactor *)job;
    (void)last;
    (void)out;
    return buffer_append(&refactor->answer, text, length);
}

static void destroy(struct job *job)
{
    struct workspace_refactor *refactor = (struct workspace_refactor *)job;
    workspace_wait_cancel(&refactor->waiter);
    file_request_cancel(refactor->reading);
    document_anchor_remove(&refactor->anchor);
    edit_files_finish(&refactor->files);
    edit_plan_finish(&refactor->plan);
    chat_messages_finish(&refactor->messages);
    buffer_finish(&refactor->answer);
    free(refactor->instruction);
    free(refactor->real_root);
    free(refactor);
}

static void fail_memory(struct workspace_refactor *refactor)
{
    job_fail_code(&refactor->job, RPC_INTERNAL_ERROR, "There was not enough memory.");
}

static void fail_stale(struct workspace_refactor *refactor, const char *name)
{
    char message[512];
    snprintf(message, sizeof(message),
             "%s was changed meanwhile, so nothing is applied; ask again.", name);
    job_fail_code(&refactor->job, RPC_CONTENT_MODIFIED, message);
}

/* ---- the result ------------------------------------------------------------------------------ */

/* Open documents are told of at once; all that the editor has said is known by now. */
static const char *find_stale(const struct workspace_refactor *refactor)
{
    const struct documents *documents = refactor->job.services->documents;
    for (size_t i = 0; i < refactor->plan.count; i++) {
        const struct planned_edit *edit = &refactor->plan.items[i];
        struct edit_file *file = edit->file;
        if (!file && documents_find(documents, edit->uri))
            return edit->path;
        if (!file)
            continue;
        if (file->document ? !file->document->open || file->document->edits != file->edits
                           : documents_find(documents, file->uri) != NULL)
            return file->name;
    }
    return NULL;
}

static void make_label(const struct workspace_refactor *refactor, char *label, size_t size)
{
    const char *text = refactor->instruction;
    size_t length = strcspn(text, "\r\n");
    if (length > LABEL_BYTES_MAX)
        length = utf8_floor(text, length, LABEL_BYTES_MAX);
    snprintf(label, size, "gridls: %.*s", (int)length, text);
}

static int write_edit(const struct workspace_refactor *refactor, struct json_writer *writer,
                      const struct workspace_change *changes, size_t count)
{
    char label[LABEL_BYTES_MAX + 16];
    make_label(refactor, label, sizeof(label));
    if (count > 0)
        return workspace_edit_write(writer, refactor->job.services, changes, count, label);
    json_write_null(writer);
    return 0;
}

static void apply(struct workspace_refactor *refactor, const struct workspace_change *changes,
                  size_t count)
{
    struct services *services = refactor->job.services;
    struct json_writer *writer = count > 0 ? refactor_begin_apply(services) : NULL;
    if (count == 0)
        show_message(services, 3, "The rewrite changes nothing.");
    if (!writer)
        return;
    write_edit(refactor, writer, changes, count);
    refactor_end_apply(services, writer);
}

/* `text` is what the model says of its edits: the texts of the files are in the edit. */
static void reply(struct workspace_refactor *refactor, const struct workspace_change *changes,
                  size_t count)
{
    struct job *job = &refactor->job;
    struct upstream_result result = {
        .finish = CHAT_FINISH_STOP,
        .instrument = job->config->instruments[TASK_REFACTOR],
    };
    buffer_append(&job->text, refactor->plan.summary.data, refactor->plan.summary.length);
    progress_text(&job->progress, job->text.data, job->text.length);
    progress_flush(&job->progress);
    struct json_writer *writer = request_begin_result(job->request);
    json_begin_object(writer);
    json_write_key(writer, "edit");
    write_edit(refactor, writer, changes, count);
    job_write_common(job, &result, writer);
    json_end_object(writer);
    request_end_result(job->request);
}

static void finish(struct workspace_refactor *refactor)
{
    struct workspace_change *changes;
    size_t count;
    const char *stale = find_stale(refactor);
    if (stale) {
        fail_stale(refactor, stale);
        return;
    }
    if (edit_plan_make_changes(&refactor->plan, &changes, &count) != 0) {
        edit_plan_free_changes(changes, changes ? count : 0);
        fail_memory(refactor);
        return;
    }
    if (refactor->job.request)
        reply(refactor, changes, count);
    else
        apply(refactor, changes, count);
    edit_plan_free_changes(changes, count);
    job_drop(&refactor->job);
}

/* Where new files go: the root of the person's own file, else the first; NULL: there is none. */
static const char *find_root(const struct workspace_refactor *refactor)
{
    const struct workspace *workspace = refactor->job.services->workspace;
    const char *root = workspace_root_of(workspace, document_name(refactor->job.document));
    if (!root && workspace_root_count(workspace) > 0)
        root = workspace_root(workspace, 0);
    return root;
}

/* ---- looking again --------------------------------------------------------------------------- */

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct workspace_refactor *refactor = context;
    const struct buffer *before = &refactor->plan.items[refactor->next].file->bytes;
    refactor->reading = NULL;
    if (error || length != before->length || memcmp(text, before->data, length) != 0) {
        fail_stale(refactor, refactor->plan.items[refactor->next].file->name);
        return;
    }
    refactor->next++;
    check_next(refactor);
}

static void on_read_new(void *context, int error, const char *text, size_t length)
{
    struct workspace_refactor *refactor = context;
    struct failure failure;
    (void)text;
    (void)length;
    refactor->reading = NULL;
    if (error != -ENOENT && error != -ENOTDIR) {
        failure_set(&failure, FAILURE_UPSTREAM, "Ask again, and name the file as one to change.",
                    "The model would make %s, which is there already, so nothing is applied.",
                    refactor->plan.items[refactor->next].path);
        job_fail(&refactor->job, &failure);
        return;
    }
    refactor->next++;
    check_next(refactor);
}

static void fail_outside(struct workspace_refactor *refactor)
{
    struct failure failure;
    failure_set(&failure, FAILURE_IGNORED, "Name another place for it in the instruction.",
                "The model would make %s, where a link leads out of the project, so nothing is "
                "applied.", refactor->plan.items[refactor->next].path);
    job_fail(&refactor->job, &failure);
}

static void on_folder_resolved(void *context, int error, const char *real);

/* The path of a new file up to the last of its slashes before `folder`: the folder that it is in, or
 * the nearest above that one which exists. */
static void resolve_folder(struct workspace_refactor *refactor)
{
    const char *path = refactor->plan.items[refactor->next].path;
    do
        refactor->folder--;
    while (refactor->folder > 0 && path[refactor->folder] != '/');
    char *folder CLEANUP(cleanup_free) =
        refactor->folder > 0 ? strndup(path, refactor->folder) : strdup("/");
    if (!folder || file_resolve_start(&refactor->reading, refactor->job.services->loop, folder,
                                      on_folder_resolved, refactor) != 0)
        fail_memory(refactor);
}

static void on_folder_resolved(void *context, int error, const char *real)
{
    struct workspace_refactor *refactor = context;
    const char *path = refactor->plan.items[refactor->next].path;
    size_t root = strcmp(refactor->real_root, "/") == 0 ? 0 : strlen(refactor->real_root);
    refactor->reading = NULL;
    if ((error == -ENOENT || error == -ENOTDIR) && refactor->folder > 0)
        resolve_folder(refactor);
    else if (error || strncmp(real, refactor->real_root, root) != 0 ||
             (real[root] != '/' && real[root] != '\0'))
        fail_outside(refactor);
    else if (file_read_start(&refactor->reading, refactor->job.services->loop, path,
                             FILE_BYTES_MAX, on_read_new, refactor) != 0)
        fail_memory(refactor);
}

static void on_root_resolved(void *context, int error, const char *real)
{
    struct workspace_refactor *refactor = context;
    refactor->reading = NULL;
    refactor->real_root = error ? NULL : strdup(real);
    refactor->folder = strlen(refactor->plan.items[refactor->next].path);
    if (error)
        fail_outside(refactor);
    else if (!refactor->real_root)
        fail_memory(refactor);
    else
        resolve_folder(refactor);
}

/* A new file where nothing may be looked at is none of the model's business either. */
static void on_new_judged(struct workspace_waiter *waiter, int error)
{
    struct workspace_refactor *refactor = waiter->context;
    struct services *services = refactor->job.services;
    const char *path = refactor->plan.items[refactor->next].path;
    struct failure failure;
    if (error || workspace_judge(services->workspace, refactor->job.config, path) !=
                     WORKSPACE_ALLOWED) {
        failure_set(&failure, FAILURE_IGNORED, "Name another place for it in the instruction.",
                    "The model would make %s, which is ignored, so nothing is applied.", path);
        job_fail(&refactor->job, &failure);
        return;
    }
    const char *root = find_root(refactor);
    free(refactor->real_root);
    refactor->real_root = NULL;
    if (!root)
        fail_outside(refactor);
    else if (file_resolve_start(&refactor->reading, services->loop, root, on_root_resolved,
                                refactor) != 0)
        fail_memory(refactor);
}

/* One after the other: files on disk are still what they were, new ones are not there yet. */
static void check_next(struct workspace_refactor *refactor)
{
    struct services *services = refactor->job.services;
    const struct edit_plan *plan = &refactor->plan;
    while (refactor->next < plan->count && plan->items[refactor->next].file &&
           plan->items[refactor->next].file->document)
        refactor->next++;
    if (refactor->next == plan->count) {
        finish(refactor);
        return;
    }
    const struct planned_edit *edit = &plan->items[refactor->next];
    if (!edit->file) {
        refactor->waiter = (struct workspace_waiter){.ready = on_new_judged, .context = refactor};
        workspace_wait(services->workspace, edit->path, &refactor->waiter);
    } else if (file_read_start(&refactor->reading, services->loop, edit->file->path,
                               FILE_BYTES_MAX, on_read, refactor) != 0) {
        fail_memory(refactor);
    }
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void ask(struct workspace_refactor *refactor)
{
    struct job *job = &refactor->job;
    struct chat_messages copy;
    chat_messages_init(&copy);
    chat_messages_add_copies(&copy, &refactor->messages);
    if (refactor->as_json)
        job->format = (struct chat_format){CHAT_FORMAT_SCHEMA, "edits", answer_edits_schema, true};
    job_ask(job, &copy);
}

/* What the model said goes back to it as it said it: with the secrets in, they are replaced
 * again. */
static int add_faults(struct workspace_refactor *refactor)
{
    struct buffer held CLEANUP(buffer_finish);
    struct buffer said CLEANUP(buffer_finish);
    const struct buffer *answer = &refactor->answer;
    buffer_init(&held, CHAT_TEXT_CAP);
    buffer_init(&said, CHAT_TEXT_CAP);
    if (redaction_restore(refactor->job.redaction, &held, answer->data, answer->length, true,
                          &said) != 0)
        return -ENOMEM;
    struct prompt_text text = {said.data, said.length};
    struct prompt_text faults = {refactor->plan.faults.data, refactor->plan.faults.length};
    return prompt_workspace_ask_again(&refactor->messages, text, faults, refactor->as_json);
}

static void ask_again(struct workspace_refactor *refactor)
{
    refactor->asked_again = true;
    if (add_faults(refactor) != 0) {
        fail_memory(refactor);
        return;
    }
    buffer_clear(&refactor->answer);
    progress_report(&refactor->job.progress, "Some edits do not fit the files; asking once more.");
    ask(refactor);
}

static bool is_whole(struct workspace_refactor *refactor, const struct upstream_result *result)
{
    if (result->finish == CHAT_FINISH_LENGTH)
        failure_set(&refactor->failure, FAILURE_TRUNCATED,
                    "Ask for less, or raise parameters.refactor.max_tokens in your settings.",
                    "The edits were cut off by the token limit, so nothing is applied.");
    else if (result->finish == CHAT_FINISH_FILTER)
        failure_set(&refactor->failure, FAILURE_FILTERED, "Change the instruction.",
                    "The upstream's content filter cut the edits, so nothing is applied.");
    else
        return true;
    return false;
}

/* Takes the edits in. Returns false where they are of no use, with refactor->failure. */
static bool take_answer(struct workspace_refactor *refactor)
{
    struct job *job = &refactor->job;
    const char *root = find_root(refactor);
    switch (edit_plan_take(&refactor->plan, &refactor->files, job->redaction,
                           job->services->session.create_files ? root : NULL,
                           refactor->answer.data, refactor->answer.length)) {
    case 0:
        return true;
    case -ENOMEM:
        failure_set(&refactor->failure, FAILURE_UPSTREAM, "Ask for less at once.",
                    "There was not enough memory for the edits.");
        return false;
    default:
        failure_set(&refactor->failure, FAILURE_UPSTREAM,
                    "Ask again, or set instruments.refactor to another instrument.",
                    "The answer holds no edits that could be read, so nothing is applied.");
        return false;
    }
}

static bool goes_on(struct job *job, const struct upstream_result *result)
{
    struct workspace_refactor *refactor = (struct workspace_refactor *)job;
    refactor->failed = true;
    if (result->failure || !is_whole(refactor, result) || !take_answer(refactor))
        return false;
    if (refactor->plan.fault_count > 0 && refactor->asked_again) {
        failure_set(&refactor->failure, FAILURE_UPSTREAM,
                    "Ask again, or say more exactly what to change.",
                    "The model's edits do not fit the files, so nothing is applied (%s)",
                    refactor->plan.fault);
        return false;
    }
    refactor->failed = false;
    job_add_usage(job, result);
    if (refactor->plan.fault_count > 0)
        ask_again(refactor);
    else
        check_next(refactor);
    return true;
}

/* Reached only where the job does not go on. */
static enum job_end done(struct job *job, const struct upstream_result *result,
                         struct failure *failure)
{
    (void)result;
    *failure = ((struct workspace_refactor *)job)->failure;
    return JOB_FAILED;
}

static const struct job_kind kind = {
    .task = TASK_REFACTOR,
    .title = "Rewriting",
    .keeps_placeholders = true,
    .filter = filter,
    .goes_on = goes_on,
    .done = done,
    .destroy = destroy,
};

/* ---- the question ---------------------------------------------------------------------------- */

static int build_prompt(struct workspace_refactor *refactor)
{
    struct job *job = &refactor->job;
    struct edit_files *files = &refactor->files;
    struct prompt_related *shown = calloc(files->count + 1, sizeof(*shown));
    size_t start = refactor->anchor.start, end = refactor->anchor.end;
    if (!shown)
        return -ENOMEM;
    for (size_t i = 0; i < files->count; i++)
        shown[i] = (struct prompt_related){
            files->items[i].name, {files->items[i].bytes.data, files->items[i].bytes.length}};
    struct prompt_workspace input = {
        .files = shown,
        .file_count = files->count,
        .names = {files->names.data, files->names.length},
        .path = workspace_name_of(job->services->workspace, document_name(job->document)),
        .selection = {text_view(&job->document->text, start, end), end - start},
        .instruction = refactor->instruction,
        .as_json = refactor->as_json,
        .may_create = job->services->session.create_files,
    };
    struct prompt_style style = context_style(job->config);
    int status = prompt_workspace_build(&refactor->messages, &style, &input);
    free(shown);
    return status;
}

static void on_gathered(void *context, int error)
{
    struct workspace_refactor *refactor = context;
    struct job *job = &refactor->job;
    struct failure failure;
    if (error == -EFBIG) {
        failure_set(&failure, FAILURE_TRUNCATED, "Rewrite a selection of it instead.",
                    "The file is too long to be sent whole.");
        job_fail(job, &failure);
        return;
    }
    refactor->as_json = upstream_takes(job->services->upstream, job->config, TASK_REFACTOR,
                                       CHAT_FIELD_RESPONSE_FORMAT);
    if (error || build_prompt(refactor) != 0)
        fail_memory(refactor);
    else
        ask(refactor);
}

static void gather(struct job *job)
{
    struct workspace_refactor *refactor = (struct workspace_refactor *)job;
    size_t start = refactor->anchor.start, end = refactor->anchor.end;
    struct edit_files_options options = {
        .services = job->services,
        .config = job->config,
        .document = job->document,
        .instruction = refactor->instruction,
        .selection = text_view(&job->document->text, start, end),
        .selection_length = end - start,
        .budget = context_budget(job->services, job->config, TASK_REFACTOR),
    };
    progress_report(&job->progress, "Looking for the files that this is about.");
    edit_files_gather(&refactor->files, &options, on_gathered, refactor);
}

static void take_document(struct workspace_refactor *refactor,
                          const struct lsp_refactor_params *params)
{
    struct job *job = &refactor->job;
    size_t start = 0, end = 0;
    if (!job_find_document(job, params->document.uri))
        return;
    if (params->document.has_version && params->document.version != job->document->version) {
        job_fail_code(job, RPC_CONTENT_MODIFIED, "The text has changed since; ask again.");
        return;
    }
    if (params->has_range)
        context_range(job->services, job->document, params->range, &start, &end);
    document_anchor_add(&refactor->anchor, job->document, start, end);
    job_await_permission(job, gather);
}

void workspace_refactor_start(struct services *services, struct request *request,
                              const struct lsp_refactor_params *params,
                              const struct json *work_token, const struct json *partial_token)
{
    struct workspace_refactor *refactor = calloc(1, sizeof(*refactor));
    if (!refactor) {
        if (request)
            request_fail(request, RPC_INTERNAL_ERROR, "There was not enough memory.");
        return;
    }
    chat_messages_init(&refactor->messages);
    buffer_init(&refactor->answer, CHAT_TEXT_CAP);
    edit_plan_init(&refactor->plan);
    if (job_begin(&refactor->job, services, &kind, request, work_token, partial_token) != 0)
        return;
    refactor->instruction = strdup(params->instruction);
    if (!refactor->instruction)
        fail_memory(refactor);
    else
        take_document(refactor, params);
}
