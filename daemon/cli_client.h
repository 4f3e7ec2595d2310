#ifndef GRIDLS_CLI_CLIENT_H
#define GRIDLS_CLI_CLIENT_H

#include <stdbool.h>

#include "daemon/setup.h"
#include "protocol/json.h"
#include "protocol/rpc.h"

/*
 * A language client in this process, for one request: it speaks with a server of its own through
 * two pipes, as an editor does, so that a subcommand does what an editor's request does. Positions
 * count characters (utf-32).
 */
struct cli_client;

struct cli_answer {
    const struct json *result; /* NULL: null was answered, or it failed */
    bool failed;
    enum rpc_code code;        /* where it failed */
    const char *message;       /* a sentence */
    const char *hint;          /* what to do; "" */
    const char *kind;          /* the failure's, as in its data; "" */
};

/* Called from the loop. What is passed is valid during the call. */
struct cli_client_callbacks {
    void (*on_text)(void *context, const char *text, size_t length); /* a partial result */
    void (*on_note)(void *context, const char *note); /* how the work goes on, a sentence */
    void (*on_message)(void *context, const char *message); /* a warning, perhaps of some lines */
    /* Once; cli_client_close() may be called from within. */
    void (*on_end)(void *context, const struct cli_answer *answer);
};

/* Starts a session with the folder `root` (absolute) as its workspace. Returns 0 or a negative
 * errno. */
int cli_client_start(struct cli_client **client, struct setup *setup, const char *root,
                     const struct cli_client_callbacks *callbacks, void *context);

void cli_client_open(struct cli_client *client, const char *uri, const char *language,
                     const struct buffer *text);

/*
 * The one request: begin, let the caller write the members of its params, send. `streams`: partial
 * results are asked for.
 */
struct json_writer *cli_client_begin(struct cli_client *client, const char *method, bool streams);
void cli_client_send(struct cli_client *client);

/* The request is answered at once, with RPC_REQUEST_CANCELLED unless it is done by then. */
void cli_client_cancel(struct cli_client *client);

/* Ends the session; no callback follows, the memory goes as the loop runs. Takes NULL. */
void cli_client_close(struct cli_client *client);

#endif
