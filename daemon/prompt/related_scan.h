#ifndef GRIDLS_PROMPT_RELATED_SCAN_H
#define GRIDLS_PROMPT_RELATED_SCAN_H

#include "daemon/prompt/related.h"

/* Finding definitions in a text, line by line; no one's but related.c's. */

struct related_definition {
    related_name name;
    size_t start; /* whole lines, the comment right above included */
    size_t end;
};

/* *found is the caller's to free, also after an error. Returns 0 or -ENOMEM. */
int related_scan(struct prompt_text text, struct related_definition **found, size_t *count);

#endif
