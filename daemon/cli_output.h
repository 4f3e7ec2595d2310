#ifndef GRIDLS_CLI_OUTPUT_H
#define GRIDLS_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "protocol/buffer.h"

/*
 * Results on stdout. A reader that is slow or has stopped never holds up the loop, as writing is
 * the thread pool's; stdout itself, which other programs share, is left as it is (O_NONBLOCK would
 * be theirs, too). At a terminal, control characters are shown, not obeyed: the text is a model's.
 */
struct cli_output {
    uv_loop_t *loop;
    uv_work_t work;
    struct buffer pending; /* waits behind what is being written */
    struct buffer writing; /* the thread's while is_busy */
    int write_error;       /* the thread's too: what it met */
    bool is_busy;
    bool is_terminal;
    bool is_within_line; /* what was given last did not end its line */
    int error;           /* 0, or why nothing more is written; -EPIPE: the reader is gone */
    void (*on_error)(void *context);
    void *context;
};

/* `on_error` may be NULL; it is called once, from the loop. */
void cli_output_init(struct cli_output *output, uv_loop_t *loop, void (*on_error)(void *context),
                     void *context);

/* The loop must have run out. */
void cli_output_finish(struct cli_output *output);

void cli_output_text(struct cli_output *output, const char *text, size_t length);
void cli_output_printf(struct cli_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Ends the line that was begun, if one was. */
void cli_output_end_line(struct cli_output *output);

/* Forgets what is not being written already. */
void cli_output_drop(struct cli_output *output);

#endif
