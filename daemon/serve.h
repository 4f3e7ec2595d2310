#ifndef GRIDLS_SERVE_H
#define GRIDLS_SERVE_H

#include "daemon/setup.h"

/* Serves the editor at the other end of stdin and stdout until the session is over. Returns the
 * exit code: 0 where it ended as the protocol says, else 1. */
int serve_run(struct setup *setup);

#endif
