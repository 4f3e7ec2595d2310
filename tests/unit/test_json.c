#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json.h"

#define R "\xEF\xBF\xBD"

/* Parses a copy that ends with its last byte, so that sanitizers see a read beyond it. */
static int parse(const char *text, size_t length, struct json **root)
{
    char *copy = malloc(length > 0 ? length : 1);
    int error;

    assert_non_null(copy);
    if (length > 0)
        memcpy(copy, text, length);
    error = json_parse(copy, length, root);
    free(copy);
    return error;
}

static void test_refuses_what_is_not_json(void **state)
{
    const char *const bad[] = {
        "", " ", "\xEF\xBB\xBF", "nullx", "null x", "nul", "True", "NaN", "Infinity", "-", "+1",
        "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "0x10", "1 2", "[01]", "[1.]", "[1,]", "[,1]",
        "[",
        "]", "[1", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:2}", "{\"1\":1,",
        "[}", "{]", "\"", "\"abc", "\"\\", "\"\\u12", "\"\\u\"", "\"\\uZZZZ\"", "\"\\u00g0\"",
        "\"\\x\"", "'a'", "[1 2]", "[\"a\" \"b\"]", "[1]]", "// c\n1", "\x01", "[\x0B]", "[\xFF]",
        "\xC3\xA9", "\"a\"\"b\"", "[truefalse]", "--1", "1-2", "[1]\f",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct json *root = (struct json *)(uintptr_t)1;

        if (parse(bad[i], strlen(bad[i]), &root) != -EBADMSG)
            fail_msg("taken: %s", bad[i]);
        assert_null(root);
    }
    assert_int_equal(parse("1\0", 2, &(struct json *){NULL}), -EBADMSG);
    assert_int_equal(parse("\0", 1, &(struct json *){NULL}), -EBADMSG);
}

static void test_takes_what_is_json(void **state)
{
    const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"null", "null"},
        {" \t\r\n[ ] \n", "[]"},
        {"\xEF\xBB\xBF{}", "{}"},
        {"{\"a\":[true,false,null,-0.5e1,\"x\\/\\u0041\"],\"\":{}}",
         "{\"a\":[true,false,null,-5,\"x/A\"],\"\":{}}"},
        {"{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":2}"},
        {"\"\\uD83D\\uDE00\"", "\"\xF0\x9F\x98\x80\""},
        {"\"tab\there, \x7F, \x01 and \nline\"", "\"tab\\there, \x7F, \\u0001 and \\nline\""},
        {"9007199254740992", "9007199254740992"},
        {"-9007199254740991", "-9007199254740991"},
        {"1234567890123460", "1234567890123460"},
        {"0.1", "0.1"},
        {"1e400", "null"},
        {"1E+2", "100"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json *root CLEANUP(json_cleanup) = NULL;
        struct buffer out CLEANUP(buffer_finish);

        buffer_init(&out, BUFFER_CAP);
        assert_int_equal(parse(rows[i].in, strlen(rows[i].in), &root), 0);
        assert_int_equal(json_append(&out, root), 0);
        assert_string_equal(out.data, rows[i].out);
    }
}

static void test_repairs_strings(void **state)
{
    const struct {
        const char *in;
        size_t length;
        const char *out;
    } rows[] = {
#define ROW(in, out) {in, sizeof(in) - 1, out}
        ROW("\"\\ud83d\"", R),
        ROW("\"\\ude00x\"", R "x"),
        ROW("\"\\ud83d\\ud83d\\ude00\"", R "\xF0\x9F\x98\x80"),
        ROW("\"\\ude00\\ud83d\"", R R),
        ROW("\"\\ud83d\\u0041\"", R "A"),
        ROW("\"\\ud83d\\n\"", R "\n"),
        ROW("\"\\ud83d", NULL),
        ROW("\"\\ud83d\\ude0", NULL),
        ROW("\"a\\u0000b\"", "a\xFF" "b"),
        ROW("\"a\0b\"", "a\xFF" "b"),
        ROW("\"\\ud83d\\u0000\"", R "\xFF"),
        ROW("\"\xFF\"", R),
        ROW("\"a\xC3\"", "a" R),
        ROW("\"\xED\xA0\xBD\xED\xB8\x80\"", R R R R R R),
        ROW("\"\\\\ud83d\"", "\\ud83d"),
        ROW("\"\\\\\\ud83d\"", "\\" R),
        ROW("\"\xEF\xBF\xBD\"", R),
#undef ROW
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json *root CLEANUP(json_cleanup) = NULL;
        int error = parse(rows[i].in, rows[i].length, &root);

        assert_int_equal(error, rows[i].out ? 0 : -EBADMSG);
        if (rows[i].out)
            assert_string_equal(json_string(root), rows[i].out);
    }
}

static void test_repairs_keys_and_keeps_the_rest(void **state)
{
    const char text[] = "{\"a\\u0000b\":1,\"\xFF\":\"\\ud800\",\"id\":[\"x\",\"\\udc00\"],"
                        "\"z\":\"end\"}";
    struct json *root CLEANUP(json_cleanup) = NULL;
    int64_t number;

    (void)state;
    assert_int_equal(parse(text, sizeof(text) - 1, &root), 0);
    assert_true(json_integer(json_member(root, "a\xFF" "b"), &number));
    assert_null(json_member(root, "a"));
    assert_string_equal(json_string(json_member(root, R)), R);
    assert_string_equal(json_string(json_next(json_first(json_member(root, "id")))), R);
    assert_string_equal(json_string(json_member(root, "z")), "end");
}

static void test_restores_nul(void **state)
{
    char text[] = "\xFFx\xFF\xFFy";

    (void)state;
    json_restore_nul(text, 5);
    assert_memory_equal(text, "\0x\0\0y", 6);
    json_restore_nul(text, 0);
}

static void test_long_numbers(void **state)
{
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000000000"
    const char *const rows[] = {
        "0." ZEROS "1",
        "-0." ZEROS "1e65",
        "1" ZEROS,
        "12345678901234567890123456789012345678901234567890123456789012345678901234E-70",
        "-0.00012345678901234567890123456789012345678901234567890123456789012345678901234",
        "1.5" ZEROS,
        "100" ZEROS ".5" ZEROS "e-72",
        "0." ZEROS,
        "0." ZEROS "e999999999999",
        "1." ZEROS "e-99999999999999",
        "1." ZEROS "e+0003",
    };
#undef ZEROS
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json *root CLEANUP(json_cleanup) = NULL;
        double number = -1;

        assert_int_equal(parse(rows[i], strlen(rows[i]), &root), 0);
        assert_true(json_number(root, &number));
        assert_true(number == strtod(rows[i], NULL));
    }
}

static void test_depth(void **state)
{
    char text[2 * (JSON_DEPTH_MAX + 1)];
    struct json *root;
    size_t depth;

    (void)state;
    for (depth = 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(parse(text, 2 * depth, &root), depth > JSON_DEPTH_MAX ? -EBADMSG : 0);
        json_destroy(root);
    }
    memset(text, '[', sizeof(text));
    assert_int_equal(parse(text, sizeof(text), &root), -EBADMSG);
    /* Brackets in strings do not nest. */
    text[0] = '"';
    text[sizeof(text) - 1] = '"';
    assert_int_equal(parse(text, sizeof(text), &root), 0);
    json_destroy(root);
}

static void test_no_prefix_of_an_object_parses(void **state)
{
    const char text[] = "{\"a\":[1.5e3,\"\\ud83d\\ude00\\u0000\xC3\xA9\",true],\"b\":{\"c\":null}}";
    size_t length;

    (void)state;
    for (length = 0; length < sizeof(text) - 1; length++) {
        struct json *root;

        assert_int_equal(parse(text, length, &root), -EBADMSG);
    }
}

static void test_random_damage_never_breaks(void **state)
{
    const char text[] = "{\"a\":[1.5e3,\"\\ud83d\\ude00\\u0000\xC3\xA9\",true],\"b\":{\"c\":null}}";
    const char bytes[] = "\"\\u{}[],:0189.eE-+ \n\xFF\xC3\x80tn/*";
    unsigned seed = 7;
    size_t round;

    (void)state;
    for (round = 0; round < 20000; round++) {
        struct json *root CLEANUP(json_cleanup) = NULL;
        struct buffer out CLEANUP(buffer_finish);
        char copy[sizeof(text)];
        size_t i;

        memcpy(copy, text, sizeof(text));
        for (i = 0; i < 3; i++) {
            seed = seed * 1103515245 + 12345;
            copy[(seed >> 16) % (sizeof(text) - 1)] = bytes[(seed >> 8) % (sizeof(bytes) - 1)];
        }
        buffer_init(&out, BUFFER_CAP);
        if (parse(copy, sizeof(text) - 1, &root) == 0) {
            struct json *again CLEANUP(json_cleanup) = NULL;

            assert_int_equal(json_append(&out, root), 0);
            assert_int_equal(json_parse(out.data, out.length, &again), 0);
        }
    }
}

static void test_large_clean_text(void **state)
{
    struct buffer text CLEANUP(buffer_finish);
    struct json *root CLEANUP(json_cleanup) = NULL;
    size_t i;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    buffer_append_byte(&text, '"');
    for (i = 0; i < 50000; i++)
        buffer_append_string(&text, "some text, \xC3\xA9\\n");
    buffer_append_byte(&text, '"');
    assert_int_equal(json_parse(text.data, text.length, &root), 0);
    assert_int_equal(strlen(json_string(root)), 50000 * 14);
}

static void test_reading(void **state)
{
    const char text[] = "{\"a\":{\"b\":{\"c\":7}},\"A\":true,\"n\":null,\"l\":[1,2,3],\"f\":1.5,"
                        "\"big\":9007199254740994,\"inf\":1e400,\"s\":\"x\","
                        "\"d\":1,\"d\":2}";
    struct json *root CLEANUP(json_cleanup) = NULL;
    const struct json *list;
    int64_t integer = 0;
    double number = 0;

    (void)state;
    assert_int_equal(parse(text, sizeof(text) - 1, &root), 0);
    assert_int_equal(json_type(root), JSON_OBJECT);
    assert_true(json_integer(json_at(root, "a.b.c"), &integer));
    assert_int_equal(integer, 7);
    assert_null(json_at(root, "a.b.c.d"));
    assert_null(json_at(root, "a.x.c"));
    assert_null(json_at(root, ""));
    assert_null(json_at(NULL, "a.b"));
    assert_true(json_true(json_member(root, "A")));
    assert_false(json_true(json_member(root, "a")));
    assert_non_null(json_member(root, "n"));
    assert_true(json_is_null(json_member(root, "n")));
    assert_true(json_is_null(json_member(root, "none")));
    assert_int_equal(json_type(json_member(root, "A")), JSON_BOOL);
    list = json_member(root, "l");
    assert_int_equal(json_type(list), JSON_ARRAY);
    assert_int_equal(json_count(list), 3);
    assert_null(json_key(json_first(list)));
    assert_null(json_member(list, "l"));
    assert_string_equal(json_key(json_first(root)), "a");
    assert_null(json_first(json_member(root, "s")));
    assert_int_equal(json_count(json_member(root, "s")), 0);
    assert_null(json_next(NULL));
    assert_null(json_key(NULL));
    assert_null(json_string(list));
    assert_null(json_string(NULL));
    assert_true(json_number(json_member(root, "f"), &number));
    assert_true(number == 1.5);
    assert_false(json_integer(json_member(root, "f"), &integer));
    assert_false(json_integer(json_member(root, "big"), &integer));
    assert_false(json_number(json_member(root, "inf"), &number));
    assert_false(json_number(json_member(root, "s"), &number));
    assert_false(json_integer(NULL, &integer));
    assert_true(json_integer(json_member(root, "d"), &integer)); /* the first of two */
    assert_int_equal(integer, 1);
    json_destroy(NULL);
}

static void test_commented(void **state)
{
    const char text[] = "\xEF\xBB\xBF// head\n"
                        "{ /* a\n b */ \"url\": \"http://x/*y*/,]\", // tail\r\n"
                        "  \"q\": \"\\\"// no\\\\\", \"l\": [1, 2, /* , */ ], }\n// end";
    struct json *root CLEANUP(json_cleanup) = NULL;
    unsigned line = 99;

    (void)state;
    assert_int_equal(json_parse_commented(text, sizeof(text) - 1, &root, &line), 0);
    assert_int_equal(line, 99);
    assert_string_equal(json_string(json_member(root, "url")), "http://x/*y*/,]");
    assert_string_equal(json_string(json_member(root, "q")), "\"// no\\");
    assert_int_equal(json_count(json_member(root, "l")), 2);
}

static void test_commented_faults_name_the_line(void **state)
{
    const struct {
        const char *text;
        unsigned line;
    } rows[] = {
        {"", 1},
        {"// only\n", 1},
        {"{\n \"a\": 1\n \"b\": 2\n}", 3},
        {"{\n \"a\": tru,\n}", 2},
        {"{\n // c\n /* d\n e */ \"a\": 01 }", 4},
        {"{\n\n", 3},
        {"[,]", 1},
        {"[1,,]", 1},
        {"{\"a\":,}", 1},
        {"1 /* open", 1},
        {"{}\n\nx", 3},
        {"[\n\"\xFF\\ud800\",\n\"a\": ]", 3},
        {"\"open", 1},
        {"\"open\\", 1},
        {"/", 1},
        {"{}\n/", 2},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json *root;
        unsigned line = 0;

        assert_int_equal(json_parse_commented(rows[i].text, strlen(rows[i].text), &root, &line),
                         -EBADMSG);
        assert_null(root);
        if (line != rows[i].line)
            fail_msg("row %zu: line %u", i, line);
    }
    assert_int_equal(json_parse_commented("x", 1, &(struct json *){NULL}, NULL), -EBADMSG);
}

static void check_raw(const char *text, const char *key, const char *expected)
{
    const char *raw;
    size_t length;

    if (!expected) {
        assert_false(json_raw_member(text, strlen(text), key, &raw, &length));
        return;
    }
    assert_true(json_raw_member(text, strlen(text), key, &raw, &length));
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(raw, expected, length);
}

static void test_raw_member(void **state)
{
    (void)state;
    check_raw("{\"id\":12345678901234567890}", "id", "12345678901234567890");
    check_raw(" { \"x\" : { \"id\" : 1 } , \"id\" : 2 } ", "id", "2");
    check_raw("{\"x\":[1,{\"id\":3},\"}\\\"\"],\"id\"\n:\t4.0\r\n}", "id", "4.0");
    check_raw("{\"\\u0069d\":5,\"id\":6}", "id", "5");
    check_raw("{\"\\u0069e\":5,\"id\":\"a,b}\"}", "id", "\"a,b}\"");
    check_raw("{\"id\":[1,2]}", "id", "[1,2]");
    check_raw("{\"x\":\"id\"}", "id", NULL);
    check_raw("{\"ID\":1,\"i\":2,\"idd\":3}", "id", NULL);
    check_raw("{}", "id", NULL);
    check_raw("", "id", NULL);
    check_raw("{\"id\"", "id", NULL);
    check_raw("{\"id\":", "id", NULL);
    check_raw("{\"id", "id", NULL);
    check_raw("{\"", "id", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_what_is_not_json),
        cmocka_unit_test(test_takes_what_is_json),
        cmocka_unit_test(test_repairs_strings),
        cmocka_unit_test(test_repairs_keys_and_keeps_the_rest),
        cmocka_unit_test(test_restores_nul),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_no_prefix_of_an_object_parses),
        cmocka_unit_test(test_random_damage_never_breaks),
        cmocka_unit_test(test_large_clean_text),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_commented),
        cmocka_unit_test(test_commented_faults_name_the_line),
        cmocka_unit_test(test_raw_member),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
