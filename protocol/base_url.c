#include "protocol/base_url.h"

#include <string.h>

#include "protocol/url.h"

static const char blanks[] = " \t\r\n\f\v";

/* A path being cut from its end. */
struct path {
    const char *text;
    size_t length;
};

static void tell(struct buffer *repairs, const char *what)
{
    if (repairs != NULL) {
        if (repairs->length > 0) {
            buffer_append_string(repairs, ", ");
        }
        buffer_append_string(repairs, what);
    }
}

static bool cut_suffix(struct path *path, const char *suffix)
{
    size_t length = strlen(suffix);

    if (path->length < length ||
        memcmp(path->text + path->length - length, suffix, length) != 0) {
        return false;
    }
    path->length -= length;
    return true;
}

static bool ends_with(const struct path *path, const char *suffix)
{
    struct path copy = *path;

    return cut_suffix(&copy, suffix);
}

/* Takes off what belongs behind a base URL. Each pass shortens the path, so the loop ends. */
static void repair_path(struct path *path, struct buffer *repairs)
{
    bool slash = false, chat = false, responses = false, doubled = false;

    for (;;) {
        if (cut_suffix(path, "/")) {
            slash = true;
        } else if (cut_suffix(path, "/chat/completions")) {
            chat = true;
        } else if (cut_suffix(path, "/responses")) {
            responses = true;
        } else if (ends_with(path, "/v1/v1")) {
            doubled = cut_suffix(path, "/v1");
        } else {
            break;
        }
    }
    if (slash) {
        tell(repairs, "trailing slash removed");
    }
    if (chat) {
        tell(repairs, "/chat/completions removed");
    }
    if (responses) {
        tell(repairs, "/responses removed");
    }
    if (doubled) {
        tell(repairs, "doubled /v1 removed");
    }
}

static void append_origin(struct buffer *out, const struct url *url)
{
    unsigned standard_port = strcmp(url->scheme, "https") == 0 ? 443 : 80;

    buffer_printf(out, url->host_is_ipv6 ? "%s://[%s]" : "%s://%s", url->scheme, url->host);
    if (url->port != standard_port) {
        buffer_printf(out, ":%u", url->port);
    }
}

enum base_url_verdict base_url_repair(const char *given, bool allow_http, struct buffer *url,
                                      struct buffer *repairs)
{
    struct buffer trimmed CLEANUP(buffer_finish);
    struct url parsed;

    buffer_init(&trimmed, BUFFER_CAP);
    if (given == NULL) {
        return BASE_URL_EMPTY;
    }
    size_t length = strlen(given);
    size_t start = strspn(given, blanks);
    size_t end = length;
    while (end > start && strchr(blanks, given[end - 1]) != NULL) {
        end--;
    }
    if (start == end) {
        return BASE_URL_EMPTY;
    }
    if (buffer_append(&trimmed, given + start, end - start) != 0) {
        url->error = trimmed.error;
        return BASE_URL_MALFORMED;
    }
    if (url_parse(trimmed.data, &parsed) != 0 || strpbrk(parsed.rest, "?#") != NULL) {
        return BASE_URL_MALFORMED;
    }

    struct path path = {parsed.rest, strlen(parsed.rest)};
    if (end - start != length) {
        tell(repairs, "blanks removed");
    }
    repair_path(&path, repairs);
    append_origin(url, &parsed);
    buffer_append(url, path.text, path.length);
    if (path.length == 0 && url_host_within(&parsed, "thegrid.ai")) {
        buffer_append_string(url, "/v1");
        tell(repairs, "/v1 added");
    }
    if (strcmp(parsed.scheme, "http") == 0 && !allow_http && !url_is_loopback(&parsed)) {
        return BASE_URL_PLAIN_HTTP;
    }
    return BASE_URL_GOOD;
}

const char *base_url_verdict_text(enum base_url_verdict verdict)
{
    switch (verdict) {
    case BASE_URL_GOOD:
        return "The base URL is well formed.";
    case BASE_URL_EMPTY:
        return "The base URL is empty.";
    case BASE_URL_MALFORMED:
        return "The base URL is not an absolute https:// URL without user name, query or "
               "fragment.";
    case BASE_URL_PLAIN_HTTP:
        return "The base URL is plain http to another machine, which would send the key and your "
               "code in clear text; use https, or set network.allow_http.";
    }
    return "The base URL cannot be used.";
}

bool base_url_is_the_grid(const char *url)
{
    struct url parsed;

    return url_parse(url, &parsed) == 0 && url_host_within(&parsed, "thegrid.ai");
}
