#ifndef GRIDLS_REQUESTS_COMMAND_H
#define GRIDLS_REQUESTS_COMMAND_H

#include "daemon/services.h"

#define COMMAND_EXPLAIN "gridls.explain"
#define COMMAND_REFACTOR "gridls.refactor"
#define COMMAND_COMMIT_MESSAGE "gridls.commitMessage"

/* workspace/executeCommand: answers null at once and works on as a job, as some editors block until
 * the answer. */
void command_request(struct services *services, struct request *request, const void *params);

/* Writes the array of the commands' names, for executeCommandProvider. */
void command_write_names(struct json_writer *writer);

#endif
