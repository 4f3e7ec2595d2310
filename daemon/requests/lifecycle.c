#include "daemon/requests/lifecycle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/requests/command.h"
#include "daemon/requests/inline_completion.h"
#include "daemon/requests/job.h"
#include "daemon/requests/settings.h"
#include "daemon/requests/status.h"
#include "protocol/lsp.h"
#include "protocol/uri.h"

/* The first of the client's encodings that we know; utf-16 where it names none, as some clients
 * refuse any other that they did not offer. */
static void choose_encoding(struct session *session, const struct lsp_initialize_params *params)
{
    const char *const *offered = params->position_encodings.items;
    session->encoding = POSITION_UTF16;
    for (size_t i = 0; i < params->position_encodings.count; i++)
        if (position_encoding_parse(offered[i], &session->encoding) == 0)
            return;
}

static bool contains(const struct json_list *strings, const char *wanted)
{
    const char *const *items = strings->items;
    for (size_t i = 0; i < strings->count; i++)
        if (strcmp(items[i], wanted) == 0)
            return true;
    return false;
}

static void take_capabilities(struct session *session, const struct lsp_initialize_params *params)
{
    session->document_changes = params->document_changes;
    session->change_annotations = params->document_changes && params->change_annotations;
    session->create_files =
        params->document_changes && contains(&params->resource_operations, "create");
    session->configuration = params->configuration;
    session->did_change_configuration_dynamic = params->did_change_configuration_dynamic;
    session->work_done_progress = params->work_done_progress;
    session->show_document = params->show_document;
    session->code_action_literals = params->code_action_literals;
    session->code_action_resolve_edit =
        params->code_action_data && contains(&params->resolve_properties, "edit");
    session->code_action_disabled = params->code_action_literals && params->code_action_disabled;
    if (params->client_name)
        snprintf(session->client_name, sizeof(session->client_name), "%s", params->client_name);
    /* A process that cannot be seen now (another machine, a container) cannot be watched either. */
    if (params->has_process_id && params->process_id > 1 && params->process_id < INT32_MAX &&
        uv_kill((int)params->process_id, 0) != UV_ESRCH)
        session->editor_pid = (uv_pid_t)params->process_id;
}

static void add_root_path(struct services *services, const char *path)
{
    int status = workspace_add_root(services->workspace, path);
    if (status == -ENOMEM)
        services_out_of_memory(services, "the workspace's folders");
    else if (status != 0)
        log_write(services->log, LOG_WARN, "the folder %s cannot be a workspace root", path);
}

void lifecycle_add_root(struct services *services, const char *uri)
{
    char *path CLEANUP(cleanup_free) = NULL;
    if (uri_to_path(uri, &path) != 0)
        services_out_of_memory(services, "the workspace's folders");
    else if (path)
        add_root_path(services, path);
}

static void add_roots(struct services *services, const struct lsp_initialize_params *params)
{
    const struct lsp_workspace_folder *folders = params->workspace_folders.items;
    for (size_t i = 0; i < params->workspace_folders.count; i++)
        lifecycle_add_root(services, folders[i].uri);
    if (params->workspace_folders.count)
        return;
    if (params->root_uri)
        lifecycle_add_root(services, params->root_uri);
    else if (params->root_path)
        add_root_path(services, params->root_path);
}

static void write_text_sync(struct json_writer *writer)
{
    json_write_key(writer, "textDocumentSync");
    json_begin_object(writer);
    json_put_bool(writer, "openClose", true);
    json_put_integer(writer, "change", 2); /* incremental */
    json_write_key(writer, "save");
    json_begin_object(writer);
    json_put_bool(writer, "includeText", false);
    json_end_object(writer);
    json_end_object(writer);
}

static void write_code_action_provider(struct json_writer *writer)
{
    static const char *const kinds[] = {"quickfix", "refactor.rewrite", "source"};
    json_write_key(writer, "codeActionProvider");
    json_begin_object(writer);
    json_write_key(writer, "codeActionKinds");
    json_begin_array(writer);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        json_write_string(writer, kinds[i]);
    json_end_array(writer);
    json_put_bool(writer, "resolveProvider", true);
    json_end_object(writer);
}

static void write_capabilities(struct json_writer *writer, const struct session *session,
                               bool menu)
{
    json_begin_object(writer);
    json_put_string(writer, "positionEncoding", position_encoding_name(session->encoding));
    write_text_sync(writer);
    json_write_key(writer, "inlineCompletionProvider");
    json_begin_object(writer);
    json_end_object(writer);
    if (menu) {
        json_write_key(writer, "completionProvider");
        json_begin_object(writer);
        json_put_bool(writer, "resolveProvider", false); /* ALE takes an empty object for no */
        json_end_object(writer);
    }
    write_code_action_provider(writer);
    json_write_key(writer, "executeCommandProvider");
    json_begin_object(writer);
    json_write_key(writer, "commands");
    command_write_names(writer);
    json_end_object(writer);
    json_write_key(writer, "workspace");
    json_begin_object(writer);
    json_write_key(writer, "workspaceFolders");
    json_begin_object(writer);
    json_put_bool(writer, "supported", true);
    json_put_bool(writer, "changeNotifications", true);
    json_end_object(writer);
    json_end_object(writer);
    json_end_object(writer);
}

void lifecycle_initialize(struct services *services, struct request *request, const void *params)
{
    const struct lsp_initialize_params *initialize = params;
    struct session *session = &services->session;
    choose_encoding(session, initialize);
    take_capabilities(session, initialize);
    session->state = SESSION_INITIALIZED;
    if (initialize->locale)
        config_store_set_locale(services->config_store, initialize->locale);
    settings_set_options(services, initialize->initialization_options);
    services_refresh_config(services, &request->config); /* the options may ask for the menu */
    add_roots(services, initialize);
    log_write(services->log, LOG_INFO, "serving %s, positions in %s",
              session->client_name[0] ? session->client_name : "an editor",
              position_encoding_name(session->encoding));

    struct json_writer *writer = request_begin_result(request);
    json_begin_object(writer);
    json_write_key(writer, "capabilities");
    write_capabilities(writer, session, request->config->completion_menu);
    json_write_key(writer, "serverInfo");
    json_begin_object(writer);
    json_put_string(writer, "name", "gridls");
    json_put_string(writer, "version", GRIDLS_VERSION);
    json_end_object(writer);
    json_end_object(writer);
    request_end_result(request);
}

void lifecycle_initialized(struct services *services, const void *params)
{
    (void)params;
    if (services->session.ready)
        return;
    services->session.ready = true;
    settings_on_ready(services);
    status_notify(services);
}

void lifecycle_shutdown(struct services *services, struct request *request, const void *params)
{
    (void)params;
    services->session.state = SESSION_SHUT_DOWN;
    /* All others are answered first; this one is the last in the list. */
    while (services->requests.first != request)
        request_cancel(services->requests.first);
    jobs_drop_all(services->jobs);
    completions_drop_all(services->completions);
    request_answer_null(request);
}

void lifecycle_exit(struct services *services, const void *params)
{
    (void)params;
    services->session.exit_clean = services->session.state == SESSION_SHUT_DOWN;
    services->session.state = SESSION_OVER;
    services->end_session(services);
}
