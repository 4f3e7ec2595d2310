#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/cli_edit.h"

static int apply(const char *edit_text, const char *before_text, struct buffer *out)
{
    struct json *edit CLEANUP(json_cleanup) = NULL;
    struct buffer before CLEANUP(buffer_finish);
    int error;

    buffer_init(out, BUFFER_CAP);
    buffer_init(&before, BUFFER_CAP);
    buffer_append_string(&before, before_text);
    assert_int_equal(json_parse(edit_text, strlen(edit_text), &edit), 0);
    error = cli_edit_apply(edit, &before, out);
    return error;
}

static void expect(const char *edit, const char *before, const char *after)
{
    struct buffer out CLEANUP(buffer_finish);

    assert_int_equal(apply(edit, before, &out), 0);
    assert_string_equal(out.data, after);
}

static void expect_refusal(const char *edit)
{
    struct buffer out CLEANUP(buffer_finish);

    assert_int_equal(apply(edit, "text\n", &out), -EINVAL);
    assert_int_equal(out.length, 0);
}

#define RANGE(l1, c1, l2, c2)                                                                      \
    "\"range\":{\"start\":{\"line\":" #l1 ",\"character\":" #c1 "},\"end\":{\"line\":" #l2         \
    ",\"character\":" #c2 "}}"
#define DOCUMENT(edits)                                                                            \
    "{\"documentChanges\":[{\"textDocument\":{\"uri\":\"u\",\"version\":1},\"edits\":[" edits "]}]}"

static void test_null_changes_nothing(void **state)
{
    (void)state;
    expect("null", "a\r\nb", "a\r\nb");
}

static void test_ranges_are_of_the_text_before(void **state)
{
    (void)state;
    expect(DOCUMENT("{" RANGE(0, 0, 1, 0) ",\"newText\":\"A\\nB\\nC\\n\"},"
                    "{" RANGE(2, 0, 2, 1) ",\"newText\":\"\"}"),
           "a\nb\nc\n", "A\nB\nC\nb\n\n");
    expect("{\"changes\":{\"u\":[{" RANGE(1, 0, 1, 0) ",\"newText\":\"x\"}]}}", "a\nb", "a\nxb");
    expect(DOCUMENT(""), "a", "a");
}

static void test_positions_count_characters(void **state)
{
    (void)state;
    expect(DOCUMENT("{" RANGE(0, 2, 0, 3) ",\"newText\":\"-\"}"), "é😀x\r\n", "é😀-\r\n");
    expect(DOCUMENT("{" RANGE(9, 0, 9, 9) ",\"newText\":\"-\"}"), "a\n", "a\n-");
}

static void test_what_is_no_edit(void **state)
{
    (void)state;
    expect_refusal("{}");
    expect_refusal("[]");
    expect_refusal("\"x\"");
    expect_refusal("{\"documentChanges\":[{\"kind\":\"delete\"}]}");
    expect_refusal(DOCUMENT("{" RANGE(0, 0, 0, 0) "}"));
    expect_refusal(DOCUMENT("{\"newText\":\"x\"}"));
    expect_refusal(DOCUMENT("{" RANGE(0, 2, 0, 1) ",\"newText\":\"x\"}"));
    expect_refusal(DOCUMENT("{" RANGE(-1, 0, 0, 1) ",\"newText\":\"x\"}"));
    expect_refusal(DOCUMENT("{" RANGE(0, 0.5, 0, 1) ",\"newText\":\"x\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null_changes_nothing),
        cmocka_unit_test(test_ranges_are_of_the_text_before),
        cmocka_unit_test(test_positions_count_characters),
        cmocka_unit_test(test_what_is_no_edit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
