#include "daemon/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/config_watch.h"
#include "daemon/server.h"

/* Away from the numbers that programs expect their streams at. */
#define DESCRIPTOR_MIN 10

struct serve {
    struct setup *setup;
    struct server *server;
    struct setup_signals signals;
    struct config_watch *watch; /* of the user file; NULL: it cannot be watched */
    bool is_over;
    int code;
};

static void end(struct serve *serve, int code)
{
    if (serve->is_over)
        return;
    serve->is_over = true;
    serve->code = code;
    server_close(serve->server);
    config_watch_stop(serve->watch);
    setup_signals_stop(&serve->signals);
    setup_stop(serve->setup);
}

static void on_over(void *context, bool clean)
{
    end(context, clean ? SETUP_DONE : SETUP_FAILED);
}

static void on_signal(void *context, int number)
{
    struct serve *serve = context;

    log_write(serve->setup->log, LOG_INFO, "the session ends: %s", strsignal(number));
    end(serve, server_stop(serve->server) ? SETUP_DONE : SETUP_FAILED);
}

/*
 * Moves the protocol's two streams to numbers that nobody else knows, close-on-exec: what a library
 * or a child prints to stdout goes to stderr, and what reads stdin finds it empty.
 */
static int take_streams(int *input, int *output)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    *input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, DESCRIPTOR_MIN);
    *output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, DESCRIPTOR_MIN);
    if (null < 0 || *input < 0 || *output < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return -errno;
    close(null);
    return 0;
}

/* Where files go that the editor is to show: nobody else may put links there. */
static char *find_runtime_directory(void)
{
    const char *directory = getenv("XDG_RUNTIME_DIR");
    struct buffer path CLEANUP(buffer_finish);
    char home[4096];
    size_t size = sizeof(home);

    buffer_init(&path, BUFFER_CAP);
    if (directory && directory[0] == '/')
        return strdup(directory);
    if (uv_os_homedir(home, &size) != 0)
        return NULL;
    buffer_printf(&path, "%s/.cache", home);
    return buffer_steal(&path, NULL);
}

static int start_server(struct serve *serve)
{
    char *runtime_directory CLEANUP(cleanup_free) = find_runtime_directory();
    struct server_options options = {
        .log = serve->setup->log,
        .config_store = serve->setup->store,
        .runtime_directory = runtime_directory,
        .warnings = serve->setup->warnings.data,
        .on_over = on_over,
        .context = serve,
    };
    int error = take_streams(&options.input, &options.output);

    return error ? error : server_create(&serve->server, &serve->setup->loop, &options);
}

static void on_user_file(void *context, int error, const char *text, size_t length)
{
    struct serve *serve = context;

    server_user_file_changed(serve->server, serve->setup->config_path, error, text, length);
}

static void watch_user_file(struct serve *serve)
{
    const char *path = serve->setup->config_path;
    int error = path ? config_watch_start(&serve->watch, &serve->setup->loop, path, on_user_file,
                                          serve)
                     : 0;

    if (error)
        log_write(serve->setup->log, LOG_DEBUG, "%s is not watched: %s", path, uv_strerror(error));
}

static void tell_a_person(void)
{
    if (isatty(STDIN_FILENO))
        setup_complain("This is a language server: it waits for an editor on stdin. "
                       "`gridls --help` names what it does at a terminal.");
}

int serve_run(struct setup *setup)
{
    struct serve serve = {.setup = setup, .code = SETUP_FAILED};
    int error;

    tell_a_person();
    error = start_server(&serve);
    if (error) {
        setup_complain("stdin and stdout cannot be served: %s.", uv_strerror(error));
        return SETUP_FAILED;
    }
    watch_user_file(&serve);
    setup_signals_start(&serve.signals, &setup->loop, on_signal, &serve);
    uv_run(&setup->loop, UV_RUN_DEFAULT);
    return serve.code;
}
