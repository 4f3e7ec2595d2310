#include "daemon/requests/commit_typed.h"

#include <string.h>

#define TYPED_BYTES_MAX ((size_t)16 << 10)

void commit_typed_init(struct commit_typed *typed)
{
    typed->echo_over = false;
    buffer_init(&typed->text, BUFFER_CAP);
    buffer_init(&typed->echo, BUFFER_CAP);
}

void commit_typed_finish(struct commit_typed *typed)
{
    buffer_finish(&typed->text);
    buffer_finish(&typed->echo);
}

/* ---- comments ------------------------------------------------------------------------------- */

/* The signs that git chooses from, in its order (git-config(1), core.commentChar). */
static const char *const automatic_signs[] = {"#", ";", "@", "!", "$", "%", "^", "&", "|", ":"};

static const char *sign_of_last_line(struct text *text)
{
    for (size_t line = text_line_count(text); line-- > 0;) {
        size_t length;
        const char *bytes = text_line(text, line, &length);

        for (size_t i = 0; length > 0 && i < sizeof(automatic_signs) / sizeof(char *); i++) {
            if (bytes[0] == automatic_signs[i][0])
                return automatic_signs[i];
        }
        if (length > 0)
            break;
    }
    return automatic_signs[0];
}

const char *commit_typed_comment(const char *setting, struct document *document)
{
    if (!setting || !*setting)
        return automatic_signs[0];
    if (strcmp(setting, "auto") != 0)
        return setting;
    return document ? sign_of_last_line(&document->text) : automatic_signs[0];
}

/* ---- the text ------------------------------------------------------------------------------- */

static int take(struct document *document, const char *comment, struct buffer *out)
{
    struct text *text = &document->text;
    size_t sign = strlen(comment);
    size_t end = 0;

    for (size_t line = 0; line < text_line_count(text); line++) {
        size_t length;
        const char *bytes = text_line(text, line, &length);

        if ((length >= sign && memcmp(bytes, comment, sign) == 0) || end > TYPED_BYTES_MAX)
            break;
        end = text_line_end(text, line);
    }
    const char *bytes = text_view(text, 0, end);
    while (end && strchr(" \t\r\n", bytes[end - 1]))
        end--;
    return buffer_append(out, bytes, end);
}

int commit_typed_take(struct commit_typed *typed, struct document *document, const char *comment)
{
    return take(document, comment, &typed->text);
}

bool commit_typed_is_same(const struct commit_typed *typed, struct document *document,
                          const char *comment)
{
    struct buffer now CLEANUP(buffer_finish);

    buffer_init(&now, BUFFER_CAP);
    return take(document, comment, &now) == 0 && now.length == typed->text.length &&
           memcmp(now.data, typed->text.data, now.length) == 0;
}

int commit_typed_drop_echo(struct commit_typed *typed, const struct buffer *message, bool last,
                           struct buffer *out)
{
    const struct buffer *echo = &typed->echo;
    const struct buffer *text = &typed->text;

    if (typed->echo_over)
        return buffer_append(out, message->data, message->length);
    int status = buffer_append(&typed->echo, message->data, message->length);
    if (status != 0)
        return status;
    size_t common = echo->length < text->length ? echo->length : text->length;
    bool repeats = memcmp(echo->data, text->data, common) == 0;
    if (repeats && common < text->length && !last)
        return 0;
    typed->echo_over = true;
    size_t from = repeats ? common : 0;
    if (!repeats)
        buffer_append_string(out, "\n\n");
    return buffer_append(out, echo->data + from, echo->length - from);
}
