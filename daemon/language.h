#ifndef GRIDLS_LANGUAGE_H
#define GRIDLS_LANGUAGE_H

/* What LSP calls the language of a file of this name: "" where that is not known. */
const char *language_of_path(const char *path);

#endif
