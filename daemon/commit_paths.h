#ifndef GRIDLS_COMMIT_PATHS_H
#define GRIDLS_COMMIT_PATHS_H

/*
 * Files whose difference says nothing that their name does not: nobody wrote it by hand. A commit
 * message is told of them in one line each, so that a lock file cannot drown the change that it
 * follows.
 */

/* What kind of such file this is, by its path within the repository ('/' between parts): "lock
 * file", "generated", "vendored"; NULL: an ordinary file. The text is static. */
const char *commit_path_note(const char *path);

#endif
