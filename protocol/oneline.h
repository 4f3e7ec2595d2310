#ifndef GRIDLS_ONELINE_H
#define GRIDLS_ONELINE_H

#include <stddef.h>

/*
 * Copies foreign text into `out` (size bytes, at least 4, always NUL-terminated) as one line that
 * is safe to show: valid UTF-8, runs of blanks, control characters and line separators made one
 * blank, none at either end, characters that reorder text left out. What is too long ends in "…".
 */
void oneline_copy(char *out, size_t size, const char *text, size_t length);

#endif
