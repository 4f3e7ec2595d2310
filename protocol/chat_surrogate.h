#ifndef GRIDLS_CHAT_SURROGATE_H
#define GRIDLS_CHAT_SURROGATE_H

#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"

/*
 * Some servers cut a character beyond U+FFFF between two deltas and send its halves as escapes, the
 * first ("…\ud83d") at the end of one string and the second ("\ude00…") at the start of a string
 * in the next chunk. A JSON parser can only take each for ill-formed. Here the raw text of the
 * chunks is mended before it is parsed.
 *
 * Returns the text to parse, its length in *mended_length: `text` itself where nothing is to mend,
 * else what is now in `scratch` (initialised and empty). A first half at the end of a string is
 * taken out and kept in *half (0: none), and the half kept from the chunk before is put where its
 * second half begins a string; where no string does, it is forgotten. Returns NULL when scratch has
 * an error.
 */
const char *chat_surrogate_mend(uint16_t *half, const char *text, size_t length,
                                struct buffer *scratch, size_t *mended_length);

#endif
