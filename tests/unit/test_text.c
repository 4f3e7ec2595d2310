#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/text.h"

#define MODEL_SIZE ((size_t)400)

static const enum position_encoding encodings[] = {
    POSITION_UTF8, POSITION_UTF16, POSITION_UTF32,
};

/* The same text as a plain array, with everything about it worked out anew each time. */
struct model {
    char bytes[MODEL_SIZE];
    size_t length;
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t steps(void)
{
    const char *given = getenv("GRIDLS_TEST_STEPS");
    return given && *given ? strtoul(given, NULL, 10) : 100000;
}

static bool model_starts_line(const struct model *model, size_t offset)
{
    if (offset == 0 || offset > model->length)
        return offset == 0;
    char before = model->bytes[offset - 1];
    return before == '\n' ||
           (before == '\r' && (offset == model->length || model->bytes[offset] != '\n'));
}

/* [*start, *end) is the line that holds `offset`, without its line end. Returns its number. */
static size_t model_line(const struct model *model, size_t offset, size_t *start, size_t *end)
{
    size_t line = 0;
    *start = 0;
    for (size_t at = 1; at <= offset; at++) {
        if (model_starts_line(model, at)) {
            line++;
            *start = at;
        }
    }
    *end = *start;
    while (*end < model->length && model->bytes[*end] != '\n' && model->bytes[*end] != '\r')
        (*end)++;
    return line;
}

static void assert_same_bytes(struct text *text, const struct model *model)
{
    char copy[MODEL_SIZE];
    assert_int_equal(text_length(text), model->length);
    text_copy(text, 0, model->length, copy);
    assert_memory_equal(copy, model->bytes, model->length);
}

static void assert_same_lines(const struct text *text, const struct model *model)
{
    size_t line = 0;
    for (size_t at = 1; at <= model->length; at++) {
        if (model_starts_line(model, at)) {
            line++;
            assert_int_equal(text_line_start(text, line), at);
        }
    }
    assert_int_equal(text_line_count(text), line + 1);
    assert_int_equal(text_line_start(text, line + 1), model->length);
    assert_int_equal(text_line_end(text, line + 1), model->length);
}

static void assert_same_position(struct text *text, const struct model *model, size_t offset)
{
    size_t start, end, line = model_line(model, offset, &start, &end);
    assert_int_equal(text_line_at(text, offset), line);
    assert_int_equal(text_line_start(text, line), start);
    assert_int_equal(text_line_end(text, line), end);
    size_t length;
    const char *view = text_line(text, line, &length);
    assert_int_equal(length, end - start);
    assert_memory_equal(view, model->bytes + start, length);

    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        struct position position = text_position(text, offset, encodings[i]);
        assert_int_equal(position.line, line);
        assert_int_equal(position.character,
                         position_from_offset(model->bytes + start, end - start, offset - start,
                                              encodings[i]));
        size_t back = text_offset(text, position, encodings[i]);
        assert_true(back <= offset && back >= start && back <= end);
        assert_int_equal(text_position(text, back, encodings[i]).character, position.character);
    }
}

static void assert_same_offset(struct text *text, const struct model *model, size_t within,
                               uint32_t character)
{
    size_t start, end, line = model_line(model, within, &start, &end);
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        struct position position = { (uint32_t)line, character };
        size_t wanted = start + position_to_offset(model->bytes + start, end - start, character,
                                                   encodings[i]);
        assert_int_equal(text_offset(text, position, encodings[i]), wanted);
    }
}

static void assert_same_view(struct text *text, const struct model *model, size_t a, size_t b)
{
    size_t start = a < b ? a : b, end = a < b ? b : a;
    char copy[MODEL_SIZE];
    assert_memory_equal(text_view(text, start, end), model->bytes + start, end - start);
    text_copy(text, start, end, copy);
    assert_memory_equal(copy, model->bytes + start, end - start);
}

static size_t random_bytes(uint32_t *seed, char *bytes, size_t size)
{
    static const char *const pieces[] = {
        "a", "b", "\n", "\r", "\r\n", "\n\r", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
        "\xFF", "\x80", "\xF0\x9F", "xyz",
    };
    size_t count = next_random(seed) % 8, length = 0;
    if (next_random(seed) % 2)
        count %= 2;
    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[next_random(seed) % (sizeof pieces / sizeof *pieces)];
        size_t piece_length = strlen(piece);
        if (next_random(seed) % 20 == 0) {
            piece = "\0";
            piece_length = 1;
        }
        if (length + piece_length > size)
            break;
        memcpy(bytes + length, piece, piece_length);
        length += piece_length;
    }
    return length;
}

static void random_edits_match_a_plain_string(void **state)
{
    (void)state;
    struct model model = { .length = 0 };
    struct text text;
    uint32_t seed = 42;
    size_t place = 0;
    assert_int_equal(text_init(&text, NULL, 0), 0);
    for (size_t step = steps(); step > 0; step--) {
        char bytes[32];
        /* Mostly near the last edit, as people type; now and then elsewhere. */
        if (next_random(&seed) % 4 == 0 || place > model.length)
            place = next_random(&seed) % (model.length + 1);
        size_t start = place, end = start;
        if (next_random(&seed) % 64 == 0)
            end += next_random(&seed) % (model.length - start + 1);
        else if (next_random(&seed) % 2)
            end += next_random(&seed) % 3;
        if (end > model.length)
            end = model.length;
        if (next_random(&seed) % 512 == 0)
            start = 0, end = model.length;
        size_t length = random_bytes(&seed, bytes, sizeof bytes);
        if (model.length - (end - start) + length > MODEL_SIZE)
            length = 0;

        assert_int_equal(text_replace(&text, start, end, bytes, length), 0);
        memmove(model.bytes + start + length, model.bytes + end, model.length - end);
        memcpy(model.bytes + start, bytes, length);
        model.length += length - (end - start);
        place = start + length;

        assert_same_bytes(&text, &model);
        assert_same_lines(&text, &model);
        assert_same_position(&text, &model, next_random(&seed) % (model.length + 1));
        assert_same_offset(&text, &model, next_random(&seed) % (model.length + 1),
                           next_random(&seed) % 12);
        if (next_random(&seed) % 4 == 0)
            assert_same_view(&text, &model, next_random(&seed) % (model.length + 1),
                             next_random(&seed) % (model.length + 1));
    }
    text_finish(&text);
}

static void init(struct text *text, const char *bytes)
{
    assert_int_equal(text_init(text, bytes, strlen(bytes)), 0);
}

static void an_empty_text_has_one_line(void **state)
{
    (void)state;
    struct text text;
    size_t length;
    init(&text, "");
    assert_int_equal(text_length(&text), 0);
    assert_int_equal(text_line_count(&text), 1);
    assert_int_equal(text_line_at(&text, 5), 0);
    assert_non_null(text_line(&text, 0, &length));
    assert_int_equal(length, 0);
    assert_non_null(text_view(&text, 0, 9));
    assert_int_equal(text_offset(&text, (struct position){ 3, 4 }, POSITION_UTF16), 0);
    text_finish(&text);
    text_finish(&text);
    text_finish(NULL);
}

static void line_ends_of_every_kind(void **state)
{
    (void)state;
    struct text text;
    init(&text, "a\nb\r\nc\rd\n\r");
    static const size_t starts[] = { 0, 2, 5, 7, 9, 10 }, ends[] = { 1, 3, 6, 8, 9, 10 };
    assert_int_equal(text_line_count(&text), 6);
    for (size_t line = 0; line < 6; line++) {
        assert_int_equal(text_line_start(&text, line), starts[line]);
        assert_int_equal(text_line_end(&text, line), ends[line]);
    }
    text_finish(&text);
}

static void edits_part_and_join_line_ends(void **state)
{
    (void)state;
    struct text text;
    init(&text, "a\r\nb");
    assert_int_equal(text_line_count(&text), 2);
    assert_int_equal(text_replace(&text, 2, 2, "x", 1), 0);
    assert_int_equal(text_line_count(&text), 3);
    assert_int_equal(text_replace(&text, 2, 3, NULL, 0), 0);
    assert_int_equal(text_line_count(&text), 2);
    assert_int_equal(text_line_start(&text, 1), 3);
    assert_int_equal(text_replace(&text, 2, 4, NULL, 0), 0);
    assert_int_equal(text_line_count(&text), 2);
    assert_int_equal(text_line_start(&text, 1), 2);
    assert_int_equal(text_replace(&text, 2, 2, "\n", 1), 0);
    assert_int_equal(text_line_count(&text), 2);
    assert_int_equal(text_line_start(&text, 1), 3);
    assert_int_equal(text_replace(&text, 1, 2, NULL, 0), 0);
    assert_int_equal(text_line_start(&text, 1), 2);
    text_finish(&text);
}

/* Each parted pair makes a line out of bytes that hold no line end. */
static void parting_many_line_ends(void **state)
{
    (void)state;
    const size_t pairs = 300;
    struct text text;
    init(&text, "");
    for (size_t i = 0; i < pairs; i++) {
        assert_int_equal(text_replace(&text, 2 * i, 2 * i, "\r", 1), 0);
        assert_int_equal(text_replace(&text, 2 * i + 1, 2 * i + 1, "\n", 1), 0);
    }
    assert_int_equal(text_line_count(&text), pairs + 1);
    for (size_t i = 0; i < pairs; i++)
        assert_int_equal(text_replace(&text, 3 * i + 1, 3 * i + 1, "x", 1), 0);
    assert_int_equal(text_line_count(&text), 2 * pairs + 1);
    text_finish(&text);
}

static void positions_are_clamped(void **state)
{
    (void)state;
    struct text text;
    /* An e acute (2 bytes, 1 unit), an emoji (4 bytes, 2 units), a line end of two bytes. */
    init(&text, "\xC3\xA9\xF0\x9F\x98\x80z\r\nlast");
    struct { struct position position; enum position_encoding encoding; size_t offset; } cases[] = {
        { { 0, 0 }, POSITION_UTF16, 0 },
        { { 0, 1 }, POSITION_UTF16, 2 },
        { { 0, 2 }, POSITION_UTF16, 2 }, /* between the surrogates */
        { { 0, 3 }, POSITION_UTF16, 6 },
        { { 0, 4 }, POSITION_UTF16, 7 },
        { { 0, 5 }, POSITION_UTF16, 7 }, /* not between \r and \n */
        { { 0, UINT32_MAX }, POSITION_UTF16, 7 },
        { { 0, 1 }, POSITION_UTF8, 0 },
        { { 0, 5 }, POSITION_UTF8, 2 },
        { { 0, 6 }, POSITION_UTF8, 6 },
        { { 0, 2 }, POSITION_UTF32, 6 },
        { { 1, 0 }, POSITION_UTF32, 9 },
        { { 1, 9 }, POSITION_UTF32, 13 },
        { { 2, 0 }, POSITION_UTF32, 13 },
        { { UINT32_MAX, UINT32_MAX }, POSITION_UTF8, 13 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(text_offset(&text, cases[i].position, cases[i].encoding),
                         cases[i].offset);
    struct position position = text_position(&text, 8, POSITION_UTF16);
    assert_int_equal(position.line, 0);
    assert_int_equal(position.character, 4);
    position = text_position(&text, 4, POSITION_UTF16);
    assert_int_equal(position.character, 1);
    position = text_position(&text, 1000, POSITION_UTF16);
    assert_int_equal(position.line, 1);
    assert_int_equal(position.character, 4);
    text_finish(&text);
}

static void ranges_beyond_the_end_are_clamped(void **state)
{
    (void)state;
    struct text text;
    char copy[4];
    init(&text, "abc");
    assert_int_equal(text_replace(&text, 10, 20, "d", 1), 0);
    assert_memory_equal(text_view(&text, 0, 99), "abcd", 4);
    text_copy(&text, 2, 99, copy);
    assert_memory_equal(copy, "cd", 2);
    assert_int_equal(text_replace(&text, 3, 1, "e", 1), 0);
    assert_int_equal(text_length(&text), 5);
    text_finish(&text);
}

static void texts_are_capped(void **state)
{
    (void)state;
    struct text text;
    assert_int_equal(text_init(&text, "", TEXT_CAP + 1), -EMSGSIZE);
    assert_int_equal(text_length(&text), 0);
    assert_int_equal(text_replace(&text, 0, 0, "abc", 3), 0);
    assert_int_equal(text_replace(&text, 0, 1, "", TEXT_CAP - 1), -EMSGSIZE);
    assert_memory_equal(text_view(&text, 0, 3), "abc", 3);
    text_finish(&text);
}

/* One line of a megabyte, and a megabyte of line ends. */
static void long_lines_and_many_lines(void **state)
{
    (void)state;
    const size_t size = (size_t)1 << 20;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    for (int byte = 0; byte < 2; byte++) {
        struct text text;
        memset(bytes, byte ? '\r' : 'x', size);
        assert_int_equal(text_init(&text, bytes, size), 0);
        assert_int_equal(text_line_count(&text), byte ? size + 1 : 1);
        for (size_t i = 0; i < 100; i++)
            assert_int_equal(text_replace(&text, size / 2 + 2 * i, size / 2 + 2 * i, "\n\n", 2), 0);
        assert_int_equal(text_line_count(&text), byte ? size + 200 : 201);
        assert_int_equal(text_replace(&text, 0, size + 200, "y", 1), 0);
        assert_int_equal(text_line_count(&text), 1);
        text_finish(&text);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_edits_match_a_plain_string),
        cmocka_unit_test(an_empty_text_has_one_line),
        cmocka_unit_test(line_ends_of_every_kind),
        cmocka_unit_test(edits_part_and_join_line_ends),
        cmocka_unit_test(parting_many_line_ends),
        cmocka_unit_test(positions_are_clamped),
        cmocka_unit_test(ranges_beyond_the_end_are_clamped),
        cmocka_unit_test(texts_are_capped),
        cmocka_unit_test(long_lines_and_many_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
