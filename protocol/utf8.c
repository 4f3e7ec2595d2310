#include "protocol/utf8.h"

#include <string.h>

#include "protocol/buffer.h"

#define REPLACEMENT 0xFFFDu

/* The longest ill-formed or cut start of a character. */
#define PARTIAL_MAX 3

enum shape { WELL_FORMED, ILL_FORMED, CUT };

/* What a first byte promises: how many bytes follow, and which values the first of them may have
 * (Unicode 15, table 3-7; the rest are 80..BF). */
struct lead {
    unsigned following;
    unsigned char low;
    unsigned char high;
};

static struct lead lead_of(unsigned char byte)
{
    if (byte >= 0xC2 && byte <= 0xDF)
        return (struct lead){1, 0x80, 0xBF};
    if (byte == 0xE0)
        return (struct lead){2, 0xA0, 0xBF};
    if (byte == 0xED)
        return (struct lead){2, 0x80, 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF)
        return (struct lead){2, 0x80, 0xBF};
    if (byte == 0xF0)
        return (struct lead){3, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3)
        return (struct lead){3, 0x80, 0xBF};
    if (byte == 0xF4)
        return (struct lead){3, 0x80, 0x8F};
    return (struct lead){0, 0, 0};
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* As utf8_decode(), and tells a cut character (the text ends inside it) from an ill-formed one. */
static size_t scan(const char *text, size_t length, uint32_t *code_point, enum shape *shape)
{
    unsigned char first = (unsigned char)text[0];
    struct lead lead;
    uint32_t value;
    size_t used;

    if (first < 0x80) {
        *code_point = first;
        *shape = WELL_FORMED;
        return 1;
    }
    *code_point = REPLACEMENT;
    *shape = ILL_FORMED;
    lead = lead_of(first);
    if (lead.following == 0)
        return 1;
    value = first & (0x3Fu >> lead.following);
    for (used = 1; used <= lead.following; used++) {
        unsigned char byte;

        if (used == length) {
            *shape = CUT;
            return used;
        }
        byte = (unsigned char)text[used];
        if (byte < lead.low || byte > lead.high)
            return used;
        lead.low = 0x80;
        lead.high = 0xBF;
        value = value << 6 | (byte & 0x3Fu);
    }
    *code_point = value;
    *shape = WELL_FORMED;
    return used;
}

/* The length of the ASCII at the start of text. Eight bytes at a time, as documents are mostly that
 * and every one that is opened comes through here. */
static size_t ascii_prefix(const char *text, size_t length)
{
    size_t at = 0;

    for (; length - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t word;

        memcpy(&word, text + at, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (at < length && (unsigned char)text[at] < 0x80)
        at++;
    return at;
}

size_t utf8_decode(const char *text, size_t length, uint32_t *code_point)
{
    enum shape shape;

    return scan(text, length, code_point, &shape);
}

size_t utf8_character(const char *text, size_t length)
{
    uint32_t code_point;
    enum shape shape = ILL_FORMED;
    size_t used = length > 0 ? scan(text, length, &code_point, &shape) : 0;

    return shape == WELL_FORMED ? used : 0;
}

size_t utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        code_point = REPLACEMENT;
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

/* The length of the well-formed text at the start of text. */
static size_t valid_prefix(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        uint32_t code_point;
        enum shape shape;
        size_t used;

        at += ascii_prefix(text + at, length - at);
        if (at == length)
            break;
        used = scan(text + at, length - at, &code_point, &shape);
        if (shape != WELL_FORMED)
            break;
        at += used;
    }
    return at;
}

bool utf8_is_valid(const char *text, size_t length)
{
    return valid_prefix(text, length) == length;
}

size_t utf8_whole_prefix(const char *text, size_t length)
{
    size_t back;

    for (back = 1; back <= PARTIAL_MAX && back <= length; back++) {
        const char *start = text + length - back;
        uint32_t code_point;
        enum shape shape;

        if (is_continuation(*start))
            continue;
        scan(start, back, &code_point, &shape);
        return shape == CUT ? length - back : length;
    }
    return length;
}

size_t utf8_floor(const char *text, size_t length, size_t offset)
{
    size_t back;

    if (offset >= length)
        return length;
    if (!is_continuation(text[offset]))
        return offset;
    for (back = 1; back <= PARTIAL_MAX && back <= offset; back++) {
        size_t start = offset - back;
        uint32_t code_point;

        if (is_continuation(text[start]))
            continue;
        return utf8_decode(text + start, length - start, &code_point) > back ? start : offset;
    }
    return offset;
}

int utf8_append_valid(struct buffer *out, const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t valid = valid_prefix(text + at, length - at);
        uint32_t code_point;

        buffer_append(out, text + at, valid);
        at += valid;
        if (at == length)
            break;
        at += utf8_decode(text + at, length - at, &code_point);
        buffer_append_string(out, UTF8_REPLACEMENT);
    }
    return buffer_error(out);
}

size_t utf8_count(const char *text, size_t length)
{
    size_t count = 0;
    size_t at = 0;

    while (at < length) {
        uint32_t code_point;

        at += utf8_decode(text + at, length - at, &code_point);
        count++;
    }
    return count;
}

size_t utf8_count_utf16(const char *text, size_t length)
{
    size_t count = 0;
    size_t at = 0;

    while (at < length) {
        uint32_t code_point;

        at += utf8_decode(text + at, length - at, &code_point);
        count += code_point > 0xFFFF ? 2 : 1;
    }
    return count;
}
