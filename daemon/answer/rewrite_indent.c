#include "daemon/answer/rewrite_indent.h"

#include <string.h>

#include "daemon/answer/lines.h"
#include "protocol/position.h"

enum {
    UNKNOWN, /* no line so far was indented */
    OWN,     /* with what the text has: nothing is to be done */
    OTHER,
};

/* The least that counts as an indentation: one blank may be within a comment's frame. */
#define SPACES_LEAST 2
#define STEP_MAX 8
#define STEP_USUAL 4

static size_t count_leading(const char *line, size_t length, char blank)
{
    size_t count = 0;

    while (count < length && line[count] == blank)
        count++;
    return count;
}

void rewrite_indent_read(struct answer_rewrite_indent *indent,
                         const struct answer_rewrite_shape *shape,
                         const struct answer_rewrite_frame *frame)
{
    bool tabs = count_leading(frame->full_indent, frame->indent, '\t') > 0;
    bool spaces = count_leading(frame->full_indent, frame->indent, ' ') >= SPACES_LEAST;
    size_t line_end;

    for (size_t at = 0; at < shape->original_length;) {
        const char *line = shape->original + at;
        size_t next = position_next_line(shape->original, shape->original_length, at, &line_end);
        size_t length = next - line_end - at;

        if (at > 0 && !lines_is_blank(line, length)) {
            tabs = tabs || count_leading(line, length, '\t') > 0;
            spaces = spaces || count_leading(line, length, ' ') >= SPACES_LEAST;
        }
        at = next;
    }
    *indent = (struct answer_rewrite_indent){.width = STEP_USUAL};
    if (shape->indent >= SPACES_LEAST && shape->indent <= STEP_MAX)
        indent->width = shape->indent;
    if (tabs != spaces)
        indent->own = tabs ? '\t' : ' ';
    else if (!tabs && shape->indent != 0)
        indent->own = shape->indent == '\t' ? '\t' : ' ';
    indent->first_depth = count_leading(frame->full_indent, frame->indent, '\t');
}

/* By how many spaces the rewrite's lines get deeper, from the first that is indented. */
static size_t learn_step(const struct answer_rewrite_indent *indent, size_t spaces)
{
    size_t depth = indent->first_depth;

    if (!indent->any_line && depth > 0 && spaces % depth == 0 && spaces / depth >= SPACES_LEAST &&
        spaces / depth <= STEP_MAX)
        return spaces / depth;
    return spaces <= STEP_MAX ? spaces : STEP_USUAL;
}

static int to_tabs(struct answer_rewrite_indent *indent, size_t spaces, struct buffer *fixed)
{
    size_t i;

    for (i = 0; i < spaces / indent->step; i++)
        buffer_append_byte(fixed, '\t');
    for (i = 0; i < spaces % indent->step; i++)
        buffer_append_byte(fixed, ' ');
    return buffer_error(fixed);
}

static int to_spaces(struct answer_rewrite_indent *indent, size_t tabs, struct buffer *fixed)
{
    for (size_t i = 0; i < tabs * indent->width; i++)
        buffer_append_byte(fixed, ' ');
    return buffer_error(fixed);
}

/* Takes note of what the first indented line is indented with. */
static void learn(struct answer_rewrite_indent *indent, size_t tabs, size_t spaces)
{
    if (tabs > 0) {
        indent->state = indent->own == '\t' ? OWN : OTHER;
    } else if (spaces >= SPACES_LEAST) {
        indent->state = indent->own == ' ' ? OWN : OTHER;
        indent->step = learn_step(indent, spaces);
    }
}

int rewrite_indent_fix(struct answer_rewrite_indent *indent, const char **line, size_t *length,
                       struct buffer *fixed)
{
    size_t tabs = count_leading(*line, *length, '\t');
    size_t spaces = count_leading(*line, *length, ' ');
    size_t other = indent->own == '\t' ? spaces : tabs;

    if (indent->own && indent->state == UNKNOWN)
        learn(indent, tabs, spaces);
    indent->any_line = true;
    if (indent->state != OTHER || other == 0 || (spaces > 0 && (*line)[spaces] == '\t'))
        return 0;
    buffer_clear(fixed);
    if (indent->own == '\t')
        to_tabs(indent, spaces, fixed);
    else
        to_spaces(indent, tabs, fixed);
    buffer_append(fixed, *line + other, *length - other);
    *line = fixed->data;
    *length = fixed->length;
    return buffer_error(fixed);
}
