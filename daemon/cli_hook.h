#ifndef GRIDLS_CLI_HOOK_H
#define GRIDLS_CLI_HOOK_H

#include <stdbool.h>

#include "daemon/cli_file.h"

/* git's prepare-commit-msg hook (githooks(5)). */

/* Whether a message is wanted: not where the person gave one, git made one, or a rebase goes on. */
bool cli_hook_is_wanted(const char *file, const char *source);

struct cli_hook {
    const char *file;
    const char *source;          /* NULL: git gave none */
    const struct buffer *before; /* what the file holds */
    const char *message;
    const char *template; /* of commit.template, which the message fills in; NULL: none */
};

/* Puts the message at the top of the file, before what git has written there; in place of the
 * template, where that is what the file begins with. Returns 0 or a negative errno with *fault. */
int cli_hook_write(const struct cli_hook *hook, struct cli_fault *fault);

#endif
