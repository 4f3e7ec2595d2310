#ifndef GRIDLS_SERVER_H
#define GRIDLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/*
 * One session with an editor: owns everything that it needs but the loop, the log and the settings.
 * Routes messages by the method table and gives the generic answers (unknown method, wrong state,
 * bad params) once each.
 */
struct config_store;
struct log;
struct server;

struct server_options {
    struct log *log;
    struct config_store *config_store; /* with the layers of command line, environment, user file */
    int input, output;                 /* become the server's */
    const char *warnings;          /* about settings, to be told in the editor, a line each; "" */
    const char *runtime_directory;     /* for files that an editor is to show; NULL: none */
    /* The session is over: `clean` where it ended as LSP says (shutdown, then exit). Called once,
     * from the loop; the callee then calls server_close(). */
    void (*on_over)(void *context, bool clean);
    void *context;
};

/* Nothing is read before the loop runs. Returns 0 or a negative errno. */
int server_create(struct server **server, uv_loop_t *loop, const struct server_options *options);

/* The user's settings file has changed: its text, or `error` where it is gone or cannot be read. */
void server_user_file_changed(struct server *server, const char *path, int error, const char *text,
                              size_t length);

/* The process is told to end: what is open is answered as cancelled. Returns whether the editor had
 * asked for the shutdown, so that all is as it wants it. server_close() is still due. */
bool server_stop(struct server *server);

/* Ends all work without answers, closes the pipes after what is queued, frees in the last close
 * callback, as the loop runs. Takes NULL. */
void server_close(struct server *server);

#endif
