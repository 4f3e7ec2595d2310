#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/options.h"

#define ARGUMENTS_MAX 12

struct parsed {
    struct options options;
    struct buffer fault;
    char *argv[ARGUMENTS_MAX + 1];
    int argc;
    int error;
};

static void parse(struct parsed *parsed, const char *const *arguments)
{
    memset(parsed, 0, sizeof(*parsed));
    buffer_init(&parsed->fault, BUFFER_CAP);
    parsed->argv[parsed->argc++] = strdup("gridls");
    for (; *arguments; arguments++) {
        assert_true(parsed->argc < ARGUMENTS_MAX);
        parsed->argv[parsed->argc++] = strdup(*arguments);
    }
    parsed->error = options_parse(&parsed->options, parsed->argc, parsed->argv, &parsed->fault);
}

static void finish(struct parsed *parsed)
{
    options_finish(&parsed->options);
    buffer_finish(&parsed->fault);
    for (int i = 0; i < parsed->argc; i++)
        free(parsed->argv[i]);
}

#define ARGUMENTS(...) (const char *const[]){__VA_ARGS__, NULL}

static void parse_good(struct parsed *parsed, const char *const *arguments)
{
    parse(parsed, arguments);
    if (parsed->error)
        fail_msg("%s", parsed->fault.data);
    assert_string_equal(parsed->fault.data, "");
}

static void expect_wrong(const char *const *arguments, const char *part)
{
    struct parsed parsed;

    parse(&parsed, arguments);
    assert_int_equal(parsed.error, -EINVAL);
    if (!strstr(parsed.fault.data, part))
        fail_msg("\"%s\" is not in \"%s\"", part, parsed.fault.data);
    assert_null(strchr(parsed.fault.data, '\n'));
    assert_int_equal(parsed.fault.data[parsed.fault.length - 1], '.');
    finish(&parsed);
}

static void test_serves_by_default(void **state)
{
    const char *const *calls[] = {
        (const char *const[]){NULL},
        ARGUMENTS("--stdio"),
        ARGUMENTS("--stdio", "--clientProcessId=123"),
        ARGUMENTS("--"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct parsed parsed;

        parse_good(&parsed, calls[i]);
        assert_int_equal(parsed.options.command, COMMAND_SERVE);
        assert_false(parsed.options.has_log_level);
        finish(&parsed);
    }
}

static void test_global_options_stand_anywhere(void **state)
{
    const char *const *calls[] = {
        ARGUMENTS("--config", "c", "--sandbox", "--log-level=debug", "--log-file", "l", "check"),
        ARGUMENTS("check", "--config=c", "--log-file=l", "--log-level", "DEBUG", "--sandbox"),
        ARGUMENTS("--config", "x", "check", "--config=c", "--log-file=l", "--log-level", "debug",
                  "--sandbox"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct parsed parsed;

        parse_good(&parsed, calls[i]);
        assert_int_equal(parsed.options.command, COMMAND_CHECK);
        assert_string_equal(parsed.options.config_file, "c");
        assert_string_equal(parsed.options.log_file, "l");
        assert_true(parsed.options.sandbox);
        assert_true(parsed.options.has_log_level);
        assert_int_equal(parsed.options.log_level, LOG_DEBUG);
        finish(&parsed);
    }
}

static void test_values_may_look_like_options(void **state)
{
    struct parsed parsed;

    (void)state;
    parse_good(&parsed, ARGUMENTS("explain", "--question", "--write?", "--", "-f:3"));
    assert_string_equal(parsed.options.question, "--write?");
    assert_string_equal(parsed.options.place.file, "-f");
    assert_int_equal(parsed.options.place.first, 3);
    finish(&parsed);
}

static void test_help_and_version_win(void **state)
{
    struct parsed parsed;

    (void)state;
    parse_good(&parsed, ARGUMENTS("explain", "--help"));
    assert_true(parsed.options.help);
    finish(&parsed);
    parse_good(&parsed, ARGUMENTS("-h"));
    assert_true(parsed.options.help);
    finish(&parsed);
    parse_good(&parsed, ARGUMENTS("--version"));
    assert_true(parsed.options.version);
    finish(&parsed);
}

static void test_places_of_lines(void **state)
{
    struct {
        const char *argument;
        const char *file;
        uint32_t first, last;
    } cases[] = {
        {"a.c", "a.c", 0, 0},
        {"a.c:7", "a.c", 7, 7},
        {"a.c:7-9", "a.c", 7, 9},
        {"a:b:7-7", "a:b", 7, 7},
        {"a:7:9", "a:7", 9, 9},
        {"a-7", "a-7", 0, 0},
        {"a:-7", "a:-7", 0, 0},
        {"a:7-", "a:7-", 0, 0},
        {"a:7-b", "a:7-b", 0, 0},
        {"7", "7", 0, 0},
        {"7-9", "7-9", 0, 0},
        {"a:b-9", "a:b-9", 0, 0},
        {"a:99999999999999999999", "a", 2147483647, 2147483647},
        {"a:1-18446744073709551617", "a", 1, 2147483647},
        {"-", "-", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed parsed;

        parse_good(&parsed, ARGUMENTS("explain", cases[i].argument));
        assert_string_equal(parsed.options.place.file, cases[i].file);
        assert_int_equal(parsed.options.place.first, cases[i].first);
        assert_int_equal(parsed.options.place.last, cases[i].last);
        assert_string_equal(parsed.options.place.argument, cases[i].argument);
        finish(&parsed);
    }
    expect_wrong(ARGUMENTS("explain", "a:0"), "count from 1");
    expect_wrong(ARGUMENTS("explain", "a:0-3"), "count from 1");
    expect_wrong(ARGUMENTS("explain", "a:3-2"), "before the first");
    expect_wrong(ARGUMENTS("explain", ":3"), "name is missing");
    expect_wrong(ARGUMENTS("explain", ""), "name is missing");
}

static void test_places_of_columns(void **state)
{
    struct parsed parsed;
    const char *const wrong[] = {"a", "a:1", "a:1:", "a::1", ":1:2", "1:2", "a:1:b", "a:b:1", "",
                                 "a:1-2:3", ":", "::"};

    (void)state;
    parse_good(&parsed, ARGUMENTS("complete", "a:b:12:34"));
    assert_string_equal(parsed.options.place.file, "a:b");
    assert_int_equal(parsed.options.place.first, 12);
    assert_int_equal(parsed.options.place.column, 34);
    finish(&parsed);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        expect_wrong(ARGUMENTS("complete", wrong[i]), "FILE:LINE:COLUMN");
    expect_wrong(ARGUMENTS("complete", "a:0:1"), "count from 1");
    expect_wrong(ARGUMENTS("complete", "a:1:0"), "count from 1");
}

static void test_hook(void **state)
{
    struct parsed parsed;

    (void)state;
    parse_good(&parsed, ARGUMENTS("commit-message"));
    assert_null(parsed.options.hook_file);
    finish(&parsed);
    parse_good(&parsed, ARGUMENTS("commit-message", "--hook", "F"));
    assert_string_equal(parsed.options.hook_file, "F");
    assert_null(parsed.options.hook_source);
    finish(&parsed);
    parse_good(&parsed, ARGUMENTS("commit-message", "--hook", "F", "commit", "HEAD"));
    assert_string_equal(parsed.options.hook_source, "commit");
    finish(&parsed);
    parse_good(&parsed, ARGUMENTS("commit-message", "--hook", "F", "", ""));
    assert_string_equal(parsed.options.hook_source, "");
    finish(&parsed);
    expect_wrong(ARGUMENTS("commit-message", "--hook", "F", "a", "b", "c"), "too many");
    expect_wrong(ARGUMENTS("commit-message", "F"), "too many");
    expect_wrong(ARGUMENTS("commit-message", "--hook"), "needs a value");
}

static void test_refactor(void **state)
{
    struct parsed parsed;

    (void)state;
    parse_good(&parsed, ARGUMENTS("refactor", "--write", "a.c:1-2", "--instruction=a=b"));
    assert_int_equal(parsed.options.command, COMMAND_REFACTOR);
    assert_true(parsed.options.write);
    assert_string_equal(parsed.options.instruction, "a=b");
    finish(&parsed);
    expect_wrong(ARGUMENTS("refactor", "a.c"), "--instruction");
    expect_wrong(ARGUMENTS("refactor", "a.c", "--instruction", ""), "not empty");
    expect_wrong(ARGUMENTS("refactor", "--instruction", "x"), "needs a file");
}

static void test_wrong_usage(void **state)
{
    (void)state;
    expect_wrong(ARGUMENTS("--nope"), "no option --nope");
    expect_wrong(ARGUMENTS("-x"), "no option -x");
    expect_wrong(ARGUMENTS("--nope=1"), "no option --nope=1");
    expect_wrong(ARGUMENTS("--"
                           "\x1b[31m\n"),
                 "no option -- [31m");
    expect_wrong(ARGUMENTS("frobnicate"), "no subcommand \"frobnicate\"");
    expect_wrong(ARGUMENTS(""), "no subcommand");
    expect_wrong(ARGUMENTS("explain"), "needs a file");
    expect_wrong(ARGUMENTS("explain", "a", "b"), "too many");
    expect_wrong(ARGUMENTS("config", "a"), "too many");
    expect_wrong(ARGUMENTS("explain", "a", "--write"), "has no option --write");
    expect_wrong(ARGUMENTS("--question", "x"), "goes with a subcommand");
    expect_wrong(ARGUMENTS("check", "--stdio"), "has no option --stdio");
    expect_wrong(ARGUMENTS("--config"), "needs a value");
    expect_wrong(ARGUMENTS("--config="), "not empty");
    expect_wrong(ARGUMENTS("--sandbox=1"), "takes no value");
    expect_wrong(ARGUMENTS("--log-level", "loud"), "not \"loud\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_serves_by_default),
        cmocka_unit_test(test_global_options_stand_anywhere),
        cmocka_unit_test(test_values_may_look_like_options),
        cmocka_unit_test(test_help_and_version_win),
        cmocka_unit_test(test_places_of_lines),
        cmocka_unit_test(test_places_of_columns),
        cmocka_unit_test(test_hook),
        cmocka_unit_test(test_refactor),
        cmocka_unit_test(test_wrong_usage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
