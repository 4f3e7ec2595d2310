#include "http_fixture.h"

#include <sys/time.h>

#include "daemon/transport.h"

/* One transfer at a time, and what may be done within its callbacks. */

struct world {
    struct http_fixture http;
    struct transport *transport;
    struct transfer *transfer;
    bool ended;
    bool head_seen;
    struct transport_head head;
    char location[256], retry_after[64], request_id[64];
    struct buffer body;
    unsigned pieces;
    enum transport_status status;
    long code;
    bool reused, sent;
    char detail[256];
    uv_timer_t timer;
    /* done within a callback */
    void (*within_head)(struct world *world);
    void (*within_body)(struct world *world);
    void (*within_end)(struct world *world);
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    http_start(&world->http);
    assert_int_equal(transport_create(&world->transport, &world->http.loop, NULL), 0);
    buffer_init(&world->body, BUFFER_CAP);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    transport_close(world->transport);
    http_stop(&world->http);
    buffer_finish(&world->body);
    free(world);
    return 0;
}

static void keep(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static void on_head(void *context, const struct transport_head *head)
{
    struct world *world = context;

    assert_false(world->head_seen);
    world->head_seen = true;
    world->head = *head;
    keep(world->location, sizeof(world->location), head->location);
    keep(world->retry_after, sizeof(world->retry_after), head->retry_after);
    keep(world->request_id, sizeof(world->request_id), head->request_id);
    if (world->within_head)
        world->within_head(world);
}

static void on_body(void *context, const char *data, size_t length)
{
    struct world *world = context;

    assert_true(world->head_seen);
    world->pieces++;
    buffer_append(&world->body, data, length);
    if (world->within_body)
        world->within_body(world);
}

static void on_end(void *context, const struct transport_result *result)
{
    struct world *world = context;

    assert_false(world->ended);
    world->ended = true;
    world->transfer = NULL;
    world->status = result->status;
    world->code = result->code;
    world->reused = result->reused;
    world->sent = result->sent;
    keep(world->detail, sizeof(world->detail), result->detail);
    if (world->within_end)
        world->within_end(world);
}

static void start(struct world *world, const char *path, struct transport_request request)
{
    static const struct transport_callbacks callbacks = {on_head, on_body, on_end};
    char url[300];

    snprintf(url, sizeof(url), "%s%s", strstr(path, "://") ? "" : world->http.origin, path);
    request.url = url;
    if (request.body)
        request.body_length = strlen(request.body);
    if (!request.connect_timeout_ms)
        request.connect_timeout_ms = HTTP_DEADLINE_MS;
    world->ended = world->head_seen = false;
    world->pieces = 0;
    buffer_clear(&world->body);
    assert_int_equal(transport_start(world->transport, &request, &callbacks, world,
                                     &world->transfer), 0);
    assert_false(world->head_seen || world->ended); /* nothing is called before this returns */
}

static void transfer(struct world *world, const char *path, struct transport_request request)
{
    start(world, path, request);
    http_run(&world->http, &world->ended);
}

static void get(struct world *world)
{
    transfer(world, "/", (struct transport_request){0});
}

static const char *asked(const struct world *world)
{
    return world->http.asked[world->http.asked_count - 1].data;
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OK(body) {OK_HEAD "Content-Length: 2\r\n\r\n" body, true}

static void what_goes_out(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, OK("hi"), OK("hi"));
    transfer(world, "/v1/models?a=b", (struct transport_request){0});
    assert_int_equal(world->status, TRANSPORT_OK);
    assert_string_equal(world->body.data, "hi");
    assert_non_null(strstr(asked(world), "GET /v1/models?a=b HTTP/1.1\r\n"));
    assert_non_null(strstr(asked(world), "Accept: application/json\r\n"));
    assert_non_null(strstr(asked(world), "Accept-Encoding: identity\r\n"));
    assert_null(strcasestr(asked(world), "authorization"));
    assert_null(strcasestr(asked(world), "content-type"));
    assert_false(world->reused);

    transfer(world, "/p", (struct transport_request){.body = "{\"a\":1}", .key = "the-key",
                                                     .event_stream = true});
    assert_non_null(strstr(asked(world), "POST /p HTTP/1.1\r\n"));
    assert_non_null(strstr(asked(world), "Authorization: Bearer the-key\r\n"));
    assert_non_null(strstr(asked(world), "Accept: text/event-stream\r\n"));
    assert_non_null(strstr(asked(world), "Content-Type: application/json\r\n"));
    assert_null(strcasestr(asked(world), "expect"));
    assert_non_null(strstr(asked(world), "\r\n\r\n{\"a\":1}"));
    assert_true(world->reused && world->sent);
    assert_int_equal(world->http.connection_count, 1);
}

static void what_the_head_says(void **state)
{
    struct world *world = *state;

    /* What comes in between is passed over, and of doubled fields the first one counts. */
    HTTP_SCRIPT(&world->http, {
        "HTTP/1.1 100 Continue\r\nRetry-After: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLocation: /no\r\n"
        "\r\nHTTP/1.1 429 Too Many\r\nretry-after:  30 \r\nRETRY-AFTER: 40\r\nX-Request-ID: abc\r\n"
        "Location: ../there?token=a#part\r\nContent-Length: 4\r\n\r\nslow", true});
    transfer(world, "/v1/chat/completions", (struct transport_request){.body = "{}"});
    assert_int_equal(world->status, TRANSPORT_OK);
    assert_int_equal(world->code, 429);
    assert_int_equal(world->head.code, 429);
    assert_string_equal(world->retry_after, "30");
    assert_string_equal(world->request_id, "abc");
    assert_string_equal(world->body.data, "slow");
    assert_int_equal(strncmp(world->location, world->http.origin, strlen(world->http.origin)), 0);
    assert_non_null(strstr(world->location, "/v1/there?token=a"));

    HTTP_SCRIPT(&world->http, {OK_HEAD "Content-Length: 0\r\n\r\n", true});
    get(world);
    assert_string_equal(world->retry_after, "");
    assert_string_equal(world->location, "");
}

static void how_a_response_ends(void **state)
{
    static const struct {
        const char *bytes;
        enum transport_status status;
        const char *body;
    } rows[] = {
        {OK_HEAD "Content-Length: 2\r\n\r\nhi", TRANSPORT_OK, "hi"},
        {OK_HEAD "Connection: close\r\n\r\nhi", TRANSPORT_OK, "hi"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", TRANSPORT_OK, "hi"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nTrailer: x\r\n\r\n", TRANSPORT_OK,
         "hi"},
        {"HTTP/1.0 200 OK\n\nhi", TRANSPORT_OK, "hi"},
        {"HTTP/1.1 204 No Content\r\n\r\n", TRANSPORT_OK, ""},
        {OK_HEAD "Content-Length: 3\r\n\r\nhi", TRANSPORT_CUT, "hi"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", TRANSPORT_CUT, "hi"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhi", TRANSPORT_CUT, "hi"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nhi", TRANSPORT_CUT, ""},
        {OK_HEAD "Content-Le", TRANSPORT_CUT, ""},
        {"", TRANSPORT_CUT, ""},
        {"SSH-2.0-OpenSSH_9.2\r\n", TRANSPORT_PROTOCOL, ""},
        {"220 mail.example ESMTP\r\n", TRANSPORT_PROTOCOL, ""},
        /* a compressed body that no one asked for goes through as it is */
        {OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", TRANSPORT_OK,
         "\x1f\x8b"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HTTP_SCRIPT(&world->http, {rows[i].bytes, false});
        transfer(world, "/", (struct transport_request){.body = "{}", .fresh = true});
        if (world->status != rows[i].status || strcmp(world->body.data, rows[i].body) != 0)
            fail_msg("row %zu: %d (%s), \"%s\"", i, world->status, world->detail, world->body.data);
        assert_true(world->sent && !world->reused);
    }
}

/* The body is never sent again without the caller's knowing. */
static void a_dead_kept_connection_is_stale(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, OK("hi"), {"", false}, OK("hi"));
    transfer(world, "/", (struct transport_request){.body = "{}"});
    transfer(world, "/", (struct transport_request){.body = "{}"});
    assert_int_equal(world->status, TRANSPORT_STALE);
    assert_false(world->head_seen);
    assert_int_equal(world->http.asked_count, 2);
    transfer(world, "/", (struct transport_request){.body = "{}", .fresh = true});
    assert_int_equal(world->status, TRANSPORT_OK);
}

/* A server may answer by the head of a request, and hear nothing of the rest. */
static void early_answers_are_heard(void **state)
{
    static const char refusal[] = "HTTP/1.1 413 Too\r\nContent-Length: 5\r\n\r\nlarge";
    struct world *world = *state;
    struct buffer body CLEANUP(buffer_finish);

    /* More than any socket takes: it answers while the request is being sent. */
    buffer_init(&body, BUFFER_CAP);
    buffer_printf(&body, "{\"a\":\"%0*d\"}", 16 << 20, 7);
    HTTP_SCRIPT(&world->http, {refusal, true});
    world->http.early = true;
    transfer(world, "/", (struct transport_request){.body = body.data});
    assert_int_equal(world->status, TRANSPORT_OK);
    assert_int_equal(world->code, 413);
    assert_string_equal(world->body.data, "large");
    assert_null(strcasestr(asked(world), "expect")); /* it would cost each large one a round trip */

    /* Asked first, none of the body has gone out. */
    HTTP_SCRIPT(&world->http, {refusal, false});
    world->http.early = true;
    transfer(world, "/", (struct transport_request){.body = body.data, .ask_first = true});
    assert_int_equal(world->status, TRANSPORT_OK);
    assert_int_equal(world->code, 413);
    assert_string_equal(world->body.data, "large");
    assert_non_null(strstr(asked(world), "\r\nExpect: 100-continue\r\n"));
    assert_false(world->sent);

    /* A server that does not know of asking gets it all the same. */
    HTTP_SCRIPT(&world->http, OK("hi"));
    transfer(world, "/", (struct transport_request){.body = "{}", .ask_first = true});
    assert_int_equal(world->status, TRANSPORT_OK);
    assert_true(world->sent);
}

static void where_no_response_comes_from(void **state)
{
    static const struct {
        const char *url, *proxy;
        enum transport_status status;
    } rows[] = {
        {"http://127.0.0.1:1/", NULL, TRANSPORT_CONNECT},
        /* too long a label: no server is asked */
        {"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid/", "",
         TRANSPORT_RESOLVE},
        {"http://gone.invalid/", "http://127.0.0.1:1", TRANSPORT_PROXY},
        {"http://gone.invalid/", "socks5h://127.0.0.1:1", TRANSPORT_PROXY},
        {"ftp://127.0.0.1/", NULL, TRANSPORT_PROTOCOL},
        {"file:///etc/hostname", NULL, TRANSPORT_PROTOCOL},
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        transfer(world, rows[i].url, (struct transport_request){.proxy = rows[i].proxy});
        if (world->status != rows[i].status)
            fail_msg("%s: %d (%s)", rows[i].url, world->status, world->detail);
        assert_int_equal(world->code, 0);
        assert_false(world->head_seen);
    }
}

static void no_password_of_a_proxy_is_told(void **state)
{
    static const char *const proxies[] = {
        "http://me:canary@[bad:1", "http://me:c@nary@h o:1", "foo://me:canary@127.0.0.1:1",
        "me:canary@127.0.0.1:99999", "http://me:canary@127.0.0.1:1",
        "socks5h://me:canary@127.0.0.1:1", "canary@[",
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        transfer(world, "https://gone.invalid/", (struct transport_request){.proxy = proxies[i]});
        assert_int_not_equal(world->status, TRANSPORT_OK);
        assert_true(world->detail[0]);
        if (strstr(world->detail, "nary") || strstr(world->detail, "me:"))
            fail_msg("%s", world->detail);
    }
}

/* Plain http to this machine goes straight, whatever is set. */
static void no_proxy_hears_what_stays_here(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, OK("hi"));
    transfer(world, "/", (struct transport_request){.proxy = "http://127.0.0.1:1", .key = "k"});
    assert_int_equal(world->status, TRANSPORT_OK);
}

static void silence_ends_with_the_time_limit(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, {NULL, true});
    transfer(world, "/", (struct transport_request){.timeout_ms = 50});
    assert_int_equal(world->status, TRANSPORT_CUT);
}

/* ---- within callbacks ------------------------------------------------------------------------- */

static void cancel_it(struct world *world)
{
    struct transfer *transfer = world->transfer;

    world->transfer = NULL;
    transfer_cancel(transfer);
}

static void close_all(struct world *world)
{
    transport_close(world->transport);
    world->transport = NULL;
}

static void run_until_left(struct world *world)
{
    while (world->http.asked_count == 0 || world->http.first)
        uv_run(&world->http.loop, UV_RUN_ONCE);
    assert_false(world->ended);
}

static void cancelled_within_callbacks(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 2; i++) {
        HTTP_SCRIPT(&world->http, {OK_HEAD "Content-Length: 9\r\n\r\nhi", true});
        world->within_head = i == 0 ? cancel_it : NULL;
        world->within_body = i == 1 ? cancel_it : NULL;
        start(world, "/", (struct transport_request){.body = "{}"});
        run_until_left(world);
        assert_int_equal(world->pieces, i);
    }
}

static void closed_within_callbacks(void **state)
{
    struct world *world = *state;

    for (int i = 0; i < 3; i++) {
        HTTP_SCRIPT(&world->http, {OK_HEAD "Content-Length: 2\r\n\r\nhi", i < 2});
        world->within_head = i == 0 ? close_all : NULL;
        world->within_body = i == 1 ? close_all : NULL;
        world->within_end = i == 2 ? close_all : NULL;
        start(world, "/", (struct transport_request){.body = "{}"});
        if (i < 2)
            run_until_left(world);
        else
            http_run(&world->http, &world->ended);
        assert_int_equal(transport_create(&world->transport, &world->http.loop, NULL), 0);
    }
}

static void ask_again(struct world *world)
{
    world->within_end = NULL;
    start(world, "/again", (struct transport_request){.body = "{}"});
}

static void started_within_the_end(void **state)
{
    struct world *world = *state;

    HTTP_SCRIPT(&world->http, OK("hi"), OK("ho"));
    world->within_end = ask_again;
    start(world, "/", (struct transport_request){.body = "{}"});
    while (!world->ended || world->within_end)
        uv_run(&world->http.loop, UV_RUN_ONCE);
    assert_string_equal(world->body.data, "ho");
    assert_int_equal(world->http.connection_count, 1);
}

static void resume(uv_timer_t *timer)
{
    struct world *world = timer->data;

    assert_int_equal(world->pieces, 1);
    assert_false(world->ended);
    transfer_resume(world->transfer);
}

static void pause_once(struct world *world)
{
    world->within_body = NULL;
    transfer_pause(world->transfer);
}

static void paused_and_resumed(void **state)
{
    struct world *world = *state;
    size_t length = (size_t)4 << 20;
    struct buffer answer CLEANUP(buffer_finish);

    buffer_init(&answer, BUFFER_CAP);
    buffer_printf(&answer, OK_HEAD "Content-Length: %zu\r\n\r\n%0*d", length, (int)length, 7);
    HTTP_SCRIPT(&world->http, {answer.data, false});
    world->within_body = pause_once;
    start(world, "/", (struct transport_request){.body = "{}"});
    while (world->pieces == 0)
        uv_run(&world->http.loop, UV_RUN_ONCE);
    uv_timer_init(&world->http.loop, &world->timer);
    world->timer.data = world;
    uv_timer_start(&world->timer, resume, 50, 0);
    http_run(&world->http, &world->ended);
    uv_close((uv_handle_t *)&world->timer, NULL);
    assert_int_equal(world->status, TRANSPORT_OK);
    assert_int_equal(world->body.length, length);
    assert_int_equal(world->body.data[length - 1], '7');
}

/* libuv tells of nothing but an error, and what came before it is still to be read. */
static void what_came_before_a_reset_is_delivered(void **state)
{
    struct world *world = *state;
    size_t length = (size_t)48 << 10; /* less than any socket holds */
    struct buffer answer CLEANUP(buffer_finish);

    buffer_init(&answer, BUFFER_CAP);
    buffer_printf(&answer, OK_HEAD "Connection: close\r\n\r\n%0*d", (int)length, 7);
    HTTP_SCRIPT(&world->http, {answer.data, false});
    world->http.reset = true;
    transfer(world, "/", (struct transport_request){.body = "{}"});
    assert_int_equal(world->status, TRANSPORT_CUT);
    assert_int_equal(world->body.length, length);
}

/* ---- attacks ---------------------------------------------------------------------------------- */

static void heads_without_an_end(void **state)
{
    struct world *world = *state;
    struct buffer answer CLEANUP(buffer_finish);

    buffer_init(&answer, BUFFER_CAP);
    buffer_append_string(&answer, OK_HEAD);
    for (unsigned i = 0; i < 20000; i++)
        buffer_printf(&answer, "X-Flood-%u: %0100u\r\nLocation: /%u\r\n", i, i, i);
    buffer_append_string(&answer, "Content-Length: 2\r\n\r\nhi");
    HTTP_SCRIPT(&world->http, {answer.data, false});
    get(world);
    /* Where libcurl does not refuse so many, none but the first of each kind is kept. */
    if (world->status == TRANSPORT_OK)
        assert_non_null(strstr(world->location, "/0"));

    buffer_clear(&answer);
    buffer_printf(&answer, OK_HEAD "Location: /%0*d\r\n\r\n", 2 << 20, 0);
    HTTP_SCRIPT(&world->http, {answer.data, false});
    get(world);
    assert_true(world->status != TRANSPORT_OK || !world->location[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_goes_out),
        TEST(what_the_head_says),
        TEST(how_a_response_ends),
        TEST(a_dead_kept_connection_is_stale),
        TEST(early_answers_are_heard),
        TEST(where_no_response_comes_from),
        TEST(no_password_of_a_proxy_is_told),
        TEST(no_proxy_hears_what_stays_here),
        TEST(silence_ends_with_the_time_limit),
        TEST(cancelled_within_callbacks),
        TEST(closed_within_callbacks),
        TEST(started_within_the_end),
        TEST(paused_and_resumed),
        TEST(what_came_before_a_reset_is_delivered),
        TEST(heads_without_an_end),
    };

    return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
