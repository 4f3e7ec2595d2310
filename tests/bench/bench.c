#include "tests/bench/bench.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/subject.h"
#include "tests/bench/upstream.h"

/*
 *     bench GRIDLS FLOOR
 *
 * What gridls costs, as a table. Machines differ and are busy, so everything stands beside a floor
 * that is measured in the same run, and nothing is asserted.
 */

#define STARTS 40
#define EDITS 5000
#define GIVE_UP_S 120u

static const char uri[] = "file:///nonexistent/bench.c";

/* ---- numbers ---------------------------------------------------------------------------------- */

void samples_add(struct samples *samples, double value)
{
    if (samples->count < SAMPLES_MAX)
        samples->values[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_quantile(struct samples *samples, double share)
{
    if (!samples->count)
        return 0;
    qsort(samples->values, samples->count, sizeof(samples->values[0]), compare);
    return samples->values[(size_t)(share * (double)(samples->count - 1) + 0.5)];
}

void print_row(const char *name, const char *unit, double value, double floor, const char *target)
{
    printf("%-52s %10.*f %10.*f  %-3s %7.2f  %s\n", name, value < 100, value, floor < 100, floor, unit,
           floor > 0 ? value / floor : 0, target ? target : "");
    fflush(stdout);
}

void print_note(const char *note)
{
    printf("\n%s\n", note);
}

void make_text(struct buffer *out, size_t length)
{
    for (unsigned line = 0; out->length < length; line++)
        buffer_printf(out, "    total_%u = combine(total_%u, %u);\n", line, line / 2, line * 7);
    if (buffer_error(out))
        fail("no memory");
}

/* ---- start ------------------------------------------------------------------------------------ */

static void time_start(const char *program, struct samples *times, struct samples *sizes)
{
    static struct subject subject;
    uint64_t begin = now_ns();
    subject_start(&subject, program, NULL);
    subject_initialize(&subject);
    samples_add(times, (double)(now_ns() - begin) / 1e6);
    samples_add(sizes, subject_resident_mib(&subject));
    subject_stop(&subject);
}

static void bench_start(const char *gridls, const char *floor)
{
    static struct samples times, sizes, floor_times, floor_sizes;
    for (size_t i = 0; i < STARTS; i++) {
        time_start(gridls, &times, &sizes);
        time_start(floor, &floor_times, &floor_sizes);
    }
    print_row("start to the answer to initialize, median", "ms", samples_quantile(&times, 0.5),
              samples_quantile(&floor_times, 0.5), "< 12");
    print_row("  resident after it", "MiB", samples_quantile(&sizes, 0.5),
              samples_quantile(&floor_sizes, 0.5), "< 12");
}

/* ---- edits ------------------------------------------------------------------------------------ */

static void append_edit(struct buffer *body, size_t number, size_t line, size_t character)
{
    buffer_printf(body,
                  "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didChange\",\"params\":"
                  "{\"textDocument\":{\"uri\":\"%s\",\"version\":%zu},\"contentChanges\":[{\"range\":"
                  "{\"start\":{\"line\":%zu,\"character\":%zu},\"end\":{\"line\":%zu,"
                  "\"character\":%zu}},\"rangeLength\":0,\"text\":\"x\"}]}}",
                  uri, number + 2, line, character, line, character);
}

/* A request that is answered at once: when its answer has come, all before it has been done. */
static void synchronize(struct subject *subject)
{
    struct buffer body CLEANUP(buffer_finish);
    buffer_init(&body, BUFFER_CAP);
    buffer_append_string(&body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"gridls/status\"}");
    subject_send(subject, &body);
    subject_receive_until(subject, "\"id\":1");
}

/* Returns the milliseconds of CPU that the edits took: in one place, or each somewhere else. */
static double time_edits(struct subject *subject, size_t lines, bool scattered)
{
    struct buffer body CLEANUP(buffer_finish);
    buffer_init(&body, BUFFER_CAP);
    synchronize(subject);
    uint64_t cpu = subject_cpu_ns(subject);
    for (size_t i = 0; i < EDITS; i++) {
        size_t line = scattered ? i * 7919 % lines : lines / 2;
        append_edit(&body, i, line, scattered ? 4 : 4 + i);
        subject_send(subject, &body);
    }
    synchronize(subject);
    return (double)(subject_cpu_ns(subject) - cpu) / 1e6;
}

/* The least: cJSON over the same messages, in this process. */
static double time_parsing(size_t lines)
{
    struct buffer body CLEANUP(buffer_finish);
    struct timespec begin, end;
    buffer_init(&body, BUFFER_CAP);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (size_t i = 0; i < EDITS; i++) {
        buffer_clear(&body);
        append_edit(&body, i, lines / 2, 4 + i);
        cJSON_Delete(cJSON_ParseWithLength(body.data, body.length));
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6;
}

static void bench_edits(const char *gridls)
{
    static struct subject subject;
    struct upstream upstream; /* listens, and never answers */
    struct buffer text CLEANUP(buffer_finish);
    size_t lines = 0;

    buffer_init(&text, BUFFER_CAP);
    make_text(&text, (size_t)1 << 20);
    for (size_t i = 0; i < text.length; i++)
        lines += text.data[i] == '\n';
    upstream_open(&upstream);
    subject_start(&subject, gridls, upstream.base_url);
    subject_initialize(&subject);
    double before = subject_resident_mib(&subject);
    subject_open(&subject, uri, text.data, text.length);
    struct buffer first CLEANUP(buffer_finish);
    buffer_init(&first, BUFFER_CAP);
    append_edit(&first, 0, 0, 0); /* a first edit makes libcurl start, which is not what is measured */
    subject_send(&subject, &first);

    double typed = time_edits(&subject, lines, false);
    double scattered = time_edits(&subject, lines, true);
    double floor = time_parsing(lines);
    double after = subject_resident_mib(&subject);
    subject_stop(&subject);
    upstream_close(&upstream);

    print_row("CPU of 5,000 characters typed into 1 MiB", "ms", typed, floor, NULL);
    print_row("  the same, each in another place", "ms", scattered, floor, NULL);
    print_row("  resident after both; floor: before 1 MiB was opened", "MiB", after, before, NULL);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: bench GRIDLS FLOOR\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    alarm(GIVE_UP_S); /* whatever hangs ends here */
    printf("%-52s %10s %10s  %-3s %7s  %s\n", "", "gridls", "floor", "", "ratio", "target");
    bench_start(arguments[1], arguments[2]);
    bench_latency(arguments[1]);
    bench_throughput(arguments[1]);
    bench_edits(arguments[1]);
    bench_completion(arguments[1]);
    print_note("Floors: libuv, libcurl and cJSON linked and initialised, no more; a process that only\n"
               "carries the same bytes between socket and pipe; cJSON over the same messages.");
    return 0;
}
