#ifndef GRIDLS_REQUESTS_COMPLETION_H
#define GRIDLS_REQUESTS_COMPLETION_H

#include "daemon/answer/answer.h"
#include "daemon/offers.h"
#include "daemon/pace.h"
#include "daemon/progress.h"
#include "daemon/redact.h"
#include "daemon/services.h"

/* One inline completion, from its being asked for to its being offered; inline_completion.c decides
 * which is asked for, joined, or given up. No one else's. */

enum completion_state {
    COMPLETION_JUDGED,  /* it is being found out whether the text may be sent */
    COMPLETION_WAITS,   /* the person is still typing, perhaps */
    COMPLETION_RUNNING, /* the upstream was asked */
};

/* What a person who asks gets to choose from. */
#define COMPLETION_CANDIDATES OFFER_TEXTS_MAX

struct completion_candidate {
    struct buffer held;
    struct buffer model_text;
    struct buffer text;       /* what fits the place, of what has come */
    struct answer_completion fit;
};

/* One call for one document, asked at one place; the request that waits for it may be a later
 * one. */
struct completion {
    struct services *services;
    struct completion *previous, *next;
    enum completion_state state;
    struct config *config;
    struct document *document;
    uint64_t edits;           /* the document's, when the request came */
    struct offer_place place; /* where the upstream was asked about */
    struct workspace_waiter waiter;
    uv_timer_t timer;
    struct upstream_call *call;
    uint64_t asked_at;        /* loop time */
    uint64_t joined_at;       /* when the request came, loop time */
    struct redaction *redaction;
    struct completion_candidate candidates[COMPLETION_CANDIDATES]; /* the first is shown */
    unsigned wanted;          /* so many of them are asked for */
    unsigned seen;            /* of so many something has come, at least */
    bool is_automatic;
    bool is_ahead;            /* asked for before any request */

    struct request *request;  /* NULL: nobody waits at the moment */
    struct progress progress; /* of that request */
    struct buffer typed;      /* since `place`, where that request is */
    size_t lines_shown;       /* as partial items */
    bool item_waits;          /* a partial item is to go out when the editor is idle */
    bool has_entry;           /* of the menu, that the item begins with */
};

struct completions {
    struct completion *first;
    struct offers *offers;
    struct pace pace;
    /* What was offered last, until it is accepted: in the document of this key, at this byte. */
    struct buffer shown_key;
    struct buffer shown_texts[COMPLETION_CANDIDATES];
    size_t shown_at;
};

/* Takes the place over. A completion begins when it is known that its text may be sent: the caller
 * waits with its waiter. NULL when memory runs out. */
struct completion *completion_create(struct services *services, struct config *config,
                                     struct document *document, struct offer_place *place);

/* Ends the call. A request that waits must have been taken from it. */
void completion_destroy(struct completion *completion);

/* A request waits for it from now on, where `typed` has been typed since its place. Returns false
 * where that does not agree with what has come, or memory runs out. */
bool completion_join(struct completion *completion, struct request *request, const char *typed,
                     size_t length);

/* The request goes, unanswered; the call may stay. NULL where none waits. */
struct request *completion_take_request(struct completion *completion);
/* The request goes, answered with null. */
void completion_answer_null(struct completion *completion);
/* Nothing to offer: the same, and ends it. */
void completion_give_up(struct completion *completion);

/* Something has come, or a request has joined: answers, shows, or goes on waiting. It may be gone
 * afterwards. `ended`: the upstream has said all. */
void completion_deliver(struct completion *completion, bool ended);

/* A partial item that waits for the editor goes out. */
void completion_on_editor_idle(struct completion *completion);

/* The items go to the editor and answer the request; from now on one may be accepted. `at`: the byte
 * of the document where they go. */
void completion_offer(struct request *request, struct document *document, bool has_entry,
                      size_t at, const struct offer_text *texts, size_t count);

#endif
