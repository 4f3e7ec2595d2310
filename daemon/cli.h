#ifndef GRIDLS_CLI_H
#define GRIDLS_CLI_H

#include "daemon/options.h"
#include "daemon/setup.h"

/* Runs a subcommand: results on stdout, all else on stderr. Returns the exit code. */
int cli_run(struct setup *setup, const struct options *options);

#endif
