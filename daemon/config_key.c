#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_store.h"
#include "protocol/base_url.h"
#include "protocol/url.h"

const char *config_key_clean(char *key)
{
    static const char blanks[] = " \t\r\n\f\v";
    char *start = key + strspn(key, blanks);
    size_t length = strlen(start);

    while (length > 0 && strchr(blanks, start[length - 1]))
        length--;
    memmove(key, start, length);
    /* What stood behind is key, too. */
    explicit_bzero(key + length, strlen(key + length));
    if (length > CONFIG_KEY_MAX)
        return "is longer than any key";
    for (size_t i = 0; i < length; i++) {
        if (key[i] == ' ')
            return "has a blank inside";
        if ((unsigned char)key[i] < ' ' || key[i] == 0x7f)
            return "has a control character inside";
        if ((unsigned char)key[i] > 0x7f)
            return "has a character beyond ASCII inside";
    }
    return NULL;
}

/* A key as text, cleaned. An empty one leaves the config without, as though it were unset. */
static int use_text(struct config *config, const char *text, const char *source)
{
    struct buffer sentence CLEANUP(buffer_finish);
    char *key = strdup(text);
    const char *fault;

    buffer_init(&sentence, BUFFER_CAP);
    if (!key)
        return -ENOMEM;
    fault = config_key_clean(key);
    if (!fault && key[0] != '\0') {
        config->key_kind = CONFIG_KEY_TEXT;
        config->api_key = key;
        config->key_source = source;
        return 0;
    }
    config_wipe(key);
    if (!fault)
        return 0;
    config->key_source = source;
    buffer_printf(&sentence, "The key (from %s) %s.", source, fault);
    config->key_fault = buffer_steal(&sentence, NULL);
    return config->key_fault ? 0 : -ENOMEM;
}

static bool is_settled(const struct config *config)
{
    return config->key_kind != CONFIG_KEY_NONE || config->key_fault;
}

/* ---- whose key it is ----------------------------------------------------------------------- */

static bool is_loopback(const char *text)
{
    struct url url;

    return url_parse(text, &url) == 0 && url_is_loopback(&url);
}

static bool is_same_origin(const char *a, const char *b)
{
    struct url first;
    struct url second;

    return url_parse(a, &first) == 0 && url_parse(b, &second) == 0 &&
           url_same_origin(&first, &second);
}

/*
 * Whether the key of a layer is meant for the base URL in force. Where a higher layer named that,
 * the key was written for the base URL that its own layer and those below give, and must not go to
 * another provider. A server on this machine is a person's own.
 */
static int is_meant_for(const struct config_store *store, const struct config *config,
                        enum config_layer key_layer, enum config_layer url_layer, bool *meant)
{
    struct buffer url CLEANUP(buffer_finish);
    char *given CLEANUP(cleanup_free) = NULL;
    bool is_grids;
    int error;

    buffer_init(&url, BUFFER_CAP);
    *meant = true;
    if (url_layer >= key_layer || !config->base_url || is_loopback(config->base_url))
        return 0;
    error = config_store_string(store, config_store_winner(store, SETTING_BASE_URL, key_layer),
                                SETTING_BASE_URL, &given);
    if (error)
        return error;
    base_url_repair(given, true, &url, NULL);
    is_grids = config->is_the_grid || (url_layer == CONFIG_ENVIRONMENT &&
                                       store->url_variable == URL_VARIABLE_THEGRID);
    *meant = is_same_origin(config->base_url, url.data) ||
             (is_grids && base_url_is_the_grid(url.data));
    return buffer_error(&url) == -ENOMEM ? -ENOMEM : 0;
}

/* ---- the sources --------------------------------------------------------------------------- */

/* The environment's keys are for their providers: THEGRID_API_KEY for The Grid, a server on this
 * machine and whatever THEGRID_BASE_URL names; OPENAI_API_KEY for any other base URL, once one was
 * given. */
static int use_environment(const struct config_store *store, enum config_layer url_layer,
                           struct config *config)
{
    static const char thegrid_source[] = "THEGRID_API_KEY";
    static const char openai_source[] = "OPENAI_API_KEY";
    enum config_url_variable variable =
        url_layer == CONFIG_ENVIRONMENT ? store->url_variable : URL_VARIABLE_NONE;
    bool thegrid = config->is_the_grid || variable == URL_VARIABLE_THEGRID ||
                   (config->base_url && is_loopback(config->base_url));
    bool openai = config->base_url_is_explicit && !config->is_the_grid;
    int error = 0;

    if (store->thegrid_key && !thegrid)
        config->key_withheld = thegrid_source;
    else if (store->openai_key && !openai)
        config->key_withheld = openai_source;
    thegrid = thegrid && store->thegrid_key;
    openai = openai && store->openai_key;
    if (openai && (!thegrid || variable == URL_VARIABLE_OPENAI))
        error = use_text(config, store->openai_key, openai_source);
    if (!error && !is_settled(config) && thegrid)
        error = use_text(config, store->thegrid_key, thegrid_source);
    return error;
}

static int use_command(const struct config_store *store, enum config_layer layer,
                       struct config *config)
{
    const char *text = config_store_text(store, layer, SETTING_API_KEY_COMMAND);
    struct json *argv CLEANUP(json_cleanup) = NULL;
    int error = json_parse(text, strlen(text), &argv);

    if (error)
        return error;
    config->key_kind = CONFIG_KEY_COMMAND;
    config->key_source = config_store_source(store, layer, SETTING_API_KEY_COMMAND);
    return config_strings_add(&config->api_key_command, argv);
}

static int use_file(const struct config_store *store, enum config_layer layer,
                    struct config *config)
{
    char *path CLEANUP(cleanup_free) = NULL;
    int error = config_store_string(store, layer, SETTING_API_KEY_FILE, &path);

    if (error)
        return error;
    config->key_kind = CONFIG_KEY_FILE;
    config->key_source = config_store_source(store, layer, SETTING_API_KEY_FILE);
    config->api_key_file = config_expand_home(store, path);
    return config->api_key_file ? 0 : -ENOMEM;
}

/* The first of the three that the layer has. */
static int use_layer(const struct config_store *store, enum config_layer layer,
                     enum config_layer url_layer, struct config *config)
{
    static const enum setting_id ids[] = {SETTING_API_KEY, SETTING_API_KEY_COMMAND,
                                          SETTING_API_KEY_FILE};
    const char *key = config_store_text(store, layer, SETTING_API_KEY);
    bool meant;
    int error;

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        if (!config_store_text(store, layer, ids[i]))
            continue;
        error = is_meant_for(store, config, layer, url_layer, &meant);
        if (error)
            return error;
        if (!meant) {
            config->key_withheld = config_store_source(store, layer, ids[i]);
            return 0;
        }
        if (ids[i] == SETTING_API_KEY)
            error = use_text(config, key, config_store_source(store, layer, ids[i]));
        else if (ids[i] == SETTING_API_KEY_COMMAND)
            error = use_command(store, layer, config);
        else
            error = use_file(store, layer, config);
        if (error || is_settled(config))
            return error;
    }
    return 0;
}

int config_key_resolve(const struct config_store *store, enum config_layer url_layer,
                       struct config *config)
{
    int error = 0;

    if (store->sandbox_url)
        return use_text(config, store->sandbox_key ? store->sandbox_key : "", "sandbox");
    for (size_t i = 0; i < CONFIG_BUILT_IN && !error && !is_settled(config); i++) {
        enum config_layer layer = (enum config_layer)i;

        error = use_layer(store, layer, url_layer, config);
        if (!error && !is_settled(config) && layer == CONFIG_ENVIRONMENT)
            error = use_environment(store, url_layer, config);
    }
    /* One that is used makes the other ones unimportant. */
    if (config->key_kind != CONFIG_KEY_NONE)
        config->key_withheld = NULL;
    return error;
}
