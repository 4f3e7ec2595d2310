#include "daemon/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The most bytes that one unit of any encoding stands for, and that one character takes. */
#define BYTES_PER_UNIT ((size_t)4)

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char byte_at(const struct text *text, size_t offset)
{
    return text->bytes[offset < text->gap_start ? offset
                                                : offset + (text->gap_end - text->gap_start)];
}

size_t text_length(const struct text *text)
{
    return text->capacity - (text->gap_end - text->gap_start);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* Grows in steps of a quarter, so that the cost of moving everything is spread over the edits. */
static size_t grown(size_t needed)
{
    return needed + needed / 4 + 64;
}

static int reserve_bytes(struct text *text, size_t more)
{
    if (text->gap_end - text->gap_start >= more)
        return 0;
    size_t length = text_length(text), after = text->capacity - text->gap_end;
    size_t capacity = grown(length + more);
    char *bytes = realloc(text->bytes, capacity);
    if (!bytes)
        return -ENOMEM;
    memmove(bytes + capacity - after, bytes + text->gap_end, after);
    text->bytes = bytes;
    text->gap_end = capacity - after;
    text->capacity = capacity;
    return 0;
}

static void move_gap(struct text *text, size_t to)
{
    size_t gap = text->gap_end - text->gap_start;
    if (to < text->gap_start)
        memmove(text->bytes + to + gap, text->bytes + to, text->gap_start - to);
    else if (to > text->gap_start)
        memmove(text->bytes + text->gap_start, text->bytes + text->gap_end, to - text->gap_start);
    text->gap_start = to;
    text->gap_end = to + gap;
}

const char *text_view(struct text *text, size_t start, size_t end)
{
    end = smaller(end, text_length(text));
    start = smaller(start, end);
    if (start == end)
        return "";
    if (start < text->gap_start && end > text->gap_start)
        move_gap(text, text->gap_start - start < end - text->gap_start ? start : end);
    return text->bytes + (start < text->gap_start ? start
                                                  : start + (text->gap_end - text->gap_start));
}

void text_copy(const struct text *text, size_t start, size_t end, char *out)
{
    end = smaller(end, text_length(text));
    start = smaller(start, end);
    size_t middle = start > text->gap_start ? start : smaller(end, text->gap_start);
    if (middle > start)
        memcpy(out, text->bytes + start, middle - start);
    if (end > middle)
        memcpy(out + (middle - start),
               text->bytes + middle + (text->gap_end - text->gap_start), end - middle);
}

/* ---- lines --------------------------------------------------------------------------------- */

static size_t start_count(const struct text *text)
{
    return text->starts_capacity - (text->starts_gap_end - text->starts_gap);
}

/* Where line `index` + 1 starts. */
static size_t start_at(const struct text *text, size_t index)
{
    if (index < text->starts_gap)
        return text->starts[index];
    return text_length(text) -
           text->starts[index + (text->starts_gap_end - text->starts_gap)];
}

/* The number of line starts before `offset`. */
static size_t starts_before(const struct text *text, size_t offset)
{
    size_t low = 0, high = start_count(text);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (start_at(text, middle) < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int reserve_starts(struct text *text, size_t more)
{
    if (text->starts_gap_end - text->starts_gap >= more)
        return 0;
    size_t after = text->starts_capacity - text->starts_gap_end;
    size_t capacity = grown(start_count(text) + more);
    size_t *starts = realloc(text->starts, capacity * sizeof *starts);
    if (!starts)
        return -ENOMEM;
    memmove(starts + capacity - after, starts + text->starts_gap_end, after * sizeof *starts);
    text->starts = starts;
    text->starts_gap_end = capacity - after;
    text->starts_capacity = capacity;
    return 0;
}

/* Moved first and counted anew then, in loops that compilers make wide: this is most of what an edit
 * costs that is far from the one before. */
static void count_from_other_end(size_t *starts, size_t count, size_t length)
{
    for (size_t i = 0; i < count; i++)
        starts[i] = length - starts[i];
}

/* A start that passes the gap changes the end of the text that it is counted from. */
static void move_starts_gap(struct text *text, size_t to)
{
    size_t length = text_length(text), from = text->starts_gap;
    size_t count = to < from ? from - to : to - from;
    if (to < from) {
        size_t *moved = text->starts + text->starts_gap_end - count;
        memmove(moved, text->starts + to, count * sizeof *moved);
        count_from_other_end(moved, count, length);
        text->starts_gap_end -= count;
    } else if (to > from) {
        size_t *moved = text->starts + from;
        memmove(moved, text->starts + text->starts_gap_end, count * sizeof *moved);
        count_from_other_end(moved, count, length);
        text->starts_gap_end += count;
    }
    text->starts_gap = to;
}

/*
 * Whether a line starts at an offset depends on the byte before and the byte at it, so an edit of
 * [start, end) can change that for offsets from start to end only, both included: the first part
 * forgets the starts among these, before the edit; the second finds those of the new bytes, after
 * it.
 */
static void forget_starts(struct text *text, size_t start, size_t end)
{
    move_starts_gap(text, starts_before(text, start));
    while (text->starts_gap_end < text->starts_capacity &&
           text_length(text) - text->starts[text->starts_gap_end] <= end)
        text->starts_gap_end++;
}

static void find_starts(struct text *text, size_t start, size_t end)
{
    size_t from = start > 0 ? start - 1 : 0;
    size_t to = smaller(end + 1, text_length(text));
    const char *view = text_view(text, from, to);
    size_t line_end, at = position_next_line(view, to - from, 0, &line_end);
    while (line_end > 0 && from + at <= end) {
        text->starts[text->starts_gap++] = from + at;
        at = position_next_line(view, to - from, at, &line_end);
    }
}

size_t text_line_count(const struct text *text)
{
    return start_count(text) + 1;
}

size_t text_line_start(const struct text *text, size_t line)
{
    if (line == 0)
        return 0;
    return line <= start_count(text) ? start_at(text, line - 1) : text_length(text);
}

size_t text_line_end(const struct text *text, size_t line)
{
    if (line >= start_count(text))
        return text_length(text);
    size_t end = start_at(text, line) - 1;
    bool pair = end > 0 && byte_at(text, end) == '\n' && byte_at(text, end - 1) == '\r';
    return pair ? end - 1 : end;
}

size_t text_line_at(const struct text *text, size_t offset)
{
    return starts_before(text, smaller(offset, text_length(text)) + 1);
}

const char *text_line(struct text *text, size_t line, size_t *length)
{
    size_t start = text_line_start(text, line), end = text_line_end(text, line);
    *length = end - start;
    return text_view(text, start, end);
}

/* ---- edits --------------------------------------------------------------------------------- */

int text_init(struct text *text, const char *bytes, size_t length)
{
    *text = (struct text){ 0 };
    return text_replace(text, 0, 0, bytes, length);
}

void text_finish(struct text *text)
{
    if (!text)
        return;
    free(text->bytes);
    free(text->starts);
    *text = (struct text){ 0 };
}

/* No fewer than the line starts that an edit to these bytes can make: one behind each line end, and
 * one behind the byte before the edit, where that is a \r that loses its \n. */
static size_t starts_needed(const char *bytes, size_t length)
{
    size_t needed = 1;
    for (size_t i = 0; i < length; i++)
        needed += bytes[i] == '\n' || bytes[i] == '\r';
    return needed;
}

int text_replace(struct text *text, size_t start, size_t end, const char *bytes, size_t length)
{
    end = smaller(end, text_length(text));
    start = smaller(start, end);
    if (length > TEXT_CAP || text_length(text) - (end - start) > TEXT_CAP - length)
        return -EMSGSIZE;
    int error = reserve_bytes(text, length);
    if (!error)
        error = reserve_starts(text, starts_needed(bytes, length));
    if (error)
        return error;

    forget_starts(text, start, end);
    move_gap(text, start);
    text->gap_end += end - start;
    if (length > 0)
        memcpy(text->bytes + start, bytes, length);
    text->gap_start += length;
    find_starts(text, start, start + length);
    return 0;
}

/* ---- positions ----------------------------------------------------------------------------- */

/* Both look at no more of the line than the answer needs, as lines may be as long as the text. */

size_t text_offset(struct text *text, struct position position, enum position_encoding encoding)
{
    if (position.line >= text_line_count(text))
        return text_length(text);
    size_t start = text_line_start(text, position.line);
    size_t length = text_line_end(text, position.line) - start;
    if (position.character < length / BYTES_PER_UNIT)
        length = (position.character + 1) * BYTES_PER_UNIT;
    const char *line = text_view(text, start, start + length);
    return start + position_to_offset(line, length, position.character, encoding);
}

struct position text_position(struct text *text, size_t offset, enum position_encoding encoding)
{
    offset = smaller(offset, text_length(text));
    size_t line = text_line_at(text, offset), start = text_line_start(text, line);
    size_t end = smaller(text_line_end(text, line), offset + BYTES_PER_UNIT);
    const char *view = text_view(text, start, end);
    return (struct position){
        .line = (uint32_t)line,
        .character = position_from_offset(view, end - start, offset - start, encoding),
    };
}
