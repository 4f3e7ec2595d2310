#include "daemon/git_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP ((size_t)16 << 10)
#define LIST_CAP ((size_t)8 << 20)
#define SUBJECTS_CAP ((size_t)16 << 10)
#define SETTINGS_CAP ((size_t)32 << 10)
/* The history of a few files says enough, and git walks all of it for those that seldom change. */
#define FILES_OF_SUBJECTS 32
#define SUBJECTS 20
#define STRING(number) #number
#define MAX_COUNT(number) "--max-count=" STRING(number)

static void run_step(struct git_job *job, enum git_step step);

void git_staged_destroy(struct git_staged *staged)
{
    if (!staged)
        return;
    for (size_t i = 0; i < staged->count; i++) {
        free(staged->entries[i].path);
        free(staged->entries[i].old_path);
    }
    free(staged->entries);
    buffer_finish(&staged->subjects);
    buffer_finish(&staged->file_subjects);
    free(staged->comment);
    free(staged->template_path);
    free(staged->index_file);
    free(staged->branch);
    free(staged->top);
    free(staged);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void finish(struct git_job *job, enum git_outcome outcome, const char *message)
{
    struct git_staged *staged = NULL;

    if (outcome == GIT_OK) {
        staged = job->staged;
        job->staged = NULL;
    }
    job->is_over = true;
    job->on_staged(job->context, outcome, message, staged);
    git_job_destroy(job);
}

static void fail(struct git_job *job, int error)
{
    finish(job, GIT_FAILED, uv_strerror(error));
}

/* A command that could not be started. The directory that it starts in is always there. */
static void fail_start(struct git_job *job, int error)
{
    if (error == -ENOENT)
        finish(job, GIT_MISSING, NULL);
    else
        fail(job, error);
}

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* ---- what the steps find --------------------------------------------------------------------- */

/* The last part ".git" of the path with what follows it, or NULL. */
static char *find_git_part(char *path)
{
    char *found = NULL;

    for (char *p = strstr(path, "/.git"); p; p = strstr(p + 1, "/.git")) {
        if (p[5] == '/' || p[5] == '\0')
            found = p;
    }
    return found;
}

static void on_resolved(void *context, int error, const char *path)
{
    struct git_job *job = context;
    char *resolved;

    job->file = NULL;
    if (error) {
        fail(job, error);
        return;
    }
    resolved = strdup(path);
    if (!resolved) {
        fail(job, -ENOMEM);
        return;
    }
    free(job->directory);
    job->directory = resolved;
    run_step(job, find_git_part(resolved) ? GIT_STEP_LINK : GIT_STEP_TOP);
}

/* The work tree that a `gitdir` file names: the path of the `.git` in it, today mostly absolute. */
static char *linked_work_tree(const char *git_directory, const char *text, size_t length)
{
    char *path = NULL;
    int written;

    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    if (length > 5 && memcmp(text + length - 5, "/.git", 5) == 0)
        length -= 5;
    if (*text == '/')
        written = asprintf(&path, "%.*s", (int)length, text);
    else
        written = asprintf(&path, "%s/%.*s", git_directory, (int)length, text);
    return written < 0 ? NULL : path;
}

static void on_link_read(void *context, int error, const char *text, size_t length)
{
    struct git_job *job = context;
    char *part = find_git_part(job->directory);

    job->file = NULL;
    if (!error) {
        char *work_tree = linked_work_tree(job->directory, text, length);

        if (!work_tree) {
            fail(job, -ENOMEM);
            return;
        }
        free(job->directory);
        job->directory = work_tree;
    } else if (strncmp(part, "/.git/modules/", 14) == 0) {
        /* git knows a submodule's work tree from its configuration. */
        job->is_inside_git_dir = true;
    } else {
        part[part == job->directory ? 1 : 0] = '\0';
    }
    run_step(job, GIT_STEP_TOP);
}

/* The line that git printed, for the caller to free. */
static char *steal_line(struct child_result *result)
{
    struct buffer *output = &result->output;

    if (output->length > 0 && output->data[output->length - 1] == '\n')
        buffer_truncate(output, output->length - 1);
    return buffer_steal(output, NULL);
}

static void take_top(struct git_job *job, struct child_result *result)
{
    const char *index = getenv("GIT_INDEX_FILE");

    if (!child_succeeded(result)) {
        const char *message = git_command_message(result);
        bool is_none = strstr(message, "not a git repository") ||
                       strstr(message, "must be run in a work tree") ||
                       strstr(message, "cannot use bare repository");

        finish(job, is_none ? GIT_NOT_A_REPOSITORY : GIT_FAILED, is_none ? NULL : message);
        return;
    }
    job->staged->top = steal_line(result);
    free(job->directory);
    job->directory = job->staged->top ? strdup(job->staged->top) : NULL;
    if (!job->directory) {
        fail(job, -ENOMEM);
        return;
    }
    job->is_inside_git_dir = false;
    run_step(job, index && *index && !job->uses_environment ? GIT_STEP_OWN_DIR : GIT_STEP_LIST);
}

static void take_own_directory(struct git_job *job, struct child_result *result)
{
    if (!child_succeeded(result)) {
        finish(job, GIT_FAILED, git_command_message(result));
        return;
    }
    job->own_directory = steal_line(result);
    if (job->own_directory)
        run_step(job, GIT_STEP_INDEX);
    else
        fail(job, -ENOMEM);
}

/* The index in the environment may be another repository's, or that of a commit long done. */
static void on_index_resolved(void *context, int error, const char *path)
{
    struct git_job *job = context;

    job->file = NULL;
    if (!error && is_below(path, job->own_directory) &&
        !strchr(path + strlen(job->own_directory) + 1, '/')) {
        job->index_file = strdup(path);
        job->staged->index_file = strdup(path);
        if (!job->index_file || !job->staged->index_file) {
            fail(job, -ENOMEM);
            return;
        }
    }
    run_step(job, GIT_STEP_LIST);
}

/* Takes the next string that a NUL ends. Returns NULL at the end. */
static const char *next_string(const char **at, const char *end)
{
    const char *string = *at;
    const char *nul = memchr(string, '\0', (size_t)(end - string));

    if (!nul)
        return NULL;
    *at = nul + 1;
    return string;
}

/* One entry of `--name-status -z`: the letter (with a score), the old path of a rename, the
 * path. */
static int parse_entry(const char **at, const char *end, struct git_entry *entry)
{
    const char *status = next_string(at, end);
    bool is_rename = status && (*status == 'R' || *status == 'C');
    const char *old_path = is_rename ? next_string(at, end) : NULL;
    const char *path = next_string(at, end);

    if (!path || (is_rename && !old_path))
        return -EBADMSG;
    entry->status = *status;
    entry->path = strdup(path);
    entry->old_path = old_path ? strdup(old_path) : NULL;
    return !entry->path || (old_path && !entry->old_path) ? -ENOMEM : 0;
}

static int parse_list(struct git_staged *staged, const char *at, size_t length)
{
    const char *end = at + length;
    size_t capacity = 0;

    while (at < end) {
        int error;

        if (staged->count == capacity) {
            struct git_entry *grown;

            capacity = capacity > 0 ? capacity * 2 : 16;
            grown = realloc(staged->entries, capacity * sizeof(*grown));
            if (!grown)
                return -ENOMEM;
            staged->entries = grown;
        }
        staged->entries[staged->count] = (struct git_entry){0};
        error = parse_entry(&at, end, &staged->entries[staged->count++]);
        if (error)
            return error;
    }
    return 0;
}

static void take_list(struct git_job *job, struct child_result *result)
{
    int error;

    if (!child_succeeded(result)) {
        finish(job, GIT_FAILED, git_command_message(result));
        return;
    }
    error = parse_list(job->staged, result->output.data, result->output.length);
    if (error)
        fail(job, error);
    else if (job->staged->count == 0)
        finish(job, GIT_NOTHING_STAGED, NULL);
    else
        run_step(job, GIT_STEP_SETTINGS);
}

/* ---- the template ---------------------------------------------------------------------------- */

static void take_settings(struct git_job *job, struct child_result *result)
{
    int error = 0;

    if (child_succeeded(result))
        error = git_settings_take(job, result->output.data, result->output.length);
    if (error)
        fail(job, error);
    else
        run_step(job, job->staged->template_path ? GIT_STEP_TEMPLATE : GIT_STEP_BRANCH);
}

/* A repository that was unpacked from somewhere brings its own settings along: they must not lead
 * to files outside of it. */
static void on_template_resolved(void *context, int error, const char *path)
{
    struct git_job *job = context;

    job->file = NULL;
    free(job->staged->template_path);
    job->staged->template_path = NULL;
    if (!error && (job->is_persons_template || is_below(path, job->staged->top))) {
        job->staged->template_path = strdup(path);
        if (!job->staged->template_path) {
            fail(job, -ENOMEM);
            return;
        }
    }
    run_step(job, GIT_STEP_BRANCH);
}

/* A detached HEAD is no failure: git says so by its exit status alone. */
static void take_branch(struct git_job *job, struct child_result *result)
{
    if (child_succeeded(result)) {
        job->staged->branch = steal_line(result);
        if (!job->staged->branch) {
            fail(job, -ENOMEM);
            return;
        }
    }
    run_step(job, GIT_STEP_HEAD);
}

static void take_head(struct git_job *job, struct child_result *result)
{
    job->staged->is_first_commit = !child_succeeded(result);
    if (job->staged->is_first_commit)
        finish(job, GIT_OK, NULL);
    else
        run_step(job, GIT_STEP_SUBJECTS);
}

/* Subjects are a help and no need: what there is of them is taken. */
static void steal_lines(struct child_result *result, struct buffer *lines)
{
    struct buffer taken = result->output;
    const char *last = taken.length > 0 ? memrchr(taken.data, '\n', taken.length) : NULL;

    result->output = *lines;
    *lines = taken;
    buffer_truncate(lines, last ? (size_t)(last + 1 - taken.data) : 0);
}

static size_t count_lines(const struct buffer *text)
{
    size_t count = 0;

    for (size_t i = 0; i < text->length; i++)
        count += text->data[i] == '\n';
    return count;
}

/* Whether any of the files was there before. */
static bool has_history(const struct git_staged *staged)
{
    size_t i = 0;

    while (i < staged->count && staged->entries[i].status == 'A')
        i++;
    return i < staged->count;
}

/* Fewer than asked for: that was the whole history, that of these files too. */
static void take_subjects(struct git_job *job, struct child_result *result)
{
    steal_lines(result, &job->staged->subjects);
    if (count_lines(&job->staged->subjects) < SUBJECTS || !has_history(job->staged))
        finish(job, GIT_OK, NULL);
    else
        run_step(job, GIT_STEP_FILE_SUBJECTS);
}

static void take_file_subjects(struct git_job *job, struct child_result *result)
{
    steal_lines(result, &job->staged->file_subjects);
    finish(job, GIT_OK, NULL);
}

/* ---- the steps ------------------------------------------------------------------------------- */

#define LOG(count)                                                                             \
    "log", MAX_COUNT(count), "--no-merges", "--no-show-signature", "--no-mailmap",               \
        "--no-decorate", "--no-color", "--no-patch", "--encoding=UTF-8", "--format=%s"

/* A help that must not be waited for. */
#define HISTORY_TIMEOUT_MS 1500u

static const struct {
    const char *arguments[12];
    bool is_diff; /* git_diff_options follow */
    size_t output_cap;
    void (*take)(struct git_job *job, struct child_result *result);
    unsigned timeout_ms; /* 0: GIT_TIMEOUT_MS */
} commands[] = {
    [GIT_STEP_TOP] = {{"rev-parse", "--show-toplevel"}, false, PATH_CAP, take_top, 0},
    [GIT_STEP_OWN_DIR] = {{"rev-parse", "--absolute-git-dir"}, false, PATH_CAP,
                          take_own_directory, 0},
    [GIT_STEP_LIST] = {{"diff", "--name-status", "-z"}, true, LIST_CAP, take_list, 0},
    [GIT_STEP_SETTINGS] = {{"config", "--null", "--show-scope", "--get-regexp",
                            git_settings_pattern},
                           false, SETTINGS_CAP, take_settings, 0},
    [GIT_STEP_BRANCH] = {{"symbolic-ref", "--quiet", "--short", "HEAD"}, false, PATH_CAP,
                         take_branch, 0},
    [GIT_STEP_HEAD] = {{"rev-parse", "--quiet", "--verify", "HEAD^{commit}"}, false, PATH_CAP,
                       take_head, 0},
    [GIT_STEP_SUBJECTS] = {{LOG(SUBJECTS)}, false, SUBJECTS_CAP, take_subjects, 0},
    [GIT_STEP_FILE_SUBJECTS] = {{LOG(10)}, false, SUBJECTS_CAP, take_file_subjects,
                                HISTORY_TIMEOUT_MS},
};

static void on_command_done(void *context, struct child_result *result)
{
    struct git_job *job = context;

    job->child = NULL;
    commands[job->step].take(job, result);
}

/* A new file has no history; a renamed one has it under its old name. */
static size_t paths_of_subjects(const struct git_staged *staged, const char **paths)
{
    size_t count = 0;

    for (size_t i = 0; i < staged->count && count < FILES_OF_SUBJECTS; i++) {
        const struct git_entry *entry = &staged->entries[i];

        if (entry->status != 'A')
            paths[count++] = entry->old_path ? entry->old_path : entry->path;
    }
    return count;
}

static int start_command(struct git_job *job)
{
    const char *arguments[40];
    const char *paths[FILES_OF_SUBJECTS];
    unsigned timeout_ms = GIT_TIMEOUT_MS;
    size_t path_count = 0;
    size_t count = 0;

    for (const char *const *p = commands[job->step].arguments; *p; p++)
        arguments[count++] = *p;
    for (const char *const *p = git_diff_options; commands[job->step].is_diff && *p; p++)
        arguments[count++] = *p;
    arguments[count] = NULL;
    if (job->step == GIT_STEP_FILE_SUBJECTS)
        path_count = paths_of_subjects(job->staged, paths);
    if (commands[job->step].timeout_ms)
        timeout_ms = commands[job->step].timeout_ms;
    return git_command_start(job, arguments, paths, path_count, commands[job->step].output_cap,
                             timeout_ms, on_command_done);
}

static int start_link(struct git_job *job)
{
    char *path;
    int error;

    if (asprintf(&path, "%s/gitdir", job->directory) < 0)
        return -ENOMEM;
    error = file_read_start(&job->file, job->loop, path, PATH_CAP, on_link_read, job);
    free(path);
    return error;
}

static void run_step(struct git_job *job, enum git_step step)
{
    int error;

    job->step = step;
    switch (step) {
    case GIT_STEP_LINK:
        error = start_link(job);
        if (error)
            fail(job, error);
        break;
    case GIT_STEP_INDEX:
        error = file_resolve_start(&job->file, job->loop, getenv("GIT_INDEX_FILE"),
                                   on_index_resolved, job);
        if (error)
            fail(job, error);
        break;
    case GIT_STEP_TEMPLATE:
        error = file_resolve_start(&job->file, job->loop, job->staged->template_path,
                                   on_template_resolved, job);
        if (error)
            fail(job, error);
        break;
    default:
        error = start_command(job);
        if (error)
            fail_start(job, error);
        break;
    }
}

int git_staged_start(struct git_job **job, uv_loop_t *loop, const char *directory,
                     bool use_environment, git_staged_callback callback, void *context)
{
    struct git_job *created = git_job_create(loop, directory, use_environment, context);
    int error = -ENOMEM;

    *job = NULL;
    if (!created)
        return -ENOMEM;
    created->on_staged = callback;
    created->staged = calloc(1, sizeof(*created->staged));
    if (created->staged) {
        buffer_init(&created->staged->subjects, SUBJECTS_CAP);
        buffer_init(&created->staged->file_subjects, SUBJECTS_CAP);
        created->staged->uses_environment = use_environment;
        error = file_resolve_start(&created->file, loop, directory, on_resolved, created);
    }
    if (error) {
        git_job_destroy(created);
        return error;
    }
    *job = created;
    return 0;
}
