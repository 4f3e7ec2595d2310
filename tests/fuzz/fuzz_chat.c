/* Answers: any cut gives the same text, calls and outcome, and a turn that can be sent back. */
#include "protocol/chat.h"

#include <string.h>

#include "protocol/utf8.h"
#include "tests/fuzz/fuzz.h"

struct run {
    struct buffer texts[CHAT_CHOICES_MAX];
    struct buffer told;
};

static int take_text(void *context, unsigned index, const char *text, size_t length)
{
    struct run *run = context;
    FUZZ_HOLDS(index < CHAT_CHOICES_MAX);
    FUZZ_HOLDS(utf8_is_valid(text, length));
    return buffer_append(&run->texts[index], text, length);
}

static void run_init(struct run *run)
{
    for (size_t i = 0; i < CHAT_CHOICES_MAX; i++)
        buffer_init(&run->texts[i], BUFFER_CAP);
    buffer_init(&run->told, BUFFER_CAP);
}

static void run_finish(struct run *run)
{
    for (size_t i = 0; i < CHAT_CHOICES_MAX; i++)
        buffer_finish(&run->texts[i]);
    buffer_finish(&run->told);
}

static void tell(struct run *run, const struct chat_decoder *decoder, enum chat_outcome outcome)
{
    struct json_writer writer;
    buffer_printf(&run->told, "%d %d %d %d %u %s %zu|", (int)outcome, (int)decoder->finish,
                  decoder->stopped, decoder->done_seen, decoder->chunks, decoder->model,
                  decoder->text_length);
    if (decoder->error.set)
        buffer_printf(&run->told, "%s %s %s %s|", decoder->error.message, decoder->error.type,
                      decoder->error.code, decoder->error.param);
    json_writer_init(&writer, &run->told);
    for (size_t i = 0; i < CHAT_CHOICES_MAX; i++) {
        const struct chat_choice *choice = &decoder->choices[i];
        buffer_printf(&run->told, "%d %zu %s", choice->seen, choice->think.answer_start,
                      choice->calls.fault ? choice->calls.fault : "");
        if (outcome == CHAT_COMPLETE)
            chat_tool_calls_write(&choice->calls, &writer);
        buffer_append(&run->told, run->texts[i].data, run->texts[i].length);
    }
}

/* The turn goes back with a result for each call. */
static void send_back(const struct chat_decoder *decoder, const struct buffer *text)
{
    struct chat_messages messages;
    struct buffer body CLEANUP(buffer_finish);
    struct json *root CLEANUP(json_cleanup) = NULL;
    struct chat_request request = {.model = "m", .messages = &messages, .temperature = -1,
                                   .top_p = -1};
    buffer_init(&body, BUFFER_CAP);
    chat_messages_init(&messages);
    chat_messages_add(&messages, CHAT_USER, "?", 1);
    chat_messages_add_turn(&messages, decoder, text->data, text->length);
    for (size_t i = 0; i < decoder->choices[0].calls.count; i++)
        chat_messages_add_result(&messages, decoder->choices[0].calls.items[i].id, "done", 4);
    FUZZ_HOLDS(messages.error == 0);
    FUZZ_HOLDS(chat_request_append(&body, &request) == 0);
    FUZZ_HOLDS(utf8_is_valid(body.data, body.length));
    FUZZ_HOLDS(json_parse(body.data, body.length, &root) == 0);
    chat_messages_finish(&messages);
}

static void decode(const char *data, size_t length, struct fuzz_cuts *cuts, struct run *run)
{
    struct chat_decoder decoder;
    int status = 0;
    chat_decoder_init(&decoder, take_text, run);
    decoder.keep_reasoning = true;
    while (length && status == 0) {
        size_t piece = cuts ? fuzz_cut(cuts, length) : length;
        status = chat_decoder_feed(&decoder, data, piece);
        data += piece;
        length -= piece;
    }
    enum chat_outcome outcome = chat_decoder_end(&decoder);
    tell(run, &decoder, outcome);
    if (outcome == CHAT_COMPLETE && !decoder.stopped && !decoder.choices[0].calls.fault)
        send_back(&decoder, &run->texts[0]);
    chat_decoder_finish(&decoder);
}

void fuzz_one(const char *data, size_t length)
{
    struct run whole CLEANUP(run_finish);
    struct run cut CLEANUP(run_finish);
    struct fuzz_cuts cuts = fuzz_cuts_of(data, length);
    run_init(&whole);
    run_init(&cut);
    decode(data, length, NULL, &whole);
    decode(data, length, &cuts, &cut);
    fuzz_holds_same(&whole.told, &cut.told);
}
