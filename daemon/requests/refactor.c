#include "daemon/requests/refactor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/answer/continuation.h"
#include "daemon/answer/merge.h"
#include "daemon/outgoing.h"
#include "daemon/prompt/sections.h"
#include "daemon/requests/context.h"
#include "daemon/requests/job.h"
#include "daemon/requests/workspace_refactor.h"
#include "protocol/diff.h"

/* How often an answer that the token limit cut off is gone on with. */
#define CONTINUATIONS 3

/* So much of a placeholder for a secret is nothing else by chance. */
#define PLACEHOLDER_HEAD 8

struct refactor {
    struct job job;
    char *instruction;
    const struct json *action; /* codeAction/resolve: the action to be given back */
    struct document_anchor anchor; /* the text that is rewritten, while the person goes on typing */
    char *original;        /* copy of that text, and of what stands before it on its line */
    size_t original_length;
    char *line_prefix;
    bool asked;
    struct chat_messages messages; /* as first asked, to be gone on from */
    struct answer_continuation continuation;
    unsigned turns;        /* that the token limit cut off */
    struct answer_rewrite answer;
};

static int filter(struct job *job, const char *text, size_t length, bool last, struct buffer *out)
{
    struct refactor *refactor = (struct refactor *)job;
    if (!refactor->asked)
        return 0; /* it failed before it was asked */
    struct buffer certain CLEANUP(buffer_finish);
    buffer_init(&certain, CHAT_TEXT_CAP);
    int status = answer_continuation_feed(&refactor->continuation, text, length, last, &certain);
    if (status != 0)
        return status;
    return answer_rewrite_feed(&refactor->answer, certain.data, certain.length, last, out);
}

static void destroy(struct job *job)
{
    struct refactor *refactor = (struct refactor *)job;
    document_anchor_remove(&refactor->anchor);
    chat_messages_finish(&refactor->messages);
    answer_continuation_finish(&refactor->continuation);
    answer_rewrite_finish(&refactor->answer);
    free(refactor->instruction);
    free(refactor->original);
    free(refactor->line_prefix);
    free(refactor);
}

/* ---- the edit -------------------------------------------------------------------------------- */

static void write_hunks(struct refactor *refactor, const struct diff *diff,
                        struct json_writer *writer)
{
    struct job *job = &refactor->job;
    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_hunk *hunk = &diff->hunks[i];
        size_t start = refactor->anchor.start;
        json_begin_object(writer);
        json_write_key(writer, "range");
        lsp_write_range(writer, context_lsp_range(job->services, job->document,
                                                  start + hunk->old_start, start + hunk->old_end));
        json_put_text(writer, "newText", job->text.data + hunk->new_start,
                      hunk->new_end - hunk->new_start);
        json_end_object(writer);
    }
}

/* A WorkspaceEdit for the version of the document as it is now; null where nothing changes. */
static void write_edit(struct refactor *refactor, const struct diff *diff,
                       struct json_writer *writer)
{
    const struct services *services = refactor->job.services;
    if (!diff->count) {
        json_write_null(writer);
        return;
    }
    json_begin_object(writer);
    context_begin_edits(writer, services, refactor->job.document);
    write_hunks(refactor, diff, writer);
    context_end_edits(writer, services);
    json_end_object(writer);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void reply(struct refactor *refactor, const struct upstream_result *result,
                  const struct diff *diff)
{
    struct job *job = &refactor->job;
    struct json_writer *writer = request_begin_result(job->request);
    json_begin_object(writer);
    json_write_key(writer, "edit");
    write_edit(refactor, diff, writer);
    job_write_common(job, result, writer);
    json_end_object(writer);
    request_end_result(job->request);
}

/* The action as it came, with its edit: resolving must not change anything else. */
static void reply_resolved(struct refactor *refactor, const struct diff *diff)
{
    struct job *job = &refactor->job;
    job_end_progress(job);
    struct json_writer *writer = request_begin_result(job->request);
    json_begin_object(writer);
    for (const struct json *member = json_first(refactor->action); member;
         member = json_next(member)) {
        if (strcmp(json_key(member), "edit") == 0)
            continue;
        json_write_key(writer, json_key(member));
        json_write_value(writer, member);
    }
    json_write_key(writer, "edit");
    if (diff->count) {
        write_edit(refactor, diff, writer);
    } else { /* an action's edit may not be null */
        json_begin_object(writer);
        json_end_object(writer);
    }
    json_end_object(writer);
    request_end_result(job->request);
}

static void on_applied(void *context, bool ok, const struct json *result)
{
    struct services *services = context;
    /* `applied: true` proves nothing, but a refusal is worth telling. */
    if (!ok || (json_member(result, "applied") && !json_true(json_member(result, "applied"))))
        show_message(services, 2, "The editor did not apply the rewrite.");
}

struct json_writer *refactor_begin_apply(struct services *services)
{
    struct json_writer *writer =
        outgoing_begin(services->outgoing, "workspace/applyEdit", on_applied, services);
    if (!writer)
        return NULL;
    json_begin_object(writer);
    json_put_string(writer, "label", "gridls: rewrite");
    json_write_key(writer, "edit");
    return writer;
}

void refactor_end_apply(struct services *services, struct json_writer *writer)
{
    json_end_object(writer);
    outgoing_send(services->outgoing);
}

static void apply(struct refactor *refactor, const struct diff *diff)
{
    struct job *job = &refactor->job;
    struct services *services = job->services;
    if (!diff->count) {
        job_end_progress(job);
        show_message(services, 3, "The rewrite changes nothing.");
        return;
    }
    struct json_writer *writer = refactor_begin_apply(services);
    if (!writer)
        return;
    write_edit(refactor, diff, writer);
    refactor_end_apply(services, writer);
    job_end_progress(job);
}

/* What must not be applied, whatever it holds. Returns false where there is nothing against it. */
static bool is_unfit(struct refactor *refactor, const struct upstream_result *result,
                     struct failure *failure)
{
    const struct buffer *text = &refactor->job.text;
    if (result->finish == CHAT_FINISH_LENGTH) {
        failure_set(failure, FAILURE_TRUNCATED,
                    "Select less, or raise parameters.refactor.max_tokens in your settings.",
                    "The rewrite was cut off by the token limit, so it is not applied.");
        return true;
    }
    if (result->finish == CHAT_FINISH_FILTER) {
        failure_set(failure, FAILURE_FILTERED, "Change the instruction.",
                    "The upstream's content filter cut the rewrite, so it is not applied.");
        return true;
    }
    if (text->length == 0) {
        failure_set(failure, FAILURE_UPSTREAM, "Say in the instruction what should come out.",
                    "The answer held no code, so nothing is applied.");
        return true;
    }
    if (answer_rewrite_is_elided(refactor->original, refactor->original_length, text->data,
                                 text->length, context_is_prose(refactor->job.document))) {
        failure_set(failure, FAILURE_TRUNCATED, "Select less and ask again.",
                    "The rewrite leaves out code that should stay, so it is not applied.");
        return true;
    }
    return false;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void finish_with_diff(struct refactor *refactor, const struct upstream_result *result,
                             const struct diff *diff)
{
    if (!refactor->job.request)
        apply(refactor, diff);
    else if (refactor->action)
        reply_resolved(refactor, diff);
    else
        reply(refactor, result, diff);
}

/* The bytes before the range are those of the text as it is now. */
static int merge(struct refactor *refactor, struct diff *diff)
{
    struct merge merge = {
        .original = refactor->original,
        .original_length = refactor->original_length,
    };
    size_t start = refactor->anchor.start;
    if (start > 0)
        text_copy(&refactor->job.document->text, start - 1, start, &merge.before);
    return merge_rewrite(&merge, &refactor->job.text, diff);
}

static enum job_end done(struct job *job, const struct upstream_result *result,
                         struct failure *failure)
{
    struct refactor *refactor = (struct refactor *)job;
    struct diff diff;
    if (is_unfit(refactor, result, failure))
        return JOB_FAILED;
    if (merge(refactor, &diff) != 0)
        return JOB_NO_MEMORY;
    finish_with_diff(refactor, result, &diff);
    diff_finish(&diff);
    return JOB_DONE;
}

/* Asks with a copy: the messages are needed again where the answer is cut off. `cut`: it was. */
static void ask_all(struct refactor *refactor, bool cut)
{
    const struct answer_continuation *said = &refactor->continuation;
    struct prompt_text text = {said->text.data, said->text.length};
    struct prompt_text line;
    struct chat_messages copy;
    chat_messages_init(&copy);
    chat_messages_add_copies(&copy, &refactor->messages);
    line.text = answer_continuation_line(said, &line.length);
    if (cut)
        prompt_refactor_go_on(&copy, text, line);
    job_ask(&refactor->job, &copy);
}

/* Where the token limit cut the answer off, the model is asked for the rest. */
static bool goes_on(struct job *job, const struct upstream_result *result)
{
    struct refactor *refactor = (struct refactor *)job;
    if (result->failure || result->finish != CHAT_FINISH_LENGTH ||
        refactor->turns == CONTINUATIONS)
        return false;
    refactor->turns++;
    /* The head of a placeholder is dropped: the model is shown what came before it. A few
     * letters are no more than that. */
    int status = 0;
    if (job->held.length < PLACEHOLDER_HEAD)
        status = filter(job, job->held.data, job->held.length, false, &job->text);
    buffer_clear(&job->held);
    if (status != 0 || answer_continuation_cut(&refactor->continuation) != 0)
        return false;
    job_add_usage(job, result);
    progress_report(&job->progress, "The token limit cut the answer off; asking for the rest.");
    ask_all(refactor, true);
    return true;
}

/* No position lies between \r and \n. */
static bool is_within_line_end(const struct text *text, size_t offset)
{
    char pair[2];
    if (offset == 0 || offset >= text_length(text))
        return false;
    text_copy(text, offset - 1, offset + 1, pair);
    return pair[0] == '\r' && pair[1] == '\n';
}

/* A \n typed behind a range that ends with a lone \r is a change of its last line end. */
static bool is_overtaken(const struct job *job)
{
    const struct document_anchor *anchor = &((const struct refactor *)job)->anchor;
    return anchor->touched ||
           (anchor->document && (is_within_line_end(&job->document->text, anchor->start) ||
                                 is_within_line_end(&job->document->text, anchor->end)));
}

static const struct job_kind kind = {
    .task = TASK_REFACTOR,
    .title = "Rewriting",
    .goes_on = goes_on,
    .filter = filter,
    .done = done,
    .is_overtaken = is_overtaken,
    .destroy = destroy,
};

/* ---- the question ---------------------------------------------------------------------------- */

/* An empty range means the line that it is in. */
static void find_range(struct job *job, const struct lsp_refactor_params *params, size_t *start,
                       size_t *end)
{
    struct text *text = &job->document->text;
    *start = 0;
    *end = text_length(text);
    if (params->has_range)
        context_range(job->services, job->document, params->range, start, end);
    if (*start == *end) {
        size_t line = text_line_at(text, *start);
        *start = text_line_start(text, line);
        *end = text_line_start(text, line + 1);
    }
}

static bool remember_original(struct refactor *refactor, unsigned indent)
{
    struct text *text = &refactor->job.document->text;
    size_t start = refactor->anchor.start, end = refactor->anchor.end;
    size_t line_start = text_line_start(text, text_line_at(text, start));
    refactor->original_length = end - start;
    refactor->original = malloc(end - start + 1);
    refactor->line_prefix = malloc(start - line_start + 1);
    if (!refactor->original || !refactor->line_prefix)
        return false;
    text_copy(text, start, end, refactor->original);
    text_copy(text, line_start, start, refactor->line_prefix);
    struct answer_rewrite_shape shape = {
        .original = refactor->original,
        .original_length = refactor->original_length,
        .line_prefix = refactor->line_prefix,
        .line_prefix_length = start - line_start,
        .line_end = context_line_end(refactor->job.document),
        .prose = context_is_prose(refactor->job.document),
        .indent = indent,
    };
    answer_rewrite_init(&refactor->answer, &shape);
    refactor->asked = true;
    return true;
}

size_t refactor_room(const struct services *services, const struct config *config)
{
    return context_budget(services, config, TASK_REFACTOR) / 2;
}

static void ask(struct job *job)
{
    struct refactor *refactor = (struct refactor *)job;
    size_t start = refactor->anchor.start, end = refactor->anchor.end;
    size_t budget = context_budget(job->services, job->config, TASK_REFACTOR);
    if (end - start > refactor_room(job->services, job->config)) {
        struct failure failure;
        failure_set(&failure, FAILURE_TRUNCATED, "Select less text.",
                    "The selection (%zu KiB) is too long for one rewrite.", (end - start) >> 10);
        job_fail(job, &failure);
        return;
    }
    struct context_window window;
    context_window(job->services, job->document, start, end, budget, &window);
    struct prompt_text rest = {window.selection.text,
                               window.selection.length + window.after.length};
    if (!remember_original(refactor, sections_indent(window.before, rest))) {
        job_fail_code(job, RPC_INTERNAL_ERROR, "There was not enough memory.");
        return;
    }
    context_window(job->services, job->document, start, end, budget, &window);
    struct prompt_refactor input = {
        .file = window.file,
        .before = window.before,
        .selection = window.selection,
        .after = window.after,
        .instruction = refactor->instruction,
        .budget = budget,
    };
    struct prompt_style style = context_style(job->config);
    prompt_refactor_build(&refactor->messages, &style, &input);
    ask_all(refactor, false);
}

/* Whether another rewrite that runs has a part of this range: of the two, one would be of a text
 * that is no more. */
static bool is_being_rewritten(const struct refactor *refactor)
{
    const struct document_anchor *own = &refactor->anchor;
    for (const struct job *job = refactor->job.services->jobs->first; job; job = job->next) {
        if (job->kind != &kind || job == &refactor->job)
            continue;
        const struct document_anchor *other = &((const struct refactor *)job)->anchor;
        bool touch = own->start <= other->end && other->start <= own->end;
        bool overlap = own->start < other->end && other->start < own->end;
        bool empty = own->start == own->end || other->start == other->end;
        if (other->document == own->document && !other->touched && (overlap || (touch && empty)))
            return true;
    }
    return false;
}

/* The range is of the text as it is now: it has to be followed from here on. */
static void take_document(struct refactor *refactor, const struct lsp_refactor_params *params)
{
    struct job *job = &refactor->job;
    size_t start, end;
    if (!job_find_document(job, params->document.uri))
        return;
    if (params->document.has_version && params->document.version != job->document->version) {
        job_fail_code(job, RPC_CONTENT_MODIFIED,
                      "The text has changed since; select it and ask again.");
        return;
    }
    find_range(job, params, &start, &end);
    document_anchor_add(&refactor->anchor, job->document, start, end);
    if (is_being_rewritten(refactor)) {
        job_fail_code(job, RPC_CONTENT_MODIFIED,
                      "A part of this is being rewritten already; wait for that or cancel it.");
        return;
    }
    job_await_permission(job, ask);
}

static void start(struct services *services, struct request *request,
                  const struct lsp_refactor_params *params, const struct json *work_token,
                  const struct json *partial_token, const struct json *action)
{
    struct refactor *refactor = calloc(1, sizeof(*refactor));
    if (!refactor) {
        if (request)
            request_fail(request, RPC_INTERNAL_ERROR, "There was not enough memory.");
        return;
    }
    refactor->action = action;
    chat_messages_init(&refactor->messages);
    answer_continuation_init(&refactor->continuation);
    if (job_begin(&refactor->job, services, &kind, request, work_token, partial_token) != 0)
        return;
    refactor->instruction = strdup(params->instruction);
    if (!refactor->instruction)
        job_fail_code(&refactor->job, RPC_INTERNAL_ERROR, "There was not enough memory.");
    else
        take_document(refactor, params);
}

void refactor_request(struct services *services, struct request *request, const void *params)
{
    const struct lsp_refactor_params *refactor = params;
    if (refactor->scope && strcmp(refactor->scope, "workspace") == 0)
        workspace_refactor_start(services, request, refactor, refactor->work_done_token,
                                 refactor->partial_result_token);
    else if (refactor->scope && strcmp(refactor->scope, "selection") != 0)
        request_fail(request, RPC_INVALID_PARAMS,
                     "scope is neither \"selection\" nor \"workspace\".");
    else
        start(services, request, refactor, refactor->work_done_token,
              refactor->partial_result_token,
              NULL);
}

void refactor_command(struct services *services, const struct lsp_refactor_params *params,
                      const struct json *work_token)
{
    if (params->scope && strcmp(params->scope, "workspace") == 0)
        workspace_refactor_start(services, NULL, params, work_token, NULL);
    else
        start(services, NULL, params, work_token, NULL, NULL);
}

void refactor_resolve(struct services *services, struct request *request,
                      const struct lsp_refactor_params *params, const struct json *action)
{
    start(services, request, params, NULL, NULL, action);
}
