#include "protocol/chat_surrogate.h"

#include <stdbool.h>
#include <string.h>

#define ESCAPE_LENGTH 6 /* \uXXXX */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The code unit of the \uXXXX at the start of text; 0 where there is none. */
static uint16_t read_escape(const char *text, size_t length)
{
    unsigned unit = 0;

    if (length < ESCAPE_LENGTH || text[0] != '\\' || text[1] != 'u') {
        return 0;
    }
    for (int i = 2; i < ESCAPE_LENGTH; i++) {
        int digit = hex_value(text[i]);
        if (digit < 0) {
            return 0;
        }
        unit = unit << 4 | (unsigned)digit;
    }
    return (uint16_t)unit;
}

static bool is_first_half(uint16_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_second_half(uint16_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

const char *chat_surrogate_mend(uint16_t *half, const char *text, size_t length,
                                struct buffer *scratch, size_t *mended_length)
{
    uint16_t before = *half;
    size_t copied = 0;
    bool in_string = false;

    *half = 0;
    *mended_length = length;
    if (memmem(text, length, "\\ud", 3) == NULL && memmem(text, length, "\\uD", 3) == NULL) {
        return text;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') {
            in_string = !in_string;
            uint16_t next = read_escape(text + i + 1, length - i - 1);
            if (in_string && before != 0 && is_second_half(next)) {
                buffer_append(scratch, text + copied, i + 1 - copied);
                buffer_printf(scratch, "\\u%04x", (unsigned)before);
                copied = i + 1;
            }
        } else if (text[i] == '\\' && in_string) {
            uint16_t unit = read_escape(text + i, length - i);
            if (is_first_half(unit) && i + ESCAPE_LENGTH < length &&
                text[i + ESCAPE_LENGTH] == '"') {
                buffer_append(scratch, text + copied, i - copied);
                copied = i + ESCAPE_LENGTH;
                *half = unit;
            }
            i += unit != 0 ? ESCAPE_LENGTH - 1 : 1;
        }
    }
    if (copied == 0) {
        return text;
    }
    buffer_append(scratch, text + copied, length - copied);
    *mended_length = scratch->length;
    return buffer_error(scratch) == 0 ? scratch->data : NULL;
}
