#include <cjson/cJSON.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/subject.h"
#include "tests/bench/upstream.h"

/*
 * An explanation that streams. The floor is a relay: a process that reads the same bytes from a
 * socket and writes them to a pipe.
 */

#define LATENCY_DELTAS 4000
#define ROUND_DELTAS 500
#define FLOOD_DELTAS 10000

static const char uri[] = "file:///nonexistent/bench.c";

static void append_numbered_delta(struct buffer *out, size_t number)
{
    /* A new line now and then; a piece that is a line end alone would wait for the next one. */
    upstream_append_delta(out, number % 12 == 11 ? "\\nword" : " word");
}

/* ---- both sides ------------------------------------------------------------------------------- */

static void start_gridls(struct subject *subject, struct upstream *upstream, const char *gridls)
{
    struct buffer text CLEANUP(buffer_finish);
    buffer_init(&text, BUFFER_CAP);
    make_text(&text, 8192);
    upstream_open(upstream);
    subject_start(subject, gridls, upstream->base_url);
    subject_initialize(subject);
    subject_open(subject, uri, text.data, text.length);
}

static void begin_explanation(struct subject *subject, struct upstream *upstream)
{
    struct buffer bytes CLEANUP(buffer_finish);
    buffer_init(&bytes, BUFFER_CAP);
    buffer_printf(&bytes,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gridls/explain\",\"params\":"
                  "{\"textDocument\":{\"uri\":\"%s\"},\"partialResultToken\":2}}",
                  uri);
    subject_send(subject, &bytes);
    upstream_await_request(upstream);
    upstream_append_head(&bytes, true);
    upstream_append_delta(&bytes, "The");
    upstream_send(upstream, &bytes);
    subject_receive_until(subject, "$/progress");
}

static void end_explanation(struct subject *subject, struct upstream *upstream)
{
    struct buffer bytes CLEANUP(buffer_finish);
    buffer_init(&bytes, BUFFER_CAP);
    upstream_append_end(&bytes);
    upstream_send(upstream, &bytes);
    subject_receive_until(subject, "\"id\":1");
}

static void start_relay(struct subject *subject, struct upstream *upstream)
{
    upstream_open(upstream);
    subject_start_relay(subject, upstream->port);
    upstream_accept(upstream);
}

/* ---- one after the other ---------------------------------------------------------------------- */

/* Each delta is sent when the one before it has arrived, so none waits for another. Returns the CPU
 * time that they took. */
static uint64_t time_deltas(struct subject *subject, struct upstream *upstream, bool is_relay,
                            struct samples *samples)
{
    struct buffer bytes CLEANUP(buffer_finish);
    buffer_init(&bytes, BUFFER_CAP);
    uint64_t cpu = subject_cpu_ns(subject);
    for (size_t i = 0; i < ROUND_DELTAS; i++) {
        buffer_clear(&bytes);
        append_numbered_delta(&bytes, i);
        uint64_t begin = now_ns();
        upstream_send(upstream, &bytes);
        if (is_relay)
            subject_read(subject, bytes.length);
        else
            subject_receive_until(subject, "$/progress");
        samples_add(samples, (double)(now_ns() - begin) / 1000);
    }
    return subject_cpu_ns(subject) - cpu;
}

void bench_latency(const char *gridls)
{
    static struct samples samples, floor;
    static struct subject subject, relay;
    struct upstream upstream, relayed;
    double cpu = 0, floor_cpu = 0;

    start_gridls(&subject, &upstream, gridls);
    begin_explanation(&subject, &upstream);
    start_relay(&relay, &relayed);
    for (size_t done = 0; done < LATENCY_DELTAS; done += ROUND_DELTAS) {
        cpu += (double)time_deltas(&subject, &upstream, false, &samples);
        floor_cpu += (double)time_deltas(&relay, &relayed, true, &floor);
    }
    end_explanation(&subject, &upstream);
    subject_stop(&subject);
    subject_stop(&relay);
    upstream_close(&upstream);
    upstream_close(&relayed);

    print_row("a delta, upstream's socket to editor's pipe, median", "us",
              samples_quantile(&samples, 0.5), samples_quantile(&floor, 0.5), "< 300");
    print_row("  the same, 99 of 100", "us", samples_quantile(&samples, 0.99),
              samples_quantile(&floor, 0.99), NULL);
    print_row("  CPU of 10,000 that come one by one", "ms", cpu / 1e6 * 10000 / LATENCY_DELTAS,
              floor_cpu / 1e6 * 10000 / LATENCY_DELTAS, NULL);
}

/* ---- as many as will go ----------------------------------------------------------------------- */

static void set_blocking(int descriptor, bool blocking)
{
    int flags = fcntl(descriptor, F_GETFL);
    fcntl(descriptor, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* Sends as fast as the subject takes it and reads as fast as it gives, until `is_over`. Bytes from
 * the subject go through its `room`. */
static void pump(struct subject *subject, struct upstream *upstream, const struct buffer *bytes,
                 bool (*is_over)(struct subject *subject, size_t count, size_t total))
{
    size_t sent = 0, received = 0;
    set_blocking(upstream->connection, false);
    for (bool over = false; !over;) {
        struct pollfd ready[] = {
            {.fd = subject->out, .events = POLLIN},
            {.fd = sent < bytes->length ? upstream->connection : -1, .events = POLLOUT},
        };
        if (poll(ready, 2, -1) < 0)
            fail("cannot wait");
        if (ready[1].revents) {
            ssize_t count = write(upstream->connection, bytes->data + sent, bytes->length - sent);
            if (count < 0)
                fail("the upstream cannot write");
            sent += (size_t)count;
        }
        if (ready[0].revents) {
            ssize_t count = read(subject->out, subject->room, sizeof(subject->room));
            if (count <= 0)
                fail("the output ended");
            received += (size_t)count;
            over = is_over(subject, (size_t)count, received);
        }
    }
    set_blocking(upstream->connection, true);
}

static size_t flood_length; /* of what a relay gives back */

static bool relay_is_over(struct subject *subject, size_t count, size_t total)
{
    (void)subject;
    (void)count;
    return total == flood_length;
}

/* The least that decoding them costs: cJSON over the same events, in this process. */
static double parsing_cpu_ns(void)
{
    struct buffer bytes CLEANUP(buffer_finish);
    struct timespec begin, end;
    buffer_init(&bytes, BUFFER_CAP);
    append_numbered_delta(&bytes, 0);
    const char *data = strchr(bytes.data, '{');
    const char *data_end = strrchr(bytes.data, '}') + 1;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (size_t i = 0; i < FLOOD_DELTAS; i++)
        cJSON_Delete(cJSON_ParseWithLength(data, (size_t)(data_end - data)));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
}

/* The answer to the request is the last of what comes. */
static bool gridls_is_over(struct subject *subject, size_t count, size_t total)
{
    static const char mark[] = "\"finishReason\"";
    (void)total;
    return memmem(subject->room, count, mark, strlen(mark)) != NULL;
}

void bench_throughput(const char *gridls)
{
    static struct subject subject, relay;
    struct upstream upstream, relayed;
    struct buffer bytes CLEANUP(buffer_finish);

    buffer_init(&bytes, BUFFER_CAP);
    for (size_t i = 0; i < FLOOD_DELTAS; i++)
        append_numbered_delta(&bytes, i);
    upstream_append_end(&bytes);
    flood_length = bytes.length;

    start_gridls(&subject, &upstream, gridls);
    begin_explanation(&subject, &upstream);
    double cpu = (double)subject_cpu_ns(&subject);
    uint64_t begin = now_ns();
    pump(&subject, &upstream, &bytes, gridls_is_over);
    double seconds = (double)(now_ns() - begin) / 1e9;
    cpu = (double)subject_cpu_ns(&subject) - cpu;
    subject_stop(&subject);
    upstream_close(&upstream);

    start_relay(&relay, &relayed);
    begin = now_ns();
    pump(&relay, &relayed, &bytes, relay_is_over);
    double floor_seconds = (double)(now_ns() - begin) / 1e9;
    subject_stop(&relay);
    upstream_close(&relayed);

    print_row("deltas a second that one stream carries", "/s", FLOOD_DELTAS / seconds,
              FLOOD_DELTAS / floor_seconds, NULL);
    print_row("  CPU of 10,000 that come at once", "ms", cpu / 1e6,
              parsing_cpu_ns() / 1e6, NULL);
}
