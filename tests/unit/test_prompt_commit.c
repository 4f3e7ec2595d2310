#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/prompt/prompt.h"

static void append_file(struct buffer *diff, const char *name, size_t lines)
{
    buffer_printf(diff, "diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -1 +1 @@\n", name, name, name,
                  name);
    for (; lines > 0; lines--)
        buffer_append_string(diff, "+123456789\n");
}

static struct prompt_text text_of(const struct buffer *buffer)
{
    return (struct prompt_text){buffer->data, buffer->length};
}

static void expect_name(struct prompt_text file, const char *want)
{
    struct prompt_text name = prompt_commit_file_name(file);

    assert_int_equal(name.length, strlen(want));
    assert_memory_equal(name.text, want, name.length);
}

static void test_all_fits(void **state)
{
    struct prompt_text found[4];
    struct buffer diff;

    (void)state;
    buffer_init(&diff, BUFFER_CAP);
    assert_int_equal(prompt_commit_too_large(text_of(&diff), 1000, found, 4), 0);
    append_file(&diff, "a", 10);
    append_file(&diff, "b", 20);
    assert_int_equal(prompt_commit_too_large(text_of(&diff), 1000, found, 4), 0);
    buffer_finish(&diff);
}

static void test_the_largest_go_first(void **state)
{
    struct prompt_text found[4];
    struct buffer diff;

    (void)state;
    buffer_init(&diff, BUFFER_CAP);
    append_file(&diff, "small", 10);
    append_file(&diff, "large", 2000);
    append_file(&diff, "larger", 3000);
    append_file(&diff, "little", 20);
    assert_int_equal(prompt_commit_too_large(text_of(&diff), 8000, found, 4), 2);
    expect_name(found[0], "larger");
    expect_name(found[1], "large");
    assert_int_equal(prompt_commit_too_large(text_of(&diff), 8000, found, 1), 1);
    buffer_finish(&diff);
}

/* A summary would be of what the prompt shows anyway. */
static void test_a_lone_file_is_shown_as_far_as_it_goes(void **state)
{
    struct prompt_text found[4];
    struct buffer diff;

    (void)state;
    buffer_init(&diff, BUFFER_CAP);
    append_file(&diff, "large", 5000);
    assert_int_equal(prompt_commit_too_large(text_of(&diff), 1000, found, 4), 0);
    buffer_finish(&diff);
}

static void test_names(void **state)
{
    static const struct {
        const char *diff;
        const char *name;
    } rows[] = {
        {"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n", "x"},
        {"diff --git a/gone b/gone\ndeleted file\n--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n", "gone"},
        {"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "y"},
        {"diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n", "a b"},
        {"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n+++ b/other\n", "x"},
        {"diff --git a/i.png b/i.png\nBinary files differ\n", "diff --git a/i.png b/i.png"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_name((struct prompt_text){rows[i].diff, strlen(rows[i].diff)}, rows[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fits),
        cmocka_unit_test(test_the_largest_go_first),
        cmocka_unit_test(test_a_lone_file_is_shown_as_far_as_it_goes),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
