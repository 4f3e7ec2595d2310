#include "daemon/answer/completion_rules.h"

#include <string.h>

#include "daemon/answer/lines.h"
#include "protocol/chat.h"

/* What indentation tells: where the block ends, and that a model has forgotten the cursor's. */

/* Lines that belong to what stands above them though they are indented less. */
static bool goes_on(const char *line, size_t length, bool is_whole, bool *is_certain)
{
    static const char *const words[] = {"end",  "else",    "elif", "elsif",   "except",
                                        "fi",   "done",    "esac", "finally", "catch",
                                        "case", "default", "rescue", "ensure", "then"};
    size_t word = 0;

    *is_certain = true;
    if (strchr("})]#<*", line[0]))
        return true;
    while (word < length && lines_is_word(line[word]))
        word++;
    *is_certain = is_whole || word < length;
    if (word < length && line[word] == ':') /* a label */
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strlen(words[i]) == word && memcmp(words[i], line, word) == 0)
            return true;
    }
    return false;
}

/* The indentation of the cursor's line; where nothing stands there yet, that of the first line that
 * comes, which begins at `first`. */
static size_t own_indent(const struct completion_fit *fit, size_t first)
{
    const struct answer_completion_place *place = fit->place;
    size_t indent = lines_indent(place->line_before, place->line_before_length);

    if (indent < place->line_before_length)
        return indent;
    return (first == 0 ? indent : 0) +
           lines_indent(fit->text.data + first, fit->text.length - first);
}

/* Where the first line begins that is not blank. */
static size_t first_text_line(const struct completion_fit *fit)
{
    size_t at = 0;

    while (at < fit->text.length &&
           lines_is_blank(fit->text.data + at, completion_line_end(fit, at) - at))
        at = completion_line_end(fit, at) + 1;
    return at < fit->text.length ? at : 0;
}

/* Behind a blank line comes something that is indented less than where the cursor was; no deeper than
 * the line that opened the block, where that is the cursor's; or, from a place without indentation,
 * the next thing without: the block is over and something else begins. */
void completion_stop_behind_block(struct completion_fit *fit)
{
    size_t first = first_text_line(fit);
    size_t indent = own_indent(fit, first);
    bool opens = first > 0 && lines_indent(fit->text.data + first, fit->text.length - first) > indent;
    bool was_deeper = indent > 0 || opens;
    bool was_blank = false;
    size_t at = completion_line_end(fit, first) + 1;

    for (; !fit->place->prose && at < fit->text.length; at = completion_line_end(fit, at) + 1) {
        const char *line = fit->text.data + at;
        size_t end = completion_line_end(fit, at);
        size_t length = end - at;
        size_t blanks = lines_indent(line, length);
        bool is_whole = end < fit->text.length || fit->final;
        bool is_certain;

        if (blanks == length) {
            was_blank = was_blank || is_whole;
            continue;
        }
        if (was_blank && was_deeper && (blanks < indent + opens || blanks == 0) &&
            !goes_on(line + blanks, length - blanks, is_whole, &is_certain) && is_certain) {
            completion_cut_before_line(fit, at);
            return;
        }
        was_deeper = was_deeper || blanks > 0;
        was_blank = false;
    }
}

/* ---- lost indentation ------------------------------------------------------------------------ */

/* Whether lines below this one must be indented deeper. */
static bool opens_block(const char *line, size_t length)
{
    length = lines_trimmed(line, length);
    return length > 0 && strchr(":{", line[length - 1]) && !strchr("#/*\"'-", line[0]);
}

/* A text of several lines may begin here, which has an indentation of its own; a comment or what goes
 * over several lines may end here, whose cursor has none of a statement. */
static bool opens_text(const char *line, size_t length)
{
    size_t trimmed = lines_trimmed(line, length);

    if (trimmed >= 2 && memcmp(line + trimmed - 2, "*/", 2) == 0 && !memmem(line, trimmed, "/*", 2))
        return true;
    if (lines_starts_with(line, length, "\"\"\"") || lines_starts_with(line, length, "'''"))
        return false;
    return memmem(line, length, "\"\"\"", 3) || memmem(line, length, "'''", 3) ||
           memmem(line, length, "<<", 2) || memchr(line, '`', length) ||
           (length > 0 && line[length - 1] == '\\');
}

/* Puts the first `indent` bytes of the cursor's line before each line from `at` on that is not blank. */
static void indent_from(struct completion_fit *fit, size_t at, size_t indent)
{
    struct buffer text;

    buffer_init(&text, CHAT_TEXT_CAP * 3);
    buffer_append(&text, fit->text.data, at);
    while (at < fit->text.length) {
        size_t end = completion_line_end(fit, at);
        size_t next = end < fit->text.length ? end + 1 : end;

        if (!lines_is_blank(fit->text.data + at, end - at))
            buffer_append(&text, fit->place->line_before, indent);
        buffer_append(&text, fit->text.data + at, next - at);
        at = next;
    }
    buffer_finish(&fit->text);
    fit->text = text;
}

/* Whether what stands below the cursor's line is deeper: not so below labels. */
static bool line_opens_body(const char *line, size_t length)
{
    bool is_certain;

    if (length > 1 && line[length - 1] == ':')
        return !goes_on(line, length, true, &is_certain);
    return (length > 0 && strchr("{([", line[length - 1])) ||
           (length > 5 && memcmp(line + length - 5, " then", 5) == 0) ||
           (length > 3 && memcmp(line + length - 3, " do", 3) == 0);
}

/* A body that begins below the cursor's line, which opens it, and is no deeper. */
static void restore_indent_of_body(struct completion_fit *fit)
{
    const struct answer_completion_place *place = fit->place;
    size_t indent = lines_indent(place->line_before, place->line_before_length);
    size_t length = lines_trimmed(place->line_before, place->line_before_length);
    size_t end, blanks;
    bool is_certain;

    if (indent == 0 || place->prose || fit->text.length < 2 || fit->text.data[0] != '\n' ||
        length <= indent || !line_opens_body(place->line_before + indent, length - indent) ||
        !lines_is_blank(place->line_after, place->line_after_length))
        return;
    end = completion_line_end(fit, 1);
    blanks = lines_indent(fit->text.data + 1, end - 1);
    if (blanks == end - 1 || blanks > indent ||
        goes_on(fit->text.data + 1 + blanks, end - 1 - blanks,
                end < fit->text.length || fit->final, &is_certain))
        return;
    if (is_certain)
        indent_from(fit, 1, indent);
    else
        buffer_truncate(&fit->text, 1);
}

/* Models that see a line without its indentation write those below it without, too: where a body is no
 * deeper than the cursor, or where the second line has no indentation at all. */
void completion_restore_indent(struct completion_fit *fit)
{
    const struct answer_completion_place *place = fit->place;
    size_t indent = place->line_before_length;
    size_t first_end = completion_line_end(fit, 0);
    size_t at = first_end + 1;
    size_t blanks, end;
    bool is_certain = true;

    if (indent == 0 || !lines_is_blank(place->line_before, indent) || place->prose ||
        at >= fit->text.length || lines_indent(fit->text.data, first_end) > 0 ||
        opens_text(fit->text.data, first_end)) {
        restore_indent_of_body(fit);
        return;
    }
    end = completion_line_end(fit, at);
    blanks = lines_indent(fit->text.data + at, end - at);
    if (blanks == end - at || blanks > indent)
        return;
    if ((blanks > 0 && !opens_block(fit->text.data, first_end)) || fit->text.data[at + blanks] == '{')
        return;
    if (fit->text.data[0] == '#' && fit->text.data[at + blanks] == '#') /* one comment */
        indent_from(fit, at, indent);
    else if (goes_on(fit->text.data + at + blanks, end - at - blanks,
                end < fit->text.length || fit->final, &is_certain))
        return;
    else if (is_certain)
        indent_from(fit, at, indent);
    else
        buffer_truncate(&fit->text, at);
}
