#ifndef GRIDLS_ANSWER_LINES_H
#define GRIDLS_ANSWER_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Small questions about single lines (without line ends), the same for every task. */

/* Bytes of blanks and tabs at the start; the length of the line without those at its end. */
size_t lines_indent(const char *line, size_t length);
size_t lines_trimmed(const char *line, size_t length);
bool lines_is_blank(const char *line, size_t length);

/* A byte of a word or of a name: letters, digits, `_`, and all that is not ASCII. */
bool lines_is_word(char byte);
bool lines_has_word(const char *line, size_t length);

/* Takes the blanks from both ends. */
void lines_trim(const char **line, size_t *length);

/* The bytes of the first `count` lines of a text with \n line ends, the last one's line end left out. */
size_t lines_first(const char *text, size_t length, size_t count);

/* Whether a text has the line, blanks at both ends apart. */
bool lines_stands_in(const char *text, size_t text_length, const char *line, size_t length);

bool lines_starts_with(const char *line, size_t length, const char *prefix);
/* ASCII letters are equal in either case. */
bool lines_starts_with_word(const char *line, size_t length, const char *prefix);

/* Whether a model's opening words stand here ("Here is", "Sure", …), which are no code. */
bool lines_is_preamble(const char *line, size_t length);

/* A Markdown code fence: three or more ` or ~, after any indentation. */
struct lines_fence {
    char character;
    size_t length;     /* of the run */
    size_t indent;
    const char *info;  /* trimmed; what follows the run */
    size_t info_length;
};
bool lines_fence(const char *line, size_t length, struct lines_fence *fence);
/* Whether `fence` closes one of that character and length (CommonMark 0.31, section 4.5). */
bool lines_fence_closes(const struct lines_fence *fence, char character, size_t length);
/* Whether the info string is Markdown's own name. */
bool lines_fence_is_markdown(const struct lines_fence *fence);

#endif
