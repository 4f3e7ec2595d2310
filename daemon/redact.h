#ifndef GRIDLS_REDACT_H
#define GRIDLS_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"
#include "protocol/chat.h"

/*
 * Secrets out, the same secrets back. Before a prompt is sent, well-known token shapes (cloud and
 * forge keys, JWTs, `Bearer` values, private key blocks, passwords in URLs and in assignments, our
 * own key) are replaced by placeholders; what comes back has the placeholders replaced by the
 * secrets again, also where one is cut between two pieces. Plain hashes, UUIDs and low-entropy test
 * data are left alone.
 *
 * One redaction belongs to one request (or conversation); equal secrets get equal placeholders.
 *
 * Jobs own it and put back; upstream alone replaces, when it knows the key, so that nothing can be sent
 * without.
 */
struct redaction;

/* Without `shapes` only the texts that redaction_add() names are replaced. 0 or -ENOMEM. */
int redaction_create(struct redaction **redaction, bool shapes);
void redaction_destroy(struct redaction *redaction); /* wipes the secrets */

#define REDACTION_LEAST 6 /* bytes: a shorter text would be found all over a file */

/* Also treats this text (NULL: none) as a secret wherever it stands: the key in use. One that is too
 * short is passed over. 0, -ENOMEM or -EMSGSIZE. */
int redaction_add(struct redaction *redaction, const char *secret);

/* Appends text with its secrets replaced. Returns as buffer_append(); -EMSGSIZE also where there
 * are more secrets than placeholders. */
int redaction_apply(struct redaction *redaction, const char *text, size_t length,
                    struct buffer *out);
/* The same for the contents of all messages, in place. What a model wrote to call tools is gone
 * through for texts of redaction_add() only: it holds placeholders already. The caller sends none of
 * the messages after an error. */
int redaction_apply_messages(struct redaction *redaction, struct chat_messages *messages);
/* For messages that were gone through before, when a text was added since: replaces that alone. */
int redaction_apply_added(struct redaction *redaction, struct chat_messages *messages);

size_t redaction_count(const struct redaction *redaction); /* secrets replaced so far */

/* Puts secrets back in a stream: appends what is certain, holds what may be the head of a
 * placeholder; `last` flushes. `held` is the stream's own memory, empty at its start. */
int redaction_restore(const struct redaction *redaction, struct buffer *held, const char *text,
                      size_t length, int last, struct buffer *out);

#endif
