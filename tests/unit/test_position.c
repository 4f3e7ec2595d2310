#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/position.h"

static const enum position_encoding encodings[] = {POSITION_UTF16, POSITION_UTF8, POSITION_UTF32};

static void test_encoding_names(void **state)
{
    enum position_encoding encoding;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        const char *name = position_encoding_name(encodings[i]);

        assert_int_equal(position_encoding_parse(name, &encoding), 0);
        assert_int_equal(encoding, encodings[i]);
    }
    assert_string_equal(position_encoding_name(POSITION_UTF8), "utf-8");
    assert_int_equal(position_encoding_parse("utf8", &encoding), -EINVAL);
    assert_int_equal(position_encoding_parse("", &encoding), -EINVAL);
}

static void test_compare(void **state)
{
    struct position a = {1, 5};

    (void)state;
    assert_int_equal(position_compare(a, a), 0);
    assert_true(position_compare(a, (struct position){1, 6}) < 0);
    assert_true(position_compare(a, (struct position){0, UINT32_MAX}) > 0);
    assert_true(position_compare(a, (struct position){UINT32_MAX, 0}) < 0);
}

/* a, e acute (2 bytes), euro (3), grinning face (4), z: offsets 0, 1, 3, 6, 10, 11. */
static const char line[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
#define LINE_LENGTH (sizeof(line) - 1)

static void test_to_offset(void **state)
{
    const size_t utf16[] = {0, 1, 3, 6, 6, 10, 11, 11};
    const size_t utf32[] = {0, 1, 3, 6, 10, 11, 11};
    const size_t utf8[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    uint32_t i;

    (void)state;
    for (i = 0; i < sizeof(utf16) / sizeof(utf16[0]); i++)
        assert_int_equal(position_to_offset(line, LINE_LENGTH, i, POSITION_UTF16), utf16[i]);
    for (i = 0; i < sizeof(utf32) / sizeof(utf32[0]); i++)
        assert_int_equal(position_to_offset(line, LINE_LENGTH, i, POSITION_UTF32), utf32[i]);
    for (i = 0; i < sizeof(utf8) / sizeof(utf8[0]); i++)
        assert_int_equal(position_to_offset(line, LINE_LENGTH, i, POSITION_UTF8), utf8[i]);
    for (i = 0; i < 3; i++) {
        assert_int_equal(position_to_offset(line, LINE_LENGTH, UINT32_MAX, encodings[i]), 11);
        assert_int_equal(position_to_offset("", 0, 5, encodings[i]), 0);
    }
}

static void test_from_offset(void **state)
{
    const uint32_t utf16[] = {0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 5, 6, 6};
    const uint32_t utf32[] = {0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 5, 5};
    const uint32_t utf8[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(utf16) / sizeof(utf16[0]); i++) {
        assert_int_equal(position_from_offset(line, LINE_LENGTH, i, POSITION_UTF16), utf16[i]);
        assert_int_equal(position_from_offset(line, LINE_LENGTH, i, POSITION_UTF32), utf32[i]);
        assert_int_equal(position_from_offset(line, LINE_LENGTH, i, POSITION_UTF8), utf8[i]);
    }
    assert_int_equal(position_from_offset(line, LINE_LENGTH, SIZE_MAX, POSITION_UTF16), 6);
    assert_int_equal(position_from_offset("", 0, 3, POSITION_UTF8), 0);
}

static void test_ill_formed_bytes_are_units(void **state)
{
    const char text[] = "a\xE2\x82z\xFF\0\xF0\x9F";
    size_t length = sizeof(text) - 1;
    size_t offset;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        for (offset = 0; offset <= length; offset++) {
            uint32_t units = position_from_offset(text, length, offset, encodings[i]);

            assert_int_equal(units, offset);
            assert_int_equal(position_to_offset(text, length, units, encodings[i]), offset);
        }
    }
}

static void test_next_line(void **state)
{
    const char text[] = "a\nb\r\nc\rd\r\r\n\n\n\re\r";
    const struct {
        size_t next;
        size_t end;
    } steps[] = {{2, 1}, {5, 2}, {7, 1}, {9, 1}, {11, 2},
                 {12, 1}, {13, 1}, {14, 1}, {16, 1}, {16, 0}};
    size_t offset = 0;
    size_t end = 9;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        offset = position_next_line(text, sizeof(text) - 1, offset, &end);
        assert_int_equal(offset, steps[i].next);
        assert_int_equal(end, steps[i].end);
    }
    assert_int_equal(position_next_line("abc", 3, 0, &end), 3);
    assert_int_equal(end, 0);
    assert_int_equal(position_next_line("abc\n", 4, 1, NULL), 4);
    assert_int_equal(position_next_line("", 0, 0, &end), 0);
    assert_int_equal(end, 0);
    assert_int_equal(position_next_line("a\r\n", 3, 2, &end), 3);
    assert_int_equal(end, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoding_names),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_to_offset),
        cmocka_unit_test(test_from_offset),
        cmocka_unit_test(test_ill_formed_bytes_are_units),
        cmocka_unit_test(test_next_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
