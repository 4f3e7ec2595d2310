#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/chat.h"

/* Writes what was read as "id/context/output " for each model. */
static int parse(const char *body, struct buffer *out)
{
    struct chat_model *models;
    size_t count;
    int rc = chat_models_parse(body, strlen(body), &models, &count);

    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, "%s/%lld/%lld ", models[i].id, (long long)models[i].context_length,
                      (long long)models[i].max_output);
    }
    free(models);
    return rc;
}

static void check(const char *body, const char *wanted)
{
    struct buffer out CLEANUP(buffer_finish);

    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(parse(body, &out), 0);
    assert_string_equal(out.data, wanted);
}

static void reads_lists(void **state)
{
    (void)state;
    check("{\"object\":\"list\",\"data\":[{\"id\":\"code-prime\",\"context_length\":196608,"
          "\"max_completion_tokens\":131072},{\"id\":\"text-max\"}]}",
          "code-prime/196608/131072 text-max/0/0 ");
    check("[{\"id\":\"a\",\"max_model_len\":8192}]", "a/8192/0 ");
    check("{\"models\":[{\"name\":\"tiny\"}]}", "tiny/0/0 ");
    check("{\"models\":[{\"name\":\"x\"}],\"data\":[{\"id\":\"y\",\"meta\":{\"n_ctx\":4096}}]}",
          "y/4096/0 ");
    check("{\"data\":[{\"id\":\"r\",\"context_length\":null,\"top_provider\":{\"context_length\":"
          "9,\"max_completion_tokens\":3}}]}",
          "r/9/3 ");
    check("{\"data\":[]}", "");
    const char input[] = "{\"data\":[{\"id\":\"a\",\"max_input_tokens\":120000},{\"id\":\"b\"}]}";
    struct chat_model *models;
    size_t count;

    assert_int_equal(chat_models_parse(input, strlen(input), &models, &count), 0);
    assert_int_equal(models[0].max_input, 120000);
    assert_int_equal(models[1].max_input, 0);
    free(models);
}

static void reads_efforts(void **state)
{
    static const char body[] =
        "{\"data\":[{\"id\":\"a\",\"reasoning\":{\"supported_efforts\":[\"high\",\"low\",\"new\",1,"
        "null]}},{\"id\":\"b\",\"reasoning\":{\"supported_efforts\":\"low\"}},{\"id\":\"c\","
        "\"reasoning\":true}]}";
    struct chat_model *models;
    size_t count;

    (void)state;
    assert_int_equal(chat_models_parse(body, strlen(body), &models, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(models[0].efforts, CHAT_EFFORT_LOW | CHAT_EFFORT_HIGH);
    assert_int_equal(models[1].efforts, 0);
    assert_int_equal(models[2].efforts, 0);
    free(models);
    assert_int_equal(chat_effort_from_name("none"), CHAT_EFFORT_NONE);
    assert_int_equal(chat_effort_from_name("xhigh"), CHAT_EFFORT_XHIGH);
    assert_int_equal(chat_effort_from_name("None"), 0);
    assert_string_equal(chat_effort_name(CHAT_EFFORT_MINIMAL), "minimal");
    assert_null(chat_effort_name(0));
    assert_null(chat_effort_name(CHAT_EFFORT_LOW | CHAT_EFFORT_HIGH));
    assert_null(chat_effort_name(1u << 6));
}

static void passes_over_what_is_no_model(void **state)
{
    (void)state;
    check("{\"data\":[null,1,\"s\",[],{},{\"id\":\"\"},{\"id\":7},{\"id\":\"a\\u0000b\"},"
          "{\"id\":\"ok\",\"context_length\":\"many\",\"max_completion_tokens\":-1}]}",
          "ok/0/0 ");
}

static void caps_ids_and_count(void **state)
{
    struct buffer body CLEANUP(buffer_finish);
    struct chat_model *models;
    size_t count;

    (void)state;
    buffer_init(&body, BUFFER_CAP);
    buffer_printf(&body, "{\"data\":[{\"id\":\"%0128d\"},{\"id\":\"%0127d\"}", 1, 2);
    for (int i = 0; i < 600; i++) {
        buffer_printf(&body, ",{\"id\":\"m%d\"}", i);
    }
    buffer_append_string(&body, "]}");
    assert_int_equal(chat_models_parse(body.data, body.length, &models, &count), 0);
    assert_int_equal(count, CHAT_MODELS_MAX);
    assert_int_equal(strlen(models[0].id), 127);
    assert_string_equal(models[1].id, "m0");
    free(models);
}

static void refuses_what_is_no_list(void **state)
{
    static const char *const rows[] = {
        "", "{}", "<html>", "\"x\"", "{\"data\":{}}", "{\"error\":{}}", "{\"data\":[",
    };
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i], &out), -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists),
        cmocka_unit_test(reads_efforts),
        cmocka_unit_test(passes_over_what_is_no_model),
        cmocka_unit_test(caps_ids_and_count),
        cmocka_unit_test(refuses_what_is_no_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
