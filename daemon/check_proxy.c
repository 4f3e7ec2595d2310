#include "daemon/check_proxy.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PORT_DEFAULT 1080 /* libcurl's, also for http proxies */
#define PORT_DEFAULT_TLS 443

/* ---- exceptions ------------------------------------------------------------------------------ */

struct address {
    unsigned char bytes[16];
    unsigned bits; /* 32, 128; 0: it is a name */
};

static struct address read_address(const char *text)
{
    struct address address = {0};

    if (inet_pton(AF_INET, text, address.bytes) == 1)
        address.bits = 32;
    else if (inet_pton(AF_INET6, text, address.bytes) == 1)
        address.bits = 128;
    return address;
}

static bool is_same_network(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    return memcmp(a->bytes, b->bytes, whole) == 0 &&
           (rest == 0 || (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0);
}

/* "10.0.0.0/8", "::1". */
static bool is_address_excepted(const struct address *host, char *exception)
{
    char *slash = strchr(exception, '/');
    unsigned long bits = host->bits;
    struct address network;

    if (slash) {
        char *end;

        bits = strtoul(slash + 1, &end, 10);
        *slash = '\0';
        if (end == slash + 1 || *end || bits > host->bits)
            return false;
    }
    network = read_address(exception);
    return network.bits == host->bits && is_same_network(host, &network, (unsigned)bits);
}

/* "example.com" and ".example.com" are the host and all below it. */
static bool is_name_excepted(const char *host, const char *exception)
{
    size_t host_length = strlen(host);
    size_t length;

    exception += *exception == '.';
    length = strlen(exception);
    if (length > 0 && exception[length - 1] == '.')
        length--;
    return length > 0 && length <= host_length &&
           strncasecmp(host + host_length - length, exception, length) == 0 &&
           (length == host_length || host[host_length - length - 1] == '.');
}

static bool is_excepted(const struct url *url, const char *exceptions)
{
    static const char separators[] = ", \t";
    struct address host = read_address(url->host);
    char exception[256];

    if (strcmp(exceptions, "*") == 0)
        return true;
    while (*exceptions) {
        size_t length = strcspn(exceptions, separators);

        if (length > 0 && length < sizeof(exception)) {
            memcpy(exception, exceptions, length);
            exception[length] = '\0';
            if (host.bits ? is_address_excepted(&host, exception)
                          : is_name_excepted(url->host, exception))
                return true;
        }
        exceptions += length + (exceptions[length] != '\0');
    }
    return false;
}

/* ---- which one ------------------------------------------------------------------------------- */

/* The first of the names, up to NULL, whose variable is not empty. */
static const char *first_set(const char *const names[],
                             const char *(*lookup)(void *context, const char *name), void *context,
                             const char **value)
{
    for (size_t i = 0; names[i]; i++) {
        *value = lookup(context, names[i]);
        if (*value && **value)
            return names[i];
    }
    *value = NULL;
    return NULL;
}

struct check_proxy check_proxy_for(const char *setting, const struct url *url,
                                   const char *(*lookup)(void *context, const char *name),
                                   void *context)
{
    /* HTTP_PROXY in capitals may be a header of a request to a CGI program: it does not count. */
    static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                         NULL};
    static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};
    struct check_proxy proxy = {.text = setting, .source = "network.proxy"};
    const char *excepted;

    if (url_stays_here(url))
        return (struct check_proxy){.source = proxy.source};
    if (!setting)
        proxy.source = first_set(strcmp(url->scheme, "https") == 0 ? secure : plain, lookup,
                                 context, &proxy.text);
    if (!proxy.text)
        return proxy;
    proxy.excepts = first_set(exceptions, lookup, context, &excepted);
    if (excepted && is_excepted(url, excepted))
        proxy.text = NULL;
    else
        proxy.excepts = NULL;
    return proxy;
}

/* ---- where it is ----------------------------------------------------------------------------- */

static int parse_port(const char *text, unsigned *port)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (!isdigit((unsigned char)text[0]) || (*end && *end != '/') || value < 1 || value > 65535)
        return -EINVAL;
    *port = (unsigned)value;
    return 0;
}

int check_proxy_parse(const char *text, struct check_proxy_place *place)
{
    const char *scheme_end = strstr(text, "://");
    const char *at, *rest;
    size_t length;

    *place = (struct check_proxy_place){.scheme = "http"};
    if (scheme_end) {
        snprintf(place->scheme, sizeof(place->scheme), "%.*s", (int)(scheme_end - text), text);
        text = scheme_end + 3;
    }
    place->port = strcasecmp(place->scheme, "https") == 0 ? PORT_DEFAULT_TLS : PORT_DEFAULT;
    at = strrchr(text, '@'); /* an "@" may stand in the password */
    text = at ? at + 1 : text;
    if (*text == '[') {
        text++;
        length = strcspn(text, "]");
        if (!text[length])
            return -EINVAL;
        rest = text + length + 1;
    } else {
        length = strcspn(text, ":/");
        rest = text + length;
    }
    if (length == 0 || length >= sizeof(place->host))
        return -EINVAL;
    memcpy(place->host, text, length);
    return *rest == ':' ? parse_port(rest + 1, &place->port) : 0;
}
