#include "daemon/answer/edits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/answer/lines.h"
#include "daemon/prompt/sections.h"
#include "protocol/chat.h"
#include "protocol/json.h"

/* All members required and no others: what "strict" schemas ask for. */
const char answer_edits_schema[] =
    "{\"type\":\"object\",\"properties\":{\"summary\":{\"type\":\"string\"},"
    "\"edits\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"path\":{\"type\":\"string\"},\"search\":{\"type\":\"string\"},"
    "\"replace\":{\"type\":\"string\"}},\"required\":[\"path\",\"search\",\"replace\"],"
    "\"additionalProperties\":false}},"
    "\"new_files\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"path\":{\"type\":\"string\"},\"text\":{\"type\":\"string\"}},"
    "\"required\":[\"path\",\"text\"],\"additionalProperties\":false}}},"
    "\"required\":[\"summary\",\"edits\",\"new_files\"],\"additionalProperties\":false}";

void answer_edits_finish(struct answer_edits *edits)
{
    for (size_t i = 0; i < edits->count; i++) {
        buffer_finish(&edits->items[i].path);
        buffer_finish(&edits->items[i].search);
        buffer_finish(&edits->items[i].text);
    }
    free(edits->items);
    buffer_finish(&edits->summary);
    *edits = (struct answer_edits){0};
    buffer_init(&edits->summary, CHAT_TEXT_CAP);
}

static int add(struct answer_edits *edits, struct answer_edit **added)
{
    struct answer_edit *items;

    if (edits->count == ANSWER_EDITS_MAX)
        return -EMSGSIZE;
    items = realloc(edits->items, (edits->count + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    edits->items = items;
    *added = &items[edits->count++];
    **added = (struct answer_edit){0};
    buffer_init(&(*added)->path, CHAT_TEXT_CAP);
    buffer_init(&(*added)->search, CHAT_TEXT_CAP);
    buffer_init(&(*added)->text, CHAT_TEXT_CAP);
    return 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* With \n line ends, and marks that were defused for the prompt as they are in the file. */
static int take_string(struct buffer *out, const struct json *value)
{
    const char *string = json_string(value);

    if (!string)
        return -EBADMSG;
    for (;;) {
        size_t line = strcspn(string, "\r");

        sections_append_restored(out, string, line);
        if (!string[line])
            return buffer_error(out);
        buffer_append_byte(out, '\n');
        string += line + (string[line + 1] == '\n' ? 2 : 1);
    }
}

static int take_object(struct answer_edits *edits, const struct json *object, bool creates)
{
    struct answer_edit *edit;
    int error = add(edits, &edit);

    if (error)
        return error;
    edit->creates = creates;
    error = take_string(&edit->path, json_member(object, "path"));
    if (!error && !creates)
        error = take_string(&edit->search, json_member(object, "search"));
    if (!error)
        error = take_string(&edit->text, json_member(object, creates ? "text" : "replace"));
    return error;
}

static int take_list(struct answer_edits *edits, const struct json *list, bool creates)
{
    int error = json_is_null(list) || json_type(list) == JSON_ARRAY ? 0 : -EBADMSG;

    for (const struct json *item = json_first(list); item && !error; item = json_next(item))
        error = take_object(edits, item, creates);
    return error;
}

static int parse_json(struct answer_edits *edits, const char *text, size_t length)
{
    const char *start = memchr(text, '{', length);
    struct json *root CLEANUP(json_cleanup) = NULL;
    int error;

    while (length > 0 && text[length - 1] != '}')
        length--;
    if (!start || start >= text + length)
        return -EBADMSG;
    error = json_parse(start, (size_t)(text + length - start), &root);
    if (error)
        return error;
    if (!json_member(root, "edits") && !json_member(root, "new_files"))
        return -EBADMSG;
    if (json_string(json_member(root, "summary")))
        take_string(&edits->summary, json_member(root, "summary"));
    error = take_list(edits, json_member(root, "edits"), false);
    return error ? error : take_list(edits, json_member(root, "new_files"), true);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

enum part { OUTSIDE, WITHIN_EDIT, WITHIN_SEARCH, WITHIN_REPLACE, WITHIN_CREATE };

struct blocks {
    struct answer_edits *edits;
    struct answer_edit *edit;
    enum part part;
    bool any;
};

/* The path of `<edit path="…">`; false where the line is no such mark. */
static bool read_mark(const char *line, size_t length, const char *mark, const char **path,
                      size_t *path_length)
{
    size_t start = strlen(mark);

    lines_trim(&line, &length);
    if (!lines_starts_with(line, length, mark) || length < start + 2 ||
        memcmp(line + length - 2, "\">", 2) != 0)
        return false;
    *path = line + start;
    *path_length = length - 2 - start;
    return true;
}

static bool is_line(const char *line, size_t length, const char *wanted)
{
    lines_trim(&line, &length);
    return length == strlen(wanted) && memcmp(line, wanted, length) == 0;
}

static int begin(struct blocks *blocks, const char *path, size_t length, bool creates)
{
    int error = add(blocks->edits, &blocks->edit);

    if (error)
        return error;
    blocks->any = true;
    blocks->edit->creates = creates;
    blocks->part = creates ? WITHIN_CREATE : WITHIN_EDIT;
    return buffer_append(&blocks->edit->path, path, length);
}

static int take_text(struct buffer *out, const char *line, size_t length)
{
    sections_append_restored(out, line, length);
    return buffer_append_byte(out, '\n');
}

static int take_line(struct blocks *blocks, const char *line, size_t length)
{
    const char *path;
    size_t path_length;

    switch (blocks->part) {
    case OUTSIDE:
        if (read_mark(line, length, "<edit path=\"", &path, &path_length))
            return begin(blocks, path, path_length, false);
        if (read_mark(line, length, "<create path=\"", &path, &path_length))
            return begin(blocks, path, path_length, true);
        return 0;
    case WITHIN_EDIT:
        if (is_line(line, length, "<search>"))
            blocks->part = WITHIN_SEARCH;
        else if (is_line(line, length, "<replace>"))
            blocks->part = WITHIN_REPLACE;
        else if (is_line(line, length, "</edit>"))
            blocks->part = OUTSIDE;
        return 0;
    case WITHIN_SEARCH:
        if (!is_line(line, length, "</search>"))
            return take_text(&blocks->edit->search, line, length);
        blocks->part = WITHIN_EDIT;
        return 0;
    case WITHIN_REPLACE:
        if (!is_line(line, length, "</replace>"))
            return take_text(&blocks->edit->text, line, length);
        blocks->part = WITHIN_EDIT;
        return 0;
    default:
        if (!is_line(line, length, "</create>"))
            return take_text(&blocks->edit->text, line, length);
        blocks->part = OUTSIDE;
        return 0;
    }
}

static int parse_blocks(struct answer_edits *edits, const char *text, size_t length, bool *any)
{
    struct blocks blocks = {.edits = edits};
    struct answer_lines lines;
    const char *line;
    size_t line_length;
    int error;

    answer_lines_init(&lines);
    error = answer_lines_push(&lines, text, length);
    while (!error && answer_lines_next(&lines, true, &line, &line_length))
        error = take_line(&blocks, line, line_length);
    answer_lines_finish(&lines);
    *any = blocks.any;
    if (!error && blocks.part > WITHIN_EDIT)
        error = -EBADMSG; /* it breaks off within a text */
    return error;
}

int answer_edits_parse(struct answer_edits *edits, const char *text, size_t length)
{
    bool any = false;
    int error;

    *edits = (struct answer_edits){0};
    buffer_init(&edits->summary, CHAT_TEXT_CAP);
    error = parse_blocks(edits, text, length, &any);
    return error || any ? error : parse_json(edits, text, length);
}
