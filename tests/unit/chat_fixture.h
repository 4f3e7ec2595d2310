#ifndef GRIDLS_TESTS_CHAT_FIXTURE_H
#define GRIDLS_TESTS_CHAT_FIXTURE_H

/* Answers for the tests of chat_*.c: their chunks, and what the decoder makes of them in any cut. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/chat.h"
#include "protocol/utf8.h"

/* A chunk whose delta has the members given. */
#define DELTA(members) \
    "data: {\"choices\":[{\"index\":0,\"delta\":{" members "},\"finish_reason\":null}]}\n\n"
#define CONTENT(text) DELTA("\"content\":\"" text "\"")
#define STOP "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE "data: [DONE]\n\n"
#define USAGE(members) "data: {\"choices\":[],\"usage\":" members "}\n\n"

/* One decoded body: the decoder at its end, and the text of the first two choices. */
struct run {
    struct chat_decoder decoder;
    enum chat_outcome outcome;
    int rc;
    struct buffer texts[2];
    unsigned pieces;
    unsigned stop_after; /* the piece at which the callback says 5; 0: none */
};

static inline int on_text(void *context, unsigned index, const char *text, size_t length)
{
    struct run *run = context;

    assert_true(length > 0);
    assert_true(utf8_is_valid(text, length));
    if (index < 2) {
        buffer_append(&run->texts[index], text, length);
    }
    return ++run->pieces == run->stop_after ? 5 : 0;
}

static inline void run_begin(struct run *run)
{
    memset(run, 0, sizeof *run);
    buffer_init(&run->texts[0], BUFFER_CAP);
    buffer_init(&run->texts[1], BUFFER_CAP);
    chat_decoder_init(&run->decoder, on_text, run);
}

static inline void run_finish(struct run *run)
{
    chat_decoder_finish(&run->decoder);
    buffer_finish(&run->texts[0]);
    buffer_finish(&run->texts[1]);
}

static inline void run_feed(struct run *run, const char *data, size_t length)
{
    char *piece = malloc(length + 1); /* exact, for the address sanitizer */

    assert_non_null(piece);
    memcpy(piece, data, length);
    if (run->rc == 0) {
        run->rc = chat_decoder_feed(&run->decoder, piece, length);
    }
    free(piece);
}

static inline void run_whole(struct run *run, const char *body)
{
    run_begin(run);
    run_feed(run, body, strlen(body));
    run->outcome = chat_decoder_end(&run->decoder);
}

/* The same body whole, in bytes, and in random pieces gives the same. */
static inline void decode(struct run *run, const char *body)
{
    size_t length = strlen(body);
    unsigned seed = 7;

    run_whole(run, body);
    for (int round = 0; round < 12; round++) {
        struct run other;

        run_begin(&other);
        for (size_t at = 0; at < length;) {
            seed = seed * 1103515245u + 12345u;
            size_t step = round == 0 ? 1 : 1 + (seed >> 16) % (unsigned)(4 * round);
            step = step < length - at ? step : length - at;
            run_feed(&other, body + at, step);
            at += step;
        }
        other.outcome = chat_decoder_end(&other.decoder);
        assert_int_equal(other.rc, run->rc);
        assert_int_equal(other.outcome, run->outcome);
        assert_string_equal(other.texts[0].data, run->texts[0].data);
        assert_string_equal(other.texts[1].data, run->texts[1].data);
        assert_int_equal(other.decoder.finish, run->decoder.finish);
        assert_int_equal(other.decoder.answer_seen, run->decoder.answer_seen);
        assert_int_equal(other.decoder.reasoning_seen, run->decoder.reasoning_seen);
        assert_int_equal(other.decoder.usage.prompt_tokens, run->decoder.usage.prompt_tokens);
        assert_string_equal(other.decoder.error.message, run->decoder.error.message);
        assert_int_equal(other.decoder.malformed, run->decoder.malformed);
        run_finish(&other);
    }
}

static inline void check(const char *body, enum chat_outcome outcome, const char *text)
{
    struct run run;

    decode(&run, body);
    assert_int_equal(run.rc, 0);
    assert_int_equal(run.decoder.stopped, 0);
    assert_string_equal(run.texts[0].data, text);
    assert_int_equal(run.outcome, outcome);
    run_finish(&run);
}


#endif
