#ifndef GRIDLS_CLI_EDIT_H
#define GRIDLS_CLI_EDIT_H

#include "protocol/buffer.h"
#include "protocol/json.h"

/*
 * Appends to `out` what becomes of a text by the edits of a WorkspaceEdit (LSP 3.18), which are of
 * one document and whose positions count characters (utf-32). NULL changes nothing. Returns 0,
 * -EINVAL (no such edit) or -ENOMEM.
 */
int cli_edit_apply(const struct json *edit, const struct buffer *text, struct buffer *out);

#endif
