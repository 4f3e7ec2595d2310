#include "daemon/editor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/frame.h"

#define READ_SIZE ((size_t)64 << 10)
#define CLOSE_FLUSH_MS 2000u

/* One framed message that the editor has not taken wholly. */
struct outgoing_frame {
    uv_write_t write;
    uv_fs_t fs_write;
    struct editor *editor;
    struct outgoing_frame *next; /* files: the next to be written */
    char *bytes;
    size_t length, written;
};

/* One end: a stream of libuv's, or a file that is read and written through its thread pool. */
union endpoint {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
    uv_tty_t tty;
};

struct editor {
    uv_loop_t *loop;
    struct editor_callbacks callbacks;
    void *context;
    union endpoint in, out;
    int in_file, out_file; /* -1: not a file */
    bool in_handle, out_handle; /* initialised, hence to be closed */
    uv_fs_t file_read;
    int64_t in_offset;
    struct frame_parser parser;
    struct outgoing_frame *first_frame, *last_frame; /* files only */
    size_t queued;         /* bytes not yet written */
    size_t frames;         /* that they are in */
    uv_timer_t flush_timer;
    unsigned pending;      /* handles and file requests that still refer to this */
    bool ended;            /* on_end has been called */
    bool broken;           /* nothing more can be written */
    bool closing;
    bool closed_streams;
    char room[READ_SIZE];
};

static void release(struct editor *editor)
{
    if (--editor->pending)
        return;
    frame_parser_finish(&editor->parser);
    while (editor->first_frame) {
        struct outgoing_frame *frame = editor->first_frame;
        editor->first_frame = frame->next;
        free(frame->bytes);
        free(frame);
    }
    if (editor->in_file >= 0)
        close(editor->in_file);
    if (editor->out_file >= 0)
        close(editor->out_file);
    free(editor);
}

static void on_closed(uv_handle_t *handle)
{
    release(handle->data);
}

static void end(struct editor *editor, const char *fault)
{
    if (editor->ended)
        return;
    editor->ended = true;
    if (!editor->closing)
        editor->callbacks.on_end(editor->context, fault);
}

/* Unlike the end of the input, after which what is queued still goes out. */
static void end_output(struct editor *editor, const char *fault)
{
    editor->broken = true;
    end(editor, fault);
}

/* ---- in --------------------------------------------------------------------------------------- */

static void take_bytes(struct editor *editor, const char *data, size_t length)
{
    while (length && !editor->closing && !editor->ended) {
        size_t used = 0;
        enum frame_status status = frame_parser_feed(&editor->parser, data, length, &used);
        data += used;
        length -= used;
        if (status == FRAME_MESSAGE)
            editor->callbacks.on_message(editor->context, editor->parser.body.data,
                                         editor->parser.body.length);
        else if (status == FRAME_BAD)
            end(editor, editor->parser.fault);
    }
}

static void input_over(struct editor *editor)
{
    end(editor, frame_parser_is_idle(&editor->parser) ? NULL : "the input ended within a message");
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
    struct editor *editor = handle->data;
    (void)suggested;
    *room = uv_buf_init(editor->room, sizeof(editor->room));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *room)
{
    struct editor *editor = stream->data;
    if (count > 0) {
        take_bytes(editor, room->base, (size_t)count);
    } else if (count < 0) {
        uv_read_stop(stream);
        input_over(editor);
    }
}

static void read_file(struct editor *editor);

static void on_file_read(uv_fs_t *request)
{
    struct editor *editor = request->data;
    ssize_t count = request->result;
    uv_fs_req_cleanup(request);
    if (count > 0 && !editor->closing && !editor->ended) {
        editor->in_offset += count;
        take_bytes(editor, editor->room, (size_t)count);
    } else if (!editor->closing && !editor->ended) {
        if (count == 0)
            input_over(editor);
        else
            end(editor, "the input cannot be read");
    }
    if (!editor->closing && !editor->ended)
        read_file(editor);
    release(editor);
}

static void read_file(struct editor *editor)
{
    uv_buf_t room = uv_buf_init(editor->room, sizeof(editor->room));
    editor->file_read.data = editor;
    editor->pending++;
    if (uv_fs_read(editor->loop, &editor->file_read, editor->in_file, &room, 1, editor->in_offset,
                   on_file_read) != 0) {
        editor->pending--;
        end(editor, "the input cannot be read");
    }
}

/* ---- out -------------------------------------------------------------------------------------- */

static void close_streams(struct editor *editor)
{
    if (editor->closed_streams)
        return;
    editor->closed_streams = true;
    if (editor->in_handle)
        uv_close(&editor->in.handle, on_closed);
    if (editor->out_handle)
        uv_close(&editor->out.handle, on_closed);
    uv_close((uv_handle_t *)&editor->flush_timer, on_closed);
}

static void destroy_frame(struct outgoing_frame *frame)
{
    frame->editor->frames--;
    free(frame->bytes);
    free(frame);
}

static void frame_done(struct outgoing_frame *frame, int status)
{
    struct editor *editor = frame->editor;
    editor->queued -= frame->length - frame->written;
    destroy_frame(frame);
    if (status < 0)
        end_output(editor, "the editor no longer reads");
    if (editor->closing) {
        if (editor->queued == 0 || status < 0)
            close_streams(editor);
    } else if (editor->queued == 0 && !editor->ended) {
        editor->callbacks.on_idle(editor->context);
    }
}

static void on_written(uv_write_t *write, int status)
{
    frame_done(write->data, status);
}

static void write_file(struct editor *editor);

static void on_file_written(uv_fs_t *request)
{
    struct outgoing_frame *frame = request->data;
    struct editor *editor = frame->editor;
    ssize_t count = request->result;
    uv_fs_req_cleanup(request);
    if (count > 0) {
        frame->written += (size_t)count;
        editor->queued -= (size_t)count;
    }
    if (count <= 0 || frame->written == frame->length) {
        editor->first_frame = frame->next;
        if (!editor->first_frame)
            editor->last_frame = NULL;
        frame_done(frame, count > 0 ? 0 : count < 0 ? (int)count : UV_EIO);
    }
    if (editor->first_frame && !editor->broken)
        write_file(editor);
    release(editor);
}

static void write_file(struct editor *editor)
{
    struct outgoing_frame *frame = editor->first_frame;
    uv_buf_t bytes = uv_buf_init(frame->bytes + frame->written,
                                 (unsigned)(frame->length - frame->written));
    frame->fs_write.data = frame;
    editor->pending++;
    if (uv_fs_write(editor->loop, &frame->fs_write, editor->out_file, &bytes, 1, -1,
                    on_file_written) != 0) {
        editor->pending--;
        end_output(editor, "the output cannot be written");
    }
}

static void queue_file(struct editor *editor, struct outgoing_frame *frame)
{
    bool was_idle = editor->first_frame == NULL;
    if (editor->last_frame)
        editor->last_frame->next = frame;
    else
        editor->first_frame = frame;
    editor->last_frame = frame;
    if (was_idle)
        write_file(editor);
}

/* Most frames fit into the pipe at once, and then cost no memory beyond this call. */
static void send_stream(struct editor *editor, struct outgoing_frame *frame)
{
    uv_buf_t bytes = uv_buf_init(frame->bytes, (unsigned)frame->length);
    if (editor->queued == frame->length) {
        int count = uv_try_write(&editor->out.stream, &bytes, 1);
        if (count > 0) {
            frame->written = (size_t)count;
            editor->queued -= (size_t)count;
        }
        if (frame->written == frame->length) {
            destroy_frame(frame);
            return;
        }
    }
    bytes = uv_buf_init(frame->bytes + frame->written, (unsigned)(frame->length - frame->written));
    frame->write.data = frame;
    int status = uv_write(&frame->write, &editor->out.stream, &bytes, 1, on_written);
    if (status != 0)
        frame_done(frame, status);
}

static struct outgoing_frame *make_frame(struct editor *editor, struct buffer *body)
{
    struct buffer framed CLEANUP(buffer_finish);
    buffer_init(&framed, EDITOR_QUEUE_CAP);
    if (buffer_reserve(&framed, body->length + 64) != 0 || buffer_error(body) != 0)
        return NULL;
    frame_append_header(&framed, body->length);
    buffer_append(&framed, body->data, body->length);
    struct outgoing_frame *frame = calloc(1, sizeof(*frame));
    if (!frame)
        return NULL;
    frame->editor = editor;
    frame->bytes = buffer_steal(&framed, &frame->length);
    if (!frame->bytes) {
        free(frame);
        return NULL;
    }
    editor->frames++;
    return frame;
}

void editor_send(struct editor *editor, struct buffer *body)
{
    if (editor->ended || editor->closing) {
        buffer_finish(body);
        return;
    }
    struct outgoing_frame *frame = make_frame(editor, body);
    buffer_finish(body);
    if (!frame) {
        end_output(editor, "there was not enough memory for an answer");
        return;
    }
    editor->queued += frame->length;
    /* Many small messages take far more memory than their bytes. */
    if (editor->queued + editor->frames * sizeof(*frame) > EDITOR_QUEUE_CAP) {
        editor->queued -= frame->length;
        destroy_frame(frame);
        end_output(editor, "the editor has stopped reading");
    } else if (editor->out_file >= 0) {
        queue_file(editor, frame);
    } else {
        send_stream(editor, frame);
    }
}

bool editor_is_idle(const struct editor *editor)
{
    return editor->queued == 0;
}

/* ---- life ------------------------------------------------------------------------------------- */

/* Makes the right kind of handle for a descriptor. *file is set for what no stream can be;
 * *initialized where the handle must be closed, also after a failure. */
static int open_endpoint(struct editor *editor, union endpoint *endpoint, int descriptor, int *file,
                         bool *initialized)
{
    uv_handle_type type = uv_guess_handle(descriptor);
    int status;
    switch (type) {
    case UV_TTY:
        status = uv_tty_init(editor->loop, &endpoint->tty, descriptor, 0);
        break;
    case UV_TCP:
        status = uv_tcp_init(editor->loop, &endpoint->tcp);
        break;
    case UV_NAMED_PIPE:
        status = uv_pipe_init(editor->loop, &endpoint->pipe, 0);
        break;
    default: /* a file, /dev/null */
        *file = descriptor;
        return 0;
    }
    if (status != 0)
        return status;
    *initialized = true;
    endpoint->handle.data = editor;
    editor->pending++;
    if (type == UV_TCP)
        status = uv_tcp_open(&endpoint->tcp, descriptor);
    else if (type == UV_NAMED_PIPE)
        status = uv_pipe_open(&endpoint->pipe, descriptor);
    return status;
}

int editor_create(struct editor **out, uv_loop_t *loop, int input, int output,
                  const struct editor_callbacks *callbacks, void *context)
{
    *out = NULL;
    struct editor *editor = calloc(1, sizeof(*editor));
    if (!editor)
        return -ENOMEM;
    editor->loop = loop;
    editor->callbacks = *callbacks;
    editor->context = context;
    editor->in_file = editor->out_file = -1;
    frame_parser_init(&editor->parser, FRAME_BODY_CAP);
    uv_timer_init(loop, &editor->flush_timer);
    editor->flush_timer.data = editor;
    editor->pending = 1;
    int status = open_endpoint(editor, &editor->in, input, &editor->in_file, &editor->in_handle);
    if (status == 0)
        status = open_endpoint(editor, &editor->out, output, &editor->out_file,
                               &editor->out_handle);
    if (status == 0 && editor->in_handle)
        status = uv_read_start(&editor->in.stream, give_room, on_read);
    if (status != 0) {
        editor->closing = true;
        editor->in_file = editor->out_file = -1;
        close_streams(editor);
        return status;
    }
    if (!editor->in_handle)
        read_file(editor);
    *out = editor;
    return 0;
}

static void on_flush_over(uv_timer_t *timer)
{
    close_streams(timer->data);
}

void editor_close(struct editor *editor)
{
    if (!editor || editor->closing)
        return;
    editor->closing = true;
    if (editor->in_handle)
        uv_read_stop(&editor->in.stream);
    if (editor->queued && !editor->broken)
        uv_timer_start(&editor->flush_timer, on_flush_over, CLOSE_FLUSH_MS, 0);
    else
        close_streams(editor);
}
