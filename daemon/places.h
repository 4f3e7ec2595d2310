#ifndef GRIDLS_PLACES_H
#define GRIDLS_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/ignore.h"

struct log;
struct file_request;

/*
 * What the workspace has found out about directories (the rules in their `.gridlsignore`) and about
 * files (their real paths), read in the background and kept.
 */

#define PLACES_RULES_FILE ".gridlsignore"

enum place_kind {
    PLACE_DIRECTORY,
    PLACE_LINK,
};

struct place {
    struct place *next;
    struct places *places;
    enum place_kind kind;
    char *path;      /* absolute; "" is the root directory */
    char *attempt;   /* PLACE_LINK: the leading part of path that is being resolved */
    struct file_request *request; /* NULL: nothing is being read */
    uint64_t known_at; /* loop time of the last reading */
    bool is_known;   /* the members below hold; they stay while the place is read anew */
    bool is_closed;  /* reading failed: nothing here may be sent */
    struct ignore_rules *rules; /* PLACE_DIRECTORY: to be judged relative to "/"; NULL: none */
    char *real;      /* PLACE_LINK: the path without links; NULL: it is the same */
};

#define PLACES_BUCKETS 512

/* More than this many are never kept. */
#define PLACES_LIMIT 65536

struct places {
    uv_loop_t *loop;
    struct log *log;
    void (*changed)(void *context); /* a place was read; called from the loop only */
    void *context;
    size_t count;
    struct place *buckets[PLACES_BUCKETS];
};

void places_init(struct places *places, uv_loop_t *loop, struct log *log,
                 void (*changed)(void *context), void *context);

/* Forgets all; nothing is called any more. */
void places_finish(struct places *places);

/* NULL: unknown. */
struct place *places_find(const struct places *places, enum place_kind kind, const char *path,
                          size_t length);

/* Starts to read a place that is unknown, or that was read more than `max_age_ms` ago (0: keep what
 * is known). Returns 0 or -ENOMEM. What cannot be read becomes known as closed. */
int places_load(struct places *places, enum place_kind kind, const char *path, size_t length,
                unsigned max_age_ms);

void places_forget(struct places *places, enum place_kind kind, const char *path);
void places_forget_all(struct places *places, enum place_kind kind);

#endif
