#ifndef GRIDLS_CHECK_PROXY_H
#define GRIDLS_CHECK_PROXY_H

#include "protocol/url.h"

/* Which proxy a request goes through, told the way libcurl decides it. Looks nothing up. */

struct check_proxy {
    const char *text;    /* as it was set: may hold a password, never to be shown; NULL: none */
    const char *source;  /* "network.proxy", or the name of the variable; static */
    const char *excepts; /* the variable that takes the host out, so that there is none; static */
};

/* There is none for plain http to this machine. `setting` is network.proxy or NULL; `lookup` is getenv, or a test's. */
struct check_proxy check_proxy_for(const char *setting, const struct url *url,
                                   const char *(*lookup)(void *context, const char *name),
                                   void *context);

struct check_proxy_place {
    char scheme[16]; /* "http", "socks5h", … */
    char host[254];
    unsigned port;
};

/* Takes the user and the password out. Returns 0, or -EINVAL for what names no host. */
int check_proxy_parse(const char *text, struct check_proxy_place *place);

#endif
