#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/redact_diff.h"

/* Of the shapes that are looked for, made up here so that no scanner takes them for real ones. */
#define TOKEN "ghp_" "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"
#define HEAD(name) "diff --git a/" name " b/" name "\nindex 1..2 100644\n--- a/" name "\n+++ b/" name \
    "\n@@ -1,2 +1,2 @@\n"

static void expect(const char *diff, int files, const char *wanted)
{
    struct buffer names;

    buffer_init(&names, BUFFER_CAP);
    assert_int_equal(redact_diff_find(diff, strlen(diff), 2, &names), files);
    buffer_append_byte(&names, '\0');
    assert_string_equal(names.data, wanted);
    buffer_finish(&names);
}

static void test_none(void **state)
{
    (void)state;
    expect("", 0, "");
    expect(HEAD("a.c") "-int x;\n+int y;\n", 0, "");
}

static void test_an_added_one(void **state)
{
    (void)state;
    expect(HEAD("a.py") "+token = '" TOKEN "'\n" HEAD("b.py") "+x = 1\n", 1, "a.py");
}

static void test_what_goes_or_stays_does_not_count(void **state)
{
    (void)state;
    expect(HEAD("a.py") "-token = '" TOKEN "'\n context = '" TOKEN "'\n+x = 1\n", 0, "");
}

static void test_a_line_that_looks_like_a_head(void **state)
{
    (void)state;
    expect(HEAD("a.py") "+++ b/other '" TOKEN "'\n", 1, "a.py");
}

static void test_a_key_of_many_lines(void **state)
{
    (void)state;
    expect(HEAD("key") "+-----BEGIN RSA " "PRIVATE KEY-----\n+MIIEpAIBAAKCAQEA7bq2gKQ7rM0pHnFZkW1x\n"
           "+aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q5\n+-----END RSA " "PRIVATE KEY-----\n", 1, "key");
}

static void test_names_have_a_bound(void **state)
{
    (void)state;
    expect(HEAD("a") "+" TOKEN "\n" HEAD("b") "+" TOKEN "\n" HEAD("c") "+" TOKEN "\n", 3, "a, b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_an_added_one),
        cmocka_unit_test(test_what_goes_or_stays_does_not_count),
        cmocka_unit_test(test_a_line_that_looks_like_a_head),
        cmocka_unit_test(test_a_key_of_many_lines),
        cmocka_unit_test(test_names_have_a_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
