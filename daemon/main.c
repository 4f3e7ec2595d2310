#include <stdio.h>

#include "daemon/cli.h"
#include "daemon/options.h"
#include "daemon/serve.h"
#include "daemon/setup.h"

static int print(const char *text)
{
    return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? SETUP_FAILED : SETUP_DONE;
}

static int run(const struct options *options)
{
    struct setup setup;
    int code;

    if (options->help)
        return print(options_help());
    if (options->version)
        return print("gridls " GRIDLS_VERSION "\n");
    code = setup_begin(&setup, options);
    if (!code && options->command == COMMAND_SERVE)
        code = serve_run(&setup);
    else if (!code)
        code = cli_run(&setup, options);
    setup_end(&setup);
    /* Nothing that goes wrong here may stop a commit. */
    return options->hook_file && code <= SETUP_WRONG ? SETUP_DONE : code;
}

int main(int argc, char **argv)
{
    struct options options;
    struct buffer fault CLEANUP(buffer_finish);
    int code;

    setup_process();
    buffer_init(&fault, BUFFER_CAP);
    if (options_parse(&options, argc, argv, &fault) == 0) {
        code = run(&options);
    } else {
        setup_complain("%s See `gridls --help`.", fault.data);
        code = SETUP_WRONG;
    }
    options_finish(&options);
    return code;
}
