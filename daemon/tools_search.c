#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/prompt/sections.h"
#include "daemon/tools_private.h"
#include "protocol/position.h"

#define FILES_MAX 20000u
#define FILE_CAP ((size_t)1 << 20)
#define MATCHES_MAX 120u
#define MATCHES_IN_FILE_MAX 25u
#define MATCH_LINE_MAX 240
#define LISTED_MAX 300u
#define NOTE_ROOM ((size_t)160)
#define ALTERNATIVES_MAX 16

/* ---- which files ------------------------------------------------------------------------------ */

/* One pair of braces is understood, as models write them: *.{c,h}. */
static int add_pattern(struct ignore_rules *rules, const char *pattern)
{
    const char *open = strchr(pattern, '{');
    const char *close = open ? strchr(open, '}') : NULL;
    int status = 0;
    if (!close)
        return ignore_rules_add_line(rules, pattern, strlen(pattern));
    const char *part = open;
    for (int i = 0; i < ALTERNATIVES_MAX && part < close && status == 0; i++) {
        struct buffer line CLEANUP(buffer_finish);
        size_t length = strcspn(++part, ",}");
        buffer_init(&line, BUFFER_CAP);
        buffer_append(&line, pattern, (size_t)(open - pattern));
        buffer_append(&line, part, length);
        buffer_append_string(&line, close + 1);
        status = buffer_error(&line);
        if (status == 0)
            status = ignore_rules_add_line(rules, line.data, line.length);
        part += length;
    }
    return status;
}

static int make_filter(struct tool_run *run)
{
    if (!run->pattern || !*run->pattern)
        return 0;
    int status = ignore_rules_create(&run->filter, "");
    return status ? status : add_pattern(run->filter, run->pattern);
}

static bool is_wanted(const struct tool_run *run, const char *path)
{
    const struct ignore_rules *filter = run->filter;
    const char *name = workspace_name_of(run->host.workspace, path);
    return !filter || ignore_match(&filter, 1, name);
}

static void keep_wanted(struct tool_run *run)
{
    struct tree *tree = &run->tree;
    size_t kept = 0;
    for (size_t i = 0; i < tree->count; i++) {
        if (is_wanted(run, tree->paths[i]))
            tree->paths[kept++] = tree->paths[i];
        else
            free(tree->paths[i]);
    }
    tree->count = kept;
}

/* ---- the walk --------------------------------------------------------------------------------- */

static void walk(struct tool_run *run, tree_callback callback)
{
    struct tree_options options = {
        .loop = run->host.loop,
        .workspace = run->host.workspace,
        .config = run->config,
        .path = run->path ? run->places[run->place].path : NULL,
        .files_max = FILES_MAX,
        .deadline_ms = 2500, /* half of the run's own */
    };
    if (tree_walk_start(&run->walk, &options, callback, run) != 0)
        tool_run_fail(run, "there is not enough memory.");
}

/* Takes over what was found. True: there is something, or no other place to look in. */
static bool take_tree(struct tool_run *run, struct tree *tree, tree_callback callback)
{
    run->walk = NULL;
    if (tree->count == 0 && run->path && run->place + 1 < run->place_count) {
        run->place++;
        walk(run, callback);
        return false;
    }
    run->tree = *tree;
    *tree = (struct tree){0};
    keep_wanted(run);
    return true;
}

static void begin(struct tool_run *run, tree_callback callback)
{
    if (make_filter(run) != 0)
        tool_run_fail(run, "the pattern cannot be used.");
    else
        walk(run, callback);
}

/* ---- list_files ------------------------------------------------------------------------------- */

/* The bytes of the path up to the folder or file that stands right in `folder` (a length of it). */
static size_t part_length(const char *path, size_t folder)
{
    size_t start = folder + (path[folder] == '/' ? 1 : 0);
    return start + strcspn(path + start, "/");
}

static size_t common_length(const struct tree *tree)
{
    const char *first = tree->paths[0];
    const char *last = tree->paths[tree->count - 1]; /* sorted: these two differ the most */
    size_t length = 0;
    for (size_t i = 0; first[i] && first[i] == last[i]; i++)
        if (first[i] == '/')
            length = i;
    return length;
}

/* The files that lie in the same part of the folder as the one at `at`. */
static size_t count_in_part(const struct tree *tree, size_t at, size_t length)
{
    size_t count = 1;
    while (at + count < tree->count &&
           strncmp(tree->paths[at], tree->paths[at + count], length) == 0 &&
           tree->paths[at + count][length] == '/')
        count++;
    return count;
}

static void list_folders(struct tool_run *run)
{
    const struct tree *tree = &run->tree;
    size_t folder = common_length(tree);
    for (size_t at = 0; at < tree->count;) {
        size_t length = part_length(tree->paths[at], folder);
        bool is_folder = tree->paths[at][length] == '/';
        size_t count = is_folder ? count_in_part(tree, at, length) : 1;
        char *name CLEANUP(cleanup_free) = strndup(tree->paths[at], length);
        if (!name || run->out.length + length + NOTE_ROOM > TOOLS_RESULT_MAX) {
            run->is_cut = true;
            return;
        }
        tool_run_append_name(run, name);
        if (is_folder)
            buffer_printf(&run->out, "/ (%zu files)", count);
        buffer_append_byte(&run->out, '\n');
        at += count;
    }
}

static void list_all(struct tool_run *run)
{
    for (size_t i = 0; i < run->tree.count; i++) {
        if (run->out.length + strlen(run->tree.paths[i]) + NOTE_ROOM > TOOLS_RESULT_MAX) {
            run->is_cut = true;
            return;
        }
        tool_run_append_name(run, run->tree.paths[i]);
        buffer_append_byte(&run->out, '\n');
    }
}

static void on_list(void *context, struct tree *tree)
{
    struct tool_run *run = context;
    if (!take_tree(run, tree, on_list))
        return;
    if (run->tree.count == 0)
        buffer_append_string(&run->out, "There are no such files.\n");
    else if (run->tree.count > LISTED_MAX)
        list_folders(run);
    else
        list_all(run);
    if (run->is_cut || run->tree.is_cut)
        buffer_append_string(&run->out, "[the list is not complete: name a folder]\n");
    tool_run_finish(run);
}

void tools_list_begin(struct tool_run *run)
{
    begin(run, on_list);
}

/* ---- search_text ------------------------------------------------------------------------------ */

static void search_next(struct tool_run *run);

static const char *find(const struct tool_run *run, const char *text, size_t length)
{
    size_t wanted = strlen(run->text);
    if (!run->any_case)
        return memmem(text, length, run->text, wanted);
    for (size_t at = 0; at + wanted <= length; at++) {
        size_t i = 0;
        while (i < wanted && tolower((unsigned char)text[at + i]) == run->text[i])
            i++;
        if (i == wanted)
            return text + at;
    }
    return NULL;
}

/* Of a long line what stands round the match. */
static void append_match(struct tool_run *run, const char *path, size_t number,
                         struct prompt_text line, size_t match)
{
    struct prompt_text shown = line;
    if (match > MATCH_LINE_MAX / 2)
        shown = sections_tail(line, line.length - match + MATCH_LINE_MAX / 2);
    shown = sections_head(shown, MATCH_LINE_MAX);
    tool_run_append_name(run, path);
    buffer_printf(&run->out, ":%zu: ", number);
    sections_append_clean(&run->out, shown);
    buffer_append_byte(&run->out, '\n');
}

static bool is_full(const struct tool_run *run)
{
    return run->matches == MATCHES_MAX ||
           run->out.length + 2 * MATCH_LINE_MAX + NOTE_ROOM > TOOLS_RESULT_MAX;
}

static void search_text(struct tool_run *run, const char *path, const char *text, size_t length)
{
    size_t in_file = 0, number = 1;
    if (!text || !find(run, text, length) || !tool_is_text(text, length))
        return;
    for (size_t at = 0; at < length; number++) {
        size_t line_end;
        size_t next = position_next_line(text, length, at, &line_end);
        struct prompt_text line = {text + at, next - line_end - at};
        const char *match = find(run, line.text, line.length);
        at = next;
        if (!match)
            continue;
        if (is_full(run) || in_file == MATCHES_IN_FILE_MAX) {
            run->is_cut = true;
            return;
        }
        append_match(run, path, number, line, (size_t)(match - line.text));
        in_file++;
        run->matches++;
    }
}

static void end_search(struct tool_run *run)
{
    bool not_all = run->at < run->tree.count || run->tree.is_cut;
    if (buffer_error(&run->out) == -EMSGSIZE) {
        run->out.error = 0; /* the piece that did not fit is not in */
        run->is_cut = true;
    }
    if (run->matches == 0)
        buffer_append_string(&run->out, "No line holds this.\n");
    if (run->is_cut || (not_all && run->matches > 0))
        buffer_append_string(&run->out,
                             "[there may be more lines: name a folder or a longer text]\n");
    else if (not_all)
        buffer_append_string(&run->out, "[not all files were looked at: name a folder]\n");
    tool_run_finish(run);
}

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct tool_run *run = context;
    run->file = NULL;
    if (!error)
        search_text(run, run->tree.paths[run->at], text, length);
    run->at++;
    search_next(run);
}

/* Open documents are searched at once, one file at a time is read. */
static void search_next(struct tool_run *run)
{
    for (; run->at < run->tree.count && !is_full(run); run->at++) {
        const char *path = run->tree.paths[run->at];
        const char *text;
        size_t length;
        if (tool_run_open_text(run, path, &text, &length))
            search_text(run, path, text, length);
        else if (file_read_start(&run->file, run->host.loop, path, FILE_CAP, on_read, run) == 0)
            return;
    }
    end_search(run);
}

static void on_deadline(uv_timer_t *timer)
{
    end_search(timer->data);
}

static void on_search(void *context, struct tree *tree)
{
    struct tool_run *run = context;
    if (!take_tree(run, tree, on_search))
        return;
    /* What has been found until then is of use. */
    uv_timer_start(&run->timer, on_deadline, 2500, 0);
    search_next(run);
}

void tools_search_begin(struct tool_run *run)
{
    run->any_case = true;
    for (const char *c = run->text; *c; c++)
        run->any_case &= !isupper((unsigned char)*c);
    begin(run, on_search);
}
