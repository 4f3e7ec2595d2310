#include "daemon/requests/inline_completion.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/method.h"
#include "daemon/requests/completion.h"
#include "daemon/requests/completion_place.h"
#include "daemon/requests/context.h"
#include "daemon/upstream.h"

int completions_create(struct completions **out)
{
    struct completions *completions = calloc(1, sizeof(*completions));
    *out = NULL;
    if (!completions || offers_create(&completions->offers) != 0) {
        free(completions);
        return -ENOMEM;
    }
    buffer_init(&completions->shown_key, BUFFER_CAP);
    for (size_t i = 0; i < COMPLETION_CANDIDATES; i++)
        buffer_init(&completions->shown_texts[i], BUFFER_CAP);
    *out = completions;
    return 0;
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
    for (size_t i = 0; i < COMPLETION_CANDIDATES; i++)
        buffer_finish(&completions->shown_texts[i]);
    free(completions);
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

void completions_cancel_token(struct completions *completions, const struct rpc_id *token)
{
    struct completion *completion = completions->first;
    while (completion && !rpc_id_equal(&completion->progress.work_token, token))
        completion = completion->next;
    if (completion)
        request_cancel(completion->request);
}

void completions_on_editor_idle(struct completions *completions)
{
    for (struct completion *completion = completions->first; completion;
         completion = completion->next)
        completion_on_editor_idle(completion);
}

/* ---- joining and beginning ------------------------------------------------------------------- */

/* An entry of a completion menu is never worth an error. */
static bool is_automatic(const struct request *request)
{
    return request->method->on_request == inline_completion_menu_request ||
           completion_place_is_automatic(request->services, request->params);
}

/* A person who asks gets some to choose from, unless the client wants fewer. */
static unsigned candidates_of(const struct request *request)
{
    const struct lsp_inline_completion_params *params = request->params;
    if (is_automatic(request))
        return 1;
    if (params->has_candidates && params->candidates < COMPLETION_CANDIDATES)
        return params->candidates > 1 ? (unsigned)params->candidates : 1;
    return COMPLETION_CANDIDATES;
}

/* A request takes the place of the one before, which is answered at once. Returns true where the
 * call in flight serves the new one. */
static bool join_call(struct completion *completion, struct request *request,
                      const struct offer_place *now, bool has_entry)
{
    size_t typed;
    completion_answer_null(completion);
    if (completion->state != COMPLETION_RUNNING || completion->has_entry || has_entry ||
        completion->wanted < candidates_of(request) ||
        !offer_place_follows(now, &completion->place, &typed) ||
        !completion_join(completion, request, now->before.data + now->before.length - typed,
                         typed)) {
        completion_destroy(completion);
        return false;
    }
    completion->is_automatic = is_automatic(request);
    completion_deliver(completion, false);
    return true;
}

static void begin(struct services *services, struct request *request, struct document *document,
                  struct offer_place *place, bool has_entry)
{
    struct completion *completion =
        completion_create(services, request->config, document, place);
    if (!completion) {
        request_answer_null(request);
        return;
    }
    if (!completion_join(completion, request, "", 0)) {
        completion_destroy(completion);
        request_answer_null(request);
        return;
    }
    completion->is_automatic = is_automatic(request);
    completion->has_entry = has_entry;
    completion->wanted = candidates_of(request);
    workspace_wait(services->workspace, document_name(document), &completion->waiter);
}

/* ---- ahead ----------------------------------------------------------------------------------- */

/* Where what was offered last and stands there now ends; 0 where it does not. */
static size_t accepted_end(const struct completions *completions, struct document *document)
{
    size_t at = completions->shown_at;
    size_t longest = 0;
    if (strcmp(completions->shown_key.data, document->key) != 0)
        return 0;
    for (size_t i = 0; i < COMPLETION_CANDIDATES; i++) {
        const struct buffer *shown = &completions->shown_texts[i];
        size_t end = at + shown->length;
        if (shown->length && end <= text_length(&document->text) &&
            end > longest &&
            memcmp(text_view(&document->text, at, end), shown->data, shown->length) == 0)
            longest = end;
    }
    return longest;
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
    pace_note_key(&completions->pace, uv_now(services->loop));
    size_t at = accepted_end(completions, document);
    if (at == 0)
        return;
    buffer_clear(&completions->shown_key); /* at most one call an acceptance */
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
        completion_give_up(completion);
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
    if (!is_automatic(request) &&
        (found.count == 0 || (candidates_of(request) > 1 && !found.several)))
        return false; /* the person asks anew, or for more */
    struct completion *completion = completion_of(services->completions, document);
    if (completion) {
        completion_answer_null(completion);
        completion_destroy(completion);
    }
    if (found.count == 0) {
        request_answer_null(request);
        return true;
    }
    completion_offer(request, document, has_entry, place->offset, found.texts, found.count);
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
                 asked->document.version != document->version;
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
