#include "daemon/sandbox_http.h"

#include <string.h>
#include <strings.h>

/* ---- requests ------------------------------------------------------------------------------ */

/* What the header lines said that decides how the request goes on. */
struct header_sums {
    unsigned hosts;
    unsigned lengths;
    unsigned authorizations;
};

void sandbox_http_init(struct sandbox_http *http)
{
    *http = (struct sandbox_http){.keep_alive = true};
    buffer_init(&http->head, SANDBOX_HTTP_HEAD_CAP);
    buffer_init(&http->body, SANDBOX_HTTP_BODY_CAP);
}

void sandbox_http_finish(struct sandbox_http *http)
{
    if (!http)
        return;
    buffer_finish(&http->head);
    buffer_finish(&http->body);
}

void sandbox_http_next(struct sandbox_http *http)
{
    sandbox_http_finish(http);
    sandbox_http_init(http);
}

/* tchar of RFC 9110, section 5.6.2. */
static bool is_token_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!is_token_character(*text))
            return false;
    }
    return true;
}

static bool has_control_character(const char *text)
{
    for (; *text; text++) {
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7F)
            return true;
    }
    return false;
}

static int parse_request_line(struct sandbox_http *http, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;

    if (!version)
        return 400;
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line) || *target != '/' || strlen(version) != 8 ||
        strncmp(version, "HTTP/", 5) != 0)
        return 400;
    if (has_control_character(target) || strchr(target, '\t') || strchr(target, '#'))
        return 400;
    if (strcmp(version, "HTTP/1.1") != 0)
        return 505;
    http->method = line;
    http->target = target;
    return 0;
}

/* Digits only: RFC 9112, section 6.3 makes anything else a reason to refuse. */
static int parse_content_length(struct sandbox_http *http, const char *value)
{
    size_t length = 0;

    if (!*value)
        return 400;
    for (; *value; value++) {
        if (*value < '0' || *value > '9')
            return 400;
        length = length * 10 + (size_t)(*value - '0');
        if (length > SANDBOX_HTTP_BODY_CAP)
            return 413;
    }
    http->body_length = length;
    return 0;
}

static char *trim_blanks(char *text)
{
    size_t length;

    text += strspn(text, " \t");
    length = strlen(text);
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    text[length] = '\0';
    return text;
}

static int parse_header_line(struct sandbox_http *http, char *line, struct header_sums *sums)
{
    char *value = strchr(line, ':');

    /* A line that begins with a blank (obs-fold) fails here too: its name is no token. */
    if (!value || has_control_character(line))
        return 400;
    *value++ = '\0';
    if (!is_token(line))
        return 400;
    value = trim_blanks(value);
    if (strcasecmp(line, "Host") == 0)
        return ++sums->hosts > 1 ? 400 : 0;
    if (strcasecmp(line, "Content-Length") == 0)
        return ++sums->lengths > 1 ? 400 : parse_content_length(http, value);
    if (strcasecmp(line, "Transfer-Encoding") == 0)
        return 501;
    if (strcasecmp(line, "Expect") == 0)
        return 417;
    if (strcasecmp(line, "Authorization") == 0) {
        http->authorization = value;
        return ++sums->authorizations > 1 ? 400 : 0;
    }
    if (strcasecmp(line, "Connection") == 0 && strcasecmp(value, "close") == 0)
        http->keep_alive = false;
    return 0;
}

/* Takes the whole head apart, in place. Returns 0 or the status that refuses it. */
static int parse_head(struct sandbox_http *http)
{
    struct header_sums sums = {0};
    char *line = http->head.data;
    bool first = true;
    int status;

    http->authorization = "";
    if (memchr(line, '\0', http->head.length))
        return 400;
    for (;;) {
        char *end = strchr(line, '\n');

        if (!end || end == line || end[-1] != '\r')
            return 400;
        end[-1] = '\0';
        if (!*line)
            break;
        status = first ? parse_request_line(http, line) : parse_header_line(http, line, &sums);
        if (status)
            return status;
        first = false;
        line = end + 1;
    }
    return sums.hosts == 1 ? 0 : 400;
}

static enum sandbox_http_result refuse(struct sandbox_http *http, int status)
{
    http->status = status;
    http->keep_alive = false;
    return SANDBOX_HTTP_REFUSED;
}

static bool head_is_whole(const struct buffer *head)
{
    return head->length >= 4 && memcmp(head->data + head->length - 4, "\r\n\r\n", 4) == 0;
}

/* Takes head lines. MORE with in_body set means that the head is done. */
static enum sandbox_http_result feed_head(struct sandbox_http *http, const char *data,
                                          size_t length, size_t *used)
{
    while (*used < length && !http->in_body) {
        const char *rest = data + *used;
        const char *end = memchr(rest, '\n', length - *used);
        size_t taken = end ? (size_t)(end - rest) + 1 : length - *used;
        int status;

        if (buffer_append(&http->head, rest, taken))
            return refuse(http, http->head.length + taken > SANDBOX_HTTP_HEAD_CAP ? 431 : 500);
        *used += taken;
        if (end && (http->head.length < 2 || http->head.data[http->head.length - 2] != '\r'))
            return refuse(http, 400);
        /* An empty line before a request is passed over (RFC 9112, section 2.2). */
        if (http->head.length == 2 && memcmp(http->head.data, "\r\n", 2) == 0)
            buffer_clear(&http->head);
        if (!head_is_whole(&http->head))
            continue;
        status = parse_head(http);
        if (status)
            return refuse(http, status);
        http->in_body = true;
    }
    return SANDBOX_HTTP_MORE;
}

enum sandbox_http_result sandbox_http_feed(struct sandbox_http *http, const char *data,
                                           size_t length, size_t *used)
{
    size_t missing;

    *used = 0;
    if (http->status)
        return SANDBOX_HTTP_REFUSED;
    if (!http->in_body && feed_head(http, data, length, used) == SANDBOX_HTTP_REFUSED)
        return SANDBOX_HTTP_REFUSED;
    if (!http->in_body)
        return SANDBOX_HTTP_MORE;

    missing = http->body_length - http->body.length;
    if (missing > length - *used)
        missing = length - *used;
    if (buffer_append(&http->body, data + *used, missing))
        return refuse(http, 500);
    *used += missing;
    return http->body.length == http->body_length ? SANDBOX_HTTP_REQUEST : SANDBOX_HTTP_MORE;
}

/* ---- responses ----------------------------------------------------------------------------- */

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {417, "Expectation Failed"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {505, "HTTP Version Not Supported"},
    };
    size_t i;

    for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "";
}

static void append_head(struct buffer *out, int status, const struct sandbox_http_head *head)
{
    buffer_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", status, reason_phrase(status),
                  head->type);
    if (head->location)
        buffer_printf(out, "Location: %s\r\n", head->location);
    if (!head->keep_alive)
        buffer_append_string(out, "Connection: close\r\n");
}

int sandbox_http_respond(struct buffer *out, int status, const struct sandbox_http_head *head,
                         const char *body, size_t length)
{
    append_head(out, status, head);
    buffer_printf(out, "Content-Length: %zu\r\n\r\n", length);
    return buffer_append(out, body, length);
}

int sandbox_http_begin_chunked(struct buffer *out, const struct sandbox_http_head *head)
{
    append_head(out, 200, head);
    return buffer_append_string(out, "Cache-Control: no-cache\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n");
}

int sandbox_http_chunk(struct buffer *out, const char *data, size_t length)
{
    /* A chunk of no bytes would end the body. */
    if (length == 0)
        return buffer_error(out);
    buffer_printf(out, "%zx\r\n", length);
    buffer_append(out, data, length);
    return buffer_append_string(out, "\r\n");
}

int sandbox_http_end_chunked(struct buffer *out)
{
    return buffer_append_string(out, "0\r\n\r\n");
}
