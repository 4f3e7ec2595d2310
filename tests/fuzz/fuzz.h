#ifndef GRIDLS_TESTS_FUZZ_H
#define GRIDLS_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/buffer.h"

/*
 * What fuzz targets share. A target is a file fuzz_NAME.c with fuzz_one(), which takes any bytes and
 * ends the process where something does not hold. Under clang with -Dfuzz=true libFuzzer calls it,
 * in any other build driver.c, with files or with simple changes of them.
 */

/* `data` is in memory of exactly this length, so that sanitizers see a read beyond it. */
void fuzz_one(const char *data, size_t length);

#define FUZZ_HOLDS(condition)                                                                    \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition);  \
            abort();                                                                             \
        }                                                                                        \
    } while (0)

/* Both hold the same bytes, and no error. */
void fuzz_holds_same(const struct buffer *a, const struct buffer *b);

/* ---- what an input is made of ---------------------------------------------------------------- */

struct fuzz_input {
    const char *data;
    size_t length;
};

/* The bytes up to the next NUL, which goes too; all that is left where there is none. */
struct fuzz_input fuzz_take_piece(struct fuzz_input *input);
/* The next byte, 0 at the end. */
unsigned fuzz_take_byte(struct fuzz_input *input);
/* A copy that ends in NUL, cut at the first NUL within; the caller frees. */
char *fuzz_string(struct fuzz_input input);

/* ---- cuts ------------------------------------------------------------------------------------ */

/* Sizes of pieces, always the same for the same input. */
struct fuzz_cuts {
    uint32_t state;
};

struct fuzz_cuts fuzz_cuts_of(const char *data, size_t length);
/* How many of `left` bytes come next: 1 to left. */
size_t fuzz_cut(struct fuzz_cuts *cuts, size_t left);
/* The same for text, never within a character. */
size_t fuzz_cut_text(struct fuzz_cuts *cuts, const char *text, size_t left);

#endif
