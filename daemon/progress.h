#ifndef GRIDLS_PROGRESS_H
#define GRIDLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"
#include "protocol/json.h"
#include "protocol/rpc.h"

/*
 * What a person sees of work that takes time (LSP 3.18, "Work Done Progress", "Partial Result
 * Progress"): begin, reports, end under the work-done token; pieces of the answer under the partial
 * result token. Every value is an object with a `kind`, no report precedes its begin, nothing
 * follows the end: several clients break on anything else.
 *
 * Pieces go out at once while the editor takes them; while something is still unwritten they are
 * joined and go out by progress_flush().
 */
struct editor;

struct progress {
    struct editor *editor;
    struct rpc_id work_token;    /* no id: nobody watches */
    struct rpc_id partial_token; /* no id: the result carries the text */
    bool begun, ended;
    struct buffer pending;       /* text that waits for the editor */
};

/* More text than this waiting: the upstream is to be paused. */
#define PROGRESS_PENDING_HIGH ((size_t)256 << 10)

/* Either token may be NULL. Returns 0 or -ENOMEM (finish it all the same). */
int progress_init(struct progress *progress, struct editor *editor, const struct json *work_token,
                  const struct json *partial_token);
void progress_finish(struct progress *progress);

/* A token of our own, after window/workDoneProgress/create has succeeded. 0 or -ENOMEM. */
int progress_use_own_token(struct progress *progress, int64_t token);

/* `message` may be NULL. */
void progress_begin(struct progress *progress, const char *title, const char *message);
void progress_report(struct progress *progress, const char *message);
void progress_end(struct progress *progress, const char *message);

/* Whether text goes out as partial results. */
bool progress_streams(const struct progress *progress);

/* Sends or joins a piece of text. Returns 0, or -ENOMEM or -EMSGSIZE where it cannot be kept. */
int progress_text(struct progress *progress, const char *text, size_t length);
/* Sends what waits, whether the editor is idle or not. */
void progress_flush(struct progress *progress);
bool progress_is_full(const struct progress *progress);

/* For partial values of another shape: the caller writes the members behind `kind` between begin
 * and end. */
void progress_begin_partial(struct progress *progress, struct buffer *body,
                            struct json_writer *writer);
void progress_end_partial(struct progress *progress, struct buffer *body,
                          struct json_writer *writer);

#endif
