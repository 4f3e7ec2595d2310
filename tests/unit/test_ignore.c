#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ignore.h"
#include "protocol/buffer.h"

/* The verdicts are those of `git check-ignore` (2.39.5). */
static const struct {
    const char *rules;
    const char *path;
    bool ignored;
} cases[] = {
    /* names at any depth */
    {"foo", "foo", true},
    {"foo", "a/foo", true},
    {"foo", "a/foo/b", true},
    {"foo", "foobar", false},
    {"foo", "a/xfoo", false},
    {"FOO", "foo", false},
    {"a.c", "aXc", false},
    {"\xc3\xa9", "d/\xc3\xa9", true},
    /* comments, empty lines, escapes of both marks */
    {"#foo", "#foo", false},
    {"\\#foo", "#foo", true},
    {"", "x", false},
    {"\n\nfoo\n\n", "foo", true},
    {"!", "!", false},
    {"\\!foo", "!foo", true},
    {" foo", " foo", true},
    {" foo", "foo", false},
    {" #foo", " #foo", true},
    /* line ends, byte order mark, last line without an end */
    {"foo\r\nbar\r\n", "foo", true},
    {"foo\r\nbar\r\n", "bar", true},
    {"foo\r", "foo", true},
    {"\xef\xbb\xbf""foo", "foo", true},
    {"foo\rbar", "foo", false},
    /* blanks at the end */
    {"foo  ", "foo", true},
    {"foo  ", "foo  ", false},
    {"foo\\ ", "foo ", true},
    {"foo\\  ", "foo ", true},
    {"foo\\\\ ", "foo\\", true},
    {"foo\t", "foo", false},
    {"foo\t", "foo\t", true},
    {"foo bar", "foo bar", true},
    {"foo bar", "foo", false},
    {"foo\\ \\  ", "foo  ", true},
    {"   ", "   ", false},
    /* anchors */
    {"/foo", "foo", true},
    {"/foo", "a/foo", false},
    {"/foo", "foo/a", true},
    {"a/b", "a/b", true},
    {"a/b", "x/a/b", false},
    {"a/b", "a/b/c", true},
    {"/a/b", "a/b", true},
    {"a/b/", "a/b", false},
    {"a/b/", "a/b/c", true},
    {"/", "a", false},
    {"//foo", "foo", false},
    /* directories only */
    {"foo/", "foo", false},
    {"foo/", "foo/a", true},
    {"foo/", "a/foo/b", true},
    {"foo/", "a/foo", false},
    {"/foo/", "foo/x", true},
    {"/foo/", "a/foo/x", false},
    {"foo//", "foo/a", false},
    {"*/", "a", false},
    {"*/", "a/b", true},
    /* one star */
    {"*.o", "x.o", true},
    {"*.o", "a/b/x.o", true},
    {"*.o", ".o", true},
    {"*.o", "x.oo", false},
    {"*.o", "x.c", false},
    {"a*", "a", true},
    {"*", "x", true},
    {"*", "a/b", true},
    {"/*", "a/b", true},
    {"a/*", "a/b", true},
    {"a/*", "a/b/c", true},
    {"a/*", "a", false},
    {"a/*.c", "a/b/x.c", false},
    {"a*b*c", "axxbyyc", true},
    {"a*b*c", "axxcyyb", false},
    {"a*/b", "ax/b", true},
    {"a*/b", "a/x/b", false},
    {"foo*", "a/foo.d/b", true},
    {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false},
    {"*a*a*a*b", "aaaaaaaaaaaaaaab", true},
    /* question marks count bytes */
    {"?", "a", true},
    {"?", "ab", false},
    {"?", "\xc3\xa9", false},
    {"?\?", "\xc3\xa9", true},
    {"a?c", "abc", true},
    {"a?c", "a/c", false},
    {"/a?c", "a/c", false},
    {"?.c", "x/y.c", true},
    /* two stars */
    {"**/foo", "foo", true},
    {"**/foo", "a/foo", true},
    {"**/foo", "a/b/foo", true},
    {"**/foo", "a/b/xfoo", false},
    {"**/foo/bar", "foo/bar", true},
    {"**/foo/bar", "a/foo/bar", true},
    {"**/foo/bar", "a/foo/x/bar", false},
    {"foo/**", "foo", false},
    {"foo/**", "foo/a", true},
    {"foo/**", "foo/a/b", true},
    {"foo/**", "a/foo/b", false},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/xb", false},
    {"a/**/b", "x/a/b", false},
    {"a/**/b/**/c", "a/b/c", true},
    {"a/**/b/**/c", "a/1/b/2/3/c", true},
    {"a/**/b/**/c", "a/1/c/2/3/b", false},
    {"**", "a", true},
    {"**", "a/b", true},
    {"/**", "a", true},
    {"**/", "a", false},
    {"**/", "a/b", true},
    {"/**/", "a", false},
    {"a**", "ab", true},
    {"a**b", "axb", true},
    {"x/a**b", "x/a/b", false},
    {"x/a**b", "x/ayb", true},
    {"x/**b", "x/y/b", false},
    {"***/foo", "a/b/foo", true},
    {"a/**/**/b", "a/b", true},
    {"**/**", "a", true},
    {"a/**/*.c", "a/x.c", true},
    {"a/**/*.c", "a/b/c/x.c", true},
    {"a/**/*.c", "b/x.c", false},
    {"**/a/**/b", "x/a/y/a/b", true},
    {"a/**/", "a/b", false},
    {"a/**/", "a/b/c", true},
    /* brackets */
    {"[ab]", "a", true},
    {"[ab]", "c", false},
    {"[ab]", "ab", false},
    {"[a-c]x", "bx", true},
    {"[a-c]x", "dx", false},
    {"[c-a]", "b", false},
    {"[!ab]", "c", true},
    {"[!ab]", "a", false},
    {"[^ab]", "c", true},
    {"[^ab]", "b", false},
    {"[]a]", "]", true},
    {"[]a]", "a", true},
    {"[!]a]", "b", true},
    {"[!]a]", "]", false},
    {"[a-]", "-", true},
    {"[-a]", "-", true},
    {"[a-]", "b", false},
    {"[\\]]", "]", true},
    {"[\\-a]", "-", true},
    {"[a\\-c]", "b", false},
    {"[!-]", "-", false},
    {"[a]]", "a]", true},
    {"[[]", "[", true},
    {"[[a]", "[", true},
    {"[*]", "*", true},
    {"[*]", "x", false},
    {"[?]", "?", true},
    {"[a-c-e]", "d", false},
    {"[a-c-e]", "-", true},
    {"[a^]", "^", true},
    {"a[/]b", "a/b", false},
    {"a[^x]b", "a/b", false},
    {"/a[.-0]b", "a/b", false},
    {"a[x/y]b", "axb", true},
    /* POSIX classes */
    {"[[:digit:]]", "7", true},
    {"[[:digit:]]", "x", false},
    {"[![:digit:]]", "x", true},
    {"[![:digit:]]", "7", false},
    {"[[:alpha:]_]", "_", true},
    {"[[:alpha:][:digit:]]", "5", true},
    {"[[:upper:]]", "a", false},
    {"[[:upper:]]", "A", true},
    {"[[:lower:]]", "a", true},
    {"[[:alnum:]]", "\xc3\xa9", false},
    {"[[:xdigit:]]", "f", true},
    {"[[:xdigit:]]", "g", false},
    {"[[:space:]]", " ", true},
    {"[[:blank:]]", "\t", true},
    {"[[:punct:]]", "%", true},
    {"[[:punct:]]", "a", false},
    {"[[:cntrl:]]", "\x01", true},
    {"[[:graph:]]", " ", false},
    {"[[:print:]]x", " x", true},
    {"[[:nope:]]", "n", false},
    {"[[:digit:]-z]", "-", true},
    {"[a[:digit:]", "a", false},
    {"[[:a]", "a", true},
    {"[[::]]", ":]", false},
    /* what never matches */
    {"[", "[", false},
    {"a[b", "a[b", false},
    {"[]", "[]", false},
    {"[!]", "[!]", false},
    {"[a-", "[a-", false},
    {"[[:alpha:", "[[:alpha:", false},
    {"foo\\", "foo\\", false},
    {"foo\\", "foo", false},
    {"*[", "x[", false},
    {"[a\\", "[a\\", false},
    /* escapes */
    {"\\foo", "foo", true},
    {"\\*", "*", true},
    {"\\*", "x", false},
    {"a\\?", "a?", true},
    {"a\\?", "ab", false},
    {"\\[a]", "[a]", true},
    {"\\[a]", "a", false},
    {"a\\\\b", "a\\b", true},
    {"a\\/b", "a/b", true},
    {"\\\\", "\\", true},
    /* the last rule wins */
    {"*.c\n!keep.c", "keep.c", false},
    {"*.c\n!keep.c", "a/keep.c", false},
    {"!keep.c\n*.c", "keep.c", true},
    {"*.c\n!keep.c\nkeep.c", "keep.c", true},
    {"*.c\n!*.c\n", "x.c", false},
    {"*\n!*/\n!*.c", "a/b/x.c", false},
    {"*\n!*/\n!*.c", "a/b/x.h", true},
    {"!foo", "foo", false},
    {"!foo/\nfoo", "foo/a", true},
    {"foo\n!foo/", "foo/a", false},
    {"foo\n!foo/", "foo", true},
    /* an ignored directory cannot be reopened */
    {"foo/\n!foo/a", "foo/a", true},
    {"foo/*\n!foo/a", "foo/a", false},
    {"foo/*\n!foo/a", "foo/b", true},
    {"foo\n!bar", "foo/bar", true},
    {"foo/**\n!foo/b/c", "foo/b/c", true},
    {"/*\n!/foo\n/foo/*\n!/foo/bar", "foo/bar/x", false},
    {"/*\n!/foo\n/foo/*\n!/foo/bar", "foo/baz", true},
    {"/*\n!/foo\n/foo/*\n!/foo/bar", "qux", true},
    /* what the built-in rules look like */
    {".env*", ".env", true},
    {".env*", "a/.env.local", true},
    {".env*\n!.env.example", ".env.example", false},
    {"*.pem", "certs/x.pem", true},
    {"id_*", ".ssh/id_rsa", true},
    {"**/.ssh/**", "home/u/.ssh/config", true},
    {".netrc", ".netrc", true},
};

static struct ignore_rules *make_rules(const char *directory, const char *text, size_t length)
{
    struct ignore_rules *rules;
    char *exact = malloc(length > 0 ? length : 1); /* a sanitizer sees a read behind it */

    assert_non_null(exact);
    memcpy(exact, text, length);
    assert_int_equal(ignore_rules_create(&rules, directory), 0);
    assert_int_equal(ignore_rules_add_text(rules, exact, length), 0);
    free(exact);
    return rules;
}

static bool is_ignored(const char *text, const char *path)
{
    struct ignore_rules *rules = make_rules("", text, strlen(text));
    const struct ignore_rules *set = rules;
    bool ignored = ignore_match(&set, 1, path);

    ignore_rules_destroy(rules);
    return ignored;
}

static void test_judges_as_git(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (is_ignored(cases[i].rules, cases[i].path) != cases[i].ignored)
            fail_msg("rules \"%s\", path \"%s\": git says %d", cases[i].rules, cases[i].path,
                     cases[i].ignored);
    }
}

/* Every head of every rule text is a rule text too; none may read beyond its end. */
static void test_takes_texts_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t length = 0; length < strlen(cases[i].rules); length++) {
            struct ignore_rules *rules = make_rules("", cases[i].rules, length);
            const struct ignore_rules *set = rules;

            ignore_match(&set, 1, cases[i].path);
            ignore_match(&set, 1, "a/b/c");
            ignore_rules_destroy(rules);
        }
    }
}

struct sets {
    struct ignore_rules *owned[4];
    const struct ignore_rules *sets[4];
    size_t count;
};

static void add_set(struct sets *sets, const char *directory, const char *text)
{
    struct ignore_rules *rules = make_rules(directory, text, strlen(text));

    sets->owned[sets->count] = rules;
    sets->sets[sets->count++] = rules;
}

static void finish_sets(struct sets *sets)
{
    while (sets->count > 0)
        ignore_rules_destroy(sets->owned[--sets->count]);
}

static void test_nearer_files_win(void **state)
{
    struct sets sets = {.count = 0};

    (void)state;
    add_set(&sets, "", "*.log\n!important.log\nbuild\n");
    add_set(&sets, "a", "!trace.log\nimportant.log\n/only\n");
    add_set(&sets, "a/b", "trace.log\n!build\n");
    assert_true(ignore_match(sets.sets, sets.count, "trace.log"));
    assert_false(ignore_match(sets.sets, sets.count, "a/trace.log"));
    assert_true(ignore_match(sets.sets, sets.count, "a/b/trace.log"));
    assert_false(ignore_match(sets.sets, sets.count, "important.log"));
    assert_true(ignore_match(sets.sets, sets.count, "a/important.log"));
    assert_true(ignore_match(sets.sets, sets.count, "a/only"));
    assert_false(ignore_match(sets.sets, sets.count, "a/b/only"));
    assert_false(ignore_match(sets.sets, sets.count, "only"));
    assert_true(ignore_match(sets.sets, sets.count, "a/build/x"));
    assert_false(ignore_match(sets.sets, sets.count, "a/b/build/x"));
    finish_sets(&sets);
}

static void test_rules_end_at_their_directory(void **state)
{
    struct sets sets = {.count = 0};

    (void)state;
    add_set(&sets, "a/b", "*\n");
    assert_true(ignore_match(sets.sets, sets.count, "a/b/c"));
    assert_false(ignore_match(sets.sets, sets.count, "a/b"));
    assert_false(ignore_match(sets.sets, sets.count, "a/bc"));
    assert_false(ignore_match(sets.sets, sets.count, "a/bc/d"));
    assert_false(ignore_match(sets.sets, sets.count, "a/c"));
    assert_false(ignore_match(sets.sets, sets.count, "b"));
    finish_sets(&sets);
}

static void test_ignored_parents_hide_nearer_files(void **state)
{
    struct sets sets = {.count = 0};

    (void)state;
    add_set(&sets, "", "a/b/\n");
    add_set(&sets, "a/b", "!*\n");
    assert_true(ignore_match(sets.sets, sets.count, "a/b/c"));
    finish_sets(&sets);
}

static void test_nothing_is_ignored_without_rules(void **state)
{
    (void)state;
    assert_false(ignore_match(NULL, 0, "a/b"));
    assert_false(is_ignored("", "a/b"));
    ignore_rules_destroy(NULL);
}

/* gitignore(5): stars are special only as a whole part. git itself takes these for `**`, as it cuts
 * a plain beginning off before it looks. */
static void test_stars_behind_a_plain_beginning(void **state)
{
    (void)state;
    assert_true(is_ignored("foo**/bar", "foo/x/bar"));
    assert_true(is_ignored("foo**/bar", "foox/bar"));
    assert_true(is_ignored("foo**/bar", "foobar"));
    assert_false(is_ignored("foo**/bar", "foobarx"));
    assert_false(is_ignored("f?o**/bar", "foobar"));
    assert_false(is_ignored("f?o**/bar", "foo/x/bar"));
}

/* Backtracking matchers need longer than the universe is old for these. */
static void test_hostile_rules_are_quick(void **state)
{
    struct buffer rule CLEANUP(buffer_finish);
    struct buffer path CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&rule, BUFFER_CAP);
    buffer_init(&path, BUFFER_CAP);
    for (int i = 0; i < 100; i++) {
        buffer_append_string(&rule, "**/*a*a*a*a*a*a/");
        buffer_append_string(&path, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/");
    }
    buffer_append_string(&rule, "b");
    buffer_append_string(&path, "c");
    assert_false(is_ignored(rule.data, path.data));
    buffer_truncate(&path, path.length - 1);
    buffer_append_string(&path, "b");
    assert_true(is_ignored(rule.data, path.data));
}

static void test_size_is_bounded(void **state)
{
    struct ignore_rules *rules;
    const struct ignore_rules *set;
    size_t length = (size_t)2 << 20;
    char *line = malloc(length);

    (void)state;
    assert_non_null(line);
    memset(line, 'x', length);
    assert_int_equal(ignore_rules_create(&rules, ""), 0);
    set = rules;
    assert_int_equal(ignore_rules_add_line(rules, "foo", 3), 0);
    assert_int_equal(ignore_rules_add_line(rules, line, length), -EMSGSIZE);
    assert_true(ignore_match(&set, 1, "foo"));
    assert_false(ignore_match(&set, 1, "x"));
    ignore_rules_destroy(rules);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judges_as_git),
        cmocka_unit_test(test_takes_texts_cut_anywhere),
        cmocka_unit_test(test_nearer_files_win),
        cmocka_unit_test(test_rules_end_at_their_directory),
        cmocka_unit_test(test_ignored_parents_hide_nearer_files),
        cmocka_unit_test(test_nothing_is_ignored_without_rules),
        cmocka_unit_test(test_stars_behind_a_plain_beginning),
        cmocka_unit_test(test_hostile_rules_are_quick),
        cmocka_unit_test(test_size_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
