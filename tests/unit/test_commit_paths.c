#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/commit_paths.h"

static void test_lock_files(void **state)
{
    (void)state;
    assert_string_equal(commit_path_note("package-lock.json"), "lock file");
    assert_string_equal(commit_path_note("web/app/yarn.lock"), "lock file");
    assert_string_equal(commit_path_note("Cargo.lock"), "lock file");
    assert_string_equal(commit_path_note("a/go.sum"), "lock file");
}

static void test_generated_files(void **state)
{
    (void)state;
    assert_string_equal(commit_path_note("dist/app.min.js"), "generated");
    assert_string_equal(commit_path_note("api/service.pb.go"), "generated");
    assert_string_equal(commit_path_note("api/service_pb2.py"), "generated");
    assert_string_equal(commit_path_note("src/schema.generated.ts"), "generated");
}

static void test_vendored_files(void **state)
{
    (void)state;
    assert_string_equal(commit_path_note("vendor/lib/a.c"), "vendored");
    assert_string_equal(commit_path_note("web/node_modules/x/index.js"), "vendored");
    assert_string_equal(commit_path_note("third_party/zlib/inflate.c"), "vendored");
}

static void test_what_people_write(void **state)
{
    static const char *const paths[] = {
        "src/lock.c",       "locks/a.c",    "vendor.c",       "src/vendoring/a.c", "myvendor/a.c",
        "generated.c",      "go.mod",       "package.json",   "src/minify.js",     "a.lock.c",
        "src/vendor",       "clock",        "snap.c",         "Cargo.toml",        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_null(commit_path_note(paths[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock_files),
        cmocka_unit_test(test_generated_files),
        cmocka_unit_test(test_vendored_files),
        cmocka_unit_test(test_what_people_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
