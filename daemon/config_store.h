#ifndef GRIDLS_CONFIG_STORE_H
#define GRIDLS_CONFIG_STORE_H

#include "daemon/config_table.h"

/* The inside of the store, for the files of config only. */

struct config_entry {
    char *text;         /* JSON, of a secret the text itself; NULL: unset */
    const char *source; /* for people; static */
};

struct config_values {
    struct config_entry entries[SETTING_COUNT];
};

/* Which kind of variable the environment's base URL came from. */
enum config_url_variable { URL_VARIABLE_NONE, URL_VARIABLE_THEGRID, URL_VARIABLE_OPENAI };

struct config_store {
    struct config_values layers[CONFIG_LAYER_COUNT]; /* the built-in one is in the table instead */
    enum config_url_variable url_variable;
    char *thegrid_key; /* from the environment; whether one is used depends on the base URL */
    char *openai_key;
    char *home;
    char *locale;
    char *sandbox_url; /* NULL: no sandbox */
    char *sandbox_key;
    uint64_t generation;
    struct config *snapshot; /* NULL: to be made */
};

/* Takes the text (NULL unsets), and wipes and frees the one before. */
void config_entry_set(struct config_entry *entry, char *text, const char *source);

/* The text of a setting in a layer, NULL where it is unset there. */
const char *config_store_text(const struct config_store *store, enum config_layer layer,
                              enum setting_id id);
const char *config_store_source(const struct config_store *store, enum config_layer layer,
                                enum setting_id id);

/* The highest layer at `from` or below that has the setting; CONFIG_LAYER_COUNT: none. */
enum config_layer config_store_winner(const struct config_store *store, enum setting_id id,
                                      enum config_layer from);

/* The string that a setting is, parsed: *out is the caller's, NULL where it is unset in the layer
 * (CONFIG_LAYER_COUNT included). Returns 0 or -ENOMEM. */
int config_store_string(const struct config_store *store, enum config_layer layer,
                        enum setting_id id, char **out);

/* Copies the strings of a JSON array behind those that `strings` has. Returns 0 or -ENOMEM. */
int config_strings_add(struct config_strings *strings, const struct json *array);
void config_strings_finish(struct config_strings *strings);

/* Overwrites and frees; takes NULL. */
void config_wipe(char *secret);

/* ---- reading a layer ------------------------------------------------------------------------- */

struct config_loading {
    struct config_values *values;
    enum config_layer layer;
    const char *name;        /* what warnings call the layer */
    const char *source;      /* of the values; static */
    bool replace;            /* a later value replaces an earlier one, and null unsets it */
    struct buffer *warnings; /* NULL: none are wanted */
    unsigned warned;
    int first_error;         /* 0; what was refused: -ENOENT, -EINVAL, -EPERM, -EEXIST */
};

/* One path and its value. Returns 0, also where it is refused with a warning, or -ENOMEM. */
int config_load(struct config_loading *loading, const char *path, const struct json *value);
/* All members of an object. */
int config_load_object(struct config_loading *loading, const struct json *object);

/* null, "" and []. */
bool config_is_unset(const struct json *value);

/* ---- objects of parameters, over all layers -------------------------------------------------- */

struct config_members {
    struct json *objects[CONFIG_LAYER_COUNT];
};

int config_members_load(struct config_members *members, const struct config_store *store,
                        enum setting_id id); /* 0 or -ENOMEM */
void config_members_finish(struct config_members *members);

/* The member in the highest layer that has it; NULL: none. *layer may be NULL. */
const struct json *config_members_find(const struct config_members *members, const char *name,
                                       enum config_layer *layer);

/* Walks each name once, those of the built-in layer first: NULL begins, NULL ends. *layer is the
 * walk's own. */
const struct json *config_members_next(const struct config_members *members,
                                       const struct json *member, enum config_layer *layer);

/* ---- parts of a snapshot --------------------------------------------------------------------- */

/* A snapshot of the layers with one reference. Returns 0 or -ENOMEM. */
int config_snapshot_create(const struct config_store *store, struct config **config);

/* Fills the key_ and api_key members; the base URL is there already and comes from `url_layer`.
 * Returns 0 or -ENOMEM. */
int config_key_resolve(const struct config_store *store, enum config_layer url_layer,
                       struct config *config);

/* The path with a leading "~/" replaced by the home folder; the caller's. NULL: out of memory. */
char *config_expand_home(const struct config_store *store, const char *path);

#endif
