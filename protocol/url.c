#include "protocol/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* What a URL may not hold anywhere: another parser might take it for the end of the host. */
static bool has_forbidden(const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\') {
            return true;
        }
    }
    return false;
}

/* Sets scheme and default port; returns what follows "://", or NULL. */
static const char *parse_scheme(const char *text, struct url *url)
{
    if (strncasecmp(text, "https://", 8) == 0) {
        strcpy(url->scheme, "https");
        url->port = 443;
        return text + 8;
    }
    if (strncasecmp(text, "http://", 7) == 0) {
        strcpy(url->scheme, "http");
        url->port = 80;
        return text + 7;
    }
    return NULL;
}

/* An IPv6 literal without its brackets, brought to its one canonical spelling (RFC 5952), as two
 * spellings of one address are one host. */
static int parse_ipv6(const char *text, size_t length, struct url *url)
{
    char literal[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (length >= sizeof literal) {
        return -EINVAL;
    }
    memcpy(literal, text, length);
    literal[length] = '\0';
    if (inet_pton(AF_INET6, literal, &address) != 1 ||
        inet_ntop(AF_INET6, &address, url->host, sizeof url->host) == NULL) {
        return -EINVAL;
    }
    url->host_is_ipv6 = true;
    return 0;
}

/* A name or an IPv4 address. Only the characters of host names are taken: percent escapes and
 * characters beyond ASCII would be rewritten by whoever resolves the name, after it was judged. */
static int parse_name(const char *text, size_t length, struct url *url)
{
    if (length > 0 && text[length - 1] == '.') {
        length--;
    }
    if (length == 0 || length >= sizeof url->host) {
        return -EINVAL;
    }
    for (size_t i = 0; i < length; i++) {
        char c = lower(text[i]);
        bool dot_ok = c == '.' && i > 0 && text[i - 1] != '.';

        if (!dot_ok && !is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') {
            return -EINVAL;
        }
        url->host[i] = c;
    }
    if (url->host[length - 1] == '.') {
        return -EINVAL;
    }
    url->host[length] = '\0';
    return 0;
}

/* The digits behind the colon; none at all means the default port (RFC 3986, 3.2.3). */
static int parse_port(const char *text, const char *end, struct url *url)
{
    unsigned port = 0;

    if (text == end) {
        return 0;
    }
    for (; text < end; text++) {
        if (!is_digit(*text)) {
            return -EINVAL;
        }
        port = port * 10 + (unsigned)(*text - '0');
        if (port > 65535) {
            return -EINVAL;
        }
    }
    if (port == 0) {
        return -EINVAL;
    }
    url->port = port;
    return 0;
}

int url_parse(const char *text, struct url *url)
{
    memset(url, 0, sizeof *url);
    if (text == NULL || has_forbidden(text)) {
        return -EINVAL;
    }
    const char *authority = parse_scheme(text, url);
    if (authority == NULL) {
        return -EINVAL;
    }
    const char *end = authority + strcspn(authority, "/?#");
    if (memchr(authority, '@', (size_t)(end - authority)) != NULL) {
        return -EINVAL;
    }
    url->rest = end;

    const char *host_end;
    int rc;
    if (*authority == '[') {
        const char *bracket = memchr(authority, ']', (size_t)(end - authority));
        if (bracket == NULL) {
            return -EINVAL;
        }
        rc = parse_ipv6(authority + 1, (size_t)(bracket - authority - 1), url);
        host_end = bracket + 1;
    } else {
        const char *colon = memchr(authority, ':', (size_t)(end - authority));
        host_end = colon != NULL ? colon : end;
        rc = parse_name(authority, (size_t)(host_end - authority), url);
    }
    if (rc != 0 || host_end == end) {
        return rc;
    }
    return *host_end == ':' ? parse_port(host_end + 1, end, url) : -EINVAL;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 &&
           a->host_is_ipv6 == b->host_is_ipv6 && a->port == b->port;
}

bool url_is_loopback(const struct url *url)
{
    struct in_addr address;

    if (url->host_is_ipv6) {
        return strcmp(url->host, "::1") == 0;
    }
    /* Other spellings of IPv4 addresses ("127.1", "0x7f.0.0.1") are resolvers' folklore. */
    if (inet_pton(AF_INET, url->host, &address) == 1) {
        return ntohl(address.s_addr) >> 24 == 127;
    }
    return url_host_within(url, "localhost");
}

bool url_stays_here(const struct url *url)
{
    return strcmp(url->scheme, "http") == 0 && url_is_loopback(url);
}

bool url_host_within(const struct url *url, const char *domain)
{
    size_t host_length = strlen(url->host);
    size_t length = strlen(domain);

    if (length == 0 || length > host_length) {
        return false;
    }
    const char *tail = url->host + (host_length - length);
    return strcasecmp(tail, domain) == 0 && (tail == url->host || tail[-1] == '.');
}
