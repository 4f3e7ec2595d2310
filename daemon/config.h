#ifndef GRIDLS_CONFIG_H
#define GRIDLS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"
#include "protocol/chat.h"
#include "protocol/json.h"

/*
 * Settings. One table (config_table.c) says of each: its path, its type and bounds, what is built
 * in, whether a project file may set it, and one line for people. Layers of JSON are laid over each
 * other; a snapshot is the immutable result, counted by references: a request keeps the one that it
 * began with, and a change takes effect on the next request.
 */

/* First wins. The project's file comes last: a repository may fill in, not overrule the person. */
enum config_layer {
    CONFIG_COMMAND_LINE,
    CONFIG_CLIENT_SETTINGS, /* workspace/configuration, workspace/didChangeConfiguration */
    CONFIG_CLIENT_OPTIONS,  /* initializationOptions */
    CONFIG_ENVIRONMENT,
    CONFIG_USER_FILE,
    CONFIG_PROJECT_FILE,
    CONFIG_BUILT_IN,
    CONFIG_LAYER_COUNT,
};

enum task { TASK_COMPLETION, TASK_EXPLAIN, TASK_REFACTOR, TASK_COMMIT, TASK_COUNT };

/* "completion", "explain", "refactor", "commit". */
const char *task_name(enum task task);

enum commit_style { COMMIT_STYLE_AUTO, COMMIT_STYLE_CONVENTIONAL, COMMIT_STYLE_PLAIN };

struct config_strings {
    char **items;
    size_t count;
};

/* Where the key comes from; the text of api_key itself only where a layer holds it. */
enum config_key_kind {
    CONFIG_KEY_NONE,
    CONFIG_KEY_TEXT,
    CONFIG_KEY_COMMAND, /* api_key_command: argv */
    CONFIG_KEY_FILE,    /* api_key_file: path, `~/` expanded */
};

/* What one task sends along, from parameters.TASK over the built-in values. */
struct config_parameters {
    double temperature;      /* < 0: unset */
    double top_p;            /* < 0: unset */
    int64_t max_tokens;
    struct config_strings stop; /* at most 4 */
    char *reasoning_effort;  /* NULL: unset */
    struct json *extra;      /* owned: the other members, passed through; NULL: none */
};

struct config {
    unsigned references;
    uint64_t generation;      /* differs between any two snapshots of a store */

    char *base_url;           /* repaired; NULL where the given one is unusable */
    char *base_url_fault;     /* a sentence for a person where base_url is NULL */
    char *base_url_repairs;   /* what was repaired, a phrase; NULL: nothing */
    bool base_url_is_explicit;
    bool is_the_grid;
    bool sandbox;             /* --sandbox: base_url and key are the sandbox's */

    enum config_key_kind key_kind;
    char *api_key;            /* KEY_TEXT; wiped when the snapshot goes */
    struct config_strings api_key_command;
    char *api_key_file;
    const char *key_source;   /* for people: "THEGRID_API_KEY", "user file"; static */
    char *key_fault;          /* why a key that was given cannot be used, a sentence; NULL */
    const char *key_withheld; /* the source of a key that is not sent, as it is another provider's
                                 than the base URL's; static, NULL: none */

    char *instruments[TASK_COUNT];
    struct config_parameters parameters[TASK_COUNT];
    char *instructions;       /* the person's, then the project's; "" if none */
    char *answer_language;    /* the setting, else the client's locale; NULL: English */
    enum commit_style commit_style;
    struct config_strings ignore; /* gitignore lines in order: built in, then each layer's */

    bool completion_enabled;
    uint32_t completion_debounce_ms;
    uint32_t completion_max_tokens;
    uint32_t completion_max_lines;
    bool completion_ahead;
    bool completion_related;
    bool completion_menu;
    bool explain_related;
    bool explain_tools;

    char *proxy;              /* NULL: from the environment; may hold a password */
    char *ca_file;            /* `~/` expanded; NULL: the system's */
    uint32_t connect_timeout_ms;
    uint32_t idle_timeout_ms;
    uint32_t retries;
    uint32_t max_in_flight;
    struct config_strings redirect_hosts;
    bool allow_http;

    bool redact_secrets;
};

struct config *config_ref(struct config *config);
void config_unref(struct config *config); /* takes NULL */

/* Whether both ask the same upstream with the same key, instruments, parameters and network: what went
 * wrong with the one goes wrong with the other. */
bool config_asks_alike(const struct config *a, const struct config *b);

#define CONFIG_KEY_MAX 8192 /* bytes */

/*
 * Makes a key, from wherever it came, fit for a header: cuts off the white space around it, in
 * place (an empty one is no key). Returns NULL, or what is wrong with it: the end of a sentence that
 * begins with "The key", never with its text; static.
 */
const char *config_key_clean(char *key);

/* ---- store --------------------------------------------------------------------------------- */

struct config_store;

int config_store_create(struct config_store **store);
void config_store_destroy(struct config_store *store);

/*
 * Replaces a layer by `object` (copied; NULL clears it). Nested members and dotted names are both
 * taken ({"completion":{"menu":true}}, {"completion.menu":true}). What is wrong (unknown name,
 * wrong type, out of bounds, not allowed in this layer) keeps its old meaning, that is, falls to the
 * layer below, and is named in `warnings` (may be NULL), one sentence a line. Empty strings and
 * lists count as unset, as does null: clients send them for what nobody set. A project's `ignore`
 * cannot take a pattern back ("!x"). Returns 0, or -ENOMEM, which leaves the layer as it was.
 */
int config_store_set(struct config_store *store, enum config_layer layer,
                     const struct json *object, struct buffer *warnings);

/* The same from the text of a file with comments. `name` is what messages call it. Returns 0,
 * -EBADMSG (warnings say the line; the layer is left as it was) or -ENOMEM. */
int config_store_set_text(struct config_store *store, enum config_layer layer, const char *name,
                          const char *text, size_t length, struct buffer *warnings);

/* Sets one setting by its path in a layer: for command line and environment. `json` is JSON text;
 * null unsets. `source` is what people are told, static; NULL: the layer's own name. Returns 0,
 * -ENOENT (no such setting), -EINVAL or -ENOMEM. */
int config_store_set_value(struct config_store *store, enum config_layer layer, const char *path,
                           const char *json, const char *source);

/* Fills CONFIG_ENVIRONMENT from `lookup` (getenv, or a test's): THEGRID_API_KEY, THEGRID_BASE_URL,
 * OPENAI_BASE_URL, OPENAI_API_BASE, OPENAI_API_KEY. An empty variable is unset. HOME is what "~/"
 * in paths stands for. Returns 0 or -ENOMEM. */
int config_store_set_environment(struct config_store *store,
                                 const char *(*lookup)(void *context, const char *name),
                                 void *context);

/* --sandbox: all requests go to the sandbox at this URL with this key, whatever the layers say. */
int config_store_set_sandbox(struct config_store *store, const char *base_url, const char *key);

/* The client's locale ("de", "pt-BR"), the default of answer_language. */
int config_store_set_locale(struct config_store *store, const char *locale);

/* The snapshot of the layers as they are; made when first asked for after a change. A reference for
 * the caller, NULL when memory runs out. */
struct config *config_store_snapshot(struct config_store *store);

/* `gridls config`: every setting, a line each: path, value as JSON, where it came from. A key only
 * as "set (from X)", never its text. */
int config_store_print(struct config_store *store, struct buffer *out);

/* Where the value of a setting comes from, for people: "user file", "built in"; static. */
const char *config_store_origin(const struct config_store *store, const char *path);

/* The table as Markdown rows (setting | meaning | built in), for the README's check. */
int config_table_markdown(struct buffer *out);

/*
 * `gridls config --table`: the table as a JSON array, for those who make forms of it. Each row has
 * name, description, type, minimum, maximum, enum and items as JSON Schema has them, default (null:
 * unset), secret, and project (a project file may set it).
 */
int config_table_json(struct buffer *out);

/*
 * Judges an instrument name on The Grid: NULL where it is one of the nine (or one of the market's
 * other ids, "*-latest"), else the nearest of the nine.
 */
const char *config_nearest_instrument(const char *name);

#endif
