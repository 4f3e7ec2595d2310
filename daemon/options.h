#ifndef GRIDLS_OPTIONS_H
#define GRIDLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/log.h"
#include "protocol/buffer.h"

/* The command line. Nothing is looked up here: no file, no environment. */

enum command {
    COMMAND_SERVE, /* no subcommand */
    COMMAND_EXPLAIN,
    COMMAND_REFACTOR,
    COMMAND_COMPLETE,
    COMMAND_COMMIT_MESSAGE,
    COMMAND_CHECK,
    COMMAND_CONFIG,
};

/* What a file argument names. Lines and columns count from 1, columns in characters. */
struct options_place {
    const char *argument; /* as it came: a file may have that very name, numbers and all */
    char *file;      /* owned; NULL: the subcommand takes none */
    uint32_t first;  /* line; 0: the whole file */
    uint32_t last;   /* line, not before `first` */
    uint32_t column; /* `complete` only */
};

/* Strings point into argv but where they are owned; NULL: not given. */
struct options {
    enum command command;
    bool help;
    bool version;

    const char *config_file;
    bool sandbox;
    bool has_log_level;
    enum log_level log_level;
    const char *log_file;

    struct options_place place;
    const char *question;
    const char *instruction;
    bool write;
    const char *hook_file; /* --hook: the file that git gives its prepare-commit-msg hook, */
    bool install_hook;
    bool table; /* config: what settings there are, not how they are */
    const char *hook_source; /* and why it has one; "" is as good as none */
};

/*
 * Reads the arguments, argv[0] left out of account. Fills *options in any case, which the caller
 * finishes. Returns 0; -EINVAL with a sentence on what is wrong in `fault`; or -ENOMEM.
 */
int options_parse(struct options *options, int argc, char *const *argv, struct buffer *fault);
void options_finish(struct options *options);

/* What --help prints. */
const char *options_help(void);

#endif
