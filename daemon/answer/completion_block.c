#include "daemon/answer/completion_rules.h"

#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/answer/opening.h"

/* What indentation tells: where the block ends. */

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
        bool is_certain = is_whole || opening_can_judge(line, length);

        if (blanks == length) {
            was_blank = was_blank || is_whole;
            continue;
        }
        if (was_blank && was_deeper && (blanks < indent + opens || blanks == 0) &&
            is_certain && !opening_goes_on(line + blanks, length - blanks)) {
            completion_cut_before_line(fit, at);
            return;
        }
        was_deeper = was_deeper || blanks > 0;
        was_blank = false;
    }
}
