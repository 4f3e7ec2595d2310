#include "daemon/cli_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/text.h"

static bool read_position(const struct json *value, struct position *position)
{
    int64_t line;
    int64_t character;

    if (!json_integer(json_member(value, "line"), &line) ||
        !json_integer(json_member(value, "character"), &character) || line < 0 || character < 0 ||
        line > INT32_MAX || character > INT32_MAX)
        return false;
    *position = (struct position){(uint32_t)line, (uint32_t)character};
    return true;
}

static int apply_one(const struct json *edit, struct text *text)
{
    const struct json *range = json_member(edit, "range");
    const char *new_text = json_string(json_member(edit, "newText"));
    struct position start;
    struct position end;

    if (!read_position(json_member(range, "start"), &start) ||
        !read_position(json_member(range, "end"), &end) || position_compare(start, end) > 0 ||
        !new_text)
        return -EINVAL;
    return text_replace(text, text_offset(text, start, POSITION_UTF32),
                        text_offset(text, end, POSITION_UTF32), new_text, strlen(new_text));
}

/* The list of TextEdits, in either of the shapes that an edit may have. */
static const struct json *find_edits(const struct json *edit)
{
    const struct json *document = json_first(json_member(edit, "documentChanges"));

    return document ? json_member(document, "edits") : json_first(json_member(edit, "changes"));
}

/* All ranges are of the text as it was: the last goes first. */
static int apply_all(const struct json *edits, struct text *text)
{
    size_t count = json_count(edits);
    const struct json **items = calloc(count + 1, sizeof(*items));
    size_t known = 0;
    int error = items ? 0 : -ENOMEM;

    for (const struct json *item = json_first(edits); item && items; item = json_next(item))
        items[known++] = item;
    while (known > 0 && !error)
        error = apply_one(items[--known], text);
    free(items);
    return error;
}

int cli_edit_apply(const struct json *edit, const struct buffer *before, struct buffer *out)
{
    const struct json *edits = find_edits(edit);
    struct text text;
    int error;

    if (json_is_null(edit))
        return buffer_append(out, before->data, before->length);
    if (json_type(edits) != JSON_ARRAY)
        return -EINVAL;
    error = text_init(&text, before->data, before->length);
    if (!error)
        error = apply_all(edits, &text);
    if (!error)
        error = buffer_append(out, text_view(&text, 0, text_length(&text)), text_length(&text));
    text_finish(&text);
    return error;
}
