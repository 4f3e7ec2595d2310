#include "daemon/transport_result.h"

#include <string.h>

#include "daemon/transport_failure.h"
#include "protocol/oneline.h"

static enum transport_tls_fault tls_fault_of(CURL *easy, CURLcode code)
{
    long verified = 0; /* OpenSSL's X509_V_…; libcurl sets 1 before it compares the names */
    curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return TRANSPORT_TLS_CA_FILE;
    if (code != CURLE_PEER_FAILED_VERIFICATION)
        return TRANSPORT_TLS_HANDSHAKE;
    if (verified <= 1)
        return TRANSPORT_TLS_OTHER_NAME;
    return verified == 9 || verified == 10 ? TRANSPORT_TLS_DATE : TRANSPORT_TLS_UNTRUSTED;
}

static enum transport_status status_of(const struct transport_result *result, CURL *easy,
                                       CURLcode code, const char *url, const char *detail)
{
    curl_off_t connected_us = 0;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    if (code != CURLE_OK && result->proxy_code >= 300)
        return TRANSPORT_PROXY;
    switch (code) {
    case CURLE_OK:
        return TRANSPORT_OK;
    case CURLE_SEND_FAIL_REWIND:
        return TRANSPORT_STALE; /* libcurl wanted to send the body again on a new connection */
    case CURLE_COULDNT_RESOLVE_HOST:
        return TRANSPORT_RESOLVE;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        return TRANSPORT_PROXY;
    case CURLE_COULDNT_CONNECT:
        return transport_blames_proxy(detail, url) ? TRANSPORT_PROXY : TRANSPORT_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return connected_us > 0 ? TRANSPORT_CUT : TRANSPORT_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return TRANSPORT_TLS;
    case CURLE_SEND_ERROR:
        if (!result->reused && !result->code)
            return TRANSPORT_UNSENT;
        /* fall through */
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return result->reused && !result->code ? TRANSPORT_STALE : TRANSPORT_CUT;
    case CURLE_PARTIAL_FILE:
        return TRANSPORT_CUT;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
        return TRANSPORT_PROTOCOL;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_WRITE_ERROR:
        return TRANSPORT_NO_MEMORY;
    default:
        return result->code ? TRANSPORT_CUT : TRANSPORT_OTHER;
    }
}

/* A field of the server's certificate: "Issuer:CN = …". */
static void take_field(char *to, size_t size, const struct curl_slist *fields, const char *name)
{
    to[0] = '\0';
    for (; fields; fields = fields->next)
        if (strncmp(fields->data, name, strlen(name)) == 0)
            oneline_copy(to, size, fields->data + strlen(name), strlen(fields->data + strlen(name)));
}

static void take_certificate(struct transport_result *result, CURL *easy)
{
    struct curl_certinfo *chain = NULL;
    curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain);
    if (!chain || chain->num_of_certs < 1)
        return;
    take_field(result->issuer, sizeof(result->issuer), chain->certinfo[0], "Issuer:");
    take_field(result->expires, sizeof(result->expires), chain->certinfo[0], "Expire date:");
}

void transport_result_take(struct transport_result *result, CURL *easy, CURLcode code,
                           const char *url, const char *detail)
{
    long connects = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result->code);
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &result->proxy_code);
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    result->reused = connects == 0;
    result->status = status_of(result, easy, code, url, detail);
    take_certificate(result, easy);
    result->tls_fault = tls_fault_of(easy, code);
}
