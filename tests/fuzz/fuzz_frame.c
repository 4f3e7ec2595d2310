/* Frames: any cut gives the same bodies and the same end. */
#include "protocol/frame.h"

#include "tests/fuzz/fuzz.h"

#define CAP ((size_t)1 << 20)

static void run(const char *data, size_t length, struct fuzz_cuts *cuts, struct buffer *told)
{
    struct frame_parser parser;
    enum frame_status status = FRAME_NEED_MORE;
    frame_parser_init(&parser, CAP);
    while (length && status != FRAME_BAD) {
        size_t piece = cuts ? fuzz_cut(cuts, length) : length, taken = 0;
        while (taken < piece && status != FRAME_BAD) {
            size_t used = 0;
            status = frame_parser_feed(&parser, data + taken, piece - taken, &used);
            FUZZ_HOLDS(used <= piece - taken);
            taken += used;
            if (status == FRAME_MESSAGE) {
                FUZZ_HOLDS(parser.body.length <= CAP);
                buffer_printf(told, "%zu:", parser.body.length);
                buffer_append(told, parser.body.data, parser.body.length);
            } else if (status == FRAME_NEED_MORE) {
                FUZZ_HOLDS(taken == piece);
            }
        }
        data += taken;
        length -= taken;
    }
    if (status == FRAME_BAD) {
        size_t used;
        buffer_append_string(told, parser.fault);
        FUZZ_HOLDS(frame_parser_feed(&parser, "C", 1, &used) == FRAME_BAD);
    } else {
        buffer_printf(told, "idle %d", frame_parser_is_idle(&parser));
    }
    frame_parser_finish(&parser);
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
