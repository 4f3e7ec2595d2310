#ifndef GRIDLS_BASE_URL_H
#define GRIDLS_BASE_URL_H

#include <stdbool.h>

#include "protocol/buffer.h"

/*
 * The base URL that "/chat/completions" is hung on. What people paste is repaired: blanks around
 * it, trailing slashes, a /chat/completions or /responses suffix, a doubled /v1, a missing /v1 on a
 * thegrid.ai host. Then it is judged: https, or http where the host is loopback or `allow_http`.
 */
enum base_url_verdict {
    BASE_URL_GOOD,
    BASE_URL_EMPTY,
    BASE_URL_MALFORMED,   /* no absolute http(s) URL, or with user information, query, fragment */
    BASE_URL_PLAIN_HTTP,  /* would send key and code in clear text */
};

/* Appends the repaired URL to `url`, and to `repairs` (may be NULL) what was repaired, a phrase for
 * people such as "trailing slash removed, /v1 added" (nothing appended: nothing was repaired). */
enum base_url_verdict base_url_repair(const char *given, bool allow_http, struct buffer *url,
                                      struct buffer *repairs);

/* One sentence for a person, ending without the URL itself; static text. */
const char *base_url_verdict_text(enum base_url_verdict verdict);

/* Whether the base URL is The Grid's: a host thegrid.ai or below it. Instruments and hints of The
 * Grid apply to it only. */
bool base_url_is_the_grid(const char *url);

#endif
