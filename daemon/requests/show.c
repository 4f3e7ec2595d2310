#include "daemon/requests/show.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/outgoing.h"
#include "daemon/requests/job.h"
#include "protocol/uri.h"
#include "protocol/utf8.h"

/* A file being written, step by step: folder, open, write, close. It outlives the session if need be:
 * it holds the loop's own things only, and tells `services` nothing once the session is over. */
struct shown_file {
    uv_fs_t request;
    struct services *services;
    char *directory;
    char *path;
    char *text;
    size_t length, written;
    uv_file file;
};

static void shown_file_destroy(struct shown_file *shown)
{
    free(shown->directory);
    free(shown->path);
    free(shown->text);
    free(shown);
}

/* A message box takes a few lines; the rest would only be in the way. */
#define MESSAGE_BYTES_MAX ((size_t)4000)

static void show_as_message(struct services *services, const char *text)
{
    char *message = strndup(text, utf8_floor(text, strlen(text), MESSAGE_BYTES_MAX));
    if (message)
        show_message(services, 3, message);
    free(message);
}

static void show_file(const struct shown_file *shown)
{
    struct services *services = shown->services;
    char *uri = uri_from_path(shown->path);
    struct json_writer *writer =
        uri ? outgoing_begin(services->outgoing, "window/showDocument", NULL, NULL) : NULL;
    if (writer) {
        json_begin_object(writer);
        json_put_string(writer, "uri", uri);
        json_put_bool(writer, "takeFocus", false);
        json_end_object(writer);
        outgoing_send(services->outgoing);
    }
    free(uri);
}

static void over(struct shown_file *shown, bool ok)
{
    struct services *services = shown->services;
    services->files_being_shown--;
    if (services->session.state == SESSION_INITIALIZED) {
        if (ok)
            show_file(shown);
        else
            show_as_message(services, shown->text);
    }
    shown_file_destroy(shown);
    services_release(services);
}

static void on_closed(uv_fs_t *request)
{
    struct shown_file *shown = request->data;
    uv_fs_req_cleanup(request);
    over(shown, shown->written == shown->length);
}

static void write_more(struct shown_file *shown);

static void on_written(uv_fs_t *request)
{
    struct shown_file *shown = request->data;
    ssize_t count = request->result;
    uv_fs_req_cleanup(request);
    if (count > 0)
        shown->written += (size_t)count;
    if (count > 0 && shown->written < shown->length)
        write_more(shown);
    else if (uv_fs_close(shown->services->loop, &shown->request, shown->file, on_closed) != 0)
        over(shown, false);
}

static void write_more(struct shown_file *shown)
{
    uv_buf_t bytes = uv_buf_init(shown->text + shown->written,
                                 (unsigned)(shown->length - shown->written));
    if (uv_fs_write(shown->services->loop, &shown->request, shown->file, &bytes, 1, -1,
                    on_written) != 0)
        over(shown, false);
}

static void on_opened(uv_fs_t *request)
{
    struct shown_file *shown = request->data;
    shown->file = (uv_file)request->result;
    uv_fs_req_cleanup(request);
    if (shown->file < 0)
        over(shown, false);
    else
        write_more(shown);
}

static void on_directory(uv_fs_t *request)
{
    struct shown_file *shown = request->data;
    uv_fs_req_cleanup(request);
    /* It may be there already; if it could not be made, opening the file fails and says so. */
    if (uv_fs_open(shown->services->loop, &shown->request, shown->path,
                   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600, on_opened) != 0)
        over(shown, false);
}

static char *join(const char *directory, const char *name, const char *ending)
{
    struct buffer path CLEANUP(buffer_finish);
    buffer_init(&path, BUFFER_CAP);
    buffer_printf(&path, "%s/%s%s", directory, name, ending);
    return buffer_steal(&path, NULL);
}

void show_markdown(struct services *services, const char *name, const char *text, size_t length)
{
    struct shown_file *shown = NULL;
    if (services->session.show_document && services->runtime_directory)
        shown = calloc(1, sizeof(*shown));
    if (!shown) {
        show_as_message(services, text);
        return;
    }
    shown->services = services;
    shown->directory = join(services->runtime_directory, "gridls", "");
    shown->path = shown->directory ? join(shown->directory, name, ".md") : NULL;
    shown->text = strndup(text, length);
    shown->length = shown->text ? strlen(shown->text) : 0;
    shown->request.data = shown;
    if (!shown->path || !shown->text ||
        uv_fs_mkdir(services->loop, &shown->request, shown->directory, 0700, on_directory) != 0) {
        show_as_message(services, text);
        shown_file_destroy(shown);
        return;
    }
    services->files_being_shown++;
}
