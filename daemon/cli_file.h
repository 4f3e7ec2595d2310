#ifndef GRIDLS_CLI_FILE_H
#define GRIDLS_CLI_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"

/* Files of the person's, for the subcommands: nothing else runs while they are read and written. */

#define CLI_FILE_CAP ((size_t)8 << 20)

/* Why a file was not taken: a sentence that names it. */
struct cli_fault {
    char text[1024];
};

/* Reads a regular file of at most CLI_FILE_CAP bytes. Returns 0 or a negative errno with *fault. */
int cli_file_read(const char *path, struct buffer *bytes, struct cli_fault *fault);

/* The same for one that goes through the protocol, which would not bring bytes back that are not
 * UTF-8: refused, as are NULs, the mark of a binary file. */
int cli_file_read_text(const char *path, struct buffer *text, struct cli_fault *fault);

/*
 * Replaces the file's bytes as a whole: whoever reads it meanwhile, and whatever ends us, finds the
 * old or the new ones. Its mode stays, and where it is a link, the link. Refused where it no longer
 * holds `expected`. Returns 0 or a negative errno with *fault.
 */
int cli_file_replace(const char *path, const struct buffer *expected, const char *bytes,
                     size_t length, struct cli_fault *fault);

/* The absolute path of a file, its last part as it is spelled; the caller frees. NULL where there
 * is none or no memory. */
char *cli_file_absolute(const char *path);

/*
 * The folder that counts as the workspace of an absolute path: the nearest above it with a .git or
 * a .gridls.json, else the current one where the file is below it, else the file's own. The caller
 * frees; NULL when memory runs out.
 */
char *cli_file_root(const char *absolute);

#endif
