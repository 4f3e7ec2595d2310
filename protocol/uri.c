#include "protocol/uri.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "protocol/buffer.h"

/* A file URI taken apart; the pieces point into it. */
struct file_uri {
    const char *host;
    size_t host_length;
    const char *path; /* still encoded; begins with a slash */
};

/* Returns false where `uri` is no file URI or one without an absolute path. */
static bool split(const char *uri, struct file_uri *parts)
{
    if (strncasecmp(uri, "file:", 5) != 0)
        return false;
    uri += 5;
    parts->host = uri;
    parts->host_length = 0;
    if (strncmp(uri, "//", 2) == 0) {
        parts->host = uri + 2;
        parts->host_length = strcspn(parts->host, "/");
    }
    parts->path = parts->host + parts->host_length;
    return parts->path[0] == '/';
}

static bool is_local(const struct file_uri *parts)
{
    return parts->host_length == 0 ||
           (parts->host_length == 9 && strncasecmp(parts->host, "localhost", 9) == 0);
}

/* ASCII only, whatever the locale. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the path without its escapes. A % that begins none stands for itself. '?' and '#' are
 * part of the path: file URIs have no queries, and some clients leave them bare in file names. */
static int append_decoded(struct buffer *out, const char *path)
{
    while (*path) {
        int high = path[0] == '%' ? hex_value(path[1]) : -1;
        int low = high >= 0 ? hex_value(path[2]) : -1;

        if (low >= 0) {
            buffer_append_byte(out, (char)(high << 4 | low));
            path += 3;
        } else {
            buffer_append_byte(out, *path++);
        }
    }
    return buffer_error(out);
}

/* Appends the path with everything escaped but slashes and RFC 3986's unreserved characters. */
static int append_encoded(struct buffer *out, const char *path, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        char c = path[i];

        if (is_letter(c) || (c >= '0' && c <= '9') || (c && strchr("/-._~", c)))
            buffer_append_byte(out, c);
        else
            buffer_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
    return buffer_error(out);
}

/* "/C:" and "/c:" name one drive. */
static void lower_drive(struct buffer *path)
{
    if (path->length >= 3 && is_letter(path->data[1]) && path->data[2] == ':')
        path->data[1] = lower(path->data[1]);
}

char *uri_normalize(const char *uri)
{
    struct buffer path CLEANUP(buffer_finish);
    struct buffer normal CLEANUP(buffer_finish);
    struct file_uri parts;
    size_t i;

    buffer_init(&path, BUFFER_CAP);
    buffer_init(&normal, BUFFER_CAP);
    if (!split(uri, &parts))
        return strdup(uri);
    buffer_append_string(&normal, "file://");
    for (i = 0; !is_local(&parts) && i < parts.host_length; i++)
        buffer_append_byte(&normal, lower(parts.host[i]));
    if (append_decoded(&path, parts.path))
        return NULL;
    lower_drive(&path);
    append_encoded(&normal, path.data, path.length);
    return buffer_steal(&normal, NULL);
}

int uri_to_path(const char *uri, char **path)
{
    struct buffer decoded CLEANUP(buffer_finish);
    struct file_uri parts;

    *path = NULL;
    buffer_init(&decoded, BUFFER_CAP);
    if (!split(uri, &parts) || !is_local(&parts))
        return 0;
    if (append_decoded(&decoded, parts.path))
        return -ENOMEM;
    if (memchr(decoded.data, '\0', decoded.length))
        return 0;
    *path = buffer_steal(&decoded, NULL);
    return *path ? 0 : -ENOMEM;
}

char *uri_from_path(const char *path)
{
    struct buffer uri CLEANUP(buffer_finish);

    buffer_init(&uri, BUFFER_CAP);
    buffer_append_string(&uri, "file://");
    append_encoded(&uri, path, strlen(path));
    return buffer_steal(&uri, NULL);
}

bool uri_is_file(const char *uri)
{
    struct file_uri parts;

    return split(uri, &parts);
}
