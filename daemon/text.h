#ifndef GRIDLS_TEXT_H
#define GRIDLS_TEXT_H

#include <stddef.h>

#include "protocol/position.h"

/*
 * The text of one document: any bytes, NUL and ill-formed UTF-8 included, in a gap buffer, with an
 * index of its lines that has a gap at the same place. An edit near the last one costs what it
 * changes; one elsewhere costs moving the gaps there; none costs the number of lines.
 *
 * All offsets are in bytes from the start of the text. Offsets and lines beyond the end are taken
 * as the end. Lines end as protocol/position.h says, so there is always at least one, and a text
 * that ends with a line end has an empty last line.
 */
struct text {
    char *bytes;       /* [0, gap_start) and [gap_end, capacity) are the text */
    size_t gap_start;
    size_t gap_end;
    size_t capacity;

    size_t *starts;    /* where lines 1, 2, ... start: [0, starts_gap) from the text's start, */
    size_t starts_gap; /* [starts_gap_end, starts_capacity) as the distance from its end */
    size_t starts_gap_end;
    size_t starts_capacity;
};

/* The most bytes of one text: as many as one message from the editor may have. */
#define TEXT_CAP ((size_t)256 << 20)

/* Makes a text of `length` bytes, which are copied; NULL when length is 0. Returns 0, -EMSGSIZE or
 * -ENOMEM; on failure it is an empty text, good for everything. */
int text_init(struct text *text, const char *bytes, size_t length);
void text_finish(struct text *text);

size_t text_length(const struct text *text);
size_t text_line_count(const struct text *text);

/* Where a line starts; the end of the text where there is no such line. */
size_t text_line_start(const struct text *text, size_t line);

/* Where a line ends, its line end left out. */
size_t text_line_end(const struct text *text, size_t line);

/* The line that holds the byte at `offset`. A line end belongs to the line that it ends; the end of
 * the text to the last line. */
size_t text_line_at(const struct text *text, size_t offset);

/*
 * The bytes [start, end) in one piece, not NUL-terminated; moves the gap out of the way if it must,
 * which is why `text` is not const. Valid until the next call that takes a text that is not const.
 */
const char *text_view(struct text *text, size_t start, size_t end);

/* The same for one line without its line end. */
const char *text_line(struct text *text, size_t line, size_t *length);

/* Copies the bytes [start, end) to `out`, which has room for them. */
void text_copy(const struct text *text, size_t start, size_t end, char *out);

/*
 * Replaces the bytes [start, end) by `length` others, which must not be a view of this text.
 * Returns 0, or -EMSGSIZE or -ENOMEM with the text as it was.
 */
int text_replace(struct text *text, size_t start, size_t end, const char *bytes, size_t length);

/* The offset of a position: past the last line is the end of the text, past the end of a line is
 * its end, before the line end; within a character is its start. */
size_t text_offset(struct text *text, struct position position, enum position_encoding encoding);

/* The position of an offset: within a line end it is the end of the line, within a character its
 * start. */
struct position text_position(struct text *text, size_t offset, enum position_encoding encoding);

#endif
