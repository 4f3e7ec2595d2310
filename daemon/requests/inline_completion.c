#include "daemon/requests/inline_completion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/editor.h"
#include "daemon/method.h"
#include "daemon/requests/completion_place.h"
#include "daemon/requests/context.h"
#include "daemon/requests/job.h"
#include "daemon/upstream.h"

enum completion_state {
    COMPLETION_JUDGED,  /* it is being found out whether the text may be sent */
    COMPLETION_WAITS,   /* the person is still typing, perhaps */
    COMPLETION_RUNNING, /* the upstream was asked */
};

/* One call for one document, asked at one place; the request that waits for it may be a later
 * one. */
struct completion {
    struct services *services;
    struct completion *previous, *next;
    enum completion_state state;
    struct config *config;
    struct document *document;
    uint64_t edits;           /* the document's, when the request came */
    struct offer_place place; /* where the upstream was asked about */
    struct workspace_waiter waiter;
    uv_timer_t timer;
    struct upstream_call *call;
    struct redaction *redaction; /* NULL: off */
    struct buffer held;
    struct buffer model_text;
    struct buffer text;       /* what fits the place, of what has come */
    struct answer_completion fit;
    bool is_automatic;
    bool is_ahead;            /* asked for before any request */

    struct request *request;  /* NULL: nobody waits at the moment */
    struct progress progress; /* of that request */
    struct buffer typed;      /* since `place`, where that request is */
    size_t lines_shown;       /* as partial items */
    bool item_waits;          /* a partial item is to go out when the editor is idle */
    bool has_entry;           /* of the menu, that the item begins with */
};

struct completions {
    struct completion *first;
    struct offers *offers;
    /* What was offered last, until it is accepted: in the document of this key, at this byte. */
    struct buffer shown_key;
    struct buffer shown_text;
    size_t shown_at;
};

int completions_create(struct completions **out)
{
    struct completions *completions = calloc(1, sizeof(*completions));
    *out = NULL;
    if (!completions || offers_create(&completions->offers) != 0) {
        free(completions);
        return -ENOMEM;
    }
    buffer_init(&completions->shown_key, BUFFER_CAP);
    buffer_init(&completions->shown_text, BUFFER_CAP);
    *out = completions;
    return 0;
}

/* ---- life of one ----------------------------------------------------------------------------- */

static void on_timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void completion_destroy(struct completion *completion)
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
    buffer_finish(&completion->held);
    buffer_finish(&completion->model_text);
    buffer_finish(&completion->text);
    buffer_finish(&completion->typed);
    document_unref(completion->document);
    config_unref(completion->config);
    uv_close((uv_handle_t *)&completion->timer, on_timer_closed);
}

void completions_drop_all(struct completions *completions)
{
    while (completions->first)
        completion_destroy(completions->first);
}

void completions_destroy(struct completions *completions)
{
    if (!completions)
        return;
    completions_drop_all(completions);
    offers_destroy(completions->offers);
    buffer_finish(&completions->shown_key);
    buffer_finish(&completions->shown_text);
    free(completions);
}

/* The request goes, the call may stay. */
static struct request *take_request(struct completion *completion)
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

static void answer_null(struct completion *completion)
{
    struct request *request = take_request(completion);
    if (request)
        request_answer_null(request);
}

static void on_cancel(struct request *request)
{
    struct completion *completion = request->job;
    take_request(completion);
    completion_destroy(completion);
}

static struct completion *completion_of(const struct completions *completions,
                                        const struct document *document)
{
    for (struct completion *completion = completions->first; completion;
         completion = completion->next)
        if (completion->document == document)
            return completion;
    return NULL;
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
    size_t length = lines_first(completion->text.data, completion->text.length,
                                completion->fit.whole_lines);
    if (completion->fit.whole_lines <= completion->lines_shown ||
        length <= completion->typed.length)
        return;
    completion->item_waits = !editor_is_idle(completion->services->editor);
    if (completion->item_waits)
        return;
    completion->lines_shown = completion->fit.whole_lines;
    struct buffer body;
    struct json_writer writer;
    progress_begin_partial(&completion->progress, &body, &writer);
    json_write_key(&writer, "item");
    completion_place_write_item(&writer, completion->services, completion->document,
                                completion->request->params, completion->has_entry,
                                completion->text.data + completion->typed.length,
                                length - completion->typed.length, completion->fit.replace_after);
    progress_end_partial(&completion->progress, &body, &writer);
}

void completions_on_editor_idle(struct completions *completions)
{
    for (struct completion *completion = completions->first; completion;
         completion = completion->next)
        if (completion->item_waits && !is_stale(completion))
            send_partial(completion);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int refit(struct completion *completion, bool last)
{
    struct answer_completion_place place =
        completion_place_lines(&completion->place, completion->config->completion_max_lines);
    place.prose = context_is_prose(completion->document);
    buffer_clear(&completion->text);
    return answer_completion_fit(&place, completion->model_text.data,
                                 completion->model_text.length, last, &completion->text,
                                 &completion->fit);
}

/* Whether what was typed since agrees with the answer, as far as that has come. */
static bool agrees(const struct completion *completion)
{
    const struct buffer *typed = &completion->typed;
    const struct buffer *text = &completion->text;
    return memcmp(typed->data, text->data,
                  typed->length < text->length ? typed->length : text->length) == 0;
}

static void ask(struct completion *completion);
static void give_up(struct completion *completion);

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
    completion->fit = (struct answer_completion){0};
    buffer_clear(&completion->typed);
    buffer_clear(&completion->model_text);
    buffer_clear(&completion->text);
    buffer_clear(&completion->held);
    if (completion_place_of(services, completion->document, completion->request->params,
                            completion->has_entry,
                            context_budget(services, completion->config, TASK_COMPLETION),
                            &completion->place) != 0)
        give_up(completion);
    else
        ask(completion);
}

/* The item goes to the editor; from now on it may be accepted. */
static void offer(struct request *request, struct document *document, bool has_entry, size_t at,
                  const char *text, size_t length, size_t replace_after)
{
    struct completions *completions = request->services->completions;
    buffer_clear(&completions->shown_key);
    buffer_clear(&completions->shown_text);
    buffer_append_string(&completions->shown_key, document->key);
    context_append_with_line_ends(&completions->shown_text, document, text, length);
    completions->shown_at = at;
    completion_place_answer(request, document, has_entry, text, length, replace_after);
}

/* All has come: answers the request, if one waits, and keeps the offer. */
static void conclude(struct completion *completion, bool stale)
{
    struct offers *offers = completion->services->completions->offers;
    size_t typed = completion->typed.length;
    if (completion->request && !stale && completion->text.length > typed)
        offer(take_request(completion), completion->document, completion->has_entry,
              completion->place.offset + typed, completion->text.data + typed,
              completion->text.length - typed, completion->fit.replace_after);
    else
        answer_null(completion);
    offers_add(offers, &completion->place, completion->text.data, completion->text.length,
               completion->fit.replace_after);
    completion_destroy(completion);
}

/* Something has come, or a request has joined: answers, shows, or goes on waiting. */
static void deliver(struct completion *completion, bool ended)
{
    bool stale = is_stale(completion);
    if (completion->request && !stale && !agrees(completion))
        ask_again(completion);
    else if (ended || completion->fit.complete)
        conclude(completion, stale);
    else if (completion->request && !stale && progress_streams(&completion->progress))
        send_partial(completion);
}

static int take_text(struct completion *completion, const char *text, size_t length, bool last)
{
    int status = completion->redaction
                     ? redaction_restore(completion->redaction, &completion->held, text, length,
                                         last, &completion->model_text)
                     : buffer_append(&completion->model_text, text, length);
    return status == 0 ? refit(completion, last) : status;
}

/* Nothing to offer. */
static void give_up(struct completion *completion)
{
    answer_null(completion);
    completion_destroy(completion);
}

static void on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct completion *completion = context;
    if (index != 0)
        return;
    if (take_text(completion, text, length, false) != 0)
        give_up(completion);
    else
        deliver(completion, false);
}

static void on_end(void *context, const struct upstream_result *result)
{
    struct completion *completion = context;
    completion->call = NULL;
    if (result->failure) {
        /* What a person asked for gets its reason; what came by itself is never in the way. */
        struct request *request = take_request(completion);
        if (request && completion->is_automatic)
            request_answer_null(request);
        else if (request)
            request_fail_with(request, result->failure);
        completion_destroy(completion);
        return;
    }
    if (take_text(completion, "", 0, true) != 0)
        give_up(completion);
    else
        deliver(completion, true);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int build_prompt(struct completion *completion, struct chat_messages *messages)
{
    struct services *services = completion->services;
    struct prompt_completion input = {
        .file = {workspace_name_of(services->workspace, document_name(completion->document)),
                 completion->document->language_id},
        .before = {completion->place.before.data, completion->place.before.length},
        .after = {completion->place.after.data, completion->place.after.length},
        .budget = context_budget(services, completion->config, TASK_COMPLETION),
    };
    struct prompt_style style = context_style(completion->config);
    int status = prompt_completion_build(messages, &style, &input);
    redaction_destroy(completion->redaction);
    completion->redaction = NULL;
    if (status == 0 && completion->config->redact_secrets)
        status = redaction_create(&completion->redaction);
    if (status == 0 && completion->redaction)
        status = redaction_apply_messages(completion->redaction, messages);
    return status;
}

static void ask(struct completion *completion)
{
    static const struct upstream_callbacks callbacks = {.on_text = on_text, .on_end = on_end};
    struct upstream_request request = {
        .config = completion->config,
        .task = TASK_COMPLETION,
        .background = true,
    };
    completion->state = COMPLETION_RUNNING;
    chat_messages_init(&request.messages);
    int status = build_prompt(completion, &request.messages);
    if (status == 0)
        status = upstream_call_start(completion->services->upstream, &request, &callbacks,
                                     completion, &completion->call);
    else
        chat_messages_finish(&request.messages);
    if (status != 0)
        give_up(completion);
}

static void on_typing_paused(uv_timer_t *timer)
{
    struct completion *completion = timer->data;
    if (is_stale(completion))
        give_up(completion); /* no request came for the text as it is now */
    else
        ask(completion);
}

static void on_judgement(struct workspace_waiter *waiter, int error)
{
    struct completion *completion = waiter->context;
    const char *name = document_name(completion->document);
    services_refresh_config(completion->services, &completion->config);
    if (error || workspace_judge(completion->services->workspace, completion->config, name) !=
                     WORKSPACE_ALLOWED) {
        give_up(completion);
        return;
    }
    completion->state = COMPLETION_WAITS;
    bool waits = completion->is_automatic && !completion->is_ahead;
    uint32_t wait = waits ? completion->config->completion_debounce_ms : 0;
    uv_timer_start(&completion->timer, on_typing_paused, wait, 0);
}

/* ---- joining and beginning ------------------------------------------------------------------- */

/* An entry of a completion menu is never worth an error. */
static bool is_automatic(const struct request *request)
{
    return request->method->on_request == inline_completion_menu_request ||
           completion_place_is_automatic(request->services, request->params);
}

/* A request takes the place of the one before, which is answered at once. Returns true where the
 * call in flight serves the new one. */
static bool join_call(struct completion *completion, struct request *request,
                      const struct offer_place *now, bool has_entry)
{
    size_t typed;
    const struct lsp_inline_completion_params *params = request->params;
    answer_null(completion);
    if (completion->state != COMPLETION_RUNNING || completion->has_entry || has_entry ||
        !offer_place_follows(now, &completion->place, &typed)) {
        completion_destroy(completion);
        return false;
    }
    buffer_clear(&completion->typed);
    buffer_append(&completion->typed, now->before.data + now->before.length - typed, typed);
    if (buffer_error(&completion->typed) != 0 || !agrees(completion) ||
        progress_init(&completion->progress, request->services->editor, params->work_done_token,
                      params->partial_result_token) != 0) {
        completion_destroy(completion);
        return false;
    }
    completion->request = request;
    completion->edits = completion->document->edits;
    completion->lines_shown = 0;
    completion->is_automatic = is_automatic(request);
    request->job = completion;
    request->on_cancel = on_cancel;
    deliver(completion, false);
    return true;
}

/* Takes the place over. NULL when memory runs out. */
static struct completion *completion_create(struct services *services, struct config *config,
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
    buffer_init(&completion->held, BUFFER_CAP);
    buffer_init(&completion->model_text, BUFFER_CAP);
    buffer_init(&completion->text, BUFFER_CAP);
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

static void begin(struct services *services, struct request *request, struct document *document,
                  struct offer_place *place, bool has_entry)
{
    const struct lsp_inline_completion_params *params = request->params;
    struct completion *completion =
        completion_create(services, request->config, document, place);
    if (!completion) {
        request_answer_null(request);
        return;
    }
    completion->is_automatic = is_automatic(request);
    completion->has_entry = has_entry;
    completion->request = request;
    request->job = completion;
    request->on_cancel = on_cancel;
    if (progress_init(&completion->progress, services->editor, params->work_done_token,
                      params->partial_result_token) != 0) {
        give_up(completion);
        return;
    }
    workspace_wait(services->workspace, document_name(document), &completion->waiter);
}

/* ---- ahead ----------------------------------------------------------------------------------- */

static bool is_accepted(const struct completions *completions, struct document *document)
{
    const struct buffer *shown = &completions->shown_text;
    size_t end = completions->shown_at + shown->length;
    return shown->length && strcmp(completions->shown_key.data, document->key) == 0 &&
           end <= text_length(&document->text) &&
           memcmp(text_view(&document->text, completions->shown_at, end), shown->data,
                  shown->length) == 0;
}

static void ask_ahead(struct services *services, struct document *document, struct config *config,
                      size_t at)
{
    struct offer_place place CLEANUP(offer_place_finish);
    struct offer_found found;
    offer_place_init(&place);
    if (completion_place_take(document, at, at, NULL,
                              context_budget(services, config, TASK_COMPLETION), &place) != 0 ||
        offers_find(services->completions->offers, &place, &found) ||
        completion_place_is_within_word(&place))
        return;
    struct completion *completion = completion_create(services, config, document, &place);
    if (!completion)
        return;
    completion->is_ahead = true;
    workspace_wait(services->workspace, document_name(document), &completion->waiter);
}

void completions_on_document_changed(struct services *services, struct document *document)
{
    struct completions *completions = services->completions;
    if (!is_accepted(completions, document))
        return;
    size_t at = completions->shown_at + completions->shown_text.length;
    buffer_clear(&completions->shown_text); /* at most one call an acceptance */
    struct config *config = services_config(services);
    if (config && config->completion_enabled && config->completion_ahead &&
        upstream_may_complete(services->upstream) && !completion_of(completions, document))
        ask_ahead(services, document, config, at);
    config_unref(config);
}

static struct completion *find_closed(const struct completions *completions)
{
    struct completion *completion = completions->first;
    while (completion && completion->document->open)
        completion = completion->next;
    return completion;
}

void completions_on_document_closed(struct completions *completions)
{
    struct completion *completion;
    while ((completion = find_closed(completions)))
        give_up(completion);
}

/* ---- the request ----------------------------------------------------------------------------- */

/* Offers again what was offered before. Returns false where that is not known. */
static bool answer_from_offers(struct services *services, struct request *request,
                               struct document *document, const struct offer_place *place,
                               bool has_entry)
{
    struct offer_found found;
    if (!offers_find(services->completions->offers, place, &found))
        return false;
    if (found.length == 0 && !is_automatic(request))
        return false; /* the person asks anew */
    struct completion *completion = completion_of(services->completions, document);
    if (completion) {
        answer_null(completion);
        completion_destroy(completion);
    }
    if (found.length == 0) {
        request_answer_null(request);
        return true;
    }
    offer(request, document, has_entry, place->offset, found.text, found.length,
          found.replace_after);
    return true;
}

void inline_completion_request(struct services *services, struct request *request,
                               const void *params)
{
    const struct lsp_inline_completion_params *asked = params;
    struct document *document = documents_find(services->documents, asked->document.uri);
    struct offer_place place CLEANUP(offer_place_finish);
    offer_place_init(&place);

    bool stale = document && asked->document.has_version &&
                 asked->document.version < document->version;
    if (!document || stale || !request->config->completion_enabled) {
        request_answer_null(request);
        return;
    }
    bool has_entry = completion_place_has_entry(services, document, asked);
    if (completion_place_of(services, document, asked, has_entry,
                            context_budget(services, request->config, TASK_COMPLETION),
                            &place) != 0) {
        request_answer_null(request);
        return;
    }
    if (answer_from_offers(services, request, document, &place, has_entry))
        return;
    struct completion *running = completion_of(services->completions, document);
    if (running && join_call(running, request, &place, has_entry))
        return;
    if (is_automatic(request) &&
        (completion_place_is_within_word(&place) || !upstream_may_complete(services->upstream)))
        request_answer_null(request);
    else
        begin(services, request, document, &place, has_entry);
}

void inline_completion_menu_request(struct services *services, struct request *request,
                                    const void *params)
{
    if (request->config->completion_menu)
        inline_completion_request(services, request, params);
    else
        request_answer_null(request);
}
