#ifndef GRIDLS_CHECK_SETTINGS_H
#define GRIDLS_CHECK_SETTINGS_H

#include "daemon/check_report.h"
#include "daemon/config.h"
#include "daemon/setup.h"
#include "protocol/url.h"

/* Where the settings lead, as far as they are usable. */
struct check_route {
    bool has_url;    /* the base URL is usable */
    struct url url;  /* it, parsed */
    bool has_hop;    /* so is the proxy, where there is one */
    bool is_proxied;
    char host[254];  /* the first hop: the proxy, or the base URL's host */
    unsigned port;
    char hint[128];  /* what to do where the first hop cannot be reached */
    bool has_key;    /* there is a key, or none is needed */
};

/* What the settings say and where each was set, a line each; nothing leaves this machine. */
void check_settings_tell(struct check_report *report, const struct setup *setup,
                         const struct config *config, struct check_route *route);

#endif
