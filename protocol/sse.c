#include "protocol/sse.h"

#include <string.h>

static const char bom[] = "\xEF\xBB\xBF";

/* Where events go; handed down so that the parser keeps no callback between calls. */
struct sink {
    sse_event_cb callback;
    void *context;
};

void sse_parser_init(struct sse_parser *parser, size_t line_cap)
{
    memset(parser, 0, sizeof *parser);
    buffer_init(&parser->line, line_cap);
    buffer_init(&parser->data, line_cap);
}

void sse_parser_finish(struct sse_parser *parser)
{
    if (parser != NULL) {
        buffer_finish(&parser->line);
        buffer_finish(&parser->data);
    }
}

static int dispatch(struct sse_parser *parser, const struct sink *sink)
{
    int rc = 0;

    /* The standard dispatches nothing for an event that has no data line. */
    if (parser->has_data) {
        struct sse_event event = {parser->type, parser->data.data, parser->data.length};
        rc = sink->callback(sink->context, &event);
    }
    buffer_clear(&parser->data);
    parser->type[0] = '\0';
    parser->has_data = false;
    return rc;
}

static int add_data(struct sse_parser *parser, const char *value, size_t length)
{
    if (parser->has_data) {
        int rc = buffer_append_byte(&parser->data, '\n');
        if (rc != 0) {
            return rc;
        }
    }
    parser->has_data = true;
    return buffer_append(&parser->data, value, length);
}

static void set_type(struct sse_parser *parser, const char *value, size_t length)
{
    if (length >= sizeof parser->type) {
        length = sizeof parser->type - 1;
    }
    memcpy(parser->type, value, length);
    parser->type[length] = '\0';
}

/* `error: {json}` ends what came before it and is an event of its own. */
static int dispatch_error(struct sse_parser *parser, const char *value, size_t length,
                          const struct sink *sink)
{
    int rc = dispatch(parser, sink);
    if (rc == 0) {
        set_type(parser, "error", 5);
        rc = add_data(parser, value, length);
    }
    return rc != 0 ? rc : dispatch(parser, sink);
}

static bool name_is(const char *name, size_t length, const char *wanted)
{
    return length == strlen(wanted) && memcmp(name, wanted, length) == 0;
}

static int take_line(struct sse_parser *parser, const char *line, size_t length,
                     const struct sink *sink)
{
    if (!parser->started) {
        parser->started = true;
        if (length >= 3 && memcmp(line, bom, 3) == 0) {
            line += 3;
            length -= 3;
        }
    }
    if (length == 0) {
        return dispatch(parser, sink);
    }
    if (line[0] == ':') {
        parser->comments++;
        return 0;
    }

    const char *colon = memchr(line, ':', length);
    size_t name_length = colon != NULL ? (size_t)(colon - line) : length;
    const char *value = colon != NULL ? colon + 1 : line + length;
    size_t value_length = (size_t)(line + length - value);
    if (value_length > 0 && value[0] == ' ') {
        value++;
        value_length--;
    }

    parser->fields++;
    if (name_is(line, name_length, "data")) {
        return add_data(parser, value, value_length);
    }
    if (name_is(line, name_length, "event")) {
        set_type(parser, value, value_length);
    } else if (name_is(line, name_length, "error")) {
        return dispatch_error(parser, value, value_length, sink);
    } else if (!name_is(line, name_length, "id") && !name_is(line, name_length, "retry")) {
        parser->fields--;
    }
    return 0;
}

/* A line that lies whole in the input is read where it lies; only what a cut leaves is copied. */
static int end_line(struct sse_parser *parser, const char *rest, size_t length,
                    const struct sink *sink)
{
    if (parser->line.length == 0 && length <= parser->line.cap) {
        return take_line(parser, rest, length, sink);
    }
    int rc = buffer_append(&parser->line, rest, length);
    if (rc != 0) {
        return rc;
    }
    rc = take_line(parser, parser->line.data, parser->line.length, sink);
    buffer_clear(&parser->line);
    return rc;
}

static size_t find_line_end(const char *data, size_t length)
{
    size_t end = 0;

    while (end < length && data[end] != '\n' && data[end] != '\r') {
        end++;
    }
    return end;
}

int sse_parser_feed(struct sse_parser *parser, const char *data, size_t length,
                    sse_event_cb callback, void *context)
{
    const struct sink sink = {callback, context};
    int rc = 0;

    while (length > 0) {
        if (parser->after_cr && data[0] == '\n') {
            data++;
            length--;
        }
        parser->after_cr = false;
        size_t end = find_line_end(data, length);
        if (end == length) {
            return buffer_append(&parser->line, data, length);
        }
        parser->after_cr = data[end] == '\r';
        rc = end_line(parser, data, end, &sink);
        if (rc != 0) {
            break;
        }
        data += end + 1;
        length -= end + 1;
    }
    return rc;
}

int sse_parser_end(struct sse_parser *parser, sse_event_cb callback, void *context)
{
    const struct sink sink = {callback, context};
    int rc = 0;

    if (parser->line.length > 0) {
        rc = end_line(parser, "", 0, &sink);
    }
    return rc != 0 ? rc : dispatch(parser, &sink);
}
