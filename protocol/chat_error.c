#include "protocol/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "protocol/oneline.h"

/* What is looked at of a body: validators send the whole request back with their complaint. */
#define BODY_CAP ((size_t)8 << 20)
#define TEXT_CAP ((size_t)4 << 10) /* what is looked at of one text in it */
#define DEPTH_MAX 4

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

/* A gateway's own words ("Provider returned error") say little; the provider's come with them,
 * often as a whole JSON body (OpenRouter's error.metadata.raw). */
static void add_raw(struct chat_error *error, const struct json *inner)
{
    const char *raw = json_string(json_at(inner, "metadata.raw"));
    struct json *root CLEANUP(json_cleanup) = NULL;
    struct chat_error scratch = {0};
    char text[sizeof error->message];

    if (raw == NULL || is_blank(raw)) {
        return;
    }
    if (json_parse(raw, strlen(raw), &root) == 0) {
        raw = find_message(&scratch, root, 0);
    }
    if (raw == NULL) {
        return;
    }
    copy_text(text, sizeof text, raw);
    if (strstr(error->message, text) == NULL) {
        struct buffer joined CLEANUP(buffer_finish);

        buffer_init(&joined, 2 * sizeof text);
        buffer_printf(&joined, error->message[0] != '\0' ? "%s: %s" : "%s%s", error->message, text);
        copy_text(error->message, sizeof error->message, joined.data);
    }
}

void chat_error_from_json(struct chat_error *error, const struct json *root)
{
    memset(error, 0, sizeof *error);
    error->set = true;
    if (json_type(root) == JSON_ARRAY) {
        root = json_first(root);
    }
    const struct json *inner = json_member(root, "error");
    const char *message = find_message(error, root, 0);

    if (message != NULL) {
        copy_text(error->message, sizeof error->message, message);
    }
    add_raw(error, inner);
    take_label(error->type, sizeof error->type, inner, NULL, "type");
    take_label(error->type, sizeof error->type, root, root, "error_type");
    take_label(error->type, sizeof error->type, root, NULL, "type");
    take_label(error->code, sizeof error->code, inner, root, "code");
    take_label(error->param, sizeof error->param, inner, root, "param");
    take_status(error, inner, root);
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

void chat_error_parse(struct chat_error *error, const char *body, size_t length)
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
        chat_error_from_json(error, root);
    } else {
        oneline_copy(error->message, sizeof error->message, body,
                     length < TEXT_CAP ? length : TEXT_CAP);
    }
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

    if (error->param[0] != '\0') {
        /* "tools[0].function", "body.stop": some part of the path is the field. */
        return refused || !HAS_ANY(error->message, value_words) ? find_field(error->param) : 0;
    }
    return refused ? find_field(error->message) : 0;
}
