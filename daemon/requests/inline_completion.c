#include "daemon/requests/inline_completion.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/editor.h"
#include "daemon/offers.h"
#include "daemon/requests/context.h"
#include "daemon/requests/job.h"
#include "daemon/upstream.h"
#include "protocol/lsp.h"

enum completion_state {
    COMPLETION_JUDGED,  /* it is being found out whether the text may be sent */
    COMPLETION_WAITS,   /* the person is still typing, perhaps */
    COMPLETION_RUNNING, /* the upstream was asked */
};

/* One call for one document, asked at one place; the request that waits for it may be a later one. */
struct completion {
    struct services *services;
    struct completion *previous, *next;
    enum completion_state state;
    struct config *config;
    struct document *document;
    uint64_t edits;           /* the document's, when this was asked for */
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

    struct request *request;  /* NULL: nobody waits at the moment */
    struct progress progress; /* of that request */
    size_t typed;             /* bytes typed since `place`, where that request is */
    size_t lines_shown;       /* as partial items */
    bool item_waits;          /* a partial item is to go out when the editor is idle */
    struct range selected;    /* the menu's entry, replaced by the item */
    bool has_selected;
    size_t selected_length;
};

struct completions {
    struct completion *first;
    struct offers *offers;
};

int completions_create(struct completions **out)
{
    struct completions *completions = calloc(1, sizeof(*completions));
    *out = NULL;
    if (!completions || offers_create(&completions->offers) != 0) {
        free(completions);
        return -ENOMEM;
    }
    *out = completions;
    return 0;
}

/* ---- life of one ------------------------------------------------------------------------------ */

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
    document_unref(completion->document);
    config_unref(completion->config);
    uv_close((uv_handle_t *)&completion->timer, on_timer_closed);
}

void completions_destroy(struct completions *completions)
{
    if (!completions)
        return;
    while (completions->first)
        completion_destroy(completions->first);
    offers_destroy(completions->offers);
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

/* ---- items ------------------------------------------------------------------------------------ */

/* Where the item goes: an empty range at the cursor, more where the text replaces what stands behind
 * it, or the menu's entry. Always explicit: some clients would replace the word before the cursor. */
struct item_place {
    struct document *document;
    struct position position;
    bool has_selected;
    struct range selected;
    const char *selected_text;
    size_t selected_length;
};

static void write_item(struct json_writer *writer, const struct services *services,
                       const struct item_place *place, const char *text, size_t length,
                       size_t replace_after)
{
    struct range range = place->selected;
    json_begin_object(writer);
    if (place->has_selected) {
        struct buffer whole CLEANUP(buffer_finish);
        buffer_init(&whole, BUFFER_CAP);
        buffer_append(&whole, place->selected_text, place->selected_length);
        buffer_append(&whole, text, length);
        json_put_text(writer, "insertText", whole.data, whole.length);
    } else {
        size_t start, end;
        struct range cursor = {place->position, place->position};
        context_range(services, place->document, cursor, &start, &end);
        range = context_lsp_range(services, place->document, start, end + replace_after);
        json_put_text(writer, "insertText", text, length);
    }
    json_write_key(writer, "range");
    lsp_write_range(writer, range);
    json_end_object(writer);
}

static struct item_place item_place_of(const struct completion *completion)
{
    const struct lsp_inline_completion_params *params = completion->request->params;
    return (struct item_place){
        .document = completion->document,
        .position = params->position,
        .has_selected = completion->has_selected,
        .selected = completion->selected,
        .selected_text = params->selected_text,
        .selected_length = completion->selected_length,
    };
}

static void answer_item(struct request *request, const struct item_place *place, const char *text,
                        size_t length, size_t replace_after)
{
    struct json_writer *writer = request_begin_result(request);
    json_begin_object(writer);
    json_write_key(writer, "items");
    json_begin_array(writer);
    write_item(writer, request->services, place, text, length, replace_after);
    json_end_array(writer);
    json_end_object(writer);
    request_end_result(request);
}

static size_t lines_length(const char *text, size_t length, size_t lines)
{
    size_t at = 0;
    while (lines-- && at < length) {
        const char *end = memchr(text + at, '\n', length - at);
        if (!end)
            return length;
        at = (size_t)(end - text) + 1;
    }
    return at && text[at - 1] == '\n' ? at - 1 : at;
}

/* Shows the lines that are complete. While the editor is busy only the newest state matters. */
static void send_partial(struct completion *completion)
{
    size_t length = lines_length(completion->text.data, completion->text.length,
                                 completion->fit.whole_lines);
    if (completion->fit.whole_lines <= completion->lines_shown || length <= completion->typed)
        return;
    completion->item_waits = !editor_is_idle(completion->services->editor);
    if (completion->item_waits)
        return;
    completion->lines_shown = completion->fit.whole_lines;
    struct buffer body;
    struct json_writer writer;
    struct item_place place = item_place_of(completion);
    progress_begin_partial(&completion->progress, &body, &writer);
    json_write_key(&writer, "item");
    write_item(&writer, completion->services, &place, completion->text.data + completion->typed,
               length - completion->typed, completion->fit.replace_after);
    progress_end_partial(&completion->progress, &body, &writer);
}

void completions_on_editor_idle(struct completions *completions)
{
    for (struct completion *completion = completions->first; completion;
         completion = completion->next)
        if (completion->item_waits)
            send_partial(completion);
}

/* ---- the answer ------------------------------------------------------------------------------- */

static struct answer_completion_place fit_place(const struct completion *completion)
{
    const struct buffer *before = &completion->place.before;
    const struct buffer *after = &completion->place.after;
    size_t line_start = before->length;
    while (line_start && !strchr("\r\n", before->data[line_start - 1]))
        line_start--;
    size_t line_end_length;
    size_t next = position_next_line(after->data, after->length, 0, &line_end_length);
    struct answer_completion_place place = {
        .line_before = before->data + line_start,
        .line_before_length = before->length - line_start,
        .line_after = after->data,
        .line_after_length = next - line_end_length,
        .next_lines = after->data + next,
        .next_lines_length = after->length - next,
        .max_lines = completion->config->completion_max_lines,
    };
    /* The last line above that is not blank. */
    size_t end = line_start;
    while (end && isspace((unsigned char)before->data[end - 1]))
        end--;
    size_t start = end;
    while (start && !strchr("\r\n", before->data[start - 1]))
        start--;
    place.previous_line = before->data + start;
    place.previous_line_length = end - start;
    return place;
}

static int refit(struct completion *completion, bool last)
{
    struct answer_completion_place place = fit_place(completion);
    buffer_clear(&completion->text);
    return answer_completion_fit(&place, completion->model_text.data,
                                 completion->model_text.length, last, &completion->text,
                                 &completion->fit);
}

/* Whether what was typed since agrees with the answer, as far as that has come. */
static bool agrees(const struct completion *completion, const struct offer_place *now)
{
    size_t typed = completion->typed;
    size_t common = typed < completion->text.length ? typed : completion->text.length;
    return memcmp(now->before.data + now->before.length - typed, completion->text.data, common) == 0;
}

static void ask(struct completion *completion);

/* The place where the waiting request is now; -ENOMEM, or 0. */
static int place_of_request(struct services *services, struct document *document,
                            const struct lsp_inline_completion_params *params, bool has_selected,
                            size_t reach, struct offer_place *place)
{
    struct range cursor = {params->position, params->position};
    struct range selected = params->selected_range;
    size_t start, end;
    context_range(services, document, has_selected ? selected : cursor, &start, &end);
    size_t length = text_length(&document->text);
    size_t from = start > reach ? start - reach : 0;
    size_t to = length - end > reach ? end + reach : length;
    place->offset = start + (has_selected ? strlen(params->selected_text) : 0);
    buffer_append_string(&place->document, document->key);
    buffer_append(&place->before, text_view(&document->text, from, start), start - from);
    if (has_selected)
        buffer_append_string(&place->before, params->selected_text);
    buffer_append(&place->after, text_view(&document->text, end, to), to - end);
    if (buffer_error(&place->document) || buffer_error(&place->before) ||
        buffer_error(&place->after))
        return -ENOMEM;
    return 0;
}

/* The answer does not go on with what was typed since it was asked for: asks anew, for the place where
 * the person is now. Returns false where nobody waits. */
static bool ask_again(struct completion *completion, struct offer_place *now)
{
    if (!completion->request)
        return false;
    upstream_call_cancel(completion->call);
    completion->call = NULL;
    offer_place_finish(&completion->place);
    completion->place = *now;
    offer_place_init(now);
    completion->typed = 0;
    completion->lines_shown = 0;
    buffer_clear(&completion->model_text);
    buffer_clear(&completion->text);
    buffer_clear(&completion->held);
    ask(completion);
    return true;
}

/* Something has come, or a request has joined: answers, shows, or goes on waiting. Returns false where
 * the completion is gone. */
static bool deliver(struct completion *completion, bool ended)
{
    struct services *services = completion->services;
    struct completions *completions = services->completions;
    bool final = ended || completion->fit.complete;
    struct offer_place now CLEANUP(offer_place_finish);
    offer_place_init(&now);

    if (completion->request) {
        if (place_of_request(services, completion->document, completion->request->params,
                             completion->has_selected,
                             context_budget(services, completion->config, TASK_COMPLETION),
                             &now) != 0 ||
            now.offset != completion->place.offset + completion->typed) {
            /* The text has moved under the request. */
            answer_null(completion);
            completion_destroy(completion);
            return false;
        }
        if (completion->typed && !agrees(completion, &now) && ask_again(completion, &now))
            return true;
    }
    if (!final) {
        if (completion->request && progress_streams(&completion->progress))
            send_partial(completion);
        return true;
    }
    if (completion->request) {
        struct item_place place = item_place_of(completion);
        size_t typed = completion->typed;
        if (completion->text.length > typed) {
            char *selected = place.has_selected ? strdup(place.selected_text) : NULL;
            place.selected_text = selected ? selected : "";
            struct request *request = take_request(completion);
            answer_item(request, &place, completion->text.data + typed,
                        completion->text.length - typed, completion->fit.replace_after);
            free(selected);
        } else {
            answer_null(completion);
        }
    }
    offers_add(completions->offers, &completion->place, completion->text.data,
               completion->text.length, completion->fit.replace_after);
    completion_destroy(completion);
    return false;
}

static int take_text(struct completion *completion, const char *text, size_t length, bool last)
{
    int status = completion->redaction
                     ? redaction_restore(completion->redaction, &completion->held, text, length,
                                         last, &completion->model_text)
                     : buffer_append(&completion->model_text, text, length);
    return status == 0 ? refit(completion, last) : status;
}

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

/* ---- asking ----------------------------------------------------------------------------------- */

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
    if (completion->document->edits != completion->edits || !completion->document->open)
        give_up(completion); /* the text went on, and no request came for it */
    else
        ask(completion);
}

static void on_judgement(struct workspace_waiter *waiter, int error)
{
    struct completion *completion = waiter->context;
    const char *name = document_name(completion->document);
    if (error || workspace_judge(completion->services->workspace, completion->config, name) !=
                     WORKSPACE_ALLOWED) {
        give_up(completion);
        return;
    }
    completion->state = COMPLETION_WAITS;
    uint32_t wait = completion->is_automatic ? completion->config->completion_debounce_ms : 0;
    uv_timer_start(&completion->timer, on_typing_paused, wait, 0);
}

/* ---- the request ------------------------------------------------------------------------------ */

/* Older vscode-languageclient counts triggerKind from 0. Seeing a 0 once tells which it is. */
static bool is_automatic(struct services *services, const struct lsp_inline_completion_params *params)
{
    if (params->has_trigger_kind && params->trigger_kind == 0)
        services->session.inline_trigger_from_zero = true;
    if (!params->has_trigger_kind)
        return true;
    return params->trigger_kind != (services->session.inline_trigger_from_zero ? 0 : 1);
}

/* The menu's entry is honoured where it can be meant: on the cursor's line, round the cursor, going on
 * with what is typed. Neovim sends the visual selection here. */
static bool has_selected_entry(struct services *services, struct document *document,
                               const struct lsp_inline_completion_params *params)
{
    struct range range = params->selected_range;
    if (!params->selected_text || !params->selected_text[0] ||
        range.start.line != params->position.line || range.end.line != params->position.line ||
        position_compare(range.start, params->position) > 0 ||
        position_compare(range.end, params->position) < 0)
        return false;
    size_t start, cursor;
    context_range(services, document, (struct range){range.start, params->position}, &start,
                  &cursor);
    return cursor - start <= strlen(params->selected_text) &&
           memcmp(text_view(&document->text, start, cursor), params->selected_text,
                  cursor - start) == 0;
}

/* In the middle of a word nobody waits for a suggestion. */
static bool is_within_word(const struct offer_place *place)
{
    unsigned char next = place->after.length ? (unsigned char)place->after.data[0] : '\0';
    return isalnum(next) || next == '_' || next >= 0x80;
}

/* A request takes the place of the one before, which is answered at once. Returns true where the call
 * in flight serves the new one. */
static bool join_call(struct completion *completion, struct request *request,
                      const struct offer_place *now)
{
    size_t typed;
    const struct lsp_inline_completion_params *params = request->params;
    answer_null(completion);
    if (completion->state != COMPLETION_RUNNING || completion->has_selected ||
        !offer_place_follows(now, &completion->place, &typed)) {
        completion_destroy(completion);
        return false;
    }
    completion->typed = typed;
    if (!agrees(completion, now) ||
        progress_init(&completion->progress, request->services->editor, params->work_done_token,
                      params->partial_result_token) != 0) {
        completion_destroy(completion);
        return false;
    }
    completion->request = request;
    completion->lines_shown = 0;
    completion->is_automatic = is_automatic(request->services, params);
    request->job = completion;
    request->on_cancel = on_cancel;
    deliver(completion, false);
    return true;
}

static void begin(struct services *services, struct request *request, struct document *document,
                  struct offer_place *place, bool has_selected)
{
    const struct lsp_inline_completion_params *params = request->params;
    struct completion *completion = calloc(1, sizeof(*completion));
    if (!completion) {
        request_answer_null(request);
        return;
    }
    completion->services = services;
    completion->config = config_ref(request->config);
    completion->document = document_ref(document);
    completion->edits = document->edits;
    completion->place = *place;
    offer_place_init(place);
    completion->is_automatic = is_automatic(services, params);
    completion->has_selected = has_selected;
    completion->selected = params->selected_range;
    completion->selected_length = has_selected ? strlen(params->selected_text) : 0;
    buffer_init(&completion->held, BUFFER_CAP);
    buffer_init(&completion->model_text, BUFFER_CAP);
    buffer_init(&completion->text, BUFFER_CAP);
    uv_timer_init(services->loop, &completion->timer);
    completion->timer.data = completion;
    completion->next = services->completions->first;
    if (completion->next)
        completion->next->previous = completion;
    services->completions->first = completion;
    completion->request = request;
    request->job = completion;
    request->on_cancel = on_cancel;
    if (progress_init(&completion->progress, services->editor, params->work_done_token,
                      params->partial_result_token) != 0) {
        give_up(completion);
        return;
    }
    completion->waiter.ready = on_judgement;
    completion->waiter.context = completion;
    workspace_wait(services->workspace, document_name(document), &completion->waiter);
}

/* Offers again what was offered before. Returns false where that is not known. */
static bool answer_from_offers(struct services *services, struct request *request,
                               struct document *document, const struct offer_place *place,
                               bool has_selected)
{
    const struct lsp_inline_completion_params *params = request->params;
    struct offer_found found;
    if (!offers_find(services->completions->offers, place, &found))
        return false;
    if (found.length == 0 && !is_automatic(services, params))
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
    struct item_place item = {
        .document = document,
        .position = params->position,
        .has_selected = has_selected,
        .selected = params->selected_range,
        .selected_text = params->selected_text,
        .selected_length = has_selected ? strlen(params->selected_text) : 0,
    };
    answer_item(request, &item, found.text, found.length, found.replace_after);
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
    bool selected = has_selected_entry(services, document, asked);
    if (place_of_request(services, document, asked, selected,
                         context_budget(services, request->config, TASK_COMPLETION),
                         &place) != 0) {
        request_answer_null(request);
        return;
    }
    if (answer_from_offers(services, request, document, &place, selected))
        return;
    struct completion *running = completion_of(services->completions, document);
    if (running && join_call(running, request, &place))
        return;
    if (is_automatic(services, asked) &&
        (is_within_word(&place) || !upstream_may_complete(services->upstream)))
        request_answer_null(request);
    else
        begin(services, request, document, &place, selected);
}
