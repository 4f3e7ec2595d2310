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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
