#ifndef GRIDLS_TRANSPORT_RESULT_H
#define GRIDLS_TRANSPORT_RESULT_H

#include <curl/curl.h>

#include "daemon/transport.h"

/* libcurl's words for the end of a transfer in ours: sets status, code, proxy_code, tls_fault, reused
 * and what is told of a certificate. Only transport.c calls this. `detail` is libcurl's message, or "". */
void transport_result_take(struct transport_result *result, CURL *easy, CURLcode code,
                           const char *url, const char *detail);

#endif
