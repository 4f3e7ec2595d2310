#include "daemon/method.h"

#include <string.h>

#include "daemon/requests/cancel.h"
#include "daemon/requests/code_action.h"
#include "daemon/requests/command.h"
#include "daemon/requests/commit_message.h"
#include "daemon/requests/explain.h"
#include "daemon/requests/inline_completion.h"
#include "daemon/requests/lifecycle.h"
#include "daemon/requests/refactor.h"
#include "daemon/requests/settings.h"
#include "daemon/requests/status.h"
#include "daemon/requests/text_sync.h"
#include "protocol/lsp.h"

#define REQUEST(method, fields_table, params_type, handler)                                     \
    {                                                                                           \
        .name = (method), .when = METHOD_RUNNING, .fields = (fields_table),                     \
        .params_size = sizeof(params_type), .on_request = (handler),                            \
    }

/* The same, of a document: `document` of the params. */
#define ABOUT_DOCUMENT(method, fields_table, params_type, handler)                              \
    {                                                                                           \
        .name = (method), .when = METHOD_RUNNING, .fields = (fields_table),                     \
        .params_size = sizeof(params_type), .document = offsetof(params_type, document) + 1,    \
        .on_request = (handler),                                                                \
    }

#define NOTIFICATION(method, fields_table, params_type, handler)                                \
    {                                                                                           \
        .name = (method), .when = METHOD_RUNNING, .fields = (fields_table),                     \
        .params_size = sizeof(params_type), .on_notification = (handler),                       \
    }

static const struct method methods[] = {
    {.name = "initialize", .when = METHOD_BEFORE_INITIALIZE, .fields = lsp_initialize_fields,
     .params_size = sizeof(struct lsp_initialize_params), .on_request = lifecycle_initialize},
    {.name = "initialized", .when = METHOD_RUNNING, .on_notification = lifecycle_initialized},
    {.name = "shutdown", .when = METHOD_RUNNING, .on_request = lifecycle_shutdown},
    {.name = "exit", .when = METHOD_ALWAYS, .on_notification = lifecycle_exit},

    NOTIFICATION("textDocument/didOpen", lsp_did_open_fields, struct lsp_did_open_params,
                 text_sync_did_open),
    NOTIFICATION("textDocument/didChange", lsp_did_change_fields, struct lsp_did_change_params,
                 text_sync_did_change),
    NOTIFICATION("textDocument/didClose", lsp_did_close_fields, struct lsp_did_close_params,
                 text_sync_did_close),
    NOTIFICATION("textDocument/didSave", lsp_did_save_fields, struct lsp_did_save_params,
                 text_sync_did_save),
    NOTIFICATION("workspace/didChangeWorkspaceFolders", lsp_workspace_folders_change_fields,
                 struct lsp_workspace_folders_change, text_sync_folders_changed),
    NOTIFICATION("workspace/didChangeConfiguration", lsp_configuration_fields,
                 struct lsp_configuration_params, settings_changed),
    NOTIFICATION("$/cancelRequest", lsp_cancel_fields, struct lsp_cancel_params, cancel_request),
    NOTIFICATION("window/workDoneProgress/cancel", lsp_progress_cancel_fields,
                 struct lsp_progress_cancel_params, cancel_progress),

    ABOUT_DOCUMENT("textDocument/inlineCompletion", lsp_inline_completion_fields,
                   struct lsp_inline_completion_params, inline_completion_request),
    ABOUT_DOCUMENT("textDocument/completion", lsp_inline_completion_fields,
                   struct lsp_inline_completion_params, inline_completion_menu_request),
    ABOUT_DOCUMENT("textDocument/codeAction", lsp_code_action_params_fields,
                   struct lsp_code_action_params, code_action_request),
    REQUEST("codeAction/resolve", lsp_code_action_fields, struct lsp_code_action,
            code_action_resolve),
    REQUEST("workspace/executeCommand", lsp_execute_command_fields,
            struct lsp_execute_command_params, command_request),

    ABOUT_DOCUMENT("gridls/inlineCompletion", lsp_inline_completion_fields,
                   struct lsp_inline_completion_params, inline_completion_request),
    ABOUT_DOCUMENT("gridls/explain", lsp_explain_fields, struct lsp_explain_params, explain_request),
    ABOUT_DOCUMENT("gridls/refactor", lsp_refactor_fields, struct lsp_refactor_params,
                   refactor_request),
    ABOUT_DOCUMENT("gridls/commitMessage", lsp_commit_message_fields,
                   struct lsp_commit_message_params, commit_message_request),
    {.name = "gridls/status", .when = METHOD_RUNNING, .on_request = status_request},
};

size_t method_count(void)
{
    return sizeof(methods) / sizeof(methods[0]);
}

const struct method *method_at(size_t index)
{
    return &methods[index];
}

const struct method *method_find(const char *name)
{
    for (size_t i = 0; i < method_count(); i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}
