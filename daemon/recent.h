#ifndef GRIDLS_RECENT_H
#define GRIDLS_RECENT_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

struct document;
struct documents;

/*
 * What the person has changed lately, as lines that went and lines that came: a rename begun in one
 * place says how another is to go on. Edits of neighbouring lines are one change. Pure; texts of
 * documents that are closed are forgotten.
 */
struct recents;

int recents_create(struct recents **recents); /* 0 or -ENOMEM */
void recents_destroy(struct recents *recents); /* takes NULL */

/* The bytes [start, end) of a document are about to be replaced by `length` others. What cannot be
 * kept (no memory, a change of whole screens) is forgotten. */
void recents_note(struct recents *recents, struct document *document, size_t start, size_t end,
                  size_t length);

/* Calls recents_note() for every edit of these documents from now on. */
void recents_follow(struct recents *recents, struct documents *documents);

/*
 * Appends the last changes, the oldest first, at most `budget` bytes: a line with the document's
 * name, then `-` lines and `+` lines. Left out are changes that came to nothing, lines that only
 * came (they stand in the text), what the cursor stands in, and documents of which `may_show` says
 * no. As buffer_append().
 */
struct recents_view {
    const struct document *document; /* where the cursor is */
    size_t cursor;
    size_t budget;
    bool (*may_show)(void *context, const struct document *document);
    const char *(*name_of)(void *context, const struct document *document);
    void *context;
};
int recents_append(struct recents *recents, const struct recents_view *view, struct buffer *out);

#endif
