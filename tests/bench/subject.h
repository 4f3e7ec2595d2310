#ifndef GRIDLS_BENCH_SUBJECT_H
#define GRIDLS_BENCH_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/buffer.h"
#include "protocol/frame.h"

/*
 * A process that is measured, at the other end of two pipes: gridls; or the floor, which does only
 * what nobody could leave out. Whatever goes wrong ends the benchmark.
 */
struct subject {
    pid_t pid;
    int in, out; /* it reads from `in`, writes to `out` */
    struct frame_parser parser;
    char room[65536];
    size_t begin, end; /* of what is in `room` and not yet parsed */
};

/* Starts a program. `base_url` NULL: its upstream is not there. */
void subject_start(struct subject *subject, const char *program, const char *base_url);

/* Starts a child that does nothing but carry bytes: from its input to a socket at that port of this
 * machine, and from there to its output. */
void subject_start_relay(struct subject *subject, unsigned port);

/* Ends its input and waits for its end. */
void subject_stop(struct subject *subject);

/* Frames and sends a body, and empties the buffer. */
void subject_send(struct subject *subject, struct buffer *body);

/* The next body; valid until the next call. */
const struct buffer *subject_receive(struct subject *subject);

/* Receives until there is a body that holds `words`. */
const struct buffer *subject_receive_until(struct subject *subject, const char *words);

/* Bytes, for a relay: to its input, from its output. */
void subject_write(struct subject *subject, const char *bytes, size_t length);
void subject_read(struct subject *subject, size_t length);

uint64_t subject_cpu_ns(const struct subject *subject);
double subject_resident_mib(const struct subject *subject);

/* For gridls: initialize, answered, and initialized. */
void subject_initialize(struct subject *subject);
void subject_open(struct subject *subject, const char *uri, const char *text, size_t length);

uint64_t now_ns(void);

/* Writes the sentence and what errno says to stderr, and ends the process. */
void fail(const char *what) __attribute__((noreturn));

/* Writes all of it, whatever it takes. */
void write_all(int descriptor, const char *bytes, size_t length);

#endif
