#ifndef GRIDLS_SANDBOX_ANSWER_H
#define GRIDLS_SANDBOX_ANSWER_H

#include <stddef.h>

#include "protocol/buffer.h"

/*
 * What the sandbox says to a prompt. The task is known by the marks of daemon/prompt/prompt.h; the
 * answer is made from the prompt's own text by simple rules, and says that it is the sandbox's.
 */
enum sandbox_task {
    SANDBOX_TASK_OTHER, /* no marks, or edits of several files: says what the sandbox is */
    SANDBOX_TASK_COMPLETION,
    SANDBOX_TASK_REWRITE,
    SANDBOX_TASK_COMMIT,
    SANDBOX_TASK_EXPLANATION,
};

/* Appends the answer to `prompt`, the last message of the user. An answer may be empty (a
 * completion with nothing to offer). *task says what the prompt was. Returns as buffer_append(). */
int sandbox_answer(struct buffer *out, const char *prompt, size_t length, enum sandbox_task *task);

#endif
