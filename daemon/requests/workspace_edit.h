#ifndef GRIDLS_REQUESTS_WORKSPACE_EDIT_H
#define GRIDLS_REQUESTS_WORKSPACE_EDIT_H

#include "daemon/services.h"
#include "protocol/diff.h"

/* One file of a WorkspaceEdit over several. */
struct workspace_change {
    const char *uri;
    bool has_version; /* the client has it open, in this version */
    int64_t version;
    bool creates;     /* a new file, which has no original */
    const char *original;
    size_t original_length;
    struct buffer text; /* what it becomes */
    struct diff diff;   /* from the one to the other */
};

/*
 * Writes a WorkspaceEdit (LSP 3.18) in the form that the client takes. Where it knows change
 * annotations, all of it is one that needs to be confirmed, under this label: editors show it
 * before they apply it. New files only for a client that can make them. Returns 0 or -ENOMEM.
 */
int workspace_edit_write(struct json_writer *writer, const struct services *services,
                         const struct workspace_change *changes, size_t count, const char *label);

#endif
