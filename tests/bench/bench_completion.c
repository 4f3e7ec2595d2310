#include <stdio.h>
#include <string.h>

#include "tests/bench/bench.h"
#include "tests/bench/subject.h"
#include "tests/bench/upstream.h"

/*
 * A completion that a person asks for, of an upstream that answers at once. The floor is a relay that
 * carries as many bytes from a pipe to a socket and back.
 */

#define ROUNDS 5
#define COMPLETIONS 100 /* in each round */
#define LARGE ((size_t)1 << 20)
#define HUGE_TEXT ((size_t)5 << 20)
#define SMALL ((size_t)8 << 10)

static const char uri[] = "file:///nonexistent/bench.c";

static void append_answer(struct buffer *out, bool keep)
{
    upstream_append_head(out, keep);
    upstream_append_delta(out, "total += ");
    upstream_append_delta(out, "values[index];");
    upstream_append_end(out);
}

/* Asks at the end of a line, each time another, so that no answer is known from before. */
static void ask(struct subject *subject, size_t number, size_t line)
{
    struct buffer body CLEANUP(buffer_finish);
    buffer_init(&body, BUFFER_CAP);
    buffer_printf(&body,
                  "{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":\"textDocument/inlineCompletion\","
                  "\"params\":{\"textDocument\":{\"uri\":\"%s\"},\"position\":{\"line\":%zu,"
                  "\"character\":1000},\"context\":{\"triggerKind\":1}}}",
                  number, uri, line);
    subject_send(subject, &body);
}

static void time_gridls(const char *gridls, size_t length, bool keep, struct samples *samples,
                        size_t *request_length)
{
    static struct subject subject;
    struct upstream upstream;
    struct buffer text CLEANUP(buffer_finish);
    struct buffer answer CLEANUP(buffer_finish);
    size_t lines = 0;

    buffer_init(&text, BUFFER_CAP);
    buffer_init(&answer, BUFFER_CAP);
    make_text(&text, length);
    append_answer(&answer, keep);
    for (size_t i = 0; i < text.length; i++)
        lines += text.data[i] == '\n';
    upstream_open(&upstream);
    subject_start(&subject, gridls, upstream.base_url);
    subject_initialize(&subject);
    subject_open(&subject, uri, text.data, text.length);

    for (size_t i = 1; i <= COMPLETIONS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "\"id\":%zu,", i);
        uint64_t begin = now_ns();
        ask(&subject, i, i * lines / (COMPLETIONS + 1));
        upstream_await_request(&upstream);
        upstream_send(&upstream, &answer);
        if (!keep)
            upstream_hang_up(&upstream);
        const struct buffer *body = subject_receive_until(&subject, id);
        samples_add(samples, (double)(now_ns() - begin) / 1000);
        if (!strstr(body->data, "insertText"))
            fail("a completion was not offered");
    }
    *request_length = upstream.request_length;
    subject_stop(&subject);
    upstream_close(&upstream);
}

static void time_relay(size_t request_length, struct samples *samples)
{
    static struct subject relay;
    static char room[65536];
    struct upstream upstream;
    struct buffer request CLEANUP(buffer_finish);
    struct buffer answer CLEANUP(buffer_finish);

    buffer_init(&request, BUFFER_CAP);
    buffer_init(&answer, BUFFER_CAP);
    append_answer(&answer, true);
    memset(room, 'x', sizeof(room));
    buffer_printf(&request, "POST / HTTP/1.1\r\nContent-Length:%12zu\r\n\r\n", request_length);
    buffer_append(&request, room, request_length < sizeof(room) ? request_length : sizeof(room));
    upstream_open(&upstream);
    subject_start_relay(&relay, upstream.port);

    for (size_t i = 0; i < COMPLETIONS; i++) {
        uint64_t begin = now_ns();
        subject_write(&relay, request.data, request.length);
        upstream_await_request(&upstream);
        upstream_send(&upstream, &answer);
        subject_read(&relay, answer.length);
        samples_add(samples, (double)(now_ns() - begin) / 1000);
    }
    subject_stop(&relay);
    upstream_close(&upstream);
}

void bench_completion(const char *gridls)
{
    static struct samples small, large, huge, fresh, floor;
    size_t request_length;

    /* Turn and turn about, so that a machine that gets busy slows all of them. */
    for (unsigned i = 0; i < ROUNDS; i++) {
        time_gridls(gridls, SMALL, true, &small, &request_length);
        time_gridls(gridls, SMALL, false, &fresh, &request_length);
        time_gridls(gridls, LARGE, true, &large, &request_length);
        time_gridls(gridls, HUGE_TEXT, true, &huge, &request_length);
        time_relay(request_length, &floor);
    }

    double carried = samples_quantile(&floor, 0.5);
    print_row("a completion in 8 KiB, upstream of 0 ms, median", "us",
              samples_quantile(&small, 0.5), carried, "< 500");
    print_row("  the same in 1 MiB", "us", samples_quantile(&large, 0.5), carried, "< 1000");
    print_row("  in 5 MiB, of which the prompt is a part", "us", samples_quantile(&huge, 0.5), carried,
              "< 2000");
    print_row("  in 8 KiB on a fresh connection; floor: a kept one", "us",
              samples_quantile(&fresh, 0.5), samples_quantile(&small, 0.5), NULL);
}
