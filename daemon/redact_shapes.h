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

/* What is known of bytes and of one text, so that most of a text is passed over quickly. */
struct redact_shapes {
    unsigned char classes[256];
    size_t rest_from; /* no line that begins before this begins the rest of a key */
};

/* Once for any number of texts; redact_shapes_begin() for each text. */
void redact_shapes_init(struct redact_shapes *shapes);
void redact_shapes_begin(struct redact_shapes *shapes);

/* A secret may begin with this byte, whatever stands before it. */
void redact_shapes_add_first(struct redact_shapes *shapes, char byte);

/* The next place at or behind `at` where something may be found; the length where there is none. */
size_t redact_shapes_skip(const struct redact_shapes *shapes, const char *text, size_t length,
                          size_t at);

/* Whether a secret of a well-known shape is found by looking at `at`: it starts there, or what
 * stands there (a scheme, a name and its equals sign) leads to it. The span never begins before
 * `at`. Places must be asked about from the text's start on. */
bool redact_shapes_find(struct redact_shapes *shapes, const char *text, size_t length, size_t at,
                        struct redact_span *span);

#endif
