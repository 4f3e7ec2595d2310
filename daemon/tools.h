#ifndef GRIDLS_TOOLS_H
#define GRIDLS_TOOLS_H

#include <stddef.h>
#include <uv.h>

#include "daemon/config.h"
#include "daemon/document.h"
#include "daemon/workspace.h"
#include "protocol/chat.h"

/*
 * What a model may call to look round in the workspace: read_file, search_text, list_files. None of them
 * changes anything, and none sees more than tree.h lists: nothing that is ignored, nothing outside of
 * the roots, also not by way of a link. Open documents are read as the editor has them. Whatever a
 * model says as arguments gets an answer; what cannot be done is told in a line that begins with
 * "Error: ".
 *
 * Results are UTF-8 of at most TOOLS_RESULT_MAX bytes, with secrets still in them: whoever sends
 * them redacts them.
 */
struct tool_run;

#define TOOLS_RESULT_MAX ((size_t)20 << 10)

#define TOOLS_COUNT 3
extern const struct chat_tool tools_read_only[TOOLS_COUNT];

/* What the tools work with, and what a run refers to until it is over. */
struct tools_host {
    uv_loop_t *loop;
    struct workspace *workspace;
    const struct documents *documents;
};

/* Once, from the loop; the text is valid during the call, the run is gone after it. */
typedef void (*tool_callback)(void *context, const char *text, size_t length);

/*
 * Runs one call of a tool: `name` (NULL: the model gave none) and the text of its arguments. Takes a
 * few seconds at the most. Returns 0, or -ENOMEM and no callback comes. Never calls back before it
 * returns.
 */
int tool_run_start(struct tool_run **run, const struct tools_host *host, struct config *config,
                   const char *name, const char *arguments, size_t length, tool_callback callback,
                   void *context);

/* What it does, for a person: "reading src/x.c"; NULL: nothing worth telling. */
const char *tool_run_note(const struct tool_run *run);

/* No callback comes any more. Takes NULL. */
void tool_run_cancel(struct tool_run *run);

#endif
