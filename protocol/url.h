#ifndef GRIDLS_URL_H
#define GRIDLS_URL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Just enough of absolute http and https URLs (RFC 3986, RFC 9110 section 4.2) to decide where a
 * key may go. Lower-cases scheme and host, fills in the default port, refuses user information,
 * control characters, blanks, backslashes, and hosts beyond ASCII or with percent escapes.
 */
struct url {
    char scheme[6];   /* "http" or "https" */
    char host[254];   /* without the brackets of an IPv6 literal; no trailing dot */
    bool host_is_ipv6;
    unsigned port;    /* 1 .. 65535 */
    const char *rest; /* path, query and fragment; points into the text that was parsed */
};

/* Returns 0, or -EINVAL for anything but an absolute http(s) URL. */
int url_parse(const char *text, struct url *url);

/* Same scheme, host and port (RFC 6454). */
bool url_same_origin(const struct url *a, const struct url *b);

/* localhost, *.localhost, 127.0.0.0/8 in dotted form, ::1. Names only: nothing is looked up. */
bool url_is_loopback(const struct url *url);

/* A plain http URL of this machine. No proxy may carry it: the key would cross the network in clear, to
 * a machine that is not meant. */
bool url_stays_here(const struct url *url);

/* Whether the host is `domain` or ends in "." + domain. */
bool url_host_within(const struct url *url, const char *domain);

#endif
