#ifndef GRIDLS_OFFERS_H
#define GRIDLS_OFFERS_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

/*
 * What was offered inline before, to be offered again with no call: where the person types through
 * it, deletes back into it, or comes back to it, whatever has changed elsewhere. Pure; keyed by the
 * document and the text round the place.
 */

/* A place in a document: what stands round a cursor. */
struct offer_place {
    struct buffer document; /* the document's normalised URI, NUL-terminated */
    size_t offset;          /* of the cursor, in bytes */
    struct buffer before;   /* the text that ends at the cursor, or its last part */
    struct buffer after;    /* the text that begins there, or its first part */
};

void offer_place_init(struct offer_place *place);
void offer_place_finish(struct offer_place *place);

/*
 * Whether `now` is `origin` with something typed at the cursor: then *typed is how many bytes, the
 * last ones of now->before. What is compared is bounded: the text round the cursor, not the
 * document.
 */
bool offer_place_follows(const struct offer_place *now, const struct offer_place *origin,
                         size_t *typed);

struct offers;

int offers_create(struct offers **offers); /* 0 or -ENOMEM */
void offers_destroy(struct offers *offers); /* takes NULL */

/* As many candidates as one offer may have. */
#define OFFER_TEXTS_MAX 3

struct offer_text {
    const char *text; /* not NUL-terminated */
    size_t length;
    size_t replace_after;
};

/* Keeps an offer: its texts (copied), the first of which is shown. The place is moved in. Nothing to
 * offer (`count` 0) is worth keeping too: the place need not be asked about again. `several` says
 * that alternatives were asked for. Where memory runs out nothing is kept. */
void offers_add(struct offers *offers, struct offer_place *place, const struct offer_text *texts,
                size_t count, bool several);

struct offer_found {
    struct offer_text texts[OFFER_TEXTS_MAX]; /* what is left of each; valid until the next add */
    size_t count;                             /* 0: it is known that there is nothing to offer */
    bool several;
};

/* The newest offer that fits the place and what was typed since. */
bool offers_find(const struct offers *offers, const struct offer_place *now,
                 struct offer_found *found);

#endif
