#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/json.h"

struct inner {
    const char *name;
    struct json_list tags;
};

struct outer {
    bool flag; /* a `present` offset of 0 means none, so nothing that needs one stands here */
    bool has_string;
    bool has_object;
    bool there;
    const char *string;
    int64_t integer;
    uint32_t uinteger;
    double number;
    struct inner object;
    const char *flat;
    struct json_list list;
    struct json_list strings;
    struct json_list flat_list;
    const struct json *value;
    const struct json *token;
};

static const struct json_field inner_fields[] = {
    {.name = "name", .kind = JSON_FIELD_STRING, .offset = offsetof(struct inner, name),
     .required = true},
    {.name = "tags", .kind = JSON_FIELD_STRINGS, .offset = offsetof(struct inner, tags)},
    {0},
};

static const struct json_field deep_fields[] = {
    {.name = "text", .kind = JSON_FIELD_STRING, .offset = offsetof(struct outer, flat),
     .required = true},
    {.name = "list", .kind = JSON_FIELD_ARRAY, .offset = offsetof(struct outer, flat_list),
     .fields = inner_fields, .size = sizeof(struct inner)},
    {0},
};

static const struct json_field flat_fields[] = {
    {.name = "deep", .kind = JSON_FIELD_OBJECT, .fields = deep_fields},
    {0},
};

static const struct json_field outer_fields[] = {
    {.name = "flag", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct outer, flag)},
    {.name = "string", .kind = JSON_FIELD_STRING, .offset = offsetof(struct outer, string),
     .present = offsetof(struct outer, has_string)},
    {.name = "integer", .kind = JSON_FIELD_INTEGER, .offset = offsetof(struct outer, integer)},
    {.name = "uinteger", .kind = JSON_FIELD_UINTEGER, .offset = offsetof(struct outer, uinteger)},
    {.name = "number", .kind = JSON_FIELD_NUMBER, .offset = offsetof(struct outer, number)},
    {.name = "object", .kind = JSON_FIELD_OBJECT, .offset = offsetof(struct outer, object),
     .present = offsetof(struct outer, has_object), .fields = inner_fields},
    {.name = "flat", .kind = JSON_FIELD_OBJECT, .fields = flat_fields},
    {.name = "list", .kind = JSON_FIELD_ARRAY, .offset = offsetof(struct outer, list),
     .fields = inner_fields, .size = sizeof(struct inner)},
    {.name = "strings", .kind = JSON_FIELD_STRINGS, .offset = offsetof(struct outer, strings)},
    {.name = "value", .kind = JSON_FIELD_VALUE, .offset = offsetof(struct outer, value)},
    {.name = "token", .kind = JSON_FIELD_TOKEN, .offset = offsetof(struct outer, token)},
    {.name = "there", .kind = JSON_FIELD_PRESENT, .offset = offsetof(struct outer, there)},
    {0},
};

/* A decoded text and what it points into. */
struct decoded {
    struct json *root;
    struct outer out;
};

static int decode(struct decoded *decoded, const char *text, struct json_fault *fault)
{
    assert_int_equal(json_parse(text, strlen(text), &decoded->root), 0);
    memset(&decoded->out, 0xAA, sizeof(decoded->out));
    return json_decode(decoded->root, outer_fields, &decoded->out, sizeof(decoded->out), fault);
}

static void finish(struct decoded *decoded)
{
    json_decode_finish(outer_fields, &decoded->out);
    json_destroy(decoded->root);
}

static void test_fills_everything(void **state)
{
    struct decoded decoded;
    const struct inner *items;
    const char *const *strings;

    (void)state;
    assert_int_equal(decode(&decoded,
                            "{\"flag\":true,\"string\":\"s\",\"integer\":-9007199254740992,"
                            "\"uinteger\":7,\"number\":0.5,\"object\":{\"name\":\"o\"},"
                            "\"flat\":{\"deep\":{\"text\":\"t\",\"list\":[{\"name\":\"z\"}]}},"
                            "\"list\":[{\"name\":\"a\",\"tags\":[\"x\"]},{\"name\":\"b\"}],"
                            "\"strings\":[\"p\",1,null,\"q\",[]],\"value\":[1],\"token\":\"k\","
                            "\"there\":{},\"unknown\":{\"flag\":1}}",
                            NULL),
                     0);
    assert_true(decoded.out.flag);
    assert_string_equal(decoded.out.string, "s");
    assert_true(decoded.out.has_string);
    assert_true(decoded.out.integer == -9007199254740992);
    assert_int_equal(decoded.out.uinteger, 7);
    assert_true(decoded.out.number == 0.5);
    assert_true(decoded.out.has_object);
    assert_string_equal(decoded.out.object.name, "o");
    assert_string_equal(decoded.out.flat, "t");
    assert_int_equal(decoded.out.flat_list.count, 1);
    assert_int_equal(decoded.out.list.count, 2);
    items = decoded.out.list.items;
    assert_string_equal(items[0].name, "a");
    assert_int_equal(items[0].tags.count, 1);
    assert_string_equal(items[1].name, "b");
    assert_int_equal(items[1].tags.count, 0);
    assert_int_equal(decoded.out.strings.count, 2);
    strings = decoded.out.strings.items;
    assert_string_equal(strings[0], "p");
    assert_string_equal(strings[1], "q");
    assert_int_equal(json_type(decoded.out.value), JSON_ARRAY);
    assert_string_equal(json_string(decoded.out.token), "k");
    assert_true(decoded.out.there);
    finish(&decoded);
}

static void check_is_zero(const char *text)
{
    static const struct outer zero;
    struct decoded decoded;

    assert_int_equal(decode(&decoded, text, NULL), 0);
    assert_memory_equal(&decoded.out, &zero, sizeof(zero));
    finish(&decoded);
}

static void test_absent_and_null_leave_zero(void **state)
{
    (void)state;
    check_is_zero("{}");
    check_is_zero("null");
    check_is_zero("[]");
    check_is_zero("{\"flag\":null,\"string\":null,\"integer\":null,\"uinteger\":null,"
                  "\"number\":null,\"object\":null,\"flat\":null,\"list\":null,\"strings\":null,"
                  "\"value\":null,\"token\":null,\"there\":null}");
    check_is_zero("{\"flat\":{\"deep\":null},\"list\":[],\"strings\":{},\"there\":false}");
}

static void test_decodes_no_value_at_all(void **state)
{
    struct json_fault fault;
    struct outer out;
    struct inner inner;

    (void)state;
    assert_int_equal(json_decode(NULL, outer_fields, &out, sizeof(out), &fault), 0);
    assert_int_equal(json_decode(NULL, inner_fields, &inner, sizeof(inner), &fault), -EINVAL);
    assert_string_equal(fault.path, "name");
    assert_string_equal(fault.wanted, "a string");
}

static void test_faults_carry_their_path(void **state)
{
    const struct {
        const char *text;
        const char *path;
        const char *wanted;
    } rows[] = {
        {"3", "params", "an object"},
        {"[1]", "params", "an object"},
        {"\"x\"", "params", "an object"},
        {"{\"flag\":\"yes\"}", "flag", "true or false"},
        {"{\"string\":1}", "string", "a string"},
        {"{\"integer\":1.5}", "integer", "a whole number"},
        {"{\"integer\":1e300}", "integer", "a whole number"},
        {"{\"integer\":\"1\"}", "integer", "a whole number"},
        {"{\"uinteger\":1.5}", "uinteger", "a whole number"},
        {"{\"uinteger\":\"1\"}", "uinteger", "a whole number"},
        {"{\"number\":true}", "number", "a number"},
        {"{\"object\":[1]}", "object", "an object"},
        {"{\"object\":{}}", "object.name", "a string"},
        {"{\"object\":{\"name\":null}}", "object.name", "a string"},
        {"{\"flat\":{\"deep\":{}}}", "flat.deep.text", "a string"},
        {"{\"flat\":{\"deep\":7}}", "flat.deep", "an object"},
        {"{\"flat\":{\"deep\":{\"text\":\"\",\"list\":[{\"name\":\"\"},{\"name\":1}]}}}",
         "flat.deep.list[1].name", "a string"},
        {"{\"list\":{\"a\":1}}", "list", "an array"},
        {"{\"list\":[{\"name\":\"a\",\"tags\":[\"x\"]},null]}", "list[1]", "an object"},
        {"{\"list\":[{\"name\":\"a\",\"tags\":[\"x\"]},{\"name\":\"b\",\"tags\":1}]}",
         "list[1].tags", "an array"},
        {"{\"strings\":\"x\"}", "strings", "an array"},
        {"{\"token\":true}", "token", "a string or a number"},
        {"{\"token\":{}}", "token", "a string or a number"},
        /* What was decoded before the fault is freed. */
        {"{\"list\":[{\"name\":\"a\",\"tags\":[\"x\"]}],\"strings\":[\"y\"],\"token\":[]}", "token",
         "a string or a number"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoded decoded;
        struct json_fault fault;

        assert_int_equal(decode(&decoded, rows[i].text, &fault), -EINVAL);
        assert_string_equal(fault.path, rows[i].path);
        assert_string_equal(fault.wanted, rows[i].wanted);
        json_destroy(decoded.root);
        assert_int_equal(decode(&decoded, rows[i].text, NULL), -EINVAL);
        json_destroy(decoded.root);
    }
}

static void test_uintegers_are_clamped(void **state)
{
    const struct {
        const char *text;
        uint32_t value;
    } rows[] = {
        {"{\"uinteger\":-1}", 0},
        {"{\"uinteger\":-1e300}", 0},
        {"{\"uinteger\":-0.5}", 0},
        {"{\"uinteger\":0}", 0},
        {"{\"uinteger\":3.0}", 3},
        {"{\"uinteger\":2147483647}", 2147483647},
        {"{\"uinteger\":2147483648}", 2147483647},
        {"{\"uinteger\":1e300}", 2147483647},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoded decoded;

        assert_int_equal(decode(&decoded, rows[i].text, NULL), 0);
        assert_int_equal(decoded.out.uinteger, rows[i].value);
        finish(&decoded);
    }
}

static void test_bools_of_vim_script(void **state)
{
    struct decoded decoded;

    (void)state;
    assert_int_equal(decode(&decoded, "{\"flag\":1}", NULL), 0);
    assert_true(decoded.out.flag);
    finish(&decoded);
    assert_int_equal(decode(&decoded, "{\"flag\":0}", NULL), 0);
    assert_false(decoded.out.flag);
    finish(&decoded);
}

static void test_long_paths_are_cut(void **state)
{
    static const struct json_field leaf[] = {
        {.name = "the_name_of_a_member_that_is_quite_long", .kind = JSON_FIELD_STRING,
         .required = true},
        {0},
    };
    static const struct json_field branch[] = {
        {.name = "another_name_of_a_member_that_is_long_as_well", .kind = JSON_FIELD_OBJECT,
         .fields = leaf, .required = true},
        {0},
    };
    static const struct json_field root[] = {
        {.name = "a_third_name", .kind = JSON_FIELD_OBJECT, .fields = branch},
        {0},
    };
    const char text[] = "{\"a_third_name\":{\"another_name_of_a_member_that_is_long_as_well\":{}}}";
    struct json *value CLEANUP(json_cleanup) = NULL;
    struct json_fault fault;
    const char *out;

    (void)state;
    assert_int_equal(json_parse(text, strlen(text), &value), 0);
    assert_int_equal(json_decode(value, root, &out, sizeof(out), &fault), -EINVAL);
    assert_int_equal(strlen(fault.path), sizeof(fault.path) - 1);
    assert_memory_equal(fault.path, "a_third_name.another_name_", 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills_everything),
        cmocka_unit_test(test_absent_and_null_leave_zero),
        cmocka_unit_test(test_decodes_no_value_at_all),
        cmocka_unit_test(test_faults_carry_their_path),
        cmocka_unit_test(test_uintegers_are_clamped),
        cmocka_unit_test(test_bools_of_vim_script),
        cmocka_unit_test(test_long_paths_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
