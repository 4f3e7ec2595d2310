#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "daemon/failure.h"
#include "protocol/utf8.h"

static int setup(void **state)
{
    struct config_store *store;

    assert_int_equal(config_store_create(&store), 0);
    *state = store;
    return 0;
}

static int teardown(void **state)
{
    config_store_destroy(*state);
    return 0;
}

static struct config *with(struct config_store *store, const char *settings)
{
    assert_int_equal(config_store_set_text(store, CONFIG_USER_FILE, "config.json", settings,
                                           strlen(settings), NULL), 0);
    struct config *config = config_store_snapshot(store);

    assert_non_null(config);
    return config;
}

static void assert_is_sentence(const char *text)
{
    size_t length = strlen(text);

    assert_true(length > 0);
    if (!strchr(".!?", text[length - 1]))
        fail_msg("no sentence: %s", text);
}

static void test_statuses(void **state)
{
    static const struct {
        long status;
        const char *body;
        const char *kind;
        bool is_transient;
    } rows[] = {
        {400, "{\"error\":{\"message\":\"bad\"}}", "upstream", false},
        {400, "{\"error\":{\"message\":\"rate limit exceeded\"}}", "rate_limited", true},
        {400, "{\"error\":{\"code\":\"content_filter\",\"message\":\"no\"}}", "filtered", false},
        {401, "{\"errors\":{\"detail\":\"Invalid key\"}}", "unauthorized", false},
        {402, "{}", "payment_required", false},
        {403, "", "unauthorized", false},
        {404, "{\"errors\":{\"detail\":\"no such instrument\"}}", "unknown_instrument", false},
        {408, "", "timeout", true},
        {413, "<html><title>413</title></html>", "upstream", false},
        {422, "{\"detail\":[{\"msg\":\"bad temperature\"}]}", "upstream", false},
        {429, "", "rate_limited", true},
        {429, "{\"error\":{\"type\":\"insufficient_quota\",\"message\":\"q\"}}", "payment_required",
         false},
        {446, "", "filtered", false},
        {500, "kaput", "upstream", true},
        {503, "", "upstream", true},
        {504, "", "timeout", true},
        {529, "", "upstream", true},
        {302, "", "upstream", false},
        {200, "{\"error\":{\"message\":\"broke\",\"code\":\"429\"}}", "rate_limited", true},
        {200, "{\"error\":\"broke\"}", "upstream", true},
    };
    struct config *config = with(*state, "{\"base_url\":\"https://example.org/v1\"}");

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct chat_error error;
        struct failure failure;

        chat_error_parse(&error, rows[i].body, strlen(rows[i].body));
        failure_from_response(&failure, config, "some-model", rows[i].status, &error, -1);
        if (strcmp(failure_kind_name(failure.kind), rows[i].kind) != 0)
            fail_msg("row %zu: %s", i, failure_kind_name(failure.kind));
        if (failure_is_transient(&failure) != rows[i].is_transient)
            fail_msg("row %zu: transient or not", i);
        assert_is_sentence(failure.message);
        assert_is_sentence(failure.hint);
    }
    config_unref(config);
}

static void test_the_wait_is_told(void **state)
{
    struct config *config = with(*state, "{}");
    struct failure failure;

    failure_from_response(&failure, config, "code-prime", 429, &(struct chat_error){0}, 61500);
    assert_int_equal(failure.retry_after_ms, 61500);
    assert_int_equal(failure.status, 429);
    assert_non_null(strstr(failure.hint, "62 s"));
    config_unref(config);
}

/* A name from another market: on The Grid the nearest of its own is named, elsewhere none is known. */
static void test_unknown_instruments(void **state)
{
    struct config *config = with(*state, "{}");
    struct failure failure;

    failure_from_response(&failure, config, "code-pirme", 404, &(struct chat_error){0}, -1);
    assert_non_null(strstr(failure.message, "code-pirme"));
    assert_non_null(strstr(failure.hint, "code-prime"));
    config_unref(config);
    config = with(*state, "{\"base_url\":\"http://127.0.0.1:1/v1\"}");
    failure_from_response(&failure, config, "code-pirme", 404, &(struct chat_error){0}, -1);
    assert_null(strstr(failure.hint, "code-prime"));
    config_unref(config);
}

static void test_settings(void **state)
{
    struct failure failure;
    struct config *config = with(*state, "{}");

    assert_true(failure_from_config(&failure, config));
    assert_int_equal(failure.kind, FAILURE_UNCONFIGURED);
    assert_non_null(strstr(failure.hint, "THEGRID_API_KEY"));
    config_unref(config);

    config = with(*state, "{\"base_url\":\"http://example.org/v1\",\"api_key\":\"abcdefgh\"}");
    assert_true(failure_from_config(&failure, config));
    config_unref(config);

    config = with(*state, "{\"api_key\":\"abc def ghi\"}");
    assert_true(failure_from_config(&failure, config));
    assert_null(strstr(failure.message, "def"));
    config_unref(config);

    config = with(*state, "{\"api_key\":\"abcdefgh\"}");
    assert_false(failure_from_config(&failure, config));
    config_unref(config);

    /* A server on this machine may need no key. */
    config = with(*state, "{\"base_url\":\"http://127.0.0.1:1/v1\"}");
    assert_false(failure_from_config(&failure, config));
    config_unref(config);
}

static void test_a_long_text_is_cut_between_characters(void **state)
{
    struct failure failure;
    char text[2000];

    (void)state;
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\xC3\xA9", 2);
    text[sizeof(text) - 2] = '\0';
    failure_set(&failure, FAILURE_NETWORK, NULL, "x%s", text);
    size_t length = strlen(failure.message);
    assert_in_range(length, 700, sizeof(failure.message) - 1);
    assert_true(utf8_is_valid(failure.message, length));
    assert_string_equal(failure.message + length - strlen("…"), "…");
    assert_string_equal(failure.hint, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_statuses),
        TEST(test_the_wait_is_told),
        TEST(test_unknown_instruments),
        TEST(test_settings),
        cmocka_unit_test(test_a_long_text_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
