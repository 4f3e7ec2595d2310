#include "daemon/workspace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/file.h"
#include "daemon/ignore.h"
#include "daemon/log.h"
#include "daemon/places.h"

#define PROJECT_FILE ".gridls.json"
#define PROJECT_CAP ((size_t)256 << 10)
#define ROOTS_MAX 256
#define DEPTH_MAX 256

/* So many places are kept without a thought; beyond, all are forgotten when nobody waits. */
#define PLACES_KEPT 4096
#define FRESH_MS 2000

struct root {
    struct workspace *workspace;
    char *path;    /* without a slash at its end: "" is the root directory */
    struct file_request *project;
};

struct workspace {
    uv_loop_t *loop;
    struct log *log;
    struct root *roots[ROOTS_MAX];
    size_t root_count;
    workspace_project_callback on_project;
    void *project_context;
    struct places places;
    struct workspace_waiter *waiters; /* in the order of their coming */
    struct workspace_waiter *last_waiter;
    struct ignore_rules *config_rules; /* parsed from the settings of this generation */
    uint64_t config_generation;
};

static void wake(struct workspace *workspace);

/* ---- paths ----------------------------------------------------------------------------------- */

/* What lies below the directory, or NULL. */
static const char *path_below(const char *directory, const char *path)
{
    size_t length = strlen(directory);

    if (strncmp(path, directory, length) != 0 || path[length] != '/')
        return NULL;
    return path + length + 1;
}

static bool has_name(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');

    return slash && strcmp(slash + 1, name) == 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void on_place_changed(void *context)
{
    wake(context);
}

int workspace_create(struct workspace **workspace, uv_loop_t *loop, struct log *log)
{
    struct workspace *created = calloc(1, sizeof(*created));

    *workspace = created;
    if (!created)
        return -ENOMEM;
    created->loop = loop;
    created->log = log;
    places_init(&created->places, loop, log, on_place_changed, created);
    return 0;
}

static void destroy_root(struct root *root)
{
    file_request_cancel(root->project);
    free(root->path);
    free(root);
}

void workspace_destroy(struct workspace *workspace)
{
    if (!workspace)
        return;
    while (workspace->waiters)
        workspace_wait_cancel(workspace->waiters);
    while (workspace->root_count > 0)
        destroy_root(workspace->roots[--workspace->root_count]);
    places_finish(&workspace->places);
    ignore_rules_destroy(workspace->config_rules);
    free(workspace);
}

/* ---- roots ----------------------------------------------------------------------------------- */

void workspace_set_project_callback(struct workspace *workspace,
                                    workspace_project_callback callback, void *context)
{
    workspace->on_project = callback;
    workspace->project_context = context;
}

/* How people and callers write a root. */
static const char *root_path(const struct root *root)
{
    return *root->path ? root->path : "/";
}

static void on_project_read(void *context, int error, const char *text, size_t length)
{
    struct root *root = context;
    struct workspace *workspace = root->workspace;

    root->project = NULL;
    if (error == -ENOTDIR)
        error = -ENOENT;
    workspace->on_project(workspace->project_context, root_path(root), error, text, length);
    wake(workspace);
}

static int read_project(struct root *root)
{
    char *path;
    int error;

    file_request_cancel(root->project);
    root->project = NULL;
    if (!root->workspace->on_project)
        return 0;
    if (asprintf(&path, "%s/" PROJECT_FILE, root->path) < 0)
        return -ENOMEM;
    error = file_read_start(&root->project, root->workspace->loop, path, PROJECT_CAP,
                            on_project_read, root);
    free(path);
    return error;
}

static size_t find_root(const struct workspace *workspace, const char *normal)
{
    size_t index = 0;

    while (index < workspace->root_count && strcmp(workspace->roots[index]->path, normal) != 0)
        index++;
    return index;
}

int workspace_add_root(struct workspace *workspace, const char *path)
{
    struct root *root;
    char *normal;
    int error;

    if (*path != '/')
        return -EINVAL;
    normal = workspace_normalize(path);
    if (!normal)
        return -ENOMEM;
    error = workspace->root_count == ROOTS_MAX ? -ENOSPC : 0;
    if (error || find_root(workspace, normal) < workspace->root_count) {
        free(normal);
        return error;
    }
    root = calloc(1, sizeof(*root));
    if (!root) {
        free(normal);
        return -ENOMEM;
    }
    root->workspace = workspace;
    root->path = normal;
    error = read_project(root);
    if (error) {
        destroy_root(root);
        return error;
    }
    workspace->roots[workspace->root_count++] = root;
    wake(workspace);
    return 0;
}

void workspace_remove_root(struct workspace *workspace, const char *path)
{
    char *normal CLEANUP(cleanup_free) = workspace_normalize(path);
    size_t index = normal ? find_root(workspace, normal) : workspace->root_count;

    if (index == workspace->root_count)
        return;
    destroy_root(workspace->roots[index]);
    workspace->root_count--;
    memmove(&workspace->roots[index], &workspace->roots[index + 1],
            (workspace->root_count - index) * sizeof(workspace->roots[0]));
    wake(workspace);
}

size_t workspace_root_count(const struct workspace *workspace)
{
    return workspace->root_count;
}

const char *workspace_root(const struct workspace *workspace, size_t index)
{
    return root_path(workspace->roots[index]);
}

static const struct root *longest_root(const struct workspace *workspace, const char *path)
{
    const struct root *longest = NULL;

    for (size_t i = 0; i < workspace->root_count; i++) {
        const struct root *root = workspace->roots[i];
        bool contains = path_below(root->path, path) || strcmp(root_path(root), path) == 0;

        if (contains && (!longest || strlen(root->path) > strlen(longest->path)))
            longest = root;
    }
    return longest;
}

const char *workspace_root_of(const struct workspace *workspace, const char *path)
{
    const struct root *root = longest_root(workspace, path);

    return root ? root_path(root) : NULL;
}

const char *workspace_name_of(const struct workspace *workspace, const char *path)
{
    const struct root *root = longest_root(workspace, path);
    const char *below = root ? path_below(root->path, path) : NULL;
    const char *slash = strrchr(path, '/');

    if (below && *below)
        return below;
    return slash && slash[1] ? slash + 1 : path;
}

/* ---- what a verdict needs -------------------------------------------------------------------- */

/* Where a known link leads, or the path itself. */
static const char *real_of(const struct workspace *workspace, const char *path)
{
    const struct place *place =
        places_find(&workspace->places, PLACE_LINK, path, strlen(path));

    return place && place->real ? place->real : path;
}

/* The part of a path below a root, by the root's spelling or by its real path. */
static const char *path_below_root(const struct workspace *workspace, const struct root *root,
                                   const char *path)
{
    const char *below = path_below(root->path, path);

    return below ? below : path_below(real_of(workspace, root->path), path);
}

bool workspace_holds(const struct workspace *workspace, const char *path)
{
    const char *real = real_of(workspace, path);

    for (size_t i = 0; i < workspace->root_count; i++) {
        if (path_below_root(workspace, workspace->roots[i], real))
            return true;
    }
    return false;
}

/* The length of the first directory whose rules count for a path: the outermost root, or the
 * directory of a file that is in none. */
static size_t first_directory(const struct workspace *workspace, const char *path)
{
    size_t length = (size_t)(strrchr(path, '/') - path);

    for (size_t i = 0; i < workspace->root_count; i++) {
        const char *below = path_below_root(workspace, workspace->roots[i], path);

        if (below && (size_t)(below - 1 - path) < length)
            length = (size_t)(below - 1 - path);
    }
    return length;
}

/* The next longer directory on the way to a file, 0 behind the last one. */
static size_t next_directory(const char *path, size_t length)
{
    const char *slash = strchr(path + length + 1, '/');

    return slash ? (size_t)(slash - path) : 0;
}

static int load_directories(struct workspace *workspace, const char *path, unsigned max_age_ms)
{
    size_t length = first_directory(workspace, path);
    unsigned depth = 0;
    int error;

    do {
        error = places_load(&workspace->places, PLACE_DIRECTORY, path, length, max_age_ms);
        length = next_directory(path, length);
    } while (!error && length > 0 && ++depth < DEPTH_MAX);
    return error;
}

static bool is_known(const struct workspace *workspace, enum place_kind kind, const char *path,
                     size_t length)
{
    const struct place *place = places_find(&workspace->places, kind, path, length);

    return place && place->is_known;
}

static bool are_directories_known(const struct workspace *workspace, const char *path)
{
    size_t length = first_directory(workspace, path);
    unsigned depth = 0;

    do {
        if (!is_known(workspace, PLACE_DIRECTORY, path, length))
            return false;
        length = next_directory(path, length);
    } while (length > 0 && ++depth < DEPTH_MAX);
    return true;
}

/* Starts what is missing for a verdict on a normal path. Returns 0 or -ENOMEM. */
static int load_all(struct workspace *workspace, const char *path, unsigned max_age_ms)
{
    int error = places_load(&workspace->places, PLACE_LINK, path, strlen(path), max_age_ms);
    const char *real;

    for (size_t i = 0; i < workspace->root_count && !error; i++) {
        const char *root = workspace->roots[i]->path;

        error = places_load(&workspace->places, PLACE_LINK, root, strlen(root), max_age_ms);
    }
    if (!error)
        error = load_directories(workspace, path, max_age_ms);
    real = real_of(workspace, path);
    if (!error && real != path)
        error = load_directories(workspace, real, max_age_ms);
    return error;
}

static bool is_all_known(const struct workspace *workspace, const char *path)
{
    const char *real = real_of(workspace, path);

    for (size_t i = 0; i < workspace->root_count; i++) {
        const char *root = workspace->roots[i]->path;

        if (workspace->roots[i]->project || /* its settings may say what is ignored */
            !is_known(workspace, PLACE_LINK, root, strlen(root)))
            return false;
    }
    return is_known(workspace, PLACE_LINK, path, strlen(path)) &&
           are_directories_known(workspace, path) &&
           (real == path || are_directories_known(workspace, real));
}

/* ---- verdicts -------------------------------------------------------------------------------- */

/* The rules of the settings, parsed once for each snapshot; NULL when memory runs out. */
static const struct ignore_rules *config_rules(struct workspace *workspace,
                                               const struct config *config)
{
    struct ignore_rules *rules;
    int error;

    if (workspace->config_rules && workspace->config_generation == config->generation)
        return workspace->config_rules;
    error = ignore_rules_create(&rules, "");
    for (size_t i = 0; i < config->ignore.count && !error; i++)
        error = ignore_rules_add_line(rules, config->ignore.items[i],
                                      strlen(config->ignore.items[i]));
    if (error) {
        ignore_rules_destroy(rules);
        return NULL;
    }
    ignore_rules_destroy(workspace->config_rules);
    workspace->config_rules = rules;
    workspace->config_generation = config->generation;
    return rules;
}

/* The settings' rules: their anchors hold for each root that the file is in. */
static bool is_ignored_by_config(const struct workspace *workspace,
                                 const struct ignore_rules *rules, const char *path)
{
    bool is_in_root = false;

    for (size_t i = 0; i < workspace->root_count; i++) {
        const char *below = path_below_root(workspace, workspace->roots[i], path);

        if (below && ignore_match(&rules, 1, below))
            return true;
        is_in_root |= below != NULL;
    }
    return !is_in_root && ignore_match(&rules, 1, path + strspn(path, "/"));
}

bool workspace_is_ignored_by_settings(struct workspace *workspace, const struct config *config,
                                      const char *path)
{
    const struct ignore_rules *rules = config_rules(workspace, config);

    return !rules || is_ignored_by_config(workspace, rules, path);
}

/* The `.gridlsignore` files, all of which are known. */
static bool is_ignored_by_files(const struct workspace *workspace, const char *path)
{
    const struct ignore_rules *sets[DEPTH_MAX];
    size_t length = first_directory(workspace, path);
    size_t count = 0;

    for (size_t depth = 0; depth < DEPTH_MAX; depth++) {
        const struct place *place =
            places_find(&workspace->places, PLACE_DIRECTORY, path, length);

        if (place->is_closed)
            return true;
        if (place->rules)
            sets[count++] = place->rules;
        length = next_directory(path, length);
        if (length == 0)
            return ignore_match(sets, count, path + 1);
    }
    return true;
}

static enum workspace_verdict judge(const struct workspace *workspace,
                                    const struct ignore_rules *rules, const char *path)
{
    const char *real = real_of(workspace, path);

    if (is_ignored_by_config(workspace, rules, path))
        return WORKSPACE_IGNORED;
    if (!is_all_known(workspace, path))
        return WORKSPACE_PENDING;
    if (places_find(&workspace->places, PLACE_LINK, path, strlen(path))->is_closed ||
        is_ignored_by_files(workspace, path))
        return WORKSPACE_IGNORED;
    if (real != path && (is_ignored_by_config(workspace, rules, real) ||
                         is_ignored_by_files(workspace, real)))
        return WORKSPACE_IGNORED;
    return WORKSPACE_ALLOWED;
}

enum workspace_verdict workspace_judge(struct workspace *workspace, const struct config *config,
                                       const char *path)
{
    const struct ignore_rules *rules = config_rules(workspace, config);
    char *normal CLEANUP(cleanup_free) = NULL;

    if (!rules)
        return WORKSPACE_IGNORED;
    if (*path != '/')
        return ignore_match(&rules, 1, path) ? WORKSPACE_IGNORED : WORKSPACE_ALLOWED;
    normal = workspace_normalize(path);
    if (!normal || *normal == '\0')
        return WORKSPACE_IGNORED;
    return judge(workspace, rules, normal);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Keeps the number of places in bounds. Where somebody waits, what he waits for must stay. */
static void trim(struct workspace *workspace)
{
    if (workspace->places.count < PLACES_KEPT || workspace->waiters)
        return;
    places_forget_all(&workspace->places, PLACE_DIRECTORY);
    places_forget_all(&workspace->places, PLACE_LINK);
}

void workspace_prepare(struct workspace *workspace, const char *path)
{
    char *normal CLEANUP(cleanup_free) = *path == '/' ? workspace_normalize(path) : NULL;

    trim(workspace);
    if (normal && *normal)
        (void)load_all(workspace, normal, FRESH_MS);
}

/* Starts what a waiter still needs. Returns whether its waiting is over, and how in *error. */
static bool is_ready(struct workspace *workspace, const char *path, int *error)
{
    *error = load_all(workspace, path, 0);
    return *error || is_all_known(workspace, path);
}

static void unlink_waiter(struct workspace_waiter *waiter)
{
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        waiter->workspace->waiters = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        waiter->workspace->last_waiter = waiter->previous;
    free(waiter->path);
    waiter->path = NULL;
    waiter->workspace = NULL;
    waiter->previous = waiter->next = NULL;
}

/* Calls all whose waiting is over. A callback may add and cancel waiters, so after each the list is
 * looked at from its start; it gets shorter every time. */
static void wake(struct workspace *workspace)
{
    struct workspace_waiter *waiter = workspace->waiters;

    while (waiter) {
        int error;

        if (!is_ready(workspace, waiter->path, &error)) {
            waiter = waiter->next;
            continue;
        }
        unlink_waiter(waiter);
        waiter->ready(waiter, error);
        waiter = workspace->waiters;
    }
}

void workspace_wait(struct workspace *workspace, const char *path,
                    struct workspace_waiter *waiter)
{
    char *normal = *path == '/' ? workspace_normalize(path) : strdup("");
    int error = -ENOMEM;

    waiter->workspace = NULL;
    trim(workspace);
    /* An empty path has its verdict from its spelling. */
    if (!normal || *normal == '\0' || is_ready(workspace, normal, &error)) {
        error = normal && *normal == '\0' ? 0 : error;
        free(normal);
        waiter->ready(waiter, error);
        return;
    }
    waiter->workspace = workspace;
    waiter->path = normal;
    waiter->next = NULL;
    waiter->previous = workspace->last_waiter;
    if (waiter->previous)
        waiter->previous->next = waiter;
    else
        workspace->waiters = waiter;
    workspace->last_waiter = waiter;
}

void workspace_wait_cancel(struct workspace_waiter *waiter)
{
    if (waiter->workspace)
        unlink_waiter(waiter);
}

void workspace_forget(struct workspace *workspace, const char *path)
{
    char *normal CLEANUP(cleanup_free) = workspace_normalize(path);

    if (!normal)
        return;
    places_forget(&workspace->places, PLACE_LINK, normal);
    /* All of them: one file may be known by several spellings of its directory. */
    if (has_name(normal, PLACES_RULES_FILE))
        places_forget_all(&workspace->places, PLACE_DIRECTORY);
    for (size_t i = 0; has_name(normal, PROJECT_FILE) && i < workspace->root_count; i++) {
        const char *below = path_below_root(workspace, workspace->roots[i], normal);
        bool is_project = below && strcmp(below, PROJECT_FILE) == 0;
        int error = is_project ? read_project(workspace->roots[i]) : 0;

        if (error)
            log_write(workspace->log, LOG_WARN, "%s: %s", normal, uv_strerror(error));
    }
    wake(workspace);
}
