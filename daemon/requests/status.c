#include "daemon/requests/status.h"

#include <stdio.h>
#include <string.h>

#include "daemon/editor.h"
#include "daemon/upstream.h"

static void write_status(struct services *services, const struct config *config,
                         struct json_writer *writer)
{
    struct upstream_totals totals = upstream_totals(services->upstream);
    json_begin_object(writer);
    json_put_string(writer, "state",
                    upstream_state_name(upstream_state(services->upstream, config)));
    json_put_string(writer, "message", upstream_state_message(services->upstream, config));
    json_write_key(writer, "usage");
    json_begin_object(writer);
    json_put_integer(writer, "requests", totals.requests);
    json_put_integer(writer, "promptTokens", totals.prompt_tokens);
    json_put_integer(writer, "completionTokens", totals.completion_tokens);
    json_end_object(writer);
    json_end_object(writer);
}

void status_request(struct services *services, struct request *request, const void *params)
{
    (void)params;
    struct config *config = config_ref(request->config);
    write_status(services, config, request_begin_result(request));
    request_end_result(request);
    config_unref(config);
}

void status_notify(struct services *services)
{
    struct buffer body;
    struct json_writer writer;
    if (!services->session.ready || services->session.state != SESSION_INITIALIZED)
        return;
    struct config *config = services_config(services);
    if (!config)
        return;
    enum upstream_state state = upstream_state(services->upstream, config);
    const char *message = upstream_state_message(services->upstream, config);
    if (state == services->told_state && strcmp(message, services->told_message) == 0) {
        config_unref(config);
        return;
    }
    services->told_state = state;
    snprintf(services->told_message, sizeof(services->told_message), "%s", message);
    buffer_init(&body, BUFFER_CAP);
    json_writer_init(&writer, &body);
    rpc_begin_notification(&writer, "gridls/status");
    write_status(services, config, &writer);
    rpc_end(&writer);
    editor_send(services->editor, &body);
    config_unref(config);
}
