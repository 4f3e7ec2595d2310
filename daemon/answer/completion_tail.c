#include "daemon/answer/completion_rules.h"

#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/answer/opening.h"
#include "protocol/position.h"
#include "protocol/utf8.h"

/* The longest block of lines whose repetition is seen. */
#define REPEAT_MAX 8

/* A line that is repeated, or that stands below, tells something from this many bytes on. */
#define TELLING_LINE 4

/* From this many bytes on a line is known again whatever its indentation. */
#define UNMISTAKABLE_LINE 8

/* An overlap of words with the rest of the line; a whole rest may be shorter. */
#define OVERLAP_MIN 3

size_t completion_line_end(const struct completion_fit *fit, size_t start)
{
    const char *text = fit->text.data;
    const char *found = memchr(text + start, '\n', fit->text.length - start);

    return found ? (size_t)(found - text) : fit->text.length;
}

void completion_cut_before_line(struct completion_fit *fit, size_t start)
{
    completion_cut(fit, start > 0 ? start - 1 : 0);
}

/* ---- lines ---------------------------------------------------------------------------------- */

void completion_limit_lines(struct completion_fit *fit)
{
    unsigned lines = 0;
    /* A line break that ends the cursor's own line is not a line of the text. */
    size_t at = strspn(fit->text.data, " \t\n");

    if (fit->place->max_lines == 0)
        return;
    while (at < fit->text.length) {
        size_t end = completion_line_end(fit, at);

        if (end == fit->text.length)
            return;
        if (++lines == fit->place->max_lines) {
            completion_cut_before_line(fit, end + 1);
            return;
        }
        at = end + 1;
    }
}

/* A line as it will stand there: of the first one the part before the cursor, too. */
struct line {
    size_t start; /* in the text */
    const char *before;
    size_t before_length;
    const char *text;
    size_t length;
    bool tells;
};

static char byte_of(const struct line *line, size_t at)
{
    return at < line->before_length ? line->before[at] : line->text[at - line->before_length];
}

static bool same_line(const struct line *a, const struct line *b)
{
    size_t length = a->before_length + a->length;

    if (length != b->before_length + b->length)
        return false;
    if (a->before_length == 0 && b->before_length == 0)
        return memcmp(a->text, b->text, length) == 0;
    for (size_t i = 0; i < length; i++) {
        if (byte_of(a, i) != byte_of(b, i))
            return false;
    }
    return true;
}

/* The last lines, and for each period how many equal the one so far above. */
struct repetition {
    struct line ring[REPEAT_MAX + 1];
    size_t runs[REPEAT_MAX + 1];
    size_t count;
};

static struct line *line_back(struct repetition *repetition, size_t back)
{
    return &repetition->ring[(repetition->count - back) % (REPEAT_MAX + 1)];
}

/* Whether one of the last `period` lines tells something. */
static bool block_tells(struct repetition *repetition, size_t period)
{
    for (size_t back = 1; back <= period; back++) {
        if (line_back(repetition, back)->tells)
            return true;
    }
    return false;
}

/* Takes the next line. Returns the first line of the block that has come again, NULL where none. */
static const struct line *take_line(struct repetition *repetition, struct line line)
{
    line.tells = line.before_length + line.length >= TELLING_LINE &&
                 (lines_has_word(line.text, line.length) ||
                  lines_has_word(line.before, line.before_length));
    repetition->ring[repetition->count++ % (REPEAT_MAX + 1)] = line;
    for (size_t period = 1; period <= REPEAT_MAX && period < repetition->count; period++) {
        bool same = same_line(line_back(repetition, 1), line_back(repetition, period + 1));

        repetition->runs[period] = same ? repetition->runs[period] + 1 : 0;
        if (repetition->runs[period] >= period && block_tells(repetition, period))
            return line_back(repetition, period);
    }
    return NULL;
}

void completion_stop_repetition(struct completion_fit *fit)
{
    const struct answer_completion_place *place = fit->place;
    struct repetition repetition = {.count = 0};
    size_t at = 0;

    if (place->previous_line_length > 0)
        take_line(&repetition, (struct line){.before = "", .text = place->previous_line,
                                             .length = place->previous_line_length});
    while (at < fit->text.length) {
        size_t end = completion_line_end(fit, at);
        struct line line = {.start = at, .before = at == 0 ? place->line_before : "",
                            .before_length = at == 0 ? place->line_before_length : 0,
                            .text = fit->text.data + at, .length = end - at};
        const struct line *again;

        if (end == fit->text.length && !fit->final)
            break;
        again = take_line(&repetition, line);
        if (again) {
            completion_cut_before_line(fit, again->start);
            return;
        }
        at = end + 1;
    }
    for (size_t period = 2; period <= REPEAT_MAX; period++) {
        size_t open = repetition.runs[period] < period ? repetition.runs[period] : period - 1;

        if (open > fit->uncertain && !fit->final)
            fit->uncertain = open;
    }
}

/* ---- the lines below ------------------------------------------------------------------------ */

/* The first line below that is not blank. */
static size_t next_text_line(const struct answer_completion_place *place, const char **line)
{
    const char *text = place->next_lines;
    size_t at = 0;

    while (at < place->next_lines_length) {
        size_t line_end;
        size_t next = position_next_line(text, place->next_lines_length, at, &line_end);

        *line = text + at;
        if (!lines_is_blank(*line, next - line_end - at))
            return lines_trimmed(*line, next - line_end - at);
        at = next;
    }
    return 0;
}

/* Opening less closing brackets, never below 0. */
static size_t open_brackets(const char *text, size_t length)
{
    size_t depth = 0;
    size_t i;

    for (i = 0; i < length; i++) {
        if (strchr("([{", text[i]) && text[i] != '\0')
            depth++;
        else if (strchr(")]}", text[i]) && text[i] != '\0' && depth > 0)
            depth--;
    }
    return depth;
}

/* Whether a line of the text is the line below come again. */
static bool is_line_below(const struct completion_fit *fit, size_t start, size_t end,
                          const char *below, size_t below_length)
{
    const char *line = fit->text.data + start;
    size_t length = end - start;
    size_t below_indent = lines_indent(below, below_length);
    bool exact;

    length = lines_trimmed(line, length);
    exact = length == below_length && memcmp(line, below, length) == 0;
    if (!lines_has_word(below, below_length) && start > 0)
        return exact && open_brackets(fit->text.data, start) == 0;
    if (exact && start > 0)
        return true;
    if (lines_indent(line, length) > below_indent && start > 0)
        return false; /* in a block of the text itself */
    lines_trim(&line, &length);
    lines_trim(&below, &below_length);
    /* The first line has its indentation before the cursor. */
    return length == below_length && memcmp(line, below, length) == 0 &&
           ((length >= UNMISTAKABLE_LINE && !opening_goes_on(line, length)) ||
            (start == 0 && fit->place->line_before_length == below_indent));
}

void completion_stop_at_next_lines(struct completion_fit *fit)
{
    const struct answer_completion_place *place = fit->place;
    bool first_counts = lines_is_blank(place->line_before, place->line_before_length) &&
                        lines_is_blank(place->line_after, place->line_after_length);
    const char *below = NULL;
    size_t below_length = next_text_line(place, &below);
    size_t at = 0;

    while (below_length > 0 && at < fit->text.length) {
        size_t end = completion_line_end(fit, at);

        if (end == fit->text.length && !fit->final)
            return;
        if ((at > 0 || first_counts) && is_line_below(fit, at, end, below, below_length)) {
            completion_cut_before_line(fit, at);
            fit->ran_over = at > 0;
            return;
        }
        at = end + 1;
    }
}

/* ---- the rest of the line ------------------------------------------------------------------- */

/* The quote that the cursor stands in; 0: none. */
static char quote_before(const struct answer_completion_place *place)
{
    char quote = '\0';

    for (size_t i = 0; i < place->line_before_length; i++) {
        char byte = place->line_before[i];

        if (byte == '\\')
            i++;
        else if (quote ? byte == quote : byte == '"' || byte == '\'' || byte == '`')
            quote = quote ? '\0' : byte;
    }
    return quote;
}

/* The same where the rest of the line begins with it. */
static char open_quote(const struct answer_completion_place *place)
{
    char quote = place->line_after_length > 0 ? place->line_after[0] : '\0';
    bool open = false;
    size_t i;

    if (quote != '"' && quote != '\'' && quote != '`')
        return '\0';
    for (i = 0; i < place->line_before_length; i++) {
        if (place->line_before[i] == '\\')
            i++;
        else if (place->line_before[i] == quote)
            open = !open;
    }
    return open ? quote : '\0';
}

/* Whether the text opens what it does not close; `quote` stands open before it. */
static bool leaves_open(const char *text, size_t length, char quote)
{
    bool was_inside = quote != '\0';
    size_t depth = 0;

    for (size_t at = 0; at < length; at++) {
        char byte = text[at];

        if (byte == '\\' && quote) {
            at++;
        } else if (quote) {
            if (byte == quote) {
                quote = '\0';
                was_inside = false;
            }
        } else if (byte == '"' || byte == '\'' || byte == '`') {
            quote = byte;
        } else if (byte == '(' || byte == '[' || byte == '{') {
            depth++;
        } else if ((byte == ')' || byte == ']' || byte == '}') && depth > 0) {
            depth--;
        }
    }
    return depth > 0 || (quote && !was_inside);
}

/* Where the text closes what it has not opened, `depth` being open before it; the length where it
 * does not. Brackets in strings do not count; a string ends with its line, so that an apostrophe
 * spoils no more than that. */
static size_t unopened_closer(const char *text, size_t length, char quote, size_t depth)
{
    bool was_inside = quote != '\0';
    size_t at;

    for (at = 0; at < length; at++) {
        char byte = text[at];

        if (byte == '\\' && quote) {
            at++;
        } else if (quote) {
            if (byte == quote && was_inside)
                return at;
            if (byte == quote || (byte == '\n' && quote != '`')) {
                quote = '\0';
                was_inside = false;
            }
        } else if (byte == '"' || byte == '\'' || byte == '`') {
            quote = byte;
        } else if (byte == '(' || byte == '[' || byte == '{') {
            depth++;
        } else if (byte == ')' || byte == ']' || byte == '}') {
            if (depth == 0)
                return at;
            depth--;
        }
    }
    return length;
}

/* Whether what is open at a line's end cannot be closed below, as it could behind a `,`. */
static bool line_is_whole(const char *line, size_t length)
{
    return length > 0 && (strchr(")]};:{", line[length - 1]) ||
                          (length > 5 && memcmp(line + length - 5, " then", 5) == 0) ||
                          (length > 3 && memcmp(line + length - 3, " do", 3) == 0));
}

/* How many brackets of the line before the cursor the rest of the line does not close: the text may
 * close these. */
static size_t left_to_close(const struct answer_completion_place *place)
{
    const char *rest = place->line_after;
    size_t length = lines_trimmed(rest, place->line_after_length);
    size_t closed = 0;
    size_t open = 0;
    char quote = '\0';

    for (size_t i = 0; i < place->line_before_length; i++) {
        char byte = place->line_before[i];

        if (byte == '\\' && quote)
            i++;
        else if (quote || byte == '"' || byte == '\'' || byte == '`')
            quote = !quote ? byte : byte == quote ? '\0' : quote;
        else if (byte == '(' || byte == '[' || byte == '{')
            open++;
        else if ((byte == ')' || byte == ']' || byte == '}') && open > 0)
            open--;
    }
    if (quote || !line_is_whole(rest, length))
        return 0;
    for (size_t at = 0; at < length; at++, closed++) {
        at += unopened_closer(rest + at, length - at, '\0', 0);
        if (at == length)
            break;
    }
    return open > closed ? open - closed : 0;
}

static size_t common_prefix(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t length = 0;

    while (length < a_length && length < b_length && a[length] == b[length])
        length++;
    return utf8_floor(a, a_length, length);
}

/* The text closes at `closer` what was opened before the cursor, as the rest of the line does. */
static void join_at_closer(struct completion_fit *fit, size_t closer, const char *rest,
                           size_t rest_length)
{
    const char *text = fit->text.data;
    size_t length = fit->text.length;
    size_t common = common_prefix(text + closer, length - closer, rest, rest_length);
    size_t end = completion_line_end(fit, closer);
    size_t after = closer + common;

    if (lines_is_blank(text + after, end - after)) {
        if (end < length)
            completion_cut(fit, closer);
        else
            buffer_truncate(&fit->text, closer);
    } else if (common == rest_length) {
        /* … or it closes what the text has opened since. */
        if (!leaves_open(text + after, end - after, '\0'))
            fit->replace_after = rest_length;
    } else {
        completion_cut(fit, closer);
    }
}

/* Whether the last bytes of a line may be taken for the first of the rest: enough of them, not from
 * within a word, and not closing what the text itself has opened. */
static bool overlap_holds(const char *line, size_t length, size_t overlap, size_t rest_length,
                          char quote)
{
    const char *start = line + length - overlap;

    if (overlap < rest_length && utf8_count(start, overlap) < OVERLAP_MIN)
        return false;
    if (overlap < length && lines_is_word(start[-1]) && lines_is_word(start[0]))
        return false;
    if (overlap == rest_length && !leaves_open(line, length - overlap, quote))
        return true;
    return unopened_closer(start, overlap, '\0', 0) == overlap &&
           !memchr(start, '"', overlap) && !memchr(start, '\'', overlap);
}

/* How many bytes at the end of the line are the start of the rest. */
static size_t overlap_of(const char *line, size_t length, const char *rest, size_t rest_length,
                         char quote)
{
    size_t overlap = length < rest_length ? length : rest_length;

    for (; overlap > 0; overlap--) {
        if (memcmp(line + length - overlap, rest, overlap) == 0 &&
            overlap_holds(line, length, overlap, rest_length, quote))
            return overlap;
    }
    return 0;
}

/* What ran into the lines below has the rest of the cursor's line before them. */
static bool drop_end(struct completion_fit *fit, const char *end, size_t length)
{
    size_t last = fit->text.length;

    while (last > 0 && strchr(" \t\n", fit->text.data[last - 1]))
        last--;
    if (last < length || memcmp(fit->text.data + last - length, end, length) != 0)
        return false;
    buffer_truncate(&fit->text, last - length);
    return true;
}

/* Whether the text opens a string that the rest of the line closes with its first sign. */
static bool opens_quote_of_rest(const struct completion_fit *fit, char quote)
{
    const char *text = fit->text.data;
    char opened = '\0';

    for (size_t at = 0; at < fit->text.length; at++) {
        if (text[at] == '\\')
            at++;
        else if (quote)
            quote = text[at] == quote ? '\0' : quote;
        else if (text[at] == '"' || text[at] == '\'' || text[at] == '`')
            opened = quote = text[at];
    }
    return quote && opened == quote && quote == fit->place->line_after[0];
}

void completion_join_rest_of_line(struct completion_fit *fit)
{
    const char *rest = fit->place->line_after;
    size_t rest_length = lines_trimmed(rest, fit->place->line_after_length);
    size_t first_end = completion_line_end(fit, 0);
    size_t closer;
    size_t overlap;
    size_t left;
    char quote;

    if (rest_length == 0)
        return;
    if (fit->ran_over && drop_end(fit, rest, rest_length))
        return;
    left = left_to_close(fit->place);
    closer = unopened_closer(fit->text.data, fit->text.length, open_quote(fit->place), left);
    if (left > 0 && closer == fit->text.length && strchr(")]}", rest[0]))
        return;
    if (closer < fit->text.length && fit->text.data[closer] == rest[0]) {
        join_at_closer(fit, closer, rest, rest_length);
        return;
    }
    quote = quote_before(fit->place);
    if (opens_quote_of_rest(fit, quote))
        return;
    overlap = overlap_of(fit->text.data, lines_trimmed(fit->text.data, first_end), rest,
                         rest_length, quote);
    if (overlap == rest_length &&
        strspn(fit->text.data + first_end, " \t\n") < fit->text.length - first_end) {
        fit->replace_after = rest_length;
        return;
    }
    if (strspn(fit->text.data + first_end, " \t\n") == fit->text.length - first_end)
        buffer_truncate(&fit->text, overlap > 0 ? lines_trimmed(fit->text.data, first_end)
                                                : fit->text.length);
    else
        overlap = overlap_of(fit->text.data, fit->text.length, rest, rest_length, quote);
    buffer_truncate(&fit->text, fit->text.length - overlap);
}

/* ---- the end -------------------------------------------------------------------------------- */

/* Whether the last line holds nothing, so that what follows has the line to itself. */
static bool ends_with_line(const struct completion_fit *fit)
{
    size_t length = lines_trimmed(fit->text.data, fit->text.length);

    return length == 0 || fit->text.data[length - 1] == '\n';
}

void completion_trim_end(struct completion_fit *fit)
{
    const struct answer_completion_place *place = fit->place;
    const char *rest = place->line_after;
    size_t rest_length = lines_trimmed(rest, place->line_after_length);
    bool has_lines = memchr(fit->text.data, '\n', fit->text.length) != NULL;
    size_t length = fit->text.length;

    if (rest_length == fit->replace_after) { /* nothing follows on the line */
        while (length > 0 && strchr(" \t\n", fit->text.data[length - 1]))
            length--;
        buffer_truncate(&fit->text, length);
    } else if (!has_lines && strchr(")]} \t", rest[0])) {
        buffer_truncate(&fit->text, lines_trimmed(fit->text.data, length));
    } else if (has_lines && fit->final && rest[0] == '}' && !ends_with_line(fit)) {
        /* What closes the block gets a line of its own. */
        buffer_append_byte(&fit->text, '\n');
        buffer_append(&fit->text, place->line_before,
                      lines_indent(place->line_before, place->line_before_length));
    }
}
