#include "daemon/requests/tool_rounds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/requests/context.h"
#include "protocol/utf8.h"

#define CALLS_MAX 8u /* in one round */
#define RESULTS_MAX ((size_t)96 << 10)

static void run_next(struct tool_rounds *rounds);

void tool_rounds_init(struct tool_rounds *rounds, struct job *job)
{
    *rounds = (struct tool_rounds){.job = job};
    chat_messages_init(&rounds->messages);
}

void tool_rounds_finish(struct tool_rounds *rounds)
{
    tool_run_cancel(rounds->run);
    rounds->run = NULL;
    chat_messages_finish(&rounds->messages);
}

static void fail_memory(struct tool_rounds *rounds)
{
    job_fail_code(rounds->job, RPC_INTERNAL_ERROR, "There was not enough memory for the request.");
}

/* ---- asking ----------------------------------------------------------------------------------- */

/* Once all rounds are used up the tools are still told of, as their calls and results are, but none
 * may be called. */
static void ask(struct tool_rounds *rounds)
{
    struct job *job = rounds->job;
    struct chat_messages copy;
    chat_messages_init(&copy);
    chat_messages_add_copies(&copy, &rounds->messages);
    job->tools = rounds->offered ? tools_read_only : NULL;
    job->tool_count = rounds->offered ? TOOLS_COUNT : 0;
    job->tool_choice = rounds->rounds == TOOL_ROUNDS_MAX ? "none" : NULL;
    rounds->text_before = job->text.length;
    job_ask(job, &copy);
}

static size_t bytes_of(const struct chat_messages *messages)
{
    size_t bytes = 0;
    for (size_t i = 0; i < messages->count; i++)
        bytes += messages->items[i].length;
    return bytes;
}

void tool_rounds_ask(struct tool_rounds *rounds, struct chat_messages *messages, bool allowed)
{
    struct job *job = rounds->job;
    struct services *services = job->services;
    size_t room = context_room(services, job->config, job->kind->task);
    size_t used = bytes_of(messages);
    chat_messages_finish(&rounds->messages);
    rounds->messages = *messages;
    chat_messages_init(messages);
    rounds->question = rounds->messages.count;
    rounds->result_room = room > used ? room - used : 0;
    if (rounds->result_room > RESULTS_MAX)
        rounds->result_room = RESULTS_MAX;
    rounds->offered = allowed && workspace_root_count(services->workspace) > 0 &&
                      upstream_takes(services->upstream, job->config, job->kind->task,
                                     CHAT_FIELD_TOOLS);
    ask(rounds);
}

/* ---- results ---------------------------------------------------------------------------------- */

static const struct chat_tool_call *current_call(const struct tool_rounds *rounds)
{
    return &rounds->messages.items[rounds->turn].calls.items[rounds->next];
}

static void add_result(struct tool_rounds *rounds, const char *text, size_t length)
{
    chat_messages_add_result(&rounds->messages, current_call(rounds)->id, text, length);
    rounds->next++;
}

static void on_result(void *context, const char *text, size_t length)
{
    struct tool_rounds *rounds = context;
    rounds->run = NULL;
    if (length > rounds->result_room)
        length = utf8_floor(text, length, rounds->result_room);
    rounds->result_room -= length;
    add_result(rounds, text, length);
    run_next(rounds);
}

/* Why the call is not run, for the model; NULL: it is. */
static const char *refusal(const struct tool_rounds *rounds)
{
    const char *fault = rounds->messages.items[rounds->turn].calls.fault;
    if (fault)
        return fault;
    if (rounds->next >= CALLS_MAX)
        return "Error: these are too many calls at once.";
    if (rounds->result_room < 1024)
        return "Error: no more can be shown; answer with what you know.";
    return NULL;
}

static void run_next(struct tool_rounds *rounds)
{
    struct job *job = rounds->job;
    const struct tools_host host = {job->services->loop, job->services->workspace,
                                    job->services->documents};
    const char *why;
    while (rounds->next < rounds->messages.items[rounds->turn].calls.count &&
           (why = refusal(rounds)))
        add_result(rounds, why, strlen(why));
    if (rounds->messages.error) {
        fail_memory(rounds);
        return;
    }
    if (rounds->next == rounds->messages.items[rounds->turn].calls.count) {
        ask(rounds);
        return;
    }
    const struct chat_tool_call *call = current_call(rounds);
    if (tool_run_start(&rounds->run, &host, job->config, call->name, call->arguments.data,
                       call->arguments.length, on_result, rounds) != 0) {
        fail_memory(rounds);
        return;
    }
    if (tool_run_note(rounds->run))
        progress_report(&job->progress, tool_run_note(rounds->run));
}

/* ---- going on --------------------------------------------------------------------------------- */

/* What cannot be run goes back in a form that every server takes: they look into it themselves. */
static int mend_calls(struct chat_tool_calls *calls)
{
    for (size_t i = 0; calls->fault && i < calls->count; i++) {
        struct chat_tool_call *call = &calls->items[i];
        buffer_clear(&call->arguments);
        if (buffer_append_string(&call->arguments, "{}") != 0)
            return -ENOMEM;
        if (!call->name && !(call->name = strdup("unknown")))
            return -ENOMEM;
    }
    return 0;
}

static bool run_calls(struct tool_rounds *rounds, const struct upstream_result *result)
{
    struct job *job = rounds->job;
    struct chat_messages *messages = &rounds->messages;
    rounds->turn = messages->count;
    rounds->next = 0;
    rounds->rounds++;
    if (job_next_call(job, result) != 0 ||
        chat_messages_add_turn(messages, result->turn, job->text.data + rounds->text_before,
                               job->text.length - rounds->text_before) != 0 ||
        mend_calls(&messages->items[rounds->turn].calls) != 0)
        fail_memory(rounds);
    else
        run_next(rounds);
    return true;
}

/* A server may take the tools and then refuse their results. Then it is as if it had none. */
static bool refuses_results(const struct tool_rounds *rounds, const struct upstream_result *result)
{
    int64_t status = result->failure->status;
    return rounds->messages.count > rounds->question &&
           rounds->job->text.length == rounds->text_before &&
           (status == 400 || status == 404 || status == 422 || status == 500 || status == 501);
}

static bool ask_without(struct tool_rounds *rounds)
{
    struct chat_messages all = rounds->messages;
    struct chat_messages question;
    chat_messages_init(&question);
    for (size_t i = 0; i < rounds->question; i++)
        chat_messages_add(&question, all.items[i].role, all.items[i].content,
                          all.items[i].length);
    chat_messages_finish(&rounds->messages);
    rounds->messages = question;
    rounds->offered = false;
    ask(rounds);
    return true;
}

static bool is_ours(const char *name)
{
    for (size_t i = 0; name && i < TOOLS_COUNT; i++)
        if (strcmp(name, tools_read_only[i].name) == 0)
            return true;
    return false;
}

/* Some models call tools of their own invention behind an answer that is whole. */
static bool has_answered(const struct tool_rounds *rounds, const struct upstream_result *result)
{
    for (size_t i = 0; i < result->calls->count; i++)
        if (is_ours(result->calls->items[i].name))
            return false;
    return rounds->job->text.length > rounds->text_before;
}

bool tool_rounds_go_on(struct tool_rounds *rounds, const struct upstream_result *result)
{
    if (result->failure)
        return refuses_results(rounds, result) && ask_without(rounds);
    if (!result->calls || !rounds->offered || result->finish == CHAT_FINISH_LENGTH ||
        rounds->rounds == TOOL_ROUNDS_MAX || has_answered(rounds, result))
        return false;
    return run_calls(rounds, result);
}
