#include "daemon/answer/answer.h"

#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/answer/rewrite_frame.h"
#include "daemon/answer/rewrite_indent.h"
#include "daemon/prompt/sections.h"
#include "protocol/chat.h"

enum {
    SEEKING,   /* what has come may be prose before a fence: it is held */
    MARKED,    /* our own selection mark was echoed: what follows is code, in a fence or not */
    CODE,
    MAY_CLOSE, /* a fence line and what follows are held: the end, or a fence of the code's own */
    DONE,
};

/* A fence that is indented deeper than this against the one round the code belongs to the code. */
#define FENCE_INDENT_MAX 3

/* Lines shorter than this say nothing when they are the same as in the original. */
#define TELLING_LINE 3

void answer_rewrite_init(struct answer_rewrite *answer, const struct answer_rewrite_shape *shape)
{
    *answer = (struct answer_rewrite){.shape = *shape, .state = SEEKING};
    answer_lines_init(&answer->lines);
    buffer_init(&answer->held, CHAT_TEXT_CAP);
    buffer_init(&answer->first, CHAT_TEXT_CAP);
    buffer_init(&answer->fixed, CHAT_TEXT_CAP);
    if (!answer->shape.original)
        answer->shape.original = "";
    rewrite_frame_read(&answer->frame, &answer->shape);
    rewrite_indent_read(&answer->indent, &answer->shape, &answer->frame);
}

void answer_rewrite_finish(struct answer_rewrite *answer)
{
    if (!answer)
        return;
    answer_lines_finish(&answer->lines);
    buffer_finish(&answer->held);
    buffer_finish(&answer->first);
    buffer_finish(&answer->fixed);
}

/* ---- indentation and line ends -------------------------------------------------------------- */

static void give_text(struct answer_rewrite *answer, const char *text, size_t length,
                      struct buffer *out)
{
    /* The range's own blanks follow its last line; the answer's would double them. */
    if (answer->frame.tail_is_blank)
        length = lines_trimmed(text, length);
    sections_append_restored(out, text, length);
    answer->lines_out++;
}

static void give_first(struct answer_rewrite *answer, const char *line, size_t length,
                       struct buffer *out)
{
    size_t indent = lines_indent(line, length);

    buffer_append(out, answer->shape.original, answer->frame.lead);
    give_text(answer, line + indent, length - indent, out);
}

static void give_further(struct answer_rewrite *answer, const char *line, size_t length,
                         struct buffer *out)
{
    size_t indent = lines_indent(line, length);
    size_t drop = indent < answer->indent_drop ? indent : answer->indent_drop;

    for (; answer->blank_lines > 0; answer->blank_lines--)
        buffer_append_string(out, answer->frame.line_end);
    buffer_append_string(out, answer->frame.line_end);
    buffer_append(out, answer->indent_add, answer->indent_add_length);
    give_text(answer, line + drop, length - drop, out);
}

/* Gives out the first line, now that the second tells how the rest is to be shifted. */
static void settle_first(struct answer_rewrite *answer, const char *second, size_t length,
                         struct buffer *out)
{
    const struct answer_rewrite_frame *frame = &answer->frame;
    size_t indent = lines_indent(answer->first.data, answer->first.length);

    answer->first_waits = false;
    if (second && rewrite_frame_shifts_all(frame, answer->first.data, answer->first.length, second,
                                           length)) {
        if (indent < frame->indent) {
            answer->indent_add_length = frame->indent - indent;
            memcpy(answer->indent_add, frame->full_indent + indent, answer->indent_add_length);
        } else {
            answer->indent_drop = indent - frame->indent;
        }
    }
    give_first(answer, answer->first.data, answer->first.length, out);
}

static void take_first(struct answer_rewrite *answer, const char *line, size_t length,
                       struct buffer *out)
{
    const struct answer_rewrite_frame *frame = &answer->frame;
    size_t indent = lines_indent(line, length);
    size_t common = indent < frame->indent ? indent : frame->indent;

    if (frame->inline_start || indent == frame->indent ||
        memcmp(line, frame->full_indent, common) != 0) {
        give_first(answer, line, length, out);
    } else {
        buffer_append(&answer->first, line, length);
        answer->first_waits = true;
    }
}

/* Takes a line that is known to be code. */
static void take_code(struct answer_rewrite *answer, const char *line, size_t length,
                      struct buffer *out)
{
    bool is_first = answer->lines_out == 0 && !answer->first_waits;

    if (lines_is_blank(line, length)) {
        answer->blank_lines += is_first ? 0 : 1;
        return;
    }
    rewrite_indent_fix(&answer->indent, &line, &length, &answer->fixed);
    if (is_first) {
        take_first(answer, line, length, out);
        return;
    }
    if (answer->first_waits)
        settle_first(answer, line, length, out);
    give_further(answer, line, length, out);
}

/* ---- within the code ------------------------------------------------------------------------ */

/* Takes all lines that are held for code. */
static void release_held(struct answer_rewrite *answer, struct buffer *out)
{
    const char *at = answer->held.data;
    const char *end = at + answer->held.length;

    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));

        take_code(answer, at, (size_t)(line_end - at), out);
        at = line_end + 1;
    }
    buffer_clear(&answer->held);
}

/* Returns the allocation's error: what is held and lost would be code that is missing. */
static int hold(struct answer_rewrite *answer, const char *line, size_t length)
{
    buffer_append(&answer->held, line, length);
    return buffer_append_byte(&answer->held, '\n');
}

static bool is_own_mark(const struct answer_rewrite *answer, const char *line, size_t length,
                        const char *mark)
{
    lines_trim(&line, &length);
    return !answer->frame.has_marks && length == strlen(mark) && memcmp(line, mark, length) == 0;
}

/* Keeps count of fences that the code itself holds. Returns whether the line ends the code. */
static bool fence_ends_code(struct answer_rewrite *answer, const struct lines_fence *fence)
{
    bool closes = lines_fence_closes(fence, answer->fence, answer->fence_length);

    /* A fence longer than usual was chosen so that no other could be taken for its end. */
    if (answer->fence_length > 3)
        return closes;
    if (answer->inner_fence) {
        if (lines_fence_closes(fence, answer->inner_fence, answer->inner_length))
            answer->inner_fence = 0;
        return false;
    }
    if (closes)
        return true;
    answer->inner_fence = fence->character;
    answer->inner_length = fence->length;
    return false;
}

static int take_code_line(struct answer_rewrite *answer, const char *line, size_t length,
                          struct buffer *out)
{
    struct lines_fence fence;

    if (is_own_mark(answer, line, length, "</selection>")) {
        answer->state = DONE;
        return 0;
    }
    if (is_own_mark(answer, line, length, PROMPT_SELECTION))
        return 0;
    if (answer->fence && lines_fence(line, length, &fence) &&
        fence.indent <= answer->fence_indent + FENCE_INDENT_MAX &&
        fence_ends_code(answer, &fence)) {
        if (answer->fence_length > 3 || (!answer->shape.prose && !answer->frame.has_fences)) {
            answer->state = DONE;
            return 0;
        }
        answer->state = MAY_CLOSE;
        return hold(answer, line, length);
    }
    take_code(answer, line, length, out);
    return 0;
}

/* A bare fence came where the code may hold such. Another one makes the two a pair of the code's;
 * the end of the answer, or a fence that opens, shows that it was the end of the code. */
static int take_after_close(struct answer_rewrite *answer, const char *line, size_t length,
                            struct buffer *out)
{
    struct lines_fence fence;
    int error = hold(answer, line, length);

    if (error || !lines_fence(line, length, &fence) ||
        fence.indent > answer->fence_indent + FENCE_INDENT_MAX)
        return error;
    if (!lines_fence_closes(&fence, answer->fence, answer->fence_length)) {
        answer->state = DONE;
        return 0;
    }
    answer->state = CODE;
    release_held(answer, out);
    return 0;
}

/* ---- before the code ------------------------------------------------------------------------ */

static bool ends_with_any(const char *line, size_t length, const char *set)
{
    length = lines_trimmed(line, length);
    return length > 0 && strchr(set, line[length - 1]) != NULL;
}

static bool looks_like_code(const char *line, size_t length)
{
    static const char *const starts[] = {"//", "/*", "#include", "#define", "#if", "#!", "@", "<"};
    size_t i;

    if (lines_indent(line, length) > 0 || ends_with_any(line, length, "{};([>"))
        return true;
    for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (lines_starts_with(line, length, starts[i]))
            return true;
    }
    return false;
}

/* Whether the line also stands in the original, indentation apart. */
static bool is_original_line(const struct answer_rewrite *answer, const char *line, size_t length)
{
    lines_trim(&line, &length);
    return length >= TELLING_LINE && lines_stands_in(answer->shape.original,
                                                     answer->shape.original_length, line, length);
}

/* Whether held text is a remark on the code that follows, not code. */
static bool held_is_remark(const struct answer_rewrite *answer)
{
    const char *text = answer->held.data;
    size_t length = answer->held.length;
    size_t first = strcspn(text, "\n");

    while (length > 0 && strchr("\n \t", text[length - 1]))
        length--;
    return lines_is_preamble(text, first) && length == lines_trimmed(text, first) &&
           ends_with_any(text, first, ":");
}

static bool fence_wraps(const struct answer_rewrite *answer, const char *line, size_t length)
{
    const char *held = answer->held.data;
    size_t held_length = answer->held.length;

    if (held_length == 0)
        return !rewrite_frame_starts_with_fence(&answer->shape, line, length);
    if (answer->shape.prose)
        return held_is_remark(answer);
    if (!answer->frame.has_fences)
        return true;
    while (held_length > 0 && held[held_length - 1] == '\n')
        held_length--;
    return ends_with_any(held, held_length, ":.!*");
}

/* What was held is code after all, but for a remark at its head. */
static void begin_bare(struct answer_rewrite *answer, struct buffer *out)
{
    answer->state = CODE;
    if (held_is_remark(answer))
        buffer_clear(&answer->held);
    release_held(answer, out);
}

static int seek(struct answer_rewrite *answer, const char *line, size_t length, struct buffer *out)
{
    struct lines_fence fence;
    bool bare;

    if (lines_is_blank(line, length))
        return answer->held.length > 0 ? hold(answer, line, length) : 0;
    if (is_own_mark(answer, line, length, PROMPT_SELECTION)) {
        buffer_clear(&answer->held);
        answer->state = MARKED;
        return 0;
    }
    if (lines_fence(line, length, &fence) && fence_wraps(answer, line, length)) {
        buffer_clear(&answer->held);
        answer->fence = fence.character;
        answer->fence_length = fence.length;
        answer->fence_indent = fence.indent;
        answer->state = CODE;
        return 0;
    }
    bare = answer->state == MARKED || fence.length >= 3 || is_original_line(answer, line, length);
    if (answer->shape.prose)
        bare = bare || answer->held.length > 0 ||
               !(lines_is_preamble(line, length) && ends_with_any(line, length, ":"));
    else
        bare = bare || looks_like_code(line, length);
    if (!bare)
        return hold(answer, line, length);
    begin_bare(answer, out);
    return take_code_line(answer, line, length, out);
}

/* ---- the stream ----------------------------------------------------------------------------- */

static int take_line(struct answer_rewrite *answer, const char *line, size_t length,
                     struct buffer *out)
{
    switch (answer->state) {
    case SEEKING:
    case MARKED:
        return seek(answer, line, length, out);
    case CODE:
        return take_code_line(answer, line, length, out);
    case MAY_CLOSE:
        return take_after_close(answer, line, length, out);
    default:
        return 0;
    }
}

static void take_end(struct answer_rewrite *answer, struct buffer *out)
{
    if (answer->state == SEEKING)
        begin_bare(answer, out);
    if (answer->first_waits)
        settle_first(answer, NULL, 0, out);
    if (answer->lines_out > 0)
        buffer_append(out, answer->shape.original + answer->frame.tail,
                      answer->frame.tail_end - answer->frame.tail);
    answer->state = DONE;
}

int answer_rewrite_feed(struct answer_rewrite *answer, const char *text, size_t length, bool last,
                        struct buffer *out)
{
    const char *line;
    size_t line_length;
    int error = answer_lines_push(&answer->lines, text, length);

    while (!error && answer_lines_next(&answer->lines, last, &line, &line_length))
        error = take_line(answer, line, line_length, out);
    if (!error && last)
        take_end(answer, out);
    if (!error)
        error = buffer_error(&answer->first);
    if (!error)
        error = buffer_error(&answer->fixed);
    return error ? error : buffer_error(out);
}
