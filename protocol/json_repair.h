#ifndef GRIDLS_JSON_REPAIR_H
#define GRIDLS_JSON_REPAIR_H

#include <stddef.h>

#include "protocol/buffer.h"

/*
 * The look at a text before cJSON parses it; only json.c calls this. It refuses what cJSON would
 * wrongly take (deep nesting, numbers like 01, escapes like \uZZZZ, control characters between
 * values, a text that ends within a value) and repairs what cJSON would refuse or cut.
 *
 * `repaired` is an initialised, empty buffer: it stays empty when the text is fit as it is, and
 * otherwise holds the whole repaired text, line for line the same. Returns 0, -ENOMEM, or -EBADMSG
 * with *fault the offset in text.
 */
int json_repair(const char *text, size_t length, struct buffer *repaired, size_t *fault);

#endif
