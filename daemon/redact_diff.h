#ifndef GRIDLS_REDACT_DIFF_H
#define GRIDLS_REDACT_DIFF_H

#include <stddef.h>

#include "protocol/buffer.h"

/*
 * Which files of a unified diff (`git diff --patch` with the prefixes a/ and b/) add a line that
 * holds a secret of a shape that redact.h knows. Lines that are taken out or stand around do not
 * count: what the commit would publish does.
 *
 * Appends the names of the first `most` such files to `names`, as git wrote them, parted by ", ".
 * Returns the number of all of them, or a negative errno.
 */
int redact_diff_find(const char *diff, size_t length, size_t most, struct buffer *names);

#endif
