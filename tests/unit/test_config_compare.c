#include "tests/unit/config_fixture.h"

/* What the upstream hears of, and what it never does. Each row differs from what is built in. */
static const struct row {
    const char *path, *json;
    bool is_heard;
} rows[] = {
    {"base_url", "\"https://example.org/v1\"", true},
    {"base_url", "\"http://example.org/v1\"", true}, /* one that cannot be used */
    {"api_key", "\"some-key-or-other\"", true},
    {"api_key", "\"a key that is none\"", true},
    {"api_key_command", "[\"pass\", \"key\"]", true},
    {"api_key_file", "\"~/key\"", true},
    {"instruments.completion", "\"text-max\"", true},
    {"instruments.commit", "\"text-max\"", true},
    {"parameters.completion.temperature", "0.7", true},
    {"parameters.explain.top_p", "0.5", true},
    {"parameters.explain.max_tokens", "77", true},
    {"parameters.refactor.stop", "[\"x\"]", true},
    {"parameters.refactor.reasoning_effort", "\"high\"", true},
    {"parameters.commit.seed", "1", true},
    {"parameters.commit.seed", "2", true},
    {"network.proxy", "\"http://127.0.0.1:1\"", true},
    {"network.ca_file", "\"/ca.pem\"", true},
    {"network.connect_timeout_ms", "100", true},
    {"network.idle_timeout_ms", "100", true},
    {"network.retries", "0", true},
    {"network.max_in_flight", "1", true},
    {"network.redirect_hosts", "[\"example.org\"]", true},
    {"network.allow_http", "true", true},
    {"completion.enabled", "false", false},
    {"completion.debounce_ms", "1", false},
    {"completion.menu", "true", false},
    {"explain.tools", "false", false},
    {"instructions", "\"Be kind.\"", false},
    {"answer_language", "\"fr\"", false},
    {"ignore", "[\"*.x\"]", false},
    {"privacy.redact_secrets", "false", false},
};

static struct config *with(struct fixture *fixture, const struct row *row)
{
    assert_int_equal(config_store_set_value(fixture->store, CONFIG_COMMAND_LINE, row->path,
                                            row->json, NULL), 0);
    struct config *config = config_store_snapshot(fixture->store);
    assert_non_null(config);
    assert_int_equal(config_store_set_value(fixture->store, CONFIG_COMMAND_LINE, row->path, "null",
                                            NULL), 0);
    return config;
}

static void each_setting_is_heard_or_not(void **state)
{
    struct fixture *fixture = *state;
    struct config *built_in = config_store_snapshot(fixture->store);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config *other = with(fixture, &rows[i]);

        if (config_asks_alike(built_in, other) == rows[i].is_heard ||
            config_asks_alike(other, built_in) == rows[i].is_heard)
            fail_msg("%s: %s", rows[i].path, rows[i].json);
        config_unref(other);
    }
    config_unref(built_in);
}

static void two_values_of_one_setting_differ(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 1; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i - 1].path, rows[i].path) != 0)
            continue;
        struct config *first = with(fixture, &rows[i - 1]);
        struct config *second = with(fixture, &rows[i]);

        assert_false(config_asks_alike(first, second));
        config_unref(first);
        config_unref(second);
    }
}

/* The same said twice, in whatever layer, is the same. */
static void what_is_said_again_is_alike(void **state)
{
    static const char text[] = "{\"api_key\":\"some-key-or-other\",\"parameters\":{\"explain\":"
                               "{\"seed\":1,\"stop\":[\"x\"]}}}";
    struct fixture *fixture = *state;

    set_clean(fixture, CONFIG_CLIENT_OPTIONS, text);
    struct config *first = config_store_snapshot(fixture->store);
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, text);
    struct config *second = config_store_snapshot(fixture->store);

    assert_ptr_not_equal(first, second);
    assert_true(config_asks_alike(first, second));
    config_unref(first);
    config_unref(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_setting_is_heard_or_not),
        TEST(two_values_of_one_setting_differ),
        TEST(what_is_said_again_is_alike),
    };

    return cmocka_run_group_tests_name("config_compare", tests, NULL, NULL);
}
