#include "daemon/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/file.h"
#include "daemon/ignore.h"

#define OWN_RULES ".gridlsignore"
#define GIT_RULES ".gitignore"
#define OWN_RULES_CAP ((size_t)64 << 10) /* as workspace.h says */
#define GIT_RULES_CAP ((size_t)256 << 10)
#define DEPTH_MAX 64u
#define FOLDERS_MAX 20000u
#define ENTRIES_AT_ONCE 256u
#define PATH_BYTES_MAX 4096u

/* Never looked into: what is in there is no text of the person's. */
static const char *const passed_over[] = {".git", ".hg", ".svn", "node_modules"};

struct folder {
    struct folder *parent;   /* NULL: a root */
    struct folder *next;     /* in the order in which they are looked at */
    char *path;              /* "" is the root directory */
    unsigned depth;
    struct ignore_rules *own, *git; /* NULL: none */
};

struct tree_walk {
    uv_loop_t *loop;
    struct workspace *workspace;
    struct config *config;
    char *target;            /* NULL: everything */
    size_t files_max;
    tree_callback callback;  /* NULL: it is over */
    void *context;

    struct folder *first, *last;
    struct folder *current;  /* being looked at; NULL before the first */
    size_t folders;
    const struct ignore_rules *own[DEPTH_MAX + 1], *git[DEPTH_MAX + 1]; /* of current and above */
    size_t own_count, git_count;

    struct tree tree;
    size_t capacity;

    uv_timer_t timer;        /* starts the walk, then is its deadline */
    unsigned deadline_ms;
    struct file_request *rules;
    uv_fs_t fs;
    bool is_busy;            /* fs is in use */
    bool is_timer_closed;
    uv_dir_t *directory;     /* open */
    uv_dirent_t entries[ENTRIES_AT_ONCE];
};

static void look_at_next(struct tree_walk *walk);

/* ---- life ------------------------------------------------------------------------------------- */

void tree_finish(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        free(tree->paths[i]);
    free(tree->paths);
    *tree = (struct tree){0};
}

static void destroy_folder(struct folder *folder)
{
    ignore_rules_destroy(folder->own);
    ignore_rules_destroy(folder->git);
    free(folder->path);
    free(folder);
}

/* The last of a walk that is over goes once nothing of libuv's refers to it. */
static void free_when_done(struct tree_walk *walk)
{
    if (walk->is_busy || !walk->is_timer_closed)
        return;
    while (walk->first) {
        struct folder *folder = walk->first;
        walk->first = folder->next;
        destroy_folder(folder);
    }
    tree_finish(&walk->tree);
    config_unref(walk->config);
    free(walk->target);
    free(walk);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct tree_walk *walk = handle->data;
    walk->is_timer_closed = true;
    free_when_done(walk);
}

static void on_directory_closed(uv_fs_t *fs)
{
    struct tree_walk *walk = fs->data;
    uv_fs_req_cleanup(fs);
    walk->is_busy = false;
    walk->directory = NULL;
    if (walk->callback)
        look_at_next(walk);
    else
        free_when_done(walk);
}

static void close_directory(struct tree_walk *walk)
{
    walk->is_busy = true;
    if (uv_fs_closedir(walk->loop, &walk->fs, walk->directory, on_directory_closed) != 0)
        on_directory_closed(&walk->fs);
}

static void close_walk(struct tree_walk *walk)
{
    walk->callback = NULL;
    file_request_cancel(walk->rules);
    walk->rules = NULL;
    if (walk->directory && !walk->is_busy)
        close_directory(walk);
    uv_close((uv_handle_t *)&walk->timer, on_timer_closed);
}

void tree_walk_cancel(struct tree_walk *walk)
{
    if (walk)
        close_walk(walk);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void end_walk(struct tree_walk *walk)
{
    tree_callback callback = walk->callback;
    if (walk->tree.count > 1)
        qsort(walk->tree.paths, walk->tree.count, sizeof(char *), compare_paths);
    close_walk(walk);
    callback(walk->context, &walk->tree);
}

static void cut(struct tree_walk *walk)
{
    walk->tree.is_cut = true;
    end_walk(walk);
}

/* ---- what is found ---------------------------------------------------------------------------- */

static int add_folder(struct tree_walk *walk, struct folder *parent, const char *path)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    if (!folder)
        return -ENOMEM;
    folder->path = strdup(path);
    folder->parent = parent;
    folder->depth = parent ? parent->depth + 1 : 0;
    if (!folder->path) {
        free(folder);
        return -ENOMEM;
    }
    if (walk->last)
        walk->last->next = folder;
    else
        walk->first = folder;
    walk->last = folder;
    walk->folders++;
    return 0;
}

static int add_file(struct tree_walk *walk, const char *path)
{
    struct tree *tree = &walk->tree;
    if (tree->count == walk->capacity) {
        size_t capacity = walk->capacity ? walk->capacity * 2 : 64;
        char **paths = reallocarray(tree->paths, capacity, sizeof(*paths));
        if (!paths)
            return -ENOMEM;
        tree->paths = paths;
        walk->capacity = capacity;
    }
    tree->paths[tree->count] = strdup(path);
    if (!tree->paths[tree->count])
        return -ENOMEM;
    tree->count++;
    return 0;
}

static bool is_passed_over(const char *name)
{
    for (size_t i = 0; i < sizeof(passed_over) / sizeof(passed_over[0]); i++)
        if (strcmp(name, passed_over[i]) == 0)
            return true;
    return false;
}

static int take_folder(struct tree_walk *walk, const char *name, const char *path)
{
    if (is_passed_over(name) || ignore_match_directory(walk->own, walk->own_count, path + 1) ||
        ignore_match_directory(walk->git, walk->git_count, path + 1))
        return 0;
    if (walk->current->depth + 1 >= DEPTH_MAX || walk->folders == FOLDERS_MAX) {
        walk->tree.is_cut = true;
        return 0;
    }
    return add_folder(walk, walk->current, path);
}

static int take_file(struct tree_walk *walk, const char *path)
{
    if (workspace_is_ignored_by_settings(walk->workspace, walk->config, path) ||
        ignore_match(walk->own, walk->own_count, path + 1) ||
        ignore_match(walk->git, walk->git_count, path + 1))
        return 0;
    if (walk->tree.count == walk->files_max)
        return -ENOSPC;
    return add_file(walk, path);
}

/* Returns 0, -ENOSPC where the walk has found enough, or -ENOMEM. */
static int take(struct tree_walk *walk, const char *name, bool is_folder)
{
    char path[PATH_BYTES_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s", walk->current->path, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return 0;
    return is_folder ? take_folder(walk, name, path) : take_file(walk, path);
}

/* ---- a folder's entries ----------------------------------------------------------------------- */

static void on_entries(uv_fs_t *fs);

static void read_entries(struct tree_walk *walk)
{
    walk->is_busy = true;
    if (uv_fs_readdir(walk->loop, &walk->fs, walk->directory, on_entries) != 0) {
        walk->is_busy = false;
        close_directory(walk);
    }
}

static int take_entries(struct tree_walk *walk, size_t count)
{
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        const uv_dirent_t *entry = &walk->entries[i];
        if (entry->type == UV_DIRENT_DIR || entry->type == UV_DIRENT_FILE)
            status = take(walk, entry->name, entry->type == UV_DIRENT_DIR);
    }
    return status;
}

static void on_entries(uv_fs_t *fs)
{
    struct tree_walk *walk = fs->data;
    ssize_t count = fs->result;
    int status = walk->callback && count > 0 ? take_entries(walk, (size_t)count) : 0;
    uv_fs_req_cleanup(fs);
    walk->is_busy = false;
    if (!walk->callback || count <= 0)
        close_directory(walk);
    else if (status != 0)
        cut(walk);
    else
        read_entries(walk);
}

static void on_directory_opened(uv_fs_t *fs)
{
    struct tree_walk *walk = fs->data;
    uv_dir_t *directory = fs->result == 0 ? fs->ptr : NULL;
    uv_fs_req_cleanup(fs);
    walk->is_busy = false;
    walk->directory = directory;
    if (directory) {
        directory->dirents = walk->entries;
        directory->nentries = ENTRIES_AT_ONCE;
    }
    if (!walk->callback) {
        if (directory)
            close_directory(walk);
        else
            free_when_done(walk);
    } else if (directory) {
        read_entries(walk);
    } else {
        look_at_next(walk);
    }
}

/* ---- the way to a target ---------------------------------------------------------------------- */

/* What is left of the target below the folder; NULL: the folder is the target or lies in it. */
static const char *way_to_target(const struct tree_walk *walk, const struct folder *folder)
{
    size_t length = strlen(folder->path);
    if (!walk->target || strncmp(walk->target, folder->path, length) != 0 ||
        walk->target[length] != '/')
        return NULL;
    return walk->target + length + 1;
}

static void on_kind_known(uv_fs_t *fs)
{
    struct tree_walk *walk = fs->data;
    uint64_t kind = fs->result == 0 ? fs->statbuf.st_mode & S_IFMT : 0;
    uv_fs_req_cleanup(fs);
    walk->is_busy = false;
    if (!walk->callback) {
        free_when_done(walk);
        return;
    }
    const char *way = way_to_target(walk, walk->current);
    char *name CLEANUP(cleanup_free) = strndup(way, strcspn(way, "/"));
    int status = name ? 0 : -ENOMEM;
    if (status == 0 && (kind == S_IFDIR || (kind == S_IFREG && !strchr(way, '/'))))
        status = take(walk, name, kind == S_IFDIR);
    if (status != 0)
        cut(walk);
    else
        look_at_next(walk);
}

static int look_at_way(struct tree_walk *walk, const char *way)
{
    char path[PATH_BYTES_MAX];
    int length = snprintf(path, sizeof(path), "%s/%.*s", walk->current->path,
                          (int)strcspn(way, "/"), way);
    if (length < 0 || (size_t)length >= sizeof(path))
        return -ENAMETOOLONG;
    return uv_fs_lstat(walk->loop, &walk->fs, path, on_kind_known);
}

/* The rules are known: what lies in the folder? */
static void look_into(struct tree_walk *walk)
{
    const char *path = walk->current->path;
    const char *way = way_to_target(walk, walk->current);
    int status = way ? look_at_way(walk, way)
                     : uv_fs_opendir(walk->loop, &walk->fs, *path ? path : "/",
                                     on_directory_opened);
    walk->is_busy = status == 0;
    if (status != 0)
        look_at_next(walk);
}

/* ---- a folder's rules ------------------------------------------------------------------------- */

/* Returns whether the folder may be looked into. */
static bool take_rules(struct tree_walk *walk, int error, const char *text, size_t length,
                       struct ignore_rules **rules)
{
    const char *path = walk->current->path;
    if (error == -ENOENT || error == -ENOTDIR || error == -EISDIR)
        return true;
    if (error || ignore_rules_create(rules, path[0] == '/' ? path + 1 : path) != 0)
        return false;
    return ignore_rules_add_text(*rules, text, length) == 0;
}

static void read_rules(struct tree_walk *walk, const char *name, size_t cap,
                       file_read_callback callback)
{
    char path[PATH_BYTES_MAX + sizeof(OWN_RULES)];
    snprintf(path, sizeof(path), "%s/%s", walk->current->path, name);
    if (file_read_start(&walk->rules, walk->loop, path, cap, callback, walk) != 0)
        cut(walk);
}

static void on_git_rules(void *context, int error, const char *text, size_t length)
{
    struct tree_walk *walk = context;
    walk->rules = NULL;
    if (!take_rules(walk, error, text, length, &walk->current->git)) {
        look_at_next(walk);
        return;
    }
    if (walk->current->git)
        walk->git[walk->git_count++] = walk->current->git;
    look_into(walk);
}

static void on_own_rules(void *context, int error, const char *text, size_t length)
{
    struct tree_walk *walk = context;
    walk->rules = NULL;
    if (!take_rules(walk, error, text, length, &walk->current->own)) {
        look_at_next(walk);
        return;
    }
    if (walk->current->own)
        walk->own[walk->own_count++] = walk->current->own;
    read_rules(walk, GIT_RULES, GIT_RULES_CAP, on_git_rules);
}

/* From the root down, the order in which ignore_match() wants them. */
static void gather_rules(struct tree_walk *walk)
{
    const struct folder *above[DEPTH_MAX];
    size_t count = 0;
    for (const struct folder *f = walk->current->parent; f && count < DEPTH_MAX; f = f->parent)
        above[count++] = f;
    walk->own_count = walk->git_count = 0;
    while (count > 0) {
        const struct folder *folder = above[--count];
        if (folder->own)
            walk->own[walk->own_count++] = folder->own;
        if (folder->git)
            walk->git[walk->git_count++] = folder->git;
    }
}

static void look_at_next(struct tree_walk *walk)
{
    struct folder *next = walk->current ? walk->current->next : walk->first;
    if (!next) {
        end_walk(walk);
        return;
    }
    walk->current = next;
    gather_rules(walk);
    read_rules(walk, OWN_RULES, OWN_RULES_CAP, on_own_rules);
}

/* ---- beginning -------------------------------------------------------------------------------- */

static bool is_within(const char *folder, const char *path)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* A root within another is come to by the other; and only the target's own root leads to it. */
static bool is_start(const struct tree_walk *walk, const char *root)
{
    for (size_t i = 0; i < workspace_root_count(walk->workspace); i++) {
        const char *other = workspace_root(walk->workspace, i);
        other = strcmp(other, "/") == 0 ? "" : other;
        if (strcmp(other, root) != 0 && is_within(other, root))
            return false;
    }
    return !walk->target || is_within(root, walk->target);
}

static int add_roots(struct tree_walk *walk)
{
    int status = 0;
    for (size_t i = 0; i < workspace_root_count(walk->workspace) && status == 0; i++) {
        const char *root = workspace_root(walk->workspace, i);
        root = strcmp(root, "/") == 0 ? "" : root;
        if (is_start(walk, root))
            status = add_folder(walk, NULL, root);
    }
    return status;
}

static void on_deadline(uv_timer_t *timer)
{
    cut(timer->data);
}

static void on_begin(uv_timer_t *timer)
{
    struct tree_walk *walk = timer->data;
    uv_timer_start(timer, on_deadline, walk->deadline_ms, 0);
    if (add_roots(walk) != 0)
        cut(walk);
    else
        look_at_next(walk);
}

int tree_walk_start(struct tree_walk **out, const struct tree_options *options,
                    tree_callback callback, void *context)
{
    struct tree_walk *walk = calloc(1, sizeof(*walk));
    *out = NULL;
    if (!walk)
        return -ENOMEM;
    walk->target = options->path ? strdup(options->path) : NULL;
    if (options->path && !walk->target) {
        free(walk);
        return -ENOMEM;
    }
    walk->loop = options->loop;
    walk->workspace = options->workspace;
    walk->config = config_ref(options->config);
    walk->files_max = options->files_max;
    walk->deadline_ms = options->deadline_ms;
    walk->callback = callback;
    walk->context = context;
    walk->fs.data = walk;
    uv_timer_init(walk->loop, &walk->timer);
    walk->timer.data = walk;
    uv_timer_start(&walk->timer, on_begin, 0, 0);
    *out = walk;
    return 0;
}
