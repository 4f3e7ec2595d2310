#include "protocol/chat_chunk.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "protocol/oneline.h"
#include "protocol/utf8.h"

/* How deep content parts nest at most: a part within an array within a part. */
#define PARTS_DEPTH_MAX 4
/* Bytes of a refusal that are kept; only its first words are shown. */
#define REFUSAL_ENOUGH 1024u

static const struct {
    const char *reason;
    enum chat_finish finish;
} finishes[] = {
    {"stop", CHAT_FINISH_STOP},
    {"length", CHAT_FINISH_LENGTH},
    {"model_length", CHAT_FINISH_LENGTH},
    {"max_tokens", CHAT_FINISH_LENGTH},
    {"tool_calls", CHAT_FINISH_TOOL_CALLS},
    {"function_call", CHAT_FINISH_TOOL_CALLS},
    {"content_filter", CHAT_FINISH_FILTER},
    {"error", CHAT_FINISH_ERROR},
    {"network_error", CHAT_FINISH_ERROR},
    {"insufficient_system_resource", CHAT_FINISH_ERROR},
};

const char *chat_finish_name(enum chat_finish finish)
{
    switch (finish) {
    case CHAT_FINISH_NONE:
        return NULL;
    case CHAT_FINISH_STOP:
        return "stop";
    case CHAT_FINISH_LENGTH:
        return "length";
    case CHAT_FINISH_TOOL_CALLS:
        return "tool_calls";
    case CHAT_FINISH_FILTER:
        return "content_filter";
    case CHAT_FINISH_ERROR:
        return "error";
    }
    return NULL;
}

/* What is not known ("eos", "COMPLETE") is an end like any other. */
static enum chat_finish finish_from_reason(const char *reason)
{
    for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++) {
        if (strcasecmp(reason, finishes[i].reason) == 0) {
            return finishes[i].finish;
        }
    }
    return CHAT_FINISH_STOP;
}

/* ---- text ---------------------------------------------------------------------------------- */

struct target {
    struct chat_decoder *decoder;
    unsigned index;
};

static int hand_out(void *context, const char *text, size_t length)
{
    const struct target *target = context;
    struct chat_decoder *decoder = target->decoder;

    if (length > CHAT_TEXT_CAP - decoder->text_length) {
        return -EMSGSIZE;
    }
    decoder->text_length += length;
    return decoder->on_text(decoder->context, target->index, text, length);
}

static int take_text(struct target *target, const char *text)
{
    struct chat_think *think = &target->decoder->choices[target->index].think;
    size_t length = strlen(text);

    if (length == 0) {
        return 0;
    }
    if (strchr(text, JSON_NUL_BYTE) == NULL) {
        return chat_think_feed(think, text, length, hand_out, target);
    }
    /* A NUL in an answer is a fault of the model's; what is shown in its place is U+FFFD. */
    struct buffer valid CLEANUP(buffer_finish);
    buffer_init(&valid, BUFFER_CAP);
    int rc = utf8_append_valid(&valid, text, length);
    return rc != 0 ? rc : chat_think_feed(think, valid.data, valid.length, hand_out, target);
}

static bool is_filled(const struct json *value)
{
    const char *text = json_string(value);

    return text != NULL ? text[0] != '\0' : json_first(value) != NULL;
}

/* Content is a string, or parts: {"type":"text","text":…}, {"type":"thinking","thinking":[…]}. */
static int take_content(struct target *target, const struct json *content, unsigned depth)
{
    int rc = 0;

    if (json_type(content) == JSON_STRING) {
        return take_text(target, json_string(content));
    }
    if (depth == PARTS_DEPTH_MAX) {
        return 0;
    }
    if (json_type(content) == JSON_ARRAY) {
        for (const struct json *part = json_first(content); part != NULL && rc == 0;
             part = json_next(part)) {
            rc = take_content(target, part, depth + 1);
        }
        return rc;
    }
    const char *type = json_string(json_member(content, "type"));
    if (type != NULL && (strstr(type, "thinking") != NULL || strstr(type, "reasoning") != NULL)) {
        target->decoder->reasoning_seen = true;
        return 0;
    }
    return take_content(target, json_member(content, "text"), depth + 1);
}

/* ---- choices ------------------------------------------------------------------------------- */

/* The older form of a call, never asked for and so never run; but an answer it is. */
static bool has_function_call(const struct json *delta)
{
    /* Some servers send {"name":"","arguments":""} with every delta. */
    const char *name = json_string(json_at(delta, "function_call.name"));

    return name != NULL && name[0] != '\0';
}

static int take_calls(struct chat_decoder *decoder, struct chat_choice *choice,
                      const struct json *delta)
{
    /* Chunks of a stream may say `message` where they mean `delta`. */
    bool whole = decoder->body == CHAT_BODY_JSON;
    int rc = chat_tool_calls_take(&choice->calls, json_member(delta, "tool_calls"), whole);

    if (choice->calls.count > 0 || has_function_call(delta)) {
        decoder->tool_call_seen = true;
    }
    return rc;
}

/* Servers that send it under two names mean the same text: the first name that came is the one. */
static int take_reasoning(struct chat_decoder *decoder, size_t index, const struct json *delta)
{
    static const char *const keys[] = {"reasoning_content", "reasoning"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const struct json *value = json_member(delta, keys[i]);

        if (!is_filled(value)) {
            continue;
        }
        decoder->reasoning_seen = true;
        if (!decoder->keep_reasoning || index != 0 || json_string(value) == NULL) {
            continue;
        }
        if (decoder->reasoning_key == NULL) {
            decoder->reasoning_key = keys[i];
        }
        if (decoder->reasoning_key == keys[i] &&
            buffer_append_string(&decoder->reasoning, json_string(value)) != 0) {
            return buffer_error(&decoder->reasoning);
        }
    }
    if (is_filled(json_member(delta, "reasoning_details"))) {
        decoder->reasoning_seen = true;
    }
    return 0;
}

static void take_finish(struct chat_decoder *decoder, struct chat_choice *choice,
                        const struct json *value)
{
    const char *reason = json_string(value);

    if (reason == NULL || reason[0] == '\0') {
        return;
    }
    enum chat_finish finish = finish_from_reason(reason);
    if (finish == CHAT_FINISH_ERROR && !decoder->error.set) {
        decoder->error.set = true;
        oneline_copy(decoder->error.type, sizeof decoder->error.type, reason, strlen(reason));
    }
    /* Some servers repeat the last chunk; the first reason stays, unless there is worse. */
    if (choice->finish == CHAT_FINISH_NONE || finish == CHAT_FINISH_ERROR) {
        choice->finish = finish;
    }
}

/* The choice's index, or where it stands in the array. */
static size_t choice_index(const struct json *value, size_t place)
{
    int64_t index;

    if (!json_integer(json_member(value, "index"), &index)) {
        return place;
    }
    return index >= 0 && index < CHAT_CHOICES_MAX ? (size_t)index : CHAT_CHOICES_MAX;
}

/* Where a schema is asked for, OpenAI's models decline in a member of its own: no part of the answer. */
static int take_refusal(struct chat_decoder *decoder, size_t index, const struct json *delta)
{
    const char *text = json_string(json_member(delta, "refusal"));

    if (text == NULL || index != 0 || decoder->refusal.length >= REFUSAL_ENOUGH) {
        return 0;
    }
    return buffer_append_string(&decoder->refusal, text);
}

static bool goes_on(const struct json *choice, const struct json *delta)
{
    static const char *const keys[] = {"content", "reasoning_content", "reasoning",
                                       "reasoning_details", "tool_calls", "refusal"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (is_filled(json_member(delta, keys[i]))) {
            return true;
        }
    }
    return is_filled(json_member(choice, "finish_reason")) || has_function_call(delta);
}

static int take_choice(struct chat_decoder *decoder, const struct json *value, size_t place)
{
    size_t index = choice_index(value, place);

    if (json_type(value) != JSON_OBJECT || index >= CHAT_CHOICES_MAX) {
        return 0;
    }
    struct chat_choice *choice = &decoder->choices[index];
    struct target target = {decoder, (unsigned)index};
    const struct json *delta = json_member(value, "delta");
    if (json_type(delta) != JSON_OBJECT) {
        delta = json_member(value, "message");
    }
    choice->seen = true;
    decoder->events += goes_on(value, delta);
    int rc = take_refusal(decoder, index, delta);
    if (rc == 0) {
        rc = take_reasoning(decoder, index, delta);
    }
    if (rc == 0) {
        rc = take_calls(decoder, choice, delta);
    }
    if (rc == 0) {
        rc = take_content(&target, json_member(delta, "content"), 0);
    }
    if (rc == 0) {
        take_finish(decoder, choice, json_member(value, "finish_reason"));
    }
    return rc;
}

/* ---- the rest of a chunk ------------------------------------------------------------------- */

/* The last usage that says anything is the one that counts: servers repeat it and let it grow. */
static void take_usage(struct chat_decoder *decoder, const struct json *usage)
{
    int64_t prompt = 0, completion = 0;
    bool has_prompt = json_integer(json_member(usage, "prompt_tokens"), &prompt);
    bool has_completion = json_integer(json_member(usage, "completion_tokens"), &completion);

    if ((has_prompt || has_completion) && prompt >= 0 && completion >= 0) {
        decoder->usage = (struct chat_usage){true, prompt, completion};
    }
}

/* An error has a value that says something: null, false, "" and {} are none. */
static bool is_error(const struct json *value)
{
    return is_filled(value) || json_true(value) || json_type(value) == JSON_NUMBER;
}

static bool has_error(const struct json *object)
{
    const char *kind = json_string(json_member(object, "object"));

    return is_error(json_member(object, "error")) || is_error(json_member(object, "errors")) ||
           is_filled(json_member(object, "error_message")) ||
           is_filled(json_member(object, "error_type")) ||
           (kind != NULL && strcmp(kind, "error") == 0);
}

static void take_error(struct chat_decoder *decoder, const struct json *object)
{
    if (has_error(object) && decoder->error.message[0] == '\0') {
        chat_error_from_json(&decoder->error, object);
    }
}

static void take_model(struct chat_decoder *decoder, const struct json *value)
{
    const char *model = json_string(value);

    if (model != NULL && decoder->model[0] == '\0') {
        oneline_copy(decoder->model, sizeof decoder->model, model, strlen(model));
    }
}

/* What the decoder tells about all choices together. */
static void summarize(struct chat_decoder *decoder)
{
    bool any = false, all = true;

    decoder->answer_seen = decoder->tool_call_seen;
    for (size_t i = 0; i < CHAT_CHOICES_MAX; i++) {
        const struct chat_choice *choice = &decoder->choices[i];

        any = any || choice->seen;
        all = all && (!choice->seen || choice->finish != CHAT_FINISH_NONE);
        decoder->answer_seen = decoder->answer_seen || choice->think.text_seen;
        decoder->reasoning_seen = decoder->reasoning_seen || choice->think.reasoning_seen;
    }
    decoder->finish = decoder->choices[0].finish;
    decoder->finished = decoder->done_seen || (any && all);
}

static int take_object(struct chat_decoder *decoder, const struct json *chunk)
{
    size_t place = 0;
    int rc = 0;

    decoder->chunks++;
    take_error(decoder, chunk);
    take_error(decoder, json_member(chunk, "x_groq"));
    take_model(decoder, json_member(chunk, "model"));
    take_usage(decoder, json_at(chunk, "x_groq.usage"));
    for (const struct json *choice = json_first(json_member(chunk, "choices"));
         choice != NULL && rc == 0; choice = json_next(choice)) {
        take_error(decoder, choice);
        take_usage(decoder, json_member(choice, "usage"));
        rc = take_choice(decoder, choice, place++);
    }
    take_usage(decoder, json_member(chunk, "usage"));
    summarize(decoder);
    return rc;
}

int chat_chunk_take(struct chat_decoder *decoder, const struct json *chunk)
{
    int rc = 0;

    if (json_type(chunk) == JSON_OBJECT) {
        return take_object(decoder, chunk);
    }
    if (json_type(chunk) != JSON_ARRAY) {
        decoder->malformed++;
        return 0;
    }
    /* Gemini wraps an error in an array. */
    for (const struct json *element = json_first(chunk); element != NULL && rc == 0;
         element = json_next(element)) {
        if (json_type(element) == JSON_OBJECT) {
            rc = take_object(decoder, element);
        }
    }
    return rc;
}

int chat_chunk_flush(struct chat_decoder *decoder)
{
    int rc = 0;

    for (unsigned i = 0; i < CHAT_CHOICES_MAX && rc == 0; i++) {
        struct target target = {decoder, i};

        rc = chat_think_end(&decoder->choices[i].think, hand_out, &target);
    }
    summarize(decoder);
    return rc;
}
