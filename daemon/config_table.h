#ifndef GRIDLS_CONFIG_TABLE_H
#define GRIDLS_CONFIG_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"

/* The one table of settings, for the files of config only. A new setting is a row here and a member
 * of struct config. */

enum setting_id {
    SETTING_BASE_URL,
    SETTING_API_KEY,
    SETTING_API_KEY_COMMAND,
    SETTING_API_KEY_FILE,
    SETTING_INSTRUMENT_COMPLETION,
    SETTING_INSTRUMENT_EXPLAIN,
    SETTING_INSTRUMENT_REFACTOR,
    SETTING_INSTRUMENT_COMMIT,
    SETTING_COMPLETION_ENABLED,
    SETTING_COMPLETION_DEBOUNCE_MS,
    SETTING_COMPLETION_MAX_TOKENS,
    SETTING_COMPLETION_MAX_LINES,
    SETTING_COMPLETION_AHEAD,
    SETTING_COMPLETION_RELATED,
    SETTING_COMPLETION_MENU,
    SETTING_EXPLAIN_RELATED,
    SETTING_EXPLAIN_TOOLS,
    SETTING_PARAMETERS_COMPLETION,
    SETTING_PARAMETERS_EXPLAIN,
    SETTING_PARAMETERS_REFACTOR,
    SETTING_PARAMETERS_COMMIT,
    SETTING_INSTRUCTIONS,
    SETTING_ANSWER_LANGUAGE,
    SETTING_COMMIT_STYLE,
    SETTING_IGNORE,
    SETTING_NETWORK_PROXY,
    SETTING_NETWORK_CA_FILE,
    SETTING_NETWORK_CONNECT_TIMEOUT_MS,
    SETTING_NETWORK_IDLE_TIMEOUT_MS,
    SETTING_NETWORK_RETRIES,
    SETTING_NETWORK_MAX_IN_FLIGHT,
    SETTING_NETWORK_REDIRECT_HOSTS,
    SETTING_NETWORK_ALLOW_HTTP,
    SETTING_PRIVACY_REDACT_SECRETS,
    SETTING_COUNT,
};

enum setting_type {
    SETTING_BOOL,
    SETTING_UINT,       /* min .. max */
    SETTING_LINE,       /* a string of at most max bytes without control characters */
    SETTING_TEXT,       /* a string of at most max bytes */
    SETTING_PATH,       /* a line; "~/" in front is the home folder */
    SETTING_CHOICE,     /* one of choices; its number is the value of an enum */
    SETTING_LINES,      /* at most max lines */
    SETTING_ARGV,       /* a command and its arguments, at most max strings */
    SETTING_PARAMETERS, /* an object of request parameters */
};

/* What becomes of the values of several layers. */
enum setting_merge {
    MERGE_FIRST,
    MERGE_JOIN, /* texts, one after the other: a person's, then the project's */
    MERGE_ADD,  /* lists, from the built-in one upwards */
    MERGE_EACH, /* objects, member by member */
    MERGE_APART, /* decided by code of its own: base URL and key */
};

struct setting {
    const char *path;
    const char *const *aliases; /* ends with NULL; NULL: none */
    enum setting_type type;
    enum setting_merge merge;
    bool project; /* a project file may set it */
    bool secret;  /* held as it is, not as JSON, wiped, and never shown */
    size_t offset; /* in struct config */
    int64_t min;
    int64_t max;
    const char *const *choices; /* ends with NULL */
    const char *built_in;       /* JSON; NULL: unset */
    const char *help;           /* one line for people */
};

const struct setting *config_table_row(enum setting_id id);

enum config_name {
    CONFIG_NAME_UNKNOWN,
    CONFIG_NAME_GROUP,   /* "completion": settings have names below it */
    CONFIG_NAME_SETTING, /* *id */
    CONFIG_NAME_MEMBER,  /* *id, and *member: a name in a PARAMETERS setting; points into path */
};

/* What a dotted path names. Aliases are known. */
enum config_name config_table_find(const char *path, enum setting_id *id, const char **member);

/* Whether the value may be that of the setting, or that member of a PARAMETERS setting. */
bool config_table_takes(enum setting_id id, const struct json *value);
bool config_table_takes_member(const char *member, const struct json *value);

/* Appends what the setting must be, for people: "a whole number from 0 to 10". */
int config_table_wanted(enum setting_id id, struct buffer *out);
const char *config_table_wanted_member(const char *member);

/* Whether struct config_parameters has a place of its own for the member. */
bool config_table_is_known_member(const char *member);

/* The name of a setting that an unknown path was likely meant to be; NULL: none is near. */
const char *config_table_nearest(const char *path);

/* The number of edits that make one text out of the other, without regard to ASCII case. */
size_t config_distance(const char *a, const char *b);

#endif
