#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/instruments.h"
#include "daemon/log.h"
#include "daemon/redact.h"
#include "daemon/upstream_private.h"

#define BACKOFF_FIRST_MS 500u
#define BACKOFF_LONGEST_MS 8000u
#define CANDIDATES_TEMPERATURE 0.6
#define WAIT_LONGEST_MS 20000 /* a longer Retry-After is told, not slept */
/* Signs of life may stretch the wait for a first event to this many idle timeouts: servers queue. */
#define FIRST_EVENT_FACTOR 5u

static const char *const call_state_names[] = {
    [CALL_NEW] = "new",
    [CALL_QUEUED] = "queued",
    [CALL_KEY] = "key",
    [CALL_SENT] = "sent",
    [CALL_STREAMING] = "streaming",
    [CALL_BACKOFF] = "backoff",
    [CALL_DRAINING] = "draining",
    [CALL_OVER] = "over",
};

void upstream_call_set_state(struct upstream_call *call, enum call_state state)
{
    log_write(call->upstream->log, LOG_TRACE, "%s call: %s -> %s", task_name(call->task),
              call_state_names[call->state], call_state_names[state]);
    call->state = state;
}

const char *upstream_call_instrument(const struct upstream_call *call)
{
    return call->config->instruments[call->task];
}

/* ---- end -------------------------------------------------------------------------------------- */

static void forget_response(struct upstream_call *call)
{
    transfer_cancel(call->transfer);
    call->transfer = NULL;
    free(call->location);
    call->location = NULL;
    buffer_clear(&call->error_body);
    if (call->decoding && !call->in_decoder) {
        chat_decoder_finish(&call->decoder);
        call->decoding = false;
    }
    call->code = 0;
    call->retry_after_ms = -1;
    call->should_retry = -1;
    call->events_seen = 0;
}

static void forget_key(struct upstream_call *call)
{
    if (call->key)
        explicit_bzero(call->key, strlen(call->key));
    free(call->key);
    call->key = NULL;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct upstream_call *call = handle->data;
    struct upstream *upstream = call->upstream;
    if (call->decoding) /* it was cancelled from within the decoder */
        chat_decoder_finish(&call->decoder);
    chat_messages_finish(&call->messages);
    for (size_t i = 0; i < 4; i++)
        free(call->stop_owned[i]);
    buffer_finish(&call->body);
    buffer_finish(&call->error_body);
    free(call->url);
    config_unref(call->config);
    free(call);
    upstream_handle_closed(upstream);
}

void upstream_call_close(struct upstream_call *call)
{
    upstream_call_set_state(call, CALL_OVER);
    uv_timer_stop(&call->timer);
    forget_response(call);
    forget_key(call);
    upstream_unlink(call->upstream, call);
    uv_close((uv_handle_t *)&call->timer, on_timer_closed);
}

static void on_drained(uv_timer_t *timer)
{
    upstream_call_close(timer->data);
}

static unsigned omitted_fields(const struct upstream_call *call)
{
    return call->omit | upstream_refused_fields(call->upstream, call->config->base_url,
                                                upstream_call_instrument(call));
}

/* Tells the caller, once. The call itself may live on for a moment to drain its connection. */
void upstream_call_end(struct upstream_call *call, const struct failure *failure, bool drain)
{
    struct upstream *upstream = call->upstream;
    struct upstream_result result = {
        .failure = failure,
        .finish = call->decoding ? call->decoder.finish : CHAT_FINISH_NONE,
        .instrument = upstream_call_instrument(call),
        .partial = failure && call->text_given,
        .omitted = omitted_fields(call),
    };
    if (call->decoding)
        result.usage = call->decoder.usage;
    if (!failure && call->decoding && call->decoder.choices[0].calls.count > 0) {
        result.turn = &call->decoder;
        result.calls = &call->decoder.choices[0].calls;
    }
    if (failure)
        log_write(upstream->log, call->background ? LOG_INFO : LOG_WARN, "%s: %s (%s)",
                  task_name(call->task), failure->message, failure_kind_name(failure->kind));

    upstream_call_set_state(call, drain ? CALL_DRAINING : CALL_OVER);
    if (!drain) {
        transfer_cancel(call->transfer);
        call->transfer = NULL;
    }
    credentials_cancel(upstream->credentials, &call->key_wait);
    call->callbacks.on_end(call->context, &result);
    if (drain && call->state == CALL_OVER)
        return; /* the callback closed the upstream and with it this call */
    /* The state is told behind the answer, which holds the reason. */
    if (call->has_place) /* a call that never ran says nothing about the upstream */
        upstream_note_outcome(upstream, call, failure);
    upstream_work_ends(upstream, call);
    if (drain)
        uv_timer_start(&call->timer, on_drained, UPSTREAM_END_MS, 0);
    if (!upstream->closing)
        upstream_leave_place(upstream, call);
    if (!drain)
        upstream_call_close(call);
}

void upstream_call_fail_memory(struct upstream_call *call)
{
    struct failure failure;
    failure_set(&failure, FAILURE_UPSTREAM, "Close other programs or select less text.",
                "There was not enough memory for the request.");
    upstream_call_end(call, &failure, false);
}

void upstream_call_give_way(struct upstream_call *call)
{
    struct failure failure;
    failure_set(&failure, FAILURE_RATE_LIMITED, NULL, "The completion gave way to a request.");
    upstream_call_set_state(call, CALL_OVER);
    call->has_place = false;
    call->upstream->in_flight--;
    call->callbacks.on_end(call->context,
                           &(struct upstream_result){.failure = &failure,
                                                     .instrument = upstream_call_instrument(call),
                                                     .partial = call->text_given});
    upstream_call_close(call);
}

void upstream_call_cancel(struct upstream_call *call)
{
    if (!call || call->state == CALL_OVER)
        return;
    struct upstream *upstream = call->upstream;
    upstream_call_set_state(call, CALL_OVER);
    credentials_cancel(upstream->credentials, &call->key_wait);
    upstream_work_ends(upstream, call);
    if (!upstream->closing)
        upstream_leave_place(upstream, call);
    upstream_call_close(call);
}

/* ---- retry ------------------------------------------------------------------------------------ */

static void on_backoff_over(uv_timer_t *timer)
{
    upstream_call_try(timer->data);
}

static uint64_t backoff_ms(const struct upstream_call *call)
{
    uint64_t wait = BACKOFF_FIRST_MS << (call->tries < 5 ? call->tries : 5);
    if (wait > BACKOFF_LONGEST_MS)
        wait = BACKOFF_LONGEST_MS;
    unsigned char random = 0;
    uv_random(NULL, NULL, &random, sizeof(random), 0, NULL);
    return wait - wait * random / 1024; /* up to a quarter less, so that clients do not march in step */
}

/* Makes the try again later where that is allowed; else the call ends with the failure. */
void upstream_call_retry(struct upstream_call *call, const struct failure *failure)
{
    bool transient = call->should_retry >= 0 ? call->should_retry : failure_is_transient(failure);
    bool began = call->text_given || call->events_seen > 0;

    if (call->background || began || !transient || call->tries >= call->config->retries ||
        failure->retry_after_ms > WAIT_LONGEST_MS) {
        upstream_call_end(call, failure, false);
        return;
    }
    uint64_t wait = failure->retry_after_ms >= 0 ? (uint64_t)failure->retry_after_ms
                                                 : backoff_ms(call);
    char note[1024];
    call->tries++;
    snprintf(note, sizeof(note), "%s Trying again in %.1f s (%u of %u).", failure->message,
             (double)wait / 1000, call->tries, call->config->retries);
    log_write(call->upstream->log, LOG_INFO, "%s: %s", task_name(call->task), note);
    forget_response(call);
    upstream_call_set_state(call, CALL_BACKOFF);
    uv_timer_start(&call->timer, on_backoff_over, wait, 0);
    if (call->callbacks.on_note)
        call->callbacks.on_note(call->context, note);
}

/* ---- sending ---------------------------------------------------------------------------------- */

/* Several answers are worth having only where they differ. */
static double temperature_of(const struct upstream_call *call,
                             const struct config_parameters *parameters)
{
    bool is_low = parameters->temperature >= 0 &&
                  parameters->temperature < CANDIDATES_TEMPERATURE;
    return call->candidates > 1 && is_low ? CANDIDATES_TEMPERATURE : parameters->temperature;
}

static int build_body(struct upstream_call *call)
{
    const struct config_parameters *parameters = &call->config->parameters[call->task];
    const char *instrument = upstream_call_instrument(call);
    const struct chat_model limits = instrument_limits(
        upstream_find_model(call->upstream, call->config, instrument), call->config, instrument);
    struct chat_request request = {
        .model = instrument,
        .messages = &call->messages,
        .max_tokens = instrument_max_tokens(&limits, parameters->max_tokens),
        .temperature = temperature_of(call, parameters),
        .top_p = parameters->top_p,
        .reasoning_effort = instrument_effort(&limits, parameters->reasoning_effort),
        .n = call->candidates,
        .format = call->format,
        .tools = call->tools,
        .tool_count = call->tool_count,
        .tool_choice = call->tool_choice,
        .one_call = call->one_call,
        .extra = parameters->extra,
        .omit = omitted_fields(call),
    };
    memcpy(request.stop, call->stop, sizeof(request.stop));
    buffer_clear(&call->body);
    return chat_request_append(&call->body, &request);
}

void upstream_call_send(struct upstream_call *call)
{
    struct transport_request request = {
        .url = call->url,
        .body = call->body.data,
        .body_length = call->body.length,
        .key = call->key,
        .proxy = call->config->proxy,
        .ca_file = call->config->ca_file,
        .connect_timeout_ms = call->config->connect_timeout_ms,
        .fresh = call->stale_resent || call->ask_first,
        .ask_first = call->ask_first,
        .event_stream = true,
    };
    forget_response(call);
    upstream_call_set_state(call, CALL_SENT);
    if (upstream_need_transport(call->upstream) != 0 ||
        transport_start(call->upstream->transport, &request, &upstream_call_transport, call,
                        &call->transfer) != 0) {
        upstream_call_fail_memory(call);
        return;
    }
    upstream_call_await(call);
}

/* The key must not leave but as a key: it is taken out of the messages with all other secrets. One
 * that comes later, in place of a key that was refused, is taken out then. */
static int hide_secrets(struct upstream_call *call, struct redaction *redaction)
{
    int status = redaction_add(redaction, call->key);
    if (status == 0)
        status = call->redacted ? redaction_apply_added(redaction, &call->messages)
                                : redaction_apply_messages(redaction, &call->messages);
    if (status == 0)
        call->redacted = true;
    return status;
}

static int hide_secrets_for_good(struct upstream_call *call)
{
    struct redaction *redaction;
    int status = redaction_create(&redaction, false);
    if (status == 0)
        status = hide_secrets(call, redaction);
    redaction_destroy(redaction);
    return status;
}

/* What a person passes through as a parameter is not changed, and not sent with the key in it. */
static bool body_holds_key(const struct upstream_call *call)
{
    size_t length = call->key ? strlen(call->key) : 0;
    return length >= REDACTION_LEAST &&
           memmem(call->body.data, call->body.length, call->key, length) != NULL;
}

static void on_key(void *context, const char *key, const char *fault)
{
    struct upstream_call *call = context;
    struct failure failure;
    if (fault) {
        failure_set(&failure, FAILURE_UNCONFIGURED, "Check api_key_command or api_key_file.", "%s",
                    fault);
        upstream_call_end(call, &failure, false);
        return;
    }
    forget_key(call);
    call->key = key ? strdup(key) : NULL;
    struct buffer url CLEANUP(buffer_finish);
    buffer_init(&url, BUFFER_CAP);
    buffer_printf(&url, "%s/chat/completions", call->config->base_url);
    free(call->url);
    call->url = buffer_steal(&url, NULL);
    int status = call->redaction ? hide_secrets(call, call->redaction) : hide_secrets_for_good(call);
    if ((key && !call->key) || !call->url || status != 0 || build_body(call) != 0) {
        upstream_call_fail_memory(call);
        return;
    }
    if (body_holds_key(call)) {
        char hint[128];
        snprintf(hint, sizeof(hint), "Take it out of parameters.%s.", task_name(call->task));
        failure_set(&failure, FAILURE_UNCONFIGURED, hint, "A parameter holds the key itself.");
        upstream_call_end(call, &failure, false);
        return;
    }
    call->hops = 0;
    call->answer_deadline = uv_now(call->upstream->loop) +
                            (uint64_t)call->config->idle_timeout_ms * FIRST_EVENT_FACTOR;
    upstream_call_send(call);
}

void upstream_call_try(struct upstream_call *call)
{
    struct failure failure;
    forget_response(call);
    if (failure_from_config(&failure, call->config)) {
        upstream_call_end(call, &failure, false);
        return;
    }
    upstream_call_set_state(call, CALL_KEY);
    call->key_wait.on_key = on_key;
    call->key_wait.context = call;
    credentials_get(call->upstream->credentials, call->config, &call->key_wait);
}

static void on_begin(uv_timer_t *timer)
{
    struct upstream_call *call = timer->data;
    if (upstream_take_place(call->upstream, call)) {
        upstream_call_try(call);
    } else if (call->background) {
        struct failure failure;
        failure_set(&failure, FAILURE_RATE_LIMITED, NULL, "Other requests are running.");
        upstream_call_end(call, &failure, false);
    } else {
        upstream_call_set_state(call, CALL_QUEUED);
        if (call->callbacks.on_note)
            call->callbacks.on_note(call->context, "Waiting for other requests to end.");
    }
}

/* The caller's stop sequences come first, then the person's, four at most. */
static int set_stops(struct upstream_call *call, const char *const *stop)
{
    const struct config_strings *own = &call->config->parameters[call->task].stop;
    size_t count = 0;
    for (; stop && *stop && count < 4; stop++, count++)
        call->stop_owned[count] = strdup(*stop);
    for (size_t i = 0; i < own->count && count < 4; i++, count++)
        call->stop_owned[count] = strdup(own->items[i]);
    for (size_t i = 0; i < count; i++) {
        if (!call->stop_owned[i])
            return -ENOMEM;
        call->stop[i] = call->stop_owned[i];
    }
    return 0;
}

int upstream_call_start(struct upstream *upstream, struct upstream_request *request,
                        const struct upstream_callbacks *callbacks, void *context,
                        struct upstream_call **out)
{
    *out = NULL;
    struct upstream_call *call = calloc(1, sizeof(*call));
    if (!call) {
        chat_messages_finish(&request->messages);
        return -ENOMEM;
    }
    call->upstream = upstream;
    call->config = config_ref(request->config);
    call->task = request->task;
    call->background = request->background;
    call->candidates = request->candidates;
    call->redaction = request->redaction;
    call->tools = request->tools;
    call->tool_count = request->tool_count;
    call->tool_choice = request->tool_choice;
    call->one_call = request->one_call;
    call->format = request->format;
    call->callbacks = *callbacks;
    call->context = context;
    call->messages = request->messages;
    chat_messages_init(&request->messages);
    buffer_init(&call->body, BUFFER_CAP);
    buffer_init(&call->error_body, UPSTREAM_ERROR_BODY_CAP);
    uv_timer_init(upstream->loop, &call->timer);
    call->timer.data = call;
    upstream->open_handles++;
    upstream_link(upstream, call);
    if (call->messages.error || set_stops(call, request->stop) != 0) {
        upstream_call_close(call);
        return -ENOMEM;
    }
    uv_timer_start(&call->timer, on_begin, 0, 0);
    *out = call;
    return 0;
}

void upstream_call_pause(struct upstream_call *call)
{
    if (call->paused || !call->transfer || call->state != CALL_STREAMING)
        return;
    call->paused = true;
    uv_timer_stop(&call->timer); /* the wait is ours, not the upstream's */
    transfer_pause(call->transfer);
}

void upstream_call_resume(struct upstream_call *call)
{
    if (!call->paused)
        return;
    call->paused = false;
    if (call->transfer) {
        transfer_resume(call->transfer);
        upstream_call_await(call);
    }
}
