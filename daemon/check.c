#include "daemon/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/check_local.h"
#include "daemon/check_network.h"
#include "daemon/check_settings.h"
#include "daemon/failure.h"
#include "daemon/transport_failure.h"
#include "daemon/upstream.h"
#include "protocol/chat.h"

/* What each step may take at most; instruments are asked one after the other. */
#define MODELS_TIMEOUT_MS 15000u
#define ASK_TIMEOUT_MS 30000u
#define MODELS_CAP ((size_t)4 << 20)

struct check {
    struct setup *setup;
    struct config *config;
    struct check_report report;
    struct check_route route;
    struct check_network network;
    struct check_local local;
    struct setup_signals signals;
    struct transport *transport; /* for lists of models; calls go through the upstream */
    struct transfer *transfer;
    struct buffer models;
    struct failure tls;          /* why the secure connection failed */
    struct upstream *upstream;
    struct upstream_call *call;
    uv_timer_t timer;       /* of the call */
    enum task task;         /* whose instrument is asked */
    uint64_t began;         /* uv_hrtime() of the request under way */
    uint64_t first_text;    /* of its first text; 0: none came */
    bool key_is_accepted;
    bool upstream_is_over;  /* nothing more is to be found out about it */
    bool local_is_over;
    bool is_over;
    int code;
};

static unsigned elapsed_ms(const struct check *check, uint64_t until)
{
    return (unsigned)((until - check->began) / 1000000);
}

/* ---- end ------------------------------------------------------------------------------------- */

static void finish(struct check *check, int code)
{
    check->is_over = true;
    check->code = code;
    check_network_stop(&check->network);
    check_local_stop(&check->local);
    transfer_cancel(check->transfer);
    upstream_call_cancel(check->call);
    upstream_close(check->upstream);
    transport_close(check->transport);
    uv_close((uv_handle_t *)&check->timer, NULL);
    setup_signals_stop(&check->signals);
    setup_stop(check->setup);
}

/* Local servers are told last: their lines must not stand among those of the upstream. */
static void finish_if_over(struct check *check)
{
    if (!check->upstream_is_over || !check->local_is_over)
        return;
    check_local_tell(&check->local, &check->report);
    finish(check, check->report.problems > 0 ? SETUP_FAILED : SETUP_DONE);
}

static void end_upstream(struct check *check)
{
    check->upstream_is_over = true;
    finish_if_over(check);
}

static void on_local_end(void *context)
{
    struct check *check = context;

    check->local_is_over = true;
    finish_if_over(check);
}

static void on_signal(void *context, int number)
{
    struct check *check = context;

    if (!check->is_over)
        finish(check, 128 + number);
}

/* ---- instruments ----------------------------------------------------------------------------- */

static void ask_next(struct check *check);

/* The tasks that use the instrument of this one: "explain, refactor". */
static void list_tasks(const struct check *check, char *text, size_t size)
{
    char *const *instruments = check->config->instruments;
    size_t used = 0;

    for (size_t task = 0; task < TASK_COUNT && used < size; task++) {
        if (strcmp(instruments[task], instruments[check->task]) == 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     task_name((enum task)task));
    }
}

static bool was_asked_before(const struct check *check)
{
    for (size_t i = 0; i < check->task; i++) {
        if (strcmp(check->config->instruments[i], check->config->instruments[check->task]) == 0)
            return true;
    }
    return false;
}

static void on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct check *check = context;

    (void)index;
    (void)text;
    (void)length;
    if (!check->first_text)
        check->first_text = uv_hrtime();
}

/* Anything but a refusal of the key shows that it was taken. */
static void note_key(struct check *check)
{
    if (!check->key_is_accepted && check->config->key_kind != CONFIG_KEY_NONE)
        check_report_good(&check->report, "key: accepted");
    check->key_is_accepted = true;
}

static void tell_answer(struct check *check, const struct failure *failure)
{
    const char *instrument = check->config->instruments[check->task];
    char tasks[64];

    list_tasks(check, tasks, sizeof(tasks));
    if (failure)
        check_report_problem(&check->report, failure->hint, "%s (%s): %s", instrument, tasks,
                             failure->message);
    else if (check->first_text)
        check_report_good(&check->report, "%s (%s): answers, the first text after %u ms",
                          instrument, tasks, elapsed_ms(check, check->first_text));
    else
        check_report_good(&check->report, "%s (%s): answers, with no text, after %u ms", instrument,
                          tasks, elapsed_ms(check, uv_hrtime()));
}

static void on_call_end(void *context, const struct upstream_result *result)
{
    struct check *check = context;
    const struct failure *failure = result->failure;

    check->call = NULL;
    uv_timer_stop(&check->timer);
    if (failure && (failure->kind == FAILURE_UNAUTHORIZED ||
                    failure->kind == FAILURE_UNCONFIGURED)) {
        check_report_problem(&check->report, failure->hint, "key: %s", failure->message);
        end_upstream(check);
        return;
    }
    if (!failure || failure->status)
        note_key(check);
    tell_answer(check, failure);
    check->task++;
    ask_next(check);
}

static void on_ask_timeout(uv_timer_t *timer)
{
    struct check *check = timer->data;
    struct failure failure;

    upstream_call_cancel(check->call);
    check->call = NULL;
    failure_set(&failure, FAILURE_TIMEOUT, "try again, or choose another instrument",
                "no answer within %u s", ASK_TIMEOUT_MS / 1000);
    tell_answer(check, &failure);
    check->task++;
    ask_next(check);
}

static void ask(struct check *check)
{
    static const struct upstream_callbacks callbacks = {
        .on_text = on_text,
        .on_end = on_call_end,
    };
    static const char question[] = "Answer with the word: ok";
    struct upstream_request request = {
        .config = check->config,
        .task = check->task,
        .background = true, /* what goes wrong is to be seen, not tried again */
    };

    check->began = uv_hrtime();
    check->first_text = 0;
    chat_messages_init(&request.messages);
    chat_messages_add(&request.messages, CHAT_USER, question, strlen(question));
    if (upstream_call_start(check->upstream, &request, &callbacks, check, &check->call) != 0) {
        check_report_problem(&check->report, NULL, "There is not enough memory.");
        end_upstream(check);
        return;
    }
    uv_timer_start(&check->timer, on_ask_timeout, ASK_TIMEOUT_MS, 0);
}

static void ask_next(struct check *check)
{
    while (check->task < TASK_COUNT && was_asked_before(check))
        check->task++;
    if (check->task < TASK_COUNT && check->route.has_key)
        ask(check);
    else
        end_upstream(check);
}

/* ---- list of models -------------------------------------------------------------------------- */

/* What the line of a failed transfer is about. */
static const char *network_subject(const struct check *check, enum transport_status status)
{
    switch (status) {
    case TRANSPORT_CONNECT: /* the port was reached a moment ago; the handshake comes behind that */
        return strcmp(check->route.url.scheme, "https") == 0 ? "TLS" : "connection";
    case TRANSPORT_RESOLVE:
        return "name";
    case TRANSPORT_TLS:
        return "TLS";
    case TRANSPORT_PROXY:
        return "proxy";
    default:
        return "connection";
    }
}

static void tell_reached(struct check *check, long code)
{
    struct chat_model *models = NULL;
    size_t count = 0;
    unsigned after = elapsed_ms(check, uv_hrtime());

    if (strcmp(check->route.url.scheme, "https") == 0)
        check_report_good(&check->report, "TLS: the certificate of %s is good",
                          check->route.url.host);
    if (code == 200 && !buffer_error(&check->models) &&
        chat_models_parse(check->models.data, check->models.length, &models, &count) == 0)
        check_report_good(&check->report, "models: %zu offered, after %u ms", count, after);
    else
        check_report_good(&check->report, "models: none listed (HTTP %ld), after %u ms", code,
                          after);
    free(models);
}

static void on_models_body(void *context, const char *data, size_t length)
{
    struct check *check = context;

    buffer_append(&check->models, data, length);
}

static void on_certificate(void *context, const struct transport_result *result)
{
    struct check *check = context;

    check->transfer = NULL;
    if (result->issuer[0])
        check_report_problem(&check->report, check->tls.hint,
                             "TLS: %.*s (the certificate of %s is signed by \"%s\" and good until %s)",
                             (int)strlen(check->tls.message) - 1, check->tls.message,
                             check->route.url.host, result->issuer, result->expires);
    else
        check_report_problem(&check->report, check->tls.hint, "TLS: %s", check->tls.message);
    end_upstream(check);
}

/* Looks who the server says it is, though that is not believed. */
static bool look_at_certificate(struct check *check, const struct transport_result *result)
{
    static const struct transport_callbacks callbacks = {.on_end = on_certificate};
    struct transport_request request = {
        .url = check->config->base_url,
        .proxy = check->config->proxy,
        .connect_timeout_ms = check->config->connect_timeout_ms,
        .timeout_ms = MODELS_TIMEOUT_MS,
        .certificate_only = true,
    };

    if (result->status != TRANSPORT_TLS || result->tls_fault == TRANSPORT_TLS_HANDSHAKE ||
        result->tls_fault == TRANSPORT_TLS_CA_FILE)
        return false;
    failure_from_transport(&check->tls, check->config->base_url, result);
    return transport_start(check->transport, &request, &callbacks, check, &check->transfer) == 0;
}

static void on_models_end(void *context, const struct transport_result *result)
{
    struct check *check = context;

    check->transfer = NULL;
    if (look_at_certificate(check, result))
        return;
    if (result->status != TRANSPORT_OK) {
        struct failure failure;

        failure_from_transport(&failure, check->config->base_url, result);
        check_report_problem(&check->report, failure.hint, "%s: %s",
                             network_subject(check, result->status),
                             result->status == TRANSPORT_CONNECT ? result->detail
                                                                 : failure.message);
        end_upstream(check);
        return;
    }
    tell_reached(check, result->code);
    ask_next(check);
}

static int ask_for_models(struct check *check)
{
    static const struct transport_callbacks callbacks = {
        .on_body = on_models_body,
        .on_end = on_models_end,
    };
    struct buffer url CLEANUP(buffer_finish);
    struct transport_request request = {
        .proxy = check->config->proxy,
        .ca_file = check->config->ca_file,
        .connect_timeout_ms = check->config->connect_timeout_ms,
        .timeout_ms = MODELS_TIMEOUT_MS,
    };

    buffer_init(&url, BUFFER_CAP);
    buffer_printf(&url, "%s/models", check->config->base_url);
    request.url = url.data;
    check->began = uv_hrtime();
    return buffer_error(&url) ? buffer_error(&url)
                              : transport_start(check->transport, &request, &callbacks, check,
                                                &check->transfer);
}

/* ---- order ----------------------------------------------------------------------------------- */

static void on_network_end(void *context, bool is_reached)
{
    struct check *check = context;
    int error = is_reached ? ask_for_models(check) : 0;

    if (error)
        check_report_problem(&check->report, "try again", "connection: %s", uv_strerror(error));
    if (error || !is_reached)
        end_upstream(check);
}

static int start_network(struct check *check)
{
    struct check_network *network = &check->network;

    network->report = &check->report;
    network->what = check->route.is_proxied ? "the proxy " : "";
    network->hint = check->route.hint;
    memcpy(network->host, check->route.host, sizeof(network->host));
    network->port = check->route.port;
    network->timeout_ms = check->config->connect_timeout_ms;
    network->on_end = on_network_end;
    network->context = check;
    return check_network_start(network, &check->setup->loop);
}

/* All that is under way at once. Where something cannot be begun, it is told and over. */
static void start(struct check *check)
{
    uv_loop_t *loop = &check->setup->loop;
    const struct url *in_use = check->route.has_url ? &check->route.url : NULL;
    int error;

    uv_timer_init(loop, &check->timer);
    check->timer.data = check;
    setup_signals_start(&check->signals, loop, on_signal, check);
    error = transport_create(&check->transport, loop, check->setup->log);
    if (!error)
        error = upstream_create(&check->upstream, loop, check->setup->log, NULL, NULL);
    check->local_is_over =
        error || check->config->sandbox ||
        !check_local_start(&check->local, check->transport, in_use, on_local_end, check);
    check->upstream_is_over = error || !check->route.has_hop;
    if (!check->upstream_is_over) {
        error = start_network(check);
        check->upstream_is_over = error != 0;
    }
    if (error)
        check_report_problem(&check->report, "try again", "connection: %s", uv_strerror(error));
    finish_if_over(check);
}

/* Looking up a name takes half a minute where no name server is reached, and the thread that does it can
 * neither be ended nor left alone: libuv waits for it also in exit(). */
static void run(struct check *check)
{
    const struct cli_output *output = check->report.output;

    while (uv_run(&check->setup->loop, UV_RUN_ONCE)) {
        if (check->is_over && check->network.is_looking_up && !output->is_busy)
            _exit(check->code);
    }
}

int check_run(struct setup *setup, struct cli_output *output)
{
    struct check check = {.setup = setup, .report.output = output};

    check.config = config_store_snapshot(setup->store);
    if (!check.config) {
        setup_complain("There is not enough memory.");
        return SETUP_FAILED;
    }
    buffer_init(&check.models, MODELS_CAP);
    check_settings_tell(&check.report, setup, check.config, &check.route);
    start(&check);
    run(&check);
    buffer_finish(&check.models);
    config_unref(check.config);
    return check.code;
}
