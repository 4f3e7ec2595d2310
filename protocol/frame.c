#include "protocol/frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* A body buffer that grew beyond this is given back before the next message. */
#define BODY_KEPT ((size_t)1 << 20)

enum frame_state { READING_HEADER, READING_BODY, DELIVERED, BROKEN };

/* A piece of the header. */
struct span {
    const char *text;
    size_t length;
};

void frame_parser_init(struct frame_parser *parser, size_t body_cap)
{
    *parser = (struct frame_parser){.body_cap = body_cap, .state = READING_HEADER};
    buffer_init(&parser->header, FRAME_HEADER_CAP);
    buffer_init(&parser->body, body_cap);
}

void frame_parser_finish(struct frame_parser *parser)
{
    if (!parser)
        return;
    buffer_finish(&parser->header);
    buffer_finish(&parser->body);
}

/* ---- header -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span span)
{
    while (span.length > 0 && is_blank(span.text[0])) {
        span.text++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.text[span.length - 1]))
        span.length--;
    return span;
}

static bool equals(struct span span, const char *word)
{
    return span.length == strlen(word) && strncasecmp(span.text, word, span.length) == 0;
}

/* Takes everything up to `separator`, or all of it, off the front of *rest. */
static struct span split(struct span *rest, char separator)
{
    const char *found = memchr(rest->text, separator, rest->length);
    size_t length = found ? (size_t)(found - rest->text) : rest->length;
    struct span first = {rest->text, length};

    if (found)
        length++;
    rest->text += length;
    rest->length -= length;
    return first;
}

static const char *read_length(struct frame_parser *parser, struct span value, bool *seen)
{
    size_t length = 0;
    size_t i;

    if (value.length == 0)
        return "the Content-Length is empty";
    for (i = 0; i < value.length; i++) {
        if (value.text[i] < '0' || value.text[i] > '9')
            return "the Content-Length is not a number";
        /* Once beyond the cap the digits only have to be digits; the sum cannot wrap round. */
        if (length <= parser->body_cap && length <= SIZE_MAX / 16)
            length = length * 10 + (size_t)(value.text[i] - '0');
    }
    if (length > parser->body_cap)
        return "the Content-Length is too large";
    if (*seen && length != parser->expected)
        return "two Content-Length fields disagree";
    parser->expected = length;
    *seen = true;
    return NULL;
}

static const char *check_type(struct span value)
{
    split(&value, ';'); /* the media type itself, whatever it is */
    while (value.length > 0) {
        struct span charset = split(&value, ';');
        struct span name = trim(split(&charset, '='));

        charset = trim(charset);
        if (charset.length >= 2 && charset.text[0] == '"' &&
            charset.text[charset.length - 1] == '"') {
            charset.text++;
            charset.length -= 2;
        }
        if (equals(name, "charset") && !equals(charset, "utf-8") && !equals(charset, "utf8"))
            return "the charset is not utf-8";
    }
    return NULL;
}

/* Reads the whole header, its closing empty line included. Returns the fault or NULL. */
static const char *read_header(struct frame_parser *parser)
{
    struct span rest = {parser->header.data, parser->header.length};
    bool length_seen = false;

    while (rest.length > 0) {
        const char *fault = NULL;
        struct span line = split(&rest, '\n');
        struct span name;

        if (line.length > 0 && line.text[line.length - 1] == '\r')
            line.length--;
        if (line.length == 0)
            break;
        if (!memchr(line.text, ':', line.length))
            return "a header line has no colon";
        name = trim(split(&line, ':'));
        if (equals(name, "Content-Length"))
            fault = read_length(parser, trim(line), &length_seen);
        else if (equals(name, "Content-Type"))
            fault = check_type(line);
        if (fault)
            return fault;
    }
    return length_seen ? NULL : "the header has no Content-Length";
}

/* Whether the header read so far, which ends with a line end, ends with an empty line. A lone \n is
 * taken for a line end too: what it means is not in doubt. */
static bool is_header_whole(const struct buffer *header)
{
    const char *end = header->data + header->length;

    if (header->length == 1 || (header->length == 2 && end[-2] == '\r'))
        return true;
    return end[-2] == '\n' || (end[-2] == '\r' && end[-3] == '\n');
}

/* ---- stream -------------------------------------------------------------------------------- */

static enum frame_status break_with(struct frame_parser *parser, const char *fault)
{
    parser->state = BROKEN;
    parser->fault = fault;
    return FRAME_BAD;
}

static void begin_header(struct frame_parser *parser)
{
    if (parser->body.capacity > BODY_KEPT)
        buffer_finish(&parser->body);
    buffer_clear(&parser->body);
    buffer_clear(&parser->header);
    parser->state = READING_HEADER;
}

/* Appends at most one line to the header; *used grows by what was taken. */
static enum frame_status feed_header(struct frame_parser *parser, const char *data, size_t length,
                                     size_t *used)
{
    const char *newline = memchr(data, '\n', length);
    size_t taken = newline ? (size_t)(newline - data) + 1 : length;
    const char *fault;
    int error;

    error = buffer_append(&parser->header, data, taken);
    if (error)
        return break_with(parser, error == -ENOMEM ? "out of memory" : "the header is too long");
    *used += taken;
    if (!newline || !is_header_whole(&parser->header))
        return FRAME_NEED_MORE;
    fault = read_header(parser);
    if (fault)
        return break_with(parser, fault);
    parser->state = READING_BODY;
    return FRAME_NEED_MORE;
}

static enum frame_status feed_body(struct frame_parser *parser, const char *data, size_t length,
                                   size_t *used)
{
    size_t missing = parser->expected - parser->body.length;
    size_t taken = length < missing ? length : missing;

    if (buffer_append(&parser->body, data, taken))
        return break_with(parser, "out of memory");
    *used += taken;
    if (taken < missing)
        return FRAME_NEED_MORE;
    parser->state = DELIVERED;
    return FRAME_MESSAGE;
}

enum frame_status frame_parser_feed(struct frame_parser *parser, const char *data, size_t length,
                                    size_t *used)
{
    enum frame_status status = FRAME_NEED_MORE;

    *used = 0;
    if (parser->state == BROKEN)
        return FRAME_BAD;
    if (parser->state == DELIVERED)
        begin_header(parser);
    while (status == FRAME_NEED_MORE && *used < length) {
        if (parser->state == READING_HEADER)
            status = feed_header(parser, data + *used, length - *used, used);
        /* An empty body is whole as soon as its header is, hence no look at what is left. */
        if (parser->state == READING_BODY)
            status = feed_body(parser, data + *used, length - *used, used);
    }
    return status;
}

int frame_parser_is_idle(const struct frame_parser *parser)
{
    return parser->state == DELIVERED ||
           (parser->state == READING_HEADER && parser->header.length == 0);
}

int frame_append_header(struct buffer *out, size_t body_length)
{
    return buffer_printf(out, "Content-Length: %zu\r\n\r\n", body_length);
}
