#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/sandbox.h"
#include "protocol/chat.h"

#define DEADLINE_NS UINT64_C(20000000000)
#define MODEL "\"model\":\"code-standard\""
#define EXPLAIN                                                                  \
    "\"messages\":[{\"role\":\"user\",\"content\":\"<file language=\\\"c\\\">\\n" \
    "<selection>\\n1 | int f(void)\\n</selection>\\n</file>\"}]"

struct fixture {
    uv_loop_t loop;
    struct sandbox *sandbox;
    uint64_t deadline;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    assert_int_equal(uv_loop_init(&fixture->loop), 0);
    assert_int_equal(sandbox_start(&fixture->sandbox, &fixture->loop, NULL), 0);
    fixture->deadline = uv_hrtime() + DEADLINE_NS;
    *state = fixture;
    return 0;
}

/* The loop ends by itself once all handles are closed, and holds nothing then. */
static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    sandbox_stop(fixture->sandbox);
    assert_int_equal(uv_run(&fixture->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&fixture->loop), 0);
    free(fixture);
    return 0;
}

/* ---- a client ------------------------------------------------------------------------------- */

static int connect_client(struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    unsigned port;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(sscanf(sandbox_base_url(fixture->sandbox), "http://127.0.0.1:%u/v1", &port),
                     1);
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(client, F_SETFL, O_NONBLOCK), 0);
    return client;
}

/* Waits until the server or the client has something to do, and lets the server do it. */
static void turn(struct fixture *fixture, int client, short events)
{
    struct pollfd fds[2] = {
        {.fd = uv_backend_fd(&fixture->loop), .events = POLLIN},
        {.fd = client, .events = events},
    };
    int timeout;

    if (uv_hrtime() > fixture->deadline)
        fail_msg("the deadline has passed");
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
    timeout = uv_backend_timeout(&fixture->loop);
    if (timeout < 0 || timeout > 1000)
        timeout = 1000;
    assert_true(poll(fds, client >= 0 ? 2 : 1, timeout) >= 0);
    uv_run(&fixture->loop, UV_RUN_NOWAIT);
}

static void send_all(struct fixture *fixture, int client, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(client, data, length, MSG_NOSIGNAL);

        if (sent < 0) {
            assert_int_equal(errno, EAGAIN);
            turn(fixture, client, POLLOUT);
            continue;
        }
        data += sent;
        length -= (size_t)sent;
    }
}

/* Reads what comes until `end` stands in it (NULL: until the server closes). Appends to `in`. */
static void receive(struct fixture *fixture, int client, const char *end, struct buffer *in)
{
    char bytes[4096];

    while (!end || !strstr(in->data, end)) {
        ssize_t count = recv(client, bytes, sizeof(bytes), 0);

        if (count == 0) {
            assert_null(end);
            return;
        }
        if (count > 0) {
            assert_int_equal(buffer_append(in, bytes, (size_t)count), 0);
            continue;
        }
        assert_int_equal(errno, EAGAIN);
        turn(fixture, client, POLLIN);
    }
}

static void send_post(struct fixture *fixture, int client, const char *path, const char *key,
                      const char *body)
{
    struct buffer request CLEANUP(buffer_finish);

    buffer_init(&request, BUFFER_CAP);
    buffer_printf(&request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                            "Content-Length: %zu\r\n\r\n%s", path, key, strlen(body), body);
    send_all(fixture, client, request.data, request.length);
}

/* The path and query of the Location header. */
static void take_location(struct fixture *fixture, const struct buffer *response, char path[256])
{
    const char *location = strstr(response->data, "Location: ");
    size_t origin = strlen(sandbox_base_url(fixture->sandbox)) - strlen("/v1");

    assert_non_null(location);
    location += strlen("Location: ");
    assert_memory_equal(location, sandbox_base_url(fixture->sandbox), origin);
    assert_int_equal(sscanf(location + origin, "%255[^\r]", path), 1);
}

/* The first hop; the connection stays open for the second. */
static void redirect(struct fixture *fixture, int client, const char *body, char path[256])
{
    struct buffer response CLEANUP(buffer_finish);

    buffer_init(&response, BUFFER_CAP);
    send_post(fixture, client, "/v1/chat/completions", sandbox_key(fixture->sandbox), body);
    receive(fixture, client, "</html>\n", &response);
    assert_memory_equal(response.data, "HTTP/1.1 307 ", 13);
    take_location(fixture, &response, path);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void assert_status(struct fixture *fixture, int client, int status, const char *detail)
{
    struct buffer response CLEANUP(buffer_finish);
    char line[32];

    buffer_init(&response, BUFFER_CAP);
    receive(fixture, client, "\"}}", &response);
    snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    assert_memory_equal(response.data, line, strlen(line));
    assert_non_null(strstr(response.data, "{\"errors\":{\"detail\":\""));
    assert_non_null(strstr(response.data, detail));
}

static void test_lists_models_without_a_key(void **state)
{
    static const char request[] = "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n";
    struct fixture *fixture = *state;
    struct buffer response CLEANUP(buffer_finish);
    int client = connect_client(fixture);
    size_t i;

    buffer_init(&response, BUFFER_CAP);
    for (i = 0; i < sizeof(request) - 1; i++) {
        send_all(fixture, client, request + i, 1);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    receive(fixture, client, "}]}", &response);
    assert_non_null(strstr(response.data, "{\"object\":\"list\",\"data\":[{\"id\":\"text-stan"));
    close(client);
}

static void test_refuses_wrong_requests(void **state)
{
    struct fixture *fixture = *state;
    const char *key = sandbox_key(fixture->sandbox);
    const char *path = "/v1/chat/completions";
    const char *good = "{" MODEL "," EXPLAIN "}";
    int client = connect_client(fixture);
    char wrong[64];

    /* All on one connection: none of these ends it. */
    snprintf(wrong, sizeof(wrong), "%s", key);
    wrong[strlen(wrong) - 1] ^= 1;
    send_post(fixture, client, path, wrong, good);
    assert_status(fixture, client, 401, "key");
    send_post(fixture, client, path, "", good);
    assert_status(fixture, client, 401, "key");
    send_post(fixture, client, path, key, "{");
    assert_status(fixture, client, 400, "JSON");
    send_post(fixture, client, path, key, "{\"model\":\"gpt-4o\"," EXPLAIN "}");
    assert_status(fixture, client, 404, "instrument");
    send_post(fixture, client, "/v1/v1/chat/completions", key, good);
    assert_status(fixture, client, 404, "path");
    send_post(fixture, client, "/r/v1/chat/completions?token=", key, good);
    assert_status(fixture, client, 401, "token");
    send_post(fixture, client, "/r/v1/chat/completions?token=00000000000000000000000000000000",
              key, good);
    assert_status(fixture, client, 401, "token");
    close(client);
}

static void test_closes_behind_bad_http(void **state)
{
    struct fixture *fixture = *state;
    struct buffer response CLEANUP(buffer_finish);
    int client = connect_client(fixture);

    buffer_init(&response, BUFFER_CAP);
    send_all(fixture, client, "nonsense\r\n\r\n", 12);
    receive(fixture, client, NULL, &response);
    assert_memory_equal(response.data, "HTTP/1.1 400 Bad Request\r\n", 26);
    assert_non_null(strstr(response.data, "Connection: close\r\n"));
    close(client);
}

static int collect(void *context, unsigned index, const char *text, size_t length)
{
    (void)index;
    return buffer_append(context, text, length);
}

/* Takes the chunks of a chunked body out of the response and decodes them. */
static void decode(const struct buffer *response, struct chat_decoder *decoder)
{
    const char *at = strstr(response->data, "\r\n\r\n");
    unsigned length;
    int used;

    assert_non_null(at);
    at += 4;
    while (sscanf(at, "%x\r\n%n", &length, &used) == 1 && length > 0) {
        /* White space in the format takes a line feed as well; chunks begin with "data". */
        at += used;
        assert_memory_equal(at, "data: ", 6);
        assert_int_equal(chat_decoder_feed(decoder, at, length), 0);
        assert_memory_equal(at + length, "\r\n", 2);
        at += length + 2;
    }
    assert_string_equal(at, "0\r\n\r\n");
}

static void test_streams_an_answer(void **state)
{
    static const char body[] =
        "{" MODEL "," EXPLAIN ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
    struct fixture *fixture = *state;
    struct buffer response CLEANUP(buffer_finish);
    struct buffer text CLEANUP(buffer_finish);
    struct chat_decoder decoder;
    int client = connect_client(fixture);
    char path[256];
    uint64_t start;

    buffer_init(&response, BUFFER_CAP);
    buffer_init(&text, BUFFER_CAP);
    redirect(fixture, client, body, path);
    start = uv_hrtime();
    send_post(fixture, client, path, sandbox_key(fixture->sandbox), body);
    receive(fixture, client, "\r\n0\r\n\r\n", &response);
    /* A person sees it being written. */
    assert_true(uv_hrtime() - start > UINT64_C(100000000));

    chat_decoder_init(&decoder, collect, &text);
    decode(&response, &decoder);
    assert_int_equal(chat_decoder_end(&decoder), CHAT_COMPLETE);
    assert_int_equal(decoder.finish, CHAT_FINISH_STOP);
    assert_true(decoder.usage.known);
    assert_non_null(strstr(text.data, "- function `f` (line 1)\n"));
    chat_decoder_finish(&decoder);

    /* The token was good for once, and the connection still serves. */
    send_post(fixture, client, path, sandbox_key(fixture->sandbox), body);
    assert_status(fixture, client, 401, "token");
    close(client);
}

static void test_answers_whole(void **state)
{
    static const char body[] = "{" MODEL "," EXPLAIN ",\"max_tokens\":3}";
    struct fixture *fixture = *state;
    struct buffer response CLEANUP(buffer_finish);
    int client = connect_client(fixture);
    char path[256];

    buffer_init(&response, BUFFER_CAP);
    redirect(fixture, client, body, path);
    send_post(fixture, client, path, "wrong", body);
    assert_status(fixture, client, 401, "key");
    send_post(fixture, client, path, sandbox_key(fixture->sandbox), body);
    receive(fixture, client, "}}", &response);
    assert_non_null(strstr(response.data, "\"content\":\"> The gridls\""));
    assert_non_null(strstr(response.data, "\"finish_reason\":\"length\""));
    assert_non_null(strstr(response.data, "\"completion_tokens\":3"));
    close(client);
}

static void test_forgets_the_oldest_token(void **state)
{
    static const char body[] = "{" MODEL "," EXPLAIN "}";
    struct fixture *fixture = *state;
    int client = connect_client(fixture);
    char oldest[256];
    char other[256];
    int i;

    redirect(fixture, client, body, oldest);
    for (i = 0; i < 16; i++)
        redirect(fixture, client, body, other);
    assert_string_not_equal(oldest, other);
    send_post(fixture, client, oldest, sandbox_key(fixture->sandbox), body);
    assert_status(fixture, client, 401, "token");
    close(client);
}

static void test_takes_requests_that_wait(void **state)
{
    static const char models[] = "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n";
    struct fixture *fixture = *state;
    struct buffer requests CLEANUP(buffer_finish);
    struct buffer response CLEANUP(buffer_finish);
    int client = connect_client(fixture);
    const char *at;
    int count = 0;
    int i;

    buffer_init(&requests, BUFFER_CAP);
    buffer_init(&response, BUFFER_CAP);
    for (i = 0; i < 20; i++)
        buffer_append_string(&requests, models);
    buffer_append_string(&requests, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    send_all(fixture, client, requests.data, requests.length);
    receive(fixture, client, NULL, &response);
    for (at = response.data; (at = strstr(at, "HTTP/1.1 200 OK\r\n")); at++)
        count++;
    assert_int_equal(count, 20);
    assert_non_null(strstr(response.data, "HTTP/1.1 405 "));
    close(client);
}

static void test_survives_clients_that_leave(void **state)
{
    static const char body[] = "{" MODEL "," EXPLAIN ",\"stream\":true}";
    struct fixture *fixture = *state;
    struct buffer response CLEANUP(buffer_finish);
    int other = connect_client(fixture);
    int client = connect_client(fixture);
    char path[256];

    buffer_init(&response, BUFFER_CAP);
    send_all(fixture, other, "POST / HT", 9);
    redirect(fixture, client, body, path);
    send_post(fixture, client, path, sandbox_key(fixture->sandbox), body);
    receive(fixture, client, "reasoning_content", &response);
    close(client);
    close(other);
    /* Only the listener is left, which waits without a timer: the answer has ended. */
    while (uv_backend_timeout(&fixture->loop) != -1)
        turn(fixture, -1, 0);
    assert_int_equal(fixture->loop.active_handles, 1);
}

static void test_turns_away_too_many(void **state)
{
    struct fixture *fixture = *state;
    struct buffer response CLEANUP(buffer_finish);
    int clients[65];
    size_t i;

    buffer_init(&response, BUFFER_CAP);
    for (i = 0; i < 65; i++) {
        clients[i] = connect_client(fixture);
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    }
    receive(fixture, clients[64], NULL, &response);
    assert_int_equal(response.length, 0);
    send_all(fixture, clients[63], "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 28);
    assert_status(fixture, clients[63], 404, "path");
    for (i = 0; i < 65; i++)
        close(clients[i]);
}

static void test_stops_in_the_middle_of_an_answer(void **state)
{
    static const char body[] = "{" MODEL "," EXPLAIN ",\"stream\":true}";
    struct fixture *fixture = *state;
    struct buffer response CLEANUP(buffer_finish);
    int client = connect_client(fixture);
    char path[256];

    buffer_init(&response, BUFFER_CAP);
    redirect(fixture, client, body, path);
    send_post(fixture, client, path, sandbox_key(fixture->sandbox), body);
    receive(fixture, client, "reasoning_content", &response);
    close(client);
    /* The rest is tear_down()'s: a leak or a handle that stays open fails there. */
}

static void test_keys_differ(void **state)
{
    struct fixture *fixture = *state;
    struct sandbox *second;

    assert_int_equal(sandbox_start(&second, &fixture->loop, NULL), 0);
    assert_true(strlen(sandbox_key(second)) >= 32);
    assert_string_not_equal(sandbox_key(second), sandbox_key(fixture->sandbox));
    assert_string_not_equal(sandbox_base_url(second), sandbox_base_url(fixture->sandbox));
    sandbox_stop(second);
    sandbox_stop(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lists_models_without_a_key),
        TEST(test_refuses_wrong_requests),
        TEST(test_closes_behind_bad_http),
        TEST(test_streams_an_answer),
        TEST(test_answers_whole),
        TEST(test_forgets_the_oldest_token),
        TEST(test_takes_requests_that_wait),
        TEST(test_survives_clients_that_leave),
        TEST(test_turns_away_too_many),
        TEST(test_stops_in_the_middle_of_an_answer),
        TEST(test_keys_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
