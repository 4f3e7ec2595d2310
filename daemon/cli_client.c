#include "daemon/cli_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/editor.h"
#include "daemon/server.h"
#include "protocol/uri.h"

#define INITIALIZE_ID 1
#define REQUEST_ID 2
#define WORK_TOKEN "work"
#define PARTIAL_TOKEN "partial"

struct cli_client {
    struct server *server;
    struct editor *pipes; /* our end: framing is the same on both */
    struct cli_client_callbacks callbacks;
    void *context;
    bool has_ended;
    struct buffer body;
    struct json_writer writer;
};

/* ---- out ------------------------------------------------------------------------------------- */

static struct json_writer *begin(struct cli_client *client)
{
    buffer_clear(&client->body);
    json_writer_init(&client->writer, &client->body);
    return &client->writer;
}

static void send_body(struct cli_client *client)
{
    rpc_end(&client->writer);
    editor_send(client->pipes, &client->body);
}

static void write_capabilities(struct json_writer *writer)
{
    json_write_key(writer, "capabilities");
    json_begin_object(writer);
    json_write_key(writer, "general");
    json_begin_object(writer);
    json_write_key(writer, "positionEncodings");
    json_begin_array(writer);
    json_write_string(writer, "utf-32");
    json_end_array(writer);
    json_end_object(writer);
    json_write_key(writer, "workspace");
    json_begin_object(writer);
    json_write_key(writer, "workspaceEdit");
    json_begin_object(writer);
    json_put_bool(writer, "documentChanges", true);
    json_end_object(writer);
    json_end_object(writer);
    json_end_object(writer);
}

static void send_initialize(struct cli_client *client, const char *root_uri)
{
    struct json_writer *writer = begin(client);

    rpc_begin_request(writer, INITIALIZE_ID, "initialize");
    json_begin_object(writer);
    json_write_key(writer, "processId");
    json_write_null(writer);
    json_write_key(writer, "clientInfo");
    json_begin_object(writer);
    json_put_string(writer, "name", "the command line");
    json_end_object(writer);
    json_put_string(writer, "rootUri", root_uri);
    write_capabilities(writer);
    json_end_object(writer);
    send_body(client);

    rpc_begin_notification(begin(client), "initialized");
    json_begin_object(writer);
    json_end_object(writer);
    send_body(client);
}

void cli_client_open(struct cli_client *client, const char *uri, const char *language,
                     const struct buffer *text)
{
    struct json_writer *writer = begin(client);

    rpc_begin_notification(writer, "textDocument/didOpen");
    json_begin_object(writer);
    json_write_key(writer, "textDocument");
    json_begin_object(writer);
    json_put_string(writer, "uri", uri);
    json_put_string(writer, "languageId", language);
    json_put_integer(writer, "version", 1);
    json_put_text(writer, "text", text->data, text->length);
    json_end_object(writer);
    json_end_object(writer);
    send_body(client);
}

struct json_writer *cli_client_begin(struct cli_client *client, const char *method, bool streams)
{
    struct json_writer *writer = begin(client);

    rpc_begin_request(writer, REQUEST_ID, method);
    json_begin_object(writer);
    json_put_string(writer, "workDoneToken", WORK_TOKEN);
    if (streams)
        json_put_string(writer, "partialResultToken", PARTIAL_TOKEN);
    return writer;
}

void cli_client_send(struct cli_client *client)
{
    json_end_object(&client->writer);
    send_body(client);
}

void cli_client_cancel(struct cli_client *client)
{
    struct json_writer *writer = begin(client);

    rpc_begin_notification(writer, "$/cancelRequest");
    json_begin_object(writer);
    json_put_integer(writer, "id", REQUEST_ID);
    json_end_object(writer);
    send_body(client);
}

/* ---- in -------------------------------------------------------------------------------------- */

static void end(struct cli_client *client, const struct cli_answer *answer)
{
    if (client->has_ended)
        return;
    client->has_ended = true;
    client->callbacks.on_end(client->context, answer);
}

static void end_early(struct cli_client *client)
{
    end(client, &(struct cli_answer){
                    .failed = true,
                    .code = RPC_INTERNAL_ERROR,
                    .message = "The session ended before the answer came.",
                    .hint = "",
                    .kind = "",
                });
}

static const char *text_or_empty(const struct json *value)
{
    const char *text = json_string(value);

    return text ? text : "";
}

static void on_response(struct cli_client *client, const struct rpc_message *message)
{
    const struct json *error = message->error;
    struct cli_answer answer = {
        .result = json_is_null(message->result) ? NULL : message->result,
        .failed = error != NULL,
        .message = text_or_empty(json_member(error, "message")),
        .hint = text_or_empty(json_at(error, "data.hint")),
        .kind = text_or_empty(json_at(error, "data.kind")),
    };
    int64_t code = RPC_INTERNAL_ERROR;

    json_integer(json_member(error, "code"), &code);
    answer.code = (enum rpc_code)code;
    if (message->own_id == REQUEST_ID || (message->own_id == INITIALIZE_ID && error))
        end(client, &answer);
}

static void on_progress(struct cli_client *client, const struct json *params)
{
    const char *token = text_or_empty(json_member(params, "token"));
    const struct json *value = json_member(params, "value");
    const char *kind = text_or_empty(json_member(value, "kind"));
    const char *text = json_string(json_member(value, "text"));
    const char *note = json_string(json_member(value, "message"));

    if (strcmp(token, PARTIAL_TOKEN) == 0 && text)
        client->callbacks.on_text(client->context, text, strlen(text));
    else if (strcmp(token, WORK_TOKEN) == 0 && strcmp(kind, "report") == 0 && note)
        client->callbacks.on_note(client->context, note);
}

static void on_notification(struct cli_client *client, const struct rpc_message *message)
{
    const char *text = json_string(json_member(message->params, "message"));

    if (strcmp(message->method, "$/progress") == 0)
        on_progress(client, message->params);
    else if (strcmp(message->method, "window/showMessage") == 0 && text)
        client->callbacks.on_message(client->context, text);
}

/* It asks for nothing that we said we could: its settings are in the store already. */
static void refuse(struct cli_client *client, const struct rpc_message *message)
{
    rpc_begin_error(begin(client), &message->id, RPC_METHOD_NOT_FOUND,
                    "The command line does not do this.", false);
    rpc_end_error(&client->writer);
    editor_send(client->pipes, &client->body);
}

static void on_message(void *context, const char *body, size_t length)
{
    struct cli_client *client = context;
    struct rpc_message message;

    if (rpc_message_parse(&message, body, length) != 0) {
        end_early(client);
        return;
    }
    switch (message.kind) {
    case RPC_REQUEST:
        refuse(client, &message);
        break;
    case RPC_NOTIFICATION:
        on_notification(client, &message);
        break;
    case RPC_RESPONSE:
        on_response(client, &message);
        break;
    case RPC_INVALID:
        end_early(client);
        break;
    }
    rpc_message_finish(&message);
}

static void on_idle(void *context)
{
    (void)context;
}

static void on_pipes_end(void *context, const char *fault)
{
    (void)fault;
    end_early(context);
}

static void on_over(void *context, bool clean)
{
    (void)clean;
    end_early(context);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void close_pair(uv_file pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

/* Connects a server and our end by two pipes, each of which belongs to what reads or writes it. */
static int connect_both(struct cli_client *client, struct setup *setup)
{
    static const struct editor_callbacks callbacks = {
        .on_message = on_message,
        .on_idle = on_idle,
        .on_end = on_pipes_end,
    };
    struct server_options options = {
        .log = setup->log,
        .config_store = setup->store,
        .on_over = on_over,
        .context = client,
    };
    uv_file there[2];
    uv_file back[2];
    int error = uv_pipe(there, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);

    if (error)
        return error;
    error = uv_pipe(back, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE);
    if (error) {
        close_pair(there);
        return error;
    }
    error = editor_create(&client->pipes, &setup->loop, back[0], there[1], &callbacks, client);
    if (error) {
        close_pair(there);
        close_pair(back);
        return error;
    }
    options.input = there[0];
    options.output = back[1];
    return server_create(&client->server, &setup->loop, &options);
}

int cli_client_start(struct cli_client **out, struct setup *setup, const char *root,
                     const struct cli_client_callbacks *callbacks, void *context)
{
    struct cli_client *client = calloc(1, sizeof(*client));
    char *uri CLEANUP(cleanup_free) = uri_from_path(root);
    int error = -ENOMEM;

    *out = NULL;
    if (client && uri) {
        client->callbacks = *callbacks;
        client->context = context;
        buffer_init(&client->body, BUFFER_CAP);
        error = connect_both(client, setup);
    }
    if (error) {
        cli_client_close(client);
        return error;
    }
    send_initialize(client, uri);
    *out = client;
    return 0;
}

void cli_client_close(struct cli_client *client)
{
    if (!client)
        return;
    server_close(client->server);
    editor_close(client->pipes);
    buffer_finish(&client->body);
    free(client);
}
