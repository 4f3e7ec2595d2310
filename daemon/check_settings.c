#include "daemon/check_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/check_proxy.h"
#include "daemon/failure.h"

static void tell_file(struct check_report *report, const struct setup *setup)
{
    if (!setup->config_path)
        check_report_good(report, "settings: no place for a file, as there is no home folder");
    else
        check_report_good(report, "settings: %s%s", setup->config_path,
                          setup->config_exists ? ""
                                               : " (not there: built-in values and environment)");
}

static void tell_base_url(struct check_report *report, const struct setup *setup,
                          const struct config *config)
{
    const char *origin =
        config->sandbox ? "sandbox" : config_store_origin(setup->store, "base_url");

    if (!config->base_url)
        check_report_problem(report, "set base_url to an address such as https://api.thegrid.ai/v1",
                             "base URL: %s", config->base_url_fault);
    else if (config->base_url_repairs)
        check_report_good(report, "base URL: %s (%s; repaired: %s)", config->base_url, origin,
                          config->base_url_repairs);
    else
        check_report_good(report, "base URL: %s (%s)", config->base_url, origin);
}

static void tell_instruments(struct check_report *report, const struct setup *setup,
                             const struct config *config)
{
    char text[1024] = "";
    size_t used = 0;

    for (size_t task = 0; task < TASK_COUNT && used < sizeof(text); task++) {
        const char *name = task_name((enum task)task);
        char path[64];

        snprintf(path, sizeof(path), "instruments.%s", name);
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s (%s)",
                                 used ? ", " : "", name, config->instruments[task],
                                 config_store_origin(setup->store, path));
    }
    check_report_good(report, "instruments: %s", text);
}

static const char *look_up(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static void take_direct(const struct url *url, struct check_route *route)
{
    route->has_hop = true;
    memcpy(route->host, url->host, sizeof(route->host));
    route->port = url->port;
    snprintf(route->hint, sizeof(route->hint), "%s",
             url_is_loopback(url) ? "start the server, or check base_url"
                                  : "check the network connection and base_url");
}

/* The proxy is shown without the user and the password that it may hold. */
static void tell_proxy(struct check_report *report, const struct config *config,
                       struct check_route *route)
{
    struct check_proxy proxy = check_proxy_for(config->proxy, &route->url, look_up, NULL);
    struct check_proxy_place place;

    if (!proxy.text) {
        take_direct(&route->url, route);
        if (proxy.excepts)
            check_report_good(report, "proxy: none for %s (%s excepts it)", route->url.host,
                              proxy.excepts);
        else
            check_report_good(report, "proxy: none");
        return;
    }
    route->is_proxied = true;
    snprintf(route->hint, sizeof(route->hint), "check %s", proxy.source);
    if (check_proxy_parse(proxy.text, &place) != 0) {
        check_report_problem(report, route->hint, "proxy: %s names no host and port", proxy.source);
        return;
    }
    route->has_hop = true;
    memcpy(route->host, place.host, sizeof(route->host));
    route->port = place.port;
    check_report_good(report, "proxy: %s://%s:%u (%s)", place.scheme, place.host, place.port,
                      proxy.source);
}

static void tell_key(struct check_report *report, const struct config *config,
                     struct check_route *route)
{
    struct failure failure;

    if (route->has_url && failure_from_config(&failure, config)) {
        check_report_problem(report, failure.hint, "key: %s", failure.message);
        return;
    }
    route->has_key = true;
    if (config->key_kind != CONFIG_KEY_NONE)
        check_report_good(report, "key: set (from %s)", config->key_source);
    else if (config->key_withheld)
        check_report_good(report, "key: none; the one from %s is another provider's than the base "
                                  "URL's, so it is not sent", config->key_withheld);
    else
        check_report_good(report, "key: none");
}

void check_settings_tell(struct check_report *report, const struct setup *setup,
                         const struct config *config, struct check_route *route)
{
    *route = (struct check_route){0};
    tell_file(report, setup);
    tell_base_url(report, setup, config);
    route->has_url = config->base_url && url_parse(config->base_url, &route->url) == 0;
    if (route->has_url)
        tell_proxy(report, config, route);
    tell_key(report, config, route);
    tell_instruments(report, setup, config);
}
