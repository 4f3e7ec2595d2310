#include "daemon/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/failure.h"
#include "daemon/transport.h"
#include "daemon/upstream.h"
#include "protocol/chat.h"
#include "protocol/oneline.h"
#include "protocol/url.h"

#define MODELS_TIMEOUT_MS 30000u
#define MODELS_CAP ((size_t)4 << 20)

struct check {
    struct setup *setup;
    struct cli_output *output;
    struct setup_signals signals;
    struct config *config;
    struct transport *transport; /* for the list of models; calls go through the upstream */
    struct transfer *transfer;
    struct upstream *upstream;
    struct upstream_call *call;
    struct buffer models;
    uint64_t started;     /* uv_hrtime() of the step under way */
    uint64_t first_text;  /* of its first text; 0: none came */
    enum task task;       /* whose instrument is asked */
    bool key_accepted;
    unsigned problems;
    int code;
};

/* ---- lines ----------------------------------------------------------------------------------- */

static void say(struct check *check, const char *mark, const char *text)
{
    char line[2048];

    oneline_copy(line, sizeof(line), text, strlen(text));
    cli_output_printf(check->output, "%-8s %s\n", mark, line);
}

static void good(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void problem(struct check *check, const char *hint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void good(struct check *check, const char *format, ...)
{
    char text[1536];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    say(check, "ok", text);
}

static void problem(struct check *check, const char *hint, const char *format, ...)
{
    char text[1536];
    char line[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    snprintf(line, sizeof(line), "%s%s%s", text, hint && *hint ? " – " : "", hint ? hint : "");
    say(check, "problem", line);
    check->problems++;
}

static unsigned elapsed_ms(const struct check *check, uint64_t until)
{
    return (unsigned)((until - check->started) / 1000000);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void check_file(struct check *check)
{
    const struct setup *setup = check->setup;

    if (!setup->config_path)
        good(check, "settings: no place for a file, as there is no home folder");
    else
        good(check, "settings: %s%s", setup->config_path,
             setup->config_exists ? "" : " (not there: built-in values and the environment)");
}

static void check_base_url(struct check *check)
{
    const struct config *config = check->config;
    const char *from = config->sandbox                ? "sandbox"
                       : config->base_url_is_explicit ? "set"
                                                      : "built in";

    if (!config->base_url)
        problem(check, "set base_url to an address such as https://api.thegrid.ai/v1",
                "base URL: %s", config->base_url_fault);
    else if (config->base_url_repairs)
        good(check, "base URL: %s (%s; repaired: %s)", config->base_url, from,
             config->base_url_repairs);
    else
        good(check, "base URL: %s (%s)", config->base_url, from);
}

/* The first of the variables that libcurl looks at, and so do we. */
static const char *proxy_variable(void)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return names[i];
    }
    return NULL;
}

/* Never with the user and the password that it may hold. */
static void check_proxy(struct check *check)
{
    const char *proxy = check->config->proxy;
    const char *at = proxy ? strrchr(proxy, '@') : NULL;
    const char *variable = proxy_variable();

    if (proxy)
        good(check, "proxy: %s (network.proxy)", at ? at + 1 : proxy);
    else if (variable)
        good(check, "proxy: from the environment (%s)", variable);
    else
        good(check, "proxy: none");
}

static void check_key(struct check *check)
{
    const struct config *config = check->config;
    struct failure failure;

    if (config->key_kind != CONFIG_KEY_NONE)
        good(check, "key: set (from %s)", config->key_source);
    else if (config->key_withheld)
        problem(check, "set a key for this base URL",
                "key: the one from %s is another provider's, so it is not sent",
                config->key_withheld);
    else if (config->base_url && failure_from_config(&failure, config))
        problem(check, failure.hint, "key: %s", failure.message);
    else
        good(check, "key: none");
}

/* ---- end ------------------------------------------------------------------------------------- */

static void finish(struct check *check, int code)
{
    check->code = code;
    transfer_cancel(check->transfer);
    check->transfer = NULL;
    upstream_call_cancel(check->call);
    check->call = NULL;
    transport_close(check->transport);
    check->transport = NULL;
    upstream_close(check->upstream);
    check->upstream = NULL;
    setup_signals_stop(&check->signals);
    setup_stop(check->setup);
}

static void finish_by_problems(struct check *check)
{
    finish(check, check->problems > 0 ? SETUP_FAILED : SETUP_DONE);
}

static void on_signal(void *context, int number)
{
    finish(context, 128 + number);
}

/* ---- instruments ----------------------------------------------------------------------------- */

static bool was_asked_before(const struct check *check)
{
    for (size_t i = 0; i < check->task; i++) {
        if (strcmp(check->config->instruments[i], check->config->instruments[check->task]) == 0)
            return true;
    }
    return false;
}

static void ask_next(struct check *check);

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
    if (!check->key_accepted && check->config->key_kind != CONFIG_KEY_NONE)
        good(check, "key: accepted");
    check->key_accepted = true;
}

static void on_call_end(void *context, const struct upstream_result *result)
{
    struct check *check = context;
    const struct failure *failure = result->failure;

    check->call = NULL;
    if (failure && (failure->kind == FAILURE_UNAUTHORIZED ||
                    failure->kind == FAILURE_UNCONFIGURED)) {
        problem(check, failure->hint, "key: %s", failure->message);
        finish_by_problems(check);
        return;
    }
    if (!failure || failure->status)
        note_key(check);
    if (failure)
        problem(check, failure->hint, "%s: %s", result->instrument, failure->message);
    else if (check->first_text)
        good(check, "%s: answers, the first text after %u ms", result->instrument,
             elapsed_ms(check, check->first_text));
    else
        good(check, "%s: answers, with no text, after %u ms", result->instrument,
             elapsed_ms(check, uv_hrtime()));
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

    check->started = uv_hrtime();
    check->first_text = 0;
    chat_messages_init(&request.messages);
    chat_messages_add(&request.messages, CHAT_USER, question, strlen(question));
    if (upstream_call_start(check->upstream, &request, &callbacks, check, &check->call) != 0) {
        problem(check, NULL, "There is not enough memory.");
        finish_by_problems(check);
    }
}

static void ask_next(struct check *check)
{
    while (check->task < TASK_COUNT && was_asked_before(check))
        check->task++;
    if (check->task < TASK_COUNT)
        ask(check);
    else
        finish_by_problems(check);
}

/* ---- connection ------------------------------------------------------------------------------ */

struct network_problem {
    const char *what;
    const char *hint;
};

static const struct network_problem network_problems[] = {
    [TRANSPORT_CUT] = {"connection: it broke off", "try again"},
    [TRANSPORT_STALE] = {"connection: it broke off", "try again"},
    [TRANSPORT_RESOLVE] = {"name: not found", "check the network connection and base_url"},
    [TRANSPORT_CONNECT] = {"connection: refused or unreachable",
                           "check that the server runs, base_url, and the proxy if there is one"},
    [TRANSPORT_TLS] = {"TLS: failed", "if a company proxy signs connections, set network.ca_file "
                                      "to its certificate"},
    [TRANSPORT_PROXY] = {"proxy: cannot be used", "check network.proxy or HTTPS_PROXY"},
    [TRANSPORT_PROTOCOL] = {"connection: what answers does not speak HTTP", "check base_url"},
    [TRANSPORT_NO_MEMORY] = {"connection: not enough memory", "close other programs"},
    [TRANSPORT_OTHER] = {"connection: failed", "try again"},
};

static void tell_reached(struct check *check, long code)
{
    struct chat_model *models = NULL;
    size_t count = 0;
    struct url url;
    bool is_secure = url_parse(check->config->base_url, &url) == 0 &&
                     strcmp(url.scheme, "https") == 0;
    const char *what = is_secure ? "connection and TLS: good" : "connection: good";

    if (code == 200 && !buffer_error(&check->models) &&
        chat_models_parse(check->models.data, check->models.length, &models, &count) == 0)
        good(check, "%s, %zu models offered, after %u ms", what, count,
             elapsed_ms(check, uv_hrtime()));
    else
        good(check, "%s, no list of models (HTTP %ld), after %u ms", what, code,
             elapsed_ms(check, uv_hrtime()));
    free(models);
}

static void on_models_body(void *context, const char *data, size_t length)
{
    struct check *check = context;

    buffer_append(&check->models, data, length);
}

static void on_models_end(void *context, const struct transport_result *result)
{
    struct check *check = context;

    check->transfer = NULL;
    if (result->status != TRANSPORT_OK) {
        const struct network_problem *network = &network_problems[result->status];

        problem(check, network->hint, "%s, %s: %s", network->what, check->config->base_url,
                result->detail ? result->detail : "no reason is known");
        finish_by_problems(check);
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
    int error;

    buffer_init(&url, BUFFER_CAP);
    buffer_printf(&url, "%s/models", check->config->base_url);
    request.url = url.data;
    error = buffer_error(&url);
    if (!error)
        error = transport_create(&check->transport, &check->setup->loop, check->setup->log);
    if (!error)
        error = upstream_create(&check->upstream, &check->setup->loop, check->setup->log, NULL,
                                NULL);
    check->started = uv_hrtime();
    return error ? error : transport_start(check->transport, &request, &callbacks, check,
                                           &check->transfer);
}

int check_run(struct setup *setup, struct cli_output *output)
{
    struct check check = {.setup = setup, .output = output};
    int error;

    check.config = config_store_snapshot(setup->store);
    if (!check.config) {
        setup_complain("There is not enough memory.");
        return SETUP_FAILED;
    }
    buffer_init(&check.models, MODELS_CAP);
    check_file(&check);
    check_base_url(&check);
    check_proxy(&check);
    check_key(&check);
    if (check.problems > 0) {
        finish_by_problems(&check);
    } else {
        setup_signals_start(&check.signals, &setup->loop, on_signal, &check);
        error = ask_for_models(&check);
        if (error) {
            problem(&check, "try again", "connection: %s", uv_strerror(error));
            finish_by_problems(&check);
        }
    }
    uv_run(&setup->loop, UV_RUN_DEFAULT);
    buffer_finish(&check.models);
    config_unref(check.config);
    return check.code;
}
