#include "daemon/check_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/chat.h"

#define DEADLINE_MS 1000u
#define BODY_CAP ((size_t)1 << 20)

static const struct {
    unsigned port;
    const char *name;
} known[CHECK_LOCAL_COUNT] = {
    {8080, "llama.cpp"},
    {11434, "Ollama"},
    {1234, "LM Studio"},
};

static void on_body(void *context, const char *data, size_t length)
{
    struct check_local_server *server = context;

    buffer_append(&server->body, data, length);
}

static void read_models(struct check_local_server *server)
{
    struct chat_model *models = NULL;

    if (buffer_error(&server->body) == 0 &&
        chat_models_parse(server->body.data, server->body.length, &models,
                          &server->model_count) == 0 &&
        server->model_count > 0)
        memcpy(server->model, models[0].id, sizeof(server->model));
    free(models);
}

static void on_end(void *context, const struct transport_result *result)
{
    struct check_local_server *server = context;
    struct check_local *local = server->local;

    server->transfer = NULL;
    if (result->status == TRANSPORT_OK && result->code == 200)
        read_models(server);
    if (--local->open_count == 0)
        local->on_end(local->context);
}

static void ask(struct check_local_server *server, struct transport *transport, unsigned port)
{
    static const struct transport_callbacks callbacks = {.on_body = on_body, .on_end = on_end};
    char url[64];
    const struct transport_request request = {
        .url = url,
        .proxy = "",
        .connect_timeout_ms = DEADLINE_MS,
        .timeout_ms = DEADLINE_MS,
    };

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/models", port);
    if (transport_start(transport, &request, &callbacks, server, &server->transfer) == 0)
        server->local->open_count++;
}

bool check_local_start(struct check_local *local, struct transport *transport,
                       const struct url *in_use, void (*on_local_end)(void *context),
                       void *context)
{
    local->on_end = on_local_end;
    local->context = context;
    for (size_t i = 0; i < CHECK_LOCAL_COUNT; i++) {
        struct check_local_server *server = &local->servers[i];

        server->local = local;
        buffer_init(&server->body, BODY_CAP);
        if (!in_use || !url_is_loopback(in_use) || in_use->port != known[i].port)
            ask(server, transport, known[i].port);
    }
    return local->open_count > 0;
}

void check_local_stop(struct check_local *local)
{
    for (size_t i = 0; i < CHECK_LOCAL_COUNT; i++) {
        struct check_local_server *server = &local->servers[i];

        if (!server->local)
            continue;
        transfer_cancel(server->transfer);
        server->transfer = NULL;
        buffer_finish(&server->body);
    }
}

void check_local_tell(const struct check_local *local, struct check_report *report)
{
    for (size_t i = 0; i < CHECK_LOCAL_COUNT; i++) {
        const struct check_local_server *server = &local->servers[i];

        if (server->model_count > 0)
            check_report_offer(report,
                               "local server: %s's port %u answers, with %zu model%s; to use it, "
                               "set base_url to \"http://127.0.0.1:%u/v1\" and instruments to "
                               "names such as \"%s\"",
                               known[i].name, known[i].port, server->model_count,
                               server->model_count == 1 ? "" : "s", known[i].port, server->model);
    }
}
