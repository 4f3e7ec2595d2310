#include "daemon/answer/answer.h"

#include "daemon/answer/lines.h"

/* Whether a fence stands round the whole answer. */
enum {
    AT_START,    /* nothing but blank lines so far */
    PLAIN,       /* none, or it is closed: everything passes */
    WRAPPED,     /* in it */
    MAY_CLOSE,   /* a fence line is held: the end of it, or a fence that opens within it */
};

void answer_markdown_init(struct answer_markdown *answer)
{
    *answer = (struct answer_markdown){.state = AT_START};
    answer_lines_init(&answer->lines);
}

void answer_markdown_finish(struct answer_markdown *answer)
{
    if (answer)
        answer_lines_finish(&answer->lines);
}

/* Gives out the line from what has been given of it already. */
static void give(struct answer_markdown *answer, const char *line, size_t length,
                 struct buffer *out)
{
    if (answer->line_given == 0) {
        if (answer->any_out)
            buffer_append_byte(out, '\n');
        for (; answer->blank_lines > 0; answer->blank_lines--)
            buffer_append_byte(out, '\n');
        answer->any_out = true;
    }
    if (length > answer->line_given) {
        buffer_append(out, line + answer->line_given, length - answer->line_given);
        answer->line_given = length;
    }
}

static void give_line(struct answer_markdown *answer, const char *line, size_t length,
                      struct buffer *out)
{
    if (lines_is_blank(line, length))
        answer->blank_lines += answer->any_out ? 1 : 0;
    else
        give(answer, line, length, out);
    answer->line_given = 0;
}

/* Takes note of a fence within the wrapped text. */
static void note_inner_fence(struct answer_markdown *answer, const struct lines_fence *fence)
{
    if (answer->fence && lines_fence_closes(fence, answer->fence, answer->fence_length)) {
        answer->fence = 0;
    } else if (!answer->fence) {
        answer->fence = fence->character;
        answer->fence_length = fence->length;
    }
}

static void take_wrapped_line(struct answer_markdown *answer, const char *line, size_t length,
                              struct buffer *out)
{
    struct lines_fence fence;

    if (!lines_fence(line, length, &fence)) {
        give_line(answer, line, length, out);
        return;
    }
    if (!answer->fence && fence.info_length == 0 && fence.character == '`') {
        answer->fence_length = fence.length;
        answer->state = MAY_CLOSE;
        return;
    }
    note_inner_fence(answer, &fence);
    give_line(answer, line, length, out);
}

/* A closing fence is followed by nothing or by a blank line; one that opens, by its code. */
static void settle_held_fence(struct answer_markdown *answer, bool opens, struct buffer *out)
{
    size_t i;

    if (!opens) {
        answer->state = PLAIN;
        return;
    }
    answer->state = WRAPPED;
    answer->fence = '`';
    answer->line_given = 0;
    give(answer, "`", 1, out);
    for (i = 1; i < answer->fence_length; i++)
        buffer_append_byte(out, '`');
    answer->line_given = 0;
}

static void take_line(struct answer_markdown *answer, const char *line, size_t length,
                      struct buffer *out)
{
    struct lines_fence fence;

    if (answer->state == MAY_CLOSE)
        settle_held_fence(answer, !lines_is_blank(line, length), out);
    switch (answer->state) {
    case AT_START:
        if (lines_is_blank(line, length))
            break;
        if (lines_fence(line, length, &fence) && lines_fence_is_markdown(&fence)) {
            answer->state = WRAPPED;
            break;
        }
        answer->state = PLAIN;
        give_line(answer, line, length, out);
        break;
    case WRAPPED:
        take_wrapped_line(answer, line, length, out);
        break;
    default:
        give_line(answer, line, length, out);
        break;
    }
}

/* Gives out what is certain of a line that is not whole yet. */
static void take_rest(struct answer_markdown *answer, struct buffer *out)
{
    const char *rest;
    size_t length = answer_lines_rest(&answer->lines, &rest);
    size_t indent = lines_indent(rest, length);

    if (indent == length || answer->state == MAY_CLOSE)
        return;
    if (answer->state != PLAIN && (rest[indent] == '`' || rest[indent] == '~'))
        return;
    answer->state = answer->state == AT_START ? PLAIN : answer->state;
    give(answer, rest, length, out);
}

int answer_markdown_feed(struct answer_markdown *answer, const char *text, size_t length, bool last,
                         struct buffer *out)
{
    const char *line;
    size_t line_length;
    int error = answer_lines_push(&answer->lines, text, length);

    if (error)
        return error;
    while (answer_lines_next(&answer->lines, last, &line, &line_length))
        take_line(answer, line, line_length, out);
    if (!last)
        take_rest(answer, out);
    return buffer_error(out);
}
