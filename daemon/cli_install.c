#include "daemon/cli_install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/child.h"
#include "daemon/cli_file.h"

#define GIT_TIMEOUT_MS 15000u
#define PATH_CAP ((size_t)16 << 10)

struct install {
    struct setup *setup;
    struct cli_output *output;
    struct child *git;
    int *code;
};

/* ---- the hook -------------------------------------------------------------------------------- */

/* As a shell takes it for one word, whatever stands in it. */
static void append_quoted(struct buffer *out, const char *text)
{
    buffer_append_byte(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buffer_append_string(out, "'\\''");
        else
            buffer_append_byte(out, *text);
    }
    buffer_append_byte(out, '\'');
}

static bool is_on_path(const char *name)
{
    const char *at = getenv("PATH");

    while (at && *at) {
        size_t length = strcspn(at, ":");
        struct buffer file CLEANUP(buffer_finish);

        buffer_init(&file, BUFFER_CAP);
        buffer_append(&file, at, length);
        buffer_printf(&file, "/%s", name);
        if (length > 0 && !buffer_error(&file) && access(file.data, X_OK) == 0)
            return true;
        at += length + (at[length] == ':');
    }
    return false;
}

/* By its name, which still holds after an update; by its place where PATH does not lead to it. */
static void write_hook(struct buffer *out)
{
    char place[4096];
    size_t size = sizeof(place);
    bool by_name = is_on_path("gridls") || uv_exepath(place, &size) != 0;
    struct buffer word CLEANUP(buffer_finish);

    buffer_init(&word, BUFFER_CAP);
    append_quoted(&word, by_name ? "gridls" : place);
    buffer_printf(out,
                  "#!/bin/sh\n"
                  "# Made by `gridls commit-message --install-hook`. Delete this file to undo that.\n"
                  "command -v %s >/dev/null 2>&1 || exit 0\n"
                  "exec %s commit-message --hook \"$@\"\n",
                  word.data ? word.data : "gridls", word.data ? word.data : "gridls");
    if (buffer_error(&word))
        out->error = buffer_error(&word);
}

/* ---- its place ------------------------------------------------------------------------------- */

/* The folder with all above it that is missing. Returns 0 or a negative errno. */
static int make_folder(char *path)
{
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        int made = mkdir(path, 0777);
        *slash = '/';
        if (made != 0 && errno != EEXIST)
            return -errno;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : -errno;
}

static int write_whole(const char *path, const struct buffer *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0777);
    int error = 0;

    if (file < 0)
        return -errno;
    for (size_t at = 0; at < text->length && !error;) {
        ssize_t written = write(file, text->data + at, text->length - at);

        if (written >= 0)
            at += (size_t)written;
        else if (errno != EINTR)
            error = -errno;
    }
    if (close(file) != 0 && !error)
        error = -errno;
    if (error)
        unlink(path);
    return error;
}

static bool holds(const char *path, const struct buffer *text)
{
    struct buffer there CLEANUP(buffer_finish);
    struct cli_fault fault;

    buffer_init(&there, BUFFER_CAP);
    return cli_file_read(path, &there, &fault) == 0 && there.length == text->length &&
           memcmp(there.data, text->data, text->length) == 0;
}

static int complain(const char *path, int error)
{
    setup_complain("The hook %s cannot be written: %s.", path, uv_strerror(error));
    return SETUP_FAILED;
}

static int put_hook(struct install *install, char *folder)
{
    struct buffer path CLEANUP(buffer_finish);
    struct buffer hook CLEANUP(buffer_finish);
    struct buffer said CLEANUP(buffer_finish);
    int error;

    buffer_init(&path, BUFFER_CAP);
    buffer_init(&hook, BUFFER_CAP);
    buffer_init(&said, BUFFER_CAP);
    buffer_printf(&path, "%s/prepare-commit-msg", folder);
    write_hook(&hook);
    buffer_printf(&said, "The hook is in %s.\n", path.data ? path.data : folder);
    if (buffer_error(&path) || buffer_error(&hook) || buffer_error(&said))
        return complain(folder, -ENOMEM);
    error = make_folder(folder);
    if (!error)
        error = write_whole(path.data, &hook);
    if (error == -EEXIST && !holds(path.data, &hook)) {
        setup_complain("%s is another hook, which is left as it is; add this line to it: "
                       "gridls commit-message --hook \"$@\"",
                       path.data);
        return SETUP_FAILED;
    }
    if (error && error != -EEXIST)
        return complain(path.data, error);
    cli_output_text(install->output, said.data, said.length);
    return SETUP_DONE;
}

/* ---- git ------------------------------------------------------------------------------------- */

static void on_git(void *context, struct child_result *result)
{
    struct install *install = context;
    struct buffer *path = &result->output;

    if (!child_succeeded(result)) {
        setup_complain("There is no git repository here, or git cannot say where its hooks are; "
                       "try `git rev-parse --git-path hooks`.");
        *install->code = SETUP_FAILED;
    } else {
        while (path->length > 0 && path->data[path->length - 1] == '\n')
            buffer_truncate(path, path->length - 1);
        *install->code = put_hook(install, path->data);
    }
    setup_stop(install->setup);
    free(install);
}

int cli_install_hook(struct setup *setup, struct cli_output *output, int *code)
{
    static const char *const argv[] = {"git", "rev-parse", "--git-path", "hooks", NULL};
    struct child_options options = {
        .argv = argv,
        .output_cap = PATH_CAP,
        .timeout_ms = GIT_TIMEOUT_MS,
    };
    struct install *install = calloc(1, sizeof(*install));
    int error = -ENOMEM;

    if (install) {
        *install = (struct install){.setup = setup, .output = output, .code = code};
        error = child_start(&install->git, &setup->loop, &options, on_git, install);
    }
    if (!error)
        return 0;
    free(install);
    if (error == -ENOENT)
        setup_complain("The program git was not found; install git.");
    else
        setup_complain("git cannot be started: %s.", uv_strerror(error));
    return SETUP_FAILED;
}
