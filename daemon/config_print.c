#include <errno.h>
#include <string.h>

#include "daemon/config_store.h"

/* A longer value would make a table that nobody can read. */
#define MARKDOWN_CELL_MAX 80

static void print_value(struct buffer *out, const char *path, const char *json, const char *source)
{
    buffer_printf(out, "%s = %s  (%s)\n", path, json ? json : "null", source);
}

static void print_string(struct buffer *out, const char *path, const char *text, const char *source)
{
    struct json_writer writer;

    buffer_printf(out, "%s = ", path);
    json_writer_init(&writer, out);
    json_write_string(&writer, text);
    buffer_printf(out, "  (%s)\n", source);
}

/* The source of the value in force; what nobody set is as it was built. */
static const char *winning_source(const struct config_store *store, enum setting_id id)
{
    enum config_layer layer = config_store_winner(store, id, CONFIG_COMMAND_LINE);

    return config_store_source(store, layer < CONFIG_LAYER_COUNT ? layer : CONFIG_BUILT_IN, id);
}

const char *config_store_origin(const struct config_store *store, const char *path)
{
    enum setting_id id;
    const char *member;

    if (config_table_find(path, &id, &member) != CONFIG_NAME_SETTING)
        return "nowhere";
    return winning_source(store, id);
}

static void print_first(const struct config_store *store, enum setting_id id, struct buffer *out)
{
    enum config_layer layer = config_store_winner(store, id, CONFIG_COMMAND_LINE);
    const char *text = layer < CONFIG_LAYER_COUNT ? config_store_text(store, layer, id) : NULL;

    print_value(out, config_table_row(id)->path, text, winning_source(store, id));
}

/* ---- values of several layers -------------------------------------------------------------- */

/* "built in, user file": the layers that a merged value is made of. */
static void append_sources(const struct config_store *store, enum setting_id id,
                           struct buffer *out)
{
    bool any = false;

    for (size_t i = CONFIG_LAYER_COUNT; i-- > 0;) {
        enum config_layer layer = (enum config_layer)i;

        if (config_store_text(store, layer, id)) {
            buffer_printf(out, "%s%s", any ? ", " : "", config_store_source(store, layer, id));
            any = true;
        }
    }
}

static void print_list(const struct config_store *store, enum setting_id id,
                       const struct config_strings *strings, struct buffer *out)
{
    struct json_writer writer;

    buffer_printf(out, "%s = ", config_table_row(id)->path);
    json_writer_init(&writer, out);
    json_begin_array(&writer);
    for (size_t i = 0; i < strings->count; i++)
        json_write_string(&writer, strings->items[i]);
    json_end_array(&writer);
    buffer_append_string(out, "  (");
    append_sources(store, id, out);
    buffer_append_string(out, ")\n");
}

static void print_instructions(const struct config_store *store, const struct config *config,
                               struct buffer *out)
{
    enum setting_id id = SETTING_INSTRUCTIONS;
    enum config_layer person = config_store_winner(store, id, CONFIG_COMMAND_LINE);
    struct buffer source CLEANUP(buffer_finish);

    buffer_init(&source, BUFFER_CAP);
    buffer_append_string(&source, winning_source(store, id));
    if (person < CONFIG_PROJECT_FILE && config_store_text(store, CONFIG_PROJECT_FILE, id))
        buffer_printf(&source, ", %s", config_store_source(store, CONFIG_PROJECT_FILE, id));
    print_string(out, config_table_row(id)->path, config->instructions, source.data);
}

static int print_members(const struct config_store *store, enum setting_id id, struct buffer *out)
{
    struct config_members members CLEANUP(config_members_finish);
    enum config_layer at = CONFIG_COMMAND_LINE;
    const struct json *member = NULL;
    int error = config_members_load(&members, store, id);

    if (error)
        return error;
    while ((member = config_members_next(&members, member, &at)) != NULL) {
        enum config_layer layer = at;
        const struct json *value = config_members_find(&members, json_key(member), &layer);
        struct buffer text CLEANUP(buffer_finish);

        buffer_init(&text, BUFFER_CAP);
        buffer_append_string(&text, config_table_row(id)->path);
        buffer_append_byte(&text, '.');
        buffer_append_string(&text, json_key(member));
        buffer_printf(out, "%s = ", text.data);
        json_append(out, value);
        buffer_printf(out, "  (%s)\n", config_store_source(store, layer, id));
    }
    return buffer_error(out);
}

/* ---- what must not be shown as it is ------------------------------------------------------- */

static void print_base_url(const struct config_store *store, const struct config *config,
                           struct buffer *out)
{
    const char *source = config->sandbox ? "sandbox" : winning_source(store, SETTING_BASE_URL);
    struct buffer told CLEANUP(buffer_finish);

    buffer_init(&told, BUFFER_CAP);
    buffer_append_string(&told, source);
    if (config->base_url_repairs)
        buffer_printf(&told, "; %s", config->base_url_repairs);
    if (config->base_url_fault)
        buffer_printf(&told, "; unusable: %s", config->base_url_fault);
    print_string(out, "base_url", config->base_url, told.data);
}

/* Shows the URL without the password of "//user:password@"; an "@" may stand in the password. */
static void print_proxy(const struct config_store *store, const struct config *config,
                        struct buffer *out)
{
    const char *proxy = config->proxy;
    const char *scheme = proxy ? strstr(proxy, "://") : NULL;
    const char *user = scheme ? scheme + 3 : proxy;
    const char *at = proxy ? strrchr(user, '@') : NULL;
    const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
    struct buffer shown CLEANUP(buffer_finish);

    buffer_init(&shown, BUFFER_CAP);
    if (colon) {
        buffer_append(&shown, proxy, (size_t)(colon + 1 - proxy));
        buffer_append_string(&shown, "***");
        buffer_append_string(&shown, at);
    }
    print_string(out, config_table_row(SETTING_NETWORK_PROXY)->path, colon ? shown.data : proxy,
                 winning_source(store, SETTING_NETWORK_PROXY));
}

static enum config_key_kind kind_of(enum setting_id id)
{
    switch (id) {
    case SETTING_API_KEY:
        return CONFIG_KEY_TEXT;
    case SETTING_API_KEY_COMMAND:
        return CONFIG_KEY_COMMAND;
    default:
        return CONFIG_KEY_FILE;
    }
}

/* The source of a key that is there without being used; NULL: none is. */
static const char *unused_key(const struct config_store *store, const struct config *config,
                              enum setting_id id)
{
    enum config_layer layer = config_store_winner(store, id, CONFIG_COMMAND_LINE);

    if (layer < CONFIG_LAYER_COUNT)
        return config_store_source(store, layer, id);
    return id == SETTING_API_KEY ? config->key_withheld : NULL;
}

static void print_key(const struct config_store *store, const struct config *config,
                      enum setting_id id, struct buffer *out)
{
    const char *path = config_table_row(id)->path;
    const char *unused = unused_key(store, config, id);

    if (config->key_kind == kind_of(id))
        buffer_printf(out, "%s = set (from %s)\n", path, config->key_source);
    else if (id == SETTING_API_KEY && config->key_fault)
        buffer_printf(out, "%s = set (from %s), unusable: %s\n", path, config->key_source,
                      config->key_fault);
    else if (unused)
        buffer_printf(out, "%s = set (from %s), not used%s\n", path, unused,
                      config->key_withheld ? " for this base URL" : "");
    else
        buffer_printf(out, "%s = not set\n", path);
}

static void print_language(const struct config_store *store, const struct config *config,
                           struct buffer *out)
{
    enum setting_id id = SETTING_ANSWER_LANGUAGE;
    bool is_set = config_store_winner(store, id, CONFIG_COMMAND_LINE) < CONFIG_LAYER_COUNT;
    bool is_locale = !is_set && config->answer_language;

    print_string(out, config_table_row(id)->path, config->answer_language,
                 is_locale ? "the client's locale" : winning_source(store, id));
}

static int print_setting(const struct config_store *store, const struct config *config,
                         enum setting_id id, struct buffer *out)
{
    switch (id) {
    case SETTING_BASE_URL:
        print_base_url(store, config, out);
        break;
    case SETTING_API_KEY:
    case SETTING_API_KEY_COMMAND:
    case SETTING_API_KEY_FILE:
        print_key(store, config, id, out);
        break;
    case SETTING_PARAMETERS_COMPLETION:
    case SETTING_PARAMETERS_EXPLAIN:
    case SETTING_PARAMETERS_REFACTOR:
    case SETTING_PARAMETERS_COMMIT:
        return print_members(store, id, out);
    case SETTING_INSTRUCTIONS:
        print_instructions(store, config, out);
        break;
    case SETTING_ANSWER_LANGUAGE:
        print_language(store, config, out);
        break;
    case SETTING_IGNORE:
        print_list(store, id, &config->ignore, out);
        break;
    case SETTING_NETWORK_REDIRECT_HOSTS:
        print_list(store, id, &config->redirect_hosts, out);
        break;
    case SETTING_NETWORK_PROXY:
        print_proxy(store, config, out);
        break;
    default:
        print_first(store, id, out);
        break;
    }
    return buffer_error(out);
}

/* ---- keys in other places -------------------------------------------------------------------- */

/* A shorter text would be found in words. */
#define KEY_LEAST 6

/* Shows a key that a person also wrote somewhere else as "***". */
static int hide_key(struct buffer *out, char *key)
{
    struct buffer hidden CLEANUP(buffer_finish);
    const char *from = out->data, *found;
    size_t length = key && !config_key_clean(key) ? strlen(key) : 0;

    buffer_init(&hidden, BUFFER_CAP);
    if (length < KEY_LEAST)
        return 0;
    while ((found = strstr(from, key))) {
        buffer_append(&hidden, from, (size_t)(found - from));
        buffer_append_string(&hidden, "***");
        from = found + length;
    }
    if (from == out->data)
        return 0;
    buffer_append_string(&hidden, from);
    buffer_clear(out);
    buffer_append(out, hidden.data, hidden.length);
    return buffer_error(&hidden) ? buffer_error(&hidden) : buffer_error(out);
}

static int hide_copy(struct buffer *out, const char *key)
{
    char *copy = key ? strdup(key) : NULL;
    int error = key && !copy ? -ENOMEM : hide_key(out, copy);

    config_wipe(copy);
    return error;
}

static int hide_keys(const struct config_store *store, struct buffer *out)
{
    int error = hide_copy(out, store->thegrid_key);

    if (!error)
        error = hide_copy(out, store->openai_key);
    if (!error)
        error = hide_copy(out, store->sandbox_key);
    /* Unlike other settings, a layer has the key as it is and not as JSON. */
    for (size_t i = 0; i < CONFIG_LAYER_COUNT && !error; i++)
        error = hide_copy(out, config_store_text(store, (enum config_layer)i, SETTING_API_KEY));
    return error;
}

int config_store_print(struct config_store *store, struct buffer *out)
{
    struct config *config = config_store_snapshot(store);
    struct buffer text CLEANUP(buffer_finish);
    int error = config ? 0 : -ENOMEM;

    buffer_init(&text, BUFFER_CAP);
    for (size_t id = 0; id < SETTING_COUNT && !error; id++)
        error = print_setting(store, config, (enum setting_id)id, &text);
    config_unref(config);
    if (!error)
        error = hide_keys(store, &text);
    return error ? error : buffer_append(out, text.data, text.length);
}

int config_table_markdown(struct buffer *out)
{
    for (size_t id = 0; id < SETTING_COUNT; id++) {
        const struct setting *row = config_table_row((enum setting_id)id);

        buffer_printf(out, "| `%s`", row->path);
        for (const char *const *alias = row->aliases; alias && *alias; alias++)
            buffer_printf(out, "%s `%s`", alias == row->aliases ? " (also" : ",", *alias);
        buffer_printf(out, "%s | %s | ", row->aliases ? ")" : "", row->help);
        if (!row->built_in)
            buffer_append_string(out, "none |\n");
        else if (strlen(row->built_in) > MARKDOWN_CELL_MAX)
            buffer_append_string(out, "a list; see `gridls config` |\n");
        else
            buffer_printf(out, "`%s` |\n", row->built_in);
    }
    return buffer_error(out);
}
