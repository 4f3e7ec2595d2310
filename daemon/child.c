#include "daemon/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILL_AFTER_MS 500
#define LINGER_MS 1000

enum child_state {
    CHILD_RUNNING,
    CHILD_STOPPING, /* SIGTERM was sent, its output is no longer read; the timer sends SIGKILL */
    CHILD_EXITED,   /* what it left in its pipes is still being read; the timer bounds that */
    CHILD_CLOSING,  /* the last close callback frees the memory */
};

struct child {
    enum child_state state;
    unsigned open_handles;
    child_callback callback; /* NULL once it was called or must not be called */
    void *context;
    struct child_result result;
    uv_process_t process;
    uv_timer_t timer;
    uv_pipe_t in;
    uv_pipe_t out;
    uv_pipe_t err;
    uv_write_t write;
    char *input;
    bool has_exited;
    char chunk[16384]; /* both streams read into this: libuv fills it and hands it over at once */
};

/* ---- end ------------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    struct child *child = handle->data;

    if (--child->open_handles > 0)
        return;
    buffer_finish(&child->result.output);
    buffer_finish(&child->result.errors);
    free(child->input);
    free(child);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_pipes(struct child *child)
{
    close_handle(&child->in);
    close_handle(&child->out);
    close_handle(&child->err);
}

static void finish(struct child *child)
{
    child_callback callback = child->callback;

    child->state = CHILD_CLOSING;
    child->callback = NULL;
    close_pipes(child);
    close_handle(&child->timer);
    close_handle(&child->process);
    if (callback)
        callback(child->context, &child->result);
}

static void on_timer(uv_timer_t *timer);

/* Ends a child whose output nobody wants any more. */
static void stop(struct child *child)
{
    if (child->state == CHILD_STOPPING || child->state == CHILD_CLOSING)
        return;
    if (child->has_exited) {
        finish(child);
        return;
    }
    child->state = CHILD_STOPPING;
    close_pipes(child);
    uv_process_kill(&child->process, SIGTERM);
    uv_timer_start(&child->timer, on_timer, KILL_AFTER_MS, 0);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    struct child *child = timer->data;

    switch (child->state) {
    case CHILD_RUNNING:
        child->result.timed_out = true;
        stop(child);
        break;
    case CHILD_STOPPING:
        uv_process_kill(&child->process, SIGKILL);
        break;
    case CHILD_EXITED:
        finish(child);
        break;
    case CHILD_CLOSING:
        break;
    }
}

static bool streams_ended(struct child *child)
{
    return uv_is_closing((uv_handle_t *)&child->out) && uv_is_closing((uv_handle_t *)&child->err);
}

static void on_process_exit(uv_process_t *process, int64_t exit_status, int term_signal)
{
    struct child *child = process->data;

    child->has_exited = true;
    child->result.exit_status = exit_status;
    child->result.term_signal = term_signal;
    if (child->state == CHILD_STOPPING || streams_ended(child)) {
        finish(child);
        return;
    }
    child->state = CHILD_EXITED;
    uv_timer_start(&child->timer, on_timer, LINGER_MS, 0);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct child *child = handle->data;

    (void)suggested;
    *buffer = uv_buf_init(child->chunk, sizeof(child->chunk));
}

/* Appends what there is room for. Returns whether that was all of it. */
static bool append_capped(struct buffer *buffer, const char *data, size_t length)
{
    size_t room = buffer->cap - buffer->length;

    buffer_append(buffer, data, length < room ? length : room);
    return length <= room;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct child *child = stream->data;
    bool is_output = stream == (uv_stream_t *)&child->out;
    struct buffer *target = is_output ? &child->result.output : &child->result.errors;

    if (length < 0) {
        if (length != UV_EOF)
            child->result.error = (int)length;
        close_handle(stream);
        if (child->has_exited && streams_ended(child))
            finish(child);
        return;
    }
    if (!append_capped(target, buffer->base, (size_t)length) && is_output)
        child->result.truncated = true;
    if (buffer_error(target))
        child->result.error = buffer_error(target);
    if (child->result.truncated || child->result.error)
        stop(child);
}

static void on_written(uv_write_t *write, int status)
{
    /* A child may end without having read all: its exit status says what that means. */
    (void)status;
    close_handle(write->handle);
}

/* ---- start ----------------------------------------------------------------------------------- */

static void free_environment(char **environment)
{
    for (char **item = environment; item && *item; item++)
        free(*item);
    free(environment);
}

static bool is_replaced(const struct child_options *options, const char *name)
{
    for (size_t i = 0; i < options->variable_count; i++) {
        if (strcmp(options->variables[i].name, name) == 0)
            return true;
    }
    return false;
}

static int append_variable(char **environment, size_t *count, const char *name, const char *value)
{
    if (asprintf(&environment[*count], "%s=%s", name, value) < 0) {
        environment[*count] = NULL;
        return -ENOMEM;
    }
    ++*count;
    return 0;
}

/* Our own environment with the child's variables over it, ending with NULL. */
static int make_environment(const struct child_options *options, char ***environment)
{
    uv_env_item_t *items;
    size_t count = 0;
    int item_count;
    int error;

    error = uv_os_environ(&items, &item_count);
    if (error)
        return error;
    *environment = calloc((size_t)item_count + options->variable_count + 1, sizeof(char *));
    if (!*environment)
        error = -ENOMEM;
    for (int i = 0; i < item_count && !error; i++) {
        if (!is_replaced(options, items[i].name))
            error = append_variable(*environment, &count, items[i].name, items[i].value);
    }
    for (size_t i = 0; i < options->variable_count && !error; i++) {
        if (options->variables[i].value)
            error = append_variable(*environment, &count, options->variables[i].name,
                                    options->variables[i].value);
    }
    uv_os_free_environ(items, item_count);
    return error;
}

/* uv_spawn() takes the arguments as if it might write to them; it does not. */
static char **spawn_arguments(const char *const *argv)
{
    union {
        const char *const *read_only;
        char **writable;
    } same = {.read_only = argv};

    return same.writable;
}

static int spawn(struct child *child, const struct child_options *options, char **environment)
{
    uv_stdio_container_t streams[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->out},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&child->err},
    };
    uv_process_options_t spawned = {
        .exit_cb = on_process_exit,
        .file = options->argv[0],
        .args = spawn_arguments(options->argv),
        .env = environment,
        .cwd = options->directory,
        .stdio_count = 3,
        .stdio = streams,
    };

    if (options->input) {
        streams[0].flags = UV_CREATE_PIPE | UV_READABLE_PIPE;
        streams[0].data.stream = (uv_stream_t *)&child->in;
    }
    return uv_spawn(child->timer.loop, &child->process, &spawned);
}

static int begin_streams(struct child *child, const struct child_options *options)
{
    uv_buf_t input;
    int error = uv_read_start((uv_stream_t *)&child->out, on_allocate, on_read);

    if (!error)
        error = uv_read_start((uv_stream_t *)&child->err, on_allocate, on_read);
    if (error || !options->input)
        return error;
    /* uv_buf_init() counts in an unsigned int. */
    input = uv_buf_init(child->input, (unsigned)options->input_length);
    return uv_write(&child->write, (uv_stream_t *)&child->in, &input, 1, on_written);
}

static int create(struct child **created, uv_loop_t *loop, const struct child_options *options)
{
    struct child *child;

    if (options->input_length > INT32_MAX)
        return -EMSGSIZE;
    child = calloc(1, sizeof(*child));
    if (!child)
        return -ENOMEM;
    child->input = malloc(options->input_length + 1);
    if (!child->input) {
        free(child);
        return -ENOMEM;
    }
    if (options->input_length > 0)
        memcpy(child->input, options->input, options->input_length);
    buffer_init(&child->result.output, options->output_cap);
    buffer_init(&child->result.errors, CHILD_ERRORS_CAP);
    uv_timer_init(loop, &child->timer);
    uv_pipe_init(loop, &child->in, 0);
    uv_pipe_init(loop, &child->out, 0);
    uv_pipe_init(loop, &child->err, 0);
    child->open_handles = 5;
    child->timer.data = child->in.data = child->out.data = child->err.data = child;
    child->process.data = child;
    *created = child;
    return 0;
}

static int start(struct child **child, uv_loop_t *loop, const struct child_options *options,
                 char **environment, child_callback callback, void *context)
{
    struct child *created;
    int error = create(&created, loop, options);

    if (error)
        return error;
    error = spawn(created, options, environment);
    if (error) {
        /* A process handle that was not spawned is closed like any other. */
        finish(created);
        return error;
    }
    error = begin_streams(created, options);
    if (error) {
        stop(created);
        return error;
    }
    created->callback = callback;
    created->context = context;
    if (options->timeout_ms > 0)
        uv_timer_start(&created->timer, on_timer, options->timeout_ms, 0);
    *child = created;
    return 0;
}

int child_start(struct child **child, uv_loop_t *loop, const struct child_options *options,
                child_callback callback, void *context)
{
    char **environment = NULL;
    int error = 0;

    *child = NULL;
    /* First, as a process handle that uv_spawn() has never seen cannot be closed. */
    if (options->variable_count > 0)
        error = make_environment(options, &environment);
    if (!error)
        error = start(child, loop, options, environment, callback, context);
    free_environment(environment);
    return error;
}

void child_cancel(struct child *child)
{
    if (!child)
        return;
    child->callback = NULL;
    stop(child);
}

bool child_succeeded(const struct child_result *result)
{
    return !result->error && !result->timed_out && !result->truncated && result->exit_status == 0 &&
           result->term_signal == 0;
}
