#ifndef GRIDLS_POSITION_H
#define GRIDLS_POSITION_H

#include <stddef.h>
#include <stdint.h>

/*
 * The only place where characters of an LSP position become bytes and back (LSP 3.18, "Text
 * Documents"). A line here is its bytes without its line end.
 */

enum position_encoding {
    POSITION_UTF16, /* the protocol's default, hence 0 */
    POSITION_UTF8,
    POSITION_UTF32,
};

/* "utf-8", "utf-16", "utf-32". */
const char *position_encoding_name(enum position_encoding encoding);
/* 0, or -EINVAL for any other name. */
int position_encoding_parse(const char *name, enum position_encoding *encoding);

/* LSP's Position: both from 0; character in units of the encoding agreed on. */
struct position {
    uint32_t line;
    uint32_t character;
};

/* LSP's Range: end excluded. */
struct range {
    struct position start;
    struct position end;
};

/* <0, 0, >0, as strcmp() for places in a text. */
int position_compare(struct position a, struct position b);

/*
 * The byte offset of `character` units into the line. Beyond its end gives the end; within a
 * character (a surrogate pair, a multi-byte sequence) gives the start of that character.
 */
size_t position_to_offset(const char *line, size_t length, uint32_t character,
                          enum position_encoding encoding);

/* The units in the first `offset` bytes of the line (offset beyond the end is the end; within a
 * character is its start). An ill-formed byte counts as one unit. */
uint32_t position_from_offset(const char *line, size_t length, size_t offset,
                              enum position_encoding encoding);

/* The offset just behind the next line end (\n, \r\n or a lone \r) at or after `offset`, or
 * `length` with *line_end = 0 where none follows. *line_end (may be NULL) is the length of the line
 * end. A \r that is the last byte of the text counts as a line end. */
size_t position_next_line(const char *text, size_t length, size_t offset, size_t *line_end);

#endif
