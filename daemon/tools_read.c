#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/prompt/sections.h"
#include "daemon/tools_private.h"
#include "protocol/position.h"

/* What is kept free for the line that tells what was left out. */
#define NOTE_ROOM ((size_t)160)

/*
 * Where does the path lead, and does that lie below the root? May it be sent? Is it listed, as no
 * rule file speaks against it? Then it is read. Each answer is waited for without blocking.
 */
static void try_place(struct tool_run *run);

/* ---- what is shown ---------------------------------------------------------------------------- */

static void append_line(struct tool_run *run, const char *line, size_t length, size_t number)
{
    struct prompt_text shown = {line, length};
    bool cut = length > TOOLS_LINE_MAX;
    if (cut)
        shown = sections_head(shown, TOOLS_LINE_MAX);
    buffer_printf(&run->out, "%zu | ", number);
    sections_append_clean(&run->out, shown);
    buffer_append_string(&run->out, cut ? " [cut]\n" : "\n");
}

static size_t count_lines(const char *text, size_t length)
{
    return sections_count_lines((struct prompt_text){text, length});
}

static void show_lines(struct tool_run *run, const char *text, size_t length)
{
    size_t first = run->first_line > 0 ? (size_t)run->first_line : 1;
    size_t last = run->last_line > 0 ? (size_t)run->last_line : SIZE_MAX;
    size_t total = count_lines(text, length);
    size_t number = 1;
    struct buffer *out = &run->out;
    if (first > total && total > 0) {
        tool_run_fail(run, "the file has only %zu lines.", total);
        return;
    }
    tool_run_append_name(run, run->places[run->place].path);
    buffer_printf(out, ", %zu lines\n", total);
    for (size_t at = 0; at < length && number <= last; number++) {
        size_t line_end;
        size_t next = position_next_line(text, length, at, &line_end);
        size_t before = out->length;
        if (number >= first)
            append_line(run, text + at, next - line_end - at, number);
        if (out->length + NOTE_ROOM > TOOLS_RESULT_MAX || buffer_error(out)) {
            if (buffer_error(out) == -EMSGSIZE)
                out->error = 0; /* appending never half-happens: the line is cut off again */
            buffer_truncate(out, before);
            buffer_printf(out, "[lines %zu to %zu are left out: ask for them if you need them]\n",
                          number, total);
            break;
        }
        at = next;
    }
    tool_run_finish(run);
}

static void show(struct tool_run *run, const char *text, size_t length)
{
    if (tool_is_text(text, length))
        show_lines(run, text, length);
    else
        tool_run_fail(run, "%s is no UTF-8 text.", run->path);
}

/* ---- one place -------------------------------------------------------------------------------- */

static void try_next(struct tool_run *run)
{
    run->place++;
    try_place(run);
}

static void refuse_large(struct tool_run *run)
{
    tool_run_fail(run, "%s is larger than %zu MiB.", run->path, TOOLS_FILE_MAX >> 20);
}

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct tool_run *run = context;
    run->file = NULL;
    if (error == -EFBIG)
        refuse_large(run);
    else if (error)
        tool_run_fail(run, "%s cannot be read: %s.", run->path, uv_strerror(error));
    else
        show(run, text, length);
}

static void refuse_ignored(struct tool_run *run)
{
    tool_run_fail(run, "%s is ignored, or no regular file: it is not read.", run->path);
}

static void on_listed(void *context, struct tree *tree)
{
    struct tool_run *run = context;
    const char *text;
    size_t length;
    run->walk = NULL;
    bool is_folder = tree->count > 0 && strcmp(tree->paths[0], run->inside) != 0;
    if (is_folder)
        tool_run_fail(run, "%s is a folder; list_files lists it.", run->path);
    else if (tree->count == 0)
        refuse_ignored(run);
    else if (tool_run_open_text(run, run->places[run->place].path, &text, &length) ||
             tool_run_open_text(run, run->inside, &text, &length))
        text ? show(run, text, length) : refuse_large(run);
    else if (file_read_start(&run->file, run->host.loop, run->inside, TOOLS_FILE_MAX, on_read, run) != 0)
        tool_run_fail(run, "%s cannot be read.", run->path);
}

static void on_judged(struct workspace_waiter *waiter, int error)
{
    struct tool_run *run = waiter->context;
    struct tree_options options = {
        .loop = run->host.loop,
        .workspace = run->host.workspace,
        .config = run->config,
        .path = run->inside,
        .files_max = 1,
        .deadline_ms = 60000, /* the run's own comes before */
    };
    const char *path = run->places[run->place].path;
    if (error || workspace_judge(run->host.workspace, run->config, path) != WORKSPACE_ALLOWED)
        refuse_ignored(run);
    else if (tree_walk_start(&run->walk, &options, on_listed, run) != 0)
        tool_run_fail(run, "there is not enough memory.");
}

/* The path without links, spelled below the root as it is spelled; NULL: it leads out of it. */
static char *find_inside(const struct tool_run *run, const char *real)
{
    const char *root = run->places[run->place].root;
    size_t length = strcmp(run->real_root, "/") == 0 ? 0 : strlen(run->real_root);
    char *inside;
    if (strncmp(real, run->real_root, length) != 0 || (real[length] != '/' && real[length]))
        return NULL;
    if (asprintf(&inside, "%s%s", strcmp(root, "/") == 0 ? "" : root, real + length) < 0)
        return NULL;
    return inside;
}

static void judge(struct tool_run *run, const char *real)
{
    free(run->inside);
    run->inside = find_inside(run, real);
    if (!run->inside) {
        tool_run_fail(run, "%s leads out of the project.", run->path);
        return;
    }
    run->waiter = (struct workspace_waiter){.ready = on_judged, .context = run};
    workspace_wait(run->host.workspace, run->places[run->place].path, &run->waiter);
}

static void on_file_resolved(void *context, int error, const char *real)
{
    struct tool_run *run = context;
    run->file = NULL;
    if (error == -ENOENT || error == -ENOTDIR)
        try_next(run);
    else if (error)
        tool_run_fail(run, "%s cannot be read: %s.", run->path, uv_strerror(error));
    else
        judge(run, real);
}

static void on_root_resolved(void *context, int error, const char *real)
{
    struct tool_run *run = context;
    run->file = NULL;
    free(run->real_root);
    run->real_root = error ? NULL : strdup(real);
    if (!run->real_root ||
        file_resolve_start(&run->file, run->host.loop, run->places[run->place].path,
                           on_file_resolved, run) != 0)
        try_next(run);
}

static void try_place(struct tool_run *run)
{
    if (run->place == run->place_count) {
        tool_run_fail(run, "there is no file %s.", run->path);
        return;
    }
    if (file_resolve_start(&run->file, run->host.loop, run->places[run->place].root,
                           on_root_resolved, run) != 0)
        tool_run_fail(run, "there is not enough memory.");
}

void tools_read_begin(struct tool_run *run)
{
    try_place(run);
}
