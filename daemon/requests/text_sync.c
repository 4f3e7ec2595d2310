#include "daemon/requests/text_sync.h"

#include <errno.h>

#include "daemon/document.h"
#include "daemon/log.h"
#include "daemon/neighbours.h"
#include "daemon/requests/inline_completion.h"
#include "daemon/requests/job.h"
#include "daemon/requests/lifecycle.h"
#include "daemon/upstream.h"
#include "daemon/waiting.h"
#include "daemon/workspace.h"
#include "protocol/lsp.h"
#include "protocol/uri.h"

/* Ends what works on the text of documents that are open no more. */
static void on_closed(struct services *services)
{
    jobs_on_document_changed(services->jobs);
    completions_on_document_closed(services->completions);
    neighbours_on_document_closed(services->neighbours);
}

static void on_opened(struct services *services, struct document *document)
{
    struct config *config = services_config(services);
    if (config)
        neighbours_on_document_opened(services->neighbours, config, document);
    config_unref(config);
}

void text_sync_did_open(struct services *services, const void *params)
{
    const struct lsp_did_open_params *opened = params;
    if (documents_close(services->documents, opened->document.uri) == -ENOMEM) {
        services_out_of_memory(services, "a text");
        return;
    }
    int status = documents_open(services->documents, &opened->document);
    if (status != 0)
        log_write(services->log, LOG_WARN, "%s is not taken: %s", opened->document.uri,
                  uv_strerror(status));
    on_closed(services); /* it may have replaced an open one */
    struct document *document = documents_find(services->documents, opened->document.uri);
    if (document) {
        workspace_prepare(services->workspace, document_name(document));
        on_opened(services, document);
    }
    waiting_on_document_changed(services->waiting);
}

void text_sync_did_change(struct services *services, const void *params)
{
    const struct lsp_did_change_params *changed = params;
    struct document *document;
    int status = documents_look_up(services->documents, changed->document.uri, &document);
    if (status == -ENOMEM) {
        services_out_of_memory(services, "a text");
        return;
    }
    if (status != 0) {
        log_write(services->log, LOG_WARN, "a change to %s, which is not open",
                  changed->document.uri);
        return;
    }
    int64_t version = changed->document.has_version ? changed->document.version : document->version;
    status = document_apply_changes(document, changed->changes.items, changed->changes.count,
                                        version, services->session.encoding);
    if (status != 0) {
        log_write(services->log, LOG_WARN, "%s is closed, as a change was not taken: %s",
                  changed->document.uri, uv_strerror(status));
        on_closed(services);
        waiting_on_document_changed(services->waiting);
        return;
    }
    jobs_on_document_changed(services->jobs);
    completions_on_document_changed(services, document);
    neighbours_on_document_changed(services->neighbours, document);
    struct config *config = services_config(services);
    if (config && config->completion_enabled) /* a person types: an answer will be wanted soon */
        upstream_warm_up(services->upstream, config);
    config_unref(config);
    waiting_on_document_changed(services->waiting);
}

void text_sync_did_close(struct services *services, const void *params)
{
    const struct lsp_did_close_params *closed = params;
    int status = documents_close(services->documents, closed->document.uri);
    if (status == -ENOMEM)
        services_out_of_memory(services, "a text");
    else if (status != 0)
        log_write(services->log, LOG_WARN, "%s was closed, but is not open", closed->document.uri);
    on_closed(services);
    waiting_on_document_changed(services->waiting);
}

void text_sync_did_save(struct services *services, const void *params)
{
    const struct lsp_did_save_params *saved = params;
    char *path CLEANUP(cleanup_free) = NULL;
    if (uri_to_path(saved->document.uri, &path) != 0)
        services_out_of_memory(services, "the rules of what may be sent");
    if (!path)
        return;
    workspace_forget(services->workspace, path);
    workspace_prepare(services->workspace, path);
    struct document *document = documents_find(services->documents, saved->document.uri);
    if (document)
        on_opened(services, document);
}

void text_sync_folders_changed(struct services *services, const void *params)
{
    const struct lsp_workspace_folders_change *change = params;
    const struct lsp_workspace_folder *removed = change->removed.items;
    const struct lsp_workspace_folder *added = change->added.items;
    for (size_t i = 0; i < change->removed.count; i++) {
        char *path CLEANUP(cleanup_free) = NULL;
        uri_to_path(removed[i].uri, &path);
        if (path)
            workspace_remove_root(services->workspace, path);
    }
    for (size_t i = 0; i < change->added.count; i++)
        lifecycle_add_root(services, added[i].uri);
}
