#include "daemon/answer/completion_rules.h"

#include <ctype.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/prompt/sections.h"
#include "protocol/utf8.h"

/* A fence that is indented deeper belongs to the code (a comment with Markdown in it). */
#define FENCE_INDENT_MAX 3

/* Shorter echoes are too likely to be meant. */
#define ECHO_MIN 3

/* One line of the text: [start, end), and where the next begins; whole when its end has come. */
struct span {
    size_t start;
    size_t end;
    size_t next;
    bool whole;
};

static struct span line_at(const struct completion_fit *fit, size_t start)
{
    const char *text = fit->text.data;
    const char *found = memchr(text + start, '\n', fit->text.length - start);
    struct span span = {.start = start, .end = fit->text.length, .next = fit->text.length};

    if (found) {
        span.end = (size_t)(found - text);
        span.next = span.end + 1;
    }
    span.whole = found || fit->final;
    return span;
}

static struct span first_text_line(const struct completion_fit *fit, size_t start)
{
    struct span line = line_at(fit, start);

    while (line.next < fit->text.length &&
           lines_is_blank(fit->text.data + line.start, line.end - line.start))
        line = line_at(fit, line.next);
    return line;
}

/* ---- wrapping ------------------------------------------------------------------------------- */

static bool fence_in(const struct completion_fit *fit, struct span line, struct lines_fence *fence)
{
    return lines_fence(fit->text.data + line.start, line.end - line.start, fence) &&
           fence->indent <= FENCE_INDENT_MAX;
}

/* Whether an unfinished line may still become a fence: nothing but its signs so far, or a fence
 * whose info string is still coming. */
static bool may_become_fence(const struct completion_fit *fit, struct span line)
{
    const char *text = fit->text.data + line.start;
    size_t length = line.end - line.start;
    size_t signs = 0;

    if (line.whole)
        return false;
    lines_trim(&text, &length);
    while (signs < length && signs < 3 && (text[signs] == '`' || text[signs] == '~') &&
           text[signs] == text[0])
        signs++;
    return length > 0 && signs == (length < 3 ? length : 3);
}

/* Cuts the text at the first fence line that closes `opening` (at any, where that is NULL). */
static void cut_at_fence(struct completion_fit *fit, const struct lines_fence *opening)
{
    size_t at = 0;

    while (at < fit->text.length) {
        struct span line = line_at(fit, at);
        struct lines_fence fence;

        if (line.whole && fence_in(fit, line, &fence) &&
            (!opening || lines_fence_closes(&fence, opening->character, opening->length))) {
            completion_cut(fit, line.start > 0 ? line.start - 1 : 0);
            return;
        }
        if (may_become_fence(fit, line)) {
            buffer_truncate(&fit->text, line.start);
            return;
        }
        at = line.next;
    }
}

/* Whether a line of talk is followed by what it announces: a fence, or code after its colon. */
static bool is_announcement(struct completion_fit *fit, struct span line)
{
    struct span next = first_text_line(fit, line.next);
    struct lines_fence fence;

    if (lines_is_blank(fit->text.data + next.start, next.end - next.start) ||
        may_become_fence(fit, next)) {
        fit->waits = !fit->final;
        return false;
    }
    return fence_in(fit, next, &fence) || fit->text.data[line.end - 1] == ':';
}

void completion_unwrap(struct completion_fit *fit)
{
    bool prose = fit->place->prose;
    bool announced = false;
    struct span line = first_text_line(fit, 0);
    struct lines_fence fence;

    if (!prose && lines_is_preamble(fit->text.data + line.start, line.end - line.start)) {
        announced = is_announcement(fit, line);
        if (announced)
            line = first_text_line(fit, line.next);
    }
    fit->waits = fit->waits || may_become_fence(fit, line);
    if (fit->waits)
        return;
    if (fence_in(fit, line, &fence) && (!prose || lines_fence_is_markdown(&fence))) {
        buffer_consume(&fit->text, line.next);
        cut_at_fence(fit, &fence);
        return;
    }
    if (announced)
        buffer_consume(&fit->text, line.start);
    if (!prose)
        cut_at_fence(fit, NULL);
}

/* The bytes of a model's own token, `<|fim_middle|>` and its like. */
static size_t model_token(const char *text, size_t length, bool *cut)
{
    size_t at = 2;

    *cut = false;
    if (length < 2 || text[0] != '<' || text[1] != '|') {
        *cut = length == 1 && text[0] == '<';
        return 0;
    }
    while (at < length && (islower((unsigned char)text[at]) || text[at] == '_'))
        at++;
    if (at == length || (text[at] == '|' && at + 1 == length))
        *cut = true;
    return at > 2 && at + 1 < length && text[at] == '|' && text[at + 1] == '>' ? at + 2 : 0;
}

/* Drops an echoed `<file …>` line, and the cursor's mark where it stands at the very start. */
static void drop_opening_marks(struct completion_fit *fit)
{
    struct span line = first_text_line(fit, 0);
    const char *text = fit->text.data + line.start;
    size_t length = line.end - line.start;

    if (lines_starts_with(text, length, PROMPT_FILE " ") ||
        (length > 0 && strncmp(text, PROMPT_FILE ">", length) == 0)) {
        fit->waits = !line.whole;
        buffer_consume(&fit->text, line.next);
    }
    if (lines_starts_with(fit->text.data, fit->text.length, PROMPT_CURSOR))
        buffer_consume(&fit->text, strlen(PROMPT_CURSOR));
    else if (!fit->final && fit->text.length > 0 &&
             strncmp(fit->text.data, PROMPT_CURSOR, fit->text.length) == 0)
        fit->waits = true;
}

/* The line end before the line that holds `at`; 0 in the first line. */
static size_t line_start(const struct completion_fit *fit, size_t at)
{
    while (at > 0 && fit->text.data[at] != '\n')
        at--;
    return at;
}

void completion_drop_marks(struct completion_fit *fit)
{
    bool at_start = true;
    size_t at;

    drop_opening_marks(fit);
    for (at = 0; at < fit->text.length; at++) {
        const char *text = fit->text.data + at;
        size_t length = fit->text.length - at;
        bool cut;

        if (model_token(text, length, &cut) > 0 ||
            (at_start && lines_starts_with(text, length, "</file>"))) {
            completion_cut(fit, at_start && at > 0 ? line_start(fit, at) : at);
            return;
        }
        if (!fit->final && (cut || (at_start && strncmp(text, "</file>", length) == 0))) {
            buffer_truncate(&fit->text, at);
            return;
        }
        at_start = *text == '\n' || (at_start && (*text == ' ' || *text == '\t'));
    }
}

/* ---- echoes of what stands before the cursor ------------------------------------------------ */

/* Whether the text (its first blanks apart) goes on with `line_before`. Sets waits where it may. */
static bool echoes_line_before(struct completion_fit *fit, const char *text, size_t length)
{
    const char *before = fit->place->line_before;
    size_t before_length = fit->place->line_before_length;
    size_t indent = lines_indent(before, before_length);

    before += indent;
    before_length -= indent;
    indent = lines_indent(text, length);
    text += indent;
    length -= indent;
    if (length < before_length) {
        fit->waits = !fit->final && memcmp(text, before, length) == 0;
        return false;
    }
    return memcmp(text, before, before_length) == 0;
}

/* Whether the line closes something just where the line above does: nothing more can be open there.
 * It may have its indentation again, or have left it to what stands before the cursor. */
static bool closes_in_place_of_line_above(const struct completion_fit *fit, struct span line)
{
    static const char *const closers[] = {"*/", "fi", "do", "\"\"\"", "'''"};
    const struct answer_completion_place *place = fit->place;
    size_t above = lines_indent(place->previous_line, place->previous_line_length);
    size_t indent = lines_indent(fit->text.data + line.start, line.end - line.start);
    const char *closer = place->previous_line + above;
    size_t length = lines_trimmed(closer, place->previous_line_length - above);
    bool closes = length > 0 && strchr(")]}", *closer);

    for (size_t i = 0; i < sizeof(closers) / sizeof(closers[0]); i++)
        closes = closes || (length == strlen(closers[i]) && memcmp(closer, closers[i], length) == 0);
    return closes && (indent == above || indent + place->line_before_length == above);
}

void completion_drop_echoed_line(struct completion_fit *fit)
{
    const struct answer_completion_place *place = fit->place;
    const char *previous = place->previous_line;
    size_t previous_length = place->previous_line_length;
    struct span line = line_at(fit, 0);
    const char *text = fit->text.data;
    size_t length = line.end;
    bool closes, tells;

    lines_trim(&previous, &previous_length);
    lines_trim(&text, &length);
    closes = closes_in_place_of_line_above(fit, line);
    tells = closes || (previous_length >= ECHO_MIN && lines_has_word(previous, previous_length));
    if (closes && strspn(fit->text.data + line.end, " \t\n") == fit->text.length - line.end &&
        lines_is_blank(place->line_before, place->line_before_length)) {
        /* A bracket and nothing more may be meant, in code that is not indented. */
        fit->waits = !fit->final && length <= previous_length &&
                     memcmp(text, previous, length) == 0;
        return;
    }
    if (previous_length == 0 || length == 0 ||
        (!tells && lines_is_blank(place->line_before, place->line_before_length)))
        return;
    if (!line.whole) {
        fit->waits = length <= previous_length && memcmp(text, previous, length) == 0;
        return;
    }
    if (length != previous_length || memcmp(text, previous, length) != 0)
        return;
    if (!lines_is_blank(place->line_before, place->line_before_length) &&
        !echoes_line_before(fit, fit->text.data + line.next, fit->text.length - line.next))
        return;
    buffer_consume(&fit->text, line.next);
}

/* However short it is: the line before the cursor with its indentation, or as a line of its own, is no
 * text to insert. */
static bool drop_whole_line_before(struct completion_fit *fit, const char *trimmed, size_t length)
{
    const struct answer_completion_place *place = fit->place;
    size_t whole = place->line_before_length;
    struct span line = line_at(fit, 0);
    const char *text = fit->text.data;
    size_t text_length = line.end;

    if (length == 0)
        return false;
    if (lines_indent(place->line_before, whole) > 0 && fit->text.length >= whole &&
        memcmp(text, place->line_before, whole) == 0) {
        buffer_consume(&fit->text, whole);
        return true;
    }
    lines_trim(&text, &text_length);
    if (line.next <= line.end || text_length != length || memcmp(text, trimmed, length) != 0)
        return false;
    buffer_consume(&fit->text, line.end);
    return true;
}

void completion_drop_echoed_prefix(struct completion_fit *fit)
{
    const char *before = fit->place->line_before;
    size_t length = fit->place->line_before_length;
    size_t i;

    lines_trim(&before, &length);
    for (i = 0; i < length && lines_is_word(before[i]); i++)
        continue;
    if (drop_whole_line_before(fit, before, length))
        return;
    if (utf8_count(before, length) < (i == length ? ECHO_MIN - 1 : ECHO_MIN))
        return;
    if (echoes_line_before(fit, fit->text.data, fit->text.length)) {
        size_t whole = fit->place->line_before_length;

        buffer_consume(&fit->text, lines_indent(fit->text.data, fit->text.length) + whole -
                                       lines_indent(fit->place->line_before, whole));
    } else if (fit->final) {
        /* All but the blanks at its end may have come: an echo and nothing more. */
        const char *text = fit->text.data;
        size_t text_length = fit->text.length;

        lines_trim(&text, &text_length);
        if (text_length == length && memcmp(text, before, length) == 0)
            buffer_truncate(&fit->text, 0);
    }
}

void completion_drop_echoed_word(struct completion_fit *fit)
{
    const char *word = fit->place->line_before;
    size_t length = 0;
    size_t at = fit->place->line_before_length;

    while (at > 0 && lines_is_word(word[at - 1])) {
        at--;
        length++;
    }
    word += at;
    if (utf8_count(word, length) < ECHO_MIN)
        return;
    if (fit->text.length >= length) {
        if (memcmp(fit->text.data, word, length) == 0)
            buffer_consume(&fit->text, length);
    } else if (fit->text.length > 0 && memcmp(fit->text.data, word, fit->text.length) == 0) {
        fit->waits = !fit->final;
    }
}

/* ---- blanks --------------------------------------------------------------------------------- */

/* Whether a blank line may be meant at an empty line: not behind another, nor where a block begins. */
static bool may_keep_blank_line(const struct answer_completion_place *place)
{
    const char *previous = place->previous_line;
    size_t length = lines_trimmed(previous, place->previous_line_length);

    return place->line_before_length == 0 && place->is_right_below && length > 0 &&
           !strchr(":{([", previous[length - 1]);
}

void completion_drop_leading_blanks(struct completion_fit *fit)
{
    const char *before = fit->place->line_before;
    size_t length = fit->place->line_before_length;
    struct span line;

    if (lines_is_blank(before, length)) {
        line = first_text_line(fit, 0);
        if (line.start > 0 && may_keep_blank_line(fit->place))
            line.start--; /* the line end before it */
        buffer_consume(&fit->text, line.start);
    } else if (lines_trimmed(before, length) < length) {
        size_t blanks = lines_indent(fit->text.data, fit->text.length);

        /* Several on both sides are meant to line something up. */
        if (blanks < 2 || lines_trimmed(before, length) + 1 == length)
            buffer_consume(&fit->text, blanks);
    }
}

/* Whether the line above opens a block that the cursor's line is not indented for yet: then blanks
 * at the start of the text are meant. */
static bool wants_deeper(const struct answer_completion_place *place)
{
    const char *previous = place->previous_line;
    size_t length = lines_trimmed(previous, place->previous_line_length);

    return length > 0 && strchr(":{([", previous[length - 1]) &&
           lines_indent(previous, length) >= place->line_before_length;
}

void completion_drop_doubled_indent(struct completion_fit *fit)
{
    const char *before = fit->place->line_before;
    size_t length = fit->place->line_before_length;
    size_t indent = lines_indent(fit->text.data, fit->text.length);

    if (length == 0 || !lines_is_blank(before, length) || wants_deeper(fit->place))
        return;
    if (indent == fit->text.length)
        fit->waits = !fit->final;
    else if (indent >= length && memcmp(fit->text.data, before, length) == 0)
        buffer_consume(&fit->text, length);
}
