#include "daemon/answer/answer.h"

#include <string.h>

#include "daemon/answer/completion_rules.h"
#include "daemon/answer/lines.h"
#include "daemon/prompt/sections.h"
#include "protocol/chat.h"
#include "protocol/utf8.h"

/* What is wrapped round the text, what repeats the text before the cursor, then what runs into the
 * text after it. The bound on lines comes before all rules that look at more than the first line:
 * a text that is long enough must not change when more of it comes. */
const struct completion_rule completion_rules[] = {
    {"unwrap", completion_unwrap},
    {"drop marks", completion_drop_marks},
    {"drop echoed line", completion_drop_echoed_line},
    {"drop echoed prefix", completion_drop_echoed_prefix},
    {"drop echoed word", completion_drop_echoed_word},
    {"drop leading blanks", completion_drop_leading_blanks},
    {"drop doubled indent", completion_drop_doubled_indent},
    {"restore indent", completion_restore_indent},
    {"limit lines", completion_limit_lines},
    {"stop repetition", completion_stop_repetition},
    {"stop at next lines", completion_stop_at_next_lines},
    {"stop behind block", completion_stop_behind_block},
    {"join rest of line", completion_join_rest_of_line},
    {"trim end", completion_trim_end},
};
const size_t completion_rule_count = sizeof(completion_rules) / sizeof(completion_rules[0]);

void completion_cut(struct completion_fit *fit, size_t length)
{
    buffer_truncate(&fit->text, length);
    fit->final = true;
    fit->uncertain = 0;
}

/* Copies the model's text with \n line ends and without blanks at the ends of whole lines; leaves
 * out what may be the start of a character or of a line end. */
static void normalize(struct buffer *out, const char *text, size_t length, bool last)
{
    size_t at = 0;

    if (!last) {
        length = utf8_whole_prefix(text, length);
        length -= length > 0 && text[length - 1] == '\r' ? 1 : 0;
    }
    while (at < length) {
        size_t end = at;

        while (end < length && text[end] != '\n' && text[end] != '\r')
            end++;
        if (end == length) {
            utf8_append_valid(out, text + at, end - at);
            break;
        }
        utf8_append_valid(out, text + at, lines_trimmed(text + at, end - at));
        buffer_append_byte(out, '\n');
        at = end + (text[end] == '\r' && end + 1 < length && text[end + 1] == '\n' ? 2 : 1);
    }
}

static size_t count_line_ends(const struct buffer *text)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < text->length; i++)
        count += text->data[i] == '\n' ? 1 : 0;
    return count;
}

/* Runs all rules but the one to leave out. Returns how many line ends the text has before it is joined
 * with the rest of the cursor's line. */
static size_t run(struct completion_fit *fit, size_t without)
{
    size_t ended = 0;

    for (size_t i = 0; i < completion_rule_count && !fit->waits; i++) {
        if (completion_rules[i].apply == completion_join_rest_of_line)
            ended = count_line_ends(&fit->text);
        if (i != without)
            completion_rules[i].apply(fit);
    }
    if (fit->waits)
        buffer_clear(&fit->text);
    return ended;
}

static bool is_all_blank(const struct buffer *text)
{
    return strspn(text->data, " \t\n") == text->length;
}

static bool line_is_empty(const struct buffer *text, size_t number)
{
    const char *line = text->data;
    const char *end = line + text->length;
    const char *line_end = memchr(line, '\n', text->length);

    for (; number > 0 && line_end; number--) {
        line = line_end + 1;
        line_end = memchr(line, '\n', (size_t)(end - line));
    }
    return lines_is_blank(line, (size_t)((line_end ? line_end : end) - line));
}

/* Of the first `count` lines those up to the last that is not blank: blank ones go where the text
 * turns out to end there. */
static size_t skip_blank_lines_back(const struct buffer *text, size_t count)
{
    while (count > 0 && line_is_empty(text, count - 1))
        count--;
    return count;
}

/* The lines that more text cannot change, `ended` having been ended by a line end. */
static size_t whole_lines(const struct completion_fit *fit, size_t ended)
{
    size_t lines = fit->text.length > 0 ? count_line_ends(&fit->text) + 1 : 0;
    size_t whole = ended > fit->uncertain ? ended - fit->uncertain : 0;

    if (fit->final)
        return lines;
    whole = skip_blank_lines_back(&fit->text, whole < lines ? whole : lines);
    /* The last line may turn out to run into the rest of the cursor's line. */
    if (whole > 0 && !lines_is_blank(fit->place->line_after, fit->place->line_after_length))
        whole = skip_blank_lines_back(&fit->text, whole - 1);
    return whole;
}

/* The place with "" for texts that are not there, so that no rule need ask. */
static struct answer_completion_place whole_place(const struct answer_completion_place *place)
{
    struct answer_completion_place whole = *place;

    whole.line_before = place->line_before ? place->line_before : "";
    whole.line_after = place->line_after ? place->line_after : "";
    whole.next_lines = place->next_lines ? place->next_lines : "";
    whole.above = place->above ? place->above : "";
    whole.previous_line = place->previous_line ? place->previous_line : "";
    whole.layout.comment = place->layout.comment ? place->layout.comment : "";
    return whole;
}

int completion_fit_without(size_t rule, const struct answer_completion_place *place,
                           const char *model_text, size_t length, bool last, struct buffer *text,
                           struct answer_completion *result)
{
    struct answer_completion_place whole = whole_place(place);
    struct completion_fit fit = {.place = &whole, .final = last};
    size_t ended = 0;
    int error;

    buffer_init(&fit.text, CHAT_TEXT_CAP * 3); /* each ill-formed byte may become three */
    normalize(&fit.text, model_text, length, last);
    error = buffer_error(&fit.text);
    if (!error) {
        ended = run(&fit, rule);
        error = buffer_error(&fit.text);
    }
    if (!error) {
        if (is_all_blank(&fit.text)) {
            buffer_clear(&fit.text);
            fit.replace_after = 0;
        }
        result->complete = fit.final;
        result->whole_lines = whole_lines(&fit, ended);
        result->replace_after = fit.replace_after;
        error = sections_append_restored(text, fit.text.data, fit.text.length);
    }
    buffer_finish(&fit.text);
    return error;
}

int answer_completion_fit(const struct answer_completion_place *place, const char *model_text,
                          size_t length, bool last, struct buffer *text,
                          struct answer_completion *result)
{
    return completion_fit_without(completion_rule_count, place, model_text, length, last, text,
                                  result);
}
