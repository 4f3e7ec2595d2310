#include "daemon/requests/code_action.h"

#include <stdio.h>
#include <string.h>

#include "daemon/requests/command.h"
#include "daemon/requests/context.h"
#include "daemon/requests/fix_prompt.h"
#include "daemon/requests/refactor.h"
#include "daemon/upstream.h"
#include "daemon/workspace.h"
#include "protocol/lsp.h"
#include "protocol/utf8.h"

#define TITLE_BYTES_MAX 120

struct rewrite {
    const char *title;
    const char *instruction;
};

/* What is offered on a selection. */
static const struct rewrite rewrites[] = {
    {"Simplify", "Simplify this code without changing what it does."},
    {"Document", "Add a documentation comment in the language's usual style to what is declared "
                 "here. Change nothing else."},
    {"Handle errors", "Handle the errors that this code leaves unhandled, in the style of the code "
                      "around it."},
    {"Write tests", "Keep this code as it is and add tests for it behind it, in the test style "
                    "that the file or the language uses."},
    {"Fix", "Find and fix the faults of this code. Change nothing that is right."},
};

/* Whether the client asked for actions of this kind ("refactor" takes in "refactor.rewrite"). */
static bool is_wanted(const struct lsp_code_action_params *params, const char *kind)
{
    const char *const *only = params->only.items;
    for (size_t i = 0; i < params->only.count; i++) {
        size_t length = strlen(only[i]);
        if (length == 0 || (strncmp(kind, only[i], length) == 0 &&
                            (kind[length] == '\0' || kind[length] == '.')))
            return true;
    }
    return params->only.count == 0;
}

/* ---- writing actions ------------------------------------------------------------------------- */

static void write_document(struct json_writer *writer, const struct document *document)
{
    json_write_key(writer, "textDocument");
    json_begin_object(writer);
    json_put_string(writer, "uri", document->uri);
    json_put_integer(writer, "version", document->version);
    json_end_object(writer);
}

static void write_refactor_params(struct json_writer *writer, const struct document *document,
                                  struct range range, const char *instruction)
{
    json_begin_object(writer);
    write_document(writer, document);
    json_write_key(writer, "range");
    lsp_write_range(writer, range);
    json_put_string(writer, "instruction", instruction);
    json_end_object(writer);
}

static void write_diagnostic(struct json_writer *writer, const struct json *diagnostic)
{
    if (!diagnostic)
        return;
    json_write_key(writer, "diagnostics");
    json_begin_array(writer);
    json_write_value(writer, diagnostic);
    json_end_array(writer);
}

/* An action that is a command: a CodeAction where the client knows these, else the bare Command of
 * LSP 3.7. The caller writes the command's one argument between begin and end. */
static void begin_command(struct json_writer *writer, const struct services *services,
                          const char *title, const char *kind, const char *command,
                          const struct json *diagnostic)
{
    json_begin_object(writer);
    json_put_string(writer, "title", title);
    if (services->session.code_action_literals) {
        json_put_string(writer, "kind", kind);
        write_diagnostic(writer, diagnostic);
        json_write_key(writer, "command");
        json_begin_object(writer);
        json_put_string(writer, "title", title);
    }
    json_put_string(writer, "command", command);
    json_write_key(writer, "arguments");
    json_begin_array(writer);
}

static void end_command(struct json_writer *writer, const struct services *services)
{
    json_end_array(writer);
    if (services->session.code_action_literals)
        json_end_object(writer);
    json_end_object(writer);
}

/* A rewrite whose edit is made when it is chosen: by resolving where the client can, else by its
 * command. */
static void write_rewrite(struct json_writer *writer, const struct services *services,
                          const struct document *document, struct range range, const char *title,
                          const char *kind, const char *instruction,
                          const struct json *diagnostic)
{
    if (!services->session.code_action_literals || !services->session.code_action_resolve_edit) {
        begin_command(writer, services, title, kind, COMMAND_REFACTOR, diagnostic);
        write_refactor_params(writer, document, range, instruction);
        end_command(writer, services);
        return;
    }
    json_begin_object(writer);
    json_put_string(writer, "title", title);
    json_put_string(writer, "kind", kind);
    write_diagnostic(writer, diagnostic);
    json_write_key(writer, "data");
    write_refactor_params(writer, document, range, instruction);
    json_end_object(writer);
}

static void write_explain(struct json_writer *writer, const struct services *services,
                          const struct document *document,
                          const struct lsp_code_action_params *params)
{
    begin_command(writer, services, "Explain", "source", COMMAND_EXPLAIN, NULL);
    json_begin_object(writer);
    write_document(writer, document);
    json_write_key(writer, "range");
    lsp_write_range(writer, params->range);
    if (params->diagnostics.count > 0) {
        json_write_key(writer, "diagnostics");
        json_write_value(writer, params->diagnostics_value);
    }
    json_end_object(writer);
    end_command(writer, services);
}

static void write_commit_message(struct json_writer *writer, const struct services *services,
                                 const struct document *document)
{
    begin_command(writer, services, "Write the commit message", "source", COMMAND_COMMIT_MESSAGE,
                  NULL);
    json_begin_object(writer);
    write_document(writer, document);
    json_end_object(writer);
    end_command(writer, services);
}

/* ---- what cannot be done --------------------------------------------------------------------- */

/* A list while it is being written. */
struct list {
    struct json_writer *writer;
    struct services *services;
    struct config *config;
    struct document *document;
    char obstacle[512];
};

/* Why no rewrite of the range can be made, a sentence; NULL: it may go well. */
static const char *find_obstacle(struct list *list, struct range range)
{
    const struct services *services = list->services;
    const char *name = document_name(list->document);
    size_t start, end;
    context_range(services, list->document, range, &start, &end);
    if (upstream_state(services->upstream, list->config) == UPSTREAM_UNCONFIGURED)
        snprintf(list->obstacle, sizeof(list->obstacle), "%s",
                 upstream_state_message(services->upstream, list->config));
    else if (workspace_judge(services->workspace, list->config, name) == WORKSPACE_IGNORED)
        snprintf(list->obstacle, sizeof(list->obstacle), "%s is ignored: its text is never sent.",
                 workspace_name_of(services->workspace, name));
    else if (end - start > refactor_room(services, list->config))
        return "The selection is too long for one rewrite. Select less text.";
    else
        return NULL;
    return list->obstacle;
}

/* Clients that do not know of disabled actions get none. */
static void write_disabled(struct list *list, const char *title, const char *kind,
                           const char *reason, const struct json *diagnostic)
{
    struct json_writer *writer = list->writer;
    if (!list->services->session.code_action_disabled)
        return;
    json_begin_object(writer);
    json_put_string(writer, "title", title);
    json_put_string(writer, "kind", kind);
    write_diagnostic(writer, diagnostic);
    json_write_key(writer, "disabled");
    json_begin_object(writer);
    json_put_string(writer, "reason", reason);
    json_end_object(writer);
    json_end_object(writer);
}

/* ---- the list -------------------------------------------------------------------------------- */

/* The whole lines that a diagnostic lies in: what a fix rewrites. */
static struct range lines_of(const struct services *services, struct document *document,
                             struct range range)
{
    size_t start, end;
    context_range(services, document, range, &start, &end);
    size_t last = text_line_at(&document->text, end);
    return context_lsp_range(services, document,
                             text_line_start(&document->text, text_line_at(&document->text, start)),
                             text_line_start(&document->text, last + 1));
}

static void write_fix(struct list *list, const struct lsp_diagnostic *diagnostic,
                      const struct json *as_it_came)
{
    struct buffer title CLEANUP(buffer_finish);
    struct buffer instruction CLEANUP(buffer_finish);
    const char *message = diagnostic->message;
    size_t line = strcspn(message, "\r\n");
    buffer_init(&title, BUFFER_CAP);
    buffer_init(&instruction, BUFFER_CAP);
    if (line > TITLE_BYTES_MAX)
        line = utf8_floor(message, line, TITLE_BYTES_MAX);
    buffer_printf(&title, "Fix: %.*s", (int)line, message);
    fix_prompt_append(&instruction, list->services, list->config, diagnostic);
    struct range range = lines_of(list->services, list->document, diagnostic->range);
    const char *obstacle = find_obstacle(list, range);
    if (obstacle)
        write_disabled(list, title.data, "quickfix", obstacle, as_it_came);
    else
        write_rewrite(list->writer, list->services, list->document, range, title.data, "quickfix",
                      instruction.data, as_it_came);
}

/* By lines, as a place within one is asked about. Some clients send all that a document has. */
static bool is_in_range(const struct lsp_code_action_params *params, const struct range *range)
{
    bool backwards = position_compare(params->range.end, params->range.start) < 0;
    struct position first = backwards ? params->range.end : params->range.start;
    struct position last = backwards ? params->range.start : params->range.end;
    return range->start.line <= last.line && first.line <= range->end.line;
}

static void write_fixes(struct list *list, const struct lsp_code_action_params *params)
{
    const struct lsp_diagnostic *diagnostics = params->diagnostics.items;
    const struct json *as_it_came = json_first(params->diagnostics_value);
    for (size_t i = 0; i < params->diagnostics.count && as_it_came; i++) {
        if (diagnostics[i].message && is_in_range(params, &diagnostics[i].range))
            write_fix(list, &diagnostics[i], as_it_came);
        as_it_came = json_next(as_it_came);
    }
}

static void write_rewrites(struct list *list, const struct lsp_code_action_params *params)
{
    bool selected = position_compare(params->range.start, params->range.end) != 0;
    if (!selected && params->only.count == 0)
        return; /* a menu that was not asked for by kind is not filled with what cannot be done */
    const char *obstacle = selected ? find_obstacle(list, params->range) : "Select the code first.";
    for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
        if (obstacle)
            write_disabled(list, rewrites[i].title, "refactor.rewrite", obstacle, NULL);
        else
            write_rewrite(list->writer, list->services, list->document, params->range,
                          rewrites[i].title, "refactor.rewrite", rewrites[i].instruction, NULL);
    }
}

/* The one is Vim's name for it, the other LSP's. */
static bool is_commit_message(const struct document *document)
{
    return strcmp(document->language_id, "gitcommit") == 0 ||
           strcmp(document->language_id, "git-commit") == 0;
}

static void write_list(struct list *list, const struct lsp_code_action_params *params)
{
    bool selection = position_compare(params->range.start, params->range.end) != 0;
    json_begin_array(list->writer);
    if (is_commit_message(list->document)) {
        if (is_wanted(params, "source"))
            write_commit_message(list->writer, list->services, list->document);
        json_end_array(list->writer);
        return;
    }
    if (is_wanted(params, "quickfix"))
        write_fixes(list, params);
    if (is_wanted(params, "refactor.rewrite"))
        write_rewrites(list, params);
    if (selection && is_wanted(params, "source"))
        write_explain(list->writer, list->services, list->document, params);
    json_end_array(list->writer);
}

void code_action_request(struct services *services, struct request *request, const void *params)
{
    const struct lsp_code_action_params *asked = params;
    struct document *document = documents_find(services->documents, asked->document.uri);
    bool stale = document && asked->document.has_version &&
                 asked->document.version != document->version;
    if (!document || stale) {
        request_answer_null(request);
        return;
    }
    struct list list = {
        .writer = request_begin_result(request),
        .services = services,
        .config = request->config,
        .document = document,
    };
    write_list(&list, asked);
    request_end_result(request);
}

void code_action_resolve(struct services *services, struct request *request, const void *params)
{
    const struct lsp_code_action *action = params;
    struct lsp_refactor_params refactor;
    struct json_fault fault;
    if (!action->data) {
        /* A command or one that is disabled: some clients (Helix) have these resolved too. */
        json_write_value(request_begin_result(request), request->message.params);
        request_end_result(request);
        return;
    }
    if (json_decode(action->data, lsp_refactor_fields, &refactor, sizeof(refactor), &fault) != 0) {
        request_fail(request, RPC_INVALID_PARAMS, "This code action is none of gridls's.");
        return;
    }
    refactor_resolve(services, request, &refactor, request->message.params);
}
