#include "daemon/answer/lines.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "daemon/answer/answer.h"
#include "protocol/chat.h"
#include "protocol/position.h"

#define FENCE_MIN 3

/* ---- lines of a stream ---------------------------------------------------------------------- */

void answer_lines_init(struct answer_lines *lines)
{
    *lines = (struct answer_lines){0};
    buffer_init(&lines->held, CHAT_TEXT_CAP);
}

void answer_lines_finish(struct answer_lines *lines)
{
    if (lines)
        buffer_finish(&lines->held);
}

int answer_lines_push(struct answer_lines *lines, const char *text, size_t length)
{
    if (lines->start > 0) {
        buffer_consume(&lines->held, lines->start);
        lines->scanned -= lines->start;
        lines->start = 0;
    }
    return buffer_append(&lines->held, text, length);
}

bool answer_lines_next(struct answer_lines *lines, bool last, const char **line, size_t *length)
{
    const char *data = lines->held.data;
    size_t end = lines->held.length;
    size_t at = lines->scanned;

    while (at < end && data[at] != '\n' && data[at] != '\r')
        at++;
    lines->scanned = at;
    *line = data + lines->start;
    *length = at - lines->start;
    if (at == end) {
        if (!last || at == lines->start)
            return false;
        lines->start = at;
        return true;
    }
    if (data[at] == '\r' && at + 1 == end && !last)
        return false;
    at += data[at] == '\r' && at + 1 < end && data[at + 1] == '\n' ? 2 : 1;
    lines->start = at;
    lines->scanned = at;
    return true;
}

size_t answer_lines_rest(const struct answer_lines *lines, const char **rest)
{
    size_t length = lines->held.length - lines->start;

    *rest = lines->held.data + lines->start;
    if (length > 0 && (*rest)[length - 1] == '\r')
        length--;
    return length;
}

/* ---- single lines --------------------------------------------------------------------------- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

size_t lines_indent(const char *line, size_t length)
{
    size_t at = 0;

    while (at < length && is_blank(line[at]))
        at++;
    return at;
}

size_t lines_trimmed(const char *line, size_t length)
{
    while (length > 0 && is_blank(line[length - 1]))
        length--;
    return length;
}

bool lines_is_blank(const char *line, size_t length)
{
    return lines_trimmed(line, length) == 0;
}

bool lines_is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

bool lines_has_word(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lines_is_word(line[i]))
            return true;
    }
    return false;
}

void lines_trim(const char **line, size_t *length)
{
    size_t indent = lines_indent(*line, *length);

    *line += indent;
    *length = lines_trimmed(*line, *length - indent);
}

size_t lines_first(const char *text, size_t length, size_t count)
{
    size_t at = 0;

    while (count-- && at < length) {
        const char *end = memchr(text + at, '\n', length - at);

        if (!end)
            return length;
        at = (size_t)(end - text) + 1;
    }
    return at && text[at - 1] == '\n' ? at - 1 : at;
}

bool lines_stands_in(const char *text, size_t text_length, const char *line, size_t length)
{
    size_t at = 0;

    lines_trim(&line, &length);
    while (at < text_length) {
        size_t line_end;
        size_t next = position_next_line(text, text_length, at, &line_end);
        const char *own = text + at;
        size_t own_length = next - line_end - at;

        lines_trim(&own, &own_length);
        if (own_length == length && memcmp(own, line, length) == 0)
            return true;
        at = next;
    }
    return false;
}

bool lines_starts_with(const char *line, size_t length, const char *prefix)
{
    size_t prefix_length = strlen(prefix);

    return length >= prefix_length && memcmp(line, prefix, prefix_length) == 0;
}

bool lines_starts_with_word(const char *line, size_t length, const char *prefix)
{
    size_t prefix_length = strlen(prefix);

    return length >= prefix_length && strncasecmp(line, prefix, prefix_length) == 0;
}

bool lines_is_preamble(const char *line, size_t length)
{
    static const char *const openings[] = {
        "here is ", "here's ",    "here are ",   "here\xE2\x80\x99s ", "sure,",      "sure!",
        "sure.",    "certainly!", "certainly,",  "certainly.",         "of course,", "of course!",
        "of course.", "okay, ",   "based on the ", "the completion is", "completion:", "i have ",
        "i've ",    "i will ",    "below is ",
    };
    size_t i;

    lines_trim(&line, &length);
    for (i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
        if (lines_starts_with_word(line, length, openings[i]))
            return true;
    }
    return false;
}

/* ---- fences --------------------------------------------------------------------------------- */

bool lines_fence(const char *line, size_t length, struct lines_fence *fence)
{
    size_t at = lines_indent(line, length);

    *fence = (struct lines_fence){.indent = at};
    if (at == length || (line[at] != '`' && line[at] != '~'))
        return false;
    fence->character = line[at];
    while (at < length && line[at] == fence->character)
        at++;
    fence->length = at - fence->indent;
    fence->info = line + at;
    fence->info_length = length - at;
    lines_trim(&fence->info, &fence->info_length);
    /* A backtick in the info string makes it an inline code span. */
    return fence->length >= FENCE_MIN &&
           (fence->character == '~' || !memchr(fence->info, '`', fence->info_length));
}

bool lines_fence_closes(const struct lines_fence *fence, char character, size_t length)
{
    return fence->character == character && fence->length >= length && fence->info_length == 0;
}

bool lines_fence_is_markdown(const struct lines_fence *fence)
{
    static const char *const names[] = {"markdown", "md", "gfm"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (fence->info_length == strlen(names[i]) &&
            strncasecmp(fence->info, names[i], fence->info_length) == 0)
            return true;
    }
    return false;
}
