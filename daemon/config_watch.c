#include "daemon/config_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/file.h"

/* A file is written in several steps; it is read when they are over. */
#define SETTLE_MS 100u
#define FILE_CAP ((size_t)1 << 20)

struct config_watch {
    uv_loop_t *loop;
    uv_fs_event_t event;
    uv_timer_t timer;
    struct file_request *file;
    char *path;
    const char *name; /* the last part of the path */
    config_watch_callback callback;
    void *context;
    unsigned open_handles;
};

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct config_watch *watch = context;
    watch->file = NULL;
    watch->callback(watch->context, error, error ? NULL : text, error ? 0 : length);
}

static void on_settled(uv_timer_t *timer)
{
    struct config_watch *watch = timer->data;
    file_request_cancel(watch->file);
    watch->file = NULL;
    int error = file_read_start(&watch->file, watch->loop, watch->path, FILE_CAP, on_read, watch);
    if (error)
        watch->callback(watch->context, error, NULL, 0);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct config_watch *watch = event->data;
    (void)events;
    if (status == 0 && (!name || strcmp(name, watch->name) == 0))
        uv_timer_start(&watch->timer, on_settled, SETTLE_MS, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct config_watch *watch = handle->data;
    if (--watch->open_handles)
        return;
    free(watch->path);
    free(watch);
}

int config_watch_start(struct config_watch **out, uv_loop_t *loop, const char *path,
                       config_watch_callback callback, void *context)
{
    *out = NULL;
    struct config_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return -ENOMEM;
    watch->path = strdup(path);
    const char *slash = watch->path ? strrchr(watch->path, '/') : NULL;
    char *folder = slash ? strndup(path, (size_t)(slash - watch->path)) : strdup(".");
    if (!watch->path || !folder) {
        free(watch->path);
        free(folder);
        free(watch);
        return -ENOMEM;
    }
    watch->name = slash ? slash + 1 : watch->path;
    watch->loop = loop;
    watch->callback = callback;
    watch->context = context;
    watch->open_handles = 2;
    uv_timer_init(loop, &watch->timer);
    uv_fs_event_init(loop, &watch->event);
    watch->timer.data = watch->event.data = watch;
    int error = uv_fs_event_start(&watch->event, on_event, folder[0] ? folder : "/", 0);
    free(folder);
    if (error)
        config_watch_stop(watch);
    else
        *out = watch;
    return error;
}

void config_watch_stop(struct config_watch *watch)
{
    if (!watch)
        return;
    file_request_cancel(watch->file);
    watch->file = NULL;
    uv_close((uv_handle_t *)&watch->event, on_closed);
    uv_close((uv_handle_t *)&watch->timer, on_closed);
}
