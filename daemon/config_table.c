#include "daemon/config_table.h"

#include <inttypes.h>
#include <string.h>

#define ITEM_MAX_BYTES ((size_t)4096) /* one string of a list */
#define STOP_MAX_COUNT ((size_t)4)    /* as many as the API takes */

static const char *const base_url_aliases[] = {"baseURL", "api_base", "endpoint", NULL};

/* In the order of enum commit_style. */
static const char *const commit_styles[] = {
    [COMMIT_STYLE_AUTO] = "auto",
    [COMMIT_STYLE_CONVENTIONAL] = "conventional",
    [COMMIT_STYLE_PLAIN] = "plain",
    NULL,
};

/* Files that hold keys and passwords by their nature, wherever they lie. */
static const char ignore_built_in[] =
    "[\".env*\",\"*.pem\",\"*.key\",\"*.p12\",\"*.pfx\",\"*.jks\",\"*.keystore\",\"*.kdbx\","
    "\"*.ppk\",\"id_*\",\".ssh/\",\".gnupg/\",\".password-store/\",\".netrc\",\"_netrc\","
    "\".npmrc\",\".pypirc\",\".pgpass\",\".my.cnf\",\".git-credentials\",\".htpasswd\","
    "\"**/.aws/credentials\",\"**/.docker/config.json\",\"**/.kube/config\","
    "\"**/gridls/config.json\",\"*.tfstate\",\"*.tfstate.backup\",\"*.tfvars\"]";

#define INSTRUMENT(task, instrument, text) \
    .path = "instruments." task, .type = SETTING_LINE, .max = 256, .built_in = instrument, \
    .help = text

static const struct setting settings[SETTING_COUNT] = {
    [SETTING_BASE_URL] = {
        .path = "base_url", .aliases = base_url_aliases, .type = SETTING_TEXT,
        .merge = MERGE_APART, .max = 2048, .built_in = "\"https://api.thegrid.ai/v1\"",
        .help = "where `/chat/completions` hangs",
    },
    [SETTING_API_KEY] = {
        .path = "api_key", .type = SETTING_TEXT, .merge = MERGE_APART, .secret = true,
        .max = CONFIG_KEY_MAX, .help = "the key itself",
    },
    [SETTING_API_KEY_COMMAND] = {
        .path = "api_key_command", .type = SETTING_ARGV, .merge = MERGE_APART, .max = 64,
        .help = "a command that prints the key, as a list of arguments; no shell is involved",
    },
    [SETTING_API_KEY_FILE] = {
        .path = "api_key_file", .type = SETTING_PATH, .merge = MERGE_APART, .max = 4096,
        .help = "a file that holds the key; refused if others can read it",
    },
    [SETTING_INSTRUMENT_COMPLETION] = {
        INSTRUMENT("completion", "\"code-standard\"", "the model of inline completion"),
        .offset = offsetof(struct config, instruments[TASK_COMPLETION]),
    },
    [SETTING_INSTRUMENT_EXPLAIN] = {
        INSTRUMENT("explain", "\"code-prime\"", "the model of explanations"),
        .offset = offsetof(struct config, instruments[TASK_EXPLAIN]),
    },
    [SETTING_INSTRUMENT_REFACTOR] = {
        INSTRUMENT("refactor", "\"code-prime\"", "the model of rewrites"),
        .offset = offsetof(struct config, instruments[TASK_REFACTOR]),
    },
    [SETTING_INSTRUMENT_COMMIT] = {
        INSTRUMENT("commit", "\"code-standard\"", "the model of commit messages"),
        .offset = offsetof(struct config, instruments[TASK_COMMIT]),
    },
    [SETTING_COMPLETION_ENABLED] = {
        .path = "completion.enabled", .type = SETTING_BOOL, .project = true, .built_in = "true",
        .offset = offsetof(struct config, completion_enabled),
        .help = "whether completions are offered while typing",
    },
    [SETTING_COMPLETION_DEBOUNCE_MS] = {
        .path = "completion.debounce_ms", .type = SETTING_UINT, .project = true, .max = 5000,
        .built_in = "250", .offset = offsetof(struct config, completion_debounce_ms),
        .help = "how long typing must rest at most before a completion is asked for: less, down to "
                "a quarter, where a line has just begun, keys follow each other fast or answers take "
                "long",
    },
    [SETTING_COMPLETION_MAX_TOKENS] = {
        .path = "completion.max_tokens", .type = SETTING_UINT, .project = true, .min = 1,
        .max = 131072, .built_in = "1024", .offset = offsetof(struct config, completion_max_tokens),
        .help = "the most tokens of a completion, reasoning included; "
                "`parameters.completion.max_tokens` wins over it",
    },
    [SETTING_COMPLETION_MAX_LINES] = {
        .path = "completion.max_lines", .type = SETTING_UINT, .project = true, .min = 1, .max = 200,
        .built_in = "12", .offset = offsetof(struct config, completion_max_lines),
        .help = "the most lines that a completion offers",
    },
    [SETTING_COMPLETION_AHEAD] = {
        .path = "completion.ahead", .type = SETTING_BOOL, .project = true, .built_in = "true",
        .offset = offsetof(struct config, completion_ahead),
        .help = "ask for the next completion as soon as one is accepted",
    },
    [SETTING_COMPLETION_RELATED] = {
        .path = "completion.related", .type = SETTING_BOOL, .project = true, .built_in = "true",
        .offset = offsetof(struct config, completion_related),
        .help = "also send short parts of other open files, of files that are imported, and what was "
                "changed lately",
    },
    [SETTING_COMPLETION_MENU] = {
        .path = "completion.menu", .type = SETTING_BOOL, .project = true, .built_in = "false",
        .offset = offsetof(struct config, completion_menu),
        .help = "also answer `textDocument/completion`",
    },
    [SETTING_EXPLAIN_RELATED] = {
        .path = "explain.related", .type = SETTING_BOOL, .built_in = "true",
        .offset = offsetof(struct config, explain_related),
        .help = "send along, with an explanation, the definitions in other files of what the code "
                "uses",
    },
    [SETTING_EXPLAIN_TOOLS] = {
        .path = "explain.tools", .type = SETTING_BOOL, .built_in = "true",
        .offset = offsetof(struct config, explain_tools),
        .help = "whether the model may look for itself at other files of the project while it "
                "explains: read, search and list what is not ignored",
    },
    [SETTING_PARAMETERS_COMPLETION] = {
        .path = "parameters.completion", .type = SETTING_PARAMETERS, .merge = MERGE_EACH,
        .offset = offsetof(struct config, parameters[TASK_COMPLETION]),
        .built_in = "{\"temperature\":0.1,\"reasoning_effort\":\"low\"}",
        .help = "sent with completions: `temperature`, `top_p`, `max_tokens`, `stop`, "
                "`reasoning_effort`, and any other field that the upstream takes",
    },
    [SETTING_PARAMETERS_EXPLAIN] = {
        .path = "parameters.explain", .type = SETTING_PARAMETERS, .merge = MERGE_EACH,
        .offset = offsetof(struct config, parameters[TASK_EXPLAIN]),
        .built_in = "{\"temperature\":0.3,\"max_tokens\":8192}",
        .help = "the same for explanations",
    },
    [SETTING_PARAMETERS_REFACTOR] = {
        .path = "parameters.refactor", .type = SETTING_PARAMETERS, .merge = MERGE_EACH,
        .offset = offsetof(struct config, parameters[TASK_REFACTOR]),
        .built_in = "{\"temperature\":0.1,\"max_tokens\":16384}",
        .help = "the same for rewrites",
    },
    [SETTING_PARAMETERS_COMMIT] = {
        .path = "parameters.commit", .type = SETTING_PARAMETERS, .merge = MERGE_EACH,
        .offset = offsetof(struct config, parameters[TASK_COMMIT]),
        .built_in = "{\"temperature\":0.2,\"max_tokens\":4096,\"reasoning_effort\":\"low\"}",
        .help = "the same for commit messages",
    },
    [SETTING_INSTRUCTIONS] = {
        .path = "instructions", .type = SETTING_TEXT, .merge = MERGE_JOIN, .project = true,
        .max = 32768, .offset = offsetof(struct config, instructions),
        .help = "text added to every system message (house style)",
    },
    [SETTING_ANSWER_LANGUAGE] = {
        .path = "answer_language", .type = SETTING_LINE, .project = true, .max = 64,
        .offset = offsetof(struct config, answer_language),
        .help = "language of explanations and commit messages; "
                "unset, the client's locale, else English",
    },
    [SETTING_COMMIT_STYLE] = {
        .path = "commit.style", .type = SETTING_CHOICE, .project = true, .choices = commit_styles,
        .built_in = "\"auto\"", .offset = offsetof(struct config, commit_style),
        .help = "`auto` (learn from the history), `conventional` or `plain`",
    },
    [SETTING_IGNORE] = {
        .path = "ignore", .type = SETTING_LINES, .merge = MERGE_ADD, .project = true, .max = 1000,
        .built_in = ignore_built_in, .offset = offsetof(struct config, ignore),
        .help = "globs, gitignore syntax, of files whose text is never sent; added to the built-in "
                "ones, of which `!GLOB` takes one back",
    },
    [SETTING_NETWORK_PROXY] = {
        .path = "network.proxy", .type = SETTING_LINE, .max = 2048,
        .offset = offsetof(struct config, proxy),
        .help = "URL of an http or SOCKS proxy; unset, the one that the environment names",
    },
    [SETTING_NETWORK_CA_FILE] = {
        .path = "network.ca_file", .type = SETTING_PATH, .max = 4096,
        .offset = offsetof(struct config, ca_file),
        .help = "PEM file of the certificate authorities to trust; unset, the system's",
    },
    [SETTING_NETWORK_CONNECT_TIMEOUT_MS] = {
        .path = "network.connect_timeout_ms", .type = SETTING_UINT, .min = 100, .max = 300000,
        .built_in = "8000", .offset = offsetof(struct config, connect_timeout_ms),
        .help = "how long connecting may take",
    },
    [SETTING_NETWORK_IDLE_TIMEOUT_MS] = {
        .path = "network.idle_timeout_ms", .type = SETTING_UINT, .min = 100, .max = 3600000,
        .built_in = "60000", .offset = offsetof(struct config, idle_timeout_ms),
        .help = "how long an answer may be silent, and a commit wait for its hook",
    },
    [SETTING_NETWORK_RETRIES] = {
        .path = "network.retries", .type = SETTING_UINT, .max = 10, .built_in = "2",
        .offset = offsetof(struct config, retries),
        .help = "how often a request that failed before its answer began is tried again",
    },
    [SETTING_NETWORK_MAX_IN_FLIGHT] = {
        .path = "network.max_in_flight", .type = SETTING_UINT, .min = 1, .max = 64,
        .built_in = "3", .offset = offsetof(struct config, max_in_flight),
        .help = "the most requests that run at once",
    },
    [SETTING_NETWORK_REDIRECT_HOSTS] = {
        .path = "network.redirect_hosts", .type = SETTING_LINES, .merge = MERGE_ADD, .max = 64,
        .built_in = "[\"thegrid.ai\"]", .offset = offsetof(struct config, redirect_hosts),
        .help = "hosts (and all below them) to which a redirect may take request and key; added to "
                "the built-in one",
    },
    [SETTING_NETWORK_ALLOW_HTTP] = {
        .path = "network.allow_http", .type = SETTING_BOOL, .built_in = "false",
        .offset = offsetof(struct config, allow_http),
        .help = "allow plain http beyond this machine: key and code can be read on the way",
    },
    [SETTING_PRIVACY_REDACT_SECRETS] = {
        .path = "privacy.redact_secrets", .type = SETTING_BOOL, .built_in = "true",
        .offset = offsetof(struct config, redact_secrets),
        .help = "keys and tokens in texts are replaced by placeholders before they are sent, and "
                "put back in what comes back",
    },
};

const struct setting *config_table_row(enum setting_id id)
{
    return &settings[id];
}

/* ---- names --------------------------------------------------------------------------------- */

static bool is_named(const struct setting *row, const char *path)
{
    if (strcmp(row->path, path) == 0)
        return true;
    for (const char *const *alias = row->aliases; alias && *alias; alias++) {
        if (strcmp(*alias, path) == 0)
            return true;
    }
    return false;
}

/* What stands behind "group." in a path; NULL where it does not begin so. */
static const char *behind(const char *path, const char *group)
{
    size_t length = strlen(group);

    if (strncmp(path, group, length) != 0 || path[length] != '.')
        return NULL;
    return path + length + 1;
}

enum config_name config_table_find(const char *path, enum setting_id *id, const char **member)
{
    bool is_group = false;

    *member = NULL;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *row = &settings[i];

        *id = (enum setting_id)i;
        if (is_named(row, path))
            return CONFIG_NAME_SETTING;
        if (row->type == SETTING_PARAMETERS && (*member = behind(path, row->path)) != NULL)
            return CONFIG_NAME_MEMBER;
        is_group = is_group || behind(row->path, path) != NULL;
    }
    return is_group ? CONFIG_NAME_GROUP : CONFIG_NAME_UNKNOWN;
}

/* ---- values -------------------------------------------------------------------------------- */

static bool is_text(const struct json *value, size_t max)
{
    const char *text = json_string(value);

    /* A NUL could be carried by nothing that the text is for. */
    return text && strlen(text) <= max && !strchr(text, JSON_NUL_BYTE);
}

static bool is_line(const struct json *value, size_t max)
{
    if (!is_text(value, max))
        return false;
    for (const char *c = json_string(value); *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return false;
    }
    return true;
}

static bool is_list(const struct json *value, size_t max,
                    bool (*takes)(const struct json *item, size_t max_bytes))
{
    if (json_type(value) != JSON_ARRAY || json_count(value) > max)
        return false;
    for (const struct json *item = json_first(value); item; item = json_next(item)) {
        if (!takes(item, ITEM_MAX_BYTES))
            return false;
    }
    return true;
}

static bool is_between(const struct json *value, double min, double max)
{
    double number;

    return json_number(value, &number) && number >= min && number <= max;
}

static bool is_whole(const struct json *value, int64_t min, int64_t max)
{
    int64_t number;

    return json_integer(value, &number) && number >= min && number <= max;
}

static bool is_choice(const struct json *value, const char *const *choices)
{
    const char *text = json_string(value);

    for (; text && *choices; choices++) {
        if (strcmp(text, *choices) == 0)
            return true;
    }
    return false;
}

bool config_table_takes(enum setting_id id, const struct json *value)
{
    const struct setting *row = &settings[id];
    size_t max = (size_t)row->max;

    switch (row->type) {
    case SETTING_BOOL:
        return json_type(value) == JSON_BOOL;
    case SETTING_UINT:
        return is_whole(value, row->min, row->max);
    case SETTING_TEXT:
        return is_text(value, max);
    case SETTING_LINE:
    case SETTING_PATH:
        return is_line(value, max);
    case SETTING_CHOICE:
        return is_choice(value, row->choices);
    case SETTING_LINES:
        return is_list(value, max, is_line);
    case SETTING_ARGV:
        return is_list(value, max, is_text);
    case SETTING_PARAMETERS:
        return json_type(value) == JSON_OBJECT;
    }
    return false;
}

int config_table_wanted(enum setting_id id, struct buffer *out)
{
    const struct setting *row = &settings[id];

    switch (row->type) {
    case SETTING_BOOL:
        return buffer_append_string(out, "true or false");
    case SETTING_UINT:
        return buffer_printf(out, "a whole number from %" PRId64 " to %" PRId64, row->min,
                             row->max);
    case SETTING_TEXT:
        return buffer_printf(out, "a string of at most %" PRId64 " bytes", row->max);
    case SETTING_LINE:
    case SETTING_PATH:
        return buffer_printf(out, "a string of one line and at most %" PRId64 " bytes", row->max);
    case SETTING_CHOICE:
        buffer_append_string(out, "one of");
        for (const char *const *choice = row->choices; *choice; choice++)
            buffer_printf(out, "%s \"%s\"", choice == row->choices ? "" : ",", *choice);
        return buffer_error(out);
    case SETTING_LINES:
        return buffer_printf(out, "a list of at most %" PRId64 " strings of one line", row->max);
    case SETTING_ARGV:
        return buffer_append_string(out, "a list of strings, the command and its arguments");
    case SETTING_PARAMETERS:
        return buffer_append_string(out, "an object");
    }
    return buffer_error(out);
}

/* ---- members of parameters.TASK ------------------------------------------------------------ */

static bool takes_temperature(const struct json *value)
{
    return is_between(value, 0, 2);
}

static bool takes_top_p(const struct json *value)
{
    return is_between(value, 0, 1);
}

static bool takes_max_tokens(const struct json *value)
{
    return is_whole(value, 1, 10000000);
}

static bool is_stop(const struct json *value, size_t max)
{
    return is_text(value, max) && json_string(value)[0] != '\0';
}

static bool takes_stop(const struct json *value)
{
    return is_stop(value, ITEM_MAX_BYTES) || is_list(value, STOP_MAX_COUNT, is_stop);
}

static bool takes_effort(const struct json *value)
{
    return is_line(value, 64) && json_string(value)[0] != '\0';
}

/* What the daemon writes itself: a stream is all that it reads. */
static bool takes_nothing(const struct json *value)
{
    (void)value;
    return false;
}

static const struct member {
    const char *name;
    bool (*takes)(const struct json *value);
    const char *wanted;
} members[] = {
    {"temperature", takes_temperature, "a number from 0 to 2"},
    {"top_p", takes_top_p, "a number from 0 to 1"},
    {"max_tokens", takes_max_tokens, "a whole number from 1 to 10000000"},
    {"stop", takes_stop, "a string, or a list of at most 4 strings"},
    {"reasoning_effort", takes_effort, "a string such as \"low\""},
    {"model", takes_nothing, "set as instruments.TASK"},
    {"messages", takes_nothing, "left to gridls"},
    {"stream", takes_nothing, "left to gridls"},
};

static const struct member *find_member(const char *name)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    }
    return NULL;
}

bool config_table_takes_member(const char *member, const struct json *value)
{
    const struct member *known = find_member(member);

    return member[0] != '\0' && (!known || known->takes(value));
}

const char *config_table_wanted_member(const char *member)
{
    const struct member *known = find_member(member);

    return known ? known->wanted : "a named parameter of reasonable size";
}

bool config_table_is_known_member(const char *member)
{
    return find_member(member) != NULL;
}
