#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/sandbox_http.h"

#define HOST "Host: 127.0.0.1\r\n"

/* Feeds `text` in pieces of at most `piece` bytes (0: cut at random); stops at a result. */
static enum sandbox_http_result feed(struct sandbox_http *http, const char *text, size_t length,
                                     size_t piece, size_t *used)
{
    enum sandbox_http_result result = SANDBOX_HTTP_MORE;

    *used = 0;
    while (*used < length && result == SANDBOX_HTTP_MORE) {
        size_t wanted = piece ? piece : 1 + (size_t)rand() % 9;
        size_t taken;

        if (wanted > length - *used)
            wanted = length - *used;
        result = sandbox_http_feed(http, text + *used, wanted, &taken);
        if (result == SANDBOX_HTTP_MORE)
            assert_int_equal(taken, wanted);
        *used += taken;
    }
    return result;
}

static void test_takes_a_post_in_any_cut(void **state)
{
    static const char post[] = "\r\nPOST /v1/x?y=1 HTTP/1.1\r\n" HOST
                               "authorization:  Bearer abc \r\nContent-Length: 7\r\nX: \xC3\xA9\r\n"
                               "\r\n{\"a\":1}GET / HTTP/1.1\r\n";
    static const size_t pieces[] = {sizeof(post), 1, 2, 3, 0, 0, 0, 0};
    size_t i;

    (void)state;
    srand(7);
    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct sandbox_http http;
        size_t used;

        sandbox_http_init(&http);
        assert_int_equal(feed(&http, post, sizeof(post) - 1, pieces[i], &used),
                         SANDBOX_HTTP_REQUEST);
        assert_string_equal(http.method, "POST");
        assert_string_equal(http.target, "/v1/x?y=1");
        assert_string_equal(http.authorization, "Bearer abc");
        assert_string_equal(http.body.data, "{\"a\":1}");
        assert_true(http.keep_alive);
        assert_memory_equal(post + used, "GET /", 5);
        sandbox_http_finish(&http);
    }
}

static void test_serves_requests_one_after_another(void **state)
{
    static const char two[] = "GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST
                              "Connection: Close\r\n\r\n";
    struct sandbox_http http;
    size_t first;
    size_t second;

    (void)state;
    sandbox_http_init(&http);
    assert_int_equal(feed(&http, two, sizeof(two) - 1, sizeof(two), &first), SANDBOX_HTTP_REQUEST);
    assert_string_equal(http.target, "/a");
    assert_string_equal(http.authorization, "");
    assert_int_equal(http.body.length, 0);
    sandbox_http_next(&http);
    assert_int_equal(feed(&http, two + first, sizeof(two) - 1 - first, 4, &second),
                     SANDBOX_HTTP_REQUEST);
    assert_string_equal(http.target, "/b");
    assert_false(http.keep_alive);
    assert_int_equal(first + second, sizeof(two) - 1);
    sandbox_http_finish(&http);
    sandbox_http_finish(NULL);
}

static void test_a_prefix_is_never_a_request(void **state)
{
    static const char post[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
    size_t length;
    size_t used;

    (void)state;
    for (length = 0; length < sizeof(post) - 1; length++) {
        struct sandbox_http http;

        sandbox_http_init(&http);
        assert_int_equal(feed(&http, post, length, 5, &used), SANDBOX_HTTP_MORE);
        sandbox_http_finish(&http);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400}, /* no Host */
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET / HTTP/1.0\r\n" HOST "\r\n", 505},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"GET / http/1.1\r\n" HOST "\r\n", 400},
        {"GET / HTTP/1.1 x\r\n" HOST "\r\n", 400},
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET http://x/ HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /#a HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400},
        {"G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
        {" / HTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET\r\n\r\n", 400},
        {"GET / HTTP/1.1\n", 400}, /* a bare line feed is refused at once */
        {"\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400}, /* obs-fold */
        {"GET / HTTP/1.1\r\n" HOST "A: \x7F\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nAuthorization: b\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1,1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 8388609\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n\r\n", 417},
    };
    size_t i;
    size_t piece;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (piece = 1; piece < 400; piece += 133) {
            struct sandbox_http http;
            size_t used;

            sandbox_http_init(&http);
            if (feed(&http, cases[i].request, strlen(cases[i].request), piece, &used) !=
                    SANDBOX_HTTP_REFUSED ||
                http.status != cases[i].status)
                fail_msg("case %zu: status %d instead of %d", i, http.status, cases[i].status);
            assert_false(http.keep_alive);
            /* It stays refused, whatever comes. */
            assert_int_equal(sandbox_http_feed(&http, "GET", 3, &used), SANDBOX_HTTP_REFUSED);
            sandbox_http_finish(&http);
        }
    }
}

static void test_refuses_a_nul_in_the_head(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n";
    struct sandbox_http http;
    size_t used;

    (void)state;
    sandbox_http_init(&http);
    assert_int_equal(feed(&http, request, sizeof(request) - 1, 7, &used), SANDBOX_HTTP_REFUSED);
    assert_int_equal(http.status, 400);
    sandbox_http_finish(&http);
}

static void test_caps_the_head(void **state)
{
    char *text = malloc(SANDBOX_HTTP_HEAD_CAP + 1);
    struct sandbox_http http;
    size_t used;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', SANDBOX_HTTP_HEAD_CAP + 1);
    sandbox_http_init(&http);
    assert_int_equal(feed(&http, text, SANDBOX_HTTP_HEAD_CAP, 1000, &used), SANDBOX_HTTP_MORE);
    assert_int_equal(sandbox_http_feed(&http, text, 1, &used), SANDBOX_HTTP_REFUSED);
    assert_int_equal(http.status, 431);
    sandbox_http_finish(&http);
    free(text);
}

static void test_takes_the_largest_body(void **state)
{
    char *body = malloc(SANDBOX_HTTP_BODY_CAP);
    char head[128];
    struct sandbox_http http;
    size_t used;

    (void)state;
    assert_non_null(body);
    memset(body, 'b', SANDBOX_HTTP_BODY_CAP);
    snprintf(head, sizeof(head), "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
             SANDBOX_HTTP_BODY_CAP);
    sandbox_http_init(&http);
    assert_int_equal(feed(&http, head, strlen(head), 9, &used), SANDBOX_HTTP_MORE);
    assert_int_equal(feed(&http, body, SANDBOX_HTTP_BODY_CAP, 65536, &used), SANDBOX_HTTP_REQUEST);
    assert_int_equal(http.body.length, SANDBOX_HTTP_BODY_CAP);
    sandbox_http_finish(&http);
    free(body);
}

static void test_writes_responses(void **state)
{
    const struct sandbox_http_head kept = {
        .type = "text/html",
        .location = "/b",
        .keep_alive = true,
    };
    const struct sandbox_http_head closed = {.type = "text/event-stream"};
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&out, 4096);
    assert_int_equal(sandbox_http_respond(&out, 307, &kept, "moved", 5), 0);
    assert_string_equal(out.data, "HTTP/1.1 307 Temporary Redirect\r\nContent-Type: text/html\r\n"
                                  "Location: /b\r\nContent-Length: 5\r\n\r\nmoved");
    buffer_clear(&out);
    assert_int_equal(sandbox_http_begin_chunked(&out, &closed), 0);
    assert_int_equal(sandbox_http_chunk(&out, "", 0), 0);
    assert_int_equal(sandbox_http_chunk(&out, "0123456789abcdef", 16), 0);
    assert_int_equal(sandbox_http_end_chunked(&out), 0);
    assert_string_equal(out.data, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                  "Connection: close\r\nCache-Control: no-cache\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n"
                                  "10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_a_post_in_any_cut),
        cmocka_unit_test(test_serves_requests_one_after_another),
        cmocka_unit_test(test_a_prefix_is_never_a_request),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_a_nul_in_the_head),
        cmocka_unit_test(test_caps_the_head),
        cmocka_unit_test(test_takes_the_largest_body),
        cmocka_unit_test(test_writes_responses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
