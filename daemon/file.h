#ifndef GRIDLS_FILE_H
#define GRIDLS_FILE_H

#include <stddef.h>
#include <uv.h>

/*
 * Small files and links, looked at without blocking the loop (libuv's thread pool does the work). A
 * request owns itself: it is gone after its callback, and after file_request_cancel() its memory
 * goes as soon as the thread pool lets go of it, while the loop runs.
 */
struct file_request;

/* `error` 0 and the bytes, which are valid during the call, with a NUL behind them; or a negative
 * errno: -EFBIG over the cap, -EISDIR a directory, -EINVAL a device or a pipe. */
typedef void (*file_read_callback)(void *context, int error, const char *text, size_t length);

/* `error` 0 and the absolute path without links, valid during the call; or a negative errno. */
typedef void (*file_path_callback)(void *context, int error, const char *path);

/* Reads a whole regular file of at most `cap` bytes. Returns 0, or a negative errno and no callback
 * comes. Never calls back before it returns. */
int file_read_start(struct file_request **request, uv_loop_t *loop, const char *path, size_t cap,
                    file_read_callback callback, void *context);

/* The same for a file that holds a secret: -EPERM where anybody but its owner may read, write or
 * run it. */
int file_read_private_start(struct file_request **request, uv_loop_t *loop, const char *path,
                            size_t cap, file_read_callback callback, void *context);

/* Resolves the links in a path, under the same terms. */
int file_resolve_start(struct file_request **request, uv_loop_t *loop, const char *path,
                       file_path_callback callback, void *context);

/* No callback comes any more. Takes NULL. */
void file_request_cancel(struct file_request *request);

#endif
