#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"

#define BODY_CAP 1000

/* Feeds the stream in cuts of `cut` bytes (0: random ones) and writes down what comes out: each
 * body in brackets, then "!" and the fault where there is one, then "?" where a message is cut. */
static void trace(const char *stream, size_t length, size_t cut, struct buffer *out)
{
    struct frame_parser parser;
    unsigned seed = (unsigned)length;
    size_t at = 0;

    frame_parser_init(&parser, BODY_CAP);
    while (at < length) {
        size_t given;
        size_t used;
        enum frame_status status;
        char *copy;

        seed = seed * 1103515245 + 12345;
        given = cut > 0 ? cut : (seed >> 16) % 9;
        if (given > length - at)
            given = length - at;
        copy = malloc(given > 0 ? given : 1);
        assert_non_null(copy);
        memcpy(copy, stream + at, given);
        status = frame_parser_feed(&parser, copy, given, &used);
        free(copy);
        assert_true(used <= given);
        at += used;
        if (status == FRAME_BAD) {
            buffer_printf(out, "!%s", parser.fault);
            assert_int_equal(frame_parser_feed(&parser, "x", 1, &used), FRAME_BAD);
            assert_int_equal(used, 0);
            assert_false(frame_parser_is_idle(&parser));
            break;
        }
        if (status == FRAME_MESSAGE) {
            buffer_append_byte(out, '[');
            buffer_append(out, parser.body.data, parser.body.length);
            buffer_append_byte(out, ']');
        } else {
            assert_int_equal(used, given);
        }
    }
    if (!parser.fault && !frame_parser_is_idle(&parser))
        buffer_append_byte(out, '?');
    frame_parser_finish(&parser);
}

static void check(const char *stream, const char *expected)
{
    size_t cut;

    for (cut = 0; cut <= strlen(stream) + 1; cut++) {
        struct buffer out CLEANUP(buffer_finish);

        buffer_init(&out, BUFFER_CAP);
        trace(stream, strlen(stream), cut, &out);
        assert_string_equal(out.data, expected);
    }
}

static void test_messages(void **state)
{
    (void)state;
    check("", "");
    check("Content-Length: 2\r\n\r\n{}", "[{}]");
    check("Content-Length: 2\r\n\r\n{}Content-Length: 3\r\n\r\n[1]", "[{}][[1]]");
    check("Content-Length: 0\r\n\r\n", "[]");
    check("Content-Length: 0\r\n\r\nContent-Length: 0\r\n\r\n", "[][]");
    check("Content-Length: 4\r\n\r\n\r\n\r\nContent-Length: 1\r\n\r\nx", "[\r\n\r\n][x]");
    check("Content-Length: 000002\r\n\r\nab", "[ab]");
}

static void test_header_spellings(void **state)
{
    (void)state;
    check("content-length:2\r\n\r\n{}", "[{}]");
    check("CONTENT-LENGTH \t: \t 2 \t\r\n\r\n{}", "[{}]");
    check("X-Other: a:b;c\r\nContent-Length: 2\r\nY:\r\n\r\n{}", "[{}]");
    check("Content-Length: 2\n\n{}", "[{}]");
    check("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", "[{}]");
    check("Content-Type: application/vim-jsonrpc; charset=utf-8\r\nContent-Length: 1\r\n\r\nx",
          "[x]");
    check("Content-Length: 1\r\ncontent-type:a/b;x=y ; Charset = \"UTF8\"\r\n\r\nx", "[x]");
    check("Content-Type: application/json\r\nContent-Length: 1\r\n\r\nx", "[x]");
    check("Content-Type:\r\nContent-Length: 1\r\n\r\nx", "[x]");
}

static void test_cut_streams_are_not_idle(void **state)
{
    const char stream[] = "Content-Length: 3\r\n\r\nabc";
    size_t length;

    (void)state;
    for (length = 0; length < sizeof(stream); length++) {
        struct buffer out CLEANUP(buffer_finish);

        buffer_init(&out, BUFFER_CAP);
        trace(stream, length, 1, &out);
        assert_string_equal(out.data, length == 0                    ? ""
                                      : length == sizeof(stream) - 1 ? "[abc]"
                                                                     : "?");
    }
}

static void test_faults(void **state)
{
    (void)state;
    check("\r\n", "!the header has no Content-Length");
    check("\n", "!the header has no Content-Length");
    check("X: 1\r\n\r\n{}", "!the header has no Content-Length");
    check("Content-Length: -1\r\n\r\n", "!the Content-Length is not a number");
    check("Content-Length: +1\r\n\r\n", "!the Content-Length is not a number");
    check("Content-Length: a\r\n\r\n", "!the Content-Length is not a number");
    check("Content-Length: 1 1\r\n\r\n", "!the Content-Length is not a number");
    check("Content-Length: 0x1\r\n\r\n", "!the Content-Length is not a number");
    check("Content-Length:\r\n\r\n", "!the Content-Length is empty");
    check("Content-Length: 1001\r\n\r\n", "!the Content-Length is too large");
    check("Content-Length: 99999999999999999999999999999\r\n\r\n",
          "!the Content-Length is too large");
    check("Content-Length: 18446744073709551618\r\n\r\n", "!the Content-Length is too large");
    check("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "!two Content-Length fields disagree");
    check("log line\r\nContent-Length: 1\r\n\r\nx", "!a header line has no colon");
    check("Content-Type: a/b; charset=latin1\r\nContent-Length: 1\r\n\r\n",
          "!the charset is not utf-8");
    check("Content-Type: a/b; charset=\r\nContent-Length: 1\r\n\r\n", "!the charset is not utf-8");
    check("Content-Length: 1\r\n\r\nxjunk\r\n\r\n", "[x]!a header line has no colon");
}

static void test_header_cap(void **state)
{
    struct buffer stream CLEANUP(buffer_finish);
    size_t extra;

    (void)state;
    buffer_init(&stream, BUFFER_CAP);
    for (extra = 0; extra < 2; extra++) {
        struct buffer out CLEANUP(buffer_finish);
        const char tail[] = "\r\nContent-Length: 1\r\n\r\n";

        buffer_init(&out, BUFFER_CAP);
        buffer_clear(&stream);
        buffer_append_string(&stream, "X:");
        while (stream.length + sizeof(tail) - 1 < FRAME_HEADER_CAP + extra)
            buffer_append_byte(&stream, 'x');
        buffer_append_string(&stream, tail);
        buffer_append_byte(&stream, 'b');
        trace(stream.data, stream.length, 7, &out);
        assert_string_equal(out.data, extra == 0 ? "[b]" : "!the header is too long");
    }
}

static void test_promised_bytes_take_no_memory(void **state)
{
    const char header[] = "Content-Length: 200000000\r\n\r\nx";
    struct frame_parser parser;
    size_t used;

    (void)state;
    frame_parser_init(&parser, FRAME_BODY_CAP);
    assert_int_equal(frame_parser_feed(&parser, header, sizeof(header) - 1, &used),
                     FRAME_NEED_MORE);
    assert_true(parser.body.capacity < 1000);
    frame_parser_finish(&parser);
    frame_parser_finish(NULL);
}

static void test_large_body_is_given_back(void **state)
{
    struct buffer stream CLEANUP(buffer_finish);
    struct frame_parser parser;
    size_t length = (size_t)3 << 20;
    size_t used;
    size_t i;

    (void)state;
    buffer_init(&stream, BUFFER_CAP);
    frame_append_header(&stream, length);
    for (i = 0; i < length; i++)
        buffer_append_byte(&stream, (char)i);
    frame_parser_init(&parser, FRAME_BODY_CAP);
    assert_int_equal(frame_parser_feed(&parser, stream.data, stream.length, &used), FRAME_MESSAGE);
    assert_int_equal(parser.body.length, length);
    assert_memory_equal(parser.body.data, stream.data + stream.length - length, length);
    assert_int_equal(frame_parser_feed(&parser, "C", 1, &used), FRAME_NEED_MORE);
    assert_int_equal(parser.body.capacity, 0);
    frame_parser_finish(&parser);
}

static void test_append_header(void **state)
{
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&out, 100);
    assert_int_equal(frame_append_header(&out, 42), 0);
    assert_string_equal(out.data, "Content-Length: 42\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_header_spellings),
        cmocka_unit_test(test_cut_streams_are_not_idle),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_header_cap),
        cmocka_unit_test(test_promised_bytes_take_no_memory),
        cmocka_unit_test(test_large_body_is_given_back),
        cmocka_unit_test(test_append_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
