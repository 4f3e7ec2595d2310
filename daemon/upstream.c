#include "daemon/upstream_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

#define PAUSE_FIRST_MS 2000u
#define PAUSE_LONGEST_MS 60000u
#define MODELS_BODY_CAP ((size_t)4 << 20)

static const char *const state_names[] = {
    [UPSTREAM_READY] = "ready",
    [UPSTREAM_WORKING] = "working",
    [UPSTREAM_LIMITED] = "limited",
    [UPSTREAM_OFFLINE] = "offline",
    [UPSTREAM_UNCONFIGURED] = "unconfigured",
};

const char *upstream_state_name(enum upstream_state state)
{
    return state_names[state];
}

/* ---- life ------------------------------------------------------------------------------------- */

int upstream_create(struct upstream **out, uv_loop_t *loop, struct log *log,
                    void (*on_state)(void *context), void *context)
{
    *out = NULL;
    struct upstream *upstream = calloc(1, sizeof(*upstream));
    if (!upstream)
        return -ENOMEM;
    if (credentials_create(&upstream->credentials, loop, log) != 0) {
        free(upstream);
        return -ENOMEM;
    }
    upstream->loop = loop;
    upstream->log = log;
    upstream->on_state = on_state;
    upstream->context = context;
    buffer_init(&upstream->models_body, MODELS_BODY_CAP);
    uv_timer_init(loop, &upstream->pause_timer);
    upstream->pause_timer.data = upstream;
    upstream->open_handles = 1;
    *out = upstream;
    return 0;
}

void upstream_handle_closed(struct upstream *upstream)
{
    if (--upstream->open_handles)
        return;
    while (upstream->refusals) {
        struct upstream_refusal *refusal = upstream->refusals;
        upstream->refusals = refusal->next;
        free(refusal->base_url);
        free(refusal->model);
        free(refusal);
    }
    buffer_finish(&upstream->models_body);
    free(upstream->models_url);
    free(upstream->models);
    free(upstream);
}

static void on_pause_timer_closed(uv_handle_t *handle)
{
    upstream_handle_closed(handle->data);
}

void upstream_close(struct upstream *upstream)
{
    if (!upstream || upstream->closing)
        return;
    upstream->closing = true;
    for (struct upstream_call *call = upstream->first_call, *next; call; call = next) {
        next = call->next;
        upstream_call_cancel(call);
    }
    transfer_cancel(upstream->warm_up);
    upstream->warm_up = NULL;
    transport_close(upstream->transport);
    upstream->transport = NULL;
    credentials_close(upstream->credentials);
    upstream->credentials = NULL;
    uv_close((uv_handle_t *)&upstream->pause_timer, on_pause_timer_closed);
}

int upstream_need_transport(struct upstream *upstream)
{
    if (upstream->transport)
        return 0;
    return transport_create(&upstream->transport, upstream->loop, upstream->log);
}

/* ---- places ----------------------------------------------------------------------------------- */

void upstream_link(struct upstream *upstream, struct upstream_call *call)
{
    call->previous = upstream->last_call;
    if (upstream->last_call)
        upstream->last_call->next = call;
    else
        upstream->first_call = call;
    upstream->last_call = call;
    call->counted = !call->background;
    if (call->counted && upstream->working++ == 0)
        upstream_state_changed(upstream);
}

void upstream_work_ends(struct upstream *upstream, struct upstream_call *call)
{
    if (!call->counted)
        return;
    call->counted = false;
    if (--upstream->working == 0)
        upstream_state_changed(upstream);
}

void upstream_unlink(struct upstream *upstream, struct upstream_call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        upstream->first_call = call->next;
    if (call->next)
        call->next->previous = call->previous;
    else
        upstream->last_call = call->previous;
    call->previous = call->next = NULL;
    upstream_work_ends(upstream, call);
}

static struct upstream_call *find_background(struct upstream *upstream)
{
    for (struct upstream_call *call = upstream->first_call; call; call = call->next)
        if (call->background && call->has_place)
            return call;
    return NULL;
}

bool upstream_take_place(struct upstream *upstream, struct upstream_call *call)
{
    if (upstream->in_flight >= call->config->max_in_flight && !call->background) {
        struct upstream_call *background = find_background(upstream);
        if (background)
            upstream_call_give_way(background);
    }
    if (upstream->in_flight >= call->config->max_in_flight)
        return false;
    upstream->in_flight++;
    call->has_place = true;
    return true;
}

void upstream_leave_place(struct upstream *upstream, struct upstream_call *call)
{
    if (!call->has_place)
        return;
    call->has_place = false;
    upstream->in_flight--;
    for (struct upstream_call *waiting = upstream->first_call; waiting; waiting = waiting->next) {
        if (waiting->state != CALL_QUEUED)
            continue;
        if (upstream_take_place(upstream, waiting))
            upstream_call_try(waiting);
        return; /* one place was left, one is taken */
    }
}

/* ---- what was refused ------------------------------------------------------------------------- */

static struct upstream_refusal *find_refusal(const struct upstream *upstream, const char *base_url,
                                             const char *model)
{
    for (struct upstream_refusal *refusal = upstream->refusals; refusal; refusal = refusal->next)
        if (strcmp(refusal->base_url, base_url) == 0 && strcmp(refusal->model, model) == 0)
            return refusal;
    return NULL;
}

unsigned upstream_refused_fields(const struct upstream *upstream, const char *base_url,
                                 const char *model)
{
    const struct upstream_refusal *refusal = find_refusal(upstream, base_url, model);
    return refusal ? refusal->fields : 0;
}

bool upstream_takes(const struct upstream *upstream, const struct config *config, enum task task,
                    enum chat_field field)
{
    return !config->base_url || !(upstream_refused_fields(upstream, config->base_url,
                                                          config->instruments[task]) & field);
}

int upstream_remember_refusal(struct upstream *upstream, const char *base_url, const char *model,
                              unsigned fields)
{
    struct upstream_refusal *refusal = find_refusal(upstream, base_url, model);
    if (!refusal) {
        refusal = calloc(1, sizeof(*refusal));
        if (!refusal)
            return -ENOMEM;
        refusal->base_url = strdup(base_url);
        refusal->model = strdup(model);
        if (!refusal->base_url || !refusal->model) {
            free(refusal->base_url);
            free(refusal->model);
            free(refusal);
            return -ENOMEM;
        }
        refusal->next = upstream->refusals;
        upstream->refusals = refusal;
    }
    refusal->fields |= fields;
    return 0;
}

/* ---- state ------------------------------------------------------------------------------------ */

void upstream_state_changed(struct upstream *upstream)
{
    if (upstream->on_state && !upstream->closing)
        upstream->on_state(upstream->context);
}

enum upstream_state upstream_state(const struct upstream *upstream, const struct config *config)
{
    struct failure failure;
    if (failure_from_config(&failure, config))
        return UPSTREAM_UNCONFIGURED;
    if (upstream->working)
        return UPSTREAM_WORKING;
    return upstream->trouble;
}

const char *upstream_state_message(struct upstream *upstream, const struct config *config)
{
    struct failure failure;
    if (failure_from_config(&failure, config))
        snprintf(upstream->message, sizeof(upstream->message), "%s", failure.message);
    else if (upstream->trouble != UPSTREAM_READY && !upstream->working)
        snprintf(upstream->message, sizeof(upstream->message), "%s", upstream->trouble_message);
    else if (config->sandbox)
        snprintf(upstream->message, sizeof(upstream->message),
                 "The sandbox answers: by simple rules, not by a model.");
    else
        snprintf(upstream->message, sizeof(upstream->message), "%s at %s.",
                 upstream->working ? "Waiting for an answer" : "Ready", config->base_url);
    return upstream->message;
}

struct upstream_totals upstream_totals(const struct upstream *upstream)
{
    return upstream->totals;
}

static void on_pause_over(uv_timer_t *timer)
{
    struct upstream *upstream = timer->data;
    upstream->paused_until = 0;
    /* A limit is over when its time is; whatever else was wrong is so until an answer comes, or the
     * person would be told of it anew at each try. */
    if (upstream->trouble != UPSTREAM_LIMITED)
        return;
    upstream->trouble = UPSTREAM_READY;
    upstream_state_changed(upstream);
}

static void pause_background(struct upstream *upstream, int64_t asked_ms)
{
    uint64_t pause = PAUSE_FIRST_MS << (upstream->failures_in_a_row < 6 ? upstream->failures_in_a_row
                                                                       : 6);
    if (pause > PAUSE_LONGEST_MS)
        pause = PAUSE_LONGEST_MS;
    if (asked_ms > 0)
        pause = (uint64_t)asked_ms;
    upstream->failures_in_a_row++;
    upstream->paused_until = uv_now(upstream->loop) + pause;
    uv_timer_start(&upstream->pause_timer, on_pause_over, pause, 0);
}

static enum upstream_state trouble_of(const struct failure *failure)
{
    switch (failure->kind) {
    case FAILURE_RATE_LIMITED:
    case FAILURE_PAYMENT_REQUIRED:
        return UPSTREAM_LIMITED;
    case FAILURE_UNCONFIGURED:
    case FAILURE_UNAUTHORIZED:
    case FAILURE_UNKNOWN_INSTRUMENT:
        return UPSTREAM_UNCONFIGURED;
    case FAILURE_UPSTREAM:
    case FAILURE_NETWORK:
    case FAILURE_TIMEOUT:
        return UPSTREAM_OFFLINE;
    default: /* the upstream did its work: the answer was cut or filtered */
        return UPSTREAM_READY;
    }
}

void upstream_note_outcome(struct upstream *upstream, const struct upstream_call *call,
                           const struct failure *failure)
{
    struct failure unusable;
    if (failure && failure_from_config(&unusable, call->config))
        return; /* nothing was sent; the state tells it from the settings themselves */
    enum upstream_state before = upstream->trouble;
    enum upstream_state now = failure ? trouble_of(failure) : UPSTREAM_READY;

    if (call->decoding && call->decoder.usage.known) {
        upstream->totals.prompt_tokens += call->decoder.usage.prompt_tokens;
        upstream->totals.completion_tokens += call->decoder.usage.completion_tokens;
    }
    upstream->trouble = now;
    if (!failure && upstream->models_failed)
        upstream->ask_models_again = true;
    if (now == UPSTREAM_READY) {
        upstream->failures_in_a_row = 0;
        upstream->paused_until = 0;
        uv_timer_stop(&upstream->pause_timer);
    } else {
        snprintf(upstream->trouble_message, sizeof(upstream->trouble_message), "%s",
                 failure->message);
        pause_background(upstream, failure->retry_after_ms);
    }
    if (now != before)
        upstream_state_changed(upstream);
}

void upstream_settings_changed(struct upstream *upstream)
{
    upstream->trouble = UPSTREAM_READY;
    upstream->failures_in_a_row = 0;
    upstream->paused_until = 0;
    uv_timer_stop(&upstream->pause_timer);
    upstream_state_changed(upstream);
}

bool upstream_may_complete(const struct upstream *upstream)
{
    return upstream->paused_until <= uv_now(upstream->loop);
}

/* ---- warmth ----------------------------------------------------------------------------------- */

static void on_models_body(void *context, const char *data, size_t length)
{
    struct upstream *upstream = context;
    buffer_append(&upstream->models_body, data, length);
}

static void on_models_end(void *context, const struct transport_result *result)
{
    struct upstream *upstream = context;
    upstream->warm_up = NULL;
    if (result->status == TRANSPORT_OK && result->code == 200 &&
        buffer_error(&upstream->models_body) == 0 &&
        chat_models_parse(upstream->models_body.data, upstream->models_body.length,
                          &upstream->models, &upstream->model_count) != 0)
        upstream->model_count = 0;
    upstream->models_failed = result->status != TRANSPORT_OK || result->code == 429 ||
                              result->code >= 500;
    log_write(upstream->log, LOG_DEBUG, "GET /models: HTTP %ld, %zu models", result->code,
              upstream->model_count);
    buffer_finish(&upstream->models_body);
}

void upstream_warm_up(struct upstream *upstream, struct config *config)
{
    static const struct transport_callbacks callbacks = {
        .on_body = on_models_body,
        .on_end = on_models_end,
    };
    struct failure failure;
    if (upstream->closing || upstream->warm_up || failure_from_config(&failure, config))
        return;
    if (upstream->models_url && strcmp(upstream->models_url, config->base_url) == 0 &&
        !upstream->ask_models_again)
        return;
    upstream->ask_models_again = false;
    free(upstream->models_url);
    free(upstream->models);
    upstream->models = NULL;
    upstream->model_count = 0;
    upstream->models_url = strdup(config->base_url);
    if (!upstream->models_url || upstream_need_transport(upstream) != 0)
        return;

    struct buffer url CLEANUP(buffer_finish);
    buffer_init(&url, BUFFER_CAP);
    buffer_printf(&url, "%s/models", config->base_url);
    if (buffer_error(&url))
        return;
    struct transport_request request = {
        .url = url.data,
        .proxy = config->proxy,
        .ca_file = config->ca_file,
        .connect_timeout_ms = config->connect_timeout_ms,
        .timeout_ms = config->idle_timeout_ms,
    };
    transport_start(upstream->transport, &request, &callbacks, upstream, &upstream->warm_up);
}

const struct chat_model *upstream_find_model(const struct upstream *upstream,
                                             const struct config *config, const char *instrument)
{
    if (!upstream->models_url || !config->base_url ||
        strcmp(upstream->models_url, config->base_url) != 0)
        return NULL;
    for (size_t i = 0; i < upstream->model_count; i++)
        if (strcmp(upstream->models[i].id, instrument) == 0)
            return &upstream->models[i];
    return NULL;
}
