#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/base_url.h"

struct row {
    const char *given;
    enum base_url_verdict verdict;
    const char *url;
    const char *repairs;
};

static void check(const struct row *row, bool allow_http)
{
    struct buffer url CLEANUP(buffer_finish);
    struct buffer repairs CLEANUP(buffer_finish);

    buffer_init(&url, BUFFER_CAP);
    buffer_init(&repairs, BUFFER_CAP);
    assert_int_equal(base_url_repair(row->given, allow_http, &url, &repairs), row->verdict);
    assert_string_equal(url.data, row->url);
    assert_string_equal(repairs.data, row->repairs);
}

static void repairs_and_judges(void **state)
{
    static const struct row rows[] = {
        {"https://api.thegrid.ai/v1", BASE_URL_GOOD, "https://api.thegrid.ai/v1", ""},
        {"https://api.thegrid.ai/v1/", BASE_URL_GOOD, "https://api.thegrid.ai/v1",
         "trailing slash removed"},
        {"https://api.thegrid.ai///", BASE_URL_GOOD, "https://api.thegrid.ai/v1",
         "trailing slash removed, /v1 added"},
        {"https://api.thegrid.ai", BASE_URL_GOOD, "https://api.thegrid.ai/v1", "/v1 added"},
        {"https://API.thegrid.ai:443", BASE_URL_GOOD, "https://api.thegrid.ai/v1", "/v1 added"},
        {"https://api.thegrid.ai/chat/completions", BASE_URL_GOOD, "https://api.thegrid.ai/v1",
         "/chat/completions removed, /v1 added"},
        {" \thttps://api.thegrid.ai/v1/v1/chat/completions/\n", BASE_URL_GOOD,
         "https://api.thegrid.ai/v1",
         "blanks removed, trailing slash removed, /chat/completions removed, doubled /v1 removed"},
        {"https://api.thegrid.ai/v1/v1/v1", BASE_URL_GOOD, "https://api.thegrid.ai/v1",
         "doubled /v1 removed"},
        {"https://api.openai.com/v1/responses", BASE_URL_GOOD, "https://api.openai.com/v1",
         "/responses removed"},
        {"https://host/v1/chat/completions/chat/completions", BASE_URL_GOOD, "https://host/v1",
         "/chat/completions removed"},
        {"https://host", BASE_URL_GOOD, "https://host", ""},
        {"https://host/api/v2", BASE_URL_GOOD, "https://host/api/v2", ""},
        {"https://host/myv1/v1", BASE_URL_GOOD, "https://host/myv1/v1", ""},
        {"https://notthegrid.ai", BASE_URL_GOOD, "https://notthegrid.ai", ""},
        {"http://127.0.0.1:8080/v1", BASE_URL_GOOD, "http://127.0.0.1:8080/v1", ""},
        {"http://[::1]:8080", BASE_URL_GOOD, "http://[::1]:8080", ""},
        {"http://localhost", BASE_URL_GOOD, "http://localhost", ""},
        {"http://10.0.0.1/v1/", BASE_URL_PLAIN_HTTP, "http://10.0.0.1/v1",
         "trailing slash removed"},
        {NULL, BASE_URL_EMPTY, "", ""},
        {"", BASE_URL_EMPTY, "", ""},
        {" \r\n\t", BASE_URL_EMPTY, "", ""},
        {"api.thegrid.ai/v1", BASE_URL_MALFORMED, "", ""},
        {"ftp://api.thegrid.ai", BASE_URL_MALFORMED, "", ""},
        {"https://key@api.thegrid.ai", BASE_URL_MALFORMED, "", ""},
        {"https://host/v1?key=1", BASE_URL_MALFORMED, "", ""},
        {"https://host/v1#x", BASE_URL_MALFORMED, "", ""},
        {"https://host/v 1", BASE_URL_MALFORMED, "", ""},
        {"https://ho\nst/v1", BASE_URL_MALFORMED, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check(&rows[i], false);
    }
}

static void takes_plain_http_where_allowed(void **state)
{
    static const struct row row = {"http://10.0.0.1", BASE_URL_GOOD, "http://10.0.0.1", ""};

    (void)state;
    check(&row, true);
}

static void repaired_once_is_repaired(void **state)
{
    struct buffer once CLEANUP(buffer_finish);
    struct buffer twice CLEANUP(buffer_finish);
    struct buffer repairs CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&once, BUFFER_CAP);
    buffer_init(&twice, BUFFER_CAP);
    buffer_init(&repairs, BUFFER_CAP);
    base_url_repair(" HTTPS://Thegrid.AI/v1/responses/chat/completions// ", false, &once, NULL);
    base_url_repair(once.data, false, &twice, &repairs);
    assert_string_equal(once.data, twice.data);
    assert_int_equal(repairs.length, 0);
}

static void a_full_buffer_tells(void **state)
{
    struct buffer url CLEANUP(buffer_finish);

    (void)state;
    buffer_init(&url, 4);
    base_url_repair("https://host/v1", false, &url, NULL);
    assert_int_equal(buffer_error(&url), -EMSGSIZE);
}

static void has_a_sentence_for_each_verdict(void **state)
{
    (void)state;
    for (int verdict = BASE_URL_GOOD; verdict <= BASE_URL_PLAIN_HTTP; verdict++) {
        const char *text = base_url_verdict_text((enum base_url_verdict)verdict);

        assert_true(strlen(text) > 10);
        assert_int_equal(text[strlen(text) - 1], '.');
    }
}

static void knows_the_grid(void **state)
{
    (void)state;
    assert_true(base_url_is_the_grid("https://api.thegrid.ai/v1"));
    assert_true(base_url_is_the_grid("https://THEGRID.ai"));
    assert_false(base_url_is_the_grid("https://api.openai.com/v1"));
    assert_false(base_url_is_the_grid("https://thegrid.ai.example.com"));
    assert_false(base_url_is_the_grid("thegrid.ai"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repairs_and_judges),
        cmocka_unit_test(takes_plain_http_where_allowed),
        cmocka_unit_test(repaired_once_is_repaired),
        cmocka_unit_test(a_full_buffer_tells),
        cmocka_unit_test(has_a_sentence_for_each_verdict),
        cmocka_unit_test(knows_the_grid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
