#include "daemon/requests/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/outgoing.h"
#include "daemon/requests/job.h"
#include "daemon/upstream.h"
#include "protocol/lsp.h"

/* Tells what is wrong, now or as soon as the client may be talked to. */
static void tell(struct services *services)
{
    struct buffer *warnings = &services->warnings;
    if (!warnings->length || !services->session.ready)
        return;
    while (warnings->length && warnings->data[warnings->length - 1] == '\n')
        buffer_truncate(warnings, warnings->length - 1);
    log_write(services->log, LOG_WARN, "%s", warnings->data);
    show_message(services, 2, warnings->data);
    buffer_clear(warnings);
}

/* What people paste as a base URL is repaired, and they are told once what became of it. */
static void note_repairs(struct services *services)
{
    struct config *config = services_config(services);
    if (config && config->base_url && config->base_url_repairs &&
        (!services->told_base_url || strcmp(services->told_base_url, config->base_url) != 0)) {
        log_write(services->log, LOG_INFO, "base_url is taken as %s: %s", config->base_url,
                  config->base_url_repairs);
        free(services->told_base_url);
        services->told_base_url = strdup(config->base_url);
    }
    config_unref(config);
}

/* Tells what the new settings are about. Clients send theirs again when they like, and a project's are
 * read again with each file that is saved: what went wrong stays so until it may go otherwise. */
static void take_effect(struct services *services, struct config *before)
{
    struct config *now = services_config(services);
    tell(services);
    note_repairs(services);
    if (!before || !now || !config_asks_alike(before, now))
        upstream_settings_changed(services->upstream);
    config_unref(now);
    config_unref(before);
}

static void take_layer(struct services *services, enum config_layer layer,
                       const struct json *settings)
{
    struct config *before = services_config(services);
    if (config_store_set(services->config_store, layer, settings, &services->warnings) == -ENOMEM)
        services_out_of_memory(services, "the settings");
    take_effect(services, before);
}

/* Clients send the section itself, or an object that holds it. */
static const struct json *section_of(const struct json *settings)
{
    const struct json *section = json_member(settings, "gridls");
    return section ? section : settings;
}

void settings_set_options(struct services *services, const struct json *options)
{
    if (json_type(options) == JSON_OBJECT)
        take_layer(services, CONFIG_CLIENT_OPTIONS, section_of(options));
}

static void on_pulled(void *context, bool ok, const struct json *result)
{
    struct services *services = context;
    const struct json *section = json_first(result);
    if (!ok)
        return; /* a client that cannot answer keeps what it has said before */
    take_layer(services, CONFIG_CLIENT_SETTINGS,
               json_type(section) == JSON_OBJECT ? section_of(section) : NULL);
}

static void pull(struct services *services)
{
    if (!services->session.configuration)
        return;
    struct json_writer *writer =
        outgoing_begin(services->outgoing, "workspace/configuration", on_pulled, services);
    if (!writer) {
        services_out_of_memory(services, "the settings");
        return;
    }
    json_begin_object(writer);
    json_write_key(writer, "items");
    json_begin_array(writer);
    json_begin_object(writer);
    json_put_string(writer, "section", "gridls");
    json_end_object(writer);
    json_end_array(writer);
    json_end_object(writer);
    outgoing_send(services->outgoing);
}

static void register_for_changes(struct services *services)
{
    if (!services->session.did_change_configuration_dynamic)
        return;
    struct json_writer *writer =
        outgoing_begin(services->outgoing, "client/registerCapability", NULL, NULL);
    if (!writer)
        return;
    json_begin_object(writer);
    json_write_key(writer, "registrations");
    json_begin_array(writer);
    json_begin_object(writer);
    json_put_string(writer, "id", "gridls-settings");
    json_put_string(writer, "method", "workspace/didChangeConfiguration");
    json_write_key(writer, "registerOptions");
    json_begin_object(writer);
    json_put_string(writer, "section", "gridls");
    json_end_object(writer);
    json_end_object(writer);
    json_end_array(writer);
    json_end_object(writer);
    outgoing_send(services->outgoing);
}

void settings_on_ready(struct services *services)
{
    tell(services);
    note_repairs(services);
    register_for_changes(services);
    pull(services);
}

void settings_changed(struct services *services, const void *params)
{
    const struct lsp_configuration_params *changed = params;
    const struct json *section = section_of(changed->settings);
    /* Clients that are asked for their settings send anything here, often null. */
    if (services->session.configuration)
        pull(services);
    else if (json_type(section) == JSON_OBJECT)
        take_layer(services, CONFIG_CLIENT_SETTINGS, section);
}

/* Lays the text of a settings file over the layer; a file that is gone takes its layer with it. */
static void take_file(struct services *services, enum config_layer layer, const char *name,
                      int error, const char *text, size_t length)
{
    struct config *before = services_config(services);
    if (error == -ENOENT)
        config_store_set(services->config_store, layer, NULL, NULL);
    else if (error && error != -ENOMEM)
        buffer_printf(&services->warnings, "%s cannot be read: %s.\n", name, uv_strerror(error));
    else if (!error)
        error = config_store_set_text(services->config_store, layer, name, text, length,
                                      &services->warnings);
    if (error == -ENOMEM)
        services_out_of_memory(services, "the settings");
    take_effect(services, before);
}

void settings_on_project_file(void *context, const char *root, int error, const char *text,
                              size_t length)
{
    struct buffer name CLEANUP(buffer_finish);
    buffer_init(&name, BUFFER_CAP);
    buffer_printf(&name, "%s/.gridls.json", root);
    take_file(context, CONFIG_PROJECT_FILE, name.data, error, text, length);
}

void settings_on_user_file(struct services *services, const char *path, int error,
                           const char *text, size_t length)
{
    take_file(services, CONFIG_USER_FILE, path, error, text, length);
}
