#include "daemon/conversation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONVERSATIONS_MAX 16u
#define CONVERSATION_BYTES_MAX ((size_t)1 << 20)

struct conversations {
    struct conversation *first; /* the one used last */
    size_t count;
    unsigned long made;
};

int conversations_create(struct conversations **conversations)
{
    *conversations = calloc(1, sizeof(**conversations));
    return *conversations ? 0 : -ENOMEM;
}

static void conversation_destroy(struct conversation *conversation)
{
    chat_messages_finish(&conversation->messages);
    free(conversation->about);
    free(conversation);
}

void conversations_destroy(struct conversations *conversations)
{
    if (!conversations)
        return;
    while (conversations->first) {
        struct conversation *conversation = conversations->first;
        conversations->first = conversation->next;
        conversation_destroy(conversation);
    }
    free(conversations);
}

/* Takes it out and puts it first. */
struct conversation *conversations_find(struct conversations *conversations, const char *id)
{
    for (struct conversation **link = &conversations->first; *link; link = &(*link)->next) {
        struct conversation *conversation = *link;
        if (strcmp(conversation->id, id) != 0)
            continue;
        *link = conversation->next;
        conversation->next = conversations->first;
        conversations->first = conversation;
        return conversation;
    }
    return NULL;
}

static struct conversation *add(struct conversations *conversations, const char *about)
{
    struct conversation *conversation = calloc(1, sizeof(*conversation));
    if (!conversation)
        return NULL;
    conversation->about = strdup(about);
    if (!conversation->about) {
        free(conversation);
        return NULL;
    }
    snprintf(conversation->id, sizeof(conversation->id), "conversation-%lu", ++conversations->made);
    chat_messages_init(&conversation->messages);
    conversation->next = conversations->first;
    conversations->first = conversation;
    if (++conversations->count > CONVERSATIONS_MAX) {
        struct conversation **link = &conversations->first;
        while ((*link)->next)
            link = &(*link)->next;
        conversation_destroy(*link);
        *link = NULL;
        conversations->count--;
    }
    return conversation;
}

static size_t bytes_of(const struct chat_messages *messages)
{
    size_t bytes = 0;
    for (size_t i = 0; i < messages->count; i++)
        bytes += messages->items[i].length;
    return bytes;
}

/* Behind the first answer. */
static size_t end_of_first(const struct chat_messages *messages)
{
    size_t end = 0;
    while (end < messages->count && messages->items[end].role != CHAT_ASSISTANT)
        end++;
    return end < messages->count ? end + 1 : end;
}

int conversation_append(const struct conversation *conversation, size_t bytes_max,
                        struct chat_messages *messages)
{
    const struct chat_messages *said = &conversation->messages;
    size_t first = end_of_first(said);
    size_t bytes = 0, last = said->count;
    for (size_t i = 0; i < first; i++)
        bytes += said->items[i].length;
    /* Questions and answers by turns: a pair goes along or not at all. */
    while (last >= first + 2 && bytes + said->items[last - 1].length + said->items[last - 2].length <=
                                    bytes_max) {
        bytes += said->items[last - 1].length + said->items[last - 2].length;
        last -= 2;
    }
    for (size_t i = 0; i < said->count; i++)
        if (i < first || i >= last)
            chat_messages_add(messages, said->items[i].role, said->items[i].content,
                              said->items[i].length);
    return messages->error;
}

struct conversation *conversations_keep(struct conversations *conversations, const char *id,
                                        const char *about, struct chat_messages *messages,
                                        const char *answer, size_t length)
{
    struct conversation *conversation = id ? conversations_find(conversations, id) : NULL;
    if (bytes_of(messages) + length > CONVERSATION_BYTES_MAX ||
        chat_messages_add(messages, CHAT_ASSISTANT, answer, length) != 0)
        return NULL;
    if (!conversation)
        conversation = add(conversations, about);
    if (!conversation)
        return NULL;
    chat_messages_finish(&conversation->messages);
    conversation->messages = *messages;
    chat_messages_init(messages);
    return conversation;
}
