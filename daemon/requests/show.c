#include "daemon/requests/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/outgoing.h"
#include "daemon/requests/job.h"
#include "protocol/uri.h"
#include "protocol/utf8.h"

/* Editors show these in buffers of their own; what was shown long ago need not stand any more. */
#define FILES_MAX 16u
/* A process of the same number may have been killed and have left files behind. */
#define NUMBERS_TRIED_MAX 1000u

/* A file being written, step by step: folder, open, write, close; then it stands until the session is
 * over. It outlives the session if need be: it holds the loop's own things only, and tells `services`
 * nothing once the session is over. */
struct shown_file {
    uv_fs_t request;
    struct services *services; /* NULL: it is being removed */
    struct shown_file *next;
    char *directory;
    char *name;
    char *path;
    char *text;
    size_t length, written;
    unsigned tries;
    uv_file file;
};

static void shown_file_destroy(struct shown_file *shown)
{
    free(shown->directory);
    free(shown->name);
    free(shown->path);
    free(shown->text);
    free(shown);
}

/* ---- removing --------------------------------------------------------------------------------- */

static void on_removed(uv_fs_t *request)
{
    struct shown_file *shown = request->data;
    uv_fs_req_cleanup(request);
    shown_file_destroy(shown);
}

static void remove_file(struct shown_file *shown)
{
    uv_loop_t *loop = shown->services->loop;
    shown->services = NULL;
    if (uv_fs_unlink(loop, &shown->request, shown->path, on_removed) != 0)
        shown_file_destroy(shown);
}

void show_remove_all(struct services *services)
{
    while (services->shown_files) {
        struct shown_file *shown = services->shown_files;
        services->shown_files = shown->next;
        remove_file(shown);
    }
}

static void remove_oldest(struct services *services)
{
    struct shown_file **link = &services->shown_files;
    for (unsigned count = 0; *link && count < FILES_MAX; count++)
        link = &(*link)->next;
    if (!*link)
        return;
    struct shown_file *oldest = *link;
    *link = NULL; /* it is the last one: one more than may stand */
    remove_file(oldest);
}

/* ---- showing ---------------------------------------------------------------------------------- */

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
    bool in_session = services->session.state == SESSION_INITIALIZED;
    services->files_being_shown--;
    if (in_session && !ok)
        show_as_message(services, shown->text);
    free(shown->text);
    shown->text = NULL;
    if (in_session && ok) {
        show_file(shown);
        shown->next = services->shown_files;
        services->shown_files = shown;
        remove_oldest(services);
    } else if (shown->file >= 0) {
        remove_file(shown);
    } else {
        shown_file_destroy(shown);
    }
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

static void open_next(struct shown_file *shown);

static void on_opened(uv_fs_t *request)
{
    struct shown_file *shown = request->data;
    shown->file = (uv_file)request->result;
    uv_fs_req_cleanup(request);
    if (shown->file == UV_EEXIST && ++shown->tries < NUMBERS_TRIED_MAX)
        open_next(shown);
    else if (shown->file < 0)
        over(shown, false);
    else
        write_more(shown);
}

/* Nobody else's file is written to, and none that is there already. */
static void open_next(struct shown_file *shown)
{
    struct services *services = shown->services;
    struct buffer path CLEANUP(buffer_finish);
    buffer_init(&path, BUFFER_CAP);
    buffer_printf(&path, "%s/%s-%ld-%u.md", shown->directory, shown->name, (long)getpid(),
                  ++services->shown_count);
    free(shown->path);
    shown->path = buffer_steal(&path, NULL);
    if (!shown->path ||
        uv_fs_open(services->loop, &shown->request, shown->path,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600, on_opened) != 0)
        over(shown, false);
}

static void on_directory(uv_fs_t *request)
{
    struct shown_file *shown = request->data;
    uv_fs_req_cleanup(request);
    /* It may be there already; if it could not be made, opening the file fails and says so. */
    open_next(shown);
}

static char *join(const char *directory, const char *name)
{
    struct buffer path CLEANUP(buffer_finish);
    buffer_init(&path, BUFFER_CAP);
    buffer_printf(&path, "%s/%s", directory, name);
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
    shown->file = -1;
    shown->directory = join(services->runtime_directory, "gridls");
    shown->name = strdup(name);
    shown->text = strndup(text, length);
    shown->length = shown->text ? strlen(shown->text) : 0;
    shown->request.data = shown;
    if (!shown->directory || !shown->name || !shown->text ||
        uv_fs_mkdir(services->loop, &shown->request, shown->directory, 0700, on_directory) != 0) {
        show_as_message(services, text);
        shown_file_destroy(shown);
        return;
    }
    services->files_being_shown++;
}
