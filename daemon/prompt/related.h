#ifndef GRIDLS_PROMPT_RELATED_H
#define GRIDLS_PROMPT_RELATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/prompt/prompt.h"
#include "protocol/buffer.h"

/*
 * What in one text helps with another: where names are defined, which lines use the same words, what
 * is imported. By the spelling alone and for most languages the same, as a person would skim it: no
 * parser, no I/O. What looks like a definition need not be one.
 */

/* ---- words ---------------------------------------------------------------------------------- */

/* A name: letters, digits, `_` and all that is not ASCII. */
typedef uint64_t related_name; /* its hash; 0: none */
related_name related_name_of(const char *word, size_t length);

/* The next word at or behind *at, which is moved behind it; false at the end. */
bool related_next_word(struct prompt_text text, size_t *at, struct prompt_text *word);

/* Whether a word says nothing about what a text is about: keywords, numbers, very short ones. */
bool related_is_common(struct prompt_text word);

/* The words of a text as a set of bits, without the common ones: texts about the same share bits. */
#define RELATED_BITS 512
struct related_words {
    uint64_t bits[RELATED_BITS / 64];
};
void related_words_add(struct related_words *words, struct prompt_text text);
/* How much two sets have in common, in thousandths of all that is in either. */
unsigned related_words_likeness(const struct related_words *a, const struct related_words *b);

/* ---- an index of one text ------------------------------------------------------------------- */

/* Of a longer text only so much is indexed. */
#define RELATED_TEXT_MAX ((size_t)128 << 10)
#define RELATED_WINDOW_LINES 24
#define RELATED_DEFINITION_LINES 24 /* the most of one; of a function only its head */

/* Owns a copy of what it points into. Made once, when the text is opened or read: asking it is cheap
 * enough for every keystroke. */
struct related_index;

int related_index_create(struct related_index **index, struct prompt_text text); /* 0 or -ENOMEM */
void related_index_destroy(struct related_index *index); /* takes NULL */

/* Where the name is defined, with the comment right above: whole lines, valid as long as the index.
 * Of several the first. False where it is not. */
bool related_index_definition(const struct related_index *index, related_name name,
                              struct prompt_text *found);

/* The lines that have most in common with these words, and how much (see related_words_likeness);
 * 0 where nothing has. */
unsigned related_index_window(const struct related_index *index, const struct related_words *words,
                              struct prompt_text *found);

/* ---- imports -------------------------------------------------------------------------------- */

/*
 * Calls `found` with each path at which a file may lie that the text imports, relative to the text's
 * own directory or, `from_root`, to the root of its project: `#include "x.h"`, `from a.b import c`,
 * `import x from './y'`, `mod z;` and the like, by the LSP languageId. One import may have several
 * paths of which at most one is there. The callback returns false to stop.
 */
typedef bool (*related_import_callback)(void *context, const char *path, bool from_root);
void related_imports(struct prompt_text text, const char *language,
                     related_import_callback found, void *context);

/* Whether what one of two languages (LSP languageIds) defines is of use in the other. */
bool related_is_same_kind(const char *a, const char *b);

#endif
