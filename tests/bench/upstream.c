#include "tests/bench/upstream.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/subject.h"

void upstream_open(struct upstream *upstream)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *upstream = (struct upstream){.connection = -1};
    upstream->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (upstream->listener < 0 ||
        bind(upstream->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(upstream->listener, 16) != 0 ||
        getsockname(upstream->listener, (struct sockaddr *)&address, &size) != 0)
        fail("cannot listen");
    upstream->port = ntohs(address.sin_port);
    snprintf(upstream->base_url, sizeof(upstream->base_url), "http://127.0.0.1:%u/v1",
             upstream->port);
}

void upstream_close(struct upstream *upstream)
{
    upstream_hang_up(upstream);
    close(upstream->listener);
}

void upstream_hang_up(struct upstream *upstream)
{
    if (upstream->connection >= 0)
        close(upstream->connection);
    upstream->connection = -1;
}

void upstream_accept(struct upstream *upstream)
{
    int yes = 1;
    if (upstream->connection >= 0)
        return;
    upstream->connection = accept4(upstream->listener, NULL, NULL, SOCK_CLOEXEC);
    if (upstream->connection < 0)
        fail("cannot accept");
    setsockopt(upstream->connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/* The length of the request at the start of `bytes` when it is whole, else 0. */
static size_t whole_request(const struct buffer *bytes)
{
    const char *head_end = strstr(bytes->data, "\r\n\r\n");
    const char *field = strstr(bytes->data, "Content-Length:");
    if (!head_end)
        return 0;
    size_t length = (size_t)(head_end - bytes->data) + 4;
    if (field && field < head_end)
        length += strtoul(field + strlen("Content-Length:"), NULL, 10);
    return bytes->length >= length ? length : 0;
}

void upstream_await_request(struct upstream *upstream)
{
    static char room[65536];
    struct buffer request CLEANUP(buffer_finish);
    buffer_init(&request, BUFFER_CAP);
    while (!whole_request(&request)) {
        upstream_accept(upstream);
        ssize_t count = read(upstream->connection, room, sizeof(room));
        if (count > 0)
            buffer_append(&request, room, (size_t)count);
        else
            upstream_hang_up(upstream); /* it was a kept one, and is given up */
    }
    upstream->request_length = request.length;
}

void upstream_send(struct upstream *upstream, const struct buffer *bytes)
{
    write_all(upstream->connection, bytes->data, bytes->length);
}

/* ---- responses -------------------------------------------------------------------------------- */

void upstream_append_head(struct buffer *out, bool keep)
{
    buffer_printf(out,
                  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                  "Transfer-Encoding: chunked\r\nConnection: %s\r\n\r\n",
                  keep ? "keep-alive" : "close");
}

static void append_event(struct buffer *out, const char *data)
{
    size_t length = strlen(data) + strlen("data: \n\n");
    buffer_printf(out, "%zx\r\ndata: %s\n\n\r\n", length, data);
}

/* As long, and with the same members, as those of servers in use. */
static void append_chunk(struct buffer *out, const char *delta, const char *finish)
{
    char data[1024];
    snprintf(data, sizeof(data),
             "{\"id\":\"chatcmpl-4c1f0a9e7b2d4e63\",\"object\":\"chat.completion.chunk\","
             "\"created\":1790000000,\"model\":\"openai/gpt-oss-120b\",\"choices\":[{\"index\":0,"
             "\"delta\":{%s},\"logprobs\":null,\"finish_reason\":%s}],\"usage\":null}",
             delta, finish);
    append_event(out, data);
}

void upstream_append_delta(struct buffer *out, const char *escaped_text)
{
    char delta[512];
    snprintf(delta, sizeof(delta), "\"content\":\"%s\"", escaped_text);
    append_chunk(out, delta, "null");
}

void upstream_append_end(struct buffer *out)
{
    append_chunk(out, "", "\"stop\"");
    append_event(out, "[DONE]");
    buffer_append_string(out, "0\r\n\r\n");
}
