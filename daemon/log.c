#include "daemon/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "protocol/utf8.h"

/* A pipe that poll() calls writable takes this much in one write without blocking (PIPE_BUF). */
#define LINE_MAX_BYTES ((size_t)4096)
#define SECRET_MIN ((size_t)6)
#define SECRET_MAX ((size_t)8192)
#define SECRET_COUNT 8

/* Room for a whole secret beyond where the line is cut: it is masked before the cut, as one that is
 * cut first would no longer be known for what it is. */
#define FORMAT_MAX (LINE_MAX_BYTES + SECRET_MAX)

struct secret {
    char *text;
    size_t length;
};

struct log {
    enum log_level level;
    int fd;
    bool owns_fd;
    bool torn;        /* the last line was written in part: begin a new one */
    unsigned dropped; /* messages that could not be written since one last could */
    struct secret secrets[SECRET_COUNT]; /* a ring */
    size_t next_secret;
};

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn",   [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug", [LOG_TRACE] = "trace",
};

#define LEVEL_COUNT (sizeof(level_names) / sizeof(level_names[0]))

int log_level_parse(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcasecmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

const char *log_level_name(enum log_level level)
{
    return (size_t)level < LEVEL_COUNT ? level_names[level] : "unknown";
}

int log_create(struct log **log, enum log_level level, const char *file)
{
    /* Without O_NONBLOCK, a FIFO that no one reads would hold up the start for ever. */
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    struct log *made;

    *log = NULL;
    made = calloc(1, sizeof(*made));
    if (!made)
        return -ENOMEM;
    made->level = level;
    made->fd = STDERR_FILENO;
    if (file) {
        made->fd = open(file, flags, 0600);
        if (made->fd < 0) {
            int error = -errno;

            free(made);
            return error;
        }
        made->owns_fd = true;
    }
    *log = made;
    return 0;
}

static void secret_wipe(struct secret *secret)
{
    if (secret->text)
        explicit_bzero(secret->text, secret->length);
    free(secret->text);
    *secret = (struct secret){0};
}

void log_destroy(struct log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < SECRET_COUNT; i++)
        secret_wipe(&log->secrets[i]);
    if (log->owns_fd)
        close(log->fd);
    free(log);
}

void log_set_level(struct log *log, enum log_level level)
{
    if (log)
        log->level = level;
}

bool log_enabled(const struct log *log, enum log_level level)
{
    return log && level <= log->level;
}

void log_add_secret(struct log *log, const char *secret)
{
    size_t length = secret ? strnlen(secret, SECRET_MAX) : 0;
    char *copy;

    if (!log || length < SECRET_MIN)
        return;
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        if (log->secrets[i].length == length && memcmp(log->secrets[i].text, secret, length) == 0)
            return;
    }
    copy = malloc(length);
    if (!copy)
        return;
    memcpy(copy, secret, length);
    secret_wipe(&log->secrets[log->next_secret]);
    log->secrets[log->next_secret] = (struct secret){copy, length};
    log->next_secret = (log->next_secret + 1) % SECRET_COUNT;
}

/* The length of the longest secret that stands at the start of text; 0: none does. The longest, as
 * one key may begin like another. */
static size_t secret_at(const struct log *log, const char *text, size_t length)
{
    size_t longest = 0;

    for (size_t i = 0; i < SECRET_COUNT; i++) {
        const struct secret *secret = &log->secrets[i];

        if (secret->length > longest && secret->length <= length &&
            memcmp(secret->text, text, secret->length) == 0)
            longest = secret->length;
    }
    return longest;
}

/* Whether all of the text is the beginning of a secret. */
static bool begins_secret(const struct log *log, const char *text, size_t length)
{
    for (size_t i = 0; i < SECRET_COUNT; i++) {
        const struct secret *secret = &log->secrets[i];

        if (length < secret->length && memcmp(secret->text, text, length) == 0)
            return true;
    }
    return false;
}

/* The length of a text without the mark of a cut at its end. */
static size_t uncut_length(const char *text, size_t length)
{
    static const char ellipsis[] = "\xE2\x80\xA6";
    const size_t mark = sizeof(ellipsis) - 1;

    while (length >= mark && memcmp(text + length - mark, ellipsis, mark) == 0)
        length -= mark;
    while (length > 0 && text[length - 1] == '.')
        length--;
    return length;
}

void log_mask(const struct log *log, char *text)
{
    size_t length = strlen(text);
    size_t uncut = uncut_length(text, length);
    size_t at = 0;

    while (log && at < length) {
        size_t secret = secret_at(log, text + at, length - at);

        if (secret == 0 && at + SECRET_MIN <= uncut && begins_secret(log, text + at, uncut - at))
            secret = uncut - at;
        memset(text + at, '*', secret);
        at += secret > 0 ? secret : 1;
    }
}

/* Shortens each secret to three stars, so that its length does not show. Returns the new length. */
static size_t hide_secrets(const struct log *log, char *text, size_t length)
{
    size_t from = 0;
    size_t to = 0;

    while (from < length) {
        size_t secret = secret_at(log, text + from, length - from);

        if (secret > 0) {
            memset(text + to, '*', 3); /* no secret is shorter than that */
            to += 3;
            from += secret;
        } else {
            text[to++] = text[from++];
        }
    }
    return to;
}

/* Blanks out what could break the line or steer a terminal: C0 and C1 controls, broken UTF-8. */
static void blank_controls(char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t used = utf8_character(text + at, length - at);
        unsigned char first = (unsigned char)text[at];

        if (used == 0) {
            text[at++] = '?';
            continue;
        }
        if (first < ' ' || first == 0x7f)
            text[at] = ' ';
        else if (first == 0xC2 && (unsigned char)text[at + 1] < 0xA0)
            memset(text + at, ' ', 2);
        at += used;
    }
}

/* Appends the message to the head of the line and ends the line. Returns the line's length. */
static size_t finish_line(const struct log *log, char *line, size_t length)
{
    static const char mark[] = "...";

    length = hide_secrets(log, line, length);
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    blank_controls(line, length);
    if (length >= LINE_MAX_BYTES) {
        length = utf8_floor(line, length, LINE_MAX_BYTES - sizeof(mark));
        memcpy(line + length, mark, sizeof(mark) - 1);
        length += sizeof(mark) - 1;
    }
    line[length++] = '\n';
    return length;
}

/* "2026-01-31T23:59:59.123Z warn  ". UTC, so that lines of several machines compare. */
static size_t write_head(char *line, size_t size, enum log_level level)
{
    struct timespec now = {0};
    struct tm utc = {0};
    char date[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    return (size_t)snprintf(line, size, "%s.%03ldZ %-5s ", date, now.tv_nsec / 1000000,
                            log_level_name(level));
}

/* Writes without waiting for a reader: what a full pipe does not take is dropped. */
static bool write_bytes(struct log *log, const char *bytes, size_t length)
{
    struct pollfd ready = {.fd = log->fd, .events = POLLOUT};
    ssize_t written;

    /* POLLERR is a pipe that nobody reads any more; writing there would raise SIGPIPE. */
    if (poll(&ready, 1, 0) != 1 || (ready.revents & (POLLERR | POLLNVAL)) ||
        !(ready.revents & POLLOUT))
        return false;
    do {
        written = write(log->fd, bytes, length);
    } while (written < 0 && errno == EINTR);
    if (written <= 0)
        return false;
    log->torn = (size_t)written < length;
    return !log->torn;
}

static void write_line(struct log *log, const char *line, size_t length)
{
    char notice[128];

    if (log->torn)
        write_bytes(log, "\n", 1);
    if (log->dropped > 0) {
        size_t head = write_head(notice, sizeof(notice), LOG_WARN);
        int text = snprintf(notice + head, sizeof(notice) - head,
                            "%u messages could not be written\n", log->dropped);

        if (write_bytes(log, notice, head + (size_t)text))
            log->dropped = 0;
    }
    if (!write_bytes(log, line, length) && log->dropped < 1000000)
        log->dropped++;
}

void log_write(struct log *log, enum log_level level, const char *format, ...)
{
    char line[FORMAT_MAX];
    int saved_errno = errno;
    va_list arguments;
    size_t head;
    int text;

    if (!log_enabled(log, level))
        return;
    head = write_head(line, sizeof(line), level);
    va_start(arguments, format);
    text = vsnprintf(line + head, sizeof(line) - head, format, arguments);
    va_end(arguments);
    if (text >= 0) {
        size_t length = head + (size_t)text;

        if (length >= sizeof(line))
            length = sizeof(line) - 1;
        length = finish_line(log, line, length);
        write_line(log, line, length);
        /* A secret may have stood in the line before it was masked. */
        explicit_bzero(line, sizeof(line));
    }
    errno = saved_errno;
}
