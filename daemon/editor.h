#ifndef GRIDLS_EDITOR_H
#define GRIDLS_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "protocol/buffer.h"

/*
 * The editor's two pipes: framed bodies in, framed bodies out. Reading never waits for writing: what
 * the editor does not take yet is queued, and whoever streams looks at editor_is_idle() and joins its
 * pieces until on_idle. Either end may be a pipe, a socket, a terminal or a file.
 */
struct editor;

struct editor_callbacks {
    /* One whole body; the bytes are valid during the callback only. */
    void (*on_message)(void *context, const char *body, size_t length);
    /* Everything queued has been written. */
    void (*on_idle)(void *context);
    /* No more will come or can be sent; called once. `fault` NULL: plain end of input; else a
     * sentence for the log. */
    void (*on_end)(void *context, const char *fault);
};

/* More memory than this for what is unwritten: the editor has stopped reading for good, and the
 * session ends. */
#define EDITOR_QUEUE_CAP ((size_t)256 << 20)

/* Both descriptors become the editor's. Returns 0 or a negative errno (then they are still the
 * caller's). Nothing is read before the loop runs. */
int editor_create(struct editor **editor, uv_loop_t *loop, int input, int output,
                  const struct editor_callbacks *callbacks, void *context);

/* Frames and sends a body, whose bytes are taken (the buffer is empty afterwards). A body with an
 * error (no memory) ends the session, as the peer would wait for ever. */
void editor_send(struct editor *editor, struct buffer *body);

/* Nothing is queued: a piece sent now goes out at once. */
bool editor_is_idle(const struct editor *editor);

/* Stops reading, writes what is queued (for two seconds at most), closes and frees, as the loop runs.
 * No callbacks follow. Takes NULL. */
void editor_close(struct editor *editor);

#endif
