#ifndef GRIDLS_FRAME_H
#define GRIDLS_FRAME_H

#include <stddef.h>

#include "protocol/buffer.h"

/*
 * The base protocol's framing (LSP 3.18, "Header Part"): ASCII header fields ended by CRLF, an
 * empty CRLF, then Content-Length bytes. Field names are taken in any case, in any order, with or
 * without blanks round the colon; unknown fields and media types are passed over; a charset other
 * than utf-8 (or "utf8") is a fault, as is a missing, negative, non-numeric or too large length.
 * Framing faults cannot be repaired by guessing where the next message begins: the stream is at its
 * end.
 */

#define FRAME_HEADER_CAP ((size_t)8 << 10)
#define FRAME_BODY_CAP ((size_t)256 << 20)

enum frame_status {
    FRAME_NEED_MORE, /* all input is used up, no message is complete yet */
    FRAME_MESSAGE,   /* parser->body holds one whole body */
    FRAME_BAD,       /* parser->fault says why; feeding again gives FRAME_BAD again */
};

struct frame_parser {
    struct buffer header;
    struct buffer body;    /* the message, when FRAME_MESSAGE was returned; until the next feed */
    size_t body_cap;
    size_t expected;       /* Content-Length of the body being read */
    int state;
    const char *fault;     /* static text */
};

/* body_cap: the largest Content-Length taken; FRAME_BODY_CAP if the caller knows no better. */
void frame_parser_init(struct frame_parser *parser, size_t body_cap);
void frame_parser_finish(struct frame_parser *parser);

/*
 * Takes bytes in any cut; *used is how many were taken (feed the rest again). Returns after each
 * whole message. Memory grows with what has come, never with what a header promises.
 */
enum frame_status frame_parser_feed(struct frame_parser *parser, const char *data, size_t length,
                                    size_t *used);

/* Whether the stream may end here without having cut a message. */
int frame_parser_is_idle(const struct frame_parser *parser);

/* Appends exactly "Content-Length: N\r\n\r\n": some clients take no other spelling. */
int frame_append_header(struct buffer *out, size_t body_length);

#endif
