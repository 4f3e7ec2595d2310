#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_store.h"
#include "protocol/base_url.h"

_Static_assert(sizeof(enum commit_style) == sizeof(unsigned), "CHOICE settings are stored so");

/* ---- lists and members --------------------------------------------------------------------- */

int config_strings_add(struct config_strings *strings, const struct json *array)
{
    size_t more = json_count(array);
    char **items;

    if (more == 0)
        return 0;
    items = realloc(strings->items, (strings->count + more) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    strings->items = items;
    for (const struct json *item = json_first(array); item; item = json_next(item)) {
        items[strings->count] = strdup(json_string(item));
        if (!items[strings->count])
            return -ENOMEM;
        strings->count++;
    }
    return 0;
}

void config_strings_finish(struct config_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        config_wipe(strings->items[i]);
    free(strings->items);
    *strings = (struct config_strings){0};
}

int config_members_load(struct config_members *members, const struct config_store *store,
                        enum setting_id id)
{
    *members = (struct config_members){0};
    for (size_t i = 0; i < CONFIG_LAYER_COUNT; i++) {
        const char *text = config_store_text(store, (enum config_layer)i, id);
        int error = text ? json_parse(text, strlen(text), &members->objects[i]) : 0;

        if (error) {
            config_members_finish(members);
            return error;
        }
    }
    return 0;
}

void config_members_finish(struct config_members *members)
{
    for (size_t i = 0; i < CONFIG_LAYER_COUNT; i++)
        json_destroy(members->objects[i]);
    *members = (struct config_members){0};
}

const struct json *config_members_find(const struct config_members *members, const char *name,
                                       enum config_layer *layer)
{
    for (size_t i = 0; i < CONFIG_LAYER_COUNT; i++) {
        const struct json *member = json_member(members->objects[i], name);

        if (member) {
            if (layer)
                *layer = (enum config_layer)i;
            return member;
        }
    }
    return NULL;
}

static bool is_in_layer_below(const struct config_members *members, const char *name, size_t layer)
{
    for (size_t below = layer + 1; below < CONFIG_LAYER_COUNT; below++) {
        if (json_member(members->objects[below], name))
            return true;
    }
    return false;
}

const struct json *config_members_next(const struct config_members *members,
                                       const struct json *member, enum config_layer *layer)
{
    size_t at = member ? *layer : CONFIG_LAYER_COUNT;

    member = json_next(member);
    for (;;) {
        for (; member; member = json_next(member)) {
            if (!is_in_layer_below(members, json_key(member), at)) {
                *layer = (enum config_layer)at;
                return member;
            }
        }
        if (at == 0)
            return NULL;
        member = json_first(members->objects[--at]);
    }
}

/* ---- one setting --------------------------------------------------------------------------- */

static void *place(struct config *config, const struct setting *row)
{
    return (char *)config + row->offset;
}

char *config_expand_home(const struct config_store *store, const char *path)
{
    struct buffer expanded CLEANUP(buffer_finish);

    buffer_init(&expanded, BUFFER_CAP);
    if (!store->home || strncmp(path, "~/", 2) != 0)
        return strdup(path);
    buffer_printf(&expanded, "%s/%s", store->home, path + 2);
    return buffer_steal(&expanded, NULL);
}

static unsigned choice_number(const struct setting *row, const char *text)
{
    unsigned number = 0;

    while (row->choices[number] && strcmp(row->choices[number], text) != 0)
        number++;
    return number;
}

/* Stores a value that the table has let pass. */
static int store_value(const struct config_store *store, const struct setting *row,
                       const struct json *value, struct config *config)
{
    char *text = NULL;
    int64_t number = 0;
    unsigned choice;

    switch (row->type) {
    case SETTING_BOOL:
        *(bool *)place(config, row) = json_true(value);
        return 0;
    case SETTING_UINT:
        json_integer(value, &number);
        *(uint32_t *)place(config, row) = (uint32_t)number;
        return 0;
    case SETTING_CHOICE:
        choice = choice_number(row, json_string(value));
        memcpy(place(config, row), &choice, sizeof(choice));
        return 0;
    case SETTING_PATH:
        text = config_expand_home(store, json_string(value));
        break;
    case SETTING_LINE:
    case SETTING_TEXT:
        text = strdup(json_string(value));
        break;
    case SETTING_LINES:
    case SETTING_ARGV:
        return config_strings_add(place(config, row), value);
    case SETTING_PARAMETERS:
        return 0;
    }
    *(char **)place(config, row) = text;
    return text ? 0 : -ENOMEM;
}

static int merge_first(const struct config_store *store, enum setting_id id, struct config *config)
{
    enum config_layer layer = config_store_winner(store, id, CONFIG_COMMAND_LINE);
    struct json *value CLEANUP(json_cleanup) = NULL;
    const char *text;
    int error;

    if (layer == CONFIG_LAYER_COUNT)
        return 0;
    text = config_store_text(store, layer, id);
    error = json_parse(text, strlen(text), &value);
    return error ? error : store_value(store, config_table_row(id), value, config);
}

static int merge_add(const struct config_store *store, enum setting_id id, struct config *config)
{
    for (size_t i = CONFIG_LAYER_COUNT; i-- > 0;) {
        const char *text = config_store_text(store, (enum config_layer)i, id);
        struct json *value CLEANUP(json_cleanup) = NULL;
        int error = text ? json_parse(text, strlen(text), &value) : 0;

        if (!error && value)
            error = store_value(store, config_table_row(id), value, config);
        if (error)
            return error;
    }
    return 0;
}

/* A person's text, from the highest of their layers, then the project's. */
static int merge_join(const struct config_store *store, enum setting_id id, struct config *config)
{
    enum config_layer layer = config_store_winner(store, id, CONFIG_COMMAND_LINE);
    char *person CLEANUP(cleanup_free) = NULL;
    char *project CLEANUP(cleanup_free) = NULL;
    struct buffer joined CLEANUP(buffer_finish);
    char **text = place(config, config_table_row(id));
    int error = 0;

    buffer_init(&joined, BUFFER_CAP);
    if (layer < CONFIG_PROJECT_FILE)
        error = config_store_string(store, layer, id, &person);
    if (!error)
        error = config_store_string(store, CONFIG_PROJECT_FILE, id, &project);
    if (error)
        return error;
    buffer_append_string(&joined, person ? person : "");
    buffer_append_string(&joined, person && project ? "\n\n" : "");
    buffer_append_string(&joined, project ? project : "");
    *text = buffer_steal(&joined, NULL);
    return *text ? 0 : -ENOMEM;
}

/* ---- parameters ---------------------------------------------------------------------------- */

static int copy_extra(const struct config_members *members, struct json **extra)
{
    struct buffer text CLEANUP(buffer_finish);
    struct json_writer writer;
    enum config_layer layer = CONFIG_COMMAND_LINE;
    const struct json *member = NULL;
    bool any = false;

    buffer_init(&text, BUFFER_CAP);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    while ((member = config_members_next(members, member, &layer)) != NULL) {
        const char *name = json_key(member);

        if (!config_table_is_known_member(name)) {
            json_write_key(&writer, name);
            json_write_value(&writer, config_members_find(members, name, NULL));
            any = true;
        }
    }
    json_end_object(&writer);
    if (buffer_error(&text))
        return buffer_error(&text);
    return any ? json_parse(text.data, text.length, extra) : 0;
}

static int copy_stop(const struct json *stop, struct config_strings *strings)
{
    if (json_type(stop) != JSON_STRING)
        return config_strings_add(strings, stop);
    strings->items = calloc(1, sizeof(*strings->items));
    if (!strings->items)
        return -ENOMEM;
    strings->items[0] = strdup(json_string(stop));
    if (!strings->items[0])
        return -ENOMEM;
    strings->count = 1;
    return 0;
}

static int merge_each(const struct config_store *store, enum setting_id id, struct config *config)
{
    struct config_parameters *parameters = place(config, config_table_row(id));
    struct config_members members CLEANUP(config_members_finish);
    const char *effort;
    int error = config_members_load(&members, store, id);

    parameters->temperature = -1;
    parameters->top_p = -1;
    if (error)
        return error;
    json_number(config_members_find(&members, "temperature", NULL), &parameters->temperature);
    json_number(config_members_find(&members, "top_p", NULL), &parameters->top_p);
    json_integer(config_members_find(&members, "max_tokens", NULL), &parameters->max_tokens);
    effort = json_string(config_members_find(&members, "reasoning_effort", NULL));
    if (effort) {
        parameters->reasoning_effort = strdup(effort);
        if (!parameters->reasoning_effort)
            return -ENOMEM;
    }
    error = copy_stop(config_members_find(&members, "stop", NULL), &parameters->stop);
    return error ? error : copy_extra(&members, &parameters->extra);
}

/* ---- the base URL -------------------------------------------------------------------------- */

static int use_sandbox(const struct config_store *store, struct config *config)
{
    config->sandbox = true;
    config->is_the_grid = true; /* instrument names are judged as The Grid's */
    config->base_url_is_explicit = true;
    config->base_url = strdup(store->sandbox_url);
    return config->base_url ? 0 : -ENOMEM;
}

static int tell_fault(struct config *config, enum base_url_verdict verdict, const char *source)
{
    struct buffer fault CLEANUP(buffer_finish);

    buffer_init(&fault, BUFFER_CAP);
    buffer_printf(&fault, "%s It comes from: %s.", base_url_verdict_text(verdict), source);
    config->base_url_fault = buffer_steal(&fault, NULL);
    return config->base_url_fault ? 0 : -ENOMEM;
}

static int resolve_base_url(const struct config_store *store, enum config_layer layer,
                            struct config *config)
{
    char *given CLEANUP(cleanup_free) = NULL;
    struct buffer url CLEANUP(buffer_finish);
    struct buffer repairs CLEANUP(buffer_finish);
    enum base_url_verdict verdict;
    int error;

    buffer_init(&url, BUFFER_CAP);
    buffer_init(&repairs, BUFFER_CAP);
    if (store->sandbox_url)
        return use_sandbox(store, config);
    error = config_store_string(store, layer, SETTING_BASE_URL, &given);
    if (error)
        return error;
    verdict = base_url_repair(given, config->allow_http, &url, &repairs);
    if (buffer_error(&url) || buffer_error(&repairs))
        return -ENOMEM;
    config->base_url_is_explicit = layer != CONFIG_BUILT_IN;
    if (verdict != BASE_URL_GOOD)
        return tell_fault(config, verdict, config_store_source(store, layer, SETTING_BASE_URL));
    if (repairs.length > 0 && !(config->base_url_repairs = buffer_steal(&repairs, NULL)))
        return -ENOMEM;
    config->is_the_grid = base_url_is_the_grid(url.data);
    config->base_url = buffer_steal(&url, NULL);
    return config->base_url ? 0 : -ENOMEM;
}

/* ---- the snapshot -------------------------------------------------------------------------- */

static int merge_all(const struct config_store *store, struct config *config)
{
    static int (*const merges[])(const struct config_store *, enum setting_id, struct config *) = {
        [MERGE_FIRST] = merge_first,
        [MERGE_JOIN] = merge_join,
        [MERGE_ADD] = merge_add,
        [MERGE_EACH] = merge_each,
        [MERGE_APART] = NULL,
    };
    int error = 0;

    for (size_t id = 0; id < SETTING_COUNT && !error; id++) {
        enum setting_merge merge = config_table_row((enum setting_id)id)->merge;

        if (merges[merge])
            error = merges[merge](store, (enum setting_id)id, config);
    }
    return error;
}

/* The Grid's documents write "Code-Prime", its servers take "code-prime". */
static void lower_instruments(struct config *config)
{
    for (size_t task = 0; task < TASK_COUNT; task++) {
        for (char *c = config->instruments[task]; *c; c++) {
            if (*c >= 'A' && *c <= 'Z')
                *c = (char)(*c - 'A' + 'a');
        }
    }
}

static int fill(const struct config_store *store, struct config *config)
{
    enum config_layer url_layer =
        config_store_winner(store, SETTING_BASE_URL, CONFIG_COMMAND_LINE);
    struct config_parameters *completion = &config->parameters[TASK_COMPLETION];
    int error = merge_all(store, config);

    if (!error)
        error = resolve_base_url(store, url_layer, config);
    if (!error)
        error = config_key_resolve(store, url_layer, config);
    if (error)
        return error;
    if (completion->max_tokens == 0)
        completion->max_tokens = config->completion_max_tokens;
    if (config->is_the_grid)
        lower_instruments(config);
    if (!config->answer_language && store->locale) {
        config->answer_language = strdup(store->locale);
        return config->answer_language ? 0 : -ENOMEM;
    }
    return 0;
}

int config_snapshot_create(const struct config_store *store, struct config **config)
{
    int error;

    *config = calloc(1, sizeof(**config));
    if (!*config)
        return -ENOMEM;
    (*config)->references = 1;
    error = fill(store, *config);
    if (error) {
        config_unref(*config);
        *config = NULL;
    }
    return error;
}

struct config *config_ref(struct config *config)
{
    config->references++;
    return config;
}

static void parameters_finish(struct config_parameters *parameters)
{
    config_strings_finish(&parameters->stop);
    free(parameters->reasoning_effort);
    json_destroy(parameters->extra);
}

void config_unref(struct config *config)
{
    if (!config || --config->references > 0)
        return;
    free(config->base_url);
    free(config->base_url_fault);
    free(config->base_url_repairs);
    config_wipe(config->api_key);
    config_strings_finish(&config->api_key_command);
    free(config->api_key_file);
    free(config->key_fault);
    for (size_t task = 0; task < TASK_COUNT; task++) {
        free(config->instruments[task]);
        parameters_finish(&config->parameters[task]);
    }
    free(config->instructions);
    free(config->answer_language);
    config_strings_finish(&config->ignore);
    config_wipe(config->proxy);
    free(config->ca_file);
    config_strings_finish(&config->redirect_hosts);
    free(config);
}
