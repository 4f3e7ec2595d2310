#ifndef GRIDLS_SSE_H
#define GRIDLS_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

/*
 * An event stream (HTML Standard, "Server-sent events", 9.2.6), in any cut: LF, CRLF and lone CR
 * line ends, mixed; one BOM at the start; comments; `data:` with or without the blank.
 *
 * Kinder than the standard where servers need it: an unterminated last event is still dispatched by
 * sse_parser_end(); a line whose field name is `error` is dispatched as an event of type "error"
 * (old llama.cpp). Several data lines are joined by \n, as the standard says; that servers which
 * part events by one newline make one event of many is for the reader of the data to undo.
 */

#define SSE_LINE_CAP ((size_t)8 << 20)

struct sse_event {
    const char *type; /* "" where the stream gave none; at most 63 bytes are kept */
    const char *data; /* NUL-terminated; valid during the callback only */
    size_t length;
};

/* Returns 0 to go on; anything else stops the parser, and feed returns it. */
typedef int (*sse_event_cb)(void *context, const struct sse_event *event);

struct sse_parser {
    struct buffer line;
    struct buffer data;
    char type[64];
    bool has_data;
    bool after_cr; /* the last byte was CR: a following LF belongs to it */
    bool started;  /* the BOM, if any, is behind us */
    size_t comments; /* comment lines seen: proof of life, not of an answer */
    size_t fields;   /* lines whose field name is known: without any this is no event stream */
};

/* line_cap: the most bytes of one line and of one event's data. */
void sse_parser_init(struct sse_parser *parser, size_t line_cap);
void sse_parser_finish(struct sse_parser *parser);

/* Returns 0, the callback's value, -EMSGSIZE (over the cap) or -ENOMEM. Once it has returned
 * anything but 0 the parser is only to be finished. */
int sse_parser_feed(struct sse_parser *parser, const char *data, size_t length,
                    sse_event_cb callback, void *context);
/* The stream is at its end: dispatches what is unterminated. Returns as feed does. */
int sse_parser_end(struct sse_parser *parser, sse_event_cb callback, void *context);

#endif
