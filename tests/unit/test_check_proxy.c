#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/check_proxy.h"

/* "NAME=value" texts, up to NULL. */
static const char *look_up(void *context, const char *name)
{
    const char *const *variables = context;
    size_t length = strlen(name);

    for (size_t i = 0; variables[i]; i++) {
        if (strncmp(variables[i], name, length) == 0 && variables[i][length] == '=')
            return variables[i] + length + 1;
    }
    return NULL;
}

static struct check_proxy find(const char *setting, const char *url_text,
                               const char *const *variables)
{
    const char *copy[8] = {NULL};
    struct url url;

    for (size_t i = 0; variables[i]; i++)
        copy[i] = variables[i];
    assert_int_equal(url_parse(url_text, &url), 0);
    return check_proxy_for(setting, &url, look_up, copy);
}

#define FIND(setting, url, ...) find(setting, url, (const char *const[]){__VA_ARGS__, NULL})
#define SECURE "https://api.thegrid.ai/v1"
#define PLAIN "http://10.0.0.1:8080/v1"

static void check(struct check_proxy proxy, const char *text, const char *source)
{
    if (!text) {
        assert_null(proxy.text);
        return;
    }
    assert_string_equal(proxy.text, text);
    assert_string_equal(proxy.source, source);
    assert_null(proxy.excepts);
}

static void the_setting_comes_first(void **state)
{
    (void)state;
    check(FIND("http://p:1", SECURE, "https_proxy=http://q:2"), "http://p:1", "network.proxy");
    check(FIND(NULL, SECURE, "A=b"), NULL, NULL);
}

static void variables_are_looked_at_in_order(void **state)
{
    (void)state;
    check(FIND(NULL, SECURE, "ALL_PROXY=a", "HTTPS_PROXY=b"), "b", "HTTPS_PROXY");
    check(FIND(NULL, SECURE, "HTTPS_PROXY=b", "https_proxy=c"), "c", "https_proxy");
    check(FIND(NULL, SECURE, "https_proxy=", "all_proxy=d"), "d", "all_proxy");
    check(FIND(NULL, SECURE, "http_proxy=e"), NULL, NULL);
    check(FIND(NULL, PLAIN, "http_proxy=e", "https_proxy=c"), "e", "http_proxy");
    check(FIND(NULL, PLAIN, "HTTP_PROXY=e", "HTTPS_PROXY=c"), NULL, NULL);
}

/* The key would go over the network in clear. */
static void what_stays_on_this_machine_has_none(void **state)
{
    (void)state;
    check(FIND("http://p:1", "http://127.0.0.1:8080/v1", "http_proxy=e"), NULL, NULL);
    check(FIND(NULL, "http://localhost/v1", "ALL_PROXY=e"), NULL, NULL);
    check(FIND(NULL, "http://[::1]/v1", "ALL_PROXY=e"), NULL, NULL);
    check(FIND(NULL, "https://localhost/v1", "ALL_PROXY=e"), "e", "ALL_PROXY");
}

static bool is_excepted(const char *url, const char *no_proxy)
{
    char variable[128];
    struct check_proxy proxy;

    snprintf(variable, sizeof(variable), "NO_PROXY=%s", no_proxy);
    proxy = FIND("http://p:1", url, variable);
    assert_int_equal(proxy.excepts == NULL, proxy.text != NULL);
    return !proxy.text;
}

static void exceptions_are_hosts_and_what_is_below(void **state)
{
    (void)state;
    assert_true(is_excepted(SECURE, "*"));
    assert_true(is_excepted(SECURE, "api.thegrid.ai"));
    assert_true(is_excepted(SECURE, "a.b, TheGrid.AI c"));
    assert_true(is_excepted(SECURE, ".thegrid.ai"));
    assert_true(is_excepted(SECURE, "thegrid.ai."));
    assert_false(is_excepted(SECURE, ""));
    assert_false(is_excepted(SECURE, "hegrid.ai"));
    assert_false(is_excepted(SECURE, "x.api.thegrid.ai"));
    assert_false(is_excepted(SECURE, "*.thegrid.ai"));
    assert_false(is_excepted(SECURE, ".,.. ,"));
    assert_false(is_excepted(SECURE, "10.0.0.0/8"));
}

static void exceptions_are_addresses_and_networks(void **state)
{
    (void)state;
    assert_true(is_excepted(PLAIN, "10.0.0.1"));
    assert_true(is_excepted(PLAIN, "10.0.0.0/8"));
    assert_true(is_excepted(PLAIN, "10.0.0.0/31"));
    assert_false(is_excepted(PLAIN, "10.0.0.2/31"));
    assert_true(is_excepted(PLAIN, "1.2.3.4/0"));
    assert_false(is_excepted(PLAIN, "10.0.0.1/33"));
    assert_false(is_excepted(PLAIN, "10.0.0.1/x"));
    assert_false(is_excepted(PLAIN, "10.0.0.1/"));
    assert_false(is_excepted(PLAIN, "0.0.1"));
    assert_false(is_excepted(PLAIN, "::1"));
    assert_true(is_excepted("https://[::1]/v1", "::1"));
    assert_true(is_excepted("http://[fd00::5]/v1", "fd00::/8"));
    assert_false(is_excepted("http://[fd00::5]/v1", "fe00::/8"));
}

static void check_place(const char *text, const char *scheme, const char *host, unsigned port)
{
    struct check_proxy_place place;

    assert_int_equal(check_proxy_parse(text, &place), 0);
    assert_string_equal(place.scheme, scheme);
    assert_string_equal(place.host, host);
    assert_int_equal(place.port, port);
}

static void places_are_parsed_without_the_password(void **state)
{
    struct check_proxy_place place;

    (void)state;
    check_place("proxy", "http", "proxy", 1080);
    check_place("http://proxy:3128", "http", "proxy", 3128);
    check_place("http://me:p@ss:w@proxy:3128/", "http", "proxy", 3128);
    check_place("https://proxy", "https", "proxy", 443);
    check_place("socks5h://[::1]:9050", "socks5h", "::1", 9050);
    check_place("[fe80::1]", "http", "fe80::1", 1080);
    assert_int_equal(check_proxy_parse("", &place), -EINVAL);
    assert_int_equal(check_proxy_parse("http://", &place), -EINVAL);
    assert_int_equal(check_proxy_parse("http://[::1", &place), -EINVAL);
    assert_int_equal(check_proxy_parse("http://p:0", &place), -EINVAL);
    assert_int_equal(check_proxy_parse("http://p:65536", &place), -EINVAL);
    assert_int_equal(check_proxy_parse("http://p:x", &place), -EINVAL);
    assert_int_equal(check_proxy_parse("http://p:-1", &place), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_setting_comes_first),
        cmocka_unit_test(variables_are_looked_at_in_order),
        cmocka_unit_test(what_stays_on_this_machine_has_none),
        cmocka_unit_test(exceptions_are_hosts_and_what_is_below),
        cmocka_unit_test(exceptions_are_addresses_and_networks),
        cmocka_unit_test(places_are_parsed_without_the_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
