#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "protocol/buffer.h"
#include "protocol/uri.h"

static void check_normal(const char *uri, const char *expected)
{
    char *normal CLEANUP(cleanup_free) = uri_normalize(uri);
    char *again CLEANUP(cleanup_free) = NULL;

    assert_non_null(normal);
    assert_string_equal(normal, expected);
    again = uri_normalize(normal);
    assert_non_null(again);
    assert_string_equal(again, expected);
}

static void check_path(const char *uri, const char *expected)
{
    char *path CLEANUP(cleanup_free) = NULL;

    assert_int_equal(uri_to_path(uri, &path), 0);
    if (!expected) {
        assert_null(path);
        return;
    }
    assert_non_null(path);
    assert_string_equal(path, expected);
}

static void test_one_file_has_one_form(void **state)
{
    (void)state;
    check_normal("file:///a/b.c", "file:///a/b.c");
    check_normal("file:/a/b.c", "file:///a/b.c");
    check_normal("FILE:///a/b.c", "file:///a/b.c");
    check_normal("file://localhost/a/b.c", "file:///a/b.c");
    check_normal("file://LocalHost/a/b.c", "file:///a/b.c");
    check_normal("file:///%61/b%2ec", "file:///a/b.c");
    check_normal("file:///a%20b", "file:///a%20b");
    check_normal("file:///a b", "file:///a%20b");
    check_normal("file:///(x)[y]@+", "file:///%28x%29%5By%5D%40%2B");
    check_normal("file:///%28x%29%5by%5d@%2b", "file:///%28x%29%5By%5D%40%2B");
    check_normal("file:///caf\xC3\xA9", "file:///caf%C3%A9");
    check_normal("file:///caf%c3%a9", "file:///caf%C3%A9");
    check_normal("file:///a#b?c", "file:///a%23b%3Fc");
    check_normal("file:///a%23b%3fc", "file:///a%23b%3Fc");
    check_normal("file:///C:/x", "file:///c%3A/x");
    check_normal("file:///c%3A/x", "file:///c%3A/x");
    check_normal("file:///C%3a/x", "file:///c%3A/x");
    check_normal("file:///C/x", "file:///C/x");
    check_normal("file:///100%", "file:///100%25");
    check_normal("file:///100%25", "file:///100%25");
    check_normal("file:///%4", "file:///%254");
    check_normal("file:///%zz", "file:///%25zz");
    check_normal("file:///%00", "file:///%00");
    check_normal("file:///", "file:///");
    check_normal("file:////x", "file:////x");
}

static void test_hosts_stay(void **state)
{
    (void)state;
    check_normal("file://Server/share/a b", "file://server/share/a%20b");
    check_normal("file://localhostx/a", "file://localhostx/a");
}

static void test_other_schemes_are_opaque(void **state)
{
    const char *const uris[] = {
        "", "untitled:Untitled-1", "untitled:%2fA%zz", "git:/a/b.c?%7B%22x%22%3A1%7D",
        "vscode-notebook-cell:/a.ipynb#W0", "ssh://Host/C:/x", "file:", "file:a", "file://",
        "file://host", "filex:///a", "/plain/path", "files",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        check_normal(uris[i], uris[i]);
        assert_false(uri_is_file(uris[i]));
        check_path(uris[i], NULL);
    }
}

static void test_to_path(void **state)
{
    (void)state;
    check_path("file:///a/b.c", "/a/b.c");
    check_path("file:/a", "/a");
    check_path("file://localhost/a", "/a");
    check_path("file:///a%20b%C3%A9%25%2B+", "/a b\xC3\xA9%++");
    check_path("file:///a%", "/a%");
    check_path("file:///a%2", "/a%2");
    check_path("file:///C%3A/x", "/C:/x");
    check_path("file:///a%00b", NULL);
    check_path("file://server/a", NULL);
    check_path("http://localhost/a", NULL);
}

static void test_paths_come_back(void **state)
{
    char path[] = "/dir/x";
    int byte;

    (void)state;
    for (byte = 1; byte < 256; byte++) {
        char *uri CLEANUP(cleanup_free) = NULL;
        char *back CLEANUP(cleanup_free) = NULL;

        path[5] = (char)byte;
        uri = uri_from_path(path);
        assert_non_null(uri);
        assert_true(uri_is_file(uri));
        check_normal(uri, uri);
        assert_int_equal(uri_to_path(uri, &back), 0);
        assert_non_null(back);
        assert_string_equal(back, path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_file_has_one_form),
        cmocka_unit_test(test_hosts_stay),
        cmocka_unit_test(test_other_schemes_are_opaque),
        cmocka_unit_test(test_to_path),
        cmocka_unit_test(test_paths_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
