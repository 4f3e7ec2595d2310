/* Base URLs and URLs: what is repaired is good, and needs no second repair. */
#include "protocol/base_url.h"
#include "protocol/url.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void repair(const char *given, bool allow_http)
{
    struct buffer url CLEANUP(buffer_finish);
    struct buffer again CLEANUP(buffer_finish);
    struct buffer repairs CLEANUP(buffer_finish);
    struct url parts;
    buffer_init(&url, BUFFER_CAP);
    buffer_init(&again, BUFFER_CAP);
    buffer_init(&repairs, BUFFER_CAP);
    enum base_url_verdict verdict = base_url_repair(given, allow_http, &url, &repairs);
    FUZZ_HOLDS(base_url_verdict_text(verdict));
    if (verdict != BASE_URL_GOOD)
        return;
    FUZZ_HOLDS(url_parse(url.data, &parts) == 0);
    FUZZ_HOLDS(strcmp(parts.scheme, "https") == 0 || allow_http || url_is_loopback(&parts));
    buffer_clear(&repairs);
    FUZZ_HOLDS(base_url_repair(url.data, allow_http, &again, &repairs) == BASE_URL_GOOD);
    fuzz_holds_same(&url, &again);
    FUZZ_HOLDS(repairs.length == 0);
    if (base_url_is_the_grid(url.data))
        FUZZ_HOLDS(url_host_within(&parts, "thegrid.ai"));
}

void fuzz_one(const char *data, size_t length)
{
    char *given CLEANUP(cleanup_free) = fuzz_string((struct fuzz_input){data, length});
    struct url url;
    repair(given, false);
    repair(given, true);
    if (url_parse(given, &url) == 0) {
        FUZZ_HOLDS(url.host[0] && url.port > 0 && url.port <= 65535);
        FUZZ_HOLDS(url_same_origin(&url, &url));
        FUZZ_HOLDS(url_host_within(&url, url.host));
        FUZZ_HOLDS(!url_stays_here(&url) || url_is_loopback(&url));
    }
}
