#include "daemon/requests/explain_prompt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/requests/context.h"
#include "protocol/utf8.h"

#define HEAD_BYTES ((size_t)16 << 10) /* imports stand above */
#define MESSAGE_BYTES_MAX ((size_t)2 << 10)

/* ---- diagnostics ------------------------------------------------------------------------------ */

static char *copy_text(const char *text)
{
    return text ? strndup(text, utf8_floor(text, strlen(text), MESSAGE_BYTES_MAX)) : NULL;
}

static char *copy_code(const struct json *code)
{
    char text[32];
    int64_t number;
    if (!json_integer(code, &number))
        return copy_text(json_string(code));
    snprintf(text, sizeof(text), "%" PRId64, number);
    return strdup(text);
}

/* By lines; a selection may be told backwards. */
static bool touches(const struct range *diagnostic, const struct range *range)
{
    bool backwards = position_compare(range->end, range->start) < 0;
    uint32_t first = backwards ? range->end.line : range->start.line;
    uint32_t last = backwards ? range->start.line : range->end.line;
    return diagnostic->start.line <= last && first <= diagnostic->end.line;
}

void explain_diagnostics_take(struct explain_diagnostics *diagnostics, const struct json_list *list,
                              const struct range *range)
{
    const struct lsp_diagnostic *given = list->items;
    for (size_t i = 0; i < list->count && diagnostics->count < EXPLAIN_DIAGNOSTICS_MAX; i++) {
        if (!given[i].message || (range && !touches(&given[i].range, range)))
            continue;
        size_t at = diagnostics->count;
        char **texts = diagnostics->texts[at];
        texts[0] = copy_text(given[i].message);
        if (!texts[0])
            return;
        texts[1] = copy_text(given[i].source);
        texts[2] = copy_code(given[i].code);
        diagnostics->items[at] = (struct prompt_diagnostic){
            .line = (size_t)given[i].range.start.line + 1,
            .severity = given[i].severity >= 1 && given[i].severity <= 4 ? (int)given[i].severity : 0,
            .message = texts[0],
            .source = texts[1],
            .code = texts[2],
        };
        diagnostics->count++;
    }
}

void explain_diagnostics_finish(struct explain_diagnostics *diagnostics)
{
    for (size_t i = 0; i < diagnostics->count; i++)
        for (size_t text = 0; text < 3; text++)
            free(diagnostics->texts[i][text]);
    diagnostics->count = 0;
}

/* ---- the prompt ------------------------------------------------------------------------------- */

void explain_prompt_range(const struct explain_prompt *prompt, size_t *start, size_t *end)
{
    const struct text *text = &prompt->anchor->document->text;
    *start = prompt->anchor->start;
    *end = prompt->anchor->end;
    if (*start == *end) { /* a place, not a selection: its line */
        size_t line = text_line_at(text, *start);
        *start = text_line_start(text, line);
        *end = text_line_end(text, line);
    }
}

static char *copy_head(const struct document *document, size_t end, size_t *length)
{
    *length = end < HEAD_BYTES ? end : HEAD_BYTES;
    char *head = malloc(*length + 1);
    if (head)
        text_copy(&document->text, 0, *length, head);
    return head;
}

int explain_prompt_build(struct chat_messages *messages, struct services *services,
                         const struct config *config, const struct explain_prompt *prompt)
{
    struct document *document = prompt->anchor->document;
    struct prompt_related definitions[DEFINITIONS_MAX];
    struct context_window window;
    size_t start, end, head_length;
    size_t budget = context_budget(services, config, TASK_EXPLAIN);
    explain_prompt_range(prompt, &start, &end);
    char *head CLEANUP(cleanup_free) = copy_head(document, start, &head_length);
    if (!head)
        return -ENOMEM;
    for (size_t i = 0; i < prompt->definitions->count; i++) {
        const struct definition *found = &prompt->definitions->items[i];
        definitions[i] = (struct prompt_related){found->path, {found->text, found->length}};
    }
    context_window(services, document, start, end, budget, &window);
    struct prompt_explain input = {
        .file = window.file,
        .prose = context_is_prose(document),
        .head = {head, head_length},
        .start = start,
        .before = window.before,
        .selection = window.selection,
        .after = window.after,
        .first_line = window.first_line,
        .definitions = definitions,
        .definition_count = prompt->definitions->count,
        .diagnostics = prompt->diagnostics->items,
        .diagnostic_count = prompt->diagnostics->count,
        .question = prompt->question,
        .budget = budget,
    };
    struct prompt_style style = context_style(config);
    return prompt_explain_build(messages, &style, &input);
}
