#ifndef GRIDLS_CHAT_CHUNK_H
#define GRIDLS_CHAT_CHUNK_H

#include "protocol/chat.h"

/*
 * The JSON objects of an answer (a chat.completion.chunk of a stream, or a whole chat.completion),
 * taken into the decoder. Only chat_decoder.c calls this.
 *
 * Returns 0, what on_text returned, -ENOMEM or -EMSGSIZE.
 */
int chat_chunk_take(struct chat_decoder *decoder, const struct json *chunk);

/* Hands out what the filters of the choices still hold. */
int chat_chunk_flush(struct chat_decoder *decoder);

#endif
