#include "daemon/answer/merge.h"

#include <errno.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "protocol/position.h"

/* A place in a text that goes forward line by line, and the line there. */
struct cursor {
    const char *text;
    size_t length;
    size_t next;       /* where the line behind this one starts */
    const char *line;
    size_t line_length;
    const char *end;   /* its line end */
    size_t end_length; /* 0: the text ends */
};

static bool go_on(struct cursor *cursor)
{
    size_t start = cursor->next;

    if (start >= cursor->length)
        return false;
    cursor->next = position_next_line(cursor->text, cursor->length, start, &cursor->end_length);
    cursor->line = cursor->text + start;
    cursor->line_length = cursor->next - cursor->end_length - start;
    cursor->end = cursor->line + cursor->line_length;
    return true;
}

/* The text with all line ends alike, and nothing in lines of blanks: what of it is compared. */
static int append_alike(struct buffer *out, const char *text, size_t length)
{
    struct cursor cursor = {.text = text, .length = length};

    while (go_on(&cursor)) {
        if (!lines_is_blank(cursor.line, cursor.line_length))
            buffer_append(out, cursor.line, cursor.line_length);
        else if (cursor.end_length == 0) /* the rest of a line: it is in the range by its blanks */
            buffer_append(out, cursor.line, cursor.line_length);
        if (cursor.end_length > 0)
            buffer_append_byte(out, '\n');
    }
    return buffer_error(out);
}

/* The new text while it is put together. */
struct result {
    struct buffer text;
    char before;
    const char *end;   /* the last line's */
    size_t end_length;
};

/* An empty line's \n would make one line end of it and of a \r before it. */
static bool would_join(const struct result *result, size_t line_length, const char *end,
                       size_t end_length)
{
    const struct buffer *text = &result->text;
    char last = text->length > 0 ? text->data[text->length - 1] : result->before;

    return line_length == 0 && end_length == 1 && *end == '\n' && last == '\r';
}

static void put_line(struct result *result, const char *line, size_t line_length, const char *end,
                     size_t end_length)
{
    if (would_join(result, line_length, end, end_length)) {
        end = "\r\n";
        end_length = 2;
    }
    buffer_append(&result->text, line, line_length);
    buffer_append(&result->text, end, end_length);
    if (end_length > 0) {
        result->end = end;
        result->end_length = end_length;
    }
}

/* A line that the rewrite brings, in place of `old` (NULL: of none). */
static void put_new_line(struct result *result, const struct cursor *new, const struct cursor *old)
{
    const char *end = new->end;
    size_t end_length = new->end_length;

    if (end_length > 0 && new->next < new->length) {
        if (old && old->end_length > 0) {
            end = old->end;
            end_length = old->end_length;
        } else if (result->end_length > 0) {
            end = result->end;
            end_length = result->end_length;
        }
    }
    put_line(result, new->line, new->line_length, end, end_length);
}

static void put_same(struct result *result, struct cursor *old, struct cursor *new, size_t count)
{
    while (count-- > 0 && go_on(old) && go_on(new))
        put_line(result, old->line, old->line_length, old->end, old->end_length);
}

static void put_hunk(struct result *result, struct cursor *old, struct cursor *new,
                     const struct diff_hunk *hunk)
{
    for (size_t i = 0; i < hunk->old_count || i < hunk->new_count; i++) {
        bool has_old = i < hunk->old_count && go_on(old);

        if (i < hunk->new_count && go_on(new))
            put_new_line(result, new, has_old ? old : NULL);
    }
}

static int put_all(struct result *result, const struct merge *merge, const struct buffer *rewrite,
                   const struct diff *diff)
{
    struct cursor old = {.text = merge->original, .length = merge->original_length};
    struct cursor new = {.text = rewrite->data, .length = rewrite->length};
    size_t line = 0;

    for (size_t i = 0; i < diff->count; i++) {
        put_same(result, &old, &new, diff->hunks[i].old_line - line);
        put_hunk(result, &old, &new, &diff->hunks[i]);
        line = diff->hunks[i].old_line + diff->hunks[i].old_count;
    }
    put_same(result, &old, &new, SIZE_MAX);
    return buffer_error(&result->text);
}

static int compare(const struct merge *merge, const struct buffer *rewrite, struct diff *diff)
{
    struct buffer old CLEANUP(buffer_finish);
    struct buffer new CLEANUP(buffer_finish);

    buffer_init(&old, BUFFER_CAP);
    buffer_init(&new, BUFFER_CAP);
    if (append_alike(&old, merge->original, merge->original_length) != 0 ||
        append_alike(&new, rewrite->data, rewrite->length) != 0)
        return -ENOMEM;
    return diff_compute(diff, old.data, old.length, new.data, new.length);
}

int merge_rewrite(const struct merge *merge, struct buffer *rewrite, struct diff *diff)
{
    struct diff alike CLEANUP(diff_finish) = {0};
    struct result result = {.before = merge->before};
    int error;

    *diff = (struct diff){0};
    buffer_init(&result.text, BUFFER_CAP);
    error = compare(merge, rewrite, &alike);
    if (!error)
        error = put_all(&result, merge, rewrite, &alike);
    if (!error)
        error = diff_compute_within(diff, merge->original, merge->original_length,
                                    result.text.data, result.text.length);
    if (!error) {
        buffer_clear(rewrite);
        error = buffer_append(rewrite, result.text.data, result.text.length);
    }
    if (error)
        diff_finish(diff);
    buffer_finish(&result.text);
    return error ? -ENOMEM : 0;
}
