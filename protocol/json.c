#include "protocol/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json_repair.h"

#define INTEGER_MAX 9007199254740992.0 /* 2^53: above it a double skips integers */

/* struct json is never defined: a value is a cJSON under another name. */
static const cJSON *item_of(const struct json *value)
{
    return (const cJSON *)value;
}

static const struct json *value_of(const cJSON *item)
{
    return (const struct json *)item;
}

/* ---- parsing ------------------------------------------------------------------------------- */

static unsigned line_at(const char *text, size_t offset)
{
    unsigned line = 1;
    size_t i;

    for (i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Parses a text that json_repair() has passed. */
static int parse_repaired(const char *text, size_t length, struct json **root, size_t *fault)
{
    const char *end = text;
    cJSON *item;

    /* cJSON does not say whether it ran out of memory; malloc() does. */
    errno = 0;
    item = cJSON_ParseWithLengthOpts(text, length, &end, false);
    if (!item) {
        *fault = (size_t)(end - text);
        return errno == ENOMEM ? -ENOMEM : -EBADMSG;
    }
    while (end < text + length && is_blank(*end))
        end++;
    if (end < text + length) {
        cJSON_Delete(item);
        *fault = (size_t)(end - text);
        return -EBADMSG;
    }
    *root = (struct json *)item;
    return 0;
}

static int parse(const char *text, size_t length, struct json **root, unsigned *line)
{
    struct buffer repaired CLEANUP(buffer_finish);
    size_t fault = 0;
    int error;

    *root = NULL;
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3; /* a byte order mark, as editors on Windows write it */
        length -= 3;
    }
    /* The worst that can be repaired is one ill-formed byte into three. */
    buffer_init(&repaired, length * 3);
    error = json_repair(text, length, &repaired, &fault);
    if (!error && repaired.length > 0) {
        text = repaired.data;
        length = repaired.length;
    }
    if (!error)
        error = parse_repaired(text, length, root, &fault);
    if (error == -EBADMSG)
        *line = line_at(text, fault);
    return error;
}

int json_parse(const char *text, size_t length, struct json **root)
{
    unsigned line;

    return parse(text, length, root, &line);
}

/* The end of the string whose opening quote is at `at`. */
static size_t string_end(const char *text, size_t length, size_t at)
{
    for (at++; at < length && text[at] != '"'; at++) {
        if (text[at] == '\\')
            at++;
    }
    return at < length ? at + 1 : length;
}

/* The end of the comment at `at`; `at` itself where there is none. One that never ends is left for
 * the parser to stumble over at its first character. */
static size_t comment_end(const char *text, size_t length, size_t at)
{
    const char *end;

    if (length - at < 2 || text[at] != '/')
        return at;
    if (text[at + 1] == '/') {
        end = memchr(text + at, '\n', length - at);
        return end ? (size_t)(end - text) : length;
    }
    if (text[at + 1] != '*')
        return at;
    end = memmem(text + at + 2, length - at - 2, "*/", 2);
    return end ? (size_t)(end - text) + 2 : at;
}

/* Blanks comments and trailing commas out, in place, so that every line keeps its number. */
static void blank_comments(char *text, size_t length)
{
    size_t comma = length; /* a comma behind a value with nothing but blanks since; length: none */
    bool after_value = false;
    size_t at = 0;

    while (at < length) {
        size_t end = comment_end(text, length, at);
        char c = text[at];

        if (end > at) {
            for (; at < end; at++) {
                if (text[at] != '\n')
                    text[at] = ' ';
            }
            continue;
        }
        if (is_blank(c)) {
            at++;
            continue;
        }
        if ((c == ']' || c == '}') && comma < length)
            text[comma] = ' ';
        comma = c == ',' && after_value ? at : length;
        after_value = !strchr("[{:,", c);
        at = c == '"' ? string_end(text, length, at) : at + 1;
    }
}

int json_parse_commented(const char *text, size_t length, struct json **root, unsigned *line)
{
    struct buffer copy CLEANUP(buffer_finish);
    unsigned fault_line = 1;
    int error;

    *root = NULL;
    buffer_init(&copy, length);
    if (buffer_append(&copy, text, length))
        return -ENOMEM;
    if (copy.length > 0)
        blank_comments(copy.data, copy.length);
    error = parse(copy.data, copy.length, root, &fault_line);
    if (error == -EBADMSG && line)
        *line = fault_line;
    return error;
}

void json_destroy(struct json *root)
{
    cJSON_Delete((cJSON *)root);
}

void json_cleanup(struct json **root)
{
    json_destroy(*root);
    *root = NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Asked of every value several times over, so it looks at the type itself, as the cJSON_Is…() do
 * one by one; the bits above are flags. */
enum json_type json_type(const struct json *value)
{
    const cJSON *item = item_of(value);

    switch (item ? item->type & 0xFF : cJSON_Invalid) {
    case cJSON_False:
    case cJSON_True:
        return JSON_BOOL;
    case cJSON_Number:
        return JSON_NUMBER;
    case cJSON_String:
        return JSON_STRING;
    case cJSON_Array:
        return JSON_ARRAY;
    case cJSON_Object:
        return JSON_OBJECT;
    default:
        return JSON_NULL;
    }
}

bool json_is_null(const struct json *value)
{
    return json_type(value) == JSON_NULL;
}

static const struct json *member(const struct json *object, const char *key, size_t length)
{
    const struct json *child;

    if (json_type(object) != JSON_OBJECT)
        return NULL;
    for (child = json_first(object); child; child = json_next(child)) {
        const char *name = json_key(child);

        if (name && strncmp(name, key, length) == 0 && name[length] == '\0')
            return child;
    }
    return NULL;
}

const struct json *json_member(const struct json *object, const char *key)
{
    return member(object, key, strlen(key));
}

const struct json *json_at(const struct json *object, const char *path)
{
    for (;;) {
        size_t length = strcspn(path, ".");

        object = member(object, path, length);
        if (!object || path[length] == '\0')
            return object;
        path += length + 1;
    }
}

const struct json *json_first(const struct json *container)
{
    enum json_type type = json_type(container);

    return type == JSON_ARRAY || type == JSON_OBJECT ? value_of(item_of(container)->child) : NULL;
}

const struct json *json_next(const struct json *child)
{
    return child ? value_of(item_of(child)->next) : NULL;
}

size_t json_count(const struct json *container)
{
    const struct json *child;
    size_t count = 0;

    for (child = json_first(container); child; child = json_next(child))
        count++;
    return count;
}

const char *json_key(const struct json *child)
{
    return child ? item_of(child)->string : NULL;
}

const char *json_string(const struct json *value)
{
    return json_type(value) == JSON_STRING ? item_of(value)->valuestring : NULL;
}

bool json_true(const struct json *value)
{
    return cJSON_IsTrue(item_of(value));
}

bool json_number(const struct json *value, double *out)
{
    if (json_type(value) != JSON_NUMBER || !isfinite(item_of(value)->valuedouble))
        return false;
    *out = item_of(value)->valuedouble;
    return true;
}

bool json_integer(const struct json *value, int64_t *out)
{
    double number;

    if (!json_number(value, &number) || number > INTEGER_MAX || number < -INTEGER_MAX)
        return false;
    *out = (int64_t)number;
    return (double)*out == number;
}

void json_restore_nul(char *text, size_t length)
{
    char *end = text + length;

    while ((text = memchr(text, (unsigned char)JSON_NUL_BYTE, (size_t)(end - text))))
        *text++ = '\0';
}

/* ---- raw members --------------------------------------------------------------------------- */

static size_t skip_blanks(const char *text, size_t length, size_t at)
{
    while (at < length && is_blank(text[at]))
        at++;
    return at;
}

/* Whether the string [text, text + length), quotes included, spells `key`. */
static bool is_key(const char *text, size_t length, const char *key)
{
    struct json *string CLEANUP(json_cleanup) = NULL;

    if (length < 2)
        return false;
    if (!memchr(text, '\\', length))
        return strlen(key) == length - 2 && memcmp(text + 1, key, length - 2) == 0;
    if (json_parse(text, length, &string) || !json_string(string))
        return false;
    return strcmp(json_string(string), key) == 0;
}

/* The end of the value at `at`: the comma or bracket that closes its member. */
static size_t value_end(const char *text, size_t length, size_t at)
{
    unsigned depth = 0;

    while (at < length) {
        char c = text[at];

        if (c == '"') {
            at = string_end(text, length, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            break;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        at++;
    }
    return at;
}

bool json_raw_member(const char *text, size_t length, const char *key, const char **raw,
                     size_t *raw_length)
{
    const char *open = memchr(text, '{', length);
    size_t at = open ? (size_t)(open - text) + 1 : length;

    while ((at = skip_blanks(text, length, at)) < length && text[at] == '"') {
        size_t key_end = string_end(text, length, at);
        bool found = is_key(text + at, key_end - at, key);
        size_t start = skip_blanks(text, length, skip_blanks(text, length, key_end) + 1);
        size_t end = value_end(text, length, start);

        if (start >= end)
            return false;
        if (found) {
            while (is_blank(text[end - 1]))
                end--;
            *raw = text + start;
            *raw_length = end - start;
            return true;
        }
        at = end + 1;
    }
    return false;
}
