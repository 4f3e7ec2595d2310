#ifndef GRIDLS_PROMPT_SECTIONS_H
#define GRIDLS_PROMPT_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/prompt/prompt.h"
#include "protocol/buffer.h"

/* What the four prompts share: marks, cutting, cleaning, framing. */

/* The bytes of the mark that text begins with: `<|cursor|>`, or one of the section tags when it
 * stands at the start of a line (opening or closing; the tag's `>` included). 0: none. */
size_t sections_mark_at(const char *text, size_t length, bool at_line_start);

/* Appends text as it may go out: \n line ends, valid UTF-8, marks defused. As buffer_append(). */
int sections_append_clean(struct buffer *out, struct prompt_text text);

/* Appends text with the defusers of sections_append_clean() taken out. As buffer_append(). */
int sections_append_restored(struct buffer *out, const char *text, size_t length);

/* The last (first) part of a text, at most `budget` bytes, beginning (ending) at a line's start;
 * within a line, but between characters, where not even one line fits. */
struct prompt_text sections_tail(struct prompt_text text, size_t budget);
struct prompt_text sections_head(struct prompt_text text, size_t budget);

/* Cuts two texts round a place to one budget: `before` may have `numerator` / `denominator` of it,
 * and what one leaves unused goes to the other. */
void sections_share(struct prompt_text *before, struct prompt_text *after, size_t budget,
                    unsigned numerator, unsigned denominator);

/* Lines of a text; a last one without a line end counts. */
size_t sections_count_lines(struct prompt_text text);

/* Appends a line end where the buffer does not end with one. */
void sections_end_line(struct buffer *out);

/* Appends the section: mark, text, a line end where it has none, closing mark. */
int sections_append(struct buffer *out, const char *mark, struct prompt_text text);
int sections_append_string(struct buffer *out, const char *mark, const char *string);

/* Appends a part of another text: mark with its path, text, closing mark. */
int sections_append_related(struct buffer *out, const char *mark,
                            const struct prompt_related *part);

/* How the lines of two texts get deeper: '\t', so many spaces (2 to 8), 0: not told. */
unsigned sections_indent(struct prompt_text before, struct prompt_text after);

/* Appends `<file path="…" language="…" indent="…">` and a line end; what is unknown is left out.
 * The indentation is read off the two texts. */
int sections_append_file_open(struct buffer *out, const struct prompt_file *file,
                              struct prompt_text before, struct prompt_text after);
#define SECTIONS_FILE_CLOSE "</file>\n"

/* Appends the person's instructions and, for prose, the language to answer in. */
int sections_append_style(struct buffer *out, const struct prompt_style *style, bool is_prose);

/* Adds the two texts as system and user message. Returns 0 or -ENOMEM. */
int sections_add_messages(struct chat_messages *messages, const struct buffer *system,
                          const struct buffer *user);

#endif
