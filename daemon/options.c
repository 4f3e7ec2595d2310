#include "daemon/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/oneline.h"

static const char help[] =
    "gridls: completions, explanations, rewrites and commit messages from a Chat Completions\n"
    "service, in any editor that speaks the Language Server Protocol.\n"
    "\n"
    "  gridls [--stdio]                     serve an editor on stdin and stdout\n"
    "  gridls explain FILE[:FIRST[-LAST]] [--question TEXT]\n"
    "                                       explain a file or some of its lines\n"
    "  gridls refactor FILE[:FIRST[-LAST]] --instruction TEXT [--write]\n"
    "                                       print a rewrite as a patch, or write it to the file\n"
    "  gridls complete FILE:LINE:COLUMN     print what would be offered there; both count from 1\n"
    "  gridls commit-message [--hook FILE [SOURCE [SHA]]]\n"
    "                                       print a message for what is staged; --hook: as git's\n"
    "                                       prepare-commit-msg hook, put it into FILE\n"
    "  gridls commit-message --install-hook make that the hook of the repository here\n"
    "  gridls check                         say what is set up and whether the upstream answers\n"
    "  gridls config                        print the settings and where each comes from\n"
    "  gridls config --table                print what settings there are, as JSON\n"
    "\n"
    "  --config FILE       settings from FILE instead of ~/.config/gridls/config.json\n"
    "  --sandbox           no key, no network: answers by simple rules, from this machine\n"
    "  --log-level LEVEL   error, warn, info, debug or trace\n"
    "  --log-file FILE     log there instead of to stderr\n"
    "  --version, --help\n"
    "\n"
    "The key is taken from THEGRID_API_KEY or the settings. Exit status: 0 done, 1 failed,\n"
    "2 wrong usage or configuration.\n";

const char *options_help(void)
{
    return help;
}

/* ---- tables ---------------------------------------------------------------------------------- */

struct subcommand {
    const char *name;
    enum command command;
    bool takes_lines; /* FILE[:FIRST[-LAST]] */
    bool takes_place; /* FILE:LINE:COLUMN */
};

static const struct subcommand subcommands[] = {
    {.name = "explain", .command = COMMAND_EXPLAIN, .takes_lines = true},
    {.name = "refactor", .command = COMMAND_REFACTOR, .takes_lines = true},
    {.name = "complete", .command = COMMAND_COMPLETE, .takes_place = true},
    {.name = "commit-message", .command = COMMAND_COMMIT_MESSAGE},
    {.name = "check", .command = COMMAND_CHECK},
    {.name = "config", .command = COMMAND_CONFIG},
};

enum option_value { VALUE_NONE, VALUE_TEXT, VALUE_IGNORED, VALUE_LOG_LEVEL };

#define ANY (~0u)
#define ONLY(command) (1u << (command))

/* `offset` is that of a bool for VALUE_NONE, of a const char * for VALUE_TEXT. */
struct option {
    const char *name;
    enum option_value value;
    unsigned commands; /* bits: where it may stand */
    size_t offset;
};

#define FIELD(member) .offset = offsetof(struct options, member)

/* Clients start every server of theirs with --stdio and --clientProcessId; their say is repeated in
 * `initialize`. */
static const struct option option_table[] = {
    {"--config", VALUE_TEXT, ANY, FIELD(config_file)},
    {"--sandbox", VALUE_NONE, ANY, FIELD(sandbox)},
    {"--log-level", VALUE_LOG_LEVEL, ANY, 0},
    {"--log-file", VALUE_TEXT, ANY, FIELD(log_file)},
    {"--version", VALUE_NONE, ANY, FIELD(version)},
    {"--help", VALUE_NONE, ANY, FIELD(help)},
    {"-h", VALUE_NONE, ANY, FIELD(help)},
    {"--question", VALUE_TEXT, ONLY(COMMAND_EXPLAIN), FIELD(question)},
    {"--instruction", VALUE_TEXT, ONLY(COMMAND_REFACTOR), FIELD(instruction)},
    {"--write", VALUE_NONE, ONLY(COMMAND_REFACTOR), FIELD(write)},
    {"--hook", VALUE_TEXT, ONLY(COMMAND_COMMIT_MESSAGE), FIELD(hook_file)},
    {"--install-hook", VALUE_NONE, ONLY(COMMAND_COMMIT_MESSAGE), FIELD(install_hook)},
    {"--table", VALUE_NONE, ONLY(COMMAND_CONFIG), FIELD(table)},
    {"--stdio", VALUE_IGNORED, ONLY(COMMAND_SERVE), 0},
    {"--clientProcessId", VALUE_IGNORED, ONLY(COMMAND_SERVE), 0},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    struct options *options;
    struct buffer *fault;
    const struct subcommand *subcommand; /* NULL: none yet */
    const struct option *seen[COUNT(option_table)];
    const char *hook_sha; /* of the commit that a message is taken from; of no use here */
};

static int wrong(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int wrong(struct reading *reading, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    buffer_vprintf(reading->fault, format, arguments);
    va_end(arguments);
    return buffer_error(reading->fault) == -ENOMEM ? -ENOMEM : -EINVAL;
}

/* An argument as it may stand in a message. */
struct shown {
    char text[128];
};

static struct shown show(const char *argument)
{
    struct shown shown;

    oneline_copy(shown.text, sizeof(shown.text), argument, strlen(argument));
    return shown;
}

static const struct option *find_option(const char *argument, size_t length)
{
    for (size_t i = 0; i < COUNT(option_table); i++) {
        const char *name = option_table[i].name;

        if (strlen(name) == length && strncmp(name, argument, length) == 0)
            return &option_table[i];
    }
    return NULL;
}

static int take_value(struct reading *reading, const struct option *option, const char *value)
{
    struct options *options = reading->options;

    if (!value)
        return wrong(reading, "%s needs a value.", option->name);
    if (option->value == VALUE_LOG_LEVEL) {
        options->has_log_level = true;
        if (log_level_parse(value, &options->log_level) != 0)
            return wrong(reading, "%s is error, warn, info, debug or trace, not \"%s\".",
                         option->name, show(value).text);
        return 0;
    }
    if (*value == '\0')
        return wrong(reading, "%s needs a value that is not empty.", option->name);
    *(const char **)((char *)options + option->offset) = value;
    return 0;
}

/* Takes the option at argv[*at], and the argument behind it where that is its value. */
static int take_option(struct reading *reading, int argc, char *const *argv, int *at)
{
    const char *argument = argv[*at];
    const char *equals = strchr(argument, '=');
    size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    const struct option *option = find_option(argument, length);
    const char *value = equals ? equals + 1 : NULL;

    if (!option)
        return wrong(reading, "There is no option %s.", show(argument).text);
    reading->seen[option - option_table] = option;
    switch (option->value) {
    case VALUE_IGNORED:
        return 0;
    case VALUE_NONE:
        if (value)
            return wrong(reading, "%s takes no value.", option->name);
        *((bool *)((char *)reading->options + option->offset)) = true;
        return 0;
    case VALUE_TEXT:
    case VALUE_LOG_LEVEL:
        if (!value && *at + 1 < argc)
            value = argv[++*at];
        return take_value(reading, option, value);
    }
    return 0;
}

/* ---- places ---------------------------------------------------------------------------------- */

#define LINE_MOST 2147483647u /* LSP's uinteger */

/* Reads the number that ends at `end`, backwards. Returns where it starts; `end` where none is. */
static const char *number_before(const char *start, const char *end, uint32_t *number)
{
    const char *digits = end;
    uint64_t value = 0;

    while (digits > start && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    for (const char *digit = digits; digit < end && value <= LINE_MOST; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    *number = value < LINE_MOST ? (uint32_t)value : LINE_MOST;
    return digits;
}

/* A file's name may hold colons: only numbers behind the last one are lines. */
static size_t split_lines(const char *argument, struct options_place *place)
{
    const char *end = argument + strlen(argument);
    const char *at = number_before(argument, end, &place->last);

    place->first = place->last;
    if (at < end && at > argument && at[-1] == '-') {
        const char *dash = at - 1;

        at = number_before(argument, dash, &place->first);
        if (at == dash)
            at = end;
    }
    if (at < end && at > argument && at[-1] == ':')
        return (size_t)(at - 1 - argument);
    place->first = place->last = 0;
    return strlen(argument);
}

static int take_lines(struct reading *reading, const char *argument)
{
    struct options_place *place = &reading->options->place;
    size_t length = split_lines(argument, place);
    bool has_lines = argument[length] != '\0';

    if (has_lines && place->first == 0)
        return wrong(reading, "Lines count from 1.");
    if (place->last < place->first)
        return wrong(reading, "The last line, %u, is before the first, %u.", place->last,
                     place->first);
    if (length == 0)
        return wrong(reading, "The file's name is missing before \"%s\".", show(argument).text);
    place->argument = argument;
    place->file = strndup(argument, length);
    return place->file ? 0 : -ENOMEM;
}

static int take_place(struct reading *reading, const char *argument)
{
    struct options_place *place = &reading->options->place;
    const char *end = argument + strlen(argument);
    const char *column = number_before(argument, end, &place->column);
    const char *line = column;

    if (column < end && column > argument && column[-1] == ':')
        line = number_before(argument, column - 1, &place->first);
    if (column == end || line >= column - 1 || line <= argument + 1 || line[-1] != ':')
        return wrong(reading, "\"%s\" is not FILE:LINE:COLUMN.", show(argument).text);
    if (place->first == 0 || place->column == 0)
        return wrong(reading, "Lines and columns count from 1.");
    place->last = place->first;
    place->argument = argument;
    place->file = strndup(argument, (size_t)(line - 1 - argument));
    return place->file ? 0 : -ENOMEM;
}

/* ---- positional arguments -------------------------------------------------------------------- */

static int take_subcommand(struct reading *reading, const char *argument)
{
    for (size_t i = 0; i < COUNT(subcommands); i++) {
        if (strcmp(subcommands[i].name, argument) == 0) {
            reading->subcommand = &subcommands[i];
            reading->options->command = subcommands[i].command;
            return 0;
        }
    }
    return wrong(reading, "There is no subcommand \"%s\".", show(argument).text);
}

static int take_argument(struct reading *reading, const char *argument)
{
    struct options *options = reading->options;
    const struct subcommand *subcommand = reading->subcommand;

    if (!subcommand)
        return take_subcommand(reading, argument);
    if (!options->place.file && subcommand->takes_lines)
        return take_lines(reading, argument);
    if (!options->place.file && subcommand->takes_place)
        return take_place(reading, argument);
    if (options->hook_file && !options->hook_source)
        options->hook_source = argument;
    else if (options->hook_file && !reading->hook_sha)
        reading->hook_sha = argument;
    else
        return wrong(reading, "\"%s\" is one argument too many.", show(argument).text);
    return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int check(struct reading *reading)
{
    const struct options *options = reading->options;
    const struct subcommand *subcommand = reading->subcommand;

    for (size_t i = 0; i < COUNT(option_table); i++) {
        const struct option *option = reading->seen[i];

        if (option && !(option->commands & ONLY(options->command)))
            return subcommand ? wrong(reading, "`gridls %s` has no option %s.", subcommand->name,
                                      option->name)
                              : wrong(reading, "%s goes with a subcommand.", option->name);
    }
    if (subcommand && (subcommand->takes_lines || subcommand->takes_place) &&
        !options->place.file)
        return wrong(reading, "`gridls %s` needs a file.", subcommand->name);
    if (options->command == COMMAND_REFACTOR && !options->instruction)
        return wrong(reading, "`gridls refactor` needs --instruction and what is to be done.");
    if (options->install_hook && options->hook_file)
        return wrong(reading, "--hook and --install-hook do not go together.");
    return 0;
}

int options_parse(struct options *options, int argc, char *const *argv, struct buffer *fault)
{
    struct reading reading = {.options = options, .fault = fault};
    bool only_arguments = false;
    int error = 0;

    *options = (struct options){0};
    for (int i = 1; i < argc && !error; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0)
            only_arguments = true;
        else if (!only_arguments && argv[i][0] == '-' && argv[i][1] != '\0')
            error = take_option(&reading, argc, argv, &i);
        else
            error = take_argument(&reading, argv[i]);
    }
    if (error || options->help || options->version)
        return error;
    return check(&reading);
}

void options_finish(struct options *options)
{
    free(options->place.file);
    options->place.file = NULL;
}
