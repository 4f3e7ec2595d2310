#include "daemon/cli_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/oneline.h"
#include "protocol/utf8.h"

static int refuse(struct cli_fault *fault, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(struct cli_fault *fault, int error, const char *format, ...)
{
    char text[sizeof(fault->text)];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    oneline_copy(fault->text, sizeof(fault->text), text, strlen(text));
    return error;
}

static int refuse_errno(struct cli_fault *fault, const char *what, const char *path)
{
    int error = errno;

    return refuse(fault, -error, "%s %s: %s.", path, what, strerror(error));
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_descriptor(int file, const char *path, struct buffer *bytes,
                           struct cli_fault *fault)
{
    char chunk[65536];

    for (;;) {
        ssize_t length = read(file, chunk, sizeof(chunk));

        if (length == 0)
            return 0;
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return refuse_errno(fault, "cannot be read", path);
        if (buffer_append(bytes, chunk, (size_t)length) == -EMSGSIZE)
            return refuse(fault, -EFBIG, "%s is larger than %zu MiB.", path, CLI_FILE_CAP >> 20);
        if (buffer_error(bytes))
            return refuse(fault, -ENOMEM, "There is not enough memory for %s.", path);
    }
}

int cli_file_read(const char *path, struct buffer *bytes, struct cli_fault *fault)
{
    /* Without O_NONBLOCK a pipe of that name would be waited for. */
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat status;
    int error;

    buffer_init(bytes, CLI_FILE_CAP);
    if (file < 0)
        return refuse_errno(fault, "cannot be opened", path);
    if (fstat(file, &status) != 0)
        error = refuse_errno(fault, "cannot be read", path);
    else if (!S_ISREG(status.st_mode))
        error = refuse(fault, -EINVAL, "%s is %s.", path,
                       S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
    else
        error = read_descriptor(file, path, bytes, fault);
    close(file);
    if (error)
        buffer_finish(bytes);
    return error;
}

int cli_file_read_text(const char *path, struct buffer *text, struct cli_fault *fault)
{
    int error = cli_file_read(path, text, fault);

    if (error)
        return error;
    if (memchr(text->data, '\0', text->length))
        error = refuse(fault, -EINVAL, "%s is a binary file: it holds NUL bytes.", path);
    else if (!utf8_is_valid(text->data, text->length))
        error = refuse(fault, -EINVAL,
                       "%s is not in UTF-8, so it would not come back byte for byte.", path);
    if (error)
        buffer_finish(text);
    return error;
}

/* ---- replacing ------------------------------------------------------------------------------- */

static int write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(file, bytes, length);

        if (count < 0 && errno != EINTR)
            return -1;
        if (count > 0) {
            bytes += count;
            length -= (size_t)count;
        }
    }
    return 0;
}

/* The rename is on disk once its folder is. Not all file systems can tell. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder CLEANUP(cleanup_free) =
        slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    int file = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (file < 0)
        return;
    fsync(file);
    close(file);
}

/* Fills the new file and gives it the old one's mode and, as far as we may, its owner. */
static int fill(int file, const struct stat *status, const char *bytes, size_t length)
{
    if (write_all(file, bytes, length) != 0)
        return -1;
    if (fchown(file, status->st_uid, status->st_gid) != 0 && errno != EPERM)
        return -1;
    /* Last, as a change of the owner takes the set-id bits away. */
    if (fchmod(file, status->st_mode & 07777) != 0)
        return -1;
    return fsync(file);
}

static int replace(const char *path, const struct stat *status, const char *bytes, size_t length)
{
    struct buffer name CLEANUP(buffer_finish);
    int file;
    int result;

    buffer_init(&name, BUFFER_CAP);
    buffer_printf(&name, "%s.gridls-XXXXXX", path);
    if (buffer_error(&name)) {
        errno = ENOMEM;
        return -1;
    }
    file = mkostemp(name.data, O_CLOEXEC);
    if (file < 0)
        return -1;
    result = fill(file, status, bytes, length);
    if (close(file) != 0)
        result = -1;
    if (result == 0)
        result = rename(name.data, path);
    if (result != 0) {
        int error = errno;

        unlink(name.data);
        errno = error;
    }
    return result;
}

int cli_file_replace(const char *path, const struct buffer *expected, const char *bytes,
                     size_t length, struct cli_fault *fault)
{
    char *target CLEANUP(cleanup_free) = realpath(path, NULL);
    struct buffer now CLEANUP(buffer_finish);
    struct stat status;
    int error;

    buffer_init(&now, CLI_FILE_CAP);
    if (!target || stat(target, &status) != 0)
        return refuse_errno(fault, "cannot be written", path);
    /* A rename would replace what its owner has made read-only. */
    if (access(target, W_OK) != 0)
        return refuse_errno(fault, "cannot be written", path);
    error = cli_file_read(target, &now, fault);
    if (error)
        return error;
    if (now.length != expected->length || memcmp(now.data, expected->data, now.length) != 0)
        return refuse(fault, -EBUSY, "%s was changed meanwhile; it is left as it is. Ask again.",
                      path);
    if (replace(target, &status, bytes, length) != 0)
        return refuse_errno(fault, "cannot be written", path);
    sync_folder(target);
    return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

char *cli_file_absolute(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char *folder CLEANUP(cleanup_free) = NULL;
    char *absolute CLEANUP(cleanup_free) = NULL;
    struct buffer joined CLEANUP(buffer_finish);

    buffer_init(&joined, BUFFER_CAP);
    folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    absolute = folder ? realpath(folder, NULL) : NULL;
    if (!absolute)
        return NULL;
    buffer_printf(&joined, "%s/%s", absolute[1] ? absolute : "", name);
    return buffer_steal(&joined, NULL);
}

static bool holds(const char *folder, size_t length, const char *name)
{
    char path[PATH_MAX];
    int count = snprintf(path, sizeof(path), "%.*s/%s", (int)length, folder, name);

    return count > 0 && (size_t)count < sizeof(path) && access(path, F_OK) == 0;
}

static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '/' || length == 1);
}

char *cli_file_root(const char *absolute)
{
    char current[PATH_MAX];
    const char *slash = strrchr(absolute, '/');
    size_t own = slash && slash != absolute ? (size_t)(slash - absolute) : 1;

    for (size_t end = strlen(absolute); end > 1;) {
        while (end > 0 && absolute[end - 1] != '/')
            end--;
        if (end < 2)
            break;
        end--;
        if (holds(absolute, end, ".git") || holds(absolute, end, ".gridls.json"))
            return strndup(absolute, end);
    }
    if (getcwd(current, sizeof(current)) && is_below(absolute, current))
        return strdup(current);
    return strndup(absolute, own);
}
