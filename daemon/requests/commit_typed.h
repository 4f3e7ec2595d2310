#ifndef GRIDLS_REQUESTS_COMMIT_TYPED_H
#define GRIDLS_REQUESTS_COMMIT_TYPED_H

#include <stdbool.h>

#include "daemon/document.h"
#include "protocol/buffer.h"

/*
 * What stands in the document of a commit message already: what the person has typed, which is kept
 * and gone on from; and below it git's comments, with `git commit --verbose` the diff too, which
 * are no part of the message.
 */
struct commit_typed {
    struct buffer text;
    struct buffer echo; /* the answer's head, until it is known whether it repeats the text */
    bool echo_over;
};

void commit_typed_init(struct commit_typed *typed);
void commit_typed_finish(struct commit_typed *typed);

/*
 * What begins a comment line. `setting` is core.commentString or core.commentChar, NULL where it is
 * not set. For "auto" git has chosen a sign that begins no line of the message; the document's last
 * line of text is a comment of git's, so that shows it. `document` NULL: there is none. The result
 * lives as long as `setting` does.
 */
const char *commit_typed_comment(const char *setting, struct document *document);

/* Takes all before the first comment line, without the blank end. As buffer_append(). */
int commit_typed_take(struct commit_typed *typed, struct document *document, const char *comment);

/* Whether that is still what stands there; else a message written for it fits no more. */
bool commit_typed_is_same(const struct commit_typed *typed, struct document *document,
                          const char *comment);

/*
 * A model that continues a text begins by repeating it; the person has it already. Appends what is
 * to stand right behind the typed text: one that does not repeat it has written something to stand
 * below. Fed with the message as it streams; `last` flushes. As buffer_append().
 */
int commit_typed_drop_echo(struct commit_typed *typed, const struct buffer *message, bool last,
                           struct buffer *out);

#endif
