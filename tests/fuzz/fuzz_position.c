/* Positions in a line and in a text, there and back, in each encoding. */
#include "protocol/position.h"

#include <string.h>

#include "protocol/utf8.h"
#include "tests/fuzz/fuzz.h"

static void go_there_and_back(const char *line, size_t length, enum position_encoding encoding)
{
    bool is_valid = utf8_is_valid(line, length);
    uint32_t before = 0;
    for (size_t offset = 0; offset <= length; offset++) {
        uint32_t units = position_from_offset(line, length, offset, encoding);
        size_t floor = position_to_offset(line, length, units, encoding);
        FUZZ_HOLDS(units >= before);
        FUZZ_HOLDS(floor <= offset && offset - floor < 4);
        FUZZ_HOLDS(position_from_offset(line, length, floor, encoding) == units);
        if (is_valid)
            FUZZ_HOLDS(floor == utf8_floor(line, length, offset));
        before = units;
    }
    FUZZ_HOLDS(position_to_offset(line, length, before + 1, encoding) == length);
    FUZZ_HOLDS(position_to_offset(line, length, UINT32_MAX, encoding) == length);
    if (encoding == POSITION_UTF32 && is_valid)
        FUZZ_HOLDS(before == utf8_count(line, length));
    if (encoding == POSITION_UTF16 && is_valid)
        FUZZ_HOLDS(before == utf8_count_utf16(line, length));
}

void fuzz_one(const char *data, size_t length)
{
    size_t start = 0, ended, lines = 0;
    if (length > 2048)
        length = 2048;
    do {
        size_t next = position_next_line(data, length, start, &ended);
        FUZZ_HOLDS(next <= length && (next > start || next == length));
        FUZZ_HOLDS(ended <= 2 && next - start >= ended);
        size_t end = next - ended;
        FUZZ_HOLDS(end == start || (!memchr(data + start, '\n', end - start) &&
                                    !memchr(data + start, '\r', end - start)));
        for (int encoding = POSITION_UTF16; encoding <= POSITION_UTF32; encoding++)
            go_there_and_back(data + start, end - start, (enum position_encoding)encoding);
        start = next;
        lines++;
    } while (ended);
    FUZZ_HOLDS(start == length && lines <= length + 1);
}
