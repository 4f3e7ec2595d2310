#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/sse.h"

/* What a stream gives, written as "type|data;" for each event. */
struct record {
    struct buffer text;
    int stop_after; /* the event at which the callback says 7; 0: none */
    int events;
};

static int on_event(void *context, const struct sse_event *event)
{
    struct record *record = context;

    assert_int_equal(event->data[event->length], '\0');
    buffer_append_string(&record->text, event->type);
    buffer_append_byte(&record->text, '|');
    buffer_append(&record->text, event->data, event->length);
    buffer_append_byte(&record->text, ';');
    return ++record->events == record->stop_after ? 7 : 0;
}

static void check_cuts(const char *stream, size_t length, const char *wanted, const size_t *cuts,
                       size_t cut_count)
{
    struct sse_parser parser;
    struct record record = {.events = 0};
    size_t at = 0;

    sse_parser_init(&parser, SSE_LINE_CAP);
    buffer_init(&record.text, BUFFER_CAP);
    for (size_t i = 0; i <= cut_count; i++) {
        size_t end = i < cut_count ? cuts[i] : length;
        char *piece = malloc(end - at + 1); /* exact, for the address sanitizer */

        assert_non_null(piece);
        memcpy(piece, stream + at, end - at);
        assert_int_equal(sse_parser_feed(&parser, piece, end - at, on_event, &record), 0);
        free(piece);
        at = end;
    }
    assert_int_equal(sse_parser_end(&parser, on_event, &record), 0);
    assert_string_equal(record.text.data, wanted);
    buffer_finish(&record.text);
    sse_parser_finish(&parser);
}

/* Whole, cut at each place, byte by byte, and at random. */
static void check(const char *stream, const char *wanted)
{
    size_t length = strlen(stream);
    size_t cuts[512];
    unsigned seed = 1;

    assert_true(length < sizeof cuts / sizeof cuts[0]);
    check_cuts(stream, length, wanted, NULL, 0);
    for (size_t i = 0; i < length; i++) {
        check_cuts(stream, length, wanted, &i, 1);
        cuts[i] = i;
    }
    check_cuts(stream, length, wanted, cuts, length);
    for (int round = 0; round < 50; round++) {
        size_t count = 0;

        for (size_t i = 0; i < length; i++) {
            seed = seed * 1103515245u + 12345u;
            if (seed >> 16 & 1) {
                cuts[count++] = i;
            }
        }
        check_cuts(stream, length, wanted, cuts, count);
    }
}

static void reads_events(void **state)
{
    (void)state;
    check("", "");
    check("data: a\n\n", "|a;");
    check("data: a\n\ndata: b\n\n", "|a;|b;");
    check("data:a\n\ndata:  b\n\n", "|a;| b;");
    check("data: a\ndata: b\n\n", "|a\nb;");
    check("event: x\ndata: a\n\ndata: b\n\n", "x|a;|b;");
    check("id: 1\nretry: 5\nunknown: z\n:comment\ndata: a\n\n", "|a;");
    check("data: {\"a\":\"b: c\"}\n\n", "|{\"a\":\"b: c\"};");
    check("data\n\n", "|;");
    check("data:\n\n", "|;");
    check("data:\ndata:\n\n", "|\n;");
    check("event: x\n\ndata: a\n\n", "|a;"); /* no data: nothing, and the type is forgotten */
    check("\n\n\ndata: a\n\n\n\n", "|a;");
    check(" data: a\n\n", "");
}

static void takes_any_line_end(void **state)
{
    (void)state;
    check("data: a\r\n\r\ndata: b\r\n\r\n", "|a;|b;");
    check("data: a\r\rdata: b\r\r", "|a;|b;");
    check("data: a\r\n\ndata: b\n\r\ndata: c\r\r\n", "|a;|b;|c;");
    check("data: a\rdata: b\n\n", "|a\nb;");
}

static void strips_one_bom(void **state)
{
    (void)state;
    check("\xEF\xBB\xBF" "data: a\n\n", "|a;");
    check("\xEF\xBB\xBF\n\xEF\xBB\xBF" "data: a\n\ndata: b\n\n", "|b;");
    check("\xEF\xBB\xBF\xEF\xBB\xBF" "data: a\n\n", "");
    check("\xEF\xBB", "");
}

static void dispatches_the_unterminated_end(void **state)
{
    (void)state;
    check("data: a\n\ndata: [DONE]", "|a;|[DONE];");
    check("data: a\n", "|a;");
    check("data: a\r", "|a;");
    check("event: x\ndata: a", "x|a;");
    check("event: x", "");
}

static void takes_error_lines(void **state)
{
    (void)state;
    check("error: {\"code\":500}\n\n", "error|{\"code\":500};");
    check("data: a\nerror: {}\ndata: b\n\n", "|a;error|{};|b;");
    check("error: {}", "error|{};");
    check("event: error\ndata: x\n\n", "error|x;");
}

static void cuts_long_types(void **state)
{
    (void)state;
    check("event: 0123456789012345678901234567890123456789012345678901234567890123456789\n"
          "data: a\n\n",
          "012345678901234567890123456789012345678901234567890123456789012|a;");
}

static void keeps_nul_in_data(void **state)
{
    static const char stream[] = "data: a\0b\n\n";
    struct sse_parser parser;
    struct record record = {.events = 0};

    (void)state;
    sse_parser_init(&parser, SSE_LINE_CAP);
    buffer_init(&record.text, BUFFER_CAP);
    assert_int_equal(sse_parser_feed(&parser, stream, sizeof stream - 1, on_event, &record), 0);
    assert_int_equal(record.text.length, 5);
    assert_memory_equal(record.text.data, "|a\0b;", 5);
    buffer_finish(&record.text);
    sse_parser_finish(&parser);
}

static void counts_comments_and_fields(void **state)
{
    static const char stream[] = ": ping\n:\nSorry\nid: 3\n\ndata: x";
    struct sse_parser parser;
    struct record record = {.events = 0};

    (void)state;
    sse_parser_init(&parser, SSE_LINE_CAP);
    buffer_init(&record.text, BUFFER_CAP);
    assert_int_equal(sse_parser_feed(&parser, stream, sizeof stream - 1, on_event, &record), 0);
    assert_int_equal(parser.comments, 2);
    assert_int_equal(parser.fields, 1);
    assert_int_equal(sse_parser_end(&parser, on_event, &record), 0);
    assert_int_equal(parser.fields, 2);
    buffer_finish(&record.text);
    sse_parser_finish(&parser);
}

static void stops_when_told(void **state)
{
    static const char stream[] = "data: a\n\ndata: b\n\ndata: c\n\n";
    struct sse_parser parser;
    struct record record = {.stop_after = 2};

    (void)state;
    sse_parser_init(&parser, SSE_LINE_CAP);
    buffer_init(&record.text, BUFFER_CAP);
    assert_int_equal(sse_parser_feed(&parser, stream, sizeof stream - 1, on_event, &record), 7);
    assert_string_equal(record.text.data, "|a;|b;");
    buffer_finish(&record.text);
    sse_parser_finish(&parser);
}

/* The same verdict whether the stream comes whole or in bytes. */
static int feed_capped(const char *stream, size_t step)
{
    struct sse_parser parser;
    struct record record = {.events = 0};
    int rc = 0;

    sse_parser_init(&parser, 10);
    buffer_init(&record.text, BUFFER_CAP);
    for (size_t at = 0, length = strlen(stream); at < length && rc == 0; at += step) {
        size_t rest = length - at < step ? length - at : step;
        rc = sse_parser_feed(&parser, stream + at, rest, on_event, &record);
    }
    buffer_finish(&record.text);
    sse_parser_finish(&parser);
    return rc;
}

static void caps_lines_and_data(void **state)
{
    (void)state;
    for (size_t step = 1; step < 40; step++) {
        assert_int_equal(feed_capped("data: 6789\n\n", step), 0);
        assert_int_equal(feed_capped("data: 67890\n\n", step), -EMSGSIZE);
        assert_int_equal(feed_capped(":234567890123", step), -EMSGSIZE);
        assert_int_equal(feed_capped("data:123\ndata:123\n\n", step), 0);
        assert_int_equal(feed_capped("data:12345\ndata:12345\n\n", step), -EMSGSIZE);
    }
}

static void finishes_nothing(void **state)
{
    (void)state;
    sse_parser_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_events),
        cmocka_unit_test(takes_any_line_end),
        cmocka_unit_test(strips_one_bom),
        cmocka_unit_test(dispatches_the_unterminated_end),
        cmocka_unit_test(takes_error_lines),
        cmocka_unit_test(cuts_long_types),
        cmocka_unit_test(keeps_nul_in_data),
        cmocka_unit_test(counts_comments_and_fields),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(caps_lines_and_data),
        cmocka_unit_test(finishes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
