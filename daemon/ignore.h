#ifndef GRIDLS_IGNORE_H
#define GRIDLS_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Rules in gitignore syntax, judged as gitignore(5) says and git does, byte for byte and with case:
 * comments, `!`, anchoring slashes, a trailing slash for directories, `*`, `?`, brackets with
 * ranges and POSIX classes, `**`, backslash escapes, trailing blanks. No I/O.
 *
 * A rule that can never match (an open bracket, a lone backslash at its end) is left out. Matching
 * takes at most (bytes of rule) x (bytes of path) steps: no rule can make it explode.
 */

/* The rules of one file or one list. They apply to what lies below their directory. */
struct ignore_rules;

/*
 * An empty set that belongs to `directory` (copied): relative to the root that paths will be
 * relative to, without slashes at its ends; "" is the root itself. Returns 0 or -ENOMEM.
 */
int ignore_rules_create(struct ignore_rules **rules, const char *directory);
void ignore_rules_destroy(struct ignore_rules *rules); /* takes NULL */

/* Adds one rule from a line without its line end. Returns 0, -ENOMEM or -EMSGSIZE. */
int ignore_rules_add_line(struct ignore_rules *rules, const char *line, size_t length);

/* Adds the rules of a file: lines that end in \n or \r\n, a byte order mark is skipped. Returns 0,
 * -ENOMEM or -EMSGSIZE. */
int ignore_rules_add_text(struct ignore_rules *rules, const char *text, size_t length);

/*
 * Whether the file `path` (relative to the root, single slashes, no `.` or `..`) is ignored. `sets`
 * are ordered from the farthest to the nearest directory; the nearer set and in it the later rule
 * wins. What lies in an ignored directory is ignored, whatever nearer rules say.
 */
bool ignore_match(const struct ignore_rules *const *sets, size_t count, const char *path);
/* The same for a directory, and with it for all that lies in it. */
bool ignore_match_directory(const struct ignore_rules *const *sets, size_t count, const char *path);

#endif
