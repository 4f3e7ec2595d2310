#ifndef GRIDLS_SANDBOX_TEXT_H
#define GRIDLS_SANDBOX_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/prompt/prompt.h"
#include "protocol/buffer.h"

/* How the sandbox takes a prompt apart: lines, words, marked parts, comment syntax. Pure; every
 * text that is returned points into the one that was given. */

/* Takes the next line, without its line end, off *rest. False when nothing is left. */
bool sandbox_next_line(struct prompt_text *rest, struct prompt_text *line);

/* Without blanks, tabs and a carriage return at both ends, at the end only, in front only. */
struct prompt_text sandbox_trim(struct prompt_text text);
struct prompt_text sandbox_trim_end(struct prompt_text text);

/* The blanks and tabs that the line begins with. */
struct prompt_text sandbox_indent(struct prompt_text line);

bool sandbox_equal(struct prompt_text a, struct prompt_text b);
bool sandbox_begins(struct prompt_text text, struct prompt_text prefix);
bool sandbox_begins_with(struct prompt_text text, const char *prefix);

/*
 * Takes the next line of a text that is shown with line numbers ("12 | text") off *rest; lines
 * without one (a note that something was left out) are passed over. False when nothing is left.
 */
bool sandbox_next_numbered(struct prompt_text *rest, struct prompt_text *line, size_t *number);

/* A byte of an identifier: ASCII letters, digits, '_', and all of UTF-8 beyond ASCII. */
bool sandbox_is_word(char c);

/*
 * Finds the first part whose opening mark is the start of a line: what stands between that line and
 * the line that closes it (the mark with a slash: "</file>"), or the end where none does. `opening`
 * (may be NULL) gets the mark's own line. False where the prompt has no such part.
 */
bool sandbox_part(struct prompt_text prompt, const char *mark, struct prompt_text *part,
                  struct prompt_text *opening);

/* The value of an attribute (name="value") of a mark's line; empty where it is missing. */
struct prompt_text sandbox_attribute(struct prompt_text opening, const char *name);

/* Appends a comment of one line in the syntax of the language, or, `inner`, one that code may
 * follow on the same line. False, with nothing appended, where the language has no such comment. */
bool sandbox_append_comment(struct buffer *out, struct prompt_text language, bool inner,
                            const char *words);

#endif
