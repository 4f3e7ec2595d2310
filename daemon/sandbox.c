#include "daemon/sandbox.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/sandbox_chat.h"
#include "daemon/sandbox_http.h"
#include "protocol/buffer.h"

#define CHAT_PATH "/chat/completions"
#define CONNECTIONS_MAX 64
#define TOKENS_MAX 16            /* redirects still to be followed; the oldest goes first */
#define KEY_PREFIX "sandbox-"
#define SECRET_BYTES 16
#define SECRET_LENGTH (2 * SECRET_BYTES)
#define READ_BYTES ((size_t)64 << 10)
#define PIPELINED_CAP ((size_t)64 << 10)
#define WRITE_CAP ((size_t)128 << 20)
#define REQUEST_TIMEOUT_MS 120000 /* from one answer to the end of the next request */
#define WRITE_TIMEOUT_MS 20000   /* for a client that does not read */
#define LINGER_TIMEOUT_MS 1000

struct sandbox {
    uv_loop_t *loop;
    uv_tcp_t listener;
    struct log *log;
    struct connection *connections;
    unsigned connection_count;
    unsigned port;
    bool listener_open; /* until its close callback */
    uint64_t answers;
    char base_url[48];
    char key[sizeof(KEY_PREFIX) + SECRET_LENGTH];
    char tokens[TOKENS_MAX][SECRET_LENGTH + 1]; /* "" where the place is free */
    unsigned next_token;
    char read_buffer[READ_BYTES]; /* libuv fills it and hands it over at once: one is enough */
};

enum connection_state {
    CONNECTION_READING,   /* waits for a request, or for the rest of one */
    CONNECTION_ANSWERING, /* the response is on its way: whole, or as an event stream */
    CONNECTION_LINGERING, /* all is written; waits for the client to close (RFC 9112, 9.6) */
    CONNECTION_CLOSING,
};

struct connection {
    struct sandbox *sandbox;
    struct connection *previous;
    struct connection *next;
    enum connection_state state;
    unsigned open_handles;
    uv_tcp_t tcp;
    uv_timer_t timer; /* what it is for follows from the state: a deadline, or the stream's pace */
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct sandbox_http http;
    struct buffer pipelined; /* what came behind the request that is being answered */
    struct buffer out;       /* what is being written */
    bool streaming;          /* an event stream has more to say */
    struct sandbox_reply reply;
};

static void read_requests(struct connection *connection, const char *data, size_t length);

/* ---- secrets ------------------------------------------------------------------------------- */

/* Writes SECRET_LENGTH random hexadecimal digits and a NUL. */
static int make_secret(char *out)
{
    unsigned char bytes[SECRET_BYTES];
    int error = uv_random(NULL, NULL, bytes, sizeof(bytes), 0, NULL);
    size_t i;

    for (i = 0; !error && i < sizeof(bytes); i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return error;
}

/* Takes as long wherever the texts differ. */
static bool is_secret(const char *secret, const char *given, size_t length)
{
    volatile unsigned char difference = 0;
    size_t i;

    if (length == 0 || strlen(secret) != length)
        return false;
    for (i = 0; i < length; i++)
        difference |= (unsigned char)(secret[i] ^ given[i]);
    return difference == 0;
}

static bool has_key(const struct connection *connection)
{
    static const char scheme[] = "Bearer ";
    const char *given = connection->http.authorization;

    if (strncasecmp(given, scheme, sizeof(scheme) - 1) != 0)
        return false;
    given += sizeof(scheme) - 1;
    return is_secret(connection->sandbox->key, given, strlen(given));
}

/* A token is good for one request. */
static bool use_token(struct sandbox *sandbox, const char *given)
{
    size_t i;

    for (i = 0; i < TOKENS_MAX; i++) {
        if (is_secret(sandbox->tokens[i], given, strlen(given))) {
            sandbox->tokens[i][0] = '\0';
            return true;
        }
    }
    return false;
}

/* ---- the end of a connection ---------------------------------------------------------------- */

/* The sandbox goes with the last of its handles. */
static void free_when_closed(struct sandbox *sandbox)
{
    if (sandbox->listener_open || sandbox->connection_count > 0)
        return;
    explicit_bzero(sandbox, sizeof(*sandbox));
    free(sandbox);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct sandbox *sandbox = connection->sandbox;

    if (--connection->open_handles > 0)
        return;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        sandbox->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    sandbox_http_finish(&connection->http);
    sandbox_reply_finish(&connection->reply);
    buffer_finish(&connection->pipelined);
    buffer_finish(&connection->out);
    free(connection);
    sandbox->connection_count--;
    free_when_closed(sandbox);
}

static void close_connection(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSING)
        return;
    connection->state = CONNECTION_CLOSING;
    uv_close((uv_handle_t *)&connection->tcp, on_handle_closed);
    uv_close((uv_handle_t *)&connection->timer, on_handle_closed);
}

static void on_deadline(uv_timer_t *timer)
{
    close_connection(timer->data);
}

/* Starting a timer fails only where its handle is being closed, and then nothing is left to do. */
static void set_deadline(struct connection *connection, uint64_t timeout_ms)
{
    (void)uv_timer_start(&connection->timer, on_deadline, timeout_ms, 0);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void on_pace(uv_timer_t *timer);

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    (void)shutdown;
    (void)status; /* The deadline closes what did not shut down. */
}

/* Closing at once while the client still sends could reset the connection before it has read the
 * answer: so the sending side ends first. */
static void linger(struct connection *connection)
{
    connection->state = CONNECTION_LINGERING;
    set_deadline(connection, LINGER_TIMEOUT_MS);
    if (uv_shutdown(&connection->shutdown, (uv_stream_t *)&connection->tcp, on_shutdown))
        close_connection(connection);
}

static void begin_next_request(struct connection *connection)
{
    struct buffer pipelined = connection->pipelined;

    sandbox_reply_finish(&connection->reply);
    sandbox_http_next(&connection->http);
    connection->state = CONNECTION_READING;
    set_deadline(connection, REQUEST_TIMEOUT_MS);
    /* Reading puts what lies behind the next request back into the connection. */
    buffer_init(&connection->pipelined, PIPELINED_CAP);
    if (pipelined.length > 0)
        read_requests(connection, pipelined.data, pipelined.length);
    buffer_finish(&pipelined);
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *connection = write->data;

    if (connection->state == CONNECTION_CLOSING)
        return;
    buffer_clear(&connection->out);
    if (status)
        close_connection(connection);
    else if (connection->streaming)
        (void)uv_timer_start(&connection->timer, on_pace,
                             sandbox_reply_pace_ms(&connection->reply), 0);
    else if (connection->http.keep_alive)
        begin_next_request(connection);
    else
        linger(connection);
}

/* Writes what is in `out`; on_written() goes on from there. */
static void write_out(struct connection *connection)
{
    uv_buf_t bytes = uv_buf_init(connection->out.data, (unsigned)connection->out.length);

    connection->state = CONNECTION_ANSWERING;
    set_deadline(connection, WRITE_TIMEOUT_MS);
    if (buffer_error(&connection->out) ||
        uv_write(&connection->write, (uv_stream_t *)&connection->tcp, &bytes, 1, on_written))
        close_connection(connection);
}

/* Each turn one event, as a chunk of its own; behind the last one the end. */
static void on_pace(uv_timer_t *timer)
{
    struct connection *connection = timer->data;
    struct buffer event CLEANUP(buffer_finish);

    buffer_init(&event, WRITE_CAP);
    connection->streaming = sandbox_reply_next_event(&connection->reply, &event);
    if (connection->streaming)
        sandbox_http_chunk(&connection->out, event.data, event.length);
    else
        sandbox_http_end_chunked(&connection->out);
    if (buffer_error(&event))
        close_connection(connection);
    else
        write_out(connection);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void respond(struct connection *connection, int status, const char *type,
                    const char *location, const struct buffer *body)
{
    const struct sandbox_http_head head = {
        .type = type,
        .location = location,
        .keep_alive = connection->http.keep_alive,
    };

    connection->streaming = false;
    sandbox_http_respond(&connection->out, status, &head, body->data, body->length);
    write_out(connection);
}

static void respond_problem(struct connection *connection, int status, const char *detail)
{
    struct buffer body CLEANUP(buffer_finish);

    buffer_init(&body, BUFFER_CAP);
    sandbox_problem_append(&body, detail);
    respond(connection, status, "application/json", NULL, &body);
}

static void answer_models(struct connection *connection)
{
    struct buffer body CLEANUP(buffer_finish);

    buffer_init(&body, BUFFER_CAP);
    sandbox_models_append(&body);
    respond(connection, 200, "application/json", NULL, &body);
}

/* The Grid answers an inference post with a redirect that carries a token. */
static void answer_redirect(struct connection *connection)
{
    static const char page[] = "<html><body>You are being redirected.</body></html>\n";
    struct sandbox *sandbox = connection->sandbox;
    char *token = sandbox->tokens[sandbox->next_token++ % TOKENS_MAX];
    struct buffer location CLEANUP(buffer_finish);
    struct buffer body CLEANUP(buffer_finish);

    buffer_init(&location, 256);
    buffer_init(&body, sizeof(page));
    buffer_append_string(&body, page);
    if (make_secret(token)) {
        token[0] = '\0';
        respond_problem(connection, 500, "The sandbox got no random bytes.");
        return;
    }
    buffer_printf(&location, "http://127.0.0.1:%u/r/v1" CHAT_PATH "?token=%s", sandbox->port,
                  token);
    if (buffer_error(&location))
        close_connection(connection);
    else
        respond(connection, 307, "text/html; charset=utf-8", location.data, &body);
}

static void answer_chat(struct connection *connection, const struct sandbox_chat *chat)
{
    const struct sandbox_http_head head = {
        .type = "text/event-stream; charset=utf-8",
        .keep_alive = connection->http.keep_alive,
    };
    struct sandbox_reply *reply = &connection->reply;
    struct buffer body CLEANUP(buffer_finish);

    buffer_init(&body, WRITE_CAP);
    if (sandbox_reply_make(reply, chat, ++connection->sandbox->answers, (int64_t)time(NULL))) {
        respond_problem(connection, 500, "The sandbox ran out of memory.");
        return;
    }
    if (chat->stream) {
        connection->streaming = true;
        sandbox_http_begin_chunked(&connection->out, &head);
        write_out(connection);
    } else if (sandbox_reply_append_whole(reply, &body)) {
        respond_problem(connection, 500, "The sandbox ran out of memory.");
    } else {
        respond(connection, 200, "application/json", NULL, &body);
    }
}

/* Both hops check all that there is to check, as two servers would. `token` NULL: the first hop. */
static void answer_inference(struct connection *connection, const char *token)
{
    struct sandbox_chat chat;
    struct buffer problem CLEANUP(buffer_finish);
    int status;

    buffer_init(&problem, 1024);
    if (!has_key(connection)) {
        respond_problem(connection, 401, "The key is not the sandbox's.");
        return;
    }
    if (token && !use_token(connection->sandbox, token)) {
        respond_problem(connection, 401, "The redirect's token is unknown or was used before.");
        return;
    }
    status = sandbox_chat_read(&chat, connection->http.body.data, connection->http.body.length,
                               &problem);
    if (status != 200)
        respond_problem(connection, status, problem.data);
    else if (token)
        answer_chat(connection, &chat);
    else
        answer_redirect(connection);
    sandbox_chat_finish(&chat);
}

static void answer_request(struct connection *connection)
{
    static const char second_hop[] = "/r/v1" CHAT_PATH "?token=";
    const char *target = connection->http.target;
    bool get = strcmp(connection->http.method, "GET") == 0;
    bool post = strcmp(connection->http.method, "POST") == 0;

    if (!get && !post) {
        /* Also HEAD, whose answer must have no body: after the close nobody can take it for one. */
        connection->http.keep_alive = false;
        respond_problem(connection, 405, "The sandbox knows GET and POST.");
    } else if (get && strcmp(target, "/v1/models") == 0) {
        answer_models(connection);
    } else if (post && strcmp(target, "/v1" CHAT_PATH) == 0) {
        answer_inference(connection, NULL);
    } else if (post && strncmp(target, second_hop, sizeof(second_hop) - 1) == 0) {
        answer_inference(connection, target + sizeof(second_hop) - 1);
    } else {
        respond_problem(connection, 404, "The sandbox has nothing at this path.");
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static void read_requests(struct connection *connection, const char *data, size_t length)
{
    size_t used = 0;

    switch (sandbox_http_feed(&connection->http, data, length, &used)) {
    case SANDBOX_HTTP_MORE:
        return;
    case SANDBOX_HTTP_REFUSED:
        respond_problem(connection, connection->http.status, "This is no request that is served.");
        return;
    case SANDBOX_HTTP_REQUEST:
        break;
    }
    if (buffer_append(&connection->pipelined, data + used, length - used))
        close_connection(connection);
    else
        answer_request(connection);
}

static void on_read_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(connection->sandbox->read_buffer, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;

    /* A client that has gone wants no answer any more. */
    if (count < 0)
        close_connection(connection);
    else if (count > 0 && connection->state == CONNECTION_READING)
        read_requests(connection, buffer->base, (size_t)count);
    else if (count > 0 && connection->state == CONNECTION_ANSWERING &&
             connection->http.keep_alive &&
             buffer_append(&connection->pipelined, buffer->base, (size_t)count))
        close_connection(connection);
}

/* ---- listening ----------------------------------------------------------------------------- */

static struct connection *create_connection(struct sandbox *sandbox)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    connection->sandbox = sandbox;
    connection->tcp.data = connection;
    connection->timer.data = connection;
    connection->write.data = connection;
    sandbox_http_init(&connection->http);
    buffer_init(&connection->pipelined, PIPELINED_CAP);
    buffer_init(&connection->out, WRITE_CAP);
    buffer_init(&connection->reply.text, 0);
    if (uv_tcp_init(sandbox->loop, &connection->tcp)) {
        free(connection);
        return NULL;
    }
    uv_timer_init(sandbox->loop, &connection->timer);
    connection->open_handles = 2;
    connection->next = sandbox->connections;
    if (connection->next)
        connection->next->previous = connection;
    sandbox->connections = connection;
    sandbox->connection_count++;
    return connection;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct sandbox *sandbox = listener->data;
    struct connection *connection;

    if (status)
        return;
    connection = create_connection(sandbox);
    if (!connection)
        return;
    set_deadline(connection, REQUEST_TIMEOUT_MS);
    /* Too many are taken and closed at once: left alone they would wait in the system's queue. */
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) ||
        sandbox->connection_count > CONNECTIONS_MAX ||
        uv_tcp_nodelay(&connection->tcp, 1) ||
        uv_read_start((uv_stream_t *)&connection->tcp, on_read_buffer, on_read)) {
        log_write(sandbox->log, LOG_WARN, "sandbox: a connection was turned away");
        close_connection(connection);
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct sandbox *sandbox = handle->data;

    sandbox->listener_open = false;
    free_when_closed(sandbox);
}

static int start_listening(struct sandbox *sandbox)
{
    struct sockaddr_in address;
    int length = sizeof(address);
    int error = uv_ip4_addr("127.0.0.1", 0, &address);

    if (!error)
        error = uv_tcp_bind(&sandbox->listener, (const struct sockaddr *)&address, 0);
    if (!error)
        error = uv_listen((uv_stream_t *)&sandbox->listener, CONNECTIONS_MAX, on_connection);
    if (!error)
        error = uv_tcp_getsockname(&sandbox->listener, (struct sockaddr *)&address, &length);
    if (error)
        return error;
    sandbox->port = ntohs(address.sin_port);
    snprintf(sandbox->base_url, sizeof(sandbox->base_url), "http://127.0.0.1:%u/v1",
             sandbox->port);
    return 0;
}

int sandbox_start(struct sandbox **out, uv_loop_t *loop, struct log *log)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    int error;

    *out = NULL;
    if (!sandbox)
        return -ENOMEM;
    sandbox->loop = loop;
    sandbox->log = log;
    sandbox->listener.data = sandbox;
    memcpy(sandbox->key, KEY_PREFIX, strlen(KEY_PREFIX));
    error = make_secret(sandbox->key + strlen(KEY_PREFIX));
    if (!error)
        error = uv_tcp_init(loop, &sandbox->listener);
    if (error) {
        free(sandbox);
        return error;
    }
    sandbox->listener_open = true;
    error = start_listening(sandbox);
    if (error) {
        sandbox_stop(sandbox);
        return error;
    }
    if (log)
        log_add_secret(log, sandbox->key);
    log_write(log, LOG_DEBUG, "sandbox: listens on 127.0.0.1:%u", sandbox->port);
    *out = sandbox;
    return 0;
}

const char *sandbox_base_url(const struct sandbox *sandbox)
{
    return sandbox->base_url;
}

const char *sandbox_key(const struct sandbox *sandbox)
{
    return sandbox->key;
}

void sandbox_stop(struct sandbox *sandbox)
{
    struct connection *connection;

    if (!sandbox)
        return;
    for (connection = sandbox->connections; connection; connection = connection->next)
        close_connection(connection);
    uv_close((uv_handle_t *)&sandbox->listener, on_listener_closed);
}
