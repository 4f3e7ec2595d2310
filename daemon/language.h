#ifndef GRIDLS_LANGUAGE_H
#define GRIDLS_LANGUAGE_H

#include <stdbool.h>

/* What LSP calls the language of a file of this name: "" where that is not known. */
const char *language_of_path(const char *path);

/* What ends a block in a language. */
enum language_blocks {
    LANGUAGE_BLOCKS_UNKNOWN,
    LANGUAGE_BLOCKS_BRACES,
    LANGUAGE_BLOCKS_WORDS,    /* `end`, `fi`, `done` */
    LANGUAGE_BLOCKS_INDENTED, /* a line that is indented less */
};

/* How the lines of a language are laid out. */
struct language_layout {
    enum language_blocks blocks;
    const char *comment; /* what begins one that goes to the line's end; "": there is none */
    bool single;         /* '…' holds one character, and a # that begins a line a directive */
    bool patterns;       /* a `)` may end what a case is compared with */
};

/* The layout of an LSP languageId (NULL: unknown). */
struct language_layout language_layout(const char *language);

#endif
