#include "daemon/answer/edit_match.h"

#include <stdbool.h>
#include <string.h>

#include "daemon/answer/lines.h"

/* What the model is shown of a text. */
#define NEAREST_LINES_MAX 60

struct line {
    const char *text;
    size_t length; /* without its line end */
};

/* The line at *at; moves *at behind its line end. False at the end of the text. */
static bool next_line(const struct buffer *text, size_t *at, struct line *line)
{
    const char *start = text->data + *at;
    const char *end;

    if (*at >= text->length)
        return false;
    end = memchr(start, '\n', text->length - *at);
    line->text = start;
    line->length = end ? (size_t)(end - start) : text->length - *at;
    *at += line->length + (end ? 1 : 0);
    return true;
}

/* ---- exactly --------------------------------------------------------------------------------- */

static void find_exactly(const struct buffer *text, const struct buffer *search,
                         struct edit_place *place)
{
    const char *at = text->data;
    const char *end = text->data + text->length;

    while ((at = memmem(at, (size_t)(end - at), search->data, search->length))) {
        if (place->count++ == 0)
            place->start = (size_t)(at - text->data);
        at++;
    }
    place->end = place->start + search->length;
}

/* ---- but for the indentation ----------------------------------------------------------------- */

/* The blanks that lines of the text have more than those that are sought, or less. */
struct shift {
    const char *blanks;
    size_t length;
    bool more;
    bool known;
};

static void learn(struct shift *shift, const struct line *own, const struct line *sought)
{
    size_t own_indent = lines_indent(own->text, own->length);
    size_t indent = lines_indent(sought->text, sought->length);

    shift->known = true;
    shift->more = own_indent >= indent;
    shift->blanks = shift->more ? own->text : sought->text;
    shift->length = shift->more ? own_indent - indent : indent - own_indent;
}

static bool is_shifted(const struct shift *shift, const struct line *longer,
                       const struct line *shorter)
{
    return longer->length == shorter->length + shift->length &&
           memcmp(longer->text, shift->blanks, shift->length) == 0 &&
           memcmp(longer->text + shift->length, shorter->text, shorter->length) == 0;
}

static bool line_fits(struct shift *shift, const struct line *own, const struct line *sought)
{
    bool own_blank = lines_is_blank(own->text, own->length);
    bool blank = lines_is_blank(sought->text, sought->length);

    if (own_blank || blank)
        return own_blank && blank;
    if (!shift->known)
        learn(shift, own, sought);
    return shift->more ? is_shifted(shift, own, sought) : is_shifted(shift, sought, own);
}

/* Whether the lines from `start` on are those that are sought; *end is behind the last one's
 * text, or, where what is sought ends with a line end, behind that. */
static bool lines_fit(const struct buffer *text, size_t start, const struct buffer *search,
                      struct shift *shift, size_t *end)
{
    struct line own, sought;
    size_t at = start, search_at = 0;

    *shift = (struct shift){0};
    while (next_line(search, &search_at, &sought)) {
        if (!next_line(text, &at, &own) || !line_fits(shift, &own, &sought))
            return false;
        *end = (size_t)(own.text - text->data) + own.length;
    }
    if (search->data[search->length - 1] == '\n')
        *end = at;
    return shift->known;
}

static void find_shifted(const struct buffer *text, const struct buffer *search,
                         struct edit_place *place, struct shift *shift)
{
    struct line line;
    size_t start = 0, next = 0, end = 0;

    for (; next_line(text, &next, &line); start = next) {
        struct shift found;

        if (!lines_fit(text, start, search, &found, &end))
            continue;
        if (place->count++ > 0)
            continue;
        place->start = start;
        place->end = end;
        *shift = found;
    }
}

static void append_shifted(struct buffer *out, const struct buffer *replacement,
                           const struct shift *shift)
{
    struct line line;

    for (size_t at = 0; next_line(replacement, &at, &line);) {
        size_t drop = 0;

        if (shift->more && !lines_is_blank(line.text, line.length))
            buffer_append(out, shift->blanks, shift->length);
        while (!shift->more && drop < shift->length && drop < line.length &&
               line.text[drop] == shift->blanks[drop])
            drop++;
        buffer_append(out, line.text + drop, line.length - drop);
        if (line.text + line.length < replacement->data + replacement->length)
            buffer_append_byte(out, '\n');
    }
}

enum edit_match edit_match_find(const struct buffer *text, const struct buffer *search,
                                const struct buffer *replacement, struct edit_place *place,
                                struct buffer *out)
{
    struct shift shift = {.more = true, .blanks = ""};
    size_t before = out->length;

    *place = (struct edit_place){0};
    if (search->length == 0)
        return EDIT_MATCH_NONE;
    find_exactly(text, search, place);
    if (place->count == 0)
        find_shifted(text, search, place, &shift);
    if (place->count != 1)
        return place->count == 0 ? EDIT_MATCH_NONE : EDIT_MATCH_MANY;
    append_shifted(out, replacement, &shift);
    /* The last line of the text had no line end, whatever was written for it. */
    if (place->end == text->length && place->end > 0 && text->data[place->end - 1] != '\n' &&
        out->length > before && search->data[search->length - 1] == '\n' &&
        out->data[out->length - 1] == '\n')
        buffer_truncate(out, out->length - 1);
    return EDIT_MATCH_ONE;
}

/* ---- for another try ------------------------------------------------------------------------- */

/* How much of two lines is the same at their starts and ends, in percent. */
static size_t likeness(struct line a, struct line b)
{
    size_t same = 0, longest, shortest;

    lines_trim(&a.text, &a.length);
    lines_trim(&b.text, &b.length);
    longest = a.length > b.length ? a.length : b.length;
    shortest = a.length < b.length ? a.length : b.length;
    if (shortest == 0)
        return 0;
    while (same < shortest && a.text[same] == b.text[same])
        same++;
    for (size_t end = 1; same < shortest && a.text[a.length - end] == b.text[b.length - end]; end++)
        same++;
    return same * 100 / longest;
}

static size_t likeness_of_lines(const struct buffer *text, size_t start,
                                const struct buffer *search)
{
    struct line own, sought;
    size_t sum = 0;

    for (size_t at = 0; next_line(search, &at, &sought) && next_line(text, &start, &own);) {
        size_t percent = likeness(own, sought);

        sum += percent >= 50 ? percent : 0;
    }
    return sum;
}

static size_t count_lines(const struct buffer *text)
{
    struct line line;
    size_t count = 0;

    for (size_t at = 0; next_line(text, &at, &line);)
        count++;
    return count;
}

int edit_match_append_nearest(const struct buffer *text, const struct buffer *search,
                              struct buffer *out)
{
    struct line line;
    size_t best = 0, best_at = 0, previous = 0;
    size_t count = count_lines(search) + 2;

    for (size_t start = 0, next = 0, before = 0; next_line(text, &next, &line); start = next) {
        size_t sum = likeness_of_lines(text, start, search);

        if (sum > best) {
            best = sum;
            best_at = start;
            previous = before;
        }
        before = start;
    }
    if (best == 0)
        return 0;
    if (previous == best_at)
        count--;
    for (size_t i = 0, at = previous; i < count && i < NEAREST_LINES_MAX; i++) {
        if (!next_line(text, &at, &line))
            break;
        buffer_append(out, line.text, line.length);
        buffer_append_byte(out, '\n');
    }
    return buffer_error(out);
}
