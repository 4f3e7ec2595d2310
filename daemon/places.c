#include "daemon/places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/file.h"
#include "daemon/log.h"

#define RULES_CAP ((size_t)64 << 10)

static void start_resolving(struct place *place);

void places_init(struct places *places, uv_loop_t *loop, struct log *log,
                 void (*changed)(void *context), void *context)
{
    *places = (struct places){.loop = loop, .log = log, .changed = changed, .context = context};
}

static void destroy_place(struct place *place)
{
    file_request_cancel(place->request);
    ignore_rules_destroy(place->rules);
    free(place->real);
    free(place->attempt);
    free(place->path);
    free(place);
}

void places_finish(struct places *places)
{
    places_forget_all(places, PLACE_DIRECTORY);
    places_forget_all(places, PLACE_LINK);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* FNV-1a. */
static size_t bucket_of(enum place_kind kind, const char *path, size_t length)
{
    uint32_t hash = 2166136261U ^ (uint32_t)kind;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)path[i]) * 16777619U;
    return hash % PLACES_BUCKETS;
}

struct place *places_find(const struct places *places, enum place_kind kind, const char *path,
                          size_t length)
{
    struct place *place = places->buckets[bucket_of(kind, path, length)];

    while (place && (place->kind != kind || strncmp(place->path, path, length) != 0 ||
                     place->path[length] != '\0'))
        place = place->next;
    return place;
}

static struct place *add_place(struct places *places, enum place_kind kind, const char *path,
                               size_t length)
{
    struct place **bucket = &places->buckets[bucket_of(kind, path, length)];
    struct place *place;

    if (places->count >= PLACES_LIMIT)
        return NULL;
    place = calloc(1, sizeof(*place));
    if (!place)
        return NULL;
    place->places = places;
    place->kind = kind;
    place->path = strndup(path, length);
    if (!place->path) {
        destroy_place(place);
        return NULL;
    }
    place->next = *bucket;
    *bucket = place;
    places->count++;
    return place;
}

static void remove_place(struct places *places, struct place **link)
{
    struct place *place = *link;

    *link = place->next;
    places->count--;
    destroy_place(place);
}

void places_forget(struct places *places, enum place_kind kind, const char *path)
{
    struct place **link = &places->buckets[bucket_of(kind, path, strlen(path))];

    while (*link && ((*link)->kind != kind || strcmp((*link)->path, path) != 0))
        link = &(*link)->next;
    if (*link)
        remove_place(places, link);
}

void places_forget_all(struct places *places, enum place_kind kind)
{
    for (size_t i = 0; i < PLACES_BUCKETS; i++) {
        for (struct place **link = &places->buckets[i]; *link; ) {
            if ((*link)->kind == kind)
                remove_place(places, link);
            else
                link = &(*link)->next;
        }
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Takes over what was found. `error`: what keeps the place from being judged. */
static void settle(struct place *place, int error, struct ignore_rules *rules, char *real)
{
    bool was_closed = place->is_closed;

    ignore_rules_destroy(place->rules);
    free(place->real);
    free(place->attempt);
    place->attempt = NULL;
    place->rules = rules;
    place->real = real;
    place->is_known = true;
    place->is_closed = error != 0;
    place->known_at = uv_now(place->places->loop);
    if (!error || was_closed)
        return;
    if (place->kind == PLACE_DIRECTORY)
        log_write(place->places->log, LOG_WARN,
                  "%s/" PLACES_RULES_FILE ": %s; nothing in this folder will be sent", place->path,
                  uv_strerror(error));
    else
        log_write(place->places->log, LOG_WARN, "%s: %s; its text will not be sent", place->path,
                  uv_strerror(error));
}

static int parse_rules(const struct place *place, const char *text, size_t length,
                       struct ignore_rules **rules)
{
    const char *directory = place->path[0] == '/' ? place->path + 1 : place->path;
    int error = ignore_rules_create(rules, directory);

    if (!error)
        error = ignore_rules_add_text(*rules, text, length);
    if (error) {
        ignore_rules_destroy(*rules);
        *rules = NULL;
    }
    return error;
}

static void on_rules_read(void *context, int error, const char *text, size_t length)
{
    struct place *place = context;
    struct places *places = place->places;
    struct ignore_rules *rules = NULL;

    place->request = NULL;
    if (!error)
        error = parse_rules(place, text, length, &rules);
    else if (error == -ENOENT || error == -ENOTDIR || error == -EISDIR)
        error = 0; /* there are no rules */
    settle(place, error, rules, NULL);
    places->changed(places->context);
}

static void start_reading(struct place *place)
{
    char *path;
    int error;

    if (asprintf(&path, "%s/" PLACES_RULES_FILE, place->path) < 0) {
        settle(place, -ENOMEM, NULL, NULL);
        return;
    }
    error = file_read_start(&place->request, place->places->loop, path, RULES_CAP, on_rules_read,
                            place);
    free(path);
    if (error)
        settle(place, error, NULL, NULL);
}

/* The place's real path from that of its leading part; *real is NULL where it is no other. */
static int join_real(const struct place *place, const char *resolved, char **real)
{
    const char *rest = place->path + strlen(place->attempt);

    *real = NULL;
    if (asprintf(real, "%s%s", strcmp(resolved, "/") == 0 && *rest ? "" : resolved, rest) < 0) {
        *real = NULL;
        return -ENOMEM;
    }
    if (strcmp(*real, place->path) == 0) {
        free(*real);
        *real = NULL;
    }
    return 0;
}

static void on_resolved(void *context, int error, const char *resolved)
{
    struct place *place = context;
    struct places *places = place->places;
    char *real = NULL;

    place->request = NULL;
    if ((error == -ENOENT || error == -ENOTDIR) && place->attempt[0] != '\0') {
        /* A file that is not there yet may still get into a linked directory. */
        *strrchr(place->attempt, '/') = '\0';
        start_resolving(place);
        if (place->request)
            return;
    } else {
        if (!error)
            error = join_real(place, resolved, &real);
        settle(place, error, NULL, real);
    }
    places->changed(places->context);
}

static void start_resolving(struct place *place)
{
    const char *path = place->attempt[0] != '\0' ? place->attempt : "/";
    int error = file_resolve_start(&place->request, place->places->loop, path, on_resolved, place);

    if (error)
        settle(place, error, NULL, NULL);
}

static void start(struct place *place)
{
    if (place->kind == PLACE_DIRECTORY) {
        start_reading(place);
        return;
    }
    place->attempt = strdup(place->path);
    if (place->attempt)
        start_resolving(place);
    else
        settle(place, -ENOMEM, NULL, NULL);
}

int places_load(struct places *places, enum place_kind kind, const char *path, size_t length,
                unsigned max_age_ms)
{
    struct place *place = places_find(places, kind, path, length);

    if (!place) {
        place = add_place(places, kind, path, length);
        if (!place)
            return -ENOMEM;
    }
    if (place->request)
        return 0;
    if (!place->is_known ||
        (max_age_ms > 0 && uv_now(places->loop) - place->known_at > max_age_ms))
        start(place);
    return 0;
}
