#include "protocol/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "protocol/chat_quote.h"
#include "protocol/oneline.h"
#include "protocol/retry_after.h"

/* What is looked at of a body: validators send the whole request back with their complaint. */
#define BODY_CAP ((size_t)8 << 20)
#define TEXT_CAP ((size_t)4 << 10) /* what is looked at of one text in it */
#define QUOTE_CAP ((size_t)64 << 10) /* and how far for the answer of another server in it */
#define DEPTH_MAX 4
#define QUOTES_MAX 4 /* gateways behind each other */

/* Where servers put the words, the likeliest first. */
static const char *const message_keys[] = {
    "error", "errors", "message", "detail", "msg", "error_message", "raw",
};

static void copy_text(char *out, size_t size, const char *text)
{
    oneline_copy(out, size, text, strnlen(text, TEXT_CAP));
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* A validator names the field by its place: {"loc":["body","temperature"],"msg":…} (FastAPI). */
static void take_location(struct chat_error *error, const struct json *object)
{
    const char *last = NULL;

    for (const struct json *part = json_first(json_member(object, "loc")); part != NULL;
         part = json_next(part)) {
        const char *name = json_string(part);

        last = name != NULL ? name : last;
    }
    if (last != NULL && error->param[0] == '\0') {
        copy_text(error->param, sizeof error->param, last);
    }
}

/* {"errors":{"detail":{"temperature":["must be at most 2"]}}}: the keys are fields of ours. */
static const char *find_field_message(struct chat_error *error, const struct json *object)
{
    for (const struct json *child = json_first(object); child != NULL; child = json_next(child)) {
        const char *text = json_type(child) == JSON_ARRAY ? json_string(json_first(child)) : NULL;

        if (text != NULL && !is_blank(text)) {
            if (error->param[0] == '\0') {
                copy_text(error->param, sizeof error->param, json_key(child));
            }
            return text;
        }
    }
    return NULL;
}

/* The first words at or below `value`; fills in error->param on the way. */
static const char *find_message(struct chat_error *error, const struct json *value,
                                unsigned depth)
{
    if (json_type(value) == JSON_STRING) {
        return is_blank(json_string(value)) ? NULL : json_string(value);
    }
    if (depth == DEPTH_MAX) {
        return NULL;
    }
    if (json_type(value) == JSON_ARRAY) {
        return find_message(error, json_first(value), depth + 1);
    }
    if (json_type(value) != JSON_OBJECT) {
        return NULL;
    }
    take_location(error, value);
    for (size_t i = 0; i < sizeof message_keys / sizeof message_keys[0]; i++) {
        const struct json *child = json_member(value, message_keys[i]);
        const char *text = find_message(error, child, depth + 1);

        if (text != NULL) {
            return text;
        }
    }
    return depth > 0 ? find_field_message(error, value) : NULL;
}

/* The member of the error object or, where it is flat, of the body, as text: servers give codes as
 * strings and as numbers. */
static void take_label(char *out, size_t size, const struct json *inner, const struct json *outer,
                       const char *key)
{
    const struct json *const places[] = {inner, outer};

    for (size_t i = 0; i < 2 && out[0] == '\0'; i++) {
        const struct json *value = json_member(places[i], key);
        int64_t number;

        if (json_string(value) != NULL) {
            copy_text(out, size, json_string(value));
        } else if (json_integer(value, &number)) {
            snprintf(out, size, "%lld", (long long)number);
        }
    }
}

static int64_t http_status(const char *text)
{
    char *end;
    long status = strtol(text, &end, 10);

    return *text != '\0' && *end == '\0' && status >= 100 && status <= 599 ? status : 0;
}

static void take_status(struct chat_error *error, const struct json *inner,
                        const struct json *outer)
{
    char text[sizeof error->code] = "";

    error->status = http_status(error->code);
    if (error->status == 0) {
        take_label(text, sizeof text, inner, outer, "status");
        error->status = http_status(text);
    }
}

/* {"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]} */
static void take_retry_delay(struct chat_error *error, const struct json *details)
{
    if (json_type(details) != JSON_ARRAY) {
        return;
    }
    for (const struct json *detail = json_first(details); detail != NULL;
         detail = json_next(detail)) {
        const char *type = json_string(json_member(detail, "@type"));

        if (type != NULL && strstr(type, "RetryInfo") != NULL) {
            const char *delay = json_string(json_member(detail, "retryDelay"));
            int64_t ms = delay != NULL ? retry_after_duration(delay) : 0;

            error->retry_delay_ms = ms > 0 ? ms : 0;
        }
    }
}

static void parse(struct chat_error *error, const char *body, size_t length, unsigned quotes);

/* "Provider returned error" and "rate limited" as one text; the first may be empty. */
static void append_words(struct chat_error *error, const char *words)
{
    struct buffer joined CLEANUP(buffer_finish);
    size_t length = strlen(error->message);

    while (length > 0 && strchr(" :-", error->message[length - 1]) != NULL) {
        length--;
    }
    buffer_init(&joined, 2 * sizeof error->message);
    buffer_printf(&joined, "%.*s%s%s", (int)length, error->message, length > 0 ? ": " : "", words);
    copy_text(error->message, sizeof error->message, joined.data);
}

/* What the innermost server says is nearest to the truth. Returns false where it says nothing. */
static bool take_quoted(struct chat_error *error, const char *body, size_t length, unsigned quotes)
{
    struct chat_error inner;

    parse(&inner, body, length, quotes + 1);
    if (inner.message[0] == '\0') {
        return false;
    }
    if (strstr(error->message, inner.message) == NULL) {
        append_words(error, inner.message);
    }
    if (inner.type[0] != '\0') {
        memcpy(error->type, inner.type, sizeof error->type);
    }
    if (inner.code[0] != '\0') {
        memcpy(error->code, inner.code, sizeof error->code);
    }
    if (inner.param[0] != '\0') {
        memcpy(error->param, inner.param, sizeof error->param);
    }
    error->status = inner.status != 0 ? inner.status : error->status;
    if (inner.retry_delay_ms != 0) {
        error->retry_delay_ms = inner.retry_delay_ms;
    }
    return true;
}

/* The words, and what another server has said to this one if they quote it. */
static void take_words(struct chat_error *error, const char *text, size_t length, unsigned quotes)
{
    struct chat_quote quote;

    chat_quote_find(&quote, text, length < QUOTE_CAP ? length : QUOTE_CAP);
    oneline_copy(error->message, sizeof error->message, text,
                 quote.lead < TEXT_CAP ? quote.lead : TEXT_CAP);
    if (quote.body != NULL && quotes < QUOTES_MAX &&
        !take_quoted(error, quote.body, quote.body_length, quotes)) {
        oneline_copy(error->message, sizeof error->message, text, length < TEXT_CAP ? length : TEXT_CAP);
    }
}

static void take_json(struct chat_error *error, const struct json *root, unsigned quotes)
{
    if (json_type(root) == JSON_ARRAY) {
        root = json_first(root);
    }
    const struct json *inner = json_member(root, "error");
    const char *message = find_message(error, root, 0);

    take_label(error->type, sizeof error->type, inner, NULL, "type");
    take_label(error->type, sizeof error->type, root, root, "error_type");
    take_label(error->type, sizeof error->type, root, NULL, "type");
    take_label(error->code, sizeof error->code, inner, root, "code");
    take_label(error->param, sizeof error->param, inner, root, "param");
    take_status(error, inner, root);
    take_retry_delay(error, json_member(inner, "details"));
    if (message != NULL) {
        take_words(error, message, strlen(message), quotes);
    }
    /* A gateway's own words ("Provider returned error") say little; the provider's come with them
     * (OpenRouter). */
    const char *raw = json_string(json_at(inner, "metadata.raw"));
    if (raw != NULL && !is_blank(raw) && quotes < QUOTES_MAX) {
        take_quoted(error, raw, strlen(raw), quotes);
    }
}

void chat_error_from_json(struct chat_error *error, const struct json *root)
{
    memset(error, 0, sizeof *error);
    error->set = true;
    take_json(error, root, 0);
}

/* The title of a page, case-blind: proxies say there what went wrong. */
static void take_title(struct chat_error *error, const char *body, size_t length)
{
    size_t start = 0;
    size_t end;

    while (start + 6 <= length && strncasecmp(body + start, "<title", 6) != 0) {
        start++;
    }
    const char *bracket = start + 6 <= length ? memchr(body + start, '>', length - start) : NULL;
    if (bracket == NULL) {
        return;
    }
    start = (size_t)(bracket - body) + 1;
    for (end = start; end < length && body[end] != '<'; end++) {
    }
    oneline_copy(error->message, sizeof error->message, body + start, end - start);
}

static void parse(struct chat_error *error, const char *body, size_t length, unsigned quotes)
{
    struct json *root CLEANUP(json_cleanup) = NULL;
    size_t start = 0;

    memset(error, 0, sizeof *error);
    error->set = true;
    if (length >= 3 && memcmp(body, "\xEF\xBB\xBF", 3) == 0) {
        start = 3;
    }
    while (start < length && strchr(" \t\r\n", body[start]) != NULL && body[start] != '\0') {
        start++;
    }
    body += start;
    length = length - start < BODY_CAP ? length - start : BODY_CAP;
    if (length == 0 || body[0] == '\x1f') {
        return; /* nothing, or gzip */
    }
    if (body[0] == '<') {
        take_title(error, body, length);
    } else if (json_parse(body, length, &root) == 0) {
        take_json(error, root, quotes);
    } else if (body[0] != '{') {
        take_words(error, body, length, quotes);
    } else {
        oneline_copy(error->message, sizeof error->message, body,
                     length < TEXT_CAP ? length : TEXT_CAP);
    }
}

void chat_error_parse(struct chat_error *error, const char *body, size_t length)
{
    parse(error, body, length, 0);
}

/* ---- which field is refused ---------------------------------------------------------------- */

static const char *const refusing_codes[] = {
    "unsupported_parameter", "unsupported_value", "unknown_parameter", "unrecognized_parameter",
    "extra_forbidden",
};

static const char *const refusing_words[] = {
    "unsupported",   "not support",    "n't support",    "unknown",       "unrecognized",
    "unrecognised",  "not recognized", "not recognised", "unexpected",    "not permitted",
    "not allowed",   "not accepted",   "not available",  "not implement", "not enabled",
    "extra input",   "extra field",    "extra param",    "extra keys",    "extra propert",
    "additional pr", "forbidden",      "cannot be used", "instead",       "unavailable",
    "requires --",   "no endpoints",
};

/* How servers speak of a field without its name. */
static const struct {
    const char *words;
    enum chat_field field;
} phrases[] = {
    {"tool choice", CHAT_FIELD_TOOLS},
    {"tool use", CHAT_FIELD_TOOLS},
    {"tool call", CHAT_FIELD_TOOLS},
    {"function call", CHAT_FIELD_TOOLS},
    {"response format", CHAT_FIELD_RESPONSE_FORMAT},
    {"json_schema", CHAT_FIELD_RESPONSE_FORMAT},
    {"json schema", CHAT_FIELD_RESPONSE_FORMAT},
    {"json mode", CHAT_FIELD_RESPONSE_FORMAT},
    {"structured output", CHAT_FIELD_RESPONSE_FORMAT},
    {"completion choice", CHAT_FIELD_N},
    {"multiple completions", CHAT_FIELD_N},
};

/* Words that object to a value: leaving the field out would hide a mistake in the settings. */
static const char *const value_words[] = {
    "too large", "too small", "too high",     "too many",     "too long", "at least",
    "at most",   "maximum",   "minimum",      "greater than", "less than", "between",
    "exceed",    "range",     "must be a ",   "invalid type",
};

static bool has_any(const char *text, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasestr(text, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

#define HAS_ANY(text, words) has_any(text, words, sizeof(words) / sizeof(words)[0])

static const char identifier[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* The first of our fields among the words of text, else what it is about. */
static unsigned find_field(const char *text)
{
    const char *all = text;

    while (*text != '\0') {
        size_t length = strspn(text, identifier);
        unsigned field = chat_field_from_name(text, length);

        if (field != 0) {
            return field;
        }
        text += length > 0 ? length : 1;
    }
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases)[0]; i++) {
        if (strcasestr(all, phrases[i].words) != NULL) {
            return phrases[i].field;
        }
    }
    return 0;
}

unsigned chat_refused_field(const struct chat_error *error)
{
    bool refused = HAS_ANY(error->code, refusing_codes) || HAS_ANY(error->type, refusing_codes) ||
                   HAS_ANY(error->message, refusing_words);
    const char *where = error->param[0] != '\0' ? error->param : error->message;

    /* Servers that give one answer object to the number: "'n' : number must be at most 1". */
    if (find_field(where) == CHAT_FIELD_N) {
        return CHAT_FIELD_N;
    }
    if (error->param[0] != '\0') {
        /* "tools[0].function", "body.stop": some part of the path is the field. */
        return refused || !HAS_ANY(error->message, value_words) ? find_field(error->param) : 0;
    }
    return refused ? find_field(error->message) : 0;
}
