#include "protocol/position.h"

#include <errno.h>
#include <string.h>

#include "protocol/utf8.h"

static const char *const encoding_names[] = {
    [POSITION_UTF16] = "utf-16",
    [POSITION_UTF8] = "utf-8",
    [POSITION_UTF32] = "utf-32",
};

const char *position_encoding_name(enum position_encoding encoding)
{
    return encoding_names[encoding];
}

int position_encoding_parse(const char *name, enum position_encoding *encoding)
{
    size_t i;

    for (i = 0; i < sizeof(encoding_names) / sizeof(encoding_names[0]); i++) {
        if (strcmp(name, encoding_names[i]) == 0) {
            *encoding = (enum position_encoding)i;
            return 0;
        }
    }
    return -EINVAL;
}

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

int position_compare(struct position a, struct position b)
{
    return a.line != b.line ? compare(a.line, b.line) : compare(a.character, b.character);
}

/* The bytes of the character at the start of text; an ill-formed byte is one of its own. */
static size_t character_bytes(const char *text, size_t length)
{
    size_t bytes;

    if ((unsigned char)text[0] < 0x80)
        return 1;
    bytes = utf8_character(text, length);
    return bytes > 0 ? bytes : 1;
}

/* The units of a character that takes `bytes` bytes. Those of four are the ones beyond U+FFFF. */
static uint32_t character_units(size_t bytes, enum position_encoding encoding)
{
    if (encoding == POSITION_UTF8)
        return (uint32_t)bytes;
    return encoding == POSITION_UTF16 && bytes == 4 ? 2 : 1;
}

size_t position_to_offset(const char *line, size_t length, uint32_t character,
                          enum position_encoding encoding)
{
    size_t offset = 0;

    while (offset < length && character > 0) {
        size_t bytes = character_bytes(line + offset, length - offset);
        uint32_t units = character_units(bytes, encoding);

        if (units > character)
            break;
        character -= units;
        offset += bytes;
    }
    return offset;
}

uint32_t position_from_offset(const char *line, size_t length, size_t offset,
                              enum position_encoding encoding)
{
    uint64_t units = 0;
    size_t at = 0;

    while (at < length && at < offset) {
        size_t bytes = character_bytes(line + at, length - at);

        if (bytes > offset - at)
            break;
        units += character_units(bytes, encoding);
        at += bytes;
    }
    return units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
}

size_t position_next_line(const char *text, size_t length, size_t offset, size_t *line_end)
{
    size_t at = offset;
    size_t end;

    /* One loop for both, not two memchr(): where a text has only one kind of line end, the search
     * for the other would run to the end of the text for every line. */
    while (at < length && text[at] != '\n' && text[at] != '\r')
        at++;
    if (at >= length)
        end = 0;
    else
        end = text[at] == '\r' && at + 1 < length && text[at + 1] == '\n' ? 2 : 1;
    if (line_end)
        *line_end = end;
    return end > 0 ? at + end : length;
}
