#include "daemon/answer/completion_rules.h"

#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/answer/opening.h"
#include "protocol/chat.h"
#include "protocol/position.h"

/*
 * Models that see the cursor's line without its indentation write the lines below it without, too. What
 * they mean is told by what cannot stand where it is but could with the indentation: a body that is no
 * deeper than the line that opens it, a line that goes back to less and closes nothing, arguments that
 * are not under the first. The first line below that tells something decides for all.
 */

enum judgement { UNTOLD, AS_MEANT, LOST };

/* How many lines above are looked at for the one that the cursor's line stands in. */
#define ABOVE_MAX 100

static size_t depth_of(const char *line, size_t length)
{
    return opening_depth(0, line, lines_indent(line, length));
}

/* The depth of the first line below the cursor's that is not blank; 0 where there is none. */
static size_t depth_below(const struct answer_completion_place *place)
{
    size_t at = 0;

    while (at < place->next_lines_length) {
        size_t line_end;
        size_t next = position_next_line(place->next_lines, place->next_lines_length, at, &line_end);
        size_t length = next - line_end - at;

        if (!lines_is_blank(place->next_lines + at, length))
            return depth_of(place->next_lines + at, length);
        at = next;
    }
    return 0;
}

/* The last line of text[0, *end) that is not blank; *end becomes its start. False where there is none. */
static bool line_above(const char *text, size_t *end, const char **line, size_t *length)
{
    while (*end > 0) {
        size_t last = *end;
        size_t start;

        while (last > 0 && strchr("\r\n", text[last - 1]))
            last--;
        for (start = last; start > 0 && !strchr("\r\n", text[start - 1]); start--)
            continue;
        *end = start;
        *line = text + start;
        *length = lines_trimmed(text + start, last - start);
        if (*length > 0)
            return true;
    }
    return false;
}

/* Finds the line that the cursor's stands in or goes on with: the last above that is less deep. */
static bool read_line_above(const struct answer_completion_place *place, size_t depth,
                            struct opening *above)
{
    size_t end = place->above_length;
    const char *line;
    size_t length;

    for (unsigned lines = 0; lines < ABOVE_MAX && line_above(place->above, &end, &line, &length);
         lines++) {
        if (depth_of(line, length) < depth) {
            bool is_certain = opening_read(above, &place->layout, line, length);

            if (!above->is_comment && !above->is_anywhere)
                return is_certain;
        }
    }
    return false;
}

/* Whether the lines above put a `{` deeper than the line that it belongs to, as GNU does. */
static bool has_deep_braces(const struct answer_completion_place *place)
{
    size_t end = place->above_length;
    const char *line;
    size_t length;

    for (unsigned lines = 0; lines < ABOVE_MAX && line_above(place->above, &end, &line, &length);
         lines++) {
        size_t depth = depth_of(line, length);

        if (line[length - 1] == '{' && lines_indent(line, length) + 1 == length && depth > 0)
            return line_above(place->above, &end, &line, &length) && depth_of(line, length) < depth &&
                   !strchr("{;}", line[length - 1]);
    }
    return false;
}

/* A line without indentation, where less may end a block: it is meant where the text below goes on with
 * less, too, and a blank line or its first word shows that something else begins. */
static enum judgement judge_leaving(const struct completion_fit *fit, size_t indent, const char *line,
                                    size_t length, bool was_blank, bool after_comment)
{
    if (was_blank)
        return depth_below(fit->place) >= indent ? LOST : AS_MEANT;
    if (line[0] == '#')
        return after_comment ? LOST : UNTOLD;
    return opening_goes_on(line, length) ? AS_MEANT : LOST;
}

/* Judges the line [at, end) of the text, which is not blank. */
static enum judgement judge(const struct completion_fit *fit, const struct opening *opening, size_t at,
                            size_t end, bool was_blank)
{
    const char *before = fit->place->line_before;
    size_t added = opening_depth(0, before, lines_indent(before, fit->place->line_before_length));
    const char *line = fit->text.data + at;
    size_t blanks = lines_indent(line, end - at);
    size_t length = end - at - blanks;
    size_t indent = opening_depth(0, line, blanks);
    size_t restored = opening_depth(added, line, blanks);

    line += blanks;
    switch (opening_judge(opening, indent, line, length)) {
    case OPENING_ALLOWS:
        if (line[0] == '{' && indent == opening->indent && has_deep_braces(fit->place))
            return LOST;
        return opening->column > 0 && indent != opening->column && restored == opening->column
                   ? LOST : AS_MEANT;
    case OPENING_FORBIDS:
        return opening_judge(opening, restored, line, length) == OPENING_ALLOWS ? LOST : AS_MEANT;
    case OPENING_ENDS:
        return AS_MEANT;
    case OPENING_LEFT:
        return judge_leaving(fit, added, line, length, was_blank, opening->is_comment);
    case OPENING_TELLS_NOTHING:
        break;
    }
    return UNTOLD;
}

/* Puts the cursor's indentation before each line from `at` on that is not blank. */
static void indent_from(struct completion_fit *fit, size_t at)
{
    const struct answer_completion_place *place = fit->place;
    size_t indent = lines_indent(place->line_before, place->line_before_length);
    struct buffer text;

    buffer_init(&text, CHAT_TEXT_CAP * 3);
    buffer_append(&text, fit->text.data, at);
    while (at < fit->text.length) {
        size_t end = completion_line_end(fit, at);
        size_t next = end < fit->text.length ? end + 1 : end;

        if (!lines_is_blank(fit->text.data + at, end - at))
            buffer_append(&text, place->line_before, indent);
        buffer_append(&text, fit->text.data + at, next - at);
        at = next;
    }
    buffer_finish(&fit->text);
    fit->text = text;
}

/* Reads the cursor's line as it will be. False where nothing can be told from it. */
static bool read_first_line(const struct completion_fit *fit, size_t end, struct opening *opening)
{
    const struct answer_completion_place *place = fit->place;
    struct buffer line CLEANUP(buffer_finish);
    size_t indent = lines_indent(place->line_before, place->line_before_length);
    struct opening above;

    buffer_init(&line, CHAT_TEXT_CAP * 3);
    if (indent == 0 || place->prose ||
        (indent == place->line_before_length && lines_indent(fit->text.data, end) > 0))
        return false;
    buffer_append(&line, place->line_before, place->line_before_length);
    buffer_append(&line, fit->text.data, end);
    if (buffer_error(&line) || !opening_read(opening, &place->layout, line.data, line.length))
        return false;
    /* Behind the last line of a statement of several comes one that is less deep. */
    if (read_line_above(place, opening->indent, &above) && (!above.is_open || above.is_single))
        opening->least = above.indent;
    return true;
}

/* How many bytes of the line are those of the one below the cursor's. */
static size_t same_as_below(const struct answer_completion_place *place, const char *line,
                            size_t length)
{
    size_t same = 0;

    while (same < length && same < place->next_lines_length && place->next_lines[same] == line[same])
        same++;
    return same;
}

/* Whether the line is the one below the cursor's: the text has run over. */
static bool is_line_below(const struct answer_completion_place *place, const char *line, size_t length)
{
    return lines_has_word(line, length) && same_as_below(place, line, length) == length &&
           (length == place->next_lines_length || strchr("\r\n", place->next_lines[length]));
}

/* Whether what has come of the last line may turn out to mean something else. */
static bool is_unclear(const struct completion_fit *fit, size_t at)
{
    const char *line = fit->text.data + at;
    size_t length = fit->text.length - at;

    return !memchr(line, '\n', length) && !fit->final &&
           (!opening_can_judge(line, length) || same_as_below(fit->place, line, length) == length);
}

void completion_restore_indent(struct completion_fit *fit)
{
    size_t first_end = completion_line_end(fit, 0);
    size_t at = first_end + 1;
    struct opening opening;
    bool was_blank = false;

    if (at > fit->text.length || !read_first_line(fit, first_end, &opening))
        return;
    for (size_t end; at < fit->text.length; at = end + 1) {
        const char *line = fit->text.data + at;
        enum judgement judgement;

        end = completion_line_end(fit, at);
        if (lines_is_blank(line, end - at)) {
            was_blank = true;
            continue;
        }
        if (is_unclear(fit, at))
            break;
        if (is_line_below(fit->place, line, end - at))
            return;
        judgement = judge(fit, &opening, at, end, was_blank);
        if (judgement == LOST)
            indent_from(fit, first_end + 1);
        if (judgement != UNTOLD)
            return;
    }
    if (!fit->final)
        buffer_truncate(&fit->text, first_end + 1);
}
