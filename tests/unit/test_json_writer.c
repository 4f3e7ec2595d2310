#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json.h"

#define R "\xEF\xBF\xBD"

static void test_places_commas(void **state)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json_writer writer;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_put_bool(&writer, "a", true);
    json_write_key(&writer, "b");
    json_begin_array(&writer);
    json_begin_array(&writer);
    json_end_array(&writer);
    json_begin_object(&writer);
    json_end_object(&writer);
    json_write_null(&writer);
    json_write_bool(&writer, false);
    json_write_raw(&writer, "[1]", 3);
    json_write_string(&writer, NULL);
    json_end_array(&writer);
    json_put_integer(&writer, "c", INT64_MIN);
    json_put_string(&writer, "d", NULL);
    json_put_text(&writer, "e", "xyz", 2);
    json_write_key(&writer, "f");
    json_write_value(&writer, NULL);
    json_end_object(&writer);
    assert_int_equal(writer.depth, 0);
    assert_string_equal(out.data, "{\"a\":true,\"b\":[[],{},null,false,[1],null],"
                                  "\"c\":-9223372036854775808,\"d\":null,\"e\":\"xy\",\"f\":null}");
}

static void test_escapes(void **state)
{
    const struct {
        const char *in;
        size_t length;
        const char *out;
    } rows[] = {
#define ROW(in, out) {in, sizeof(in) - 1, "\"" out "\""}
        ROW("", ""),
        ROW("\"\\/\b\f\n\r\t\x01\x1F\x7F", "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F"),
        ROW("a\0b", "a\\u0000b"),
        ROW("caf\xC3\xA9 \xF0\x9F\x98\x80", "caf\xC3\xA9 \xF0\x9F\x98\x80"),
        ROW("\xFF", R),
        ROW("a\xFFz\xC3", "a" R "z" R),
        ROW("\xED\xA0\x80", R R R),
        ROW("\xF0\x9F\x98\"", R "\\\""),
#undef ROW
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buffer out CLEANUP(buffer_finish);
        struct json_writer writer;

        buffer_init(&out, BUFFER_CAP);
        json_writer_init(&writer, &out);
        json_write_text(&writer, rows[i].in, rows[i].length);
        assert_string_equal(out.data, rows[i].out);
    }
}

static void test_keys_are_escaped(void **state)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json_writer writer;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_put_integer(&writer, "a\"\xFF", 1);
    json_end_object(&writer);
    assert_string_equal(out.data, "{\"a\\\"" R "\":1}");
}

static void check_number(double value, const char *expected)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json_writer writer;

    buffer_init(&out, BUFFER_CAP);
    json_writer_init(&writer, &out);
    json_write_number(&writer, value);
    assert_string_equal(out.data, expected);
}

static void test_numbers(void **state)
{
    (void)state;
    check_number(0, "0");
    check_number(-3, "-3");
    check_number(9007199254740992.0, "9007199254740992");
    check_number(-9007199254740992.0, "-9007199254740992");
    check_number(0.1, "0.1");
    check_number(0.2 + 0.1, "0.30000000000000004");
    check_number(1e300, "1e+300");
    check_number(5e-324, "4.94065645841247e-324");
    check_number(INFINITY, "null");
    check_number(-INFINITY, "null");
    check_number(NAN, "null");
}

static void test_numbers_come_back(void **state)
{
    const double values[] = {
        DBL_MAX, DBL_MIN, -1.0 / 3, 1e22, 123456789.123456789, 9007199254740994.0,
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct buffer out CLEANUP(buffer_finish);
        struct json_writer writer;

        buffer_init(&out, BUFFER_CAP);
        json_writer_init(&writer, &out);
        json_write_number(&writer, values[i]);
        assert_true(strtod(out.data, NULL) == values[i]);
    }
}

static void test_numbers_ignore_the_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8"))
        skip();
    check_number(0.5, "0.5");
    setlocale(LC_NUMERIC, "C");
}

static void test_errors_are_the_buffers(void **state)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json_writer writer;

    (void)state;
    buffer_init(&out, 10);
    json_writer_init(&writer, &out);
    json_begin_array(&writer);
    json_write_string(&writer, "much longer than ten bytes");
    json_write_integer(&writer, 1);
    json_end_array(&writer);
    assert_int_equal(buffer_error(&out), -EMSGSIZE);
    assert_int_equal(json_append(&out, NULL), -EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_commas),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_keys_are_escaped),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_come_back),
        cmocka_unit_test(test_numbers_ignore_the_locale),
        cmocka_unit_test(test_errors_are_the_buffers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
