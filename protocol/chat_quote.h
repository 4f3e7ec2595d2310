#ifndef GRIDLS_PROTOCOL_CHAT_QUOTE_H
#define GRIDLS_PROTOCOL_CHAT_QUOTE_H

#include <stddef.h>

/*
 * The answer of one server within the words of another. Gateways (@musistudio/llms, LiteLLM) put what
 * their own upstream said, often a whole body, behind a few words, and a stack of their own behind it.
 */
struct chat_quote {
    size_t lead;        /* bytes of the text that are the server's own words, in front */
    const char *body;   /* within the text: a whole JSON object, or HTML to the end; NULL: none */
    size_t body_length;
};

/* Looks at `length` bytes of UTF-8 without NUL; a body that is too large to be an error is none. What
 * is in neither part (the stack, words behind the body) is for nobody. */
void chat_quote_find(struct chat_quote *quote, const char *text, size_t length);

#endif
