#ifndef GRIDLS_LSP_H
#define GRIDLS_LSP_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/json.h"
#include "protocol/position.h"

/*
 * The shapes of LSP 3.18 that gridls serves, and of its own requests: structs filled by the field
 * tables of json.h. Strings and values point into the message that they were decoded from.
 */

struct lsp_text_document {
    const char *uri;
    const char *language_id; /* didOpen only */
    int64_t version;
    bool has_version;
    const char *text;        /* didOpen only; JSON_NUL_BYTE stands for NUL */
};

struct lsp_workspace_folder {
    const char *uri;
    const char *name;
};

struct lsp_initialize_params {
    int64_t process_id;
    bool has_process_id;
    const char *root_uri;
    const char *root_path;
    const char *locale;
    const char *client_name;
    const char *client_version;
    const struct json *initialization_options;
    const struct json *token;             /* workDoneToken */
    struct json_list workspace_folders;   /* struct lsp_workspace_folder */
    struct json_list position_encodings;  /* const char * */
    struct json_list resolve_properties;  /* textDocument.codeAction.resolveSupport.properties */
    bool apply_edit;
    bool document_changes;
    bool change_annotations;              /* workspace.workspaceEdit.changeAnnotationSupport */
    struct json_list resource_operations; /* workspace.workspaceEdit.resourceOperations */
    bool configuration;                   /* workspace.configuration */
    bool did_change_configuration_dynamic;
    bool workspace_folders_capability;
    bool work_done_progress;              /* window.workDoneProgress */
    bool show_document;
    bool code_action_literals;
    bool code_action_data;
    bool code_action_disabled;
    bool code_action_preferred;
};

struct lsp_did_open_params { struct lsp_text_document document; };

struct lsp_content_change {
    struct range range;
    bool has_range;
    const char *text;
};

struct lsp_did_change_params {
    struct lsp_text_document document;
    struct json_list changes; /* struct lsp_content_change */
};

struct lsp_did_close_params { struct lsp_text_document document; };
struct lsp_did_save_params { struct lsp_text_document document; };

struct lsp_workspace_folders_change {
    struct json_list added;   /* struct lsp_workspace_folder */
    struct json_list removed;
};

struct lsp_configuration_params { const struct json *settings; };

struct lsp_cancel_params { const struct json *id; };
struct lsp_progress_cancel_params { const struct json *token; };

/* textDocument/inlineCompletion and gridls/inlineCompletion. */
struct lsp_inline_completion_params {
    struct lsp_text_document document;
    struct position position;
    int64_t trigger_kind;        /* 1 invoked, 2 automatic */
    bool has_trigger_kind;
    int64_t candidates;          /* our own: the most that are wanted */
    bool has_candidates;
    const char *selected_text;   /* context.selectedCompletionInfo.text */
    struct range selected_range;
    const struct json *work_done_token;
    const struct json *partial_result_token;
};

/* DiagnosticRelatedInformation */
struct lsp_related {
    const char *uri;
    struct range range;
    const char *message;
};

struct lsp_diagnostic {
    struct range range;
    int64_t severity;
    const char *source;
    const char *message;
    const struct json *code;
    struct json_list related; /* struct lsp_related */
};

struct lsp_code_action_params {
    struct lsp_text_document document;
    struct range range;
    struct json_list diagnostics; /* struct lsp_diagnostic */
    struct json_list only;        /* const char * */
    int64_t trigger_kind;
    const struct json *diagnostics_value; /* the same, as it came, to be given back */
};

/* codeAction/resolve: the code action that we made, come back. */
struct lsp_code_action {
    const char *title;
    const char *kind;
    const struct json *data;
};

struct lsp_execute_command_params {
    const char *command;
    const struct json *arguments;
    const struct json *work_done_token;
};

/* gridls/explain */
struct lsp_explain_params {
    struct lsp_text_document document;
    bool has_document;
    struct range range;
    bool has_range;
    const char *question;
    struct json_list diagnostics; /* struct lsp_diagnostic */
    const char *conversation;
    const struct json *work_done_token;
    const struct json *partial_result_token;
};

/* gridls/refactor */
struct lsp_refactor_params {
    struct lsp_text_document document;
    struct range range;
    bool has_range;
    const char *scope; /* "selection" or "workspace"; NULL: the former */
    const char *instruction;
    const struct json *work_done_token;
    const struct json *partial_result_token;
};

/* gridls/commitMessage */
struct lsp_commit_message_params {
    const char *root;
    struct lsp_text_document document;
    bool has_document;
    const char *hint;
    const struct json *work_done_token;
    const struct json *partial_result_token;
};

extern const struct json_field lsp_initialize_fields[];
extern const struct json_field lsp_did_open_fields[];
extern const struct json_field lsp_did_change_fields[];
extern const struct json_field lsp_did_close_fields[];
extern const struct json_field lsp_did_save_fields[];
extern const struct json_field lsp_workspace_folders_change_fields[];
extern const struct json_field lsp_configuration_fields[];
extern const struct json_field lsp_cancel_fields[];
extern const struct json_field lsp_progress_cancel_fields[];
extern const struct json_field lsp_inline_completion_fields[];
extern const struct json_field lsp_code_action_params_fields[];
extern const struct json_field lsp_code_action_fields[];
extern const struct json_field lsp_execute_command_fields[];
extern const struct json_field lsp_explain_fields[];
extern const struct json_field lsp_refactor_fields[];
extern const struct json_field lsp_commit_message_fields[];

/* Writers of the shapes that we send. */
void lsp_write_position(struct json_writer *writer, struct position position);
void lsp_write_range(struct json_writer *writer, struct range range);

#endif
