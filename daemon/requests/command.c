#include "daemon/requests/command.h"

#include <stdio.h>
#include <string.h>

#include "daemon/requests/commit_message.h"
#include "daemon/requests/explain.h"
#include "daemon/requests/refactor.h"
#include "protocol/lsp.h"

union command_params {
    struct lsp_explain_params explain;
    struct lsp_refactor_params refactor;
    struct lsp_commit_message_params commit_message;
};

static void run_explain(struct services *services, const union command_params *params,
                        const struct json *token)
{
    explain_command(services, &params->explain, token);
}

static void run_refactor(struct services *services, const union command_params *params,
                         const struct json *token)
{
    refactor_command(services, &params->refactor, token);
}

static void run_commit_message(struct services *services, const union command_params *params,
                               const struct json *token)
{
    commit_message_command(services, &params->commit_message, token);
}

struct command {
    const char *name;
    const struct json_field *fields;
    size_t size;
    void (*run)(struct services *services, const union command_params *params,
                const struct json *token);
};

static const struct command commands[] = {
    {COMMAND_EXPLAIN, lsp_explain_fields, sizeof(struct lsp_explain_params), run_explain},
    {COMMAND_REFACTOR, lsp_refactor_fields, sizeof(struct lsp_refactor_params), run_refactor},
    {COMMAND_COMMIT_MESSAGE, lsp_commit_message_fields, sizeof(struct lsp_commit_message_params),
     run_commit_message},
};

void command_write_names(struct json_writer *writer)
{
    json_begin_array(writer);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        json_write_string(writer, commands[i].name);
    json_end_array(writer);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

void command_request(struct services *services, struct request *request, const void *params)
{
    const struct lsp_execute_command_params *execute = params;
    const struct command *command = find_command(execute->command);
    union command_params decoded;
    struct json_fault fault;
    char message[256];

    if (!command) {
        request_fail(request, RPC_INVALID_PARAMS, "gridls has no command of that name.");
        return;
    }
    /* The message goes with the answer, and the params point into it: it is kept until the job has
     * taken what it needs. */
    struct rpc_message kept = request->message;
    if (json_decode(json_first(execute->arguments), command->fields, &decoded, command->size,
                    &fault) != 0) {
        snprintf(message, sizeof(message), "arguments[0].%s must be %s.", fault.path, fault.wanted);
        request_fail(request, RPC_INVALID_PARAMS, message);
        return;
    }
    request->message = (struct rpc_message){.id = kept.id};
    kept.id = (struct rpc_id){0};
    request_answer_null(request);
    command->run(services, &decoded, NULL);
    json_decode_finish(command->fields, &decoded);
    rpc_message_finish(&kept);
}
