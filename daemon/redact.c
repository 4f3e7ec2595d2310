#include "daemon/redact.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/redact_shapes.h"

/*
 * A placeholder reads as a name, so that it may stand wherever a secret does without breaking the
 * code round it, and always has as many digits, so that none is the head of another.
 */
#define PLACEHOLDER "GRIDLS_SECRET_"
#define DIGITS 4
#define PLACEHOLDER_LENGTH (sizeof(PLACEHOLDER) - 1 + DIGITS)
#define SECRETS_MAX 9999

/* A shorter text would be found all over a file. */
#define LITERAL_MIN 6

struct secret {
    char *text;
    size_t length;
    bool literal; /* sought wherever it stands, not only where its shape gives it away */
};

struct redaction {
    struct secret *items; /* the placeholder of item i has the number i + 1 */
    size_t count;
    size_t replaced;
};

int redaction_create(struct redaction **redaction)
{
    *redaction = calloc(1, sizeof(**redaction));
    return *redaction ? 0 : -ENOMEM;
}

void redaction_destroy(struct redaction *redaction)
{
    size_t i;

    if (!redaction)
        return;
    for (i = 0; i < redaction->count; i++) {
        explicit_bzero(redaction->items[i].text, redaction->items[i].length);
        free(redaction->items[i].text);
    }
    free(redaction->items);
    free(redaction);
}

/* Finds the secret or takes it up. Returns its number from 1, -ENOMEM or -EMSGSIZE. */
static int number_of(struct redaction *redaction, const char *text, size_t length)
{
    struct secret *items;
    char *copy;
    size_t i;

    for (i = 0; i < redaction->count; i++) {
        if (redaction->items[i].length == length &&
            memcmp(redaction->items[i].text, text, length) == 0)
            return (int)i + 1;
    }
    if (redaction->count == SECRETS_MAX)
        return -EMSGSIZE;
    copy = malloc(length > 0 ? length : 1);
    if (!copy)
        return -ENOMEM;
    items = realloc(redaction->items, (redaction->count + 1) * sizeof(*items));
    if (!items) {
        free(copy);
        return -ENOMEM;
    }
    memcpy(copy, text, length);
    items[redaction->count] = (struct secret){copy, length, false};
    redaction->items = items;
    redaction->count++;
    return (int)redaction->count;
}

int redaction_add(struct redaction *redaction, const char *secret)
{
    size_t length = secret ? strlen(secret) : 0;
    int number;

    if (length < LITERAL_MIN)
        return 0;
    number = number_of(redaction, secret, length);
    if (number < 0)
        return number;
    redaction->items[number - 1].literal = true;
    return 0;
}

size_t redaction_count(const struct redaction *redaction)
{
    return redaction->replaced;
}

/* The number of the placeholder at the start of text, 0 where there is none. */
static size_t placeholder_at(const char *text, size_t length)
{
    size_t number = 0;
    size_t i;

    if (length < PLACEHOLDER_LENGTH || text[0] != PLACEHOLDER[0] ||
        memcmp(text, PLACEHOLDER, sizeof(PLACEHOLDER) - 1) != 0)
        return 0;
    for (i = sizeof(PLACEHOLDER) - 1; i < PLACEHOLDER_LENGTH; i++) {
        if (!isdigit((unsigned char)text[i]))
            return 0;
        number = number * 10 + (size_t)(text[i] - '0');
    }
    return number;
}

static bool find_literal(const struct redaction *redaction, const char *text, size_t length,
                         size_t at, struct redact_span *span)
{
    size_t i;

    for (i = 0; i < redaction->count; i++) {
        const struct secret *secret = &redaction->items[i];

        if (secret->literal && secret->length <= length - at &&
            memcmp(text + at, secret->text, secret->length) == 0) {
            *span = (struct redact_span){at, at + secret->length};
            return true;
        }
    }
    return false;
}

static bool find(const struct redaction *redaction, const char *text, size_t length, size_t at,
                 struct redact_span *span)
{
    /* A text that holds what looks like a placeholder gets it back as it was. */
    if (placeholder_at(text + at, length - at) > 0) {
        *span = (struct redact_span){at, at + PLACEHOLDER_LENGTH};
        return true;
    }
    return find_literal(redaction, text, length, at, span) ||
           redact_shapes_find(text, length, at, span);
}

int redaction_apply(struct redaction *redaction, const char *text, size_t length,
                    struct buffer *out)
{
    size_t done = 0;
    size_t at = 0;

    while (at < length) {
        struct redact_span span;
        int number;

        if (!find(redaction, text, length, at, &span)) {
            at++;
            continue;
        }
        number = number_of(redaction, text + span.start, span.end - span.start);
        if (number < 0)
            return number;
        buffer_append(out, text + done, span.start - done);
        buffer_printf(out, PLACEHOLDER "%0*d", DIGITS, number);
        redaction->replaced++;
        done = at = span.end;
    }
    return buffer_append(out, text + done, length - done);
}

int redaction_apply_messages(struct redaction *redaction, struct chat_messages *messages)
{
    size_t i;

    for (i = 0; i < messages->count; i++) {
        struct chat_message *message = &messages->items[i];
        struct buffer out CLEANUP(buffer_finish);
        char *content;
        size_t length;
        int error;

        buffer_init(&out, BUFFER_CAP);
        error = redaction_apply(redaction, message->content, message->length, &out);
        if (error)
            return error;
        content = buffer_steal(&out, &length);
        if (!content)
            return -ENOMEM;
        free(message->content);
        message->content = content;
        message->length = length;
    }
    return 0;
}

/* Whether all of text is the beginning of a placeholder. */
static bool may_be_placeholder(const char *text, size_t length)
{
    size_t head = length < sizeof(PLACEHOLDER) - 1 ? length : sizeof(PLACEHOLDER) - 1;
    size_t i;

    if (length >= PLACEHOLDER_LENGTH || memcmp(text, PLACEHOLDER, head) != 0)
        return false;
    for (i = head; i < length; i++) {
        if (!isdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

int redaction_restore(const struct redaction *redaction, struct buffer *held, const char *text,
                      size_t length, int last, struct buffer *out)
{
    int error = buffer_append(held, text, length);
    size_t done = 0;
    size_t at = 0;

    if (error)
        return error;
    while (at < held->length) {
        const char *found = memchr(held->data + at, PLACEHOLDER[0], held->length - at);
        size_t number;

        at = found ? (size_t)(found - held->data) : held->length;
        if (!found || (!last && may_be_placeholder(found, held->length - at)))
            break;
        number = placeholder_at(found, held->length - at);
        if (number > 0 && number <= redaction->count) {
            const struct secret *secret = &redaction->items[number - 1];

            buffer_append(out, held->data + done, at - done);
            buffer_append(out, secret->text, secret->length);
            at += PLACEHOLDER_LENGTH;
            done = at;
        } else {
            at++;
        }
    }
    buffer_append(out, held->data + done, at - done);
    buffer_consume(held, at);
    return buffer_error(out);
}
