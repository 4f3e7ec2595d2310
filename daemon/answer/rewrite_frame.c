#include "daemon/answer/rewrite_frame.h"

#include <stdint.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/prompt/prompt.h"
#include "protocol/position.h"

static bool is_white(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_line_end(char byte)
{
    return byte == '\n' || byte == '\r';
}

static bool opens_block(const char *line, size_t length)
{
    length = lines_trimmed(line, length);
    return length > 0 && strchr(":{([,=", line[length - 1]) != NULL;
}

/* The next line that is not blank at or after *at; moves *at behind it. */
static bool next_text_line(const char *text, size_t length, size_t *at, const char **line,
                           size_t *line_length)
{
    while (*at < length) {
        size_t line_end;
        size_t next = position_next_line(text, length, *at, &line_end);

        *line = text + *at;
        *line_length = next - line_end - *at;
        *at = next;
        if (!lines_is_blank(*line, *line_length))
            return true;
    }
    return false;
}

static void read_line_end(struct answer_rewrite_frame *frame,
                          const struct answer_rewrite_shape *shape)
{
    const char *line_end = shape->line_end ? shape->line_end : "\n";
    size_t found = 0;
    size_t end = position_next_line(shape->original, shape->original_length, 0, &found);

    if (found > 0)
        memcpy(frame->line_end, shape->original + end - found, found);
    else
        strncpy(frame->line_end, line_end, sizeof(frame->line_end) - 1);
}

/* Where its text begins and ends; all of a blank range but its first blanks and line end may go. */
static void read_edges(struct answer_rewrite_frame *frame, const struct answer_rewrite_shape *shape)
{
    const char *text = shape->original;
    size_t length = shape->original_length;
    size_t end = length;
    size_t line_end;

    while (frame->lead < length && is_white(text[frame->lead]))
        frame->lead++;
    frame->tail_end = length;
    if (frame->lead == length) {
        frame->lead = lines_indent(text, length);
        frame->tail = frame->lead;
        frame->tail_end = position_next_line(text, length, frame->lead, &line_end);
        return;
    }
    while (end > 0 && is_white(text[end - 1]))
        end--;
    frame->tail = end + lines_indent(text + end, length - end);
    if (frame->tail == length)
        frame->tail = end;
    frame->tail_is_blank = frame->tail < length && !is_line_end(text[frame->tail]);
}

static void read_indent(struct answer_rewrite_frame *frame,
                        const struct answer_rewrite_shape *shape)
{
    const char *prefix = shape->line_prefix;
    size_t prefix_length = shape->line_prefix_length;
    size_t own = 0;

    while (own < frame->lead && !is_line_end(shape->original[frame->lead - own - 1]))
        own++;
    if (own < frame->lead)
        prefix_length = 0;
    if (!lines_is_blank(prefix, prefix_length) ||
        prefix_length + own > sizeof(frame->full_indent)) {
        frame->inline_start = true;
        return;
    }
    if (prefix_length > 0)
        memcpy(frame->full_indent, prefix, prefix_length);
    if (own > 0)
        memcpy(frame->full_indent + prefix_length, shape->original + frame->lead - own, own);
    frame->indent = prefix_length + own;
}

static void read_lines(struct answer_rewrite_frame *frame, const struct answer_rewrite_shape *shape)
{
    const char *line;
    size_t length;
    size_t at = 0;
    size_t count;

    for (count = 0; next_text_line(shape->original, shape->original_length, &at, &line, &length);
         count++) {
        struct lines_fence fence;

        if (count == 0)
            frame->opens = opens_block(line, length);
        else if (count == 1)
            frame->second_indent = lines_indent(line, length);
        frame->has_fences = frame->has_fences || lines_fence(line, length, &fence);
        lines_trim(&line, &length);
        frame->has_marks = frame->has_marks ||
                           lines_starts_with(line, length, PROMPT_SELECTION) ||
                           lines_starts_with(line, length, "</selection>");
    }
}

void rewrite_frame_read(struct answer_rewrite_frame *frame,
                        const struct answer_rewrite_shape *shape)
{
    *frame = (struct answer_rewrite_frame){.second_indent = SIZE_MAX};
    read_line_end(frame, shape);
    read_edges(frame, shape);
    read_indent(frame, shape);
    read_lines(frame, shape);
}

bool rewrite_frame_starts_with_fence(const struct answer_rewrite_shape *shape, const char *line,
                                     size_t length)
{
    struct lines_fence fence;
    const char *own;
    size_t own_length;
    size_t at = 0;

    if (!next_text_line(shape->original, shape->original_length, &at, &own, &own_length) ||
        !lines_fence(own, own_length, &fence))
        return false;
    lines_trim(&own, &own_length);
    lines_trim(&line, &length);
    return own_length == length && memcmp(own, line, length) == 0;
}

bool rewrite_frame_shifts_all(const struct answer_rewrite_frame *frame, const char *first,
                              size_t first_length, const char *second, size_t second_length)
{
    size_t wanted = frame->indent;
    size_t given = lines_indent(first, first_length);
    size_t next = lines_indent(second, second_length);
    bool opens = opens_block(first, first_length);

    /* Where both texts begin alike, the original's second line tells. */
    if (frame->second_indent != SIZE_MAX && opens == frame->opens) {
        if (next == frame->second_indent)
            return false;
        if (next + wanted == frame->second_indent + given)
            return true;
    }
    if (given < wanted)
        return opens ? next <= wanted : next < wanted;
    return opens ? next > given : next >= given;
}
