#ifndef GRIDLS_PROMPT_COMPLETION_EXAMPLES_H
#define GRIDLS_PROMPT_COMPLETION_EXAMPLES_H

/* A few worked examples of filling in at the mark, for the kind of language (an LSP languageId, NULL:
 * unknown) that the file is in. The same text each time for the same kind. */
const char *completion_examples(const char *language);

#endif
