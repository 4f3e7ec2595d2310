#include "daemon/requests/completion.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/editor.h"
#include "daemon/requests/completion_context.h"
#include "daemon/requests/completion_place.h"
#include "daemon/requests/context.h"

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void completion_destroy(struct completion *completion)
{
    if (completion->previous)
        completion->previous->next = completion->next;
    else
        completion->services->completions->first = completion->next;
    if (completion->next)
        completion->next->previous = completion->previous;
    workspace_wait_cancel(&completion->waiter);
    upstream_call_cancel(completion->call);
    redaction_destroy(completion->redaction);
    progress_finish(&completion->progress);
    offer_place_finish(&completion->place);
    for (size_t i = 0; i < COMPLETION_CANDIDATES; i++) {
        buffer_finish(&completion->candidates[i].held);
        buffer_finish(&completion->candidates[i].model_text);
        buffer_finish(&completion->candidates[i].text);
    }
    buffer_finish(&completion->typed);
    document_unref(completion->document);
    config_unref(completion->config);
    uv_close((uv_handle_t *)&completion->timer, on_timer_closed);
}

struct request *completion_take_request(struct completion *completion)
{
    struct request *request = completion->request;
    completion->request = NULL;
    completion->item_waits = false;
    progress_end(&completion->progress, NULL);
    progress_finish(&completion->progress);
    completion->progress = (struct progress){0};
    if (request)
        request->on_cancel = NULL;
    return request;
}

void completion_answer_null(struct completion *completion)
{
    struct request *request = completion_take_request(completion);
    if (request)
        request_answer_null(request);
}

static void on_cancel(struct request *request)
{
    struct completion *completion = request->job;
    completion_take_request(completion);
    completion_destroy(completion);
}

/* ---- partial items --------------------------------------------------------------------------- */

/* The text went on after the request, or is closed: what has come fits it no more. */
static bool is_stale(const struct completion *completion)
{
    return completion->document->edits != completion->edits || !completion->document->open;
}

/* Shows the lines that are complete. While the editor is busy only the newest state matters. */
static void send_partial(struct completion *completion)
{
    const struct completion_candidate *first = &completion->candidates[0];
    size_t length = lines_first(first->text.data, first->text.length, first->fit.whole_lines);
    if (first->fit.whole_lines <= completion->lines_shown ||
        length <= completion->typed.length)
        return;
    completion->item_waits = !editor_is_idle(completion->services->editor);
    if (completion->item_waits)
        return;
    completion->lines_shown = first->fit.whole_lines;
    struct buffer body;
    struct json_writer writer;
    progress_begin_partial(&completion->progress, &body, &writer);
    json_write_key(&writer, "item");
    completion_place_write_item(&writer, completion->services, completion->document,
                                completion->request->params, completion->has_entry,
                                &(struct offer_text){first->text.data + completion->typed.length,
                                                     length - completion->typed.length,
                                                     first->fit.replace_after});
    progress_end_partial(&completion->progress, &body, &writer);
}

void completion_on_editor_idle(struct completion *completion)
{
    if (completion->item_waits && !is_stale(completion))
        send_partial(completion);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int refit(struct completion *completion, struct completion_candidate *candidate, bool last)
{
    struct answer_completion_place place =
        completion_place_lines(&completion->place, completion->config->completion_max_lines);
    place.prose = context_is_prose(completion->document);
    place.layout = language_layout(completion->document->language_id);
    buffer_clear(&candidate->text);
    return answer_completion_fit(&place, candidate->model_text.data, candidate->model_text.length,
                                 last, &candidate->text, &candidate->fit);
}

/* Whether what was typed since agrees with the answer, as far as that has come. */
static bool agrees(const struct completion *completion)
{
    const struct buffer *typed = &completion->typed;
    const struct buffer *text = &completion->candidates[0].text;
    return memcmp(typed->data, text->data,
                  typed->length < text->length ? typed->length : text->length) == 0;
}

static void wait_for_rest(struct completion *completion);

/* The answer does not go on with what was typed since it was asked for: asks anew, for the place
 * where the person is now. */
static void ask_again(struct completion *completion)
{
    struct services *services = completion->services;
    upstream_call_cancel(completion->call);
    completion->call = NULL;
    offer_place_finish(&completion->place);
    offer_place_init(&completion->place);
    completion->lines_shown = 0;
    completion->seen = 0;
    buffer_clear(&completion->typed);
    for (size_t i = 0; i < COMPLETION_CANDIDATES; i++) {
        struct completion_candidate *candidate = &completion->candidates[i];
        candidate->fit = (struct answer_completion){0};
        buffer_clear(&candidate->model_text);
        buffer_clear(&candidate->text);
        buffer_clear(&candidate->held);
    }
    if (completion_place_of(services, completion->document, completion->request->params,
                            completion->has_entry,
                            context_budget(services, completion->config, TASK_COMPLETION),
                            &completion->place) != 0)
        completion_give_up(completion);
    else
        wait_for_rest(completion);
}

void completion_offer(struct request *request, struct document *document, bool has_entry,
                      size_t at, const struct offer_text *texts, size_t count)
{
    struct completions *completions = request->services->completions;
    buffer_clear(&completions->shown_key);
    buffer_append_string(&completions->shown_key, document->key);
    completions->shown_at = at;
    for (size_t i = 0; i < COMPLETION_CANDIDATES; i++) {
        buffer_clear(&completions->shown_texts[i]);
        if (i < count)
            context_append_with_line_ends(&completions->shown_texts[i], document, texts[i].text,
                                          texts[i].length);
    }
    completion_place_answer(request, document, has_entry, texts, count);
}

/* Adds a text where there is room, unless it is there already. */
static void add_text(struct offer_text *texts, size_t *count, struct offer_text text)
{
    size_t i = 0;
    while (i < *count && !(texts[i].length == text.length &&
                           memcmp(texts[i].text, text.text, text.length) == 0))
        i++;
    if (i == *count && i < OFFER_TEXTS_MAX && text.length > 0)
        texts[(*count)++] = text;
}

/* What has come, and where a person asked for more what was known before. */
static size_t collect_texts(struct completion *completion, struct offer_text *texts)
{
    struct offer_found known;
    size_t count = 0;
    for (size_t i = 0; i < completion->wanted; i++) {
        const struct completion_candidate *candidate = &completion->candidates[i];
        add_text(texts, &count, (struct offer_text){candidate->text.data, candidate->text.length,
                                                    candidate->fit.replace_after});
    }
    if (completion->wanted > 1 &&
        offers_find(completion->services->completions->offers, &completion->place, &known))
        for (size_t i = 0; i < known.count; i++)
            add_text(texts, &count, known.texts[i]);
    return count;
}

/* All has come: answers the request, if one waits, and keeps the offer. */
static void conclude(struct completion *completion, bool stale)
{
    struct offers *offers = completion->services->completions->offers;
    const struct buffer *typed = &completion->typed;
    struct offer_text texts[OFFER_TEXTS_MAX], rests[OFFER_TEXTS_MAX];
    size_t count = collect_texts(completion, texts);
    size_t rest_count = 0;
    for (size_t i = 0; i < count; i++) /* those that what was typed since goes into */
        if (texts[i].length > typed->length &&
            memcmp(texts[i].text, typed->data, typed->length) == 0)
            rests[rest_count++] = (struct offer_text){texts[i].text + typed->length,
                                                      texts[i].length - typed->length,
                                                      texts[i].replace_after};
    if (completion->request && !stale && rest_count > 0)
        completion_offer(completion_take_request(completion), completion->document,
                         completion->has_entry, completion->place.offset + typed->length, rests,
                         rest_count);
    else
        completion_answer_null(completion);
    offers_add(offers, &completion->place, texts, count, completion->wanted > 1);
    completion_destroy(completion);
}

/* Whether nothing more is wanted. A server that passes over `n` sends one candidate only. */
static bool is_complete(const struct completion *completion)
{
    unsigned i = 0;
    while (i < completion->seen && completion->candidates[i].fit.complete)
        i++;
    return i > 0 && i == completion->seen && (i == 1 || i == completion->wanted);
}

void completion_deliver(struct completion *completion, bool ended)
{
    bool stale = is_stale(completion);
    if (completion->request && !stale && !agrees(completion))
        ask_again(completion);
    else if (ended || is_complete(completion))
        conclude(completion, stale);
    else if (completion->request && !stale && progress_streams(&completion->progress))
        send_partial(completion);
}

static int take_text(struct completion *completion, unsigned index, const char *text, size_t length,
                     bool last)
{
    struct completion_candidate *candidate = &completion->candidates[index];
    int status = redaction_restore(completion->redaction, &candidate->held, text, length, last,
                                   &candidate->model_text);
    return status == 0 ? refit(completion, candidate, last) : status;
}

void completion_give_up(struct completion *completion)
{
    completion_answer_null(completion);
    completion_destroy(completion);
}

static void on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct completion *completion = context;
    if (index >= completion->wanted || completion->candidates[index].fit.complete)
        return;
    if (completion->seen == 0)
        pace_note_latency(&completion->services->completions->pace,
                          uv_now(completion->services->loop) - completion->asked_at);
    if (index >= completion->seen)
        completion->seen = index + 1;
    if (take_text(completion, index, text, length, false) != 0)
        completion_give_up(completion);
    else
        completion_deliver(completion, false);
}

static int take_ends(struct completion *completion)
{
    int status = 0;
    for (unsigned i = 0; i < completion->wanted && status == 0; i++)
        status = take_text(completion, i, "", 0, true);
    return status;
}

static void on_end(void *context, const struct upstream_result *result)
{
    struct completion *completion = context;
    completion->call = NULL;
    if (result->failure) {
        /* What a person asked for gets its reason; what came by itself is never in the way. */
        struct request *request = completion_take_request(completion);
        if (request && completion->is_automatic)
            request_answer_null(request);
        else if (request)
            request_fail_with(request, result->failure);
        completion_destroy(completion);
        return;
    }
    if (take_ends(completion) != 0)
        completion_give_up(completion);
    else
        completion_deliver(completion, true);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int build_prompt(struct completion *completion, struct chat_messages *messages)
{
    int status = completion_context_build(completion->services, completion->config,
                                          completion->document, &completion->place, messages);
    redaction_destroy(completion->redaction);
    completion->redaction = NULL;
    if (status == 0)
        status = redaction_create(&completion->redaction, completion->config->redact_secrets);
    return status;
}

static void ask(struct completion *completion)
{
    static const struct upstream_callbacks callbacks = {.on_text = on_text, .on_end = on_end};
    struct upstream_request request = {
        .config = completion->config,
        .task = TASK_COMPLETION,
        .background = true,
        .candidates = completion->wanted,
    };
    completion->state = COMPLETION_RUNNING;
    completion->asked_at = uv_now(completion->services->loop);
    chat_messages_init(&request.messages);
    int status = build_prompt(completion, &request.messages);
    request.redaction = completion->redaction;
    if (status == 0)
        status = upstream_call_start(completion->services->upstream, &request, &callbacks,
                                     completion, &completion->call);
    else
        chat_messages_finish(&request.messages);
    if (status != 0)
        completion_give_up(completion);
}

static void on_typing_paused(uv_timer_t *timer)
{
    struct completion *completion = timer->data;
    if (is_stale(completion))
        completion_give_up(completion); /* no request came for the text as it is now */
    else
        ask(completion);
}

/* Asks when typing has rested since the request came; at once where a person asked, or nobody. */
static void wait_for_rest(struct completion *completion)
{
    bool waits = completion->is_automatic && completion->request;
    uint64_t rested = uv_now(completion->services->loop) - completion->joined_at;
    uint64_t rest = waits ? pace_rest_ms(&completion->services->completions->pace,
                                         completion->config->completion_debounce_ms,
                                         completion_place_begins_line(&completion->place))
                          : 0;
    completion->state = COMPLETION_WAITS;
    uv_timer_start(&completion->timer, on_typing_paused, rest > rested ? rest - rested : 0, 0);
}

static void on_judgement(struct workspace_waiter *waiter, int error)
{
    struct completion *completion = waiter->context;
    const char *name = document_name(completion->document);
    services_refresh_config(completion->services, &completion->config);
    if (error || workspace_judge(completion->services->workspace, completion->config, name) !=
                     WORKSPACE_ALLOWED) {
        completion_give_up(completion);
        return;
    }
    wait_for_rest(completion);
}

/* ---- beginning ------------------------------------------------------------------------------- */

struct completion *completion_create(struct services *services, struct config *config,
                                     struct document *document, struct offer_place *place)
{
    struct completion *completion = calloc(1, sizeof(*completion));
    if (!completion)
        return NULL;
    completion->services = services;
    completion->config = config_ref(config);
    completion->document = document_ref(document);
    completion->edits = document->edits;
    completion->place = *place;
    offer_place_init(place);
    completion->is_automatic = true;
    completion->wanted = 1;
    for (size_t i = 0; i < COMPLETION_CANDIDATES; i++) {
        buffer_init(&completion->candidates[i].held, BUFFER_CAP);
        buffer_init(&completion->candidates[i].model_text, BUFFER_CAP);
        buffer_init(&completion->candidates[i].text, BUFFER_CAP);
    }
    buffer_init(&completion->typed, BUFFER_CAP);
    uv_timer_init(services->loop, &completion->timer);
    completion->timer.data = completion;
    completion->waiter.ready = on_judgement;
    completion->waiter.context = completion;
    completion->next = services->completions->first;
    if (completion->next)
        completion->next->previous = completion;
    services->completions->first = completion;
    return completion;
}

bool completion_join(struct completion *completion, struct request *request, const char *typed,
                     size_t length)
{
    const struct lsp_inline_completion_params *params = request->params;
    buffer_clear(&completion->typed);
    buffer_append(&completion->typed, typed, length);
    if (buffer_error(&completion->typed) != 0 || !agrees(completion) ||
        progress_init(&completion->progress, request->services->editor, params->work_done_token,
                      params->partial_result_token) != 0)
        return false;
    completion->request = request;
    completion->edits = completion->document->edits;
    completion->joined_at = uv_now(completion->services->loop);
    completion->lines_shown = 0;
    request->job = completion;
    request->on_cancel = on_cancel;
    return true;
}
