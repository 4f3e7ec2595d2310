#include "daemon/requests/explain.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/conversation.h"
#include "daemon/definitions.h"
#include "daemon/requests/context.h"
#include "daemon/requests/explain_prompt.h"
#include "daemon/requests/job.h"
#include "daemon/requests/show.h"
#include "daemon/requests/tool_rounds.h"

/* How long is looked for definitions, before anything is asked. */
#define DEFINITIONS_MS 700u
/* The most bytes of what was said that go along with a further question. */
#define CONVERSATION_MAX ((size_t)256 << 10)

struct explain {
    struct job job;
    struct document_anchor anchor; /* the text that it is about */
    char *question;     /* NULL: what does this do? */
    char *conversation; /* NULL: a new one */
    struct explain_diagnostics diagnostics;
    struct definitions_search *search;
    struct definitions definitions;
    struct chat_messages messages; /* as asked, to be gone on from; what tools said is not kept */
    struct tool_rounds rounds;
    struct answer_markdown answer;
};

static int filter(struct job *job, const char *text, size_t length, bool last, struct buffer *out)
{
    struct explain *explain = (struct explain *)job;
    return answer_markdown_feed(&explain->answer, text, length, last, out);
}

static enum job_end done(struct job *job, const struct upstream_result *result,
                         struct failure *failure)
{
    struct explain *explain = (struct explain *)job;
    if (result->calls && job->text.length == 0) {
        failure_set(failure, FAILURE_UPSTREAM, "Ask again, or set explain.tools to false.",
                    "The model looked at file after file and gave no answer.");
        return JOB_FAILED;
    }
    struct conversation *kept =
        conversations_keep(job->services->conversations, explain->conversation, job->judged,
                           &explain->messages, job->text.data, job->text.length);
    if (!job->request) {
        job_end_progress(job);
        show_markdown(job->services, "explanation", job->text.data, job->text.length);
        return JOB_DONE;
    }
    struct json_writer *writer = request_begin_result(job->request);
    json_begin_object(writer);
    json_put_string(writer, "conversation", kept ? kept->id : NULL);
    job_write_common(job, result, writer);
    json_end_object(writer);
    request_end_result(job->request);
    return JOB_DONE;
}

static bool goes_on(struct job *job, const struct upstream_result *result)
{
    struct explain *explain = (struct explain *)job;
    return tool_rounds_go_on(&explain->rounds, result);
}

static void destroy(struct job *job)
{
    struct explain *explain = (struct explain *)job;
    tool_rounds_finish(&explain->rounds);
    definitions_search_cancel(explain->search);
    definitions_finish(&explain->definitions);
    explain_diagnostics_finish(&explain->diagnostics);
    document_anchor_remove(&explain->anchor);
    chat_messages_finish(&explain->messages);
    answer_markdown_finish(&explain->answer);
    free(explain->question);
    free(explain->conversation);
    free(explain);
}

static const struct job_kind kind = {
    .task = TASK_EXPLAIN,
    .title = "Explaining",
    .filter = filter,
    .goes_on = goes_on,
    .done = done,
    .destroy = destroy,
};

/* Asks with a copy: the messages are needed again when the next question comes. */
static void ask(struct explain *explain)
{
    struct chat_messages copy;
    chat_messages_init(&copy);
    chat_messages_add_copies(&copy, &explain->messages);
    tool_rounds_ask(&explain->rounds, &copy, explain->job.config->explain_tools);
}

static struct explain_prompt prompt_of(struct explain *explain)
{
    return (struct explain_prompt){
        .anchor = &explain->anchor,
        .question = explain->question,
        .diagnostics = &explain->diagnostics,
        .definitions = &explain->definitions,
    };
}

static void ask_about_range(struct explain *explain)
{
    struct job *job = &explain->job;
    struct explain_prompt prompt = prompt_of(explain);
    if (explain_prompt_build(&explain->messages, job->services, job->config, &prompt) != 0)
        job_fail_code(job, RPC_INTERNAL_ERROR, "There was not enough memory for the request.");
    else
        ask(explain);
}

static void on_definitions(void *context, struct definitions *found)
{
    struct explain *explain = context;
    explain->search = NULL;
    explain->definitions = *found;
    *found = (struct definitions){.count = 0};
    ask_about_range(explain);
}

/* The text may be sent: now for what it uses. */
static void find_definitions(struct job *job)
{
    struct explain *explain = (struct explain *)job;
    struct services *services = job->services;
    struct explain_prompt prompt = prompt_of(explain);
    size_t start, end;
    explain_prompt_range(&prompt, &start, &end);
    struct definitions_options options = {
        .loop = services->loop,
        .workspace = services->workspace,
        .documents = services->documents,
        .neighbours = services->neighbours,
        .config = job->config,
        .document = job->document,
        .text = {text_view(&job->document->text, start, end), end - start},
        .beyond = job->config->explain_related,
        .deadline_ms = DEFINITIONS_MS,
    };
    if (context_is_prose(job->document) ||
        definitions_search_start(&explain->search, &options, on_definitions, explain) != 0)
        ask_about_range(explain);
}

static struct conversation *find_conversation(const struct explain *explain)
{
    return conversations_find(explain->job.services->conversations, explain->conversation);
}

static void fail_unknown(struct explain *explain)
{
    job_fail_code(&explain->job, RPC_INVALID_PARAMS,
                  "The conversation is not known any more; ask about the code again.");
}

/* What was said holds the text that it is about, which may still be sent. */
static void go_on(struct job *job)
{
    struct explain *explain = (struct explain *)job;
    const struct conversation *before = find_conversation(explain);
    size_t room = context_room(job->services, job->config, TASK_EXPLAIN);
    if (!before) {
        fail_unknown(explain);
        return;
    }
    conversation_append(before, room < CONVERSATION_MAX ? room : CONVERSATION_MAX,
                        &explain->messages);
    chat_messages_add(&explain->messages, CHAT_USER, explain->question, strlen(explain->question));
    ask(explain);
}

static void ask_on(struct explain *explain)
{
    const struct conversation *before = find_conversation(explain);
    if (!before)
        fail_unknown(explain);
    else if (!explain->question)
        job_fail_code(&explain->job, RPC_INVALID_PARAMS, "question is missing.");
    else
        job_await_permission_of(&explain->job, before->about, go_on);
}

static bool copy_string(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

/* The range is of the text as it is now, which may go on while it is found out whether it may be sent:
 * whatever is then in its place is explained. */
static void take_document(struct explain *explain, const struct lsp_explain_params *params)
{
    struct job *job = &explain->job;
    if (!job_find_document(job, params->document.uri))
        return;
    if (params->document.has_version && params->document.version != job->document->version) {
        job_fail_code(job, RPC_CONTENT_MODIFIED,
                      "The text has changed since; select it and ask again.");
        return;
    }
    size_t start = 0, end = text_length(&job->document->text);
    if (params->has_range)
        context_range(job->services, job->document, params->range, &start, &end);
    document_anchor_add(&explain->anchor, job->document, start, end);
    explain_diagnostics_take(&explain->diagnostics, &params->diagnostics,
                             params->has_range ? &params->range : NULL);
    job_await_permission(job, find_definitions);
}

static void start(struct services *services, struct request *request,
                  const struct lsp_explain_params *params, const struct json *work_token)
{
    struct explain *explain = calloc(1, sizeof(*explain));
    if (!explain) {
        if (request)
            request_fail(request, RPC_INTERNAL_ERROR, "There was not enough memory.");
        return;
    }
    chat_messages_init(&explain->messages);
    answer_markdown_init(&explain->answer);
    tool_rounds_init(&explain->rounds, &explain->job);
    if (job_begin(&explain->job, services, &kind, request, work_token,
                  request ? params->partial_result_token : NULL) != 0)
        return;
    if (!copy_string(&explain->question, params->question) ||
        !copy_string(&explain->conversation, params->conversation))
        job_fail_code(&explain->job, RPC_INTERNAL_ERROR, "There was not enough memory.");
    else if (params->conversation)
        ask_on(explain);
    else if (!params->has_document)
        job_fail_code(&explain->job, RPC_INVALID_PARAMS,
                      "textDocument is missing, and so is conversation.");
    else
        take_document(explain, params);
}

void explain_request(struct services *services, struct request *request, const void *params)
{
    const struct lsp_explain_params *explain = params;
    start(services, request, explain, explain->work_done_token);
}

void explain_command(struct services *services, const struct lsp_explain_params *params,
                     const struct json *work_token)
{
    start(services, NULL, params, work_token);
}
