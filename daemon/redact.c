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

struct secret {
    char *text;
    size_t length;
    bool literal; /* sought wherever it stands, not only where its shape gives it away */
    bool is_sent; /* a placeholder for it went out: only then may one bring it back */
};

struct redaction {
    struct secret *items; /* the placeholder of item i has the number i + 1 */
    size_t count;
    size_t replaced;
    bool has_shapes;
    struct redact_shapes shapes;
};

int redaction_create(struct redaction **redaction, bool shapes)
{
    *redaction = calloc(1, sizeof(**redaction));
    if (!*redaction)
        return -ENOMEM;
    (*redaction)->has_shapes = shapes;
    redact_shapes_init(&(*redaction)->shapes);
    redact_shapes_add_first(&(*redaction)->shapes, PLACEHOLDER[0]);
    return 0;
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
    items[redaction->count] = (struct secret){.text = copy, .length = length};
    redaction->items = items;
    redaction->count++;
    return (int)redaction->count;
}

int redaction_add(struct redaction *redaction, const char *secret)
{
    size_t length = secret ? strlen(secret) : 0;
    int number;

    if (length < REDACTION_LEAST)
        return 0;
    number = number_of(redaction, secret, length);
    if (number < 0)
        return number;
    redaction->items[number - 1].literal = true;
    redact_shapes_add_first(&redaction->shapes, secret[0]);
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

/* A shape that ends within a text that is sought as a whole would leave the rest of that behind. */
static void end_before_literal(const struct redaction *redaction, const char *text, size_t length,
                               struct redact_span *span)
{
    for (size_t at = span->start + 1; at < span->end; at++) {
        struct redact_span literal;

        if (find_literal(redaction, text, length, at, &literal) && literal.end > span->end)
            span->end = at;
    }
}

/* What is replaced by what stands here alone, and not by what stands round it. */
static bool find_whole(const struct redaction *redaction, const char *text, size_t length, size_t at,
                       struct redact_span *span)
{
    struct redact_span literal;

    if (placeholder_at(text + at, length - at) == 0)
        return find_literal(redaction, text, length, at, span);
    /* A text that holds what looks like a placeholder gets it back as it was. */
    *span = (struct redact_span){at, at + PLACEHOLDER_LENGTH};
    while (++at < span->end) {
        if (find_literal(redaction, text, length, at, &literal) && literal.end > span->end)
            span->end = literal.end;
    }
    return true;
}

static bool find(struct redaction *redaction, const char *text, size_t length, size_t at,
                 struct redact_span *span)
{
    struct redact_span whole;

    if (find_whole(redaction, text, length, at, span))
        return true;
    if (!redaction->has_shapes || !redact_shapes_find(&redaction->shapes, text, length, at, span))
        return false;
    /* A shape may begin behind the name that gives it away; what is within that name is replaced there. */
    for (size_t before = at + 1; before < span->start; before++) {
        if (find_whole(redaction, text, length, before, &whole) && whole.end > span->start) {
            *span = whole;
            return true;
        }
    }
    end_before_literal(redaction, text, length, span);
    return true;
}

/* The same for a text whose placeholders are ours. */
static bool find_added(struct redaction *redaction, const char *text, size_t length, size_t at,
                       struct redact_span *span)
{
    return find_literal(redaction, text, length, at, span);
}

typedef bool (*find_fn)(struct redaction *redaction, const char *text, size_t length,
                        size_t at, struct redact_span *span);

/* Appends what stands from `done` on, and a placeholder for the span. */
static int put(struct redaction *redaction, const char *text, struct redact_span span, size_t *done,
               struct buffer *out)
{
    int number = number_of(redaction, text + span.start, span.end - span.start);

    if (number < 0)
        return number;
    redaction->items[number - 1].is_sent = true;
    buffer_append(out, text + *done, span.start - *done);
    buffer_printf(out, PLACEHOLDER "%0*d", DIGITS, number);
    redaction->replaced++;
    *done = span.end;
    return 0;
}

static int put_wholes(struct redaction *redaction, const char *text, size_t at, size_t end,
                      size_t *done, struct buffer *out)
{
    int error = 0;

    while (at < end && !error) {
        struct redact_span whole;

        if (find_whole(redaction, text, end, at, &whole)) {
            error = put(redaction, text, whole, done, out);
            at = whole.end;
        } else {
            at++;
        }
    }
    return error;
}

static int replace(struct redaction *redaction, find_fn find_next, const char *text, size_t length,
                   struct buffer *out)
{
    size_t done = 0;
    size_t at = 0;

    redact_shapes_begin(&redaction->shapes);
    while ((at = redact_shapes_skip(&redaction->shapes, text, length, at)) < length) {
        struct redact_span span;
        int error;

        if (!find_next(redaction, text, length, at, &span)) {
            at++;
            continue;
        }
        error = put_wholes(redaction, text, at, span.start, &done, out);
        if (!error)
            error = put(redaction, text, span, &done, out);
        if (error)
            return error;
        at = span.end;
    }
    return buffer_append(out, text + done, length - done);
}

int redaction_apply(struct redaction *redaction, const char *text, size_t length,
                    struct buffer *out)
{
    return replace(redaction, find, text, length, out);
}

/* ---- messages -------------------------------------------------------------------------------- */

/* Replaces in an owned text; NULL is none. `length` in and out. */
static int replace_owned(struct redaction *redaction, find_fn find_next, char **text, size_t *length)
{
    struct buffer out CLEANUP(buffer_finish);
    char *replaced;
    int error;

    buffer_init(&out, BUFFER_CAP);
    if (!*text)
        return 0;
    error = replace(redaction, find_next, *text, *length, &out);
    if (error)
        return error;
    replaced = buffer_steal(&out, length);
    if (!replaced)
        return -ENOMEM;
    free(*text);
    *text = replaced;
    return 0;
}

static int replace_in_buffer(struct redaction *redaction, struct buffer *text)
{
    struct buffer out CLEANUP(buffer_finish);
    int error;

    buffer_init(&out, BUFFER_CAP);
    error = replace(redaction, find_added, text->data, text->length, &out);
    if (error)
        return error;
    buffer_clear(text);
    return buffer_append(text, out.data, out.length);
}

/* What a model wrote to call tools. A placeholder may stand anywhere in JSON where a key may. */
static int replace_in_calls(struct redaction *redaction, struct chat_message *message)
{
    size_t length = message->reasoning ? strlen(message->reasoning) : 0;
    int error = replace_owned(redaction, find_added, &message->reasoning, &length);

    for (size_t i = 0; i < message->calls.count && !error; i++) {
        error = replace_in_buffer(redaction, &message->calls.items[i].arguments);
        if (!error)
            error = replace_in_buffer(redaction, &message->calls.items[i].rest);
    }
    return error;
}

static int replace_in_messages(struct redaction *redaction, find_fn find_next,
                               struct chat_messages *messages)
{
    for (size_t i = 0; i < messages->count; i++) {
        struct chat_message *message = &messages->items[i];
        int error = replace_owned(redaction, find_next, &message->content, &message->length);

        if (!error)
            error = replace_in_calls(redaction, message);
        if (error)
            return error;
    }
    return 0;
}

int redaction_apply_messages(struct redaction *redaction, struct chat_messages *messages)
{
    return replace_in_messages(redaction, find, messages);
}

int redaction_apply_added(struct redaction *redaction, struct chat_messages *messages)
{
    return replace_in_messages(redaction, find_added, messages);
}

/* ---- back ------------------------------------------------------------------------------------ */

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
        if (number > 0 && number <= redaction->count && redaction->items[number - 1].is_sent) {
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
