#include "daemon/requests/edit_files.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/answer/lines.h"
#include "protocol/uri.h"
#include "protocol/utf8.h"

#define FILES_MAX 24            /* that are sent */
#define LOOKED_AT_MAX 4000
#define LOOK_MS 10000
#define FILE_BYTES_MAX ((size_t)128 << 10)
#define READ_BYTES_MAX ((size_t)64 << 20)
#define NAMES_MAX 200
#define TERMS_MAX 24
#define TERM_BYTES_MIN 3
#define SELECTION_TERM_BYTES_MIN 4

/* Words of instructions that say nothing of where. */
static const char *const idle_words[] = {
    "the",  "and",   "all",   "for",    "with",    "from",     "into",   "this",   "that",
    "use",  "uses",  "used",  "every",  "each",    "where",    "instead", "rename", "replace",
    "make", "add",   "new",   "remove", "change",  "function", "method", "class",  "file",
    "files", "code", "call",  "calls",  "callers", "its",      "also",   "everywhere", "them",
    "should", "not", "which", "have",   "has",     "when",     "then",
};

static void file_finish(struct edit_file *file)
{
    free(file->name);
    free(file->path);
    free(file->uri);
    document_unref(file->document);
    buffer_finish(&file->bytes);
}

void edit_files_finish(struct edit_files *files)
{
    tree_walk_cancel(files->walk);
    file_request_cancel(files->reading);
    tree_finish(&files->tree);
    for (size_t i = 0; i < files->count; i++)
        file_finish(&files->items[i]);
    for (size_t i = 0; i < files->term_count; i++)
        free(files->terms[i]);
    free(files->items);
    free(files->terms);
    buffer_finish(&files->names);
    *files = (struct edit_files){0};
}

struct edit_file *edit_files_find(struct edit_files *files, const char *name)
{
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->items[i].name, name) == 0)
            return &files->items[i];
    return NULL;
}

static void end(struct edit_files *files, int error)
{
    files->gathered(files->context, error);
}

/* ---- what is looked for ---------------------------------------------------------------------- */

static bool is_idle(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof(idle_words) / sizeof(idle_words[0]); i++)
        if (length == strlen(idle_words[i]) && strncasecmp(word, idle_words[i], length) == 0)
            return true;
    return false;
}

static bool is_known(const struct edit_files *files, const char *word, size_t length)
{
    for (size_t i = 0; i < files->term_count; i++)
        if (strlen(files->terms[i]) == length && memcmp(files->terms[i], word, length) == 0)
            return true;
    return false;
}

static int take_terms(struct edit_files *files, const char *text, size_t length, size_t least)
{
    for (size_t at = 0, start; at < length && files->term_count < TERMS_MAX;) {
        while (at < length && !lines_is_word(text[at]))
            at++;
        for (start = at; at < length && lines_is_word(text[at]);)
            at++;
        if (at - start < least || isdigit((unsigned char)text[start]) ||
            is_idle(text + start, at - start) || is_known(files, text + start, at - start))
            continue;
        char *term = strndup(text + start, at - start);
        if (!term)
            return -ENOMEM;
        files->terms[files->term_count++] = term;
    }
    return 0;
}

/* Each term that occurs counts for more than how often it does. */
static size_t score_of(const struct edit_files *files, const char *name, const char *text,
                       size_t length)
{
    size_t score = 0;
    for (size_t i = 0; i < files->term_count; i++) {
        const char *term = files->terms[i];
        size_t size = strlen(term), found = 0;
        for (const char *at = text, *stop = text + length;
             found < 8 && (at = memmem(at, (size_t)(stop - at), term, size)); at += size)
            found++;
        score += (found > 0 ? 8 : 0) + found + (strcasestr(name, term) ? 4 : 0);
    }
    return score;
}

/* ---- taking files ---------------------------------------------------------------------------- */

static bool is_text(const char *text, size_t length)
{
    return !memchr(text, '\0', length) && utf8_is_valid(text, length);
}

/* Takes up a file with its text. Two roots may have files of one name: the first is meant. */
static int take(struct edit_files *files, const char *path, struct document *document,
                const char *text, size_t length, size_t score)
{
    const char *name = workspace_name_of(files->services->workspace,
                                         document ? document_name(document) : path);
    if (edit_files_find(files, name))
        return 0;
    struct edit_file *items = realloc(files->items, (files->count + 1) * sizeof(*items));
    if (!items)
        return -ENOMEM;
    files->items = items;
    struct edit_file *file = &items[files->count++];
    *file = (struct edit_file){.score = score, .name = strdup(name)};
    buffer_init(&file->bytes, BUFFER_CAP);
    file->path = path ? strdup(path) : NULL;
    file->uri = document ? strdup(document->uri) : uri_from_path(path);
    if (document) {
        file->document = document_ref(document);
        file->edits = document->edits;
    }
    buffer_append(&file->bytes, text, length);
    return file->name && file->uri && (file->path || !path) ? buffer_error(&file->bytes) : -ENOMEM;
}

static int take_document(struct edit_files *files, struct document *document, bool own)
{
    size_t length = text_length(&document->text);
    const char *name = document_name(document);
    if (length > files->budget)
        return own ? -EFBIG : 0;
    const char *text = text_view(&document->text, 0, length);
    if (!is_text(text, length))
        return own ? -EFBIG : 0;
    size_t score = own ? SIZE_MAX : score_of(files, name, text, length);
    return score > 0 ? take(files, document->path, document, text, length, score) : 0;
}

/* Those that lie in a root, as the files on disk do. */
static int take_open_documents(struct edit_files *files)
{
    struct services *services = files->services;
    int error = 0;
    for (struct document *document = services->documents->first; document && !error;
         document = document->next) {
        const char *name = document_name(document);
        if (workspace_root_of(services->workspace, name) &&
            workspace_judge(services->workspace, files->config, name) == WORKSPACE_ALLOWED)
            error = take_document(files, document, false);
    }
    return error;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b)
{
    const struct edit_file *one = a, *other = b;
    if (one->score != other->score)
        return one->score > other->score ? -1 : 1;
    return strcmp(one->name, other->name);
}

/* The likeliest that fit. */
static void choose(struct edit_files *files)
{
    size_t room = files->budget, kept = 0;
    if (files->count > 0)
        qsort(files->items, files->count, sizeof(*files->items), by_score);
    for (size_t i = 0; i < files->count; i++) {
        struct edit_file file = files->items[i];
        if (kept < FILES_MAX && file.bytes.length <= room) {
            room -= file.bytes.length;
            files->items[kept++] = file;
        } else {
            file_finish(&file);
        }
    }
    files->count = kept;
}

static int append_names(struct edit_files *files)
{
    size_t count = 0;
    for (size_t i = 0; i < files->tree.count && count < NAMES_MAX; i++) {
        const char *name = workspace_name_of(files->services->workspace, files->tree.paths[i]);
        if (edit_files_find(files, name))
            continue;
        buffer_append_string(&files->names, name);
        buffer_append_byte(&files->names, '\n');
        count++;
    }
    return buffer_error(&files->names);
}

static void settle(struct edit_files *files)
{
    choose(files);
    end(files, append_names(files));
}

/* ---- reading --------------------------------------------------------------------------------- */

static void read_next(struct edit_files *files);

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct edit_files *files = context;
    const char *path = files->tree.paths[files->next++];
    files->reading = NULL;
    if (!error && is_text(text, length)) {
        const char *name = workspace_name_of(files->services->workspace, path);
        size_t score = score_of(files, name, text, length);
        files->bytes_read += length;
        error = score > 0 ? take(files, path, NULL, text, length, score) : 0;
        if (error) {
            end(files, error);
            return;
        }
    }
    read_next(files);
}

/* An open document's text is the editor's, whatever the file holds. */
static bool is_open(const struct edit_files *files, const char *path)
{
    char *uri CLEANUP(cleanup_free) = uri_from_path(path);
    return uri && documents_find(files->services->documents, uri);
}

static void read_next(struct edit_files *files)
{
    struct services *services = files->services;
    for (; files->next < files->tree.count; files->next++) {
        const char *path = files->tree.paths[files->next];
        if (files->bytes_read > READ_BYTES_MAX || uv_now(services->loop) > files->deadline)
            break;
        if (is_open(files, path))
            continue;
        if (file_read_start(&files->reading, services->loop, path, FILE_BYTES_MAX, on_read,
                            files) == 0)
            return;
    }
    settle(files);
}

static void on_listed(void *context, struct tree *tree)
{
    struct edit_files *files = context;
    files->walk = NULL;
    files->tree = *tree;
    *tree = (struct tree){0};
    read_next(files);
}

void edit_files_gather(struct edit_files *files, const struct edit_files_options *options,
                       void (*gathered)(void *context, int error), void *context)
{
    struct services *services = options->services;
    struct tree_options walk = {
        .loop = services->loop,
        .workspace = services->workspace,
        .config = options->config,
        .files_max = LOOKED_AT_MAX,
        .deadline_ms = LOOK_MS / 2,
    };
    *files = (struct edit_files){
        .services = services,
        .config = options->config,
        .budget = options->budget,
        .deadline = uv_now(services->loop) + LOOK_MS,
        .gathered = gathered,
        .context = context,
        .terms = calloc(TERMS_MAX, sizeof(*files->terms)),
    };
    buffer_init(&files->names, BUFFER_CAP);
    int error = files->terms ? 0 : -ENOMEM;
    if (!error)
        error = take_terms(files, options->instruction, strlen(options->instruction),
                           TERM_BYTES_MIN);
    if (!error)
        error = take_terms(files, options->selection, options->selection_length,
                           SELECTION_TERM_BYTES_MIN);
    if (!error)
        error = take_document(files, options->document, true);
    if (!error)
        error = take_open_documents(files);
    if (!error && workspace_root_count(services->workspace) > 0)
        error = tree_walk_start(&files->walk, &walk, on_listed, files);
    else if (!error)
        settle(files);
    if (error)
        end(files, error);
}
