#include "daemon/definitions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/file.h"
#include "daemon/language.h"
#include "daemon/prompt/related.h"
#include "daemon/tree.h"

#define NAMES_MAX 32u
#define BYTES_MAX ((size_t)32 << 10)
#define TEXT_MAX ((size_t)64 << 10) /* of the text, so much is looked through for names */
#define LISTED_MAX 20000u
#define READ_MAX 400u
#define FILE_CAP ((size_t)256 << 10)
#define NEIGHBOURS_MAX 32u

struct name {
    char *word;
    related_name hash;
    bool found;
    bool far; /* worth a look into other texts */
};

struct definitions_search {
    uv_loop_t *loop;
    struct workspace *workspace;
    const struct documents *documents;
    struct config *config;
    struct document *document;
    definitions_callback callback; /* NULL: it is over */
    void *context;
    bool beyond;

    struct name names[NAMES_MAX];
    size_t name_count;
    struct definitions found;
    size_t bytes;

    uv_timer_t timer; /* begins the search in files, then is its deadline */
    unsigned deadline_ms;
    struct tree_walk *walk;
    struct tree tree;
    struct file_request *file;
    size_t at;        /* the file that is read */
    size_t read;
};

/* ---- life ------------------------------------------------------------------------------------- */

void definitions_finish(struct definitions *definitions)
{
    for (size_t i = 0; i < definitions->count; i++) {
        free(definitions->items[i].path);
        free(definitions->items[i].text);
    }
    *definitions = (struct definitions){0};
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct definitions_search *search = handle->data;
    for (size_t i = 0; i < search->name_count; i++)
        free(search->names[i].word);
    definitions_finish(&search->found);
    tree_finish(&search->tree);
    config_unref(search->config);
    free(search);
}

void definitions_search_cancel(struct definitions_search *search)
{
    if (!search)
        return;
    search->callback = NULL;
    tree_walk_cancel(search->walk);
    file_request_cancel(search->file);
    document_unref(search->document);
    uv_close((uv_handle_t *)&search->timer, on_timer_closed);
}

static void end(struct definitions_search *search)
{
    definitions_callback callback = search->callback;
    definitions_search_cancel(search);
    callback(search->context, &search->found);
}

/* ---- names ------------------------------------------------------------------------------------ */

/* Whether the word before `at` says that the next one is a type. */
static bool follows_type_word(struct prompt_text text, size_t at)
{
    static const char *const words[] = {"struct", "enum", "union", "class", "interface", "trait",
                                        "impl", "new", "extends", "implements"};
    while (at > 0 && text.text[at - 1] == ' ')
        at--;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        if (length <= at && memcmp(text.text + at - length, words[i], length) == 0 &&
            (length == at || !isalnum((unsigned char)text.text[at - length - 1])))
            return true;
    }
    return false;
}

/* Called, or spelled as types, constants and globals are: local variables and members have no
 * definition that would be worth a look into other texts. */
static bool is_far(struct prompt_text text, struct prompt_text word)
{
    size_t start = (size_t)(word.text - text.text);
    size_t behind = start + word.length;
    bool is_member = start > 0 && (text.text[start - 1] == '.' ||
                                   (start > 1 && memcmp(word.text - 2, "->", 2) == 0));
    while (behind < text.length && text.text[behind] == ' ')
        behind++;
    if (behind < text.length && text.text[behind] == '(')
        return true;
    return !is_member && (isupper((unsigned char)word.text[0]) ||
                          memchr(word.text, '_', word.length) || follows_type_word(text, start));
}

static struct name *find_name(struct definitions_search *search, related_name hash)
{
    for (size_t i = 0; i < search->name_count; i++)
        if (search->names[i].hash == hash)
            return &search->names[i];
    return NULL;
}

static int add_names(struct definitions_search *search, struct prompt_text text)
{
    struct prompt_text word;
    if (text.length > TEXT_MAX)
        text.length = TEXT_MAX;
    for (size_t at = 0; related_next_word(text, &at, &word);) {
        related_name hash = related_name_of(word.text, word.length);
        struct name *name = find_name(search, hash);
        if (name) {
            name->far |= is_far(text, word);
            continue;
        }
        if (related_is_common(word) || search->name_count == NAMES_MAX)
            continue;
        name = &search->names[search->name_count];
        *name = (struct name){.word = strndup(word.text, word.length), .hash = hash,
                              .far = is_far(text, word)};
        if (!name->word)
            return -ENOMEM;
        search->name_count++;
    }
    return 0;
}

/* ---- what is found ---------------------------------------------------------------------------- */

static bool is_full(const struct definitions_search *search)
{
    return search->found.count == DEFINITIONS_MAX || search->bytes >= BYTES_MAX;
}

static bool is_found(const struct definitions_search *search, struct prompt_text text)
{
    for (size_t i = 0; i < search->found.count; i++) {
        const struct definition *other = &search->found.items[i];
        if (memmem(other->text, other->length, text.text, text.length))
            return true;
    }
    return false;
}

/* Where memory runs out the definition is left out. */
static void add(struct definitions_search *search, const char *path, struct prompt_text text)
{
    struct definitions *found = &search->found;
    if (is_full(search) || text.length + search->bytes > BYTES_MAX || is_found(search, text))
        return;
    struct definition definition = {strdup(path), malloc(text.length + 1), text.length};
    if (!definition.path || !definition.text) {
        free(definition.path);
        free(definition.text);
        return;
    }
    memcpy(definition.text, text.text, text.length);
    definition.text[text.length] = '\0';
    found->items[found->count++] = definition;
    search->bytes += text.length;
}

/* A statement within a function, by its looks: it tells no more than what it stands in. */
static bool is_local(struct prompt_text text)
{
    const char *line_end = memchr(text.text, '\n', text.length);
    size_t end = line_end ? (size_t)(line_end - text.text) : text.length;
    while (end > 0 && isspace((unsigned char)text.text[end - 1]))
        end--;
    return end > 0 && (text.text[0] == ' ' || text.text[0] == '\t') && text.text[end - 1] == ';';
}

/* In the document itself any name is looked up, in other texts those that are worth it. */
static void look_up(struct definitions_search *search, const char *path,
                    const struct related_index *index, bool is_own)
{
    for (size_t i = 0; i < search->name_count; i++) {
        struct name *name = &search->names[i];
        struct prompt_text text;
        if (name->found || !(name->far || is_own) || !related_index_definition(index, name->hash, &text) ||
            is_local(text))
            continue;
        name->found = true;
        add(search, path, text);
    }
}

/* As it is now: what the neighbours know of it may be older. */
static void look_at_document(struct definitions_search *search)
{
    struct text *text = &search->document->text;
    size_t length = text_length(text);
    struct related_index *index;
    if (length > RELATED_TEXT_MAX)
        length = RELATED_TEXT_MAX;
    if (related_index_create(&index, (struct prompt_text){text_view(text, 0, length), length}) != 0)
        return;
    look_up(search, workspace_name_of(search->workspace, document_name(search->document)), index,
            true);
    related_index_destroy(index);
}

static void look_at_neighbours(struct definitions_search *search, struct neighbours *neighbours)
{
    struct neighbour_text texts[NEIGHBOURS_MAX];
    size_t count = neighbours_gather(neighbours, search->config, search->document, texts,
                                     NEIGHBOURS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!texts[i].is_own)
            look_up(search, texts[i].name, texts[i].index, false);
}

/* ---- other files ------------------------------------------------------------------------------ */

static bool is_any_far(const struct definitions_search *search)
{
    for (size_t i = 0; i < search->name_count; i++)
        if (!search->names[i].found && search->names[i].far)
            return true;
    return false;
}

static bool names_any(const struct definitions_search *search, const char *text, size_t length)
{
    for (size_t i = 0; i < search->name_count; i++) {
        const struct name *name = &search->names[i];
        if (!name->found && name->far && memmem(text, length, name->word, strlen(name->word)))
            return true;
    }
    return false;
}

static bool is_open(const struct definitions_search *search, const char *path)
{
    for (const struct document *d = search->documents->first; d; d = d->next)
        if (d->path && strcmp(d->path, path) == 0)
            return true;
    return false;
}

/* Folders that two paths have in common. */
static size_t nearness(const char *a, const char *b)
{
    size_t count = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        count += a[i] == '/';
    return count;
}

struct candidate {
    char *path;
    size_t nearness;
};

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;
    if (one->nearness != other->nearness)
        return one->nearness > other->nearness ? -1 : 1;
    return strcmp(one->path, other->path);
}

static int sort_by_nearness(struct tree *tree, const char *path)
{
    struct candidate *candidates = calloc(tree->count ? tree->count : 1, sizeof(*candidates));
    if (!candidates)
        return -ENOMEM;
    for (size_t i = 0; i < tree->count; i++)
        candidates[i] = (struct candidate){tree->paths[i], nearness(tree->paths[i], path)};
    qsort(candidates, tree->count, sizeof(*candidates), compare_candidates);
    for (size_t i = 0; i < tree->count; i++)
        tree->paths[i] = candidates[i].path;
    free(candidates);
    return 0;
}

static void read_next(struct definitions_search *search);

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct definitions_search *search = context;
    struct related_index *index = NULL;
    search->file = NULL;
    if (!error && !memchr(text, '\0', length) && names_any(search, text, length) &&
        related_index_create(&index, (struct prompt_text){text, length}) == 0)
        look_up(search, workspace_name_of(search->workspace, search->tree.paths[search->at]), index,
                false);
    related_index_destroy(index);
    search->at++;
    read_next(search);
}

static bool is_worth_reading(const struct definitions_search *search, const char *path)
{
    return related_is_same_kind(language_of_path(path), search->document->language_id) &&
           !is_open(search, path);
}

static void read_next(struct definitions_search *search)
{
    for (; search->at < search->tree.count; search->at++) {
        const char *path = search->tree.paths[search->at];
        if (search->read == READ_MAX || is_full(search) || !is_any_far(search))
            break;
        if (!is_worth_reading(search, path))
            continue;
        search->read++;
        if (file_read_start(&search->file, search->loop, path, FILE_CAP, on_read, search) == 0)
            return;
    }
    end(search);
}

static void on_listed(void *context, struct tree *tree)
{
    struct definitions_search *search = context;
    search->walk = NULL;
    search->tree = *tree;
    *tree = (struct tree){0};
    if (sort_by_nearness(&search->tree, search->document->path) != 0)
        end(search);
    else
        read_next(search);
}

/* ---- beginning -------------------------------------------------------------------------------- */

static void on_deadline(uv_timer_t *timer)
{
    end(timer->data);
}

static void on_begin(uv_timer_t *timer)
{
    struct definitions_search *search = timer->data;
    const char *path = search->document->path;
    struct tree_options options = {
        .loop = search->loop,
        .workspace = search->workspace,
        .config = search->config,
        .files_max = LISTED_MAX,
        .deadline_ms = search->deadline_ms / 2,
    };
    uv_timer_start(timer, on_deadline, search->deadline_ms, 0);
    if (!search->beyond || !path || !workspace_root_of(search->workspace, path) ||
        !is_any_far(search) || is_full(search) ||
        tree_walk_start(&search->walk, &options, on_listed, search) != 0)
        end(search);
}

int definitions_search_start(struct definitions_search **out,
                             const struct definitions_options *options,
                             definitions_callback callback, void *context)
{
    struct definitions_search *search = calloc(1, sizeof(*search));
    *out = NULL;
    if (!search)
        return -ENOMEM;
    search->loop = options->loop;
    search->workspace = options->workspace;
    search->documents = options->documents;
    search->config = config_ref(options->config);
    search->document = document_ref(options->document);
    search->beyond = options->beyond;
    search->deadline_ms = options->deadline_ms;
    search->callback = callback;
    search->context = context;
    uv_timer_init(search->loop, &search->timer);
    search->timer.data = search;
    if (add_names(search, options->text) != 0) {
        definitions_search_cancel(search);
        return -ENOMEM;
    }
    look_at_document(search);
    if (search->beyond)
        look_at_neighbours(search, options->neighbours);
    uv_timer_start(&search->timer, on_begin, 0, 0);
    *out = search;
    return 0;
}
