#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/url.h"

static void takes_urls_apart(void **state)
{
    static const struct {
        const char *text, *scheme, *host;
        unsigned port;
        const char *rest;
        bool ipv6;
    } rows[] = {
        {"https://api.thegrid.ai/v1", "https", "api.thegrid.ai", 443, "/v1", false},
        {"HTTPS://API.TheGrid.AI", "https", "api.thegrid.ai", 443, "", false},
        {"http://127.0.0.1:8080/a?b#c", "http", "127.0.0.1", 8080, "/a?b#c", false},
        {"http://host:/x", "http", "host", 80, "/x", false},
        {"http://host.?q@r", "http", "host", 80, "?q@r", false},
        {"https://[::1]:1/", "https", "::1", 1, "/", true},
        {"https://[0:0:0:0:0:0:0:1]", "https", "::1", 443, "", true},
        {"https://[2001:DB8::1]#f", "https", "2001:db8::1", 443, "#f", true},
        {"https://a_b-c.d:65535", "https", "a_b-c.d", 65535, "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct url url;

        assert_int_equal(url_parse(rows[i].text, &url), 0);
        assert_string_equal(url.scheme, rows[i].scheme);
        assert_string_equal(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        assert_string_equal(url.rest, rows[i].rest);
        assert_int_equal(url.host_is_ipv6, rows[i].ipv6);
    }
}

static void refuses_what_is_no_plain_url(void **state)
{
    static const char *const rows[] = {
        "", "/v1", "//host/v1", "host", "host:80", "ftp://host", "https:host", "https:/host",
        "https://", "https:///v1", "https://:80", "https://.", "https://..", "https://a..b",
        "https://.a", "https://a..", "https://user@host", "https://user:pw@host",
        "https://host\\@evil", "https://ho st", " https://host", "https://host ",
        "https://host/\x01", "https://host/\x7f", "https://host/a\nb", "https://h%41st",
        "https://h\xC3\xB6st", "https://host:0", "https://host:65536",
        "https://host:99999999999999999999", "https://host:8a", "https://host:-1",
        "https://host:80:80", "https://[::1", "https://[]", "https://[::1]x", "https://[::g]",
        "https://[::1%25eth0]", "https://[127.0.0.1]",
        "https://[1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111:2222]", "https://::1",
        "httpss://host",
    };
    char longest[300] = "https://";
    struct url url;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (url_parse(rows[i], &url) != -EINVAL) {
            fail_msg("taken: %s", rows[i]);
        }
    }
    assert_int_equal(url_parse(NULL, &url), -EINVAL);
    memset(longest + 8, 'a', 254);
    assert_int_equal(url_parse(longest, &url), -EINVAL);
    longest[8 + 253] = '\0';
    assert_int_equal(url_parse(longest, &url), 0);
}

static bool same(const char *a, const char *b)
{
    struct url url_a, url_b;

    assert_int_equal(url_parse(a, &url_a), 0);
    assert_int_equal(url_parse(b, &url_b), 0);
    return url_same_origin(&url_a, &url_b);
}

static void compares_origins(void **state)
{
    (void)state;
    assert_true(same("https://a/x", "HTTPS://A:443/y"));
    assert_true(same("http://a", "http://a.:80?z"));
    assert_true(same("http://[::1]", "http://[0::0:1]:80"));
    assert_false(same("https://a", "http://a"));
    assert_false(same("https://a", "https://a:444"));
    assert_false(same("https://a", "https://b.a"));
    assert_false(same("http://a:443", "https://a:443"));
}

static bool loopback(const char *text)
{
    struct url url;

    assert_int_equal(url_parse(text, &url), 0);
    return url_is_loopback(&url);
}

static bool stays_here(const char *text)
{
    struct url url;

    assert_int_equal(url_parse(text, &url), 0);
    return url_stays_here(&url);
}

static void knows_what_stays_on_this_machine(void **state)
{
    (void)state;
    assert_true(stays_here("http://localhost:1/v1"));
    assert_true(stays_here("http://127.0.0.1"));
    assert_false(stays_here("https://localhost"));
    assert_false(stays_here("http://10.0.0.1"));
}

static void knows_loopback(void **state)
{
    (void)state;
    assert_true(loopback("http://localhost"));
    assert_true(loopback("http://LocalHost.:9"));
    assert_true(loopback("http://x.localhost"));
    assert_true(loopback("http://127.0.0.1"));
    assert_true(loopback("http://127.255.0.3"));
    assert_true(loopback("http://[::1]"));
    assert_false(loopback("http://127.0.0.1.example.com"));
    assert_false(loopback("http://localhost.example.com"));
    assert_false(loopback("http://notlocalhost"));
    assert_false(loopback("http://128.0.0.1"));
    assert_false(loopback("http://0127.0.0.1")); /* octal for some resolvers */
    assert_false(loopback("http://127.1"));
    assert_false(loopback("http://2130706433"));
    assert_false(loopback("http://0.0.0.0"));
    assert_false(loopback("http://[::]"));
}

static bool within(const char *text, const char *domain)
{
    struct url url;

    assert_int_equal(url_parse(text, &url), 0);
    return url_host_within(&url, domain);
}

static void matches_domains(void **state)
{
    (void)state;
    assert_true(within("https://thegrid.ai", "thegrid.ai"));
    assert_true(within("https://api.thegrid.ai.", "TheGrid.ai"));
    assert_true(within("https://a.b.thegrid.ai:444", "thegrid.ai"));
    assert_false(within("https://notthegrid.ai", "thegrid.ai"));
    assert_false(within("https://thegrid.ai.evil.com", "thegrid.ai"));
    assert_false(within("https://grid.ai", "thegrid.ai"));
    assert_false(within("https://thegrid.ai", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls_apart),
        cmocka_unit_test(refuses_what_is_no_plain_url),
        cmocka_unit_test(compares_origins),
        cmocka_unit_test(knows_what_stays_on_this_machine),
        cmocka_unit_test(knows_loopback),
        cmocka_unit_test(matches_domains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
