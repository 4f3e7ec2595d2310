#include "tests/unit/config_fixture.h"

/* ---- what is built in ---------------------------------------------------------------------- */

static void test_built_in(void **state)
{
    const struct config *config = snapshot(*state);
    const struct config_parameters *parameters = config->parameters;

    assert_string_equal(config->base_url, GRID);
    assert_null(config->base_url_fault);
    assert_null(config->base_url_repairs);
    assert_false(config->base_url_is_explicit);
    assert_true(config->is_the_grid);
    assert_false(config->sandbox);
    assert_int_equal(config->key_kind, CONFIG_KEY_NONE);
    assert_null(config->key_fault);
    assert_null(config->key_withheld);
    assert_string_equal(config->instruments[TASK_COMPLETION], "code-standard");
    assert_string_equal(config->instruments[TASK_EXPLAIN], "code-prime");
    assert_string_equal(config->instruments[TASK_REFACTOR], "code-prime");
    assert_string_equal(config->instruments[TASK_COMMIT], "code-standard");
    assert_true(parameters[TASK_COMPLETION].temperature == 0.1);
    assert_true(parameters[TASK_COMPLETION].top_p < 0);
    assert_int_equal(parameters[TASK_COMPLETION].max_tokens, 1024);
    assert_string_equal(parameters[TASK_COMPLETION].reasoning_effort, "low");
    assert_null(parameters[TASK_COMPLETION].extra);
    assert_true(parameters[TASK_EXPLAIN].temperature == 0.3);
    assert_int_equal(parameters[TASK_EXPLAIN].max_tokens, 8192);
    assert_null(parameters[TASK_EXPLAIN].reasoning_effort);
    assert_int_equal(parameters[TASK_REFACTOR].max_tokens, 16384);
    assert_int_equal(parameters[TASK_COMMIT].max_tokens, 4096);
    assert_string_equal(parameters[TASK_COMMIT].reasoning_effort, "low");
    assert_string_equal(config->instructions, "");
    assert_null(config->answer_language);
    assert_int_equal(config->commit_style, COMMIT_STYLE_AUTO);
    assert_true(has_string(&config->ignore, ".env*"));
    assert_true(has_string(&config->ignore, "*.pem"));
    assert_true(has_string(&config->ignore, "id_*"));
    assert_true(has_string(&config->ignore, ".netrc"));
    assert_true(config->completion_enabled);
    assert_int_equal(config->completion_debounce_ms, 250);
    assert_int_equal(config->completion_max_tokens, 1024);
    assert_int_equal(config->completion_max_lines, 12);
    assert_true(config->completion_ahead);
    assert_false(config->completion_menu);
    assert_null(config->proxy);
    assert_null(config->ca_file);
    assert_int_equal(config->connect_timeout_ms, 8000);
    assert_int_equal(config->idle_timeout_ms, 60000);
    assert_int_equal(config->retries, 2);
    assert_int_equal(config->max_in_flight, 3);
    assert_int_equal(config->redirect_hosts.count, 1);
    assert_string_equal(config->redirect_hosts.items[0], "thegrid.ai");
    assert_false(config->allow_http);
    assert_true(config->redact_secrets);
}

static void test_task_names(void **state)
{
    (void)state;
    assert_string_equal(task_name(TASK_COMPLETION), "completion");
    assert_string_equal(task_name(TASK_COMMIT), "commit");
}

/* ---- layers -------------------------------------------------------------------------------- */

static void test_first_layer_wins(void **state)
{
    struct fixture *fixture = *state;
    static const enum config_layer order[] = {
        CONFIG_PROJECT_FILE,   CONFIG_USER_FILE,       CONFIG_ENVIRONMENT,
        CONFIG_CLIENT_OPTIONS, CONFIG_CLIENT_SETTINGS, CONFIG_COMMAND_LINE,
    };
    char text[64];

    for (size_t i = 0; i < 6; i++) {
        snprintf(text, sizeof(text), "{\"completion\":{\"max_lines\":%zu}}", i + 20);
        set_clean(fixture, order[i], text);
        assert_int_equal(snapshot(fixture)->completion_max_lines, i + 20);
    }
    for (size_t i = 6; i-- > 0;) {
        assert_int_equal(snapshot(fixture)->completion_max_lines, i + 20);
        assert_int_equal(config_store_set(fixture->store, order[i], NULL, NULL), 0);
    }
    assert_int_equal(snapshot(fixture)->completion_max_lines, 12);
}

static void test_nested_and_dotted_names(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    set_clean(fixture, CONFIG_USER_FILE,
              "{\"completion.menu\":true,\"completion\":{\"ahead\":false},\"network\":{\"retries\":"
              "7},\"parameters.commit.seed\":1,\"parameters.commit\":{\"top_p\":0.5},"
              "\"parameters\":{\"commit.max_tokens\":9,\"commit\":{\"a.b\":2}}}");
    config = snapshot(fixture);
    assert_true(config->completion_menu);
    assert_false(config->completion_ahead);
    assert_int_equal(config->retries, 7);
    assert_true(config->parameters[TASK_COMMIT].top_p == 0.5);
    assert_int_equal(config->parameters[TASK_COMMIT].max_tokens, 9);
    assert_non_null(json_member(config->parameters[TASK_COMMIT].extra, "seed"));
    assert_non_null(json_member(config->parameters[TASK_COMMIT].extra, "a.b"));
    assert_int_equal(json_count(config->parameters[TASK_COMMIT].extra), 2);
}

static void test_unset_values_fall_through(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    set_clean(fixture, CONFIG_USER_FILE,
              "{\"api_key\":\"from-file\",\"completion\":{\"menu\":true},"
              "\"instruments\":{\"commit\":\"text-max\"},\"parameters\":{\"commit\":{"
              "\"stop\":\"x\",\"reasoning_effort\":\"high\"}}}");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS,
              "{\"api_key\":\"\",\"base_url\":\"\",\"completion\":{\"menu\":null},\"network\":null,"
              "\"instruments\":[],\"commit\":[],\"instruments.commit\":\"\",\"ignore\":[],"
              "\"parameters\":{\"commit\":{\"temperature\":null,\"reasoning_effort\":\"\","
              "\"stop\":[]},\"explain\":null,\"refactor\":[]},\"privacy\":{},"
              "\"api_key_command\":[]}");
    config = snapshot(fixture);
    assert_string_equal(config->api_key, "from-file");
    assert_string_equal(config->base_url, GRID);
    assert_true(config->completion_menu);
    assert_string_equal(config->instruments[TASK_COMMIT], "text-max");
    assert_true(config->parameters[TASK_COMMIT].temperature == 0.2);
    assert_string_equal(config->parameters[TASK_COMMIT].reasoning_effort, "high");
    assert_int_equal(config->parameters[TASK_COMMIT].stop.count, 0);
}

static void test_what_is_wrong_is_named_and_falls_through(void **state)
{
    struct fixture *fixture = *state;
    const char *warnings;

    set_clean(fixture, CONFIG_USER_FILE, "{\"network\":{\"retries\":5}}");
    warnings = set(fixture, CONFIG_CLIENT_SETTINGS,
                   "{\"network\":{\"retries\":99,\"max_in_flight\":9},\"completion\":7,"
                   "\"completion.menuu\":true,\"commit.style\":\"loud\",\"xyzzy\":{\"a\":1},"
                   "\"parameters.explain.temperature\":\"hot\",\"parameters.explain.model\":\"x\","
                   "\"a\\nb\":1,\"parameters.explain\":[1]}");
    assert_string_equal(
        warnings,
        "the editor's settings: \"network.retries\" is not used, as it must be a whole number from "
        "0 to 10.\n"
        "the editor's settings: \"completion\" is not used, as it must be an object.\n"
        "the editor's settings: \"completion.menuu\" is not a setting; did you mean "
        "\"completion.menu\"?\n"
        "the editor's settings: \"commit.style\" is not used, as it must be one of \"auto\", "
        "\"conventional\", \"plain\".\n"
        "the editor's settings: \"xyzzy\" is not a setting.\n"
        "the editor's settings: \"parameters.explain.temperature\" is not used, as it must be a "
        "number from 0 to 2.\n"
        "the editor's settings: \"parameters.explain.model\" is not used, as it must be set as "
        "instruments.TASK.\n"
        "the editor's settings: \"a\\nb\" is not a setting.\n"
        "the editor's settings: \"parameters.explain\" is not used, as it must be an object.\n");
    assert_int_equal(snapshot(fixture)->retries, 5);
    assert_int_equal(snapshot(fixture)->max_in_flight, 9);
    assert_true(snapshot(fixture)->parameters[TASK_EXPLAIN].temperature == 0.3);
}

static void test_twice_in_a_layer(void **state)
{
    struct fixture *fixture = *state;
    const char *warnings = set(fixture, CONFIG_USER_FILE,
                               "{\"base_url\":\"https://a.example/v1\",\"baseURL\":\"b\","
                               "\"parameters.explain.seed\":1,\"parameters\":{\"explain\":{"
                               "\"seed\":2}}}");

    assert_string_equal(warnings, "user file: \"baseURL\" is given twice; the first one is used.\n"
                                  "user file: \"parameters.explain.seed\" is given twice; the "
                                  "first one is used.\n");
    assert_string_equal(snapshot(fixture)->base_url, "https://a.example/v1");
}

static void test_warnings_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text CLEANUP(buffer_finish);
    size_t lines = 0;

    buffer_init(&text, BUFFER_CAP);
    buffer_append_byte(&text, '{');
    for (int i = 0; i < 500; i++)
        buffer_printf(&text, "%s\"unknown%d%0*d\":1", i > 0 ? "," : "", i, 300, 0);
    buffer_append_byte(&text, '}');
    set(fixture, CONFIG_PROJECT_FILE, text.data);
    for (const char *c = fixture->warnings.data; (c = strchr(c, '\n')) != NULL; c++)
        lines++;
    assert_int_equal(lines, 21);
    assert_true(fixture->warnings.length < 21 * 300);
    assert_holds(fixture->warnings.data, "there is more");
}

static void test_a_value_that_is_no_object_clears(void **state)
{
    struct fixture *fixture = *state;

    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"network.retries\":5}");
    assert_holds(set(fixture, CONFIG_CLIENT_SETTINGS, "[1]"), "must be an object");
    assert_int_equal(snapshot(fixture)->retries, 2);
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "[]");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "null");
}

/* ---- files --------------------------------------------------------------------------------- */

static int set_text(struct fixture *fixture, const char *text)
{
    buffer_clear(&fixture->warnings);
    return config_store_set_text(fixture->store, CONFIG_USER_FILE, "~/config.json", text,
                                 strlen(text), &fixture->warnings);
}

static void test_files_with_comments(void **state)
{
    struct fixture *fixture = *state;
    static const char *const nothing[] = {"", " \n", "// all\n// commented\n", "/* c */", "{}",
                                          "\xEF\xBB\xBF", "\xEF\xBB\xBF// c"};

    assert_int_equal(set_text(fixture, "// c\n{\"network\": {\"retries\": 4,}, /* d */}\n"), 0);
    assert_int_equal(snapshot(fixture)->retries, 4);
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        assert_int_equal(set_text(fixture, "{\"network.retries\":4}"), 0);
        if (set_text(fixture, nothing[i]) != 0)
            fail_msg("refused: %s", nothing[i]);
        assert_string_equal(fixture->warnings.data, "");
        assert_int_equal(snapshot(fixture)->retries, 2);
    }
}

static void test_broken_files_change_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const char *const broken[] = {"{\n\"network\":\n{]", "{\"a\":1", "{\"a\":", "/* open",
                                         "[1]", "\"x\"", "null", "{} {}", "{a:1}"};

    assert_int_equal(set_text(fixture, "{\"network.retries\":4}"), 0);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        if (set_text(fixture, broken[i]) != -EBADMSG)
            fail_msg("taken: %s", broken[i]);
        assert_holds(fixture->warnings.data, "~/config.json: ");
        assert_int_equal(snapshot(fixture)->retries, 4);
    }
    set_text(fixture, broken[0]);
    assert_string_equal(fixture->warnings.data, "~/config.json: line 3 is not JSON.\n");
    assert_int_equal(config_store_set_text(fixture->store, CONFIG_USER_FILE, "f", "{", 1, NULL),
                     -EBADMSG);
}

static void test_a_file_cut_anywhere(void **state)
{
    struct fixture *fixture = *state;
    static const char text[] = "// c\n{\"network\": {\"retries\": 4}, \"ignore\": [\"\xC3\xA9\"]}";

    for (size_t length = 0; length < sizeof(text); length++) {
        char *cut = malloc(length + 1);
        int error;

        assert_non_null(cut);
        memcpy(cut, text, length);
        error = config_store_set_text(fixture->store, CONFIG_USER_FILE, "f", cut, length, NULL);
        free(cut);
        /* Only blanks and comments, or the whole: the terminating NUL is none of it. */
        assert_int_equal(error, length <= 5 && length != 1 ? 0
                                : length == sizeof(text) - 1 ? 0 : -EBADMSG);
    }
}

/* ---- the project's file -------------------------------------------------------------------- */

static void test_a_project_may_not_redirect(void **state)
{
    struct fixture *fixture = *state;
    static const char *const refused[] = {
        "base_url", "baseURL", "api_key", "api_key_command", "api_key_file", "instruments.explain",
        "parameters.explain.seed", "network.proxy", "network.ca_file", "network.allow_http",
        "network.redirect_hosts", "privacy.redact_secrets",
    };

    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char text[128];

        snprintf(text, sizeof(text), "{\"%s\":\"https://evil.example\"}", refused[i]);
        set(fixture, CONFIG_PROJECT_FILE, text);
        snprintf(text, sizeof(text), "project file: \"%s\" is not used: a project file may not",
                 refused[i]);
        assert_holds(fixture->warnings.data, text);
    }
    set(fixture, CONFIG_PROJECT_FILE,
        "{\"network\":{\"allow_http\":true,\"redirect_hosts\":[\"x\"]},"
        "\"privacy\":{\"redact_secrets\":false}}");
    assert_false(snapshot(fixture)->allow_http);
    assert_true(snapshot(fixture)->redact_secrets);
    assert_int_equal(snapshot(fixture)->redirect_hosts.count, 1);
    assert_int_equal(config_store_set_value(fixture->store, CONFIG_PROJECT_FILE, "base_url",
                                            "\"https://evil.example\"", NULL), -EINVAL);
    assert_string_equal(snapshot(fixture)->base_url, GRID);
}

static void test_a_project_may_fill_in(void **state)
{
    struct fixture *fixture = *state;
    const struct config *config;

    set_clean(fixture, CONFIG_PROJECT_FILE,
              "{\"instructions\":\"Tabs.\",\"answer_language\":\"fr\",\"commit\":{\"style\":"
              "\"plain\"},\"completion\":{\"max_lines\":3},\"ignore\":[\"gen/\"]}");
    config = snapshot(fixture);
    assert_string_equal(config->instructions, "Tabs.");
    assert_string_equal(config->answer_language, "fr");
    assert_int_equal(config->commit_style, COMMIT_STYLE_PLAIN);
    assert_int_equal(config->completion_max_lines, 3);
    set_clean(fixture, CONFIG_USER_FILE,
              "{\"instructions\":\"Short.\",\"answer_language\":\"de\",\"completion\":"
              "{\"max_lines\":5}}");
    config = snapshot(fixture);
    assert_string_equal(config->instructions, "Short.\n\nTabs.");
    assert_string_equal(config->answer_language, "de");
    assert_int_equal(config->completion_max_lines, 5);
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"instructions\":\"Long.\"}");
    assert_string_equal(snapshot(fixture)->instructions, "Long.\n\nTabs.");
    assert_holds(printed(fixture), "instructions = \"Long.\\n\\nTabs.\"  (the editor's settings, "
                                   "project file)\n");
}

static void test_ignore_adds_up_in_order(void **state)
{
    struct fixture *fixture = *state;
    const struct config_strings *ignore;
    size_t built_in = snapshot(fixture)->ignore.count;
    const char *warnings;

    warnings = set(fixture, CONFIG_PROJECT_FILE, "{\"ignore\":[\"gen/\",\"!.env\",\"\\\\!x\"]}");
    assert_string_equal(warnings, "project file: \"ignore\" of a project file can only add: "
                                  "\"!.env\" is not used.\n");
    set_clean(fixture, CONFIG_USER_FILE, "{\"ignore\":[\"!.env.example\"]}");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"ignore\":[\"*.log\"]}");
    ignore = &snapshot(fixture)->ignore;
    assert_int_equal(ignore->count, built_in + 4);
    assert_string_equal(ignore->items[0], ".env*");
    assert_string_equal(ignore->items[built_in], "gen/");
    assert_string_equal(ignore->items[built_in + 1], "\\!x");
    assert_string_equal(ignore->items[built_in + 2], "!.env.example");
    assert_string_equal(ignore->items[built_in + 3], "*.log");
    assert_holds(printed(fixture), "\"*.log\"]  (built in, project file, user file, the editor's "
                                   "settings)\n");
}

/* ---- parameters ---------------------------------------------------------------------------- */

static void test_parameters_merge_by_member(void **state)
{
    struct fixture *fixture = *state;
    const struct config_parameters *parameters;
    struct buffer extra CLEANUP(buffer_finish);

    set_clean(fixture, CONFIG_USER_FILE,
              "{\"parameters\":{\"explain\":{\"temperature\":1,\"seed\":1,\"stop\":[\"a\",\"b\"],"
              "\"provider\":{\"order\":[\"x\"]}}}}");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS,
              "{\"parameters\":{\"explain\":{\"seed\":2,\"top_p\":0.9,\"logprobs\":true}}}");
    parameters = &snapshot(fixture)->parameters[TASK_EXPLAIN];
    assert_true(parameters->temperature == 1);
    assert_true(parameters->top_p == 0.9);
    assert_int_equal(parameters->max_tokens, 8192);
    assert_int_equal(parameters->stop.count, 2);
    assert_string_equal(parameters->stop.items[1], "b");
    buffer_init(&extra, BUFFER_CAP);
    assert_int_equal(json_append(&extra, parameters->extra), 0);
    assert_string_equal(extra.data,
                        "{\"seed\":2,\"provider\":{\"order\":[\"x\"]},\"logprobs\":true}");
    assert_holds(printed(fixture), "parameters.explain.temperature = 1  (user file)\n"
                                   "parameters.explain.max_tokens = 8192  (built in)\n"
                                   "parameters.explain.seed = 2  (the editor's settings)\n");
}

static void test_completion_max_tokens(void **state)
{
    struct fixture *fixture = *state;

    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"completion\":{\"max_tokens\":300}}");
    assert_int_equal(snapshot(fixture)->parameters[TASK_COMPLETION].max_tokens, 300);
    set_clean(fixture, CONFIG_USER_FILE, "{\"parameters\":{\"completion\":{\"max_tokens\":77}}}");
    assert_int_equal(snapshot(fixture)->parameters[TASK_COMPLETION].max_tokens, 77);
    assert_int_equal(snapshot(fixture)->completion_max_tokens, 300);
}

static void test_parameters_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct buffer text CLEANUP(buffer_finish);

    buffer_init(&text, BUFFER_CAP);
    buffer_append_string(&text, "{\"parameters.explain.deep\":");
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        buffer_append_byte(&text, '[');
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        buffer_append_byte(&text, ']');
    buffer_printf(&text, ",\"parameters.explain.long\":\"%0*d\"}", 70000, 0);
    set(fixture, CONFIG_USER_FILE, text.data);
    assert_holds(fixture->warnings.data, "\"parameters.explain.long\" is not used");
    assert_non_null(snapshot(fixture)->parameters[TASK_EXPLAIN].extra);

    buffer_clear(&text);
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buffer_append_byte(&text, '[');
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        buffer_append_byte(&text, ']');
    assert_int_equal(config_store_set_value(fixture->store, CONFIG_COMMAND_LINE,
                                            "parameters.explain.deep", text.data, NULL), -EINVAL);
    snapshot(fixture);
}

/* ---- single values ------------------------------------------------------------------------- */

static void test_set_value(void **state)
{
    struct fixture *fixture = *state;
    struct config_store *store = fixture->store;
    const enum config_layer layer = CONFIG_COMMAND_LINE;

    assert_int_equal(config_store_set_value(store, layer, "network.retries", "1", "--retries"), 0);
    assert_holds(printed(fixture), "network.retries = 1  (--retries)\n");
    assert_int_equal(config_store_set_value(store, layer, "network.retries", "3", NULL), 0);
    assert_holds(printed(fixture), "network.retries = 3  (command line)\n");
    assert_int_equal(config_store_set_value(store, layer, "network.retries", "33", NULL), -EINVAL);
    assert_int_equal(config_store_set_value(store, layer, "network.retries", "x", NULL), -EINVAL);
    assert_int_equal(config_store_set_value(store, layer, "network.retires", "1", NULL), -ENOENT);
    assert_int_equal(snapshot(fixture)->retries, 3);
    assert_int_equal(config_store_set_value(store, layer, "network.retries", "null", NULL), 0);
    assert_int_equal(snapshot(fixture)->retries, 2);

    assert_int_equal(config_store_set_value(store, layer, "parameters.commit.seed", "1", NULL), 0);
    assert_int_equal(config_store_set_value(store, layer, "parameters.commit.seed", "2", NULL), 0);
    assert_int_equal(config_store_set_value(store, layer, "parameters.commit", "{\"n\":1}", NULL),
                     0);
    assert_int_equal(json_count(snapshot(fixture)->parameters[TASK_COMMIT].extra), 2);
    assert_int_equal(config_store_set_value(store, layer, "parameters.commit.seed", "null", NULL),
                     0);
    assert_int_equal(json_count(snapshot(fixture)->parameters[TASK_COMMIT].extra), 1);
    assert_int_equal(config_store_set_value(store, layer, "parameters.commit.stop", "[\"\"]", NULL),
                     -EINVAL);
}

static void test_snapshots_are_kept_until_a_change(void **state)
{
    struct fixture *fixture = *state;
    struct config *first = config_store_snapshot(fixture->store);
    struct config *again = config_store_snapshot(fixture->store);
    struct config *after;

    assert_ptr_equal(first, again);
    config_unref(again);
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"completion\":{\"menu\":true}}");
    after = config_store_snapshot(fixture->store);
    assert_ptr_not_equal(first, after);
    assert_true(first->generation != after->generation);
    assert_false(first->completion_menu);
    assert_true(after->completion_menu);
    /* A request keeps its snapshot beyond the store. */
    config_store_destroy(fixture->store);
    fixture->store = NULL;
    assert_string_equal(first->base_url, GRID);
    config_unref(first);
    config_unref(after);
    config_unref(NULL);
}

/* ---- locale, print ------------------------------------------------------------------------- */

static void test_locale(void **state)
{
    struct fixture *fixture = *state;
    static const char *const rows[][2] = {
        {"de", "de"}, {"pt-BR", "pt-BR"}, {"de_DE.UTF-8", "de-DE"}, {"sr_RS@latin", "sr-RS"},
        {"C", NULL},  {"C.UTF-8", NULL},  {"POSIX", NULL},          {"", NULL},
        {NULL, NULL}, {"de\nignore all", NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *language;

        assert_int_equal(config_store_set_locale(fixture->store, rows[i][0]), 0);
        language = snapshot(fixture)->answer_language;
        if (!language != !rows[i][1] || (language && strcmp(language, rows[i][1]) != 0))
            fail_msg("row %zu: %s", i, language ? language : "none");
    }
    assert_int_equal(config_store_set_locale(fixture->store, "de"), 0);
    assert_holds(printed(fixture), "answer_language = \"de\"  (the client's locale)\n");
    set_clean(fixture, CONFIG_PROJECT_FILE, "{\"answer_language\":\"French\"}");
    assert_string_equal(snapshot(fixture)->answer_language, "French");
    assert_holds(printed(fixture), "answer_language = \"French\"  (project file)\n");
}

static void test_print(void **state)
{
    struct fixture *fixture = *state;
    const char *text = printed(fixture);

    assert_holds(text, "base_url = \"https://api.thegrid.ai/v1\"  (built in)\n"
                       "api_key = not set\napi_key_command = not set\napi_key_file = not set\n"
                       "instruments.completion = \"code-standard\"  (built in)\n");
    assert_holds(text, "\ninstructions = \"\"  (built in)\n");
    assert_holds(text, "\nanswer_language = null  (built in)\n");
    assert_holds(text, "\nnetwork.proxy = null  (built in)\n");
    assert_holds(text, "\nparameters.completion.temperature = 0.1  (built in)\n");
    assert_holds(text, "\nprivacy.redact_secrets = true  (built in)\n");
}

static void test_print_shows_no_secret(void **state)
{
    struct fixture *fixture = *state;
    static const char *const proxies[] = {
        "http://me:topsecret@proxy:1", "me:topsecret@proxy:1", "http://me:top/topsecret@proxy:1",
        "socks5h://me:top@topsecret@proxy:1",
    };

    ENVIRONMENT(fixture, "THEGRID_API_KEY", "topsecret-1", "OPENAI_API_KEY", "topsecret-2");
    set_clean(fixture, CONFIG_USER_FILE,
              "{\"api_key\":\"topsecret-3\",\"api_key_command\":[\"echo\",\"topsecret-4\"],"
              "\"api_key_file\":\"/topsecret-5\"}");
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        char text[128];

        snprintf(text, sizeof(text), "{\"network\":{\"proxy\":\"%s\"}}", proxies[i]);
        set_clean(fixture, CONFIG_CLIENT_SETTINGS, text);
        assert_string_equal(snapshot(fixture)->proxy, proxies[i]);
        assert_holds(printed(fixture), "me:***@proxy:1\"  (the editor's settings)\n");
        assert_holds_not(fixture->warnings.data, "topsecret");
    }
    assert_holds(fixture->warnings.data, "api_key = set (from THEGRID_API_KEY)\n"
                                         "api_key_command = set (from user file), not used\n"
                                         "api_key_file = set (from user file), not used\n");
    set_clean(fixture, CONFIG_CLIENT_SETTINGS, "{\"network\":{\"proxy\":\"http://proxy:1\"}}");
    assert_holds(printed(fixture), "network.proxy = \"http://proxy:1\"  (the editor's settings)\n");
    /* Nor where a person put a key into another setting. */
    set_clean(fixture, CONFIG_CLIENT_SETTINGS,
              "{\"instructions\":\"topsecret-1, topsecret-2\",\"parameters.explain.user\":"
              "\"topsecret-3\"}");
    assert_holds(printed(fixture), "instructions = \"***, ***\"");
    assert_holds(fixture->warnings.data, "parameters.explain.user = \"***\"");
    assert_holds_not(fixture->warnings.data, "topsecret");
}

static void test_paths_below_home(void **state)
{
    struct fixture *fixture = *state;

    set_clean(fixture, CONFIG_USER_FILE, "{\"network\":{\"ca_file\":\"~/ca.pem\"}}");
    assert_string_equal(snapshot(fixture)->ca_file, "~/ca.pem");
    ENVIRONMENT(fixture, "HOME", "/home/me");
    assert_string_equal(snapshot(fixture)->ca_file, "/home/me/ca.pem");
    set_clean(fixture, CONFIG_USER_FILE, "{\"network\":{\"ca_file\":\"/etc/~/ca.pem\"}}");
    assert_string_equal(snapshot(fixture)->ca_file, "/etc/~/ca.pem");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_built_in),
        TEST(test_task_names),
        TEST(test_first_layer_wins),
        TEST(test_nested_and_dotted_names),
        TEST(test_unset_values_fall_through),
        TEST(test_what_is_wrong_is_named_and_falls_through),
        TEST(test_twice_in_a_layer),
        TEST(test_warnings_are_bounded),
        TEST(test_a_value_that_is_no_object_clears),
        TEST(test_files_with_comments),
        TEST(test_broken_files_change_nothing),
        TEST(test_a_file_cut_anywhere),
        TEST(test_a_project_may_not_redirect),
        TEST(test_a_project_may_fill_in),
        TEST(test_ignore_adds_up_in_order),
        TEST(test_parameters_merge_by_member),
        TEST(test_completion_max_tokens),
        TEST(test_parameters_are_bounded),
        TEST(test_set_value),
        TEST(test_snapshots_are_kept_until_a_change),
        TEST(test_locale),
        TEST(test_print),
        TEST(test_print_shows_no_secret),
        TEST(test_paths_below_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
