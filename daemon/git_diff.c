#include "daemon/git_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What one git gets of paths, far below what systems allow in an argument vector. */
#define CHUNK_PATHS 1000
#define CHUNK_BYTES ((size_t)64 << 10)
/* Where all do not fit, this many of the largest do. */
#define FILES_AT_LEAST 16

static void start_chunk_or_end(struct git_job *job);

static void finish(struct git_job *job, enum git_outcome outcome, const char *message)
{
    if (outcome != GIT_OK)
        buffer_clear(&job->text);
    job->is_over = true;
    job->on_diff(job->context, outcome, message, &job->text, job->is_truncated);
    git_job_destroy(job);
}

/* What is over the cap is dropped from the last line end on. */
static void cut_lines(struct buffer *text)
{
    const char *last = text->length > 0 ? memrchr(text->data, '\n', text->length) : NULL;

    buffer_truncate(text, last ? (size_t)(last + 1 - text->data) : 0);
}

static void on_chunk_done(void *context, struct child_result *result)
{
    struct git_job *job = context;
    struct buffer *output = &result->output;

    job->child = NULL;
    if (result->error || (!result->truncated && !child_succeeded(result))) {
        finish(job, GIT_FAILED, git_command_message(result));
        return;
    }
    if (result->truncated && !job->is_truncated) {
        job->is_truncated = true;
        job->next_path = 0;
        buffer_clear(&job->text);
        start_chunk_or_end(job);
        return;
    }
    if (result->truncated)
        cut_lines(output);
    if (buffer_append(&job->text, output->data, output->length))
        finish(job, GIT_FAILED, uv_strerror(buffer_error(&job->text)));
    else
        start_chunk_or_end(job);
}

/* How many of the next paths one git gets: those of one file, where each is asked for by itself. */
static size_t chunk_paths(const struct git_job *job)
{
    if (!job->is_truncated)
        return CHUNK_PATHS;
    return job->is_old[job->next_path] ? 2 : 1;
}

static size_t chunk_cap(const struct git_job *job)
{
    size_t left = job->text.cap - job->text.length;
    size_t share = job->text.cap / FILES_AT_LEAST;

    return job->is_truncated && share < left ? share : left;
}

static int start_chunk(struct git_job *job)
{
    const char *arguments[24] = {"diff", "--patch"};
    /* Without any path git would show all files. No file can have this one, so it is always safe to
     * ask for. */
    const char *paths[CHUNK_PATHS + 1] = {".git"};
    size_t most = chunk_paths(job);
    size_t count = 1;
    size_t bytes = 0;

    for (size_t i = 0; git_diff_options[i]; i++)
        arguments[i + 2] = git_diff_options[i];
    while (job->next_path < job->path_count && count <= most && bytes < CHUNK_BYTES) {
        const char *path = job->paths[job->next_path++];

        paths[count++] = path;
        bytes += strlen(path) + 1;
    }
    return git_command_start(job, arguments, paths, count, chunk_cap(job), GIT_TIMEOUT_MS,
                             on_chunk_done);
}

/* Less room than this shows nothing of a file. */
#define ROOM_LEAST ((size_t)512)

static bool is_full(const struct git_job *job)
{
    return job->is_truncated && job->text.cap - job->text.length < ROOM_LEAST;
}

static void start_chunk_or_end(struct git_job *job)
{
    int error;

    if (is_full(job) || job->next_path == job->path_count) {
        finish(job, GIT_OK, NULL);
        return;
    }
    error = start_chunk(job);
    if (error == -ENOENT)
        finish(job, GIT_MISSING, NULL);
    else if (error)
        finish(job, GIT_FAILED, uv_strerror(error));
}

/* ---- paths that name more than a file -------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All staged paths, old ones too, in order; they are borrowed. NULL when memory runs out. */
static const char **sort_paths(const struct git_staged *staged, size_t *count)
{
    const char **sorted = calloc(staged->count * 2 + 1, sizeof(*sorted));

    *count = 0;
    if (!sorted)
        return NULL;
    for (size_t i = 0; i < staged->count; i++) {
        sorted[(*count)++] = staged->entries[i].path;
        if (staged->entries[i].old_path)
            sorted[(*count)++] = staged->entries[i].old_path;
    }
    qsort(sorted, *count, sizeof(*sorted), compare_paths);
    return sorted;
}

/* Whether a staged file lies below `path`: a pathspec would name that file too, ignored or not. */
static bool is_directory(const char *const *sorted, size_t count, const char *path)
{
    size_t length = strlen(path);
    size_t low = 0;

    while (low < count) { /* the first that is not before path + "/" */
        size_t middle = low + (count - low) / 2;
        int order = strncmp(sorted[middle], path, length);

        if (order < 0 || (order == 0 && (unsigned char)sorted[middle][length] < '/'))
            low = middle + 1;
        else
            count = middle;
    }
    return sorted[low] && strncmp(sorted[low], path, length) == 0 && sorted[low][length] == '/';
}

static bool is_about(const struct git_entry *entry, const char *path)
{
    return strcmp(entry->path, path) == 0 ||
           (entry->old_path && strcmp(entry->old_path, path) == 0);
}

/* Paths come in the order of the entries; a pair that is not found for being elsewhere is shown as
 * a deletion and an addition. */
static void mark_old_paths(struct git_job *job, const struct git_staged *staged)
{
    size_t entry = 0;

    for (size_t i = 0; i + 1 < job->path_count; i++) {
        const char *next = job->paths[i + 1];

        while (entry < staged->count && !is_about(&staged->entries[entry], next))
            entry++;
        if (entry == staged->count)
            break;
        job->is_old[i] = strcmp(staged->entries[entry].path, next) == 0 &&
                         is_about(&staged->entries[entry], job->paths[i]);
    }
}

static int copy_paths(struct git_job *job, const struct git_staged *staged,
                      const char *const *paths, size_t count)
{
    size_t sorted_count;
    const char **sorted = sort_paths(staged, &sorted_count);
    int error = 0;

    job->paths = calloc(count + 1, sizeof(*job->paths));
    job->is_old = calloc(count + 1, sizeof(*job->is_old));
    if (!sorted || !job->paths || !job->is_old)
        error = -ENOMEM;
    for (size_t i = 0; i < count && !error; i++) {
        if (is_directory(sorted, sorted_count, paths[i]))
            continue;
        job->paths[job->path_count] = strdup(paths[i]);
        if (job->paths[job->path_count])
            job->path_count++;
        else
            error = -ENOMEM;
    }
    free(sorted);
    if (!error)
        mark_old_paths(job, staged);
    return error;
}

int git_diff_start(struct git_job **job, uv_loop_t *loop, const struct git_staged *staged,
                   const char *const *paths, size_t count, size_t cap, git_diff_callback callback,
                   void *context)
{
    struct git_job *created = git_job_create(loop, staged->top, staged->uses_environment, context);
    int error;

    *job = NULL;
    if (!created)
        return -ENOMEM;
    created->on_diff = callback;
    buffer_init(&created->text, cap);
    error = copy_paths(created, staged, paths, count);
    if (!error && staged->index_file) {
        created->index_file = strdup(staged->index_file);
        if (!created->index_file)
            error = -ENOMEM;
    }
    if (!error)
        error = start_chunk(created);
    if (error) {
        git_job_destroy(created);
        return error;
    }
    *job = created;
    return 0;
}
