#include "daemon/transport_failure.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/url.h"

static const char *const tls_hints[] = {
    [TRANSPORT_TLS_HANDSHAKE] = "Check that base_url names a server that speaks https.",
    [TRANSPORT_TLS_UNTRUSTED] = "If a company proxy signs connections, set network.ca_file to its "
                                "certificate.",
    [TRANSPORT_TLS_OTHER_NAME] = "Check the host in base_url: the certificate is for another.",
    [TRANSPORT_TLS_DATE] = "Check this machine's clock; else the server's certificate is out of "
                           "date.",
    [TRANSPORT_TLS_CA_FILE] = "Check network.ca_file: it must be a PEM file that can be read.",
};

static void set_proxy(struct failure *failure, const char *host, long code)
{
    const char *hint = "Check network.proxy or HTTPS_PROXY.";

    if (code)
        failure_set(failure, FAILURE_NETWORK, hint, "The proxy refused to reach %s (HTTP %ld).",
                    host, code);
    else
        failure_set(failure, FAILURE_NETWORK, hint, "The proxy could not be used to reach %s.",
                    host);
}

bool transport_blames_proxy(const char *detail, const char *url_text)
{
    static const char words[] = "Failed to connect to ";
    struct url url;
    char own[300];

    if (strncmp(detail, words, sizeof(words) - 1) != 0 || url_parse(url_text, &url) != 0)
        return false;
    snprintf(own, sizeof(own), "%s port %u ", url.host, url.port);
    return strncasecmp(detail + sizeof(words) - 1, own, strlen(own)) != 0;
}

void transport_hide_user(char *detail)
{
    char *at = strrchr(detail, '@'); /* one may stand in the password */
    char *scheme = strstr(detail, "://");
    char *quote = strchr(detail, '\'');
    char *start = detail;

    if (!at)
        return;
    if (scheme && scheme < at)
        start = scheme + 3;
    else if (quote && quote < at)
        start = quote + 1;
    memmove(start, at + 1, strlen(at + 1) + 1);
}

void failure_from_transport(struct failure *failure, const char *url_text,
                            const struct transport_result *result)
{
    struct url url;
    char host[300] = "the upstream";

    if (url_parse(url_text, &url) == 0)
        snprintf(host, sizeof(host), "%s:%u", url.host, url.port);
    switch (result->status) {
    case TRANSPORT_RESOLVE:
        failure_set(failure, FAILURE_NETWORK, "Check the network connection and base_url.",
                    "The name of %s was not found.", host);
        break;
    case TRANSPORT_CONNECT:
        failure_set(failure, FAILURE_NETWORK,
                    "Check that the server runs, base_url, and the proxy if there is one.",
                    "No connection to %s could be made.", host);
        break;
    case TRANSPORT_TLS:
        failure_set(failure, FAILURE_NETWORK, tls_hints[result->tls_fault],
                    "The secure connection to %s failed: %s.", host, result->detail);
        break;
    case TRANSPORT_PROXY:
        set_proxy(failure, host, result->proxy_code);
        break;
    case TRANSPORT_PROTOCOL:
        failure_set(failure, FAILURE_UPSTREAM, "Check base_url with `gridls check`.",
                    "What answers at %s does not speak HTTP.", host);
        break;
    case TRANSPORT_NO_MEMORY:
        failure_set(failure, FAILURE_UPSTREAM, "Close other programs or select less text.",
                    "There was not enough memory for the request.");
        break;
    default:
        failure_set(failure, FAILURE_NETWORK, "Ask again.",
                    "The connection to %s ended before an answer came.", host);
        break;
    }
}
