#include "daemon/cli_output.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "protocol/utf8.h"

void cli_output_init(struct cli_output *output, uv_loop_t *loop, void (*on_error)(void *context),
                     void *context)
{
    *output = (struct cli_output){.loop = loop, .on_error = on_error, .context = context};
    output->is_terminal = isatty(STDOUT_FILENO);
    output->work.data = output;
    buffer_init(&output->pending, BUFFER_CAP);
    buffer_init(&output->writing, BUFFER_CAP);
}

void cli_output_finish(struct cli_output *output)
{
    buffer_finish(&output->pending);
    buffer_finish(&output->writing);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void fail(struct cli_output *output, int error)
{
    if (output->error)
        return;
    output->error = error;
    cli_output_drop(output);
    if (output->on_error)
        output->on_error(output->context);
}

/* In the thread. stdout may have been made O_NONBLOCK by another program. */
static void write_all(uv_work_t *work)
{
    struct cli_output *output = work->data;
    struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
    size_t written = 0;

    while (written < output->writing.length) {
        ssize_t count = write(STDOUT_FILENO, output->writing.data + written,
                              output->writing.length - written);

        if (count >= 0) {
            written += (size_t)count;
        } else if (errno == EAGAIN) {
            poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            output->write_error = -errno;
            return;
        }
    }
}

static void write_on(struct cli_output *output);

static void on_written(uv_work_t *work, int status)
{
    struct cli_output *output = work->data;

    output->is_busy = false;
    buffer_clear(&output->writing);
    if (status == 0)
        status = output->write_error;
    if (status)
        fail(output, status);
    else
        write_on(output);
}

static void write_on(struct cli_output *output)
{
    struct buffer empty = output->writing;
    int error;

    if (output->is_busy || output->pending.length == 0)
        return;
    output->writing = output->pending;
    output->pending = empty;
    output->is_busy = true;
    error = uv_queue_work(output->loop, &output->work, write_all, on_written);
    if (error) {
        output->is_busy = false;
        fail(output, error);
    }
}

/* ---- text ------------------------------------------------------------------------------------ */

/* As `cat -v` and git show them: ^M, ^[. */
static void append_shown(struct buffer *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t count = utf8_decode(text + i, length - i, &c);

        if (c == '\n' || c == '\t' || (c >= ' ' && c < 0x7f) || c > 0x9f)
            buffer_append(out, text + i, count);
        else if (c <= 0x7f)
            buffer_printf(out, "^%c", (char)(c ^ 0x40));
        else
            buffer_append_string(out, UTF8_REPLACEMENT);
        i += count;
    }
}

void cli_output_text(struct cli_output *output, const char *text, size_t length)
{
    if (output->error || length == 0)
        return;
    if (output->is_terminal)
        append_shown(&output->pending, text, length);
    else
        buffer_append(&output->pending, text, length);
    output->is_within_line = text[length - 1] != '\n';
    if (buffer_error(&output->pending))
        fail(output, buffer_error(&output->pending));
    else
        write_on(output);
}

void cli_output_printf(struct cli_output *output, const char *format, ...)
{
    struct buffer text CLEANUP(buffer_finish);
    va_list arguments;

    buffer_init(&text, BUFFER_CAP);
    va_start(arguments, format);
    buffer_vprintf(&text, format, arguments);
    va_end(arguments);
    if (buffer_error(&text))
        fail(output, buffer_error(&text));
    else
        cli_output_text(output, text.data, text.length);
}

void cli_output_end_line(struct cli_output *output)
{
    if (output->is_within_line)
        cli_output_text(output, "\n", 1);
}

void cli_output_drop(struct cli_output *output)
{
    buffer_clear(&output->pending);
    output->is_within_line = false;
}
