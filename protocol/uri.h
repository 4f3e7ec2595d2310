#ifndef GRIDLS_URI_H
#define GRIDLS_URI_H

#include <stdbool.h>

/*
 * URIs as LSP uses them (RFC 3986; LSP 3.18, "URI"). Clients spell one file in many ways: percent
 * escapes in any case, escapes of characters that need none, `file:/p`, `file://localhost/p`, a
 * drive letter in either case with `:` or `%3A`. Documents are keyed by the normal form; the client
 * always gets back the spelling that it sent. Schemes other than file are opaque: kept byte for
 * byte.
 */

/* The one normal form, NUL-terminated, the caller frees. NULL when memory runs out. */
char *uri_normalize(const char *uri);

/* The local path of a file URI (percent-decoded, no host but localhost), the caller frees. Returns 0
 * or -ENOMEM, which must not be taken for an answer: what has no path is under no rules. *path is NULL
 * then, and also where it is no such URI, or the path would hold a NUL. */
int uri_to_path(const char *uri, char **path);

/* The file URI of an absolute path, the caller frees. NULL when memory runs out. */
char *uri_from_path(const char *path);

bool uri_is_file(const char *uri);

#endif
