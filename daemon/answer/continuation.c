#include "daemon/answer/continuation.h"

#include <string.h>

#include "daemon/answer/lines.h"
#include "protocol/chat.h"

#define REPLACEMENT "\xEF\xBF\xBD"

/* A turn is looked at as a whole until it is longer than this: no model goes back further. */
#define JOIN_BYTES 4096

/* Above the fence of a further turn there may be a remark: no more lines than these. */
#define REMARK_LINES 4

/* The least that counts as said twice: within a line; of whole lines. */
#define REPEATED_WORDS 6
#define REPEATED_LINES 8

void answer_continuation_init(struct answer_continuation *answer)
{
    *answer = (struct answer_continuation){0};
    buffer_init(&answer->text, CHAT_TEXT_CAP);
    buffer_init(&answer->held, CHAT_TEXT_CAP);
    buffer_init(&answer->indent, CHAT_TEXT_CAP);
}

void answer_continuation_finish(struct answer_continuation *answer)
{
    if (!answer)
        return;
    buffer_finish(&answer->text);
    buffer_finish(&answer->held);
    buffer_finish(&answer->indent);
}

/* ---- the cut --------------------------------------------------------------------------------- */

static bool is_line_end(char byte)
{
    return byte == '\n' || byte == '\r';
}

static size_t line_start(const char *text, size_t at)
{
    while (at > 0 && !is_line_end(text[at - 1]))
        at--;
    return at;
}

const char *answer_continuation_line(const struct answer_continuation *answer, size_t *length)
{
    size_t start = line_start(answer->text.data, answer->text.length);

    *length = answer->text.length - start;
    return answer->text.data + start;
}

static size_t without_replacements(const char *text, size_t length)
{
    size_t mark = strlen(REPLACEMENT);

    while (length >= mark && memcmp(text + length - mark, REPLACEMENT, mark) == 0)
        length -= mark;
    return length;
}

/* Hands out the text but for what a cut right behind it would make void. */
static int give(struct answer_continuation *answer, bool last, struct buffer *out)
{
    size_t end = answer->text.length;

    if (!last) {
        end = without_replacements(answer->text.data, end);
        end = lines_trimmed(answer->text.data, end);
    }
    if (end > answer->given) {
        buffer_append(out, answer->text.data + answer->given, end - answer->given);
        answer->given = end;
    }
    return buffer_error(out) ? buffer_error(out) : buffer_error(&answer->text);
}

/* ---- the beginning of a further turn --------------------------------------------------------- */

static size_t next_line(const struct buffer *text, size_t at, size_t *length)
{
    const char *end = memchr(text->data + at, '\n', text->length - at);
    size_t next = end ? (size_t)(end - text->data) + 1 : text->length;

    *length = end ? next - 1 - at : next - at;
    return next;
}

static bool has_closing_fence(const struct buffer *text, size_t at, const struct lines_fence *open)
{
    struct lines_fence fence;
    size_t length;

    for (size_t next; at < text->length; at = next) {
        next = next_line(text, at, &length);
        if (lines_fence(text->data + at, length, &fence) &&
            lines_fence_closes(&fence, open->character, open->length))
            return true;
    }
    return false;
}

/* Whether the first line of the turn is a bare fence, which may close the code or open it anew. */
static bool begins_with_bare_fence(const struct buffer *held)
{
    struct lines_fence fence;
    size_t length;

    next_line(held, 0, &length);
    return lines_fence(held->data, length, &fence) && fence.info_length == 0;
}

/* Where the code of the turn begins: behind a fence of its own and what stands above that. */
static size_t find_code(const struct answer_continuation *answer)
{
    const struct buffer *held = &answer->held;
    struct lines_fence fence;
    size_t length, at = 0, cut_length;
    const char *cut_line = answer_continuation_line(answer, &cut_length);
    bool remarked = false;

    if (lines_indent(cut_line, cut_length) < cut_length &&
        strspn(cut_line + lines_indent(cut_line, cut_length), "`~") > 0)
        return 0; /* a fence was cut, and this is it again */
    for (unsigned line = 0; line < REMARK_LINES && at < held->length; line++) {
        size_t next = next_line(held, at, &length);

        if (lines_fence(held->data + at, length, &fence)) {
            bool opens = remarked || cut_length > 0 || fence.info_length > 0 ||
                         has_closing_fence(held, next, &fence);
            return opens && next > at + length ? next : 0;
        }
        if (!lines_is_blank(held->data + at, length)) {
            size_t trimmed = lines_trimmed(held->data + at, length);

            if (remarked || held->data[at + trimmed - 1] != ':' ||
                lines_indent(held->data + at, length) > 0)
                return 0;
            remarked = true;
        }
        at = next;
    }
    return 0;
}

/* ---- what is said twice ---------------------------------------------------------------------- */

static size_t count_visible(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        count += text[i] != ' ' && text[i] != '\t' && !is_line_end(text[i]);
    return count;
}

static bool occurs_before(const struct buffer *text, size_t start)
{
    size_t length = text->length - start;

    for (size_t at = 0; at < start; at++) {
        if (memcmp(text->data + at, text->data + start, length) == 0)
            return true;
    }
    return false;
}

/* Whether the end of the text from `start` on, which the turn begins with, was said twice and is
 * not what comes next by chance. */
static bool is_repeated(const struct buffer *text, size_t start)
{
    const char *end = text->data + start;
    size_t length = text->length - start;
    size_t line = line_start(text->data, start);

    if (lines_is_blank(text->data + line, start - line)) {
        if (is_line_end(text->data[text->length - 1]))
            return count_visible(end, length) >= REPEATED_LINES && !occurs_before(text, start);
        return count_visible(end, length) > (start > line ? 2 : 0);
    }
    return length >= REPEATED_WORDS && line_start(text->data, text->length) == line &&
           !(lines_is_word(end[-1]) && lines_is_word(end[0]));
}

static size_t find_repeated(const struct buffer *text, const char *turn, size_t length)
{
    size_t most = length < text->length ? length : text->length;

    if (most > JOIN_BYTES)
        most = JOIN_BYTES;
    for (size_t count = most; count > 0; count--) {
        size_t start = text->length - count;

        if (text->data[start] == turn[0] && memcmp(text->data + start, turn, count) == 0 &&
            is_repeated(text, start))
            return count;
    }
    return 0;
}

/* The blanks before the cut count where the turn does not begin with them itself. */
static void restore_indent(struct answer_continuation *answer, const char *turn, size_t length)
{
    const struct buffer *indent = &answer->indent;

    if (length < indent->length || memcmp(turn, indent->data, indent->length) != 0)
        buffer_append(&answer->text, indent->data, indent->length);
}

static int join(struct answer_continuation *answer)
{
    size_t code = find_code(answer);
    const char *turn = answer->held.data + code;
    size_t length = answer->held.length - code;
    size_t repeated = find_repeated(&answer->text, turn, length);

    if (repeated == 0 && length > 0)
        restore_indent(answer, turn, length);
    buffer_append(&answer->text, turn + repeated, length - repeated);
    buffer_clear(&answer->held);
    answer->joining = false;
    return buffer_error(&answer->text);
}

/* ---- the stream ------------------------------------------------------------------------------ */

int answer_continuation_feed(struct answer_continuation *answer, const char *piece, size_t length,
                             bool last, struct buffer *out)
{
    int error;

    if (!answer->joining) {
        buffer_append(&answer->text, piece, length);
        return give(answer, last, out);
    }
    error = buffer_append(&answer->held, piece, length);
    if (!error && (last || (answer->held.length > JOIN_BYTES &&
                            !begins_with_bare_fence(&answer->held))))
        error = join(answer);
    return error ? error : give(answer, last, out);
}

int answer_continuation_cut(struct answer_continuation *answer)
{
    int error = answer->joining ? join(answer) : 0;
    struct buffer *text = &answer->text;
    size_t start;

    buffer_truncate(text, without_replacements(text->data, text->length));
    start = line_start(text->data, text->length);
    buffer_clear(&answer->indent);
    if (lines_is_blank(text->data + start, text->length - start)) {
        buffer_append(&answer->indent, text->data + start, text->length - start);
        buffer_truncate(text, start);
    }
    answer->joining = true;
    return error ? error : buffer_error(&answer->indent);
}
