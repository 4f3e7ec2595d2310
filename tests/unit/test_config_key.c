#include "tests/unit/config_fixture.h"

/* ---- base URL ------------------------------------------------------------------------------ */

static void test_base_url_is_repaired(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    set_clean(fixture, CONFIG_USER_FILE, "{\"endpoint\":\" https://api.thegrid.ai/ \"}");
    config = snapshot(fixture);
    assert_string_equal(config->base_url, GRID);
    assert_non_null(config->base_url_repairs);
    assert_true(config->base_url_is_explicit);
    assert_true(config->is_the_grid);
    assert_holds(printed(fixture), "base_url = \"https://api.thegrid.ai/v1\"  (user file; ");
}

static void test_base_url_that_cannot_be_used(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    set_clean(fixture, CONFIG_USER_FILE, "{\"api_base\":\"http://example.com/v1\"}");
    config = snapshot(fixture);
    assert_null(config->base_url);
    assert_holds(config->base_url_fault, "network.allow_http");
    assert_holds(config->base_url_fault, "user file");
    assert_false(config->is_the_grid);
    assert_holds(printed(fixture), "base_url = null  (user file; unusable: ");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"network\":{\"allow_http\":true}}");
    assert_string_equal(snapshot(fixture)->base_url, "http://example.com/v1");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"baseURL\":\"https://me:secret@example.com\"}");
    assert_null(snapshot(fixture)->base_url);
    assert_holds_not(printed(fixture), "secret@");
}

static void test_base_url_from_the_environment(void **state)
{
    struct fixture *fixture = *state;

    ENVIRONMENT(fixture, "OPENAI_API_BASE", "https://c.example/v1", "THEGRID_BASE_URL", "");
    assert_string_equal(snapshot(fixture)->base_url, "https://c.example/v1");
    assert_holds(printed(fixture), "(environment OPENAI_API_BASE)\n");
    ENVIRONMENT(fixture, "OPENAI_API_BASE", "https://c.example/v1", "OPENAI_BASE_URL",
                "https://b.example/v1");
    assert_string_equal(snapshot(fixture)->base_url, "https://b.example/v1");
    ENVIRONMENT(fixture, "OPENAI_BASE_URL", "https://b.example/v1", "THEGRID_BASE_URL",
                "https://a.example/v1");
    assert_string_equal(snapshot(fixture)->base_url, "https://a.example/v1");
    set_clean(fixture, CONFIG_USER_FILE, "{\"base_url\":\"https://file.example/v1\"}");
    assert_string_equal(snapshot(fixture)->base_url, "https://a.example/v1");
    ENVIRONMENT(fixture, "X", "");
    assert_string_equal(snapshot(fixture)->base_url, "https://file.example/v1");
}

static void test_instruments_of_the_grid_are_lower_case(void **state)
{
    struct fixture *fixture = *state;

    set_clean(fixture, CONFIG_USER_FILE, "{\"instruments\":{\"explain\":\"Code-Max\"}}");
    assert_string_equal(snapshot(fixture)->instruments[TASK_EXPLAIN], "code-max");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"base_url\":\"https://a.example/v1\"}");
    assert_string_equal(snapshot(fixture)->instruments[TASK_EXPLAIN], "Code-Max");
}

/* ---- keys ---------------------------------------------------------------------------------- */

#define BOTH_KEYS "THEGRID_API_KEY", "grid-key-1", "OPENAI_API_KEY", "open-key-1"

static void test_whose_key_is_used(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *variable; /* of the base URL; "": the user file's setting; NULL: none */
        const char *url;
        const char *both; /* the key used where both are set; NULL: none */
        const char *grid; /* where only THEGRID_API_KEY is */
        const char *open; /* where only OPENAI_API_KEY is */
    } rows[] = {
        {NULL, "", "grid-key-1", "grid-key-1", NULL},
        {"", GRID, "grid-key-1", "grid-key-1", NULL},
        {"", "https://api.openai.com/v1", "open-key-1", NULL, "open-key-1"},
        {"", "http://localhost:8080/v1", "grid-key-1", "grid-key-1", "open-key-1"},
        {"THEGRID_BASE_URL", GRID, "grid-key-1", "grid-key-1", NULL},
        {"THEGRID_BASE_URL", "https://mirror.example/v1", "grid-key-1", "grid-key-1",
         "open-key-1"},
        {"OPENAI_BASE_URL", "https://api.openai.com/v1", "open-key-1", NULL, "open-key-1"},
        {"OPENAI_API_BASE", "http://127.0.0.1:1/v1", "open-key-1", "grid-key-1", "open-key-1"},
        {"OPENAI_BASE_URL", GRID, "grid-key-1", "grid-key-1", NULL},
        {"OPENAI_BASE_URL", "https://thegrid.ai.evil.example/v1", "open-key-1", NULL,
         "open-key-1"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool in_file = rows[i].variable && rows[i].variable[0] == '\0';
        const char *variable = rows[i].variable && !in_file ? rows[i].variable : "X";
        char text[128] = "{}";

        if (in_file)
            snprintf(text, sizeof(text), "{\"base_url\":\"%s\"}", rows[i].url);
        set_clean(fixture, CONFIG_USER_FILE, text);
        for (int which = 0; which < 3; which++) {
            const char *grid = which == 2 ? "" : "grid-key-1";
            const char *open = which == 1 ? "" : "open-key-1";
            const char *expected[] = {rows[i].both, rows[i].grid, rows[i].open};
            const struct config *config;

            ENVIRONMENT(fixture, "THEGRID_API_KEY", grid, "OPENAI_API_KEY", open, variable,
                        rows[i].url);
            config = snapshot(fixture);
            if (!config->api_key != !expected[which] ||
                (config->api_key && strcmp(config->api_key, expected[which]) != 0))
                fail_msg("row %zu, %d: %s", i, which, config->api_key ? config->api_key : "none");
            assert_int_equal(config->key_kind, config->api_key ? CONFIG_KEY_TEXT : CONFIG_KEY_NONE);
            assert_int_equal(!config->key_withheld, !!config->api_key);
        }
    }
}

static void test_highest_layer_with_a_key(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    set_clean(fixture, CONFIG_USER_FILE,
              "{\"api_key_file\":\"~/key\",\"api_key_command\":[\"pass\",\"show\"]}");
    config = snapshot(fixture);
    assert_int_equal(config->key_kind, CONFIG_KEY_COMMAND);
    assert_int_equal(config->api_key_command.count, 2);
    assert_string_equal(config->api_key_command.items[1], "show");
    assert_string_equal(config->key_source, "user file");
    ENVIRONMENT(fixture, "THEGRID_API_KEY", "from-environment", "HOME", "/home/me");
    config = snapshot(fixture);
    assert_string_equal(config->api_key, "from-environment");
    assert_int_equal(config->api_key_command.count, 0);
    set_clean(fixture, CONFIG_CLIENT_OPTIONS, "{\"api_key_file\":\"~/key\"}");
    config = snapshot(fixture);
    assert_int_equal(config->key_kind, CONFIG_KEY_FILE);
    assert_string_equal(config->api_key_file, "/home/me/key");
    assert_null(config->api_key);
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"api_key\":\"k\",\"api_key_file\":\"/x\"}");
    config = snapshot(fixture);
    assert_string_equal(config->api_key, "k");
    assert_string_equal(config->key_source, "the editor's settings");
}

static void test_a_key_stays_with_its_provider(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    set_clean(fixture, CONFIG_USER_FILE, "{\"api_key\":\"grid-key-1\"}");
    ENVIRONMENT(fixture, "OPENAI_BASE_URL", "https://api.openai.com/v1");
    config = snapshot(fixture);
    assert_int_equal(config->key_kind, CONFIG_KEY_NONE);
    assert_null(config->key_fault);
    assert_string_equal(config->key_withheld, "user file");
    assert_holds(printed(fixture), "api_key = set (from user file), not used for this base URL\n");
    /* Meant for it after all: the same origin, The Grid, or this machine. */
    set_clean(fixture, CONFIG_USER_FILE,
              "{\"api_key\":\"k\",\"base_url\":\"https://api.openai.com/v2\"}");
    assert_string_equal(snapshot(fixture)->api_key, "k");
    set_clean(fixture, CONFIG_USER_FILE, "{\"api_key\":\"k\"}");
    ENVIRONMENT(fixture, "OPENAI_BASE_URL", "https://eu.thegrid.ai/v1");
    assert_string_equal(snapshot(fixture)->api_key, "k");
    ENVIRONMENT(fixture, "THEGRID_BASE_URL", "https://mirror.example/v1");
    assert_string_equal(snapshot(fixture)->api_key, "k");
    ENVIRONMENT(fixture, "OPENAI_BASE_URL", "http://127.0.0.1:9/v1");
    assert_string_equal(snapshot(fixture)->api_key, "k");
    /* A key beside or above the base URL was given with it in view. */
    ENVIRONMENT(fixture, "OPENAI_BASE_URL", "https://api.openai.com/v1");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"api_key\":\"mine\"}");
    assert_string_equal(snapshot(fixture)->api_key, "mine");
}

static void test_keys_are_cleaned(void **state)
{
    struct fixture *fixture = *state;
    static const char *const bad[] = {"sk-secret\nmore", "sk-secret more", "sk-secret\x01x",
                                      "sk-secret\xE2\x80\x8B", "sk-secret\x7f"};
    const struct config *config;

    ENVIRONMENT(fixture, "THEGRID_API_KEY", " \t sk-1\r\n");
    assert_string_equal(snapshot(fixture)->api_key, "sk-1");
    ENVIRONMENT(fixture, "THEGRID_API_KEY", " \n");
    assert_int_equal(snapshot(fixture)->key_kind, CONFIG_KEY_NONE);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ENVIRONMENT(fixture, "THEGRID_API_KEY", bad[i]);
        config = snapshot(fixture);
        assert_int_equal(config->key_kind, CONFIG_KEY_NONE);
        assert_null(config->api_key);
        assert_holds(config->key_fault, "The key (from THEGRID_API_KEY) has a ");
        assert_holds_not(config->key_fault, "secret");
        assert_holds(printed(fixture), "api_key = set (from THEGRID_API_KEY), unus");
        assert_holds_not(fixture->warnings.data, "sk-");
    }
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"api_key\":\"  \"}");
    assert_non_null(snapshot(fixture)->key_fault);
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"api_key\":\" good \"}");
    assert_string_equal(snapshot(fixture)->api_key, "good");
    assert_null(snapshot(fixture)->key_fault);
}

static void test_key_clean(void **state)
{
    char key[] = "\n  sk-1 \r\n";
    char blank[] = " \t\n";
    char empty[] = "";
    char *longer = malloc(CONFIG_KEY_MAX + 2);

    (void)state;
    assert_null(config_key_clean(key));
    assert_string_equal(key, "sk-1");
    assert_null(config_key_clean(blank));
    assert_string_equal(blank, "");
    assert_null(config_key_clean(empty));
    assert_non_null(longer);
    memset(longer, 'k', CONFIG_KEY_MAX + 1);
    longer[CONFIG_KEY_MAX + 1] = '\0';
    assert_non_null(config_key_clean(longer));
    longer[CONFIG_KEY_MAX] = '\0';
    assert_null(config_key_clean(longer));
    free(longer);
}

static void test_sandbox_overrules_all(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    ENVIRONMENT(fixture, BOTH_KEYS, "OPENAI_BASE_URL", "https://api.openai.com/v1");
    set_clean(fixture, CONFIG_COMMAND_LINE, "{\"base_url\":\"https://a.example/v1\","
                                            "\"api_key\":\"mine\"}");
    assert_int_equal(config_store_set_sandbox(fixture->store, "http://127.0.0.1:7/v1", "box-key"),
                     0);
    config = snapshot(fixture);
    assert_true(config->sandbox);
    assert_true(config->is_the_grid);
    assert_string_equal(config->base_url, "http://127.0.0.1:7/v1");
    assert_string_equal(config->api_key, "box-key");
    assert_holds(printed(fixture), "base_url = \"http://127.0.0.1:7/v1\"  (sandbox)\n"
                                   "api_key = set (from sandbox)\n");
    assert_int_equal(config_store_set_sandbox(fixture->store, NULL, NULL), 0);
    assert_string_equal(snapshot(fixture)->base_url, "https://a.example/v1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_base_url_is_repaired),
        TEST(test_base_url_that_cannot_be_used),
        TEST(test_base_url_from_the_environment),
        TEST(test_instruments_of_the_grid_are_lower_case),
        TEST(test_whose_key_is_used),
        TEST(test_highest_layer_with_a_key),
        TEST(test_a_key_stays_with_its_provider),
        TEST(test_keys_are_cleaned),
        TEST(test_key_clean),
        TEST(test_sandbox_overrules_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
