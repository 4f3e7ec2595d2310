#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config_store.h"

#define PATH_MAX_BYTES 128
#define WARNING_MAX 20
#define PARAMETERS_CAP ((size_t)64 << 10)

/* ---- warnings ------------------------------------------------------------------------------ */

/* Begins a warning about a name. The name may come from a stranger's file: it is quoted as JSON, so
 * that it stays on its line. Returns false where nothing more is to be said. */
static bool warn_about(struct config_loading *loading, const char *path)
{
    struct json_writer writer;

    if (!loading->warnings || loading->warned > WARNING_MAX)
        return false;
    loading->warned++;
    if (loading->warned > WARNING_MAX) {
        buffer_printf(loading->warnings, "%s: there is more that cannot be used.\n", loading->name);
        return false;
    }
    buffer_printf(loading->warnings, "%s: ", loading->name);
    json_writer_init(&writer, loading->warnings);
    json_write_text(&writer, path, strnlen(path, PATH_MAX_BYTES));
    return true;
}

static void warn_unknown(struct config_loading *loading, const char *path)
{
    const char *nearest = config_table_nearest(path);

    if (!warn_about(loading, path))
        return;
    if (nearest)
        buffer_printf(loading->warnings, " is not a setting; did you mean \"%s\"?\n", nearest);
    else
        buffer_append_string(loading->warnings, " is not a setting.\n");
}

static void warn_refused(struct config_loading *loading, const char *path, int error)
{
    enum setting_id id = SETTING_COUNT;
    const char *member = NULL;
    enum config_name name = config_table_find(path, &id, &member);

    if (!warn_about(loading, path))
        return;
    if (error == -EPERM) {
        buffer_append_string(loading->warnings,
                             " is not used: a project file may not set it, as opening a repository "
                             "must not send code or keys anywhere new.\n");
    } else if (error == -EEXIST) {
        buffer_append_string(loading->warnings, " is given twice; the first one is used.\n");
    } else {
        buffer_append_string(loading->warnings, " is not used, as it must be ");
        if (name == CONFIG_NAME_MEMBER)
            buffer_append_string(loading->warnings, config_table_wanted_member(member));
        else if (name == CONFIG_NAME_SETTING)
            config_table_wanted(id, loading->warnings);
        else
            buffer_append_string(loading->warnings, "an object");
        buffer_append_string(loading->warnings, ".\n");
    }
}

/* ---- values ------------------------------------------------------------------------------- */

bool config_is_unset(const struct json *value)
{
    const char *string = json_string(value);

    return json_is_null(value) || (string && string[0] == '\0') ||
           (json_type(value) == JSON_ARRAY && json_count(value) == 0);
}

/* A project's patterns, less those that would take back what a person's or the built-in hide. */
static int append_project_ignore(struct config_loading *loading, const struct json *patterns,
                                 struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_array(&writer);
    for (const struct json *item = json_first(patterns); item; item = json_next(item)) {
        if (json_string(item)[0] != '!') {
            json_write_value(&writer, item);
        } else if (warn_about(loading, "ignore")) {
            buffer_append_string(loading->warnings, " of a project file can only add: ");
            json_append(loading->warnings, item);
            buffer_append_string(loading->warnings, " is not used.\n");
        }
    }
    json_end_array(&writer);
    return buffer_error(out);
}

static int put_setting(struct config_loading *loading, enum setting_id id, const struct json *value)
{
    const struct setting *row = config_table_row(id);
    struct config_entry *entry = &loading->values->entries[id];
    struct buffer text CLEANUP(buffer_finish);
    char *stolen;

    buffer_init(&text, BUFFER_CAP);
    if (loading->layer == CONFIG_PROJECT_FILE && !row->project)
        return -EPERM;
    if (entry->text && !loading->replace)
        return -EEXIST;
    if (!config_table_takes(id, value))
        return -EINVAL;
    if (row->secret)
        buffer_append_string(&text, json_string(value));
    else if (id == SETTING_IGNORE && loading->layer == CONFIG_PROJECT_FILE)
        append_project_ignore(loading, value, &text);
    else
        json_append(&text, value);
    stolen = buffer_steal(&text, NULL);
    if (!stolen)
        return -ENOMEM;
    config_entry_set(entry, stolen, loading->source);
    return 0;
}

/* The object `before` with one member replaced, added or (value null) taken out. */
static void append_with_member(struct buffer *out, const struct json *before, const char *name,
                               const struct json *value)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    for (const struct json *old = json_first(before); old; old = json_next(old)) {
        if (strcmp(json_key(old), name) != 0) {
            json_write_key(&writer, json_key(old));
            json_write_value(&writer, old);
        }
    }
    if (!json_is_null(value)) {
        json_write_key(&writer, name);
        json_write_value(&writer, value);
    }
    json_end_object(&writer);
}

static int put_member(struct config_loading *loading, enum setting_id id, const char *name,
                      const struct json *value)
{
    struct config_entry *entry = &loading->values->entries[id];
    struct json *before CLEANUP(json_cleanup) = NULL;
    struct json *after CLEANUP(json_cleanup) = NULL;
    struct buffer text CLEANUP(buffer_finish);
    char *stolen;
    int error;

    buffer_init(&text, PARAMETERS_CAP);
    if (loading->layer == CONFIG_PROJECT_FILE && !config_table_row(id)->project)
        return -EPERM;
    if (!json_is_null(value) && !config_table_takes_member(name, value))
        return -EINVAL;
    error = entry->text ? json_parse(entry->text, strlen(entry->text), &before) : 0;
    if (error)
        return error;
    if (json_member(before, name) && !loading->replace)
        return -EEXIST;
    append_with_member(&text, before, name, value);
    error = buffer_error(&text);
    /* Read back, as an object that nests too deep or is too large would only fail later. */
    if (!error)
        error = json_parse(text.data, text.length, &after);
    if (error)
        return error == -ENOMEM ? error : -EINVAL;
    stolen = buffer_steal(&text, NULL);
    if (!stolen)
        return -ENOMEM;
    config_entry_set(entry, stolen, loading->source);
    return 0;
}

/* Only of those known here is it certain that an empty string says nothing. */
static bool is_unset_member(const char *name, const struct json *value)
{
    return json_is_null(value) ||
           (json_type(value) == JSON_STRING && config_table_is_known_member(name) &&
            config_is_unset(value));
}

static int load_members(struct config_loading *loading, const char *prefix,
                        const struct json *object)
{
    int error = 0;

    for (const struct json *child = json_first(object); child && !error; child = json_next(child)) {
        char path[PATH_MAX_BYTES];
        int length = prefix ? snprintf(path, sizeof(path), "%s.%s", prefix, json_key(child))
                            : snprintf(path, sizeof(path), "%s", json_key(child));

        if (length < 0 || (size_t)length >= sizeof(path)) {
            loading->first_error = loading->first_error ? loading->first_error : -ENOENT;
            warn_unknown(loading, path);
        } else {
            error = config_load(loading, path, child);
        }
    }
    return error;
}

int config_load(struct config_loading *loading, const char *path, const struct json *value)
{
    enum setting_id id = SETTING_COUNT;
    const char *member = NULL;
    enum config_name name = config_table_find(path, &id, &member);
    int error = 0;

    if (name == CONFIG_NAME_MEMBER) {
        if (!is_unset_member(member, value))
            error = put_member(loading, id, member, value);
        else if (loading->replace)
            error = put_member(loading, id, member, NULL);
    } else if (config_is_unset(value)) {
        if (name == CONFIG_NAME_SETTING && loading->replace)
            config_entry_set(&loading->values->entries[id], NULL, NULL);
        else if (name == CONFIG_NAME_UNKNOWN)
            error = -ENOENT;
    } else if (name == CONFIG_NAME_UNKNOWN) {
        error = -ENOENT;
    } else if (name == CONFIG_NAME_GROUP || config_table_row(id)->type == SETTING_PARAMETERS) {
        if (json_type(value) == JSON_OBJECT)
            return load_members(loading, path, value);
        error = -EINVAL;
    } else {
        error = put_setting(loading, id, value);
    }

    if (error == 0 || error == -ENOMEM)
        return error;
    if (!loading->first_error)
        loading->first_error = error;
    if (error == -ENOENT)
        warn_unknown(loading, path);
    else
        warn_refused(loading, path, error);
    return 0;
}

int config_load_object(struct config_loading *loading, const struct json *object)
{
    return load_members(loading, NULL, object);
}
