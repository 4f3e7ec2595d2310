#ifndef GRIDLS_CONVERSATION_H
#define GRIDLS_CONVERSATION_H

#include "protocol/chat.h"

/*
 * What was asked and answered, for follow-up questions. Kept in memory only, for the session: the
 * last few conversations, each up to a size. Ids mean nothing outside of the session.
 */
struct conversations;

struct conversation {
    char id[24];
    char *about; /* document_name() of what it is about */
    struct chat_messages messages;
    struct conversation *next;
};

int conversations_create(struct conversations **conversations);
void conversations_destroy(struct conversations *conversations); /* takes NULL */

/* NULL where it is unknown or forgotten. */
struct conversation *conversations_find(struct conversations *conversations, const char *id);

/*
 * Appends what was said: the first question with its answer, and of the later ones as many of the last
 * as keep within `bytes_max`. Returns 0 or -ENOMEM.
 */
int conversation_append(const struct conversation *conversation, size_t bytes_max,
                        struct chat_messages *messages);

/*
 * Keeps `messages` and the answer to them as the conversation `id` (NULL or unknown: a new one) about
 * `about`. The messages are moved in. Returns the conversation, valid until the next call, or NULL when
 * memory runs out or a single question and its answer are too large.
 */
struct conversation *conversations_keep(struct conversations *conversations, const char *id,
                                        const char *about, struct chat_messages *messages,
                                        const char *answer, size_t length);

#endif
