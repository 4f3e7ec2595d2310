#include "protocol/chat_quote.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define BODY_CAP ((size_t)64 << 10)
#define TRIES 8 /* braces that begin no object; each costs a look at what is behind it */

/* The length of the object at the beginning of the text; 0 where it does not end. Whether it is JSON
 * is for a parser to say. */
static size_t object_length(const char *text, size_t length)
{
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < length && i < BODY_CAP; i++) {
        if (in_string) {
            in_string = text[i] != '"';
            i += text[i] == '\\';
        } else if (text[i] == '"') {
            in_string = true;
        } else if (text[i] == '{') {
            depth++;
        } else if (text[i] == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* {"…, with blanks: not the braces of a template or of Python's dict. */
static bool begins_object(const char *text, size_t length)
{
    size_t i = 1;

    while (i < length && strchr(" \t\r\n", text[i]) != NULL) {
        i++;
    }
    return i < length && text[0] == '{' && text[i] == '"';
}

static bool begins_with(const char *text, size_t length, const char *words)
{
    return length >= strlen(words) && strncasecmp(text, words, strlen(words)) == 0;
}

static bool begins_page(const char *text, size_t length)
{
    return begins_with(text, length, "<html") || begins_with(text, length, "<!doctype");
}

/* The calls that led to an exception: JavaScript's, Python's. */
static bool begins_stack(const char *text, size_t length)
{
    return begins_with(text, length, "\n    at ") ||
           begins_with(text, length, "\nTraceback (most recent call");
}

void chat_quote_find(struct chat_quote *quote, const char *text, size_t length)
{
    unsigned tries = 0;
    size_t i;

    memset(quote, 0, sizeof *quote);
    for (i = 0; i < length && !begins_stack(text + i, length - i); i++) {
        if (begins_page(text + i, length - i)) {
            quote->body = text + i;
            quote->body_length = length - i;
            break;
        }
        if (begins_object(text + i, length - i) && tries++ < TRIES) {
            quote->body_length = object_length(text + i, length - i);
            if (quote->body_length > 0) {
                quote->body = text + i;
                break;
            }
        }
    }
    quote->lead = i;
}
