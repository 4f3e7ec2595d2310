#ifndef GRIDLS_TESTS_HTTP_FIXTURE_H
#define GRIDLS_TESTS_HTTP_FIXTURE_H

/* A small HTTP server on the test's own loop: for each request that is whole it writes the next of
 * its answers, byte by byte as they stand, and keeps what was asked. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "protocol/buffer.h"

#define HTTP_ASKED_MAX 16
#define HTTP_DEADLINE_MS 20000

/* The head of an answer whose end is the connection's. */
#define HTTP_HEAD(status, type) \
    "HTTP/1.1 " status "\r\nContent-Type: " type "\r\nConnection: close\r\n\r\n"

struct http_answer {
    const char *bytes; /* NULL: none, the request hangs */
    bool keep;         /* the connection stays open */
};

struct http_fixture {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_timer_t deadline;
    const struct http_answer *answers;
    size_t answer_count;
    bool reset; /* what is not kept ends with a reset; until the next script */
    int open_files; /* of the process, before anything was done */
    bool early; /* heads alone are answered, and nothing behind them is read; until the next script */
    struct buffer asked[HTTP_ASKED_MAX]; /* whole requests */
    size_t asked_count;
    size_t connection_count;
    struct http_connection *first;
    char origin[64]; /* "http://127.0.0.1:PORT" */
};

struct http_connection {
    uv_tcp_t stream;
    struct http_fixture *server;
    struct http_connection *next;
    struct buffer in;
    bool closing;
    char room[16384];
};

static inline void http_closed(uv_handle_t *handle)
{
    struct http_connection *connection = handle->data;

    buffer_finish(&connection->in);
    free(connection);
}

static inline void http_close(struct http_connection *connection)
{
    struct http_connection **link = &connection->server->first;

    if (connection->closing)
        return;
    connection->closing = true;
    while (*link != connection)
        link = &(*link)->next;
    *link = connection->next;
    if (connection->server->reset)
        uv_tcp_close_reset(&connection->stream, http_closed);
    else
        uv_close((uv_handle_t *)&connection->stream, http_closed);
}

static inline void http_written(uv_write_t *request, int status)
{
    struct http_connection *connection = request->data;

    (void)status;
    free(request);
    http_close(connection);
}

static inline void http_kept(uv_write_t *request, int status)
{
    (void)status;
    free(request);
}

/* The length of the request at the start of what has come, up to its body for an early answer; 0: it is
 * not whole yet. */
static inline size_t http_request_length(const struct buffer *in, bool early)
{
    const char *end = strstr(in->data, "\r\n\r\n");
    const char *length = strcasestr(in->data, "\r\nContent-Length:");
    size_t whole;

    if (!end)
        return 0;
    whole = (size_t)(end - in->data) + 4;
    if (early)
        return whole;
    if (length && length < end)
        whole += strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    return in->length >= whole ? whole : 0;
}

static inline void http_answer(struct http_connection *connection)
{
    struct http_fixture *server = connection->server;
    const struct http_answer *answer = &server->answers[server->asked_count];
    size_t length = http_request_length(&connection->in, server->early);
    uv_write_t *write;
    uv_buf_t bytes;

    if (length == 0)
        return;
    assert_true(server->asked_count < server->answer_count && server->asked_count < HTTP_ASKED_MAX);
    buffer_append(&server->asked[server->asked_count++], connection->in.data, length);
    buffer_consume(&connection->in, length);
    if (server->early)
        uv_read_stop((uv_stream_t *)&connection->stream);
    if (!answer->bytes)
        return;
    write = calloc(1, sizeof(*write));
    assert_non_null(write);
    write->data = connection;
    bytes = uv_buf_init((char *)(uintptr_t)answer->bytes, (unsigned)strlen(answer->bytes));
    uv_write(write, (uv_stream_t *)&connection->stream, &bytes, 1,
             answer->keep ? http_kept : http_written);
}

static inline void http_room(uv_handle_t *handle, size_t size, uv_buf_t *room)
{
    struct http_connection *connection = handle->data;

    (void)size;
    *room = uv_buf_init(connection->room, sizeof(connection->room));
}

static inline void http_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes)
{
    struct http_connection *connection = stream->data;

    if (count < 0) {
        http_close(connection);
        return;
    }
    buffer_append(&connection->in, bytes->base, (size_t)count);
    http_answer(connection);
}

static inline void http_connected(uv_stream_t *listener, int status)
{
    struct http_fixture *server = listener->data;
    struct http_connection *connection = calloc(1, sizeof(*connection));

    assert_int_equal(status, 0);
    assert_non_null(connection);
    connection->server = server;
    connection->stream.data = connection;
    buffer_init(&connection->in, BUFFER_CAP);
    uv_tcp_init(&server->loop, &connection->stream);
    connection->next = server->first;
    server->first = connection;
    server->connection_count++;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&connection->stream), 0);
    uv_read_start((uv_stream_t *)&connection->stream, http_room, http_read);
}

static inline void http_too_late(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the deadline has passed");
}

static inline int http_open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static inline void http_start(struct http_fixture *server)
{
    struct sockaddr_in address;
    int length = sizeof(address);

    memset(server, 0, sizeof(*server));
    for (size_t i = 0; i < HTTP_ASKED_MAX; i++)
        buffer_init(&server->asked[i], BUFFER_CAP);
    /* The first loop of a process opens what all share. */
    assert_int_equal(uv_loop_init(&server->loop), 0);
    assert_int_equal(uv_loop_close(&server->loop), 0);
    server->open_files = http_open_files();
    assert_int_equal(uv_loop_init(&server->loop), 0);
    uv_timer_init(&server->loop, &server->deadline);
    uv_timer_start(&server->deadline, http_too_late, HTTP_DEADLINE_MS, 0);
    uv_unref((uv_handle_t *)&server->deadline);
    uv_tcp_init(&server->loop, &server->listener);
    server->listener.data = server;
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_tcp_bind(&server->listener, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->listener, 16, http_connected), 0);
    uv_tcp_getsockname(&server->listener, (struct sockaddr *)&address, &length);
    snprintf(server->origin, sizeof(server->origin), "http://127.0.0.1:%u",
             (unsigned)ntohs(address.sin_port));
}

/* The answers to the requests that come, in order. */
static inline void http_script(struct http_fixture *server, const struct http_answer *answers,
                               size_t count)
{
    for (size_t i = 0; i < server->asked_count; i++)
        buffer_clear(&server->asked[i]);
    server->asked_count = 0;
    server->answers = answers;
    server->early = server->reset = false;
    server->answer_count = count;
}

#define HTTP_SCRIPT(server, ...)                                                     \
    http_script(server, (const struct http_answer[]){__VA_ARGS__},                   \
                sizeof((const struct http_answer[]){__VA_ARGS__}) / sizeof(struct http_answer))

/* Runs the loop until `*done` is set. */
static inline void http_run(struct http_fixture *server, const bool *done)
{
    while (!*done)
        uv_run(&server->loop, UV_RUN_ONCE);
}

/* Whatever else runs on the loop was closed before: it ends by itself, and no file is left open. */
static inline void http_stop(struct http_fixture *server)
{
    while (server->first)
        http_close(server->first);
    uv_close((uv_handle_t *)&server->listener, NULL);
    uv_close((uv_handle_t *)&server->deadline, NULL);
    server->reset = false;
    assert_int_equal(uv_run(&server->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&server->loop), 0);
    assert_int_equal(http_open_files(), server->open_files);
    for (size_t i = 0; i < HTTP_ASKED_MAX; i++)
        buffer_finish(&server->asked[i]);
}

#endif
