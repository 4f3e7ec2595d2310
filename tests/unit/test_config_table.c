#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config_table.h"

static struct json *parse(const char *text)
{
    struct json *value = NULL;

    if (json_parse(text, strlen(text), &value) != 0)
        fail_msg("not JSON: %s", text);
    return value;
}

static bool takes(const char *path, const char *text)
{
    struct json *value CLEANUP(json_cleanup) = parse(text);
    enum setting_id id;
    const char *member;

    switch (config_table_find(path, &id, &member)) {
    case CONFIG_NAME_SETTING:
        return config_table_takes(id, value);
    case CONFIG_NAME_MEMBER:
        return config_table_takes_member(member, value);
    default:
        fail_msg("no setting: %s", path);
        return false;
    }
}

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *row = config_table_row((enum setting_id)i);
        enum setting_id id;
        const char *member;

        assert_non_null(row->path);
        assert_non_null(row->help);
        assert_null(strchr(row->help, '|'));
        assert_int_equal(config_table_find(row->path, &id, &member), CONFIG_NAME_SETTING);
        assert_int_equal(id, i);
        if (row->merge != MERGE_APART)
            assert_int_not_equal(row->offset, 0);
        if (row->built_in && !takes(row->path, row->built_in))
            fail_msg("built-in value refused: %s", row->path);
    }
}

static void test_built_in_parameters_are_taken(void **state)
{
    (void)state;
    for (size_t i = SETTING_PARAMETERS_COMPLETION; i <= SETTING_PARAMETERS_COMMIT; i++) {
        struct json *object CLEANUP(json_cleanup) =
            parse(config_table_row((enum setting_id)i)->built_in);

        for (const struct json *member = json_first(object); member; member = json_next(member)) {
            assert_true(config_table_is_known_member(json_key(member)));
            assert_true(config_table_takes_member(json_key(member), member));
        }
    }
}

static void test_a_project_may_set_these_only(void **state)
{
    static const char *const allowed[] = {"instructions", "answer_language", "ignore"};

    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *row = config_table_row((enum setting_id)i);
        bool expected = strncmp(row->path, "completion.", 11) == 0 ||
                        strncmp(row->path, "commit.", 7) == 0;

        for (size_t j = 0; j < 3; j++)
            expected = expected || strcmp(row->path, allowed[j]) == 0;
        if (row->project != expected)
            fail_msg("wrong: %s", row->path);
    }
}

static void test_names(void **state)
{
    enum setting_id id;
    const char *member;

    (void)state;
    assert_int_equal(config_table_find("baseURL", &id, &member), CONFIG_NAME_SETTING);
    assert_int_equal(id, SETTING_BASE_URL);
    assert_int_equal(config_table_find("api_base", &id, &member), CONFIG_NAME_SETTING);
    assert_int_equal(config_table_find("endpoint", &id, &member), CONFIG_NAME_SETTING);
    assert_int_equal(id, SETTING_BASE_URL);
    assert_int_equal(config_table_find("network", &id, &member), CONFIG_NAME_GROUP);
    assert_int_equal(config_table_find("parameters", &id, &member), CONFIG_NAME_GROUP);
    assert_int_equal(config_table_find("parameters.commit.a.b", &id, &member), CONFIG_NAME_MEMBER);
    assert_int_equal(id, SETTING_PARAMETERS_COMMIT);
    assert_string_equal(member, "a.b");
    assert_int_equal(config_table_find("parameters.nothing", &id, &member), CONFIG_NAME_UNKNOWN);
    assert_int_equal(config_table_find("netwo", &id, &member), CONFIG_NAME_UNKNOWN);
    assert_int_equal(config_table_find("network.", &id, &member), CONFIG_NAME_UNKNOWN);
    assert_int_equal(config_table_find("", &id, &member), CONFIG_NAME_UNKNOWN);
    assert_int_equal(config_table_find("ignore.x", &id, &member), CONFIG_NAME_UNKNOWN);
    assert_int_equal(config_table_find("Base_Url", &id, &member), CONFIG_NAME_UNKNOWN);
}

static void test_values(void **state)
{
    static const struct {
        const char *path;
        const char *value;
        bool taken;
    } rows[] = {
        {"completion.menu", "true", true},
        {"completion.menu", "1", false},
        {"completion.menu", "\"true\"", false},
        {"network.retries", "0", true},
        {"network.retries", "10", true},
        {"network.retries", "10.0", true},
        {"network.retries", "11", false},
        {"network.retries", "-1", false},
        {"network.retries", "1.5", false},
        {"network.retries", "1e300", false},
        {"network.retries", "\"2\"", false},
        {"network.max_in_flight", "0", false},
        {"base_url", "\" https://x/v1\\n\"", true},
        {"base_url", "7", false},
        {"base_url", "\"a\\u0000b\"", false},
        {"instruments.explain", "\"code-prime\"", true},
        {"instruments.explain", "\"code\\nprime\"", false},
        {"instruments.explain", "\"code\\u007f\"", false},
        {"commit.style", "\"plain\"", true},
        {"commit.style", "\"Plain\"", false},
        {"commit.style", "\"\"", false},
        {"commit.style", "0", false},
        {"ignore", "[\"*.log\", \"\"]", true},
        {"ignore", "[\"a\\nb\"]", false},
        {"ignore", "[1]", false},
        {"ignore", "\"*.log\"", false},
        {"ignore", "{}", false},
        {"api_key_command", "[\"pass\", \"show\\ta\"]", true},
        {"api_key_command", "\"pass show a\"", false},
        {"parameters.explain", "{}", true},
        {"parameters.explain", "[]", false},
        {"parameters.explain.temperature", "2", true},
        {"parameters.explain.temperature", "2.01", false},
        {"parameters.explain.temperature", "-0.1", false},
        {"parameters.explain.top_p", "1.1", false},
        {"parameters.explain.max_tokens", "0", false},
        {"parameters.explain.max_tokens", "1", true},
        {"parameters.explain.stop", "\"\\n\"", true},
        {"parameters.explain.stop", "[\"a\",\"b\",\"c\",\"d\"]", true},
        {"parameters.explain.stop", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", false},
        {"parameters.explain.stop", "[\"\"]", false},
        {"parameters.explain.reasoning_effort", "\"low\"", true},
        {"parameters.explain.reasoning_effort", "1", false},
        {"parameters.explain.model", "\"x\"", false},
        {"parameters.explain.messages", "[]", false},
        {"parameters.explain.stream", "false", false},
        {"parameters.explain.seed", "42", true},
        {"parameters.explain.provider", "{\"order\":[\"a\"]}", true},
        {"parameters.explain.", "1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (takes(rows[i].path, rows[i].value) != rows[i].taken)
            fail_msg("wrong: %s = %s", rows[i].path, rows[i].value);
    }
}

static void test_lengths_are_bounded(void **state)
{
    char text[CONFIG_KEY_MAX + 16];
    size_t length = CONFIG_KEY_MAX;

    (void)state;
    memset(text, 'k', sizeof(text));
    text[0] = '"';
    memcpy(text + 1 + length, "\"", 2);
    assert_true(takes("api_key", text));
    memcpy(text + 1 + length, "k\"", 3);
    assert_false(takes("api_key", text));
    assert_false(takes("base_url", text));
    assert_false(takes("answer_language", text));
}

static void test_wanted_says_the_bounds(void **state)
{
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    config_table_wanted(SETTING_NETWORK_RETRIES, &out);
    assert_string_equal(out.data, "a whole number from 0 to 10");
    buffer_clear(&out);
    config_table_wanted(SETTING_COMMIT_STYLE, &out);
    assert_string_equal(out.data, "one of \"auto\", \"conventional\", \"plain\"");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        buffer_clear(&out);
        assert_int_equal(config_table_wanted((enum setting_id)i, &out), 0);
        assert_true(out.length > 5);
    }
}

static void test_distance(void **state)
{
    char longer[500];

    (void)state;
    assert_int_equal(config_distance("", ""), 0);
    assert_int_equal(config_distance("", "abc"), 3);
    assert_int_equal(config_distance("abc", ""), 3);
    assert_int_equal(config_distance("kitten", "sitting"), 3);
    assert_int_equal(config_distance("ABC", "abc"), 0);
    assert_int_equal(config_distance("flaw", "lawn"), 2);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(config_distance(longer, ""), 64);
    assert_int_equal(config_distance(longer, longer), 0);
}

static void test_nearest_setting(void **state)
{
    (void)state;
    assert_string_equal(config_table_nearest("completion.menuu"), "completion.menu");
    assert_string_equal(config_table_nearest("completion.debounceMs"), "completion.debounce_ms");
    assert_string_equal(config_table_nearest("apiKey"), "api_key");
    assert_string_equal(config_table_nearest("debounce_ms"), "completion.debounce_ms");
    assert_string_equal(config_table_nearest("proxy"), "network.proxy");
    assert_null(config_table_nearest("telemetry"));
    assert_null(config_table_nearest(""));
}

static void test_nearest_instrument(void **state)
{
    static const struct {
        const char *name;
        const char *nearest;
    } rows[] = {
        {"code-standard", NULL},
        {"text-max", NULL},
        {"agent-prime", NULL},
        {"Code-Prime", NULL},
        {"claude-opus-latest", NULL},
        {"code-prim", "code-prime"},
        {"code_max", "code-max"},
        {"codestandard", "code-standard"},
        {"text-standart", "text-standard"},
        {"agents-max", "agent-max"},
        {"prime", "code-prime"},
        {"standard", "code-standard"},
        {"gpt-4o", "code-standard"},
        {"claude-sonnet", "code-standard"},
        {"-latest", "code-standard"},
        {"", "code-standard"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *nearest = config_nearest_instrument(rows[i].name);

        if (!nearest != !rows[i].nearest || (nearest && strcmp(nearest, rows[i].nearest) != 0))
            fail_msg("%s: %s", rows[i].name, nearest ? nearest : "none");
    }
}

static void test_markdown_has_a_row_for_each(void **state)
{
    struct buffer out CLEANUP(buffer_finish);
    size_t lines = 0;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(config_table_markdown(&out), 0);
    for (const char *c = out.data; (c = strchr(c, '\n')) != NULL; c++)
        lines++;
    assert_int_equal(lines, SETTING_COUNT);
    assert_non_null(strstr(out.data, "| `base_url` (also `baseURL`, `api_base`, `endpoint`) | "
                                     "where `/chat/completions` hangs | "
                                     "`\"https://api.thegrid.ai/v1\"` |\n"));
    assert_non_null(strstr(out.data, "| `network.retries` | "));
    buffer_finish(&out);
    buffer_init(&out, 100);
    assert_int_not_equal(config_table_markdown(&out), 0);
}

/* The README's table of settings is this table. */
static void test_the_readme_has_each_row(void **state)
{
    struct buffer rows CLEANUP(buffer_finish);
    struct buffer readme CLEANUP(buffer_finish);
    FILE *file = fopen(*state, "r");
    char chunk[4096];
    size_t length;
    char *rest;

    assert_non_null(file);
    buffer_init(&rows, BUFFER_CAP);
    buffer_init(&readme, BUFFER_CAP);
    while ((length = fread(chunk, 1, sizeof(chunk), file)) > 0)
        assert_int_equal(buffer_append(&readme, chunk, length), 0);
    fclose(file);
    assert_int_equal(config_table_markdown(&rows), 0);
    rest = rows.data;
    for (char *row = strtok_r(rest, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest)) {
        if (!strstr(readme.data, row))
            fail_msg("this row is not in the README:\n%s", row);
    }
}

/* Called with the path of the README. */
int main(int argc, char **argv)
{
    char *readme = argc > 1 ? argv[1] : NULL;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_built_in_parameters_are_taken),
        cmocka_unit_test(test_a_project_may_set_these_only),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_lengths_are_bounded),
        cmocka_unit_test(test_wanted_says_the_bounds),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_nearest_setting),
        cmocka_unit_test(test_nearest_instrument),
        cmocka_unit_test(test_markdown_has_a_row_for_each),
        cmocka_unit_test_prestate(test_the_readme_has_each_row, readme),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
