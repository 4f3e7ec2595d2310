#include "protocol/chat.h"

#include <errno.h>
#include <string.h>

#include "protocol/chat_chunk.h"
#include "protocol/chat_surrogate.h"
#include "protocol/oneline.h"

/* JSON escapes make a body larger than its text. */
#define WHOLE_CAP (2 * CHAT_TEXT_CAP)
/* What is kept of a body that can only be quoted from. */
#define QUOTE_CAP ((size_t)16 << 10)

static const char blanks[] = " \t\r\n";

void chat_decoder_init(struct chat_decoder *decoder, chat_text_cb on_text, void *context)
{
    memset(decoder, 0, sizeof *decoder);
    decoder->on_text = on_text;
    decoder->context = context;
    sse_parser_init(&decoder->sse, SSE_LINE_CAP);
    buffer_init(&decoder->whole, WHOLE_CAP);
    buffer_init(&decoder->reasoning, CHAT_TEXT_CAP);
    buffer_init(&decoder->refusal, CHAT_TEXT_CAP);
    for (size_t i = 0; i < CHAT_CHOICES_MAX; i++) {
        chat_think_init(&decoder->choices[i].think, CHAT_TEXT_CAP);
    }
}

void chat_decoder_finish(struct chat_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    sse_parser_finish(&decoder->sse);
    buffer_finish(&decoder->whole);
    buffer_finish(&decoder->reasoning);
    buffer_finish(&decoder->refusal);
    for (size_t i = 0; i < CHAT_CHOICES_MAX; i++) {
        chat_think_finish(&decoder->choices[i].think);
        chat_tool_calls_finish(&decoder->choices[i].calls);
    }
}

/* ---- data of events ------------------------------------------------------------------------ */

static void trim(const char **text, size_t *length)
{
    while (*length > 0 && memchr(blanks, (*text)[0], sizeof blanks - 1) != NULL) {
        (*text)++;
        (*length)--;
    }
    while (*length > 0 && memchr(blanks, (*text)[*length - 1], sizeof blanks - 1) != NULL) {
        (*length)--;
    }
}

/* Takes one JSON value. Returns -EBADMSG where it is none. */
static int take_json(struct chat_decoder *decoder, const char *text, size_t length)
{
    struct json *root CLEANUP(json_cleanup) = NULL;
    struct buffer scratch CLEANUP(buffer_finish);
    uint16_t half = decoder->half;

    buffer_init(&scratch, BUFFER_CAP);
    const char *mended = chat_surrogate_mend(&half, text, length, &scratch, &length);
    if (mended == NULL) {
        return buffer_error(&scratch);
    }
    int rc = json_parse(mended, length, &root);
    if (rc != 0) {
        return rc;
    }
    decoder->half = half;
    return chat_chunk_take(decoder, root);
}

/* Takes the text of an event or of one of its lines. Returns -EBADMSG where it is no JSON. */
static int take_item(struct chat_decoder *decoder, const char *text, size_t length)
{
    trim(&text, &length);
    if (length == 0 || decoder->done_seen) {
        return 0;
    }
    if (length >= 6 && memcmp(text, "[DONE]", 6) == 0) {
        decoder->done_seen = true;
        decoder->finished = true;
        return 0;
    }
    return take_json(decoder, text, length);
}

/* Servers that part events by one newline make one event of many, and only line by line is that
 * JSON again. */
static int take_data(struct chat_decoder *decoder, const char *text, size_t length)
{
    const char *end = text + length;
    int rc = take_item(decoder, text, length);

    if (rc != -EBADMSG) {
        return rc;
    }
    if (memchr(text, '\n', length) == NULL) {
        decoder->malformed++;
        return 0;
    }
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline != NULL ? newline : end;

        rc = take_item(decoder, text, (size_t)(line_end - text));
        if (rc == -EBADMSG) {
            decoder->malformed++;
        } else if (rc != 0) {
            return rc;
        }
        text = newline != NULL ? newline + 1 : end;
    }
    return 0;
}

static int on_event(void *context, const struct sse_event *event)
{
    struct chat_decoder *decoder = context;
    const char *text = event->data;
    size_t length = event->length;

    trim(&text, &length);
    if (length == 0 || decoder->done_seen) {
        return 0;
    }
    if (strcmp(event->type, "error") == 0) {
        if (decoder->error.message[0] == '\0') {
            chat_error_parse(&decoder->error, text, length);
        }
        return 0;
    }
    return take_data(decoder, text, length);
}

/* ---- kinds of body ------------------------------------------------------------------------- */

static enum chat_body body_from_first_byte(char first)
{
    switch (first) {
    case '{':
    case '[':
        return CHAT_BODY_JSON;
    case '<':
        return CHAT_BODY_HTML;
    case '\x1f': /* no text begins so; the second byte of gzip's magic need not be awaited */
        return CHAT_BODY_GZIP;
    default:
        return CHAT_BODY_SSE;
    }
}

/* Passes over a BOM and blanks (servers send blank lines to keep a waiting client), then tells the
 * kind: what Content-Type says is not reliable. */
static void find_kind(struct chat_decoder *decoder)
{
    static const char bom[] = "\xEF\xBB\xBF";
    const char *text = decoder->whole.data;
    size_t length = decoder->whole.length;
    size_t at = 0;

    while (at < length && decoder->body == CHAT_BODY_UNKNOWN) {
        size_t rest = length - at < 3 ? length - at : 3;

        if (memchr(blanks, text[at], sizeof blanks - 1) != NULL) {
            at++;
        } else if (memcmp(text + at, bom, rest) != 0) {
            decoder->body = body_from_first_byte(text[at]);
        } else if (rest == 3) {
            at += 3;
        } else {
            break; /* the start of a BOM, cut */
        }
    }
    buffer_consume(&decoder->whole, at);
}

/* Keeps the start of what may have to be quoted. */
static int keep_quote(struct chat_decoder *decoder, const char *data, size_t length)
{
    size_t room = QUOTE_CAP - decoder->whole.length;

    return buffer_append(&decoder->whole, data, length < room ? length : room);
}

static int feed_sse(struct chat_decoder *decoder, const char *data, size_t length)
{
    int rc = 0;

    if (decoder->sse.fields == 0) {
        rc = keep_quote(decoder, data, length);
    }
    return rc != 0 ? rc : sse_parser_feed(&decoder->sse, data, length, on_event, decoder);
}

static int feed_first(struct chat_decoder *decoder, const char *data, size_t length)
{
    int rc = buffer_append(&decoder->whole, data, length);

    if (rc != 0) {
        return rc;
    }
    find_kind(decoder);
    if (decoder->body == CHAT_BODY_SSE) {
        rc = sse_parser_feed(&decoder->sse, decoder->whole.data, decoder->whole.length, on_event,
                             decoder);
    }
    if (decoder->body == CHAT_BODY_SSE || decoder->body == CHAT_BODY_HTML) {
        buffer_truncate(&decoder->whole, QUOTE_CAP);
    }
    return rc;
}

int chat_decoder_feed(struct chat_decoder *decoder, const char *data, size_t length)
{
    int rc = 0;

    if (decoder->stopped != 0 || decoder->done_seen || length == 0) {
        return decoder->stopped;
    }
    switch (decoder->body) {
    case CHAT_BODY_UNKNOWN:
        rc = feed_first(decoder, data, length);
        break;
    case CHAT_BODY_SSE:
        rc = feed_sse(decoder, data, length);
        break;
    case CHAT_BODY_JSON:
        rc = buffer_append(&decoder->whole, data, length);
        break;
    case CHAT_BODY_HTML:
        rc = keep_quote(decoder, data, length);
        break;
    case CHAT_BODY_GZIP:
        break;
    }
    return decoder->stopped = rc;
}

/* ---- the end ------------------------------------------------------------------------------- */

static void say(struct chat_decoder *decoder, const char *what)
{
    struct chat_error quote;
    struct buffer text CLEANUP(buffer_finish);

    chat_error_parse(&quote, decoder->whole.data, decoder->whole.length);
    buffer_init(&text, BUFFER_CAP);
    buffer_printf(&text, quote.message[0] != '\0' ? "%s: %s" : "%s%s", what, quote.message);
    decoder->error.set = true;
    oneline_copy(decoder->error.message, sizeof decoder->error.message, text.data, text.length);
}

/* A whole object is complete by being whole, also where it tells no reason for its end. */
static enum chat_outcome end_json(struct chat_decoder *decoder)
{
    unsigned malformed = decoder->malformed;

    if (decoder->stopped == 0) {
        decoder->stopped = take_data(decoder, decoder->whole.data, decoder->whole.length);
    }
    if (decoder->error.set) {
        return CHAT_FAILED;
    }
    if (decoder->chunks == 0) {
        say(decoder, "broken JSON");
        return CHAT_NOT_CHAT;
    }
    if (!decoder->choices[0].seen) {
        chat_error_parse(&decoder->error, decoder->whole.data, decoder->whole.length);
        if (decoder->error.message[0] != '\0') {
            return CHAT_FAILED;
        }
        say(decoder, "JSON without an answer");
        return CHAT_NOT_CHAT;
    }
    if (decoder->chunks == 1 && decoder->malformed == malformed) {
        decoder->done_seen = true;
        decoder->finished = true;
    }
    return decoder->finished ? CHAT_COMPLETE : CHAT_CUT;
}

static enum chat_outcome end_sse(struct chat_decoder *decoder)
{
    unsigned malformed = decoder->malformed;

    if (decoder->stopped == 0 && !decoder->done_seen) {
        decoder->stopped = sse_parser_end(&decoder->sse, on_event, decoder);
        decoder->malformed = malformed; /* an event that the end cut is not the server's fault */
    }
    if (decoder->error.set) {
        return CHAT_FAILED;
    }
    if (decoder->sse.fields == 0 && decoder->sse.comments == 0) {
        say(decoder, "text that is no event stream");
        return CHAT_NOT_CHAT;
    }
    if (decoder->chunks == 0 && decoder->malformed > 0) {
        buffer_clear(&decoder->whole);
        say(decoder, "an event stream without JSON");
        return CHAT_NOT_CHAT;
    }
    return decoder->finished ? CHAT_COMPLETE : CHAT_CUT;
}

/* Calls are run only where the answer ended well: else they may be a part of what was meant. */
static int settle_calls(struct chat_decoder *decoder, enum chat_outcome outcome)
{
    int rc = 0;

    for (size_t i = 0; i < CHAT_CHOICES_MAX && rc == 0; i++) {
        struct chat_choice *choice = &decoder->choices[i];
        enum chat_finish finish = choice->finish;

        if (choice->calls.count == 0) {
            continue;
        }
        if (outcome != CHAT_COMPLETE || finish == CHAT_FINISH_ERROR) {
            choice->calls.fault = "The answer that calls a tool did not end well.";
        }
        rc = chat_tool_calls_settle(&choice->calls, finish == CHAT_FINISH_LENGTH ||
                                                        finish == CHAT_FINISH_FILTER);
    }
    return rc;
}

enum chat_outcome chat_decoder_end(struct chat_decoder *decoder)
{
    enum chat_outcome outcome = CHAT_CUT;

    switch (decoder->body) {
    case CHAT_BODY_UNKNOWN:
        break;
    case CHAT_BODY_SSE:
        outcome = end_sse(decoder);
        break;
    case CHAT_BODY_JSON:
        outcome = end_json(decoder);
        break;
    case CHAT_BODY_HTML:
        say(decoder, "an HTML page");
        outcome = CHAT_NOT_CHAT;
        break;
    case CHAT_BODY_GZIP:
        say(decoder, "a compressed body");
        outcome = CHAT_NOT_CHAT;
        break;
    }
    if (decoder->stopped == 0) {
        decoder->stopped = chat_chunk_flush(decoder);
    }
    if (decoder->stopped == 0) {
        decoder->stopped = settle_calls(decoder, outcome);
    }
    return outcome;
}
