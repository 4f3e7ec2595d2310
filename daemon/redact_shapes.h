#ifndef GRIDLS_REDACT_SHAPES_H
#define GRIDLS_REDACT_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

/* What secrets look like. Pure: a text and a place in it. */

/* A secret within a text. */
struct redact_span {
    size_t start;
    size_t end;
};

/* Whether a secret of a well-known shape is found by looking at `at`: it starts there, or what
 * stands there (a scheme, a name and its equals sign) leads to it. The span never begins before
 * `at`. */
bool redact_shapes_find(const char *text, size_t length, size_t at, struct redact_span *span);

#endif
