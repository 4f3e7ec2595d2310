#ifndef GRIDLS_CHILD_H
#define GRIDLS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "protocol/buffer.h"

/*
 * One child process on the loop: bytes in, bytes out, an end. Programs are started from an argument
 * vector, never through a shell. The child gets three streams and nothing else of ours that is
 * marked close-on-exec, as everything in this program is. The process must ignore SIGPIPE (the
 * child does not inherit that).
 *
 * A child is waited for until it has ended and its output is at its end. Where something that it
 * left in the background keeps the output open, that is waited for one second more and no longer.
 */

/* An addition to our own environment; value NULL takes the variable away. */
struct child_variable {
    const char *name;
    const char *value;
};

/* Read during child_start() only. */
struct child_options {
    const char *const *argv; /* ends with NULL; argv[0] is looked for in PATH */
    const char *directory;   /* NULL: ours. -ENOENT may mean this one or the program */
    const struct child_variable *variables;
    size_t variable_count;
    const void *input; /* copied; NULL: the child reads from the null device */
    size_t input_length;
    size_t output_cap; /* of stdout; more than that ends the child */
    unsigned timeout_ms; /* 0: none */
};

/* The first bytes of stderr that are kept; what follows is read and forgotten. */
#define CHILD_ERRORS_CAP ((size_t)4096)

struct child_result {
    int error;           /* 0, or a negative errno that broke the reading (-ENOMEM) */
    int64_t exit_status; /* where it exited by itself */
    int term_signal;     /* the signal that ended it, or 0 */
    bool timed_out;      /* it was ended at its deadline */
    bool truncated;      /* stdout reached the cap: its first bytes are here, the child was ended */
    struct buffer output; /* the callback may steal it; the rest is freed behind it */
    struct buffer errors;
};

struct child;

/* Called once, from the loop, never from child_start(). The child is gone when it returns. */
typedef void (*child_callback)(void *context, struct child_result *result);

/* Starts the program. Returns 0, or a negative errno (UV_E…) where it could not be started: then
 * there is no child and no callback. */
int child_start(struct child **child, uv_loop_t *loop, const struct child_options *options,
                child_callback callback, void *context);

/* Ends the child: SIGTERM, SIGKILL if it is still there after half a second. No callback comes any
 * more; memory goes in the last close callback, as the loop runs. Takes NULL. */
void child_cancel(struct child *child);

/* Whether the child ended by itself with exit status 0, all its output read. */
bool child_succeeded(const struct child_result *result);

#endif
