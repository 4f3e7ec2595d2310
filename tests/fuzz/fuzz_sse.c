/* Event streams: any cut gives the same events. */
#include "protocol/sse.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static int note(void *context, const struct sse_event *event)
{
    FUZZ_HOLDS(event->data[event->length] == '\0');
    buffer_printf(context, "%s %zu:", event->type, event->length);
    buffer_append(context, event->data, event->length);
    return 0;
}

static void run(const char *data, size_t length, struct fuzz_cuts *cuts, struct buffer *told)
{
    struct sse_parser parser;
    int status = 0;
    sse_parser_init(&parser, (size_t)1 << 20);
    while (length && status == 0) {
        size_t piece = cuts ? fuzz_cut(cuts, length) : length;
        status = sse_parser_feed(&parser, data, piece, note, told);
        data += piece;
        length -= piece;
    }
    if (status == 0)
        status = sse_parser_end(&parser, note, told);
    buffer_printf(told, "%d %zu %zu", status, parser.comments, parser.fields);
    sse_parser_finish(&parser);
}

void fuzz_one(const char *data, size_t length)
{
    struct buffer whole CLEANUP(buffer_finish);
    struct buffer cut CLEANUP(buffer_finish);
    struct fuzz_cuts cuts = fuzz_cuts_of(data, length);
    buffer_init(&whole, BUFFER_CAP);
    buffer_init(&cut, BUFFER_CAP);
    run(data, length, NULL, &whole);
    run(data, length, &cuts, &cut);
    fuzz_holds_same(&whole, &cut);
}
