#ifndef GRIDLS_CLI_HOOK_H
#define GRIDLS_CLI_HOOK_H

#include <stdbool.h>

#include "daemon/cli_file.h"

/* git's prepare-commit-msg hook (githooks(5)). */

/* Whether a message is wanted: not where the person gave one, git made one, or a rebase goes on. */
bool cli_hook_is_wanted(const char *file, const char *source);

/* Puts the message at the top of the file, before what git has written there, `before`. Returns 0
 * or a negative errno with *fault. */
int cli_hook_write(const char *file, const struct buffer *before, const char *message,
                   struct cli_fault *fault);

#endif
