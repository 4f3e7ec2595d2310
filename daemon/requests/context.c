#include "daemon/requests/context.h"

#include <string.h>

#include "daemon/instruments.h"
#include "daemon/upstream.h"
#include "daemon/workspace.h"

/* Where the instrument's own limits allow more, quality and price do not gain from it. */
static const size_t budget_caps[TASK_COUNT] = {
    [TASK_COMPLETION] = (size_t)16 << 10,
    [TASK_EXPLAIN] = (size_t)96 << 10,
    [TASK_REFACTOR] = (size_t)96 << 10,
    [TASK_COMMIT] = (size_t)64 << 10,
};

/* Code has about three bytes a token with the tokenizers of today's models. */
#define BYTES_PER_TOKEN 3
#define BUDGET_LEAST ((size_t)2 << 10)

void context_window(struct services *services, struct document *document, size_t start, size_t end,
                    size_t reach, struct context_window *window)
{
    struct text *text = &document->text;
    size_t length = text_length(text);
    size_t from = start > reach ? start - reach : 0;
    size_t to = length - end > reach ? end + reach : length;
    const char *view = text_view(text, from, to);

    window->file.path = workspace_name_of(services->workspace, document_name(document));
    window->file.language = document->language_id;
    window->before = (struct prompt_text){view, start - from};
    window->selection = (struct prompt_text){view + (start - from), end - start};
    window->after = (struct prompt_text){view + (end - from), to - end};
    window->first_line = text_line_at(text, start) + 1;
}

size_t context_room(const struct services *services, const struct config *config, enum task task)
{
    const char *instrument = config->instruments[task];
    const struct chat_model *told = upstream_find_model(services->upstream, config, instrument);
    struct chat_model limits = instrument_limits(told, config, instrument);
    int64_t room = instrument_room(&limits, config->parameters[task].max_tokens);
    if (room < 0)
        return SIZE_MAX;
    return room > 0 ? (size_t)room * BYTES_PER_TOKEN : 0;
}

size_t context_budget(const struct services *services, const struct config *config, enum task task)
{
    size_t budget = budget_caps[task];
    size_t room = context_room(services, config, task);
    if (room < budget)
        budget = room;
    return budget > BUDGET_LEAST ? budget : BUDGET_LEAST;
}

bool context_is_prose(const struct document *document)
{
    return strcmp(document->language_id, "markdown") == 0 ||
           strcmp(document->language_id, "plaintext") == 0;
}

const char *context_line_end(struct document *document)
{
    struct text *text = &document->text;
    size_t start = text_line_end(text, 0);
    size_t end = text_line_start(text, 1);
    if (text_line_count(text) < 2)
        return "\n";
    if (end - start == 2)
        return "\r\n";
    return *text_view(text, start, end) == '\r' ? "\r" : "\n";
}

int context_append_with_line_ends(struct buffer *out, struct document *document, const char *text,
                                  size_t length)
{
    const char *line_end = context_line_end(document);
    for (const char *end; (end = memchr(text, '\n', length)); text = end + 1) {
        buffer_append(out, text, (size_t)(end - text));
        buffer_append_string(out, line_end);
        length -= (size_t)(end - text) + 1;
    }
    return buffer_append(out, text, length);
}

struct prompt_style context_style(const struct config *config)
{
    return (struct prompt_style){
        .instructions = config->instructions,
        .answer_language = config->answer_language,
    };
}

void context_range(const struct services *services, struct document *document, struct range range,
                   size_t *start, size_t *end)
{
    size_t one = text_offset(&document->text, range.start, services->session.encoding);
    size_t other = text_offset(&document->text, range.end, services->session.encoding);
    *start = one < other ? one : other;
    *end = one < other ? other : one;
}

struct range context_lsp_range(const struct services *services, struct document *document,
                               size_t start, size_t end)
{
    return (struct range){
        .start = text_position(&document->text, start, services->session.encoding),
        .end = text_position(&document->text, end, services->session.encoding),
    };
}

void context_begin_edits(struct json_writer *writer, const struct services *services,
                         const struct document *document)
{
    if (services->session.document_changes) {
        json_write_key(writer, "documentChanges");
        json_begin_array(writer);
        json_begin_object(writer);
        json_write_key(writer, "textDocument");
        json_begin_object(writer);
        json_put_string(writer, "uri", document->uri);
        json_put_integer(writer, "version", document->version);
        json_end_object(writer);
        json_write_key(writer, "edits");
    } else {
        json_write_key(writer, "changes");
        json_begin_object(writer);
        json_write_key(writer, document->uri);
    }
    json_begin_array(writer);
}

void context_end_edits(struct json_writer *writer, const struct services *services)
{
    json_end_array(writer);
    json_end_object(writer);
    if (services->session.document_changes)
        json_end_array(writer);
}
