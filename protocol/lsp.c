#include "protocol/lsp.h"

#include <stddef.h>

/* Rows. FLAT is for objects whose members go straight into the struct that is being filled. */
#define ROW(member_name, member_kind, type, member)                                               \
    .name = (member_name), .kind = (member_kind), .offset = offsetof(struct type, member)
#define FLAT(member_name, table)                                                                  \
    .name = (member_name), .kind = JSON_FIELD_OBJECT, .offset = 0, .fields = (table)

#define END {.name = NULL}

/* ---- pieces -------------------------------------------------------------------------------- */

static const struct json_field position_fields[] = {
    {ROW("line", JSON_FIELD_UINTEGER, position, line), .required = true},
    {ROW("character", JSON_FIELD_UINTEGER, position, character), .required = true},
    END,
};

static const struct json_field range_fields[] = {
    {ROW("start", JSON_FIELD_OBJECT, range, start), .required = true, .fields = position_fields},
    {ROW("end", JSON_FIELD_OBJECT, range, end), .required = true, .fields = position_fields},
    END,
};

/* Plain and versioned identifiers. */
static const struct json_field document_fields[] = {
    {ROW("uri", JSON_FIELD_STRING, lsp_text_document, uri), .required = true},
    {ROW("version", JSON_FIELD_INTEGER, lsp_text_document, version),
     .present = offsetof(struct lsp_text_document, has_version)},
    END,
};

static const struct json_field document_item_fields[] = {
    {ROW("uri", JSON_FIELD_STRING, lsp_text_document, uri), .required = true},
    {ROW("languageId", JSON_FIELD_STRING, lsp_text_document, language_id)},
    {ROW("version", JSON_FIELD_INTEGER, lsp_text_document, version),
     .present = offsetof(struct lsp_text_document, has_version)},
    {ROW("text", JSON_FIELD_STRING, lsp_text_document, text), .required = true},
    END,
};

static const struct json_field workspace_folder_fields[] = {
    {ROW("uri", JSON_FIELD_STRING, lsp_workspace_folder, uri), .required = true},
    {ROW("name", JSON_FIELD_STRING, lsp_workspace_folder, name)},
    END,
};

/* ---- initialize ---------------------------------------------------------------------------- */

#define INITIALIZE(member_name, member_kind, member)                                              \
    ROW(member_name, member_kind, lsp_initialize_params, member)

static const struct json_field client_info_fields[] = {
    {INITIALIZE("name", JSON_FIELD_STRING, client_name)},
    {INITIALIZE("version", JSON_FIELD_STRING, client_version)},
    END,
};

static const struct json_field workspace_edit_fields[] = {
    {INITIALIZE("documentChanges", JSON_FIELD_BOOL, document_changes)},
    {INITIALIZE("changeAnnotationSupport", JSON_FIELD_PRESENT, change_annotations)},
    {INITIALIZE("resourceOperations", JSON_FIELD_STRINGS, resource_operations)},
    END,
};

static const struct json_field did_change_configuration_fields[] = {
    {INITIALIZE("dynamicRegistration", JSON_FIELD_BOOL, did_change_configuration_dynamic)},
    END,
};

static const struct json_field workspace_fields[] = {
    {INITIALIZE("applyEdit", JSON_FIELD_BOOL, apply_edit)},
    {FLAT("workspaceEdit", workspace_edit_fields)},
    {INITIALIZE("configuration", JSON_FIELD_BOOL, configuration)},
    {FLAT("didChangeConfiguration", did_change_configuration_fields)},
    {INITIALIZE("workspaceFolders", JSON_FIELD_PRESENT, workspace_folders_capability)},
    END,
};

static const struct json_field show_document_fields[] = {
    {INITIALIZE("support", JSON_FIELD_BOOL, show_document)},
    END,
};

static const struct json_field window_fields[] = {
    {INITIALIZE("workDoneProgress", JSON_FIELD_BOOL, work_done_progress)},
    {FLAT("showDocument", show_document_fields)},
    END,
};

static const struct json_field general_fields[] = {
    {INITIALIZE("positionEncodings", JSON_FIELD_STRINGS, position_encodings)},
    END,
};

static const struct json_field resolve_support_fields[] = {
    {INITIALIZE("properties", JSON_FIELD_STRINGS, resolve_properties)},
    END,
};

static const struct json_field code_action_capability_fields[] = {
    {INITIALIZE("codeActionLiteralSupport", JSON_FIELD_PRESENT, code_action_literals)},
    {INITIALIZE("dataSupport", JSON_FIELD_BOOL, code_action_data)},
    {INITIALIZE("disabledSupport", JSON_FIELD_BOOL, code_action_disabled)},
    {INITIALIZE("isPreferredSupport", JSON_FIELD_BOOL, code_action_preferred)},
    {FLAT("resolveSupport", resolve_support_fields)},
    END,
};

static const struct json_field text_document_fields[] = {
    {FLAT("codeAction", code_action_capability_fields)},
    END,
};

static const struct json_field capabilities_fields[] = {
    {FLAT("workspace", workspace_fields)},
    {FLAT("textDocument", text_document_fields)},
    {FLAT("window", window_fields)},
    {FLAT("general", general_fields)},
    END,
};

const struct json_field lsp_initialize_fields[] = {
    {INITIALIZE("processId", JSON_FIELD_INTEGER, process_id),
     .present = offsetof(struct lsp_initialize_params, has_process_id)},
    {INITIALIZE("rootUri", JSON_FIELD_STRING, root_uri)},
    {INITIALIZE("rootPath", JSON_FIELD_STRING, root_path)},
    {INITIALIZE("locale", JSON_FIELD_STRING, locale)},
    {FLAT("clientInfo", client_info_fields)},
    {INITIALIZE("initializationOptions", JSON_FIELD_VALUE, initialization_options)},
    {INITIALIZE("workDoneToken", JSON_FIELD_TOKEN, token)},
    {INITIALIZE("workspaceFolders", JSON_FIELD_ARRAY, workspace_folders),
     .fields = workspace_folder_fields, .size = sizeof(struct lsp_workspace_folder)},
    {FLAT("capabilities", capabilities_fields)},
    END,
};

/* ---- texts --------------------------------------------------------------------------------- */

const struct json_field lsp_did_open_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_did_open_params, document), .required = true,
     .fields = document_item_fields},
    END,
};

static const struct json_field content_change_fields[] = {
    {ROW("range", JSON_FIELD_OBJECT, lsp_content_change, range), .fields = range_fields,
     .present = offsetof(struct lsp_content_change, has_range)},
    {ROW("text", JSON_FIELD_STRING, lsp_content_change, text), .required = true},
    END,
};

const struct json_field lsp_did_change_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_did_change_params, document), .required = true,
     .fields = document_fields},
    {ROW("contentChanges", JSON_FIELD_ARRAY, lsp_did_change_params, changes), .required = true,
     .fields = content_change_fields, .size = sizeof(struct lsp_content_change)},
    END,
};

const struct json_field lsp_did_close_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_did_close_params, document), .required = true,
     .fields = document_fields},
    END,
};

const struct json_field lsp_did_save_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_did_save_params, document), .required = true,
     .fields = document_fields},
    END,
};

/* ---- workspace and messages ---------------------------------------------------------------- */

static const struct json_field folders_event_fields[] = {
    {ROW("added", JSON_FIELD_ARRAY, lsp_workspace_folders_change, added),
     .fields = workspace_folder_fields, .size = sizeof(struct lsp_workspace_folder)},
    {ROW("removed", JSON_FIELD_ARRAY, lsp_workspace_folders_change, removed),
     .fields = workspace_folder_fields, .size = sizeof(struct lsp_workspace_folder)},
    END,
};

const struct json_field lsp_workspace_folders_change_fields[] = {
    {FLAT("event", folders_event_fields), .required = true},
    END,
};

const struct json_field lsp_configuration_fields[] = {
    {ROW("settings", JSON_FIELD_VALUE, lsp_configuration_params, settings)},
    END,
};

const struct json_field lsp_cancel_fields[] = {
    {ROW("id", JSON_FIELD_TOKEN, lsp_cancel_params, id), .required = true},
    END,
};

const struct json_field lsp_progress_cancel_fields[] = {
    {ROW("token", JSON_FIELD_TOKEN, lsp_progress_cancel_params, token), .required = true},
    END,
};

/* ---- inline completion --------------------------------------------------------------------- */

static const struct json_field selected_completion_fields[] = {
    {ROW("range", JSON_FIELD_OBJECT, lsp_inline_completion_params, selected_range),
     .fields = range_fields},
    {ROW("text", JSON_FIELD_STRING, lsp_inline_completion_params, selected_text)},
    END,
};

static const struct json_field inline_completion_context_fields[] = {
    {ROW("triggerKind", JSON_FIELD_INTEGER, lsp_inline_completion_params, trigger_kind),
     .present = offsetof(struct lsp_inline_completion_params, has_trigger_kind)},
    {FLAT("selectedCompletionInfo", selected_completion_fields)},
    END,
};

const struct json_field lsp_inline_completion_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_inline_completion_params, document),
     .required = true, .fields = document_fields},
    {ROW("position", JSON_FIELD_OBJECT, lsp_inline_completion_params, position),
     .required = true, .fields = position_fields},
    {FLAT("context", inline_completion_context_fields)},
    {ROW("candidates", JSON_FIELD_INTEGER, lsp_inline_completion_params, candidates),
     .present = offsetof(struct lsp_inline_completion_params, has_candidates)},
    {ROW("workDoneToken", JSON_FIELD_TOKEN, lsp_inline_completion_params, work_done_token)},
    {ROW("partialResultToken", JSON_FIELD_TOKEN, lsp_inline_completion_params,
         partial_result_token)},
    END,
};

/* ---- code actions and commands ------------------------------------------------------------- */

static const struct json_field location_fields[] = {
    {ROW("uri", JSON_FIELD_STRING, lsp_related, uri)},
    {ROW("range", JSON_FIELD_OBJECT, lsp_related, range), .fields = range_fields},
    END,
};

static const struct json_field related_fields[] = {
    {FLAT("location", location_fields)},
    {ROW("message", JSON_FIELD_STRING, lsp_related, message)},
    END,
};

static const struct json_field diagnostic_fields[] = {
    {ROW("range", JSON_FIELD_OBJECT, lsp_diagnostic, range), .required = true,
     .fields = range_fields},
    {ROW("severity", JSON_FIELD_INTEGER, lsp_diagnostic, severity)},
    {ROW("source", JSON_FIELD_STRING, lsp_diagnostic, source)},
    {ROW("message", JSON_FIELD_STRING, lsp_diagnostic, message)},
    {ROW("code", JSON_FIELD_VALUE, lsp_diagnostic, code)},
    {ROW("relatedInformation", JSON_FIELD_ARRAY, lsp_diagnostic, related),
     .fields = related_fields, .size = sizeof(struct lsp_related)},
    END,
};

static const struct json_field code_action_context_fields[] = {
    {ROW("diagnostics", JSON_FIELD_ARRAY, lsp_code_action_params, diagnostics),
     .fields = diagnostic_fields, .size = sizeof(struct lsp_diagnostic)},
    {ROW("diagnostics", JSON_FIELD_VALUE, lsp_code_action_params, diagnostics_value)},
    {ROW("only", JSON_FIELD_STRINGS, lsp_code_action_params, only)},
    {ROW("triggerKind", JSON_FIELD_INTEGER, lsp_code_action_params, trigger_kind)},
    END,
};

const struct json_field lsp_code_action_params_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_code_action_params, document), .required = true,
     .fields = document_fields},
    {ROW("range", JSON_FIELD_OBJECT, lsp_code_action_params, range), .required = true,
     .fields = range_fields},
    {FLAT("context", code_action_context_fields)},
    END,
};

const struct json_field lsp_code_action_fields[] = {
    {ROW("title", JSON_FIELD_STRING, lsp_code_action, title)},
    {ROW("kind", JSON_FIELD_STRING, lsp_code_action, kind)},
    {ROW("data", JSON_FIELD_VALUE, lsp_code_action, data)},
    END,
};

const struct json_field lsp_execute_command_fields[] = {
    {ROW("command", JSON_FIELD_STRING, lsp_execute_command_params, command), .required = true},
    {ROW("arguments", JSON_FIELD_VALUE, lsp_execute_command_params, arguments)},
    {ROW("workDoneToken", JSON_FIELD_TOKEN, lsp_execute_command_params, work_done_token)},
    END,
};

/* ---- requests of our own ------------------------------------------------------------------- */

const struct json_field lsp_explain_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_explain_params, document),
     .fields = document_fields, .present = offsetof(struct lsp_explain_params, has_document)},
    {ROW("range", JSON_FIELD_OBJECT, lsp_explain_params, range), .fields = range_fields,
     .present = offsetof(struct lsp_explain_params, has_range)},
    {ROW("question", JSON_FIELD_STRING, lsp_explain_params, question)},
    {ROW("diagnostics", JSON_FIELD_ARRAY, lsp_explain_params, diagnostics),
     .fields = diagnostic_fields, .size = sizeof(struct lsp_diagnostic)},
    {ROW("conversation", JSON_FIELD_STRING, lsp_explain_params, conversation)},
    {ROW("workDoneToken", JSON_FIELD_TOKEN, lsp_explain_params, work_done_token)},
    {ROW("partialResultToken", JSON_FIELD_TOKEN, lsp_explain_params, partial_result_token)},
    END,
};

const struct json_field lsp_refactor_fields[] = {
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_refactor_params, document), .required = true,
     .fields = document_fields},
    {ROW("range", JSON_FIELD_OBJECT, lsp_refactor_params, range), .fields = range_fields,
     .present = offsetof(struct lsp_refactor_params, has_range)},
    {ROW("scope", JSON_FIELD_STRING, lsp_refactor_params, scope)},
    {ROW("instruction", JSON_FIELD_STRING, lsp_refactor_params, instruction), .required = true},
    {ROW("workDoneToken", JSON_FIELD_TOKEN, lsp_refactor_params, work_done_token)},
    {ROW("partialResultToken", JSON_FIELD_TOKEN, lsp_refactor_params, partial_result_token)},
    END,
};

const struct json_field lsp_commit_message_fields[] = {
    {ROW("root", JSON_FIELD_STRING, lsp_commit_message_params, root)},
    {ROW("textDocument", JSON_FIELD_OBJECT, lsp_commit_message_params, document),
     .fields = document_fields,
     .present = offsetof(struct lsp_commit_message_params, has_document)},
    {ROW("hint", JSON_FIELD_STRING, lsp_commit_message_params, hint)},
    {ROW("workDoneToken", JSON_FIELD_TOKEN, lsp_commit_message_params, work_done_token)},
    {ROW("partialResultToken", JSON_FIELD_TOKEN, lsp_commit_message_params, partial_result_token)},
    END,
};

/* ---- writers ------------------------------------------------------------------------------- */

void lsp_write_position(struct json_writer *writer, struct position position)
{
    json_begin_object(writer);
    json_put_integer(writer, "line", position.line);
    json_put_integer(writer, "character", position.character);
    json_end_object(writer);
}

void lsp_write_range(struct json_writer *writer, struct range range)
{
    json_begin_object(writer);
    json_write_key(writer, "start");
    lsp_write_position(writer, range.start);
    json_write_key(writer, "end");
    lsp_write_position(writer, range.end);
    json_end_object(writer);
}
