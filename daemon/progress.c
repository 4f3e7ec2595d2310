#include "daemon/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/editor.h"

int progress_init(struct progress *progress, struct editor *editor, const struct json *work_token,
                  const struct json *partial_token)
{
    *progress = (struct progress){.editor = editor};
    buffer_init(&progress->pending, BUFFER_CAP);
    int status = 0;
    if (work_token)
        status = rpc_id_from_json(&progress->work_token, work_token);
    if (status == 0 && partial_token)
        status = rpc_id_from_json(&progress->partial_token, partial_token);
    /* A token that is neither an integer nor a string is passed over: its progress is not
     * wanted. */
    return status == -ENOMEM ? status : 0;
}

void progress_finish(struct progress *progress)
{
    rpc_id_finish(&progress->work_token);
    rpc_id_finish(&progress->partial_token);
    buffer_finish(&progress->pending);
}

int progress_use_own_token(struct progress *progress, int64_t token)
{
    char digits[32];
    snprintf(digits, sizeof(digits), "%" PRId64, token);
    progress->work_token.json = strdup(digits);
    return progress->work_token.json ? 0 : -ENOMEM;
}

/* Begins {"token":…,"value":{"kind":KIND – the caller goes on within the value. */
static void begin_value(struct buffer *body, struct json_writer *writer, const struct rpc_id *token,
                        const char *kind)
{
    buffer_init(body, BUFFER_CAP);
    json_writer_init(writer, body);
    rpc_begin_notification(writer, "$/progress");
    json_begin_object(writer);
    json_write_key(writer, "token");
    json_write_raw(writer, token->json, strlen(token->json));
    json_write_key(writer, "value");
    json_begin_object(writer);
    json_put_string(writer, "kind", kind);
}

static void end_value(struct progress *progress, struct buffer *body, struct json_writer *writer)
{
    json_end_object(writer);
    json_end_object(writer);
    rpc_end(writer);
    editor_send(progress->editor, body);
}

static void send_work(struct progress *progress, const char *kind, const char *title,
                      const char *message)
{
    struct buffer body;
    struct json_writer writer;
    begin_value(&body, &writer, &progress->work_token, kind);
    if (title) {
        json_put_string(&writer, "title", title);
        json_put_bool(&writer, "cancellable", true);
    }
    if (message)
        json_put_string(&writer, "message", message);
    end_value(progress, &body, &writer);
}

void progress_begin(struct progress *progress, const char *title, const char *message)
{
    if (!progress->work_token.json || progress->begun)
        return;
    progress->begun = true;
    send_work(progress, "begin", title, message);
}

void progress_report(struct progress *progress, const char *message)
{
    if (progress->begun && !progress->ended)
        send_work(progress, "report", NULL, message);
}

void progress_end(struct progress *progress, const char *message)
{
    if (!progress->begun || progress->ended)
        return;
    progress->ended = true;
    send_work(progress, "end", NULL, message);
}

bool progress_streams(const struct progress *progress)
{
    return progress->partial_token.json != NULL;
}

void progress_begin_partial(struct progress *progress, struct buffer *body,
                            struct json_writer *writer)
{
    begin_value(body, writer, &progress->partial_token, "partial");
}

void progress_end_partial(struct progress *progress, struct buffer *body,
                          struct json_writer *writer)
{
    end_value(progress, body, writer);
}

static void send_text(struct progress *progress, const char *text, size_t length)
{
    struct buffer body;
    struct json_writer writer;
    progress_begin_partial(progress, &body, &writer);
    json_put_text(&writer, "text", text, length);
    progress_end_partial(progress, &body, &writer);
}

int progress_text(struct progress *progress, const char *text, size_t length)
{
    if (!progress_streams(progress) || !length)
        return 0;
    if (progress->pending.length || !editor_is_idle(progress->editor))
        return buffer_append(&progress->pending, text, length);
    send_text(progress, text, length);
    return 0;
}

void progress_flush(struct progress *progress)
{
    if (!progress->pending.length)
        return;
    send_text(progress, progress->pending.data, progress->pending.length);
    buffer_clear(&progress->pending);
}

bool progress_is_full(const struct progress *progress)
{
    return progress->pending.length > PROGRESS_PENDING_HIGH;
}
