#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/language.h"

static void test_language(void **state)
{
    (void)state;
    assert_string_equal(language_of_path("/a.b/x.C"), "c");
    assert_string_equal(language_of_path("x.tar.py"), "python");
    assert_string_equal(language_of_path("/a.py/x"), "");
    assert_string_equal(language_of_path("src/Makefile"), "makefile");
    assert_string_equal(language_of_path("x."), "");
    assert_string_equal(language_of_path(""), "");
}

static void test_layout(void **state)
{
    (void)state;
    assert_int_equal(language_layout("c").blocks, LANGUAGE_BLOCKS_BRACES);
    assert_int_equal(language_layout("python").blocks, LANGUAGE_BLOCKS_INDENTED);
    assert_string_equal(language_layout("lua").comment, "--");
    assert_int_equal(language_layout("klingon").blocks, LANGUAGE_BLOCKS_UNKNOWN);
    assert_int_equal(language_layout(NULL).blocks, LANGUAGE_BLOCKS_UNKNOWN);
    assert_string_equal(language_layout("").comment, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_layout),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
