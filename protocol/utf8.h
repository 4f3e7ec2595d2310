#ifndef GRIDLS_UTF8_H
#define GRIDLS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;

/* UTF-8 by RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF. */

#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/*
 * Decodes the character at the start of [text, text + length); length must not be 0. Returns the
 * bytes that it takes, at least 1. Bytes that are no character give *code_point = 0xFFFD and the
 * length of the maximal ill-formed subpart (Unicode 15, section 3.9, as browsers do).
 */
size_t utf8_decode(const char *text, size_t length, uint32_t *code_point);

/* The bytes of the well-formed character at the start of text, 0 where there is none. */
size_t utf8_character(const char *text, size_t length);

/* Writes the UTF-8 of `code_point` (a surrogate or too large: U+FFFD) into out; returns 1 to 4. */
size_t utf8_encode(uint32_t code_point, char out[4]);

bool utf8_is_valid(const char *text, size_t length);

/*
 * The length of the longest prefix that does not end inside a character that more bytes could still
 * complete. Ill-formed bytes count as whole. Streams forward that prefix and keep the rest.
 */
size_t utf8_whole_prefix(const char *text, size_t length);

/* The start of the character that holds byte `offset`; offset itself where it begins one or is the
 * end. Offsets beyond length are taken as length. */
size_t utf8_floor(const char *text, size_t length, size_t offset);

/* Appends text with every ill-formed part replaced by U+FFFD. Returns as buffer_append(). */
int utf8_append_valid(struct buffer *out, const char *text, size_t length);

/* Number of characters (code points), of UTF-16 code units. */
size_t utf8_count(const char *text, size_t length);
size_t utf8_count_utf16(const char *text, size_t length);

#endif
