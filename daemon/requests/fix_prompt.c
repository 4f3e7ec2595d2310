#include "daemon/requests/fix_prompt.h"

#include <string.h>

#include "protocol/uri.h"
#include "protocol/utf8.h"

#define RELATED_MAX 8
#define MESSAGE_BYTES_MAX ((size_t)2 << 10)
#define LINE_BYTES_MAX ((size_t)200)

static void append_cut(struct buffer *out, const char *text, size_t length, size_t most)
{
    buffer_append(out, text, length > most ? utf8_floor(text, length, most) : length);
}

static void append_string(struct buffer *out, const char *text)
{
    append_cut(out, text, strlen(text), MESSAGE_BYTES_MAX);
}

/* "of cc (unused-variable)" */
static void append_origin(struct buffer *out, const struct lsp_diagnostic *diagnostic)
{
    const char *code = json_string(diagnostic->code);
    int64_t number;
    if (diagnostic->source)
        buffer_append_string(out, " of ");
    if (diagnostic->source)
        append_string(out, diagnostic->source);
    if (code)
        buffer_append_string(out, " (");
    if (code)
        append_string(out, code);
    else if (json_integer(diagnostic->code, &number))
        buffer_printf(out, " (%lld", (long long)number);
    if (code || json_integer(diagnostic->code, &number))
        buffer_append_byte(out, ')');
}

/* The line that is referred to, where the editor has it open and it may be sent. */
static void append_line(struct buffer *out, struct document *document, struct services *services,
                        const struct config *config, uint32_t line)
{
    size_t length, blanks = 0;
    if (line >= text_line_count(&document->text) ||
        workspace_judge(services->workspace, config, document_name(document)) != WORKSPACE_ALLOWED)
        return;
    const char *text = text_line(&document->text, line, &length);
    while (blanks < length && (text[blanks] == ' ' || text[blanks] == '\t'))
        blanks++;
    if (blanks == length)
        return;
    buffer_append_string(out, "\n    ");
    append_cut(out, text + blanks, length - blanks, LINE_BYTES_MAX);
}

static void append_related(struct buffer *out, struct services *services,
                           const struct config *config, const struct lsp_related *related)
{
    if (!related->uri || !related->message)
        return;
    struct document *document = documents_find(services->documents, related->uri);
    char *path CLEANUP(cleanup_free) = NULL;
    if (!document)
        uri_to_path(related->uri, &path);
    const char *name = document ? document_name(document) : path ? path : related->uri;
    uint32_t line = related->range.start.line;
    buffer_printf(out, "\n- %s:%lu: ", workspace_name_of(services->workspace, name),
                  (unsigned long)line + 1);
    append_string(out, related->message);
    if (document)
        append_line(out, document, services, config, line);
}

int fix_prompt_append(struct buffer *out, struct services *services, const struct config *config,
                      const struct lsp_diagnostic *diagnostic)
{
    const struct lsp_related *related = diagnostic->related.items;
    buffer_append_string(out, "Fix what this diagnostic");
    append_origin(out, diagnostic);
    buffer_printf(out, " on line %lu says, and nothing else: ",
                  (unsigned long)diagnostic->range.start.line + 1);
    append_string(out, diagnostic->message);
    if (diagnostic->related.count > 0)
        buffer_append_string(out, "\nIt refers to:");
    for (size_t i = 0; i < diagnostic->related.count && i < RELATED_MAX; i++)
        append_related(out, services, config, &related[i]);
    return buffer_error(out);
}
