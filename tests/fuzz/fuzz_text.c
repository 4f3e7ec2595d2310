/* Edits of a text, against a plain string that is searched from its start each time. */
#include "daemon/text.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

#define LONGEST ((size_t)4096)

static size_t plain_offset(const struct buffer *plain, struct position position,
                           enum position_encoding encoding)
{
    size_t start = 0, ended;
    for (uint32_t line = 0;; line++) {
        size_t next = position_next_line(plain->data, plain->length, start, &ended);
        if (line == position.line)
            return start + position_to_offset(plain->data + start, next - ended - start,
                                              position.character, encoding);
        if (!ended)
            return plain->length;
        start = next;
    }
}

static void plain_replace(struct buffer *plain, size_t start, size_t end, const char *bytes,
                          size_t length)
{
    struct buffer after CLEANUP(buffer_finish);
    buffer_init(&after, BUFFER_CAP);
    buffer_append(&after, plain->data + end, plain->length - end);
    buffer_truncate(plain, start);
    buffer_append(plain, bytes, length);
    buffer_append(plain, after.data, after.length);
}

static void holds_same_lines(const struct text *text, const struct buffer *plain)
{
    size_t start = 0, ended, line = 0;
    do {
        size_t next = position_next_line(plain->data, plain->length, start, &ended);
        FUZZ_HOLDS(text_line_start(text, line) == start);
        FUZZ_HOLDS(text_line_end(text, line) == next - ended);
        FUZZ_HOLDS(text_line_at(text, start) == line);
        start = next;
        line++;
    } while (ended);
    FUZZ_HOLDS(text_line_count(text) == line);
}

static void edit(struct text *text, struct buffer *plain, struct fuzz_input *input,
                 enum position_encoding encoding)
{
    struct position from = {fuzz_take_byte(input) % 32, fuzz_take_byte(input)};
    struct position to = {from.line + fuzz_take_byte(input) % 4, fuzz_take_byte(input)};
    size_t length = fuzz_take_byte(input) % 64;
    if (length > input->length)
        length = input->length;
    size_t start = text_offset(text, from, encoding), end = text_offset(text, to, encoding);
    FUZZ_HOLDS(start == plain_offset(plain, from, encoding));
    FUZZ_HOLDS(end == plain_offset(plain, to, encoding));
    if (end < start)
        end = start;
    if (plain->length > LONGEST) {
        start = 0;
        end = plain->length;
    }
    FUZZ_HOLDS(text_replace(text, start, end, input->data, length) == 0);
    plain_replace(plain, start, end, input->data, length);
    input->data += length;
    input->length -= length;
}

void fuzz_one(const char *data, size_t length)
{
    struct fuzz_input input = {data, length};
    struct text text;
    struct buffer plain CLEANUP(buffer_finish);
    enum position_encoding encoding = (enum position_encoding)(fuzz_take_byte(&input) % 3);
    struct fuzz_input first = fuzz_take_piece(&input);
    if (first.length > LONGEST)
        first.length = LONGEST;
    buffer_init(&plain, BUFFER_CAP);
    buffer_append(&plain, first.data, first.length);
    FUZZ_HOLDS(text_init(&text, first.data, first.length) == 0);
    for (int steps = 0; input.length && steps < 200; steps++) {
        edit(&text, &plain, &input, encoding);
        FUZZ_HOLDS(text_length(&text) == plain.length);
        holds_same_lines(&text, &plain);
    }
    FUZZ_HOLDS(memcmp(text_view(&text, 0, plain.length), plain.data, plain.length) == 0);
    text_finish(&text);
}
