#ifndef GRIDLS_REQUESTS_CONTEXT_H
#define GRIDLS_REQUESTS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/document.h"
#include "daemon/prompt/prompt.h"
#include "daemon/services.h"

/* What handlers take from documents and settings to give to the prompt builders. */

/* A document round a byte range. Its texts are views: valid until the document is touched again. */
struct context_window {
    struct prompt_file file;
    struct prompt_text before, selection, after;
    size_t first_line; /* of the selection, from 1 */
};

/* `reach`: how many bytes before and behind the range are looked at. */
void context_window(struct services *services, struct document *document, size_t start, size_t end,
                    size_t reach, struct context_window *window);

/* How many bytes of text a prompt of this task may hold, by what is known of its instrument. */
size_t context_budget(const struct services *services, const struct config *config, enum task task);

/* How many bytes of text a request of this task may hold in all, as far as that is known; SIZE_MAX: it
 * is not. */
size_t context_room(const struct services *services, const struct config *config, enum task task);

/* Markdown and plain text: fences may be content there. */
bool context_is_prose(const struct document *document);

/* "\n", "\r\n" or "\r": the document's line end, which is its first line's. */
const char *context_line_end(struct document *document);

/* Appends text, whose lines are parted by \n, with the document's line ends. */
int context_append_with_line_ends(struct buffer *out, struct document *document, const char *text,
                                  size_t length);

struct prompt_style context_style(const struct config *config);

/* The byte range of an LSP range, start before end. */
void context_range(const struct services *services, struct document *document, struct range range,
                   size_t *start, size_t *end);

/* The members of a WorkspaceEdit that changes one document as it is now, in the form that the client
 * takes; between the two the caller writes the edits. */
void context_begin_edits(struct json_writer *writer, const struct services *services,
                         const struct document *document);
void context_end_edits(struct json_writer *writer, const struct services *services);

/* The LSP range of a byte range of the document. */
struct range context_lsp_range(const struct services *services, struct document *document,
                               size_t start, size_t end);

#endif
