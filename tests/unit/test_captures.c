/*
 * Reads the recorded answers of real servers under tests/captures (see the README.md there), whole
 * and byte by byte. The folder is the first argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/chat.h"

#define FILE_CAP ((size_t)1 << 20)

/* A 200 to a chat request. */
struct answer_row {
    const char *name;
    enum chat_outcome outcome;
    enum chat_finish finish;
    size_t length;     /* of the text */
    const char *start; /* of the text */
    int prompt, completion; /* -1: no usage */
    bool tool_call;
    const char *model;
};

/* Any other status, with what the body says. */
struct error_row {
    const char *name;
    int status;
    const char *message, *type, *code;
};

struct models_row {
    const char *name;
    const char *ids; /* each followed by a blank */
};

#define OK CHAT_COMPLETE
#define MOCK_ANSWER "Hello! Caf\xC3\xA9 \xE2\x86\x92 \xF0\x9F\x98\x80 this is a mock answer"
#define COMMIT_JSON "{\"type\":\"fix\",\"subject\":\"handle empty input\"}"

static const struct answer_row answers[] = {
    {"aimock-chaos-disconnect.txt", CHAT_CUT, CHAT_FINISH_NONE, 0, "", -1, -1, false, ""},
    {"aimock-chaos-malformed.txt", CHAT_NOT_CHAT, CHAT_FINISH_NONE, 0, "", -1, -1, false, ""},
    {"aimock-cutoff.txt", CHAT_CUT, CHAT_FINISH_NONE, 20, "one two three four f", -1, -1, false,
     "gpt-4o"},
    {"aimock-err-404-model.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, -1, -1, false,
     "no-such-model"},
    {"aimock-jsonobject.txt", OK, CHAT_FINISH_STOP, 45, COMMIT_JSON, 7, 12, false, "gpt-4o"},
    {"aimock-jsonschema-stream.txt", OK, CHAT_FINISH_STOP, 45, COMMIT_JSON, -1, -1, false,
     "gpt-4o"},
    {"aimock-n2-logprobs.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, 5, 17, false, "gpt-4o"},
    {"aimock-nonstream.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, 5, 17, false, "gpt-4o"},
    {"aimock-slow.txt", OK, CHAT_FINISH_STOP, 48,
     "one two three four five six seven eight nine ten", 1, 12, false, "gpt-4o"},
    {"aimock-stop-seq.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, -1, -1, false, "gpt-4o"},
    {"aimock-stream-nousage.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, -1, -1, false, "gpt-4o"},
    {"aimock-stream-raw-chunked.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, -1, -1, false,
     "gpt-4o"},
    {"aimock-stream-usage.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, 5, 17, false, "gpt-4o"},
    {"aimock-tools-nonstream.txt", OK, CHAT_FINISH_TOOL_CALLS, 0, "", 7, 20, true, "gpt-4o"},
    {"aimock-tools-stream.txt", OK, CHAT_FINISH_TOOL_CALLS, 0, "", -1, -1, true, "gpt-4o"},
    {"aimock-truncate.txt", CHAT_CUT, CHAT_FINISH_NONE, 0, "", -1, -1, false, ""},
    {"llama-server-err-404-model.txt", OK, CHAT_FINISH_LENGTH, 14, "The loop stops", -1, -1, false,
     "tiny"},
    {"llama-server-jsonobject.txt", OK, CHAT_FINISH_STOP, 158,
     "fix(parser): handle empty input is released.\nThis ", 54, 35, false, "tiny"},
    {"llama-server-jsonschema-stream.txt", OK, CHAT_FINISH_LENGTH, 93,
     "{\"type\"\n                    :\"fix\",\"subject\"\n\n    ", -1, -1, false, "tiny"},
    {"llama-server-n2-logprobs.txt", OK, CHAT_FINISH_LENGTH, 22, "This function adds two", 48, 4,
     false, "tiny"},
    {"llama-server-nonstream.txt", OK, CHAT_FINISH_LENGTH, 94,
     "The caller owns the file line and then closes it i", 48, 20, false, "tiny"},
    {"llama-server-pingparam.txt", OK, CHAT_FINISH_LENGTH, 119,
     "The code is simple, fast and returns the result.\nT", -1, -1, false, "tiny"},
    {"llama-server-stop-seq.txt", OK, CHAT_FINISH_STOP, 20, "The code is released", -1, -1, false,
     "tiny"},
    {"llama-server-stream-nousage.txt", OK, CHAT_FINISH_LENGTH, 23, "Use a bounded copy here", -1,
     -1, false, "tiny"},
    {"llama-server-stream-raw-chunked.txt", OK, CHAT_FINISH_LENGTH, 31,
     "Use a bounded copy here because", -1, -1, false, "tiny"},
    {"llama-server-stream-usage.txt", OK, CHAT_FINISH_STOP, 96,
     "The loop stops when the buffer.\nThe loop stops whe", 48, 22, false, "tiny"},
    {"llama-server-tools-nonstream.txt", OK, CHAT_FINISH_LENGTH, 0, "", 724, 200, true, "tiny"},
    {"llama-server-tools-stream.txt", OK, CHAT_FINISH_LENGTH, 0, "", -1, -1, true, "tiny"},
    {"portkey-aimock-jsonobject.txt", OK, CHAT_FINISH_STOP, 45, COMMIT_JSON, 7, 12, false,
     "gpt-4o"},
    {"portkey-aimock-n2-logprobs.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, 5, 17, false,
     "gpt-4o"},
    {"portkey-aimock-nonstream.txt", OK, CHAT_FINISH_STOP, 70, MOCK_ANSWER, 5, 17, false, "gpt-4o"},
    {"portkey-aimock-tools-nonstream.txt", OK, CHAT_FINISH_TOOL_CALLS, 0, "", 7, 20, true,
     "gpt-4o"},
    {"portkey-llama-err-404-model.txt", OK, CHAT_FINISH_LENGTH, 15, "The caller owns", -1, -1,
     false, "tiny"},
    {"portkey-llama-jsonobject.txt", OK, CHAT_FINISH_STOP, 206,
     "The loop stops when the thread waits until it.\nThe", 54, 50, false, "tiny"},
    {"portkey-llama-jsonschema-stream.txt", OK, CHAT_FINISH_LENGTH, 74,
     "{\"type\"\n\n                    :\"feat\",\"subject\" :\"U", -1, -1, false, "tiny"},
    {"portkey-llama-n2-logprobs.txt", OK, CHAT_FINISH_LENGTH, 3, "Caf", 48, 4, false, "tiny"},
    {"portkey-llama-nonstream.txt", OK, CHAT_FINISH_LENGTH, 94,
     "The caller owns the input.\nfix(parser): handle emp", 48, 20, false, "tiny"},
    {"portkey-llama-stop-seq.txt", OK, CHAT_FINISH_STOP, 13, "If the result", -1, -1, false,
     "tiny"},
    {"portkey-llama-stream-nousage.txt", OK, CHAT_FINISH_LENGTH, 20, "The code is held the", -1, -1,
     false, "tiny"},
    {"portkey-llama-stream-raw-chunked.txt", OK, CHAT_FINISH_LENGTH, 24, "The code is not trusted.",
     -1, -1, false, "tiny"},
    {"portkey-llama-stream-usage.txt", OK, CHAT_FINISH_STOP, 115,
     "fix(parser): handle empty input.\nUse a bounded cop", 48, 25, false, "tiny"},
    {"portkey-llama-tools-nonstream.txt", OK, CHAT_FINISH_STOP, 315,
     "The loop stops when the lock is simple, fast and e", 57, 76, false, "tiny"},
    {"portkey-llama-tools-stream.txt", OK, CHAT_FINISH_STOP, 83,
     "Use a bounded copy here because the end of the ret", -1, -1, false, "tiny"},
};

static const struct error_row errors[] = {
    {"aimock-chaos-drop.txt", 500, "Chaos: request dropped", "server_error", "chaos_drop"},
    {"aimock-chaos-ratelimit.txt", 429, "Chaos: rate limit exceeded", "rate_limit_error",
     "chaos_ratelimit"},
    {"aimock-err-400-badjson.txt", 400, "Malformed JSON: Unexpected end of JSON input",
     "invalid_request_error", "invalid_json"},
    {"aimock-err-400-nomessages.txt", 400, "Missing required parameter: 'messages'",
     "invalid_request_error", ""},
    {"aimock-err-400-toolong-stream.txt", 404, "No fixture matched", "invalid_request_error",
     "no_fixture_match"},
    {"aimock-err-400-type.txt", 400, "Missing required parameter: 'messages'",
     "invalid_request_error", ""},
    {"aimock-err-401-noheader.txt", 401, "Invalid API key", "authentication_error",
     "invalid_api_key"},
    {"aimock-err-401.txt", 401, "Invalid API key", "authentication_error", "invalid_api_key"},
    {"aimock-err-404-path.txt", 404, "Not found", "not_found", ""},
    {"aimock-err-429.txt", 429, "Rate limit exceeded", "rate_limit_error", "rate_limit_exceeded"},
    {"aimock-err-500.txt", 500, "boom", "server_error", ""},
    {"aimock-nomatch.txt", 404, "No fixture matched", "invalid_request_error", "no_fixture_match"},
    {"llama-server-err-400-badjson.txt", 500,
     "[json.exception.parse_error.101] parse error at line 1, colu", "server_error", "500"},
    {"llama-server-err-400-nomessages.txt", 400, "'messages' is required", "invalid_request_error",
     "400"},
    {"llama-server-err-400-toolong-stream.txt", 400,
     "request (20020 tokens) exceeds the available context size (4", "exceed_context_size_error",
     "400"},
    {"llama-server-err-400-type.txt", 400, "Expected 'messages' to be an array",
     "invalid_request_error", "400"},
    {"llama-server-err-401-noheader.txt", 401, "Invalid API Key", "authentication_error", "401"},
    {"llama-server-err-401.txt", 401, "Invalid API Key", "authentication_error", "401"},
    {"llama-server-err-404-path.txt", 404, "File Not Found", "not_found_error", "404"},
    {"portkey-aimock-err-400-badjson.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-err-400-nomessages.txt", 400,
     "openai error: Missing required parameter: 'messages'", "invalid_request_error", ""},
    {"portkey-aimock-err-400-toolong-stream.txt", 404, "openai error: No fixture matched",
     "invalid_request_error", "no_fixture_match"},
    {"portkey-aimock-err-400-type.txt", 400, "openai error: Missing required parameter: 'messages'",
     "invalid_request_error", ""},
    {"portkey-aimock-err-401-noheader.txt", 401, "openai error: Invalid API key",
     "authentication_error", "invalid_api_key"},
    {"portkey-aimock-err-401.txt", 401, "openai error: Invalid API key", "authentication_error",
     "invalid_api_key"},
    {"portkey-aimock-err-404-model.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-err-404-path.txt", 404, "Not found", "not_found", ""},
    {"portkey-aimock-err-429.txt", 429, "openai error: Rate limit exceeded", "rate_limit_error",
     "rate_limit_exceeded"},
    {"portkey-aimock-jsonschema-stream.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-models.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-stop-seq.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-stream-nousage.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-stream-raw-chunked.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-stream-usage.txt", 500, "Something went wrong", "", ""},
    {"portkey-aimock-tools-stream.txt", 500, "Something went wrong", "", ""},
    {"portkey-llama-err-400-badjson.txt", 500, "Something went wrong", "", ""},
    {"portkey-llama-err-400-nomessages.txt", 400, "openai error: 'messages' is required",
     "invalid_request_error", "400"},
    {"portkey-llama-err-400-toolong-stream.txt", 400,
     "openai error: request (20020 tokens) exceeds the available c", "exceed_context_size_error",
     "400"},
    {"portkey-llama-err-400-type.txt", 400, "openai error: Expected 'messages' to be an array",
     "invalid_request_error", "400"},
    {"portkey-llama-err-401-noheader.txt", 401, "openai error: Invalid API Key",
     "authentication_error", "401"},
    {"portkey-llama-err-401.txt", 401, "openai error: Invalid API Key", "authentication_error",
     "401"},
    {"portkey-llama-err-404-path.txt", 404, "File Not Found", "not_found_error", "404"},
};

static const struct models_row model_lists[] = {
    {"aimock-models.txt", "err-429 err-500 "},
    {"llama-server-models.txt", "tiny "},
    {"portkey-llama-models.txt", "tiny "},
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- reading a capture --------------------------------------------------------------------- */

struct capture {
    int status; /* 0: the connection was closed before any answer */
    struct buffer body;
};

static void read_file(struct buffer *out, const char *folder, const char *name)
{
    char path[4096];
    char piece[4096];
    size_t count;

    assert_true((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s: %s", path, strerror(errno));
    }
    while ((count = fread(piece, 1, sizeof piece, file)) > 0) {
        assert_int_equal(buffer_append(out, piece, count), 0);
    }
    fclose(file);
}

/* A chunked transfer coding (RFC 9112, section 7.1) as it went over the wire. */
static void remove_chunks(struct buffer *body, const char *data, size_t length)
{
    const char *end = data + length;

    for (;;) {
        char *line_end;
        size_t size = strtoul(data, &line_end, 16);

        assert_memory_equal(line_end, "\r\n", 2);
        data = line_end + 2;
        if (size == 0) {
            return;
        }
        assert_true(size + 2 <= (size_t)(end - data));
        buffer_append(body, data, size);
        assert_memory_equal(data + size, "\r\n", 2);
        data += size + 2;
    }
}

/* Before the head stand lines that begin with '#' (what was asked) or a time; after the body stands
 * "# curl exit N", which is no part of it. */
static void read_capture(struct capture *capture, const char *folder, const char *name)
{
    struct buffer file CLEANUP(buffer_finish);

    buffer_init(&file, FILE_CAP);
    buffer_init(&capture->body, FILE_CAP);
    capture->status = 0;
    read_file(&file, folder, name);

    const char *head = file.data;
    while (*head != '\0' && strncmp(head, "HTTP/", 5) != 0) {
        const char *newline = strchr(head, '\n');
        assert_non_null(newline);
        head = newline + 1;
    }
    if (*head == '\0') {
        return;
    }
    assert_int_equal(sscanf(head, "HTTP/1.1 %d", &capture->status), 1);
    const char *body = strstr(head, "\r\n\r\n");
    assert_non_null(body);
    body += 4;
    const char *end = file.data + file.length;
    const char *mark = strstr(body, "# curl exit ");
    if (mark != NULL) {
        end = mark;
    }
    const char *chunked = strcasestr(head, "\r\ntransfer-encoding: chunked\r\n");
    if (strstr(name, "-raw-chunked") != NULL && chunked != NULL && chunked < body) {
        remove_chunks(&capture->body, body, (size_t)(end - body));
    } else {
        buffer_append(&capture->body, body, (size_t)(end - body));
    }
}

/* ---- checks -------------------------------------------------------------------------------- */

static int on_text(void *context, unsigned index, const char *text, size_t length)
{
    /* One capture has two choices; the rows tell the first. */
    return index == 0 ? buffer_append(context, text, length) : 0;
}

static void check_answer(const struct answer_row *row, const struct buffer *body, size_t step)
{
    struct chat_decoder decoder;
    struct buffer text CLEANUP(buffer_finish);

    buffer_init(&text, BUFFER_CAP);
    chat_decoder_init(&decoder, on_text, &text);
    for (size_t at = 0; at < body->length; at += step) {
        size_t rest = body->length - at < step ? body->length - at : step;
        assert_int_equal(chat_decoder_feed(&decoder, body->data + at, rest), 0);
    }
    assert_int_equal(chat_decoder_end(&decoder), row->outcome);
    assert_int_equal(decoder.stopped, 0);
    assert_int_equal(decoder.malformed, row->outcome == CHAT_NOT_CHAT ? 1 : 0);
    assert_int_equal(decoder.finish, row->finish);
    assert_int_equal(text.length, row->length);
    assert_memory_equal(text.data, row->start, strlen(row->start));
    assert_int_equal(decoder.usage.known, row->prompt >= 0);
    if (row->prompt >= 0) {
        assert_int_equal(decoder.usage.prompt_tokens, row->prompt);
        assert_int_equal(decoder.usage.completion_tokens, row->completion);
    }
    assert_int_equal(decoder.tool_call_seen, row->tool_call);
    assert_int_equal(decoder.choices[0].calls.count > 0, row->tool_call);
    if (row->tool_call) {
        /* What the limit cut is no call. */
        assert_int_equal(decoder.choices[0].calls.fault == NULL,
                         row->finish == CHAT_FINISH_TOOL_CALLS);
    }
    assert_int_equal(decoder.answer_seen, row->tool_call || row->length > 0);
    assert_false(decoder.reasoning_seen);
    assert_string_equal(decoder.model, row->model);
    chat_decoder_finish(&decoder);
}

static void decodes_answers(void **state)
{
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct capture capture;

        print_message("%s\n", answers[i].name);
        read_capture(&capture, *state, answers[i].name);
        assert_true(capture.status == 200 || capture.status == 0);
        check_answer(&answers[i], &capture.body, 1);
        check_answer(&answers[i], &capture.body, FILE_CAP);
        buffer_finish(&capture.body);
    }
}

static void extracts_errors(void **state)
{
    for (size_t i = 0; i < COUNT(errors); i++) {
        const struct error_row *row = &errors[i];
        struct capture capture;
        struct chat_error error;

        print_message("%s\n", row->name);
        read_capture(&capture, *state, row->name);
        assert_int_equal(capture.status, row->status);
        chat_error_parse(&error, capture.body.data, capture.body.length);
        assert_true(error.set);
        assert_memory_equal(error.message, row->message, strlen(row->message));
        assert_string_equal(error.type, row->type);
        assert_string_equal(error.code, row->code);
        assert_int_equal(error.status, strtol(row->code, NULL, 10));
        assert_int_equal(chat_refused_field(&error), 0);
        buffer_finish(&capture.body);
    }
}

static void lists_models(void **state)
{
    for (size_t i = 0; i < COUNT(model_lists); i++) {
        struct capture capture;
        struct chat_model *models;
        size_t count;
        struct buffer ids CLEANUP(buffer_finish);

        read_capture(&capture, *state, model_lists[i].name);
        assert_int_equal(capture.status, 200);
        assert_int_equal(
            chat_models_parse(capture.body.data, capture.body.length, &models, &count), 0);
        buffer_init(&ids, BUFFER_CAP);
        for (size_t j = 0; j < count; j++) {
            buffer_printf(&ids, "%s ", models[j].id);
        }
        assert_string_equal(ids.data, model_lists[i].ids);
        free(models);
        buffer_finish(&capture.body);
    }
}

static bool has_row(const char *name)
{
    bool found = false;

    for (size_t i = 0; i < COUNT(answers); i++) {
        found = found || strcmp(answers[i].name, name) == 0;
    }
    for (size_t i = 0; i < COUNT(errors); i++) {
        found = found || strcmp(errors[i].name, name) == 0;
    }
    for (size_t i = 0; i < COUNT(model_lists); i++) {
        found = found || strcmp(model_lists[i].name, name) == 0;
    }
    return found;
}

static void leaves_no_capture_out(void **state)
{
    DIR *folder = opendir(*state);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (strstr(entry->d_name, ".txt") != NULL) {
            count++;
            if (!has_row(entry->d_name)) {
                fail_msg("no row for %s", entry->d_name);
            }
        }
    }
    closedir(folder);
    assert_int_equal(count, COUNT(answers) + COUNT(errors) + COUNT(model_lists));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: test_captures FOLDER\n");
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(decodes_answers, argv[1]),
        cmocka_unit_test_prestate(extracts_errors, argv[1]),
        cmocka_unit_test_prestate(lists_models, argv[1]),
        cmocka_unit_test_prestate(leaves_no_capture_out, argv[1]),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
