#include "daemon/neighbours.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/workspace.h"

#define NEIGHBOURS_MAX 48
#define WANTED_MAX 64       /* paths that wait to be looked at */
#define FILE_CAP ((size_t)512 << 10)

struct neighbour {
    struct neighbour *next;
    struct document *document; /* a reference; NULL: a file */
    uint64_t edits;            /* of the document, when it was indexed */
    char *path;                /* of the file */
    char *language;
    struct related_index *index;
};

/* A file that a document imports, perhaps. */
struct wanted {
    char *path;
    char *language;
};

struct neighbours {
    uv_loop_t *loop;
    struct log *log;
    struct workspace *workspace;
    struct config *config;
    struct neighbour *first; /* the one used last */
    size_t count;
    struct wanted wanted[WANTED_MAX];
    size_t wanted_count;
    bool is_reading;         /* wanted[0], which is judged and then read */
    struct workspace_waiter waiter;
    struct file_request *request;
};

static void read_next(struct neighbours *neighbours);

int neighbours_create(struct neighbours **out, uv_loop_t *loop, struct log *log,
                      struct workspace *workspace)
{
    struct neighbours *neighbours = calloc(1, sizeof(*neighbours));

    *out = neighbours;
    if (!neighbours)
        return -ENOMEM;
    neighbours->loop = loop;
    neighbours->log = log;
    neighbours->workspace = workspace;
    return 0;
}

static void drop_wanted(struct neighbours *neighbours)
{
    free(neighbours->wanted[0].path);
    free(neighbours->wanted[0].language);
    neighbours->wanted_count--;
    memmove(neighbours->wanted, neighbours->wanted + 1,
            neighbours->wanted_count * sizeof(neighbours->wanted[0]));
}

static void drop(struct neighbours *neighbours, struct neighbour **link)
{
    struct neighbour *neighbour = *link;

    *link = neighbour->next;
    neighbours->count--;
    document_unref(neighbour->document);
    related_index_destroy(neighbour->index);
    free(neighbour->path);
    free(neighbour->language);
    free(neighbour);
}

void neighbours_destroy(struct neighbours *neighbours)
{
    if (!neighbours)
        return;
    workspace_wait_cancel(&neighbours->waiter);
    file_request_cancel(neighbours->request);
    while (neighbours->first)
        drop(neighbours, &neighbours->first);
    while (neighbours->wanted_count > 0)
        drop_wanted(neighbours);
    config_unref(neighbours->config);
    free(neighbours);
}

/* ---- the list -------------------------------------------------------------------------------- */

/* The link to the neighbour of a document; to NULL where there is none. */
static struct neighbour **find_document(struct neighbours *neighbours,
                                        const struct document *document)
{
    struct neighbour **link = &neighbours->first;

    while (*link && (*link)->document != document)
        link = &(*link)->next;
    return link;
}

static struct neighbour **find_file(struct neighbours *neighbours, const char *path)
{
    struct neighbour **link = &neighbours->first;

    while (*link && ((*link)->document || strcmp((*link)->path, path) != 0))
        link = &(*link)->next;
    return link;
}

static void move_to_front(struct neighbours *neighbours, struct neighbour **link)
{
    struct neighbour *neighbour = *link;

    *link = neighbour->next;
    neighbour->next = neighbours->first;
    neighbours->first = neighbour;
}

/* Takes `path` and `language` over; NULL where memory runs out. */
static struct neighbour *add(struct neighbours *neighbours, struct document *document, char *path,
                             char *language)
{
    struct neighbour *neighbour = language && (document || path) ? calloc(1, sizeof(*neighbour))
                                                                 : NULL;
    if (!neighbour) {
        free(path);
        free(language);
        return NULL;
    }
    neighbour->document = document ? document_ref(document) : NULL;
    neighbour->path = path;
    neighbour->language = language;
    neighbour->next = neighbours->first;
    neighbours->first = neighbour;
    if (++neighbours->count > NEIGHBOURS_MAX) {
        struct neighbour **link = &neighbours->first;

        while ((*link)->next)
            link = &(*link)->next;
        drop(neighbours, link);
    }
    return neighbour;
}

/* Where memory runs out it has no index and is of no use. */
static void index_document(struct neighbour *neighbour)
{
    struct text *text = &neighbour->document->text;
    size_t length = text_length(text);

    related_index_destroy(neighbour->index);
    if (length > RELATED_TEXT_MAX)
        length = RELATED_TEXT_MAX;
    (void)related_index_create(&neighbour->index,
                               (struct prompt_text){text_view(text, 0, length), length});
    neighbour->edits = neighbour->document->edits;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct neighbours *neighbours = context;
    struct wanted *wanted = &neighbours->wanted[0];
    struct neighbour **link = find_file(neighbours, wanted->path);

    neighbours->request = NULL;
    if (*link)
        drop(neighbours, link);
    if (error == 0 && memchr(text, '\0', length) == NULL) {
        struct neighbour *neighbour = add(neighbours, NULL, wanted->path, wanted->language);

        wanted->path = wanted->language = NULL;
        if (neighbour && related_index_create(&neighbour->index,
                                              (struct prompt_text){text, length}) == 0)
            log_write(neighbours->log, LOG_DEBUG, "read %s, which is imported", neighbour->path);
    }
    drop_wanted(neighbours);
    neighbours->is_reading = false;
    read_next(neighbours);
}

static void on_judged(struct workspace_waiter *waiter, int error)
{
    struct neighbours *neighbours = waiter->context;
    const char *path = neighbours->wanted[0].path;

    if (!error && workspace_holds(neighbours->workspace, path) &&
        workspace_judge(neighbours->workspace, neighbours->config, path) == WORKSPACE_ALLOWED &&
        file_read_start(&neighbours->request, neighbours->loop, path, FILE_CAP, on_read,
                        neighbours) == 0)
        return;
    drop_wanted(neighbours);
    neighbours->is_reading = false;
    read_next(neighbours);
}

/* One after the other: nobody waits for them. A verdict may be there at once and bring the next. */
static void read_next(struct neighbours *neighbours)
{
    if (neighbours->is_reading || neighbours->wanted_count == 0)
        return;
    neighbours->is_reading = true;
    neighbours->waiter = (struct workspace_waiter){.ready = on_judged, .context = neighbours};
    workspace_wait(neighbours->workspace, neighbours->wanted[0].path, &neighbours->waiter);
}

/* What is imported by a document. */
struct imports {
    struct neighbours *neighbours;
    const struct document *document;
    const char *root;
};

static bool is_wanted(const struct neighbours *neighbours, const char *path)
{
    for (size_t i = 0; i < neighbours->wanted_count; i++) {
        if (strcmp(neighbours->wanted[i].path, path) == 0)
            return true;
    }
    return false;
}

static bool is_open(const struct neighbours *neighbours, const char *path)
{
    const struct neighbour *neighbour = neighbours->first;

    while (neighbour && !(neighbour->document && neighbour->document->path &&
                          strcmp(neighbour->document->path, path) == 0))
        neighbour = neighbour->next;
    return neighbour != NULL;
}

static bool want(void *context, const char *relative, bool from_root)
{
    const struct imports *imports = context;
    struct neighbours *neighbours = imports->neighbours;
    const char *own = imports->document->path;
    size_t directory = from_root ? strlen(imports->root) : (size_t)(strrchr(own, '/') - own);
    struct wanted wanted = {NULL, strdup(imports->document->language_id)};
    char *joined;

    if (asprintf(&joined, "%.*s/%s", (int)directory, from_root ? imports->root : own,
                 relative) >= 0) {
        wanted.path = workspace_normalize(joined);
        free(joined);
    }
    if (wanted.path && wanted.language && neighbours->wanted_count < WANTED_MAX &&
        workspace_root_of(neighbours->workspace, wanted.path) == imports->root &&
        !is_wanted(neighbours, wanted.path) && !is_open(neighbours, wanted.path)) {
        neighbours->wanted[neighbours->wanted_count++] = wanted;
    } else {
        free(wanted.path);
        free(wanted.language);
    }
    return neighbours->wanted_count < WANTED_MAX;
}

/* ---- documents ------------------------------------------------------------------------------- */

void neighbours_on_document_opened(struct neighbours *neighbours, struct config *config,
                                   struct document *document)
{
    struct neighbour **link = find_document(neighbours, document);
    struct neighbour *neighbour = *link;
    struct imports imports = {.neighbours = neighbours, .document = document};

    if (!neighbour)
        neighbour = add(neighbours, document, NULL, strdup(document->language_id));
    if (!neighbour)
        return;
    index_document(neighbour);
    if (document->path) {
        struct neighbour **file = find_file(neighbours, document->path);

        if (*file) /* what the editor says counts from now on */
            drop(neighbours, file);
        imports.root = workspace_root_of(neighbours->workspace, document->path);
    }
    if (!imports.root)
        return;
    config_unref(neighbours->config);
    neighbours->config = config_ref(config);
    size_t length = text_length(&document->text);
    if (length > RELATED_TEXT_MAX)
        length = RELATED_TEXT_MAX;
    related_imports((struct prompt_text){text_view(&document->text, 0, length), length},
                    document->language_id, want, &imports);
    read_next(neighbours);
}

static void index_others(struct neighbours *neighbours, const struct document *document)
{
    for (struct neighbour *neighbour = neighbours->first; neighbour; neighbour = neighbour->next) {
        if (neighbour->document && neighbour->document != document &&
            neighbour->edits != neighbour->document->edits)
            index_document(neighbour);
    }
}

void neighbours_on_document_changed(struct neighbours *neighbours, const struct document *document)
{
    struct neighbour **link = find_document(neighbours, document);

    if (*link && *link != neighbours->first)
        move_to_front(neighbours, link);
    index_others(neighbours, document);
}

void neighbours_on_document_closed(struct neighbours *neighbours)
{
    struct neighbour **link = &neighbours->first;

    while (*link) {
        if ((*link)->document && !(*link)->document->open)
            drop(neighbours, link);
        else
            link = &(*link)->next;
    }
}

/* ---- giving out ------------------------------------------------------------------------------ */

static const char *path_of(const struct neighbour *neighbour)
{
    return neighbour->document ? document_name(neighbour->document) : neighbour->path;
}

size_t neighbours_gather(struct neighbours *neighbours, const struct config *config,
                         const struct document *document, struct neighbour_text *texts, size_t max)
{
    size_t count = 0;

    index_others(neighbours, document);
    for (struct neighbour *neighbour = neighbours->first; neighbour && count < max;
         neighbour = neighbour->next) {
        const char *path = path_of(neighbour);
        bool is_own = neighbour->document == document;

        if (!neighbour->index ||
            !related_is_same_kind(neighbour->language, document->language_id) ||
            workspace_judge(neighbours->workspace, config, path) != WORKSPACE_ALLOWED)
            continue;
        texts[count++] = (struct neighbour_text){workspace_name_of(neighbours->workspace, path),
                                                 neighbour->index, is_own};
        if (is_own && count > 1) { /* what is nearest is looked at first */
            struct neighbour_text own = texts[count - 1];

            memmove(texts + 1, texts, (count - 1) * sizeof(*texts));
            texts[0] = own;
        }
    }
    return count;
}
