#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/buffer.h"
#include "protocol/utf8.h"

#define R UTF8_REPLACEMENT

static void test_every_code_point_survives(void **state)
{
    uint32_t code_point;

    (void)state;
    for (code_point = 0; code_point <= 0x10FFFF; code_point++) {
        char bytes[4];
        uint32_t decoded;
        size_t length;

        if (code_point >= 0xD800 && code_point <= 0xDFFF)
            continue;
        length = utf8_encode(code_point, bytes);
        assert_int_equal(utf8_decode(bytes, length, &decoded), length);
        assert_int_equal(decoded, code_point);
        assert_int_equal(utf8_character(bytes, length), length);
        assert_true(utf8_is_valid(bytes, length));
        assert_int_equal(utf8_whole_prefix(bytes, length), length);
        if (length > 1) {
            assert_int_equal(utf8_whole_prefix(bytes, length - 1), 0);
            assert_int_equal(utf8_character(bytes, length - 1), 0);
        }
    }
}

static void test_encode_refuses_what_is_no_character(void **state)
{
    const uint32_t bad[] = {0xD800, 0xDFFF, 0x110000, UINT32_MAX};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char bytes[4];

        assert_int_equal(utf8_encode(bad[i], bytes), 3);
        assert_memory_equal(bytes, R, 3);
    }
}

static void test_ill_formed_becomes_replacement(void **state)
{
    /* The first rows are those of the Unicode Standard's section 3.9, tables 3-8 to 3-11. */
    const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R R R R R R R R "A"},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", R R R R R R R R "A"},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R R R R R "A" R R "B"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R R R R "A"},
        {"", ""},
        {"longer than eight bytes", "longer than eight bytes"},
        {"\xFF", R},
        {"caf\xC3\xA9\xC3", "caf\xC3\xA9" R},
        {"\xF0\x9F\x98", R},
        {R, R},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer out CLEANUP(buffer_finish);
        size_t length = strlen(rows[i].in);

        buffer_init(&out, 100);
        assert_int_equal(utf8_append_valid(&out, rows[i].in, length), 0);
        assert_string_equal(out.data, rows[i].out);
        assert_int_equal(utf8_is_valid(rows[i].in, length),
                         strcmp(rows[i].in, rows[i].out) == 0);
        assert_int_equal(utf8_count(rows[i].in, length),
                         utf8_count(rows[i].out, strlen(rows[i].out)));
    }
}

static void test_append_valid_tells_of_the_cap(void **state)
{
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&out, 4);
    assert_int_equal(utf8_append_valid(&out, "ab\xFF", 3), -EMSGSIZE);
    assert_int_equal(utf8_append_valid(&out, "", 0), -EMSGSIZE);
}

static void test_whole_prefix(void **state)
{
    (void)state;
    assert_int_equal(utf8_whole_prefix("", 0), 0);
    assert_int_equal(utf8_whole_prefix("a\xF0\x9F\x98\x80", 5), 5);
    assert_int_equal(utf8_whole_prefix("a\xF0\x9F\x98\x80", 4), 1);
    assert_int_equal(utf8_whole_prefix("a\xF0\x9F\x98\x80", 3), 1);
    assert_int_equal(utf8_whole_prefix("a\xF0\x9F\x98\x80", 2), 1);
    /* No byte can complete these. */
    assert_int_equal(utf8_whole_prefix("a\xED\xA0", 3), 3);
    assert_int_equal(utf8_whole_prefix("a\xE0\x80", 3), 3);
    assert_int_equal(utf8_whole_prefix("a\xC3\xA9\x80", 4), 4);
    assert_int_equal(utf8_whole_prefix("\x80\x80\x80\x80", 4), 4);
    assert_int_equal(utf8_whole_prefix("\xFF", 1), 1);
    assert_int_equal(utf8_whole_prefix("\xF5", 1), 1);
}

static void test_cuts_never_split_a_character(void **state)
{
    const char text[] = "x\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF\xE2\x82y";
    size_t length = sizeof(text) - 1;
    size_t cut;

    (void)state;
    for (cut = 0; cut <= length; cut++) {
        struct buffer whole CLEANUP(buffer_finish);
        struct buffer parts CLEANUP(buffer_finish);
        size_t first = utf8_whole_prefix(text, cut);

        buffer_init(&whole, 100);
        buffer_init(&parts, 100);
        utf8_append_valid(&whole, text, length);
        utf8_append_valid(&parts, text, first);
        utf8_append_valid(&parts, text + first, length - first);
        assert_string_equal(whole.data, parts.data);
    }
}

static void test_floor(void **state)
{
    const char text[] = "a\xC3\xA9\xF0\x9F\x98\x80\x80\xE2\x82z";
    const size_t floors[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8, 10, 11, 11};
    size_t offset;

    (void)state;
    for (offset = 0; offset < sizeof(floors) / sizeof(floors[0]); offset++)
        assert_int_equal(utf8_floor(text, sizeof(text) - 1, offset), floors[offset]);
    assert_int_equal(utf8_floor(text, sizeof(text) - 1, SIZE_MAX), 11);
    assert_int_equal(utf8_floor("\x80\x80\x80\x80\x80", 5, 4), 4);
}

static void test_counts(void **state)
{
    const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF";

    (void)state;
    assert_int_equal(utf8_count(text, sizeof(text) - 1), 5);
    assert_int_equal(utf8_count_utf16(text, sizeof(text) - 1), 6);
    assert_int_equal(utf8_count(text, 0), 0);
    assert_int_equal(utf8_count_utf16(text, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_survives),
        cmocka_unit_test(test_encode_refuses_what_is_no_character),
        cmocka_unit_test(test_ill_formed_becomes_replacement),
        cmocka_unit_test(test_append_valid_tells_of_the_cap),
        cmocka_unit_test(test_whole_prefix),
        cmocka_unit_test(test_cuts_never_split_a_character),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
