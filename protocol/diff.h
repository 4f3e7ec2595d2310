#ifndef GRIDLS_DIFF_H
#define GRIDLS_DIFF_H

#include <stddef.h>

#include "protocol/buffer.h"

/*
 * A line diff between two texts: a shortest edit script by Myers' algorithm (1986, linear space),
 * with a bound on the work above which the middle is given as one hunk. Lines end with \n, \r\n or
 * a lone \r and are compared with their ends, so a changed line end is a change.
 */

/* A run of lines replaced by another; counts may be 0. Hunks are in order and do not touch. */
struct diff_hunk {
    size_t old_line, old_count; /* lines from 0 */
    size_t new_line, new_count;
    size_t old_start, old_end;  /* the same in bytes */
    size_t new_start, new_end;
};

struct diff {
    struct diff_hunk *hunks;
    size_t count;
};

/* Returns 0 or -ENOMEM. Equal texts give no hunks. */
int diff_compute(struct diff *diff, const char *old_text, size_t old_length, const char *new_text,
                 size_t new_length);
/* The same, and then within the lines that differ: words that stay are left out of the hunks, whose
 * bytes are parts of their lines. Never within a character or a line end. */
int diff_compute_within(struct diff *diff, const char *old_text, size_t old_length,
                        const char *new_text, size_t new_length);
void diff_finish(struct diff *diff);

/*
 * Appends a unified diff with three lines of context that `patch -p0` and `git apply -p0` take,
 * with "\ No newline at end of file" where due; nothing where the texts are equal. Names with
 * blanks or controls are quoted as git does. Lines end with \n only here, as they do for those
 * tools; a \r is a byte like any other. Returns 0, -ENOMEM or -EMSGSIZE.
 */
int diff_append_unified(struct buffer *out, const char *name, const char *old_text,
                        size_t old_length, const char *new_text, size_t new_length);

#endif
