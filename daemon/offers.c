#include "daemon/offers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OFFERS_MAX 32u
#define COMPARED_BEFORE ((size_t)1024)
#define COMPARED_AFTER ((size_t)256)
#define TYPED_MAX ((size_t)4096)

struct offer {
    struct offer_place place;
    struct buffer texts[OFFER_TEXTS_MAX];
    size_t replace_after[OFFER_TEXTS_MAX];
    size_t count;
    bool several;
};

struct offers {
    struct offer items[OFFERS_MAX]; /* a ring */
    size_t next;                    /* where the next one goes */
    size_t count;
};

void offer_place_init(struct offer_place *place)
{
    place->offset = 0;
    buffer_init(&place->document, BUFFER_CAP);
    buffer_init(&place->before, BUFFER_CAP);
    buffer_init(&place->after, BUFFER_CAP);
}

void offer_place_finish(struct offer_place *place)
{
    buffer_finish(&place->document);
    buffer_finish(&place->before);
    buffer_finish(&place->after);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A length says that the text ends there, unless it is as much as is compared. */
static bool same_after(const struct buffer *a, const struct buffer *b)
{
    size_t a_length = least(a->length, COMPARED_AFTER);
    size_t b_length = least(b->length, COMPARED_AFTER);
    return a_length == b_length && memcmp(a->data, b->data, a_length) == 0;
}

bool offer_place_follows(const struct offer_place *now, const struct offer_place *origin,
                         size_t *typed)
{
    if (now->offset < origin->offset || now->offset - origin->offset > TYPED_MAX ||
        strcmp(now->document.data, origin->document.data) != 0)
        return false;
    size_t more = now->offset - origin->offset;
    if (more > now->before.length || !same_after(&now->after, &origin->after))
        return false;
    size_t length = least(now->before.length - more, least(origin->before.length, COMPARED_BEFORE));
    if (memcmp(now->before.data + now->before.length - more - length,
               origin->before.data + origin->before.length - length, length) != 0)
        return false;
    *typed = more;
    return true;
}

int offers_create(struct offers **offers)
{
    *offers = calloc(1, sizeof(**offers));
    return *offers ? 0 : -ENOMEM;
}

static void offer_finish(struct offer *offer)
{
    offer_place_finish(&offer->place);
    for (size_t i = 0; i < offer->count; i++)
        buffer_finish(&offer->texts[i]);
    offer->count = 0;
}

void offers_destroy(struct offers *offers)
{
    if (!offers)
        return;
    for (size_t i = 0; i < offers->count; i++)
        offer_finish(&offers->items[i]);
    free(offers);
}

void offers_add(struct offers *offers, struct offer_place *place, const struct offer_text *texts,
                size_t count, bool several)
{
    struct offer kept = {.count = least(count, OFFER_TEXTS_MAX), .several = several};
    int error = 0;
    for (size_t i = 0; i < kept.count; i++) {
        buffer_init(&kept.texts[i], BUFFER_CAP);
        buffer_append(&kept.texts[i], texts[i].text, texts[i].length);
        kept.replace_after[i] = texts[i].replace_after;
        error = buffer_error(&kept.texts[i]) ? buffer_error(&kept.texts[i]) : error;
    }
    offer_place_init(&kept.place);
    if (error) {
        offer_finish(&kept);
        return;
    }
    kept.place = *place;
    offer_place_init(place);
    struct offer *offer = &offers->items[offers->next];
    if (offers->count == OFFERS_MAX)
        offer_finish(offer);
    else
        offers->count++;
    offers->next = (offers->next + 1) % OFFERS_MAX;
    *offer = kept;
}

/* Whether the last `typed` bytes before the cursor begin the text, and leave some of it. */
static bool text_fits(const struct buffer *text, const struct offer_place *now, size_t typed)
{
    const char *start = now->before.data + now->before.length - typed;
    return typed < text->length && (typed == 0 || *start == *text->data) &&
           memcmp(start, text->data, typed) == 0;
}

/* Whether the text before `typed` is what stood before the origin, wherever in the document that is
 * by now. What is shorter than is compared began the document. */
static bool same_before(const struct offer_place *now, const struct offer_place *origin,
                        size_t typed)
{
    size_t length = origin->before.length;
    size_t left = now->before.length - typed;
    if (length < COMPARED_BEFORE ? left != length : left < COMPARED_BEFORE)
        return false;
    length = least(length, COMPARED_BEFORE);
    return memcmp(now->before.data + left - length,
                  origin->before.data + origin->before.length - length, length) == 0;
}

static size_t longest_text(const struct offer *offer)
{
    size_t longest = 0;
    for (size_t i = 0; i < offer->count; i++)
        if (offer->texts[i].length > longest)
            longest = offer->texts[i].length;
    return longest;
}

/* Takes the texts that go on with what was typed. */
static void collect(const struct offer *offer, const struct offer_place *now, size_t typed,
                    struct offer_found *found)
{
    found->count = 0;
    for (size_t i = 0; i < offer->count; i++) {
        const struct buffer *text = &offer->texts[i];
        if (text_fits(text, now, typed))
            found->texts[found->count++] = (struct offer_text){
                text->data + typed, text->length - typed, offer->replace_after[i]};
    }
}

static bool offer_fits(const struct offer *offer, const struct offer_place *now,
                       struct offer_found *found)
{
    size_t most = least(least(longest_text(offer), now->before.length), TYPED_MAX);
    *found = (struct offer_found){.several = offer->several};
    if (strcmp(now->document.data, offer->place.document.data) != 0 ||
        !same_after(&now->after, &offer->place.after))
        return false;
    if (offer->count == 0)
        return same_before(now, &offer->place, 0);
    for (size_t typed = 0; typed <= most; typed++) {
        collect(offer, now, typed, found);
        if (found->count > 0 && same_before(now, &offer->place, typed))
            return true;
    }
    return false;
}

bool offers_find(const struct offers *offers, const struct offer_place *now,
                 struct offer_found *found)
{
    for (size_t i = 0; i < offers->count; i++) {
        size_t index = (offers->next + OFFERS_MAX - 1 - i) % OFFERS_MAX;
        if (offer_fits(&offers->items[index], now, found))
            return true;
    }
    return false;
}
