#ifndef GRIDLS_PROMPT_COMMIT_FILES_H
#define GRIDLS_PROMPT_COMMIT_FILES_H

#include "daemon/prompt/prompt.h"

/* The files of a diff, and how they share the budget of a prompt. */

/* More files than this count as one: their diffs say less than their names. */
#define COMMIT_FILES_MAX 256

/* Cuts a diff of git's into its files. Returns their number; the slices add up to the diff. */
size_t commit_files_split(struct prompt_text diff, struct prompt_text files[COMMIT_FILES_MAX]);

/* The most that each file may have so that all together keep to the budget: what small files leave
 * unused goes to the large ones. `count` at least 1. */
size_t commit_files_allowance(const struct prompt_text *files, size_t count, size_t budget);

#endif
