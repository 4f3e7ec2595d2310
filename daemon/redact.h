#ifndef GRIDLS_REDACT_H
#define GRIDLS_REDACT_H

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
 */
struct redaction;

int redaction_create(struct redaction **redaction); /* 0 or -ENOMEM */
void redaction_destroy(struct redaction *redaction); /* wipes the secrets */

/* Also treats this text (NULL: none) as a secret wherever it stands: the key in use. Fewer than six
 * bytes would be found everywhere and are passed over. 0, -ENOMEM or -EMSGSIZE. */
int redaction_add(struct redaction *redaction, const char *secret);

/* Appends text with its secrets replaced. Returns as buffer_append(); -EMSGSIZE also where there
 * are more secrets than placeholders. */
int redaction_apply(struct redaction *redaction, const char *text, size_t length,
                    struct buffer *out);
/* The same for all messages in place: the caller sends none of them after an error. */
int redaction_apply_messages(struct redaction *redaction, struct chat_messages *messages);

size_t redaction_count(const struct redaction *redaction); /* secrets replaced so far */

/* Puts secrets back in a stream: appends what is certain, holds what may be the head of a
 * placeholder; `last` flushes. `held` is the stream's own memory, empty at its start. */
int redaction_restore(const struct redaction *redaction, struct buffer *held, const char *text,
                      size_t length, int last, struct buffer *out);

#endif
