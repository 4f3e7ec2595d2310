#ifndef GRIDLS_BENCH_BENCH_H
#define GRIDLS_BENCH_BENCH_H

#include <stddef.h>

/* The benchmark's parts, and what they share. */

#define SAMPLES_MAX 20000

/* Numbers of one kind. */
struct samples {
    double values[SAMPLES_MAX];
    size_t count;
};

void samples_add(struct samples *samples, double value);
/* The value below which `share` (0 to 1) of them lie. */
double samples_quantile(struct samples *samples, double share);

/* One line of the table: what gridls costs, what the floor does, how they compare. `target` may be
 * NULL. */
void print_row(const char *name, const char *unit, double value, double floor, const char *target);
void print_note(const char *note);

/* A text of at least `length` bytes in lines that all differ and look like code. */
struct buffer;
void make_text(struct buffer *out, size_t length);

/* bench_stream.c: one delta after the other, then as many as will go. */
void bench_latency(const char *gridls);
void bench_throughput(const char *gridls);

/* bench_completion.c */
void bench_completion(const char *gridls);

#endif
