#ifndef GRIDLS_CHAT_TOOLS_H
#define GRIDLS_CHAT_TOOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"
#include "protocol/json.h"

/*
 * The calls of tools that an assistant's turn makes, put together from the fragments of a stream.
 *
 * Servers number fragments in every way that there is: with no index, with the same one for every
 * call, from 1 on, with the head of a call at 0 and its arguments at 1; they repeat the id or send
 * an empty one. A fragment goes
 *   - with an id: to the call of that id, else to a new one, whatever its index;
 *   - with an index and no id: to the newest call that was opened under it;
 *   - else to the last call;
 * but where no id says otherwise, another name, or arguments behind those that are whole already,
 * begin a call of their own.
 */

#define CHAT_TOOL_CALLS_MAX 64
#define CHAT_TOOL_CALL_CAP ((size_t)1 << 20) /* bytes of each text of a call */

struct chat_tool_call {
    char *id;                /* never NULL once settled: where none came, one is made up */
    char *name;
    struct buffer arguments; /* once settled, the JSON text of an object */
    struct buffer rest;      /* the members that are not known here (a signature, say), which must go
                                back as they came: the JSON text of an object; empty: none */
    int64_t index;
    bool has_index;
    bool is_closed;          /* the outermost bracket of the arguments is closed */
    bool in_string, in_escape;
    unsigned depth;
};

struct chat_tool_calls {
    struct chat_tool_call *items;
    size_t count;
    const char *fault; /* why none of them may be run, a sentence, static; NULL: they may */
};

/* Zeroes are a good beginning. */
void chat_tool_calls_finish(struct chat_tool_calls *calls);

/* Takes the array `tool_calls` of a delta, or with `whole` that of a message, where each element is
 * a call of its own. Returns 0, -ENOMEM, or -EMSGSIZE for too many calls or too large a one. */
int chat_tool_calls_take(struct chat_tool_calls *calls, const struct json *array, bool whole);

/*
 * The answer is at its end: looks at the arguments for the first time, makes up ids, and sets
 * `fault`. `cut`: something else than the model ended it, so that a call whose arguments are not
 * closed is only a part. Returns 0 or -ENOMEM.
 */
int chat_tool_calls_settle(struct chat_tool_calls *calls, bool cut);

/* Makes `copy` (zeroes) a copy of settled calls. Returns 0 or -ENOMEM; finish it in any case. */
int chat_tool_calls_copy(struct chat_tool_calls *copy, const struct chat_tool_calls *calls);

/* Writes the array as it goes back to the server. */
void chat_tool_calls_write(const struct chat_tool_calls *calls, struct json_writer *writer);

#endif
