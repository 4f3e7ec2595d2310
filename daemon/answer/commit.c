#include "daemon/answer/answer.h"

#include <ctype.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "protocol/chat.h"
#include "protocol/utf8.h"

enum { SEEKING, SUBJECT_HELD, BODY, DONE };

#define BODY_WIDTH 72
#define SUBJECT_WIDTH 72

/* An indentation that marks a line as quoted, as Markdown has it. */
#define QUOTE_INDENT 4

void answer_commit_init(struct answer_commit *answer, const char *comment)
{
    *answer = (struct answer_commit){.state = SEEKING, .comment = comment};
    answer_lines_init(&answer->lines);
    buffer_init(&answer->subject, CHAT_TEXT_CAP);
    buffer_init(&answer->carry, CHAT_TEXT_CAP);
}

void answer_commit_finish(struct answer_commit *answer)
{
    if (!answer)
        return;
    answer_lines_finish(&answer->lines);
    buffer_finish(&answer->subject);
    buffer_finish(&answer->carry);
}

/* ---- the subject ---------------------------------------------------------------------------- */

/* Takes a pair of the same signs from round the text: quotes, backticks, emphasis. */
static bool strip_pair(const char **text, size_t *length, const char *open, const char *close)
{
    size_t before = strlen(open);
    size_t after = strlen(close);

    if (*length <= before + after || memcmp(*text, open, before) != 0 ||
        memcmp(*text + *length - after, close, after) != 0)
        return false;
    *text += before;
    *length -= before + after;
    lines_trim(text, length);
    return true;
}

static void strip_wrapping(const char **text, size_t *length)
{
    static const char *const pairs[][2] = {
        {"**", "**"}, {"\"", "\""}, {"'", "'"}, {"`", "`"}, {"\xE2\x80\x9C", "\xE2\x80\x9D"},
    };
    bool again = true;

    while (again) {
        size_t i;

        again = false;
        for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]) && !again; i++)
            again = strip_pair(text, length, pairs[i][0], pairs[i][1]);
    }
}

/* Takes "# " from the start: a heading to Markdown, a comment to git. */
static void strip_heading(const char **text, size_t *length)
{
    size_t signs = 0;

    while (signs < *length && (*text)[signs] == '#')
        signs++;
    if (signs > 0 && signs < *length && (*text)[signs] == ' ') {
        *text += signs;
        *length -= signs;
        lines_trim(text, length);
    }
}

/* Takes "Commit message:" and its like away, with all that stands before it in a preamble. */
static void strip_label(const char **text, size_t *length)
{
    static const char *const labels[] = {"commit message:", "commit message**:", "subject:"};
    size_t i;

    for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        const char *end = *text + *length;
        const char *at = *text;
        const char *stop = lines_is_preamble(*text, *length) ? end : at + 1;

        while (at < stop && !lines_starts_with_word(at, (size_t)(end - at), labels[i]))
            at++;
        if (at < stop) {
            *text = at + strlen(labels[i]);
            *length = (size_t)(end - *text);
            lines_trim(text, length);
            return;
        }
    }
}

/* What is left of a line as a subject; nothing of a preamble. */
static void clean_subject(const char *comment, const char **text, size_t *length)
{
    size_t sign = strlen(comment);

    lines_trim(text, length);
    strip_heading(text, length);
    strip_wrapping(text, length);
    strip_label(text, length);
    strip_wrapping(text, length);
    if (lines_is_preamble(*text, *length) || (*length > 0 && (*text)[*length - 1] == ':'))
        *length = 0;
    if (*length > 1 && (*text)[*length - 1] == '.' && (*text)[*length - 2] != '.')
        *length -= 1;
    /* git takes a first line with this for a comment. */
    while (lines_starts_with(*text, *length, comment)) {
        *text += sign;
        *length -= sign;
        lines_trim(text, length);
    }
}

/* ---- the body ------------------------------------------------------------------------------- */

static void give_line(struct answer_commit *answer, size_t indent, const char *line, size_t length,
                      struct buffer *out)
{
    if (answer->lines_out > 0)
        buffer_append_byte(out, '\n');
    if (answer->blank_before || answer->lines_out == 1)
        buffer_append_byte(out, '\n');
    answer->blank_before = false;
    /* git drops lines that begin so; a blank before it keeps them. */
    if (indent == 0 && lines_starts_with(line, length, answer->comment))
        indent = 1;
    for (; indent > 0; indent--)
        buffer_append_byte(out, ' ');
    buffer_append(out, line, length);
    answer->lines_out++;
}

/* Where to break a line: the last blank within the width, else the first one after it; the length
 * where there is none. Never within its first `fixed` bytes. */
static size_t break_at(const char *line, size_t length, size_t fixed, size_t width)
{
    size_t best = length;
    size_t columns = 0;
    size_t at = 0;

    while (at < length) {
        uint32_t code_point;

        if (line[at] == ' ' && at > fixed) {
            if (columns > width)
                return best < length ? best : at;
            best = at;
        }
        at += utf8_decode(line + at, length - at, &code_point);
        columns++;
    }
    return columns > width ? best : length;
}

/* Gives out what is carried, but for its last piece where `keep`: the next line may join that. */
static void wrap_carry(struct answer_commit *answer, bool keep, struct buffer *out)
{
    struct buffer *carry = &answer->carry;
    size_t at = 0;

    while (at < carry->length) {
        size_t hang = answer->carry_hangs ? answer->carry_indent : 0;
        size_t fixed = answer->carry_hangs ? 0 : answer->carry_indent;
        size_t left = carry->length - at;
        size_t end = break_at(carry->data + at, left, fixed,
                              hang < BODY_WIDTH ? BODY_WIDTH - hang : 1);

        if (end == left && keep && answer->carry_hangs)
            break;
        give_line(answer, hang, carry->data + at, lines_trimmed(carry->data + at, end), out);
        at += end;
        while (at < carry->length && carry->data[at] == ' ')
            at++;
        answer->carry_hangs = true;
    }
    buffer_consume(carry, at);
}

/* Bytes of the sign that makes a line a list item ("- ", "* ", "12. "), with its indentation. */
static size_t list_sign(const char *line, size_t length)
{
    size_t at = lines_indent(line, length);

    if (at + 1 < length && strchr("-*+", line[at]) && line[at + 1] == ' ')
        return at + 2;
    while (at < length && isdigit((unsigned char)line[at]))
        at++;
    if (at > 0 && at + 1 < length && isdigit((unsigned char)line[at - 1]) &&
        (line[at] == '.' || line[at] == ')') && line[at + 1] == ' ')
        return at + 2;
    return 0;
}

/* "Signed-off-by: …", "Fixes: #3": a token, a colon, a blank. */
static bool is_trailer(const char *line, size_t length)
{
    static const char *const plain[] = {"Fixes:", "Closes:", "Refs:", "Link:", "Cc:", "Bug:"};
    bool hyphen = false;
    size_t at = 0;
    size_t i;

    for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (lines_starts_with(line, length, plain[i]))
            return true;
    }
    while (at < length && (isalnum((unsigned char)line[at]) || line[at] == '-')) {
        hyphen = hyphen || line[at] == '-';
        at++;
    }
    return hyphen && at + 1 < length && line[at] == ':' && line[at + 1] == ' ';
}

static void take_body_text(struct answer_commit *answer, const char *line, size_t length,
                           struct buffer *out)
{
    size_t indent = lines_indent(line, length);
    size_t sign = list_sign(line, length);
    bool joins = answer->carry.length > 0;

    if (sign == 0 && (indent >= QUOTE_INDENT || (length > 0 && line[0] == '\t') ||
                      is_trailer(line, length)) && !(joins && indent > 0)) {
        wrap_carry(answer, false, out);
        give_line(answer, 0, line, length, out);
        return;
    }
    if (joins && sign == 0) {
        buffer_append_byte(&answer->carry, ' ');
        buffer_append(&answer->carry, line + indent, length - indent);
    } else {
        wrap_carry(answer, false, out);
        answer->carry_indent = sign > 0 ? sign : indent;
        answer->carry_hangs = false;
        buffer_append(&answer->carry, line, length);
    }
    wrap_carry(answer, true, out);
}

static void take_body_line(struct answer_commit *answer, const char *line, size_t length,
                           struct buffer *out)
{
    struct lines_fence fence;
    const char *text = line;

    length = lines_trimmed(line, length);
    if (lines_fence(line, length, &fence)) {
        wrap_carry(answer, false, out);
        if (answer->fenced && !answer->code && fence.info_length == 0) {
            answer->state = DONE;
            return;
        }
        answer->code = !answer->code;
        give_line(answer, 0, line, length, out);
        return;
    }
    if (length == 0) {
        wrap_carry(answer, false, out);
        answer->blank_before = true;
        return;
    }
    if (answer->code) {
        give_line(answer, 0, line, length, out);
        return;
    }
    strip_heading(&text, &length);
    take_body_text(answer, text, length, out);
}

/* ---- the stream ----------------------------------------------------------------------------- */

/* What a subject has no room for begins the body: nothing is lost, and lists of commits stay
 * readable. */
static void give_subject(struct answer_commit *answer, struct buffer *out)
{
    static const char dots[] = "...";
    const struct buffer *subject = &answer->subject;
    size_t width = SUBJECT_WIDTH - (sizeof(dots) - 1);
    size_t end = subject->length;

    answer->state = BODY;
    if (subject->length == 0)
        return;
    if (utf8_count(subject->data, subject->length) > SUBJECT_WIDTH)
        end = break_at(subject->data, subject->length, 0, width);
    give_line(answer, 0, subject->data, lines_trimmed(subject->data, end), out);
    if (end < subject->length) {
        buffer_append_string(out, dots);
        buffer_append_string(&answer->carry, dots);
        buffer_append(&answer->carry, subject->data + end + 1, subject->length - end - 1);
        answer->carry_indent = 0;
        answer->carry_hangs = false;
        wrap_carry(answer, false, out);
        answer->blank_before = true;
    }
    buffer_clear(&answer->subject);
}

static void seek(struct answer_commit *answer, const char *line, size_t length, struct buffer *out)
{
    struct lines_fence fence;

    if (lines_fence(line, length, &fence)) {
        answer->fenced = true;
        return;
    }
    clean_subject(answer->comment, &line, &length);
    if (length == 0)
        return;
    buffer_append(&answer->subject, line, length);
    answer->state = SUBJECT_HELD;
    if (answer->fenced)
        give_subject(answer, out);
}

static void take_line(struct answer_commit *answer, const char *line, size_t length,
                      struct buffer *out)
{
    struct lines_fence fence;

    switch (answer->state) {
    case SEEKING:
        seek(answer, line, length, out);
        break;
    case SUBJECT_HELD:
        if (lines_is_blank(line, length))
            break;
        /* Only a remark on the message is followed by a fence. */
        if (lines_fence(line, length, &fence)) {
            buffer_clear(&answer->subject);
            answer->fenced = true;
            answer->state = SEEKING;
            break;
        }
        give_subject(answer, out);
        take_body_line(answer, line, length, out);
        break;
    case BODY:
        take_body_line(answer, line, length, out);
        break;
    default:
        break;
    }
}

int answer_commit_feed(struct answer_commit *answer, const char *text, size_t length, bool last,
                       struct buffer *out)
{
    const char *line;
    size_t line_length;
    int error = answer_lines_push(&answer->lines, text, length);

    if (error)
        return error;
    while (answer_lines_next(&answer->lines, last, &line, &line_length))
        take_line(answer, line, line_length, out);
    if (last) {
        if (answer->state == SUBJECT_HELD)
            give_subject(answer, out);
        wrap_carry(answer, false, out);
    }
    error = buffer_error(&answer->subject);
    if (!error)
        error = buffer_error(&answer->carry);
    return error ? error : buffer_error(out);
}
