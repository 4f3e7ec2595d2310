#include "daemon/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "protocol/buffer.h"

struct file_request {
    uv_fs_t fs;
    uv_loop_t *loop;
    file_read_callback on_read;
    file_path_callback on_path;
    void *context;
    bool is_private;
    bool is_cancelled;
    bool is_closing;
    uv_file file; /* -1: not open */
    int error;
    struct buffer text;
    char chunk[8192];
};

static struct file_request *create(uv_loop_t *loop, size_t cap, void *context)
{
    struct file_request *request = calloc(1, sizeof(*request));

    if (!request)
        return NULL;
    request->loop = loop;
    request->context = context;
    request->file = -1;
    request->fs.data = request;
    buffer_init(&request->text, cap);
    return request;
}

static void destroy(struct file_request *request)
{
    if (request->is_private) {
        explicit_bzero(request->text.data, request->text.length);
        explicit_bzero(request->chunk, sizeof(request->chunk));
    }
    buffer_finish(&request->text);
    free(request);
}

static void finish_read(struct file_request *request)
{
    const char *text = request->error ? NULL : request->text.data;
    size_t length = request->error ? 0 : request->text.length;

    if (!request->is_cancelled)
        request->on_read(request->context, request->error, text, length);
    destroy(request);
}

static void on_closed(uv_fs_t *fs)
{
    struct file_request *request = fs->data;

    uv_fs_req_cleanup(fs);
    finish_read(request);
}

/* The end of a read, good or bad: closes the file where it is open. */
static void end_read(struct file_request *request, int error)
{
    request->error = error;
    request->is_closing = true;
    if (request->file < 0 ||
        uv_fs_close(request->loop, &request->fs, request->file, on_closed) != 0)
        finish_read(request);
}

static void on_chunk(uv_fs_t *fs);

static void read_on(struct file_request *request)
{
    uv_buf_t chunk = uv_buf_init(request->chunk, sizeof(request->chunk));
    int error = uv_fs_read(request->loop, &request->fs, request->file, &chunk, 1, -1, on_chunk);

    if (error)
        end_read(request, error);
}

static void on_chunk(uv_fs_t *fs)
{
    struct file_request *request = fs->data;
    ssize_t length = fs->result;
    int error;

    uv_fs_req_cleanup(fs);
    if (length <= 0 || request->is_cancelled) {
        end_read(request, (int)length);
        return;
    }
    error = buffer_append(&request->text, request->chunk, (size_t)length);
    if (error)
        end_read(request, error == -EMSGSIZE ? -EFBIG : error);
    else
        read_on(request);
}

static void on_stat(uv_fs_t *fs)
{
    struct file_request *request = fs->data;
    int error = (int)fs->result;
    uint64_t mode = fs->statbuf.st_mode;

    uv_fs_req_cleanup(fs);
    if (!error && (mode & S_IFMT) != S_IFREG)
        error = (mode & S_IFMT) == S_IFDIR ? -EISDIR : -EINVAL;
    if (!error && request->is_private && (mode & (S_IRWXG | S_IRWXO)))
        error = -EPERM;
    if (error)
        end_read(request, error);
    else
        read_on(request);
}

static void on_opened(uv_fs_t *fs)
{
    struct file_request *request = fs->data;
    int error;

    uv_fs_req_cleanup(fs);
    if (fs->result < 0) {
        end_read(request, (int)fs->result);
        return;
    }
    request->file = (uv_file)fs->result;
    error = uv_fs_fstat(request->loop, fs, request->file, on_stat);
    if (error)
        end_read(request, error);
}

static int start_reading(struct file_request **request, uv_loop_t *loop, const char *path,
                         size_t cap, bool is_private, file_read_callback callback, void *context)
{
    struct file_request *created = create(loop, cap, context);
    int error;

    *request = NULL;
    if (!created)
        return -ENOMEM;
    created->on_read = callback;
    created->is_private = is_private;
    /* Without O_NONBLOCK a pipe of that name would keep the thread until somebody writes to it. */
    error = uv_fs_open(loop, &created->fs, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, on_opened);
    if (error) {
        destroy(created);
        return error;
    }
    *request = created;
    return 0;
}

int file_read_start(struct file_request **request, uv_loop_t *loop, const char *path, size_t cap,
                    file_read_callback callback, void *context)
{
    return start_reading(request, loop, path, cap, false, callback, context);
}

int file_read_private_start(struct file_request **request, uv_loop_t *loop, const char *path,
                            size_t cap, file_read_callback callback, void *context)
{
    return start_reading(request, loop, path, cap, true, callback, context);
}

static void on_resolved(uv_fs_t *fs)
{
    struct file_request *request = fs->data;

    int error = fs->result < 0 ? (int)fs->result : 0;

    if (!request->is_cancelled)
        request->on_path(request->context, error, error ? NULL : fs->ptr);
    uv_fs_req_cleanup(fs);
    destroy(request);
}

int file_resolve_start(struct file_request **request, uv_loop_t *loop, const char *path,
                       file_path_callback callback, void *context)
{
    struct file_request *created = create(loop, 0, context);
    int error;

    *request = NULL;
    if (!created)
        return -ENOMEM;
    created->on_path = callback;
    error = uv_fs_realpath(loop, &created->fs, path, on_resolved);
    if (error) {
        destroy(created);
        return error;
    }
    *request = created;
    return 0;
}

void file_request_cancel(struct file_request *request)
{
    if (!request)
        return;
    request->is_cancelled = true;
    /* Where a thread is at it already, its end is waited for. Closing must not be cancelled: the
     * file would stay open. */
    if (!request->is_closing)
        uv_cancel((uv_req_t *)&request->fs);
}
