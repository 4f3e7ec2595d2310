#ifndef GRIDLS_CLI_INSTALL_H
#define GRIDLS_CLI_INSTALL_H

#include "daemon/cli_output.h"
#include "daemon/setup.h"

/*
 * `gridls commit-message --install-hook`: puts a prepare-commit-msg hook that calls gridls where
 * `git rev-parse --git-path hooks` says for the current folder, core.hooksPath included. One that is
 * there already and is not ours is never touched. The hook does nothing where gridls is gone.
 *
 * Says on *output what was done, or complains; then stops the setup. Returns 0 with *code set
 * before the loop ends, or an exit code where nothing was started.
 */
int cli_install_hook(struct setup *setup, struct cli_output *output, int *code);

#endif
