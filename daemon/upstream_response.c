#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/transport_failure.h"
#include "daemon/upstream_private.h"
#include "protocol/oneline.h"
#include "protocol/retry_after.h"
#include "protocol/url.h"

/*
 * What the upstream says and what follows from it: the answer goes on, is complete, goes elsewhere,
 * is asked for again in another form, or has failed.
 */

/* ---- deadlines -------------------------------------------------------------------------------- */

static void judge_answer(struct upstream_call *call, const struct transport_result *result);
static void judge_head(struct upstream_call *call);

static void on_deadline(uv_timer_t *timer)
{
    struct upstream_call *call = timer->data;
    struct failure failure;
    if (call->decoding && call->decoder.finished) {
        judge_answer(call, NULL); /* all is said; only usage and [DONE] did not come */
        return;
    }
    if (call->code && !call->decoding) {
        judge_head(call); /* what goes on without an end is only words */
        return;
    }
    failure_set(&failure, FAILURE_TIMEOUT,
                "Ask again; network.idle_timeout_ms sets how long gridls waits.",
                "The upstream sent nothing for %g s.", call->config->idle_timeout_ms / 1000.0);
    upstream_call_end(call, &failure, false);
}

void upstream_call_await(struct upstream_call *call)
{
    if (call->paused)
        return; /* the wait is ours, not the upstream's */
    uint64_t wait = call->config->idle_timeout_ms;
    uint64_t now = uv_now(call->upstream->loop);
    bool all_is_said = call->decoding ? call->decoder.finished : call->code != 0;
    if (all_is_said && wait > UPSTREAM_END_MS)
        wait = UPSTREAM_END_MS;
    if (call->events_seen == 0 && call->answer_deadline < now + wait)
        wait = call->answer_deadline > now ? call->answer_deadline - now : 0;
    uv_timer_start(&call->timer, on_deadline, wait, 0);
}

/* That the server lives counts until the answer begins: comments, blank lines before an object, events
 * without content. From then on only what the answer says is a sign that it goes on. */
static void note_life(struct upstream_call *call)
{
    if (call->decoder.events != call->events_seen || call->events_seen == 0) {
        call->events_seen = call->decoder.events;
        upstream_call_await(call);
    }
}

/* ---- the response ----------------------------------------------------------------------------- */

static int on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct upstream_call *call = context;
    call->text_given = true;
    call->callbacks.on_text(call->context, index, text, length);
    return call->state == CALL_OVER; /* cancelled by its reader: stop decoding */
}

/* The time of day, by the server's clock where it tells it. */
static int64_t time_at(const struct transport_head *head)
{
    int64_t theirs = retry_after_time(head->date);
    struct timespec ours;
    clock_gettime(CLOCK_REALTIME, &ours);
    return theirs >= 0 ? theirs : ours.tv_sec;
}

static void on_head(void *context, const struct transport_head *head)
{
    struct upstream_call *call = context;
    call->code = head->code;
    call->retry_after_ms = retry_after_parse(head->retry_after, head->retry_after_ms, time_at(head));
    if (head->should_retry)
        call->should_retry = strcmp(head->should_retry, "true") == 0;
    log_write(call->upstream->log, LOG_DEBUG, "%s: HTTP %ld%s%s", task_name(call->task), head->code,
              head->request_id ? ", request id " : "", head->request_id ? head->request_id : "");
    if (head->code >= 300 && head->code < 400 && head->location)
        call->location = strdup(head->location);
    if (head->code >= 200 && head->code < 300) {
        chat_decoder_init(&call->decoder, on_text, call);
        call->decoder.keep_reasoning = call->tool_count > 0; /* goes back with the results */
        call->decoding = true;
        call->upstream->totals.requests++; /* counted also where it is cancelled: it may be billed */
        upstream_call_set_state(call, CALL_STREAMING);
    }
    upstream_call_await(call);
}

static void on_body(void *context, const char *data, size_t length)
{
    struct upstream_call *call = context;
    if (call->state == CALL_DRAINING)
        return;
    if (!call->decoding) {
        if (call->error_body.length < UPSTREAM_ERROR_BODY_CAP) {
            size_t room = UPSTREAM_ERROR_BODY_CAP - call->error_body.length;
            buffer_append(&call->error_body, data, length < room ? length : room);
        }
        if (call->error_body.length == UPSTREAM_ERROR_BODY_CAP)
            judge_head(call);
        return;
    }
    call->in_decoder = true;
    int status = chat_decoder_feed(&call->decoder, data, length);
    call->in_decoder = false;
    if (call->state == CALL_OVER)
        return;
    if (status == -EMSGSIZE || status == -ENOMEM) {
        struct failure failure;
        failure_set(&failure, FAILURE_UPSTREAM, "Ask for less, or check base_url.",
                    "The upstream's answer is larger than gridls takes.");
        upstream_call_end(call, &failure, false);
        return;
    }
    note_life(call);
    if (call->decoder.done_seen)
        judge_answer(call, NULL);
}

/* What a complete answer without any text is. Returns false where there is text, or nothing wrong. */
static bool answer_is_empty_for_a_reason(const struct upstream_call *call, struct failure *failure)
{
    if (call->text_given)
        return false;
    if (call->decoder.refusal.length > 0) {
        char words[512];
        oneline_copy(words, sizeof(words), call->decoder.refusal.data, call->decoder.refusal.length);
        failure_set(failure, FAILURE_FILTERED, "Change what you ask for.",
                    "The model declined: %s", words);
        return true;
    }
    if (call->decoder.tool_call_seen && call->tool_count == 0) {
        failure_set(failure, FAILURE_UPSTREAM, "Ask again; parameters.* may name tools of your own.",
                    "The model called a tool that it was not given, and answered nothing.");
        return true;
    }
    if (call->decoder.finish == CHAT_FINISH_LENGTH) {
        char hint[128];
        snprintf(hint, sizeof(hint), "Raise parameters.%s.max_tokens in your settings.",
                 task_name(call->task));
        failure_set(failure, FAILURE_TRUNCATED, hint,
                    "The model used up the token limit with %s before any answer.",
                    call->decoder.reasoning_seen ? "its reasoning" : "nothing to show");
        return true;
    }
    if (call->decoder.finish == CHAT_FINISH_FILTER) {
        failure_set(failure, FAILURE_FILTERED, "Change what you ask for.",
                    "The upstream's content filter withheld the answer.");
        return true;
    }
    return false;
}

static void judge_complete(struct upstream_call *call, bool drain)
{
    struct failure failure;
    if (answer_is_empty_for_a_reason(call, &failure)) {
        upstream_call_end(call, &failure, drain);
    } else if (call->decoder.finish == CHAT_FINISH_ERROR) {
        failure_set(&failure, FAILURE_UPSTREAM, "Ask again in a moment.",
                    "The upstream failed in the middle of its answer.");
        upstream_call_end(call, &failure, drain);
    } else {
        upstream_call_end(call, NULL, drain);
    }
}

static bool mended(struct upstream_call *call, long status, const struct chat_error *error);

/* How long the upstream asks to wait: in a header, in a detail of the error, or in the words of a limit.
 * -1: it does not say. */
static int64_t asked_wait(const struct upstream_call *call, long status,
                          const struct chat_error *error)
{
    if (call->retry_after_ms >= 0)
        return call->retry_after_ms;
    if (error->retry_delay_ms > 0)
        return error->retry_delay_ms;
    return status == 429 || error->status == 429 ? retry_after_in_words(error->message) : -1;
}

/* A refusal that came with a success's status, where an answer was to begin. */
static bool mended_in_stream(struct upstream_call *call)
{
    const struct chat_error error = call->decoder.error;
    return mended(call, error.status ? error.status : 400, &error);
}

static void judge_cut(struct upstream_call *call, const struct transport_result *result)
{
    struct failure failure;
    log_write(call->upstream->log, LOG_INFO, "the stream was cut: %s", result->detail);
    if (call->text_given || call->decoder.answer_seen || call->decoder.reasoning_seen) {
        failure_set(&failure, FAILURE_TRUNCATED, "Ask again.",
                    "The upstream's answer broke off before its end.");
        upstream_call_end(call, &failure, false);
        return;
    }
    failure_set(&failure, FAILURE_NETWORK, "Ask again.",
                "The connection to the upstream ended before an answer came.");
    upstream_call_retry(call, &failure);
}

/* The answer is at its end: by its own [DONE] (`result` NULL), or because the transfer is. */
static void judge_answer(struct upstream_call *call, const struct transport_result *result)
{
    struct failure failure;
    call->in_decoder = true;
    enum chat_outcome outcome = chat_decoder_end(&call->decoder);
    call->in_decoder = false;
    if (call->state == CALL_OVER)
        return;
    log_mask(call->upstream->log, call->decoder.error.message);
    switch (outcome) {
    case CHAT_COMPLETE:
        judge_complete(call, result == NULL);
        break;
    case CHAT_FAILED:
        if (call->events_seen == 0 && mended_in_stream(call))
            break;
        failure_from_response(&failure, call->config, upstream_call_instrument(call), call->code,
                              &call->decoder.error,
                              asked_wait(call, call->code, &call->decoder.error));
        upstream_call_retry(call, &failure);
        break;
    case CHAT_NOT_CHAT:
        failure_set(&failure, FAILURE_UPSTREAM, "Check base_url with `gridls check`.",
                    "What answers at the base URL is no Chat Completions server: %s",
                    call->decoder.error.message);
        failure.status = call->code;
        upstream_call_end(call, &failure, false);
        break;
    case CHAT_CUT:
        judge_cut(call, result);
        break;
    }
}

static void network_failed(struct upstream_call *call, const struct transport_result *result)
{
    struct failure failure;
    failure_from_transport(&failure, call->url, result);
    if (result->status == TRANSPORT_TLS || result->status == TRANSPORT_NO_MEMORY)
        upstream_call_end(call, &failure, false); /* trying again would change nothing */
    else
        upstream_call_retry(call, &failure);
}

/* ---- redirects -------------------------------------------------------------------------------- */

/* Whether the key may go where the hop leads: to the same origin, or over https to The Grid and to
 * the hosts that the person named. */
static bool hop_is_allowed(const struct upstream_call *call, const struct url *from,
                           const struct url *to)
{
    if (url_same_origin(from, to))
        return true;
    if (strcmp(to->scheme, "https") != 0)
        return false;
    for (size_t i = 0; i < call->config->redirect_hosts.count; i++)
        if (url_host_within(to, call->config->redirect_hosts.items[i]))
            return true;
    return false;
}

static void follow(struct upstream_call *call)
{
    struct failure failure;
    struct url from, to;
    const char *hint = "Check base_url with `gridls check`.";

    if (call->code != 307 && call->code != 308) {
        failure_from_response(&failure, call->config, upstream_call_instrument(call), call->code,
                              &(struct chat_error){0}, -1);
    } else if (!call->location) {
        failure_set(&failure, FAILURE_UPSTREAM, hint,
                    "The upstream redirects (HTTP %ld) without saying where.", call->code);
    } else if (++call->hops > UPSTREAM_HOPS_MAX) {
        failure_set(&failure, FAILURE_UPSTREAM, hint, "The upstream redirects in a circle.");
    } else if (url_parse(call->url, &from) != 0 || url_parse(call->location, &to) != 0) {
        failure_set(&failure, FAILURE_UPSTREAM, hint,
                    "The upstream redirects to an address that is no https address.");
    } else if (!hop_is_allowed(call, &from, &to)) {
        failure_set(&failure, FAILURE_UPSTREAM,
                    "If you trust that host with your key, add it to network.redirect_hosts.",
                    "The upstream redirects to %s://%s, where the key must not go.", to.scheme,
                    to.host);
    } else {
        free(call->url);
        call->url = call->location;
        call->location = NULL;
        upstream_call_send(call);
        return;
    }
    failure.status = call->code;
    upstream_call_end(call, &failure, false);
}

/* ---- refusals --------------------------------------------------------------------------------- */

/* The optional field that a response refuses. Tools and formats depend on how the server was started
 * and on who serves the model: some say so by the status of a failure or of what is not found. */
static unsigned refused_field(long status, const struct chat_error *error)
{
    switch (status) {
    case 400:
    case 422:
        return chat_refused_field(error);
    case 404:
    case 500:
    case 501:
        return chat_refused_field(error) & (CHAT_FIELD_TOOLS | CHAT_FIELD_RESPONSE_FORMAT);
    default:
        return 0;
    }
}

/* True where the request goes out again in another form. */
static bool mended(struct upstream_call *call, long status, const struct chat_error *error)
{
    struct upstream *upstream = call->upstream;
    if (status == 401 && !call->key_asked_again &&
        credentials_forget(upstream->credentials, call->config)) {
        call->key_asked_again = true;
        upstream_call_try(call);
        return true;
    }
    unsigned field = refused_field(status, error) & ~call->omit;
    if (!field)
        return false;
    log_write(upstream->log, LOG_INFO, "the upstream refuses a field; asking again without it: %s",
              error->message);
    call->omit |= field;
    if (upstream_remember_refusal(upstream, call->config->base_url, upstream_call_instrument(call),
                                  field) != 0)
        return false;
    upstream_call_try(call);
    return true;
}

static void refused(struct upstream_call *call)
{
    struct chat_error error;
    struct failure failure;
    chat_error_parse(&error, call->error_body.data, call->error_body.length);
    log_mask(call->upstream->log, error.message); /* some servers echo the key that they refuse */
    if (mended(call, call->code, &error))
        return;
    failure_from_response(&failure, call->config, upstream_call_instrument(call), call->code, &error,
                          asked_wait(call, call->code, &error));
    upstream_call_retry(call, &failure);
}

/* A response that is no answer: it leads elsewhere, or says why. Its body may still be on its way. */
static void judge_head(struct upstream_call *call)
{
    transfer_cancel(call->transfer);
    call->transfer = NULL;
    uv_timer_stop(&call->timer);
    if (call->code >= 300 && call->code < 400)
        follow(call);
    else
        refused(call);
}

static void on_end(void *context, const struct transport_result *result)
{
    struct upstream_call *call = context;
    call->transfer = NULL;
    if (call->state == CALL_DRAINING) {
        upstream_call_close(call);
        return;
    }
    uv_timer_stop(&call->timer);
    if (result->status == TRANSPORT_STALE && !call->stale_resent) {
        call->stale_resent = true; /* the kept connection was dead: nothing was answered */
        upstream_call_try(call);
    } else if (result->status == TRANSPORT_UNSENT && !call->ask_first) {
        /* Servers refuse by the head alone, close, and have the rest of the request reset them. Where
         * there is nothing but the head on its way, the answer gets through. */
        call->ask_first = true;
        upstream_call_try(call);
    } else if (call->decoding) {
        judge_answer(call, result);
    } else if (call->code == 0) {
        network_failed(call, result);
    } else {
        judge_head(call);
    }
}

const struct transport_callbacks upstream_call_transport = {
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
};
