#include "daemon/requests/completion_place.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "daemon/method.h"
#include "daemon/requests/context.h"
#include "protocol/utf8.h"

#define WINDOW_STEPS 8
#define WORD_MAX 256 /* longer ones are no words */
#define LABEL_MAX ((size_t)60)

/* Older vscode-languageclient counts triggerKind from 0. Seeing a 0 once tells which it is. */
bool completion_place_is_automatic(struct services *services,
                                   const struct lsp_inline_completion_params *params)
{
    if (params->has_trigger_kind && params->trigger_kind == 0)
        services->session.inline_trigger_from_zero = true;
    if (!params->has_trigger_kind)
        return true;
    return params->trigger_kind != (services->session.inline_trigger_from_zero ? 0 : 1);
}

/* Neovim sends the visual selection here. */
bool completion_place_has_entry(struct services *services, struct document *document,
                                const struct lsp_inline_completion_params *params)
{
    struct range range = params->selected_range;
    if (!params->selected_text || !params->selected_text[0] ||
        range.start.line != params->position.line || range.end.line != params->position.line ||
        position_compare(range.start, params->position) > 0 ||
        position_compare(range.end, params->position) < 0)
        return false;
    size_t start, cursor;
    context_range(services, document, (struct range){range.start, params->position}, &start,
                  &cursor);
    return cursor - start <= strlen(params->selected_text) &&
           memcmp(text_view(&document->text, start, cursor), params->selected_text,
                  cursor - start) == 0;
}

int completion_place_take(struct document *document, size_t start, size_t end, const char *entry,
                          size_t reach, struct offer_place *place)
{
    size_t length = text_length(&document->text);
    size_t from = start > reach ? start - reach : 0;
    /* The window moves in steps, so that the head of the prompt stays for the upstream's cache. */
    size_t step = reach / WINDOW_STEPS > 0 ? reach / WINDOW_STEPS : 1;
    from = (from + step - 1) / step * step;
    size_t to = length - end > reach ? end + reach : length;
    place->offset = start + (entry ? strlen(entry) : 0);
    buffer_append_string(&place->document, document->key);
    buffer_append(&place->before, text_view(&document->text, from, start), start - from);
    if (entry)
        buffer_append_string(&place->before, entry);
    buffer_append(&place->after, text_view(&document->text, end, to), to - end);
    if (buffer_error(&place->document) || buffer_error(&place->before) ||
        buffer_error(&place->after))
        return -ENOMEM;
    return 0;
}

int completion_place_of(struct services *services, struct document *document,
                        const struct lsp_inline_completion_params *params, bool has_entry,
                        size_t reach, struct offer_place *place)
{
    struct range cursor = {params->position, params->position};
    size_t start, end;
    context_range(services, document, has_entry ? params->selected_range : cursor, &start, &end);
    return completion_place_take(document, start, end, has_entry ? params->selected_text : NULL,
                                 reach, place);
}

bool completion_place_begins_line(const struct offer_place *place)
{
    const struct buffer *before = &place->before;
    size_t end = before->length;
    while (end && (before->data[end - 1] == ' ' || before->data[end - 1] == '\t'))
        end--;
    return end == 0 || before->data[end - 1] == '\n' || before->data[end - 1] == '\r';
}

bool completion_place_is_within_word(const struct offer_place *place)
{
    unsigned char next = place->after.length ? (unsigned char)place->after.data[0] : '\0';
    return isalnum(next) || next == '_' || next >= 0x80;
}

struct answer_completion_place completion_place_lines(const struct offer_place *at,
                                                      unsigned max_lines)
{
    const struct buffer *before = &at->before;
    const struct buffer *after = &at->after;
    size_t line_start = before->length;
    while (line_start && !strchr("\r\n", before->data[line_start - 1]))
        line_start--;
    size_t line_end_length;
    size_t next = position_next_line(after->data, after->length, 0, &line_end_length);
    struct answer_completion_place place = {
        .line_before = before->data + line_start,
        .line_before_length = before->length - line_start,
        .line_after = after->data,
        .line_after_length = next - line_end_length,
        .next_lines = after->data + next,
        .next_lines_length = after->length - next,
        .above = before->data,
        .above_length = line_start,
        .max_lines = max_lines,
    };
    /* The last line above that is not blank. */
    size_t end = line_start;
    while (end && isspace((unsigned char)before->data[end - 1]))
        end--;
    size_t start = end;
    while (start && !strchr("\r\n", before->data[start - 1]))
        start--;
    place.previous_line = before->data + start;
    place.previous_line_length = end - start;
    size_t line_ends = 0;
    while (end < line_start) {
        end = position_next_line(before->data, line_start, end, &line_end_length);
        line_ends++;
    }
    place.is_right_below = line_ends == 1;
    return place;
}

void completion_place_write_item(struct json_writer *writer, struct services *services,
                                 struct document *document,
                                 const struct lsp_inline_completion_params *params, bool has_entry,
                                 const struct offer_text *text)
{
    struct range range = params->selected_range;
    json_begin_object(writer);
    if (has_entry) {
        struct buffer whole CLEANUP(buffer_finish);
        buffer_init(&whole, BUFFER_CAP);
        buffer_append_string(&whole, params->selected_text);
        buffer_append(&whole, text->text, text->length);
        json_put_text(writer, "insertText", whole.data, whole.length);
    } else {
        size_t start, end;
        struct range cursor = {params->position, params->position};
        context_range(services, document, cursor, &start, &end);
        range = context_lsp_range(services, document, start, end + text->replace_after);
        json_put_text(writer, "insertText", text->text, text->length);
    }
    json_write_key(writer, "range");
    lsp_write_range(writer, range);
    json_end_object(writer);
}

/* Where the word begins that stands before `at`. */
static size_t word_start(struct document *document, size_t at)
{
    struct text *text = &document->text;
    size_t first = text_line_start(text, text_line_at(text, at));
    size_t start = at;
    if (at - first > WORD_MAX)
        first = at - WORD_MAX;
    const char *bytes = text_view(text, first, at);
    while (start > first && (isalnum((unsigned char)bytes[start - first - 1]) ||
                             bytes[start - first - 1] == '_' || bytes[start - first - 1] & 0x80))
        start--;
    return at - start < WORD_MAX ? start : at;
}

/* Menus filter by the word before the cursor, and some clients (eglot, ALE, Kate) put the entry in that
 * word's place whatever the range: so the entry begins with the word. */
static void write_menu_item(struct json_writer *writer, struct services *services,
                            struct document *document,
                            const struct lsp_inline_completion_params *params,
                            const struct offer_text *text)
{
    struct buffer new_text CLEANUP(buffer_finish);
    size_t from, to;
    struct range cursor = {params->position, params->position};
    context_range(services, document, cursor, &from, &to);
    size_t word = word_start(document, from);
    buffer_init(&new_text, BUFFER_CAP);
    buffer_append(&new_text, text_view(&document->text, word, from), from - word);
    context_append_with_line_ends(&new_text, document, text->text, text->length);
    size_t blank = 0;
    while (blank < new_text.length && isspace((unsigned char)new_text.data[blank]))
        blank++;
    const char *label = new_text.data + blank;
    size_t left = new_text.length - blank;
    size_t label_length = left < LABEL_MAX ? left : LABEL_MAX;
    for (size_t i = 0; i < label_length; i++)
        if (label[i] == '\r' || label[i] == '\n')
            label_length = i;

    json_begin_object(writer);
    json_put_text(writer, "label", label, utf8_floor(label, left, label_length));
    json_put_string(writer, "detail", "gridls");
    json_put_integer(writer, "kind", 1);             /* Text */
    json_put_integer(writer, "insertTextFormat", 1); /* PlainText */
    json_write_key(writer, "textEdit");
    json_begin_object(writer);
    json_write_key(writer, "range");
    lsp_write_range(writer, context_lsp_range(services, document, word, to + text->replace_after));
    json_put_text(writer, "newText", new_text.data, new_text.length);
    json_end_object(writer);
    json_end_object(writer);
}

void completion_place_answer(struct request *request, struct document *document, bool has_entry,
                             const struct offer_text *texts, size_t count)
{
    bool is_menu = strcmp(request->method->name, "textDocument/completion") == 0;
    struct json_writer *writer = request_begin_result(request);
    json_begin_object(writer);
    if (is_menu) /* the next key may bring another */
        json_put_bool(writer, "isIncomplete", true);
    json_write_key(writer, "items");
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++) {
        if (is_menu)
            write_menu_item(writer, request->services, document, request->params, &texts[i]);
        else
            completion_place_write_item(writer, request->services, document, request->params,
                                        has_entry, &texts[i]);
    }
    json_end_array(writer);
    json_end_object(writer);
    request_end_result(request);
}
