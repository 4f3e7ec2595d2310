#ifndef GRIDLS_CHECK_H
#define GRIDLS_CHECK_H

#include "daemon/cli_output.h"
#include "daemon/setup.h"

/*
 * `gridls check`: what is set up, then whether the upstream answers, a line each, "ok" or
 * "problem". The upstream is asked for its list of models, then each instrument in use for a word.
 * Runs the loop. Returns the exit code: 0 where there is no problem.
 */
int check_run(struct setup *setup, struct cli_output *output);

#endif
