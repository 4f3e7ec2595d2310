#include "daemon/tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tools_private.h"
#include "protocol/json.h"
#include "protocol/oneline.h"
#include "protocol/utf8.h"

#define DEADLINE_MS 5000u
#define NOTE_TEXT_MAX 60 /* bytes of what is searched for, in a note */

/* ---- what the model is told ------------------------------------------------------------------- */

#define STRING_PROPERTY(name, text) "\"" name "\":{\"type\":\"string\",\"description\":\"" text "\"}"
#define NUMBER_PROPERTY(name, text) "\"" name "\":{\"type\":\"integer\",\"description\":\"" text "\"}"
#define PATTERN_PROPERTY \
    STRING_PROPERTY("pattern", "only files that this glob fits, such as *.c or src/**/*.py")
#define FOLDER_PROPERTY(text) STRING_PROPERTY("folder", text)
#define SCHEMA(properties, required) \
    "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "]}"

const struct chat_tool tools_read_only[TOOLS_COUNT] = {
    {
        .name = "read_file",
        .description =
            "Reads lines of a text file of the project, with their numbers. Use it where the answer "
            "depends on code that you have not been shown. Say nothing before you call it.",
        .parameters = SCHEMA(
            STRING_PROPERTY("path", "the file, relative to the project") ","
            NUMBER_PROPERTY("first_line", "from 1; left out: the first") ","
            NUMBER_PROPERTY("last_line", "left out: as many as fit"), "\"path\""),
    },
    {
        .name = "search_text",
        .description =
            "Finds the lines of the project's files that hold a text, as path:line: text. The text is "
            "taken literally, no regular expression; without capital letters it fits any case. Use "
            "it to find where a name is defined or used.",
        .parameters = SCHEMA(
            STRING_PROPERTY("text", "what the lines hold; within one line") ","
            FOLDER_PROPERTY("only what lies in this folder; left out: everywhere") ","
            PATTERN_PROPERTY, "\"text\""),
    },
    {
        .name = "list_files",
        .description =
            "Lists the files of the project. Where there are too many, folders stand for what lies "
            "in them.",
        .parameters = SCHEMA(
            FOLDER_PROPERTY("the folder, relative to the project; left out: all of it") ","
            PATTERN_PROPERTY, ""),
    },
};

/* In the order of the table. */
static void (*const begins[TOOLS_COUNT])(struct tool_run *run) = {
    tools_read_begin,
    tools_search_begin,
    tools_list_begin,
};

/* ---- life ------------------------------------------------------------------------------------- */

static void destroy(struct tool_run *run)
{
    for (size_t i = 0; i < run->place_count; i++)
        free(run->places[i].path);
    free(run->path);
    free(run->text);
    free(run->pattern);
    free(run->real_root);
    free(run->inside);
    ignore_rules_destroy(run->filter);
    tree_finish(&run->tree);
    buffer_finish(&run->out);
    config_unref(run->config);
    free(run);
}

static void on_timer_closed(uv_handle_t *handle)
{
    destroy(handle->data);
}

void tool_run_cancel(struct tool_run *run)
{
    if (!run)
        return;
    run->callback = NULL;
    tree_walk_cancel(run->walk);
    file_request_cancel(run->file);
    workspace_wait_cancel(&run->waiter);
    uv_close((uv_handle_t *)&run->timer, on_timer_closed);
}

void tool_run_finish(struct tool_run *run)
{
    tool_callback callback = run->callback;
    tool_run_cancel(run);
    if (buffer_error(&run->out) == -ENOMEM) {
        static const char text[] = "Error: there is not enough memory.";
        callback(run->context, text, strlen(text));
        return;
    }
    callback(run->context, run->out.data, run->out.length);
}

void tool_run_fail(struct tool_run *run, const char *format, ...)
{
    va_list arguments;
    buffer_clear(&run->out);
    buffer_append_string(&run->out, "Error: ");
    va_start(arguments, format);
    buffer_vprintf(&run->out, format, arguments);
    va_end(arguments);
    tool_run_finish(run);
}

static void on_deadline(uv_timer_t *timer)
{
    tool_run_fail(timer->data, "it took too long; ask for less.");
}

static void on_begin(uv_timer_t *timer)
{
    struct tool_run *run = timer->data;
    uv_timer_start(timer, on_deadline, DEADLINE_MS, 0);
    if (run->out.length > 0 || buffer_error(&run->out)) /* it has failed already */
        tool_run_finish(run);
    else
        run->begin(run);
}

/* ---- arguments -------------------------------------------------------------------------------- */

/* A fault that is told when the run begins. */
static void refuse(struct tool_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void refuse(struct tool_run *run, const char *format, ...)
{
    va_list arguments;
    buffer_clear(&run->out);
    buffer_append_string(&run->out, "Error: ");
    va_start(arguments, format);
    buffer_vprintf(&run->out, format, arguments);
    va_end(arguments);
}

static bool is_one_line(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F || *text == JSON_NUL_BYTE)
            return false;
    return true;
}

/* A relative path without "..": what the model names must lie in the project by its spelling. */
static bool is_inside(const char *path)
{
    if (path[0] == '/' || path[0] == '~' || strstr(path, "://") || strncmp(path, "file:", 5) == 0)
        return false;
    for (const char *part = path; part; part = strchr(part, '/')) {
        part += *part == '/' ? 1 : 0;
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

/* Takes a string; what is left out or null stays NULL. */
static bool take_string(struct tool_run *run, const struct json *arguments, const char *name,
                        char **to)
{
    const struct json *value = json_member(arguments, name);
    const char *text = json_string(value);
    if (json_is_null(value))
        return true;
    if (!text || !is_one_line(text)) {
        refuse(run, "%s must be a string of one line.", name);
        return false;
    }
    *to = strdup(text);
    if (!*to)
        refuse(run, "there is not enough memory.");
    return *to != NULL;
}

/* Models also write numbers as strings. Anything else counts as left out. */
static int64_t line_number(const struct json *value)
{
    const char *text = json_string(value);
    int64_t number = 0;
    if (text)
        number = strtoll(text, NULL, 10);
    else if (!json_integer(value, &number))
        number = 0;
    return number > 0 ? number : 0;
}

/* Takes the path of a file or folder without "./" and slashes at its ends. */
static bool take_path(struct tool_run *run, const struct json *arguments, const char *name)
{
    if (!take_string(run, arguments, name, &run->path))
        return false;
    if (!run->path)
        return true;
    if (!is_inside(run->path)) {
        refuse(run, "%s must be relative to the project and lie in it.", name);
        return false;
    }
    size_t length = 0, kept;
    for (const char *part = run->path; *part; part += strspn(part, "/")) {
        size_t part_length = strcspn(part, "/");
        kept = part_length == 1 && part[0] == '.' ? 0 : part_length;
        if (kept > 0 && length > 0)
            run->path[length++] = '/';
        memmove(run->path + length, part, kept);
        length += kept;
        part += part_length;
    }
    run->path[length] = '\0';
    return true;
}

/* ---- files ------------------------------------------------------------------------------------ */

static void add_place(struct tool_run *run, const char *root, const char *below)
{
    char *path;
    if (run->place_count == TOOLS_PLACES_MAX)
        return;
    if (asprintf(&path, "%s%s%s", strcmp(root, "/") == 0 ? "" : root, *below ? "/" : "", below) < 0)
        return;
    run->places[run->place_count++] = (struct tool_place){path, root};
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Where there are several roots, names begin with that of theirs. */
static void find_places(struct tool_run *run)
{
    const struct workspace *workspace = run->host.workspace;
    size_t count = workspace_root_count(workspace);
    size_t first = strcspn(run->path, "/");
    for (size_t i = 0; i < count && count > 1; i++) {
        const char *root = workspace_root(workspace, i);
        const char *name = last_part(root);
        if (strlen(name) == first && strncmp(name, run->path, first) == 0)
            add_place(run, root, run->path + first + (run->path[first] == '/' ? 1 : 0));
    }
    for (size_t i = 0; i < count; i++)
        add_place(run, workspace_root(workspace, i), run->path);
}

void tool_run_append_name(struct tool_run *run, const char *path)
{
    const struct workspace *workspace = run->host.workspace;
    const char *root = workspace_root_of(workspace, path);
    if (root && workspace_root_count(workspace) > 1)
        buffer_printf(&run->out, "%s/", last_part(root));
    buffer_append_string(&run->out, workspace_name_of(workspace, path));
}

bool tool_run_open_text(const struct tool_run *run, const char *path, const char **text,
                        size_t *length)
{
    for (struct document *d = run->host.documents->first; d; d = d->next) {
        if (!d->path || strcmp(d->path, path) != 0)
            continue;
        *length = text_length(&d->text);
        *text = *length <= TOOLS_FILE_MAX ? text_view(&d->text, 0, *length) : NULL;
        return true;
    }
    return false;
}

bool tool_is_text(const char *text, size_t length)
{
    return (length == 0 || !memchr(text, '\0', length)) && utf8_is_valid(text, length);
}

/* ---- beginning -------------------------------------------------------------------------------- */

/* A person sees it: what a model made up is shown as one safe line. */
static void set_note(struct tool_run *run, size_t tool)
{
    struct buffer note CLEANUP(buffer_finish);
    buffer_init(&note, BUFFER_CAP);
    if (tool == 0)
        buffer_printf(&note, "reading %s", run->path);
    else if (tool == 1)
        buffer_printf(&note, "searching for \"%.*s\"",
                      (int)utf8_floor(run->text, strlen(run->text), NOTE_TEXT_MAX), run->text);
    else
        buffer_printf(&note, "listing %s", run->path && *run->path ? run->path : "files");
    oneline_copy(run->note, sizeof(run->note), note.data, note.length);
}

static void take_arguments(struct tool_run *run, size_t tool, const char *text, size_t length)
{
    struct json *arguments CLEANUP(json_cleanup) = NULL;
    if (json_parse(text, length, &arguments) != 0 || json_type(arguments) != JSON_OBJECT) {
        refuse(run, "the arguments are no JSON object.");
        return;
    }
    if (!take_path(run, arguments, tool == 0 ? "path" : "folder") ||
        !take_string(run, arguments, "pattern", &run->pattern) ||
        (tool == 1 && !take_string(run, arguments, "text", &run->text)))
        return;
    run->first_line = line_number(json_member(arguments, "first_line"));
    run->last_line = line_number(json_member(arguments, "last_line"));
    if (tool == 0 && (!run->path || !*run->path))
        refuse(run, "path is missing.");
    else if (tool == 1 && (!run->text || !*run->text))
        refuse(run, "text is missing.");
    else
        set_note(run, tool);
    if (run->path && run->out.length == 0)
        find_places(run);
}

static void choose(struct tool_run *run, const char *name, const char *arguments, size_t length)
{
    for (size_t i = 0; i < TOOLS_COUNT; i++) {
        if (!name || strcmp(name, tools_read_only[i].name) != 0)
            continue;
        run->begin = begins[i];
        take_arguments(run, i, arguments, length);
        return;
    }
    refuse(run, "there is no such tool; there are read_file, search_text and list_files.");
}

int tool_run_start(struct tool_run **out, const struct tools_host *host, struct config *config,
                   const char *name, const char *arguments, size_t length, tool_callback callback,
                   void *context)
{
    struct tool_run *run = calloc(1, sizeof(*run));
    *out = NULL;
    if (!run)
        return -ENOMEM;
    run->host = *host;
    run->config = config_ref(config);
    run->callback = callback;
    run->context = context;
    buffer_init(&run->out, TOOLS_RESULT_MAX);
    uv_timer_init(host->loop, &run->timer);
    run->timer.data = run;
    choose(run, name, arguments, length);
    uv_timer_start(&run->timer, on_begin, 0, 0);
    *out = run;
    return 0;
}

const char *tool_run_note(const struct tool_run *run)
{
    return run->note[0] ? run->note : NULL;
}
