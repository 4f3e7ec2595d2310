#ifndef GRIDLS_ANSWER_EDITS_H
#define GRIDLS_ANSWER_EDITS_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

/*
 * Edits of several files as a model writes them: search and replace, and files that are new. In
 * JSON,
 *
 *     {"summary": "…", "edits": [{"path": "…", "search": "…", "replace": "…"}],
 *      "new_files": [{"path": "…", "text": "…"}]}
 *
 * which a server can hold the model to, or in blocks, for servers that cannot:
 *
 *     <edit path="…">
 *     <search>
 *     lines
 *     </search>
 *     <replace>
 *     lines
 *     </replace>
 *     </edit>
 *     <create path="…">
 *     lines
 *     </create>
 *
 * What stands round either, as fences and remarks, is passed over.
 */
extern const char answer_edits_schema[];

struct answer_edit {
    struct buffer path;   /* UTF-8, as the model writes it */
    struct buffer search; /* \n line ends; empty for a new file */
    struct buffer text;
    bool creates;
};

struct answer_edits {
    struct answer_edit *items;
    size_t count;
    struct buffer summary;
};

#define ANSWER_EDITS_MAX ((size_t)256)

/* Returns 0 (perhaps without any edit), -EBADMSG (neither form), -EMSGSIZE (too many) or
 * -ENOMEM; finish the edits in any case. */
int answer_edits_parse(struct answer_edits *edits, const char *text, size_t length);
void answer_edits_finish(struct answer_edits *edits);

#endif
