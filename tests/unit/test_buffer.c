#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/buffer.h"

static void test_starts_empty(void **state)
{
    struct buffer buffer CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&buffer, 10);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer.length, 0);
    assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
    buffer_clear(&buffer);
    buffer_consume(&buffer, 3);
    buffer_truncate(&buffer, 0);
    assert_string_equal(buffer.data, "");
    buffer_finish(NULL);
}

static void test_appends(void **state)
{
    struct buffer buffer CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&buffer, BUFFER_CAP);
    assert_int_equal(buffer_append(&buffer, "a\0b", 3), 0);
    assert_int_equal(buffer_append_string(&buffer, "cd"), 0);
    assert_int_equal(buffer_append_byte(&buffer, 'e'), 0);
    assert_int_equal(buffer_printf(&buffer, "-%d-%s", 42, "x"), 0);
    assert_int_equal(buffer.length, 11);
    assert_memory_equal(buffer.data, "a\0bcde-42-x", 12);
}

static void test_cap_is_exact_and_error_sticky(void **state)
{
    struct buffer buffer CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&buffer, 4);
    assert_int_equal(buffer_append_string(&buffer, "abcd"), 0);
    assert_int_equal(buffer_append_byte(&buffer, 'e'), -EMSGSIZE);
    assert_string_equal(buffer.data, "abcd");
    buffer_truncate(&buffer, 1);
    assert_int_equal(buffer_append(&buffer, "x", 1), -EMSGSIZE);
    assert_int_equal(buffer_append(&buffer, NULL, 0), -EMSGSIZE);
    assert_int_equal(buffer_printf(&buffer, "x"), -EMSGSIZE);
    assert_int_equal(buffer_error(&buffer), -EMSGSIZE);
    assert_null(buffer_steal(&buffer, NULL));
    buffer_clear(&buffer);
    assert_int_equal(buffer_printf(&buffer, "%s", "wxyz"), 0);
    assert_string_equal(buffer.data, "wxyz");
    assert_int_equal(buffer_printf(&buffer, "%s", "!"), -EMSGSIZE);
    assert_string_equal(buffer.data, "wxyz");
}

static void test_huge_reserve_is_refused(void **state)
{
    struct buffer buffer CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&buffer, SIZE_MAX);
    assert_int_equal(buffer_append_byte(&buffer, 'a'), 0);
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), -EMSGSIZE);
    buffer_clear(&buffer);
    assert_int_equal(buffer_append_byte(&buffer, 'b'), 0);
    assert_string_equal(buffer.data, "b");
}

static void test_consume_and_truncate(void **state)
{
    struct buffer buffer CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&buffer, 100);
    buffer_append_string(&buffer, "abcdef");
    buffer_consume(&buffer, 0);
    buffer_consume(&buffer, 2);
    assert_string_equal(buffer.data, "cdef");
    buffer_truncate(&buffer, 9);
    buffer_truncate(&buffer, 3);
    assert_string_equal(buffer.data, "cde");
    buffer_consume(&buffer, 99);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer.length, 0);
}

static void test_steal(void **state)
{
    struct buffer buffer CLEANUP(buffer_finish);
    char *empty CLEANUP(cleanup_free) = NULL;
    char *full CLEANUP(cleanup_free) = NULL;
    size_t length = 77;

    (void)state;
    buffer_init(&buffer, 100);
    empty = buffer_steal(&buffer, &length);
    assert_non_null(empty);
    assert_string_equal(empty, "");
    assert_int_equal(length, 0);
    buffer_append_string(&buffer, "abc");
    full = buffer_steal(&buffer, &length);
    assert_string_equal(full, "abc");
    assert_int_equal(length, 3);
    assert_string_equal(buffer.data, "");
    assert_int_equal(buffer.cap, 100);
}

static void test_grows_to_its_cap(void **state)
{
    struct buffer buffer CLEANUP(buffer_finish);
    size_t i;

    (void)state;
    buffer_init(&buffer, 100000);
    for (i = 0; i < 100000; i++)
        assert_int_equal(buffer_append_byte(&buffer, (char)('a' + i % 26)), 0);
    assert_int_equal(buffer_append_byte(&buffer, 'x'), -EMSGSIZE);
    assert_int_equal(buffer.length, 100000);
    assert_true(buffer.capacity <= 100001);
    for (i = 0; i < 100000; i++)
        assert_int_equal(buffer.data[i], 'a' + i % 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_empty),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_cap_is_exact_and_error_sticky),
        cmocka_unit_test(test_huge_reserve_is_refused),
        cmocka_unit_test(test_consume_and_truncate),
        cmocka_unit_test(test_steal),
        cmocka_unit_test(test_grows_to_its_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
