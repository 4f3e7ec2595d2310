#include "daemon/setup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/buffer.h"
#include "protocol/oneline.h"

#define CONFIG_FILE_CAP ((size_t)1 << 20)

/* ---- process --------------------------------------------------------------------------------- */

void setup_process(void)
{
    /* A file opened later must not become a stream that someone writes messages to. In this order,
     * as open() takes the lowest number that is free. */
    for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY) != descriptor)
            _exit(SETUP_FAILED);
    }
    signal(SIGPIPE, SIG_IGN);
    unsetenv("SSLKEYLOGFILE");
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct setup_signals *signals = handle->data;

    signals->on_signal(signals->context, number);
}

void setup_signals_start(struct setup_signals *signals, uv_loop_t *loop,
                         void (*callback)(void *context, int number), void *context)
{
    static const int numbers[SETUP_SIGNAL_COUNT] = {SIGINT, SIGTERM, SIGHUP};

    *signals = (struct setup_signals){.on_signal = callback, .context = context};
    for (size_t i = 0; i < SETUP_SIGNAL_COUNT; i++) {
        uv_signal_t *handle = &signals->handles[signals->count];
        struct sigaction before;

        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        if (uv_signal_init(loop, handle) != 0)
            continue;
        handle->data = signals;
        uv_signal_start(handle, on_signal, numbers[i]);
        signals->count++;
    }
}

void setup_signals_stop(struct setup_signals *signals)
{
    for (size_t i = 0; i < signals->count; i++) {
        uv_handle_t *handle = (uv_handle_t *)&signals->handles[i];

        if (!uv_is_closing(handle))
            uv_close(handle, NULL);
    }
    signals->count = 0;
}

void setup_complain(const char *format, ...)
{
    char text[2048];
    char line[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    oneline_copy(line, sizeof(line), text, strlen(text));
    fprintf(stderr, "gridls: %s\n", line);
}

static int fail_memory(void)
{
    setup_complain("There is not enough memory to start.");
    return SETUP_FAILED;
}

/* ---- log ------------------------------------------------------------------------------------- */

/* A subcommand says itself what failed, in one line: its log is for those who ask for it. */
static enum log_level default_level(const struct options *options)
{
    return options->command == COMMAND_SERVE || options->log_file ? LOG_INFO : LOG_ERROR;
}

static int make_log(struct setup *setup, const struct options *options)
{
    const char *variable = getenv("GRIDLS_LOG");
    enum log_level level = default_level(options);
    bool is_unknown = variable && *variable && log_level_parse(variable, &level) != 0;
    int error;

    if (options->has_log_level)
        level = options->log_level;
    error = log_create(&setup->log, level, options->log_file);
    if (error && options->log_file) {
        setup_complain("The log file %s cannot be opened: %s.", options->log_file,
                       uv_strerror(error));
        return SETUP_WRONG;
    }
    if (error)
        return fail_memory();
    if (is_unknown)
        setup_complain("GRIDLS_LOG is error, warn, info, debug or trace, not \"%s\".", variable);
    return 0;
}

/* ---- settings -------------------------------------------------------------------------------- */

static const char *look_up(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* XDG Base Directory Specification: a relative path in the variable counts as none. */
static char *find_config_path(const struct options *options)
{
    const char *directory = getenv("XDG_CONFIG_HOME");
    struct buffer path CLEANUP(buffer_finish);
    char home[4096];
    size_t size = sizeof(home);

    buffer_init(&path, BUFFER_CAP);
    if (options->config_file)
        return strdup(options->config_file);
    if (directory && directory[0] == '/')
        buffer_printf(&path, "%s/gridls/config.json", directory);
    else if (uv_os_homedir(home, &size) == 0)
        buffer_printf(&path, "%s/.config/gridls/config.json", home);
    else
        return NULL;
    return buffer_steal(&path, NULL);
}

static int read_config(const char *path, struct buffer *text)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char chunk[8192];
    int error = file < 0 ? -errno : 0;

    while (!error) {
        ssize_t length = read(file, chunk, sizeof(chunk));

        if (length == 0)
            break;
        if (length > 0)
            error = buffer_append(text, chunk, (size_t)length);
        else if (errno != EINTR)
            error = -errno;
    }
    if (file >= 0)
        close(file);
    return error;
}

static void complain_lines(struct buffer *lines)
{
    char *rest = lines->data;

    for (char *line = strtok_r(rest, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        setup_complain("%s", line);
}

/* An editor is better served with the other settings than not at all; but a file that was named and
 * is not there is a mistake in how the editor was set up. */
static bool is_fatal(const struct options *options, int error)
{
    if (options->command == COMMAND_SERVE)
        return error == -ENOENT;
    return error != 0;
}

static int load_user_file(struct setup *setup, const struct options *options)
{
    struct buffer text CLEANUP(buffer_finish);
    bool fatal;
    int error;

    buffer_init(&text, CONFIG_FILE_CAP);
    setup->config_path = find_config_path(options);
    if (!setup->config_path)
        return options->config_file ? fail_memory() : 0;
    error = read_config(setup->config_path, &text);
    setup->config_exists = error != -ENOENT;
    if (error == -ENOENT && !options->config_file)
        return 0;
    if (error)
        buffer_printf(&setup->warnings, "The settings in %s cannot be read: %s.\n",
                      setup->config_path, uv_strerror(error));
    else
        error = config_store_set_text(setup->store, CONFIG_USER_FILE, setup->config_path,
                                      text.data, text.length, &setup->warnings);
    if (error == -ENOMEM || buffer_error(&setup->warnings))
        return fail_memory();
    fatal = is_fatal(options, error);
    if (fatal || options->command != COMMAND_SERVE)
        complain_lines(&setup->warnings); /* else the editor is told */
    return fatal ? SETUP_WRONG : 0;
}

static int load_settings(struct setup *setup, const struct options *options)
{
    if (config_store_create(&setup->store) != 0 ||
        config_store_set_environment(setup->store, look_up, NULL) != 0)
        return fail_memory();
    return load_user_file(setup, options);
}

static int start_sandbox(struct setup *setup)
{
    int error = sandbox_start(&setup->sandbox, &setup->loop, setup->log);

    if (error) {
        setup_complain("The sandbox cannot be started: %s.", uv_strerror(error));
        return SETUP_FAILED;
    }
    error = config_store_set_sandbox(setup->store, sandbox_base_url(setup->sandbox),
                                     sandbox_key(setup->sandbox));
    return error ? fail_memory() : 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

int setup_begin(struct setup *setup, const struct options *options)
{
    int code;

    *setup = (struct setup){0};
    buffer_init(&setup->warnings, BUFFER_CAP);
    code = make_log(setup, options);
    if (!code)
        code = load_settings(setup, options);
    if (code)
        return code;
    if (uv_loop_init(&setup->loop) != 0)
        return fail_memory();
    setup->has_loop = true;
    return options->sandbox ? start_sandbox(setup) : 0;
}

void setup_stop(struct setup *setup)
{
    sandbox_stop(setup->sandbox);
    setup->sandbox = NULL;
}

void setup_end(struct setup *setup)
{
    setup_stop(setup);
    if (setup->has_loop) {
        int error;

        uv_run(&setup->loop, UV_RUN_DEFAULT);
        error = uv_loop_close(&setup->loop);
        if (error)
            log_write(setup->log, LOG_ERROR, "something was left on the loop: %s",
                      uv_strerror(error));
        assert(!error);
    }
    config_store_destroy(setup->store);
    log_destroy(setup->log);
    buffer_finish(&setup->warnings);
    free(setup->config_path);
}
