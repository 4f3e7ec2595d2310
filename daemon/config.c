#include "daemon/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_store.h"

const char *task_name(enum task task)
{
    static const char *const names[TASK_COUNT] = {
        [TASK_COMPLETION] = "completion",
        [TASK_EXPLAIN] = "explain",
        [TASK_REFACTOR] = "refactor",
        [TASK_COMMIT] = "commit",
    };

    return (size_t)task < TASK_COUNT ? names[task] : "unknown";
}

static const char *layer_name(enum config_layer layer)
{
    static const char *const names[CONFIG_LAYER_COUNT] = {
        [CONFIG_COMMAND_LINE] = "command line",
        [CONFIG_CLIENT_SETTINGS] = "the editor's settings",
        [CONFIG_CLIENT_OPTIONS] = "initializationOptions",
        [CONFIG_ENVIRONMENT] = "environment",
        [CONFIG_USER_FILE] = "user file",
        [CONFIG_PROJECT_FILE] = "project file",
        [CONFIG_BUILT_IN] = "built in",
    };

    return names[layer];
}

/* ---- entries and layers -------------------------------------------------------------------- */

void config_wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

/* Texts are wiped whatever they are: a proxy's URL or a command may hold a password, too. */
void config_entry_set(struct config_entry *entry, char *text, const char *source)
{
    config_wipe(entry->text);
    *entry = (struct config_entry){text, text ? source : NULL};
}

static void values_finish(struct config_values *values)
{
    for (size_t id = 0; id < SETTING_COUNT; id++)
        config_entry_set(&values->entries[id], NULL, NULL);
}

const char *config_store_text(const struct config_store *store, enum config_layer layer,
                              enum setting_id id)
{
    if (layer == CONFIG_BUILT_IN)
        return config_table_row(id)->built_in;
    return store->layers[layer].entries[id].text;
}

const char *config_store_source(const struct config_store *store, enum config_layer layer,
                                enum setting_id id)
{
    const char *source = store->layers[layer].entries[id].source;

    return source ? source : layer_name(layer);
}

enum config_layer config_store_winner(const struct config_store *store, enum setting_id id,
                                      enum config_layer from)
{
    enum config_layer layer = from;

    while (layer < CONFIG_LAYER_COUNT && !config_store_text(store, layer, id))
        layer++;
    return layer;
}

int config_store_string(const struct config_store *store, enum config_layer layer,
                        enum setting_id id, char **out)
{
    const char *text = layer < CONFIG_LAYER_COUNT ? config_store_text(store, layer, id) : NULL;
    struct json *value CLEANUP(json_cleanup) = NULL;
    int error;

    *out = NULL;
    if (!text)
        return 0;
    error = json_parse(text, strlen(text), &value);
    if (error)
        return error;
    *out = strdup(json_string(value));
    return *out ? 0 : -ENOMEM;
}

/* ---- the store ----------------------------------------------------------------------------- */

int config_store_create(struct config_store **store)
{
    *store = calloc(1, sizeof(**store));
    return *store ? 0 : -ENOMEM;
}

static void changed(struct config_store *store)
{
    config_unref(store->snapshot);
    store->snapshot = NULL;
}

void config_store_destroy(struct config_store *store)
{
    if (!store)
        return;
    changed(store);
    for (size_t layer = 0; layer < CONFIG_LAYER_COUNT; layer++)
        values_finish(&store->layers[layer]);
    config_wipe(store->thegrid_key);
    config_wipe(store->openai_key);
    config_wipe(store->sandbox_key);
    free(store->sandbox_url);
    free(store->home);
    free(store->locale);
    free(store);
}

static void warn_no_object(struct buffer *warnings, const char *name)
{
    if (warnings)
        buffer_printf(warnings, "%s: the settings must be an object, { … }.\n", name);
}

static int set_layer(struct config_store *store, enum config_layer layer, const char *name,
                     const struct json *object, struct buffer *warnings)
{
    struct config_values values = {0};
    struct config_loading loading = {
        .values = &values,
        .layer = layer,
        .name = name,
        .source = layer_name(layer),
        .warnings = warnings,
    };
    int error = 0;

    if (json_type(object) == JSON_OBJECT)
        error = config_load_object(&loading, object);
    else if (!config_is_unset(object))
        warn_no_object(warnings, name);
    if (error) {
        values_finish(&values);
        return error;
    }
    values_finish(&store->layers[layer]);
    store->layers[layer] = values;
    changed(store);
    return 0;
}

int config_store_set(struct config_store *store, enum config_layer layer,
                     const struct json *object, struct buffer *warnings)
{
    return set_layer(store, layer, layer_name(layer), object, warnings);
}

/* A file with nothing but blanks and comments is no JSON value, but sets nothing, as it should.
 * With an object behind it, it is JSON; no other text that is none becomes one so. */
static int parse_file(const char *text, size_t length, struct json **root, unsigned *line)
{
    struct buffer padded CLEANUP(buffer_finish);
    int error = json_parse_commented(text, length, root, line);

    buffer_init(&padded, BUFFER_CAP);
    if (error != -EBADMSG)
        return error;
    buffer_append(&padded, text, length);
    buffer_append_string(&padded, "\n{}");
    if (buffer_error(&padded))
        return buffer_error(&padded) == -ENOMEM ? -ENOMEM : error;
    return json_parse_commented(padded.data, padded.length, root, NULL);
}

int config_store_set_text(struct config_store *store, enum config_layer layer, const char *name,
                          const char *text, size_t length, struct buffer *warnings)
{
    struct json *root CLEANUP(json_cleanup) = NULL;
    unsigned line = 0;
    int error = parse_file(text, length, &root, &line);

    if (error == -EBADMSG && warnings)
        buffer_printf(warnings, "%s: line %u is not JSON.\n", name, line);
    if (error)
        return error;
    if (json_type(root) != JSON_OBJECT) {
        warn_no_object(warnings, name);
        return -EBADMSG;
    }
    return set_layer(store, layer, name, root, warnings);
}

int config_store_set_value(struct config_store *store, enum config_layer layer, const char *path,
                           const char *json, const char *source)
{
    struct json *value CLEANUP(json_cleanup) = NULL;
    struct config_loading loading = {
        .values = &store->layers[layer],
        .layer = layer,
        .source = source ? source : layer_name(layer),
        .replace = true,
    };
    int error = json_parse(json, strlen(json), &value);

    if (error)
        return error == -EBADMSG ? -EINVAL : error;
    error = config_load(&loading, path, value);
    changed(store);
    if (error || !loading.first_error)
        return error;
    return loading.first_error == -ENOENT ? -ENOENT : -EINVAL;
}

/* ---- environment, sandbox, locale ---------------------------------------------------------- */

struct variables {
    const char *(*lookup)(void *context, const char *name);
    void *context;
};

static const char *variable(const struct variables *variables, const char *name)
{
    const char *text = variables->lookup(variables->context, name);

    return text && text[strspn(text, " \t\r\n")] != '\0' ? text : NULL;
}

static int replace(char **held, const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        return -ENOMEM;
    config_wipe(*held);
    *held = copy;
    return 0;
}

/* The first of the variables for the base URL that is set becomes the layer's setting. */
static int set_environment_url(struct config_store *store, const struct variables *variables)
{
    static const struct {
        const char *name;
        const char *source;
        enum config_url_variable kind;
    } rows[] = {
        {"THEGRID_BASE_URL", "environment THEGRID_BASE_URL", URL_VARIABLE_THEGRID},
        {"OPENAI_BASE_URL", "environment OPENAI_BASE_URL", URL_VARIABLE_OPENAI},
        {"OPENAI_API_BASE", "environment OPENAI_API_BASE", URL_VARIABLE_OPENAI},
    };
    struct config_entry *entry = &store->layers[CONFIG_ENVIRONMENT].entries[SETTING_BASE_URL];
    struct buffer json CLEANUP(buffer_finish);
    struct json_writer writer;
    char *stolen;

    config_entry_set(entry, NULL, NULL);
    store->url_variable = URL_VARIABLE_NONE;
    buffer_init(&json, BUFFER_CAP);
    json_writer_init(&writer, &json);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = variable(variables, rows[i].name);

        if (!text)
            continue;
        json_write_string(&writer, text);
        stolen = buffer_steal(&json, NULL);
        if (!stolen)
            return -ENOMEM;
        config_entry_set(entry, stolen, rows[i].source);
        store->url_variable = rows[i].kind;
        return 0;
    }
    return 0;
}

int config_store_set_environment(struct config_store *store,
                                 const char *(*lookup)(void *context, const char *name),
                                 void *context)
{
    const struct variables variables = {lookup, context};
    int error = set_environment_url(store, &variables);

    changed(store);
    if (!error)
        error = replace(&store->thegrid_key, variable(&variables, "THEGRID_API_KEY"));
    if (!error)
        error = replace(&store->openai_key, variable(&variables, "OPENAI_API_KEY"));
    if (!error)
        error = replace(&store->home, variable(&variables, "HOME"));
    return error;
}

int config_store_set_sandbox(struct config_store *store, const char *base_url, const char *key)
{
    int error = replace(&store->sandbox_url, base_url);

    changed(store);
    return error ? error : replace(&store->sandbox_key, key);
}

/* What POSIX adds to a language: "de_DE.UTF-8", "C". Cuts it off, in place; NULL: no language. */
static const char *language_of(char *locale)
{
    locale[strcspn(locale, ".@")] = '\0';
    for (char *c = locale; *c; c++) {
        if (*c == '_')
            *c = '-';
        else if (!(*c >= '0' && *c <= '9') && !(*c >= 'A' && *c <= 'Z') &&
                 !(*c >= 'a' && *c <= 'z') && *c != '-')
            return NULL;
    }
    if (locale[0] == '\0' || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
        return NULL;
    return locale;
}

int config_store_set_locale(struct config_store *store, const char *locale)
{
    char copy[64] = "";

    if (locale && strlen(locale) < sizeof(copy))
        strcpy(copy, locale);
    changed(store);
    return replace(&store->locale, language_of(copy));
}

struct config *config_store_snapshot(struct config_store *store)
{
    if (!store->snapshot) {
        if (config_snapshot_create(store, &store->snapshot))
            return NULL;
        store->snapshot->generation = ++store->generation;
    }
    return config_ref(store->snapshot);
}
