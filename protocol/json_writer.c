#include "protocol/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/utf8.h"

#define INTEGER_MAX 9007199254740992.0 /* 2^53 */

/* Every value and every key begins here. */
static void begin_item(struct json_writer *writer)
{
    if (writer->comma)
        buffer_append_byte(writer->out, ',');
    writer->comma = true;
}

void json_writer_init(struct json_writer *writer, struct buffer *out)
{
    *writer = (struct json_writer){.out = out};
}

static void begin_container(struct json_writer *writer, char bracket)
{
    begin_item(writer);
    buffer_append_byte(writer->out, bracket);
    writer->comma = false;
    writer->depth++;
}

static void end_container(struct json_writer *writer, char bracket)
{
    buffer_append_byte(writer->out, bracket);
    writer->comma = true;
    writer->depth--;
}

void json_begin_object(struct json_writer *writer)
{
    begin_container(writer, '{');
}

void json_end_object(struct json_writer *writer)
{
    end_container(writer, '}');
}

void json_begin_array(struct json_writer *writer)
{
    begin_container(writer, '[');
}

void json_end_array(struct json_writer *writer)
{
    end_container(writer, ']');
}

void json_write_key(struct json_writer *writer, const char *key)
{
    json_write_string(writer, key);
    buffer_append_byte(writer->out, ':');
    writer->comma = false;
}

void json_write_null(struct json_writer *writer)
{
    json_write_raw(writer, "null", 4);
}

void json_write_bool(struct json_writer *writer, bool value)
{
    json_write_raw(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_write_integer(struct json_writer *writer, int64_t value)
{
    begin_item(writer);
    buffer_printf(writer->out, "%" PRId64, value);
}

/* printf() writes the decimal point of the locale, which may be any character or several. */
static size_t use_json_point(char *number)
{
    static const char plain[] = "+-0123456789eE";
    size_t before = strspn(number, plain);
    size_t point = strcspn(number + before, plain);

    if (point > 0) {
        number[before] = '.';
        memmove(number + before + 1, number + before + point, strlen(number + before + point) + 1);
    }
    return strlen(number);
}

void json_write_number(struct json_writer *writer, double value)
{
    char number[64];
    int precision = 15;

    if (!isfinite(value)) {
        json_write_null(writer);
        return;
    }
    if (value >= -INTEGER_MAX && value <= INTEGER_MAX && (double)(int64_t)value == value) {
        json_write_integer(writer, (int64_t)value);
        return;
    }
    /* The fewest digits that give the same number back; 17 always do. */
    do {
        snprintf(number, sizeof(number), "%.*g", precision, value);
    } while (strtod(number, NULL) != value && ++precision <= 17);
    json_write_raw(writer, number, use_json_point(number));
}

/* The letter of a short escape, 0 where the character has none. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

/* The length of what stands at the start of text and goes out as it is. */
static size_t plain_prefix(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        unsigned char c = (unsigned char)text[at];
        size_t used = 1;

        if (c < 0x20 || c == '"' || c == '\\')
            break;
        if (c >= 0x80)
            used = utf8_character(text + at, length - at);
        if (used == 0)
            break;
        at += used;
    }
    return at;
}

/* Writes the first character of text, which is not plain. Returns the bytes that it takes. */
static size_t write_escaped(struct buffer *out, const char *text, size_t length)
{
    char letter = short_escape(text[0]);
    uint32_t code_point;

    if (letter) {
        buffer_append(out, (const char[]){'\\', letter}, 2);
        return 1;
    }
    if ((unsigned char)text[0] < 0x20) {
        buffer_printf(out, "\\u%04x", (unsigned)text[0]);
        return 1;
    }
    buffer_append_string(out, UTF8_REPLACEMENT);
    return utf8_decode(text, length, &code_point);
}

void json_write_text(struct json_writer *writer, const char *text, size_t length)
{
    size_t at = 0;

    begin_item(writer);
    buffer_append_byte(writer->out, '"');
    while (at < length && !buffer_error(writer->out)) {
        size_t plain = plain_prefix(text + at, length - at);

        buffer_append(writer->out, text + at, plain);
        at += plain;
        if (at < length)
            at += write_escaped(writer->out, text + at, length - at);
    }
    buffer_append_byte(writer->out, '"');
}

void json_write_string(struct json_writer *writer, const char *string)
{
    if (string)
        json_write_text(writer, string, strlen(string));
    else
        json_write_null(writer);
}

void json_write_raw(struct json_writer *writer, const char *json, size_t length)
{
    begin_item(writer);
    buffer_append(writer->out, json, length);
}

/* Recurses as deep as the value nests, which json_parse() bounds. */
static void write_children(struct json_writer *writer, const struct json *container)
{
    bool keyed = json_type(container) == JSON_OBJECT;
    const struct json *child;

    for (child = json_first(container); child; child = json_next(child)) {
        if (keyed)
            json_write_key(writer, json_key(child));
        json_write_value(writer, child);
    }
}

void json_write_value(struct json_writer *writer, const struct json *value)
{
    double number;

    switch (json_type(value)) {
    case JSON_NULL:
        json_write_null(writer);
        break;
    case JSON_BOOL:
        json_write_bool(writer, json_true(value));
        break;
    case JSON_NUMBER:
        json_write_number(writer, json_number(value, &number) ? number : NAN);
        break;
    case JSON_STRING:
        json_write_string(writer, json_string(value));
        break;
    case JSON_ARRAY:
        json_begin_array(writer);
        write_children(writer, value);
        json_end_array(writer);
        break;
    case JSON_OBJECT:
        json_begin_object(writer);
        write_children(writer, value);
        json_end_object(writer);
        break;
    }
}

int json_append(struct buffer *out, const struct json *value)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_write_value(&writer, value);
    return buffer_error(out);
}

void json_put_bool(struct json_writer *writer, const char *key, bool value)
{
    json_write_key(writer, key);
    json_write_bool(writer, value);
}

void json_put_integer(struct json_writer *writer, const char *key, int64_t value)
{
    json_write_key(writer, key);
    json_write_integer(writer, value);
}

void json_put_string(struct json_writer *writer, const char *key, const char *string)
{
    json_write_key(writer, key);
    json_write_string(writer, string);
}

void json_put_text(struct json_writer *writer, const char *key, const char *text, size_t length)
{
    json_write_key(writer, key);
    json_write_text(writer, text, length);
}
