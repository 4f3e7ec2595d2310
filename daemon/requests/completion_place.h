#ifndef GRIDLS_REQUESTS_COMPLETION_PLACE_H
#define GRIDLS_REQUESTS_COMPLETION_PLACE_H

#include <stdbool.h>

#include "daemon/answer/answer.h"
#include "daemon/document.h"
#include "daemon/offers.h"
#include "daemon/services.h"
#include "protocol/lsp.h"

/* Where an inline completion is asked for, and the item that goes there (LSP 3.18, "Inline
 * Completion Request"). */

/* Whether it was asked for by typing, not by a person's key. */
bool completion_place_is_automatic(struct services *services,
                                   const struct lsp_inline_completion_params *params);

/*
 * Whether the menu's selected entry is to be honoured: the item must then begin with it and replace
 * the same range. It is where it can be meant: on the cursor's line, round the cursor, going on
 * with what is typed.
 */
bool completion_place_has_entry(struct services *services, struct document *document,
                                const struct lsp_inline_completion_params *params);

/* Takes the text round a place, up to `reach` bytes before and behind. With an entry (NULL: none),
 * as if that stood there already in place of the bytes from start to end. Returns 0 or -ENOMEM. */
int completion_place_take(struct document *document, size_t start, size_t end, const char *entry,
                          size_t reach, struct offer_place *place);

/* The same for the place that a request names. */
int completion_place_of(struct services *services, struct document *document,
                        const struct lsp_inline_completion_params *params, bool has_entry,
                        size_t reach, struct offer_place *place);

/* Whether nothing but blanks stands before the cursor on its line. */
bool completion_place_begins_line(const struct offer_place *place);

/* In the middle of a word nobody waits for a suggestion. */
bool completion_place_is_within_word(const struct offer_place *place);

/* The lines round the cursor, as views of the place. */
struct answer_completion_place completion_place_lines(const struct offer_place *place,
                                                      unsigned max_lines);

/* Writes an InlineCompletionItem: a plain insertText and always a range, as some clients would
 * otherwise replace the word before the cursor. */
void completion_place_write_item(struct json_writer *writer, struct services *services,
                                 struct document *document,
                                 const struct lsp_inline_completion_params *params, bool has_entry,
                                 const struct offer_text *text);

/* Answers the request with these items: an InlineCompletionList, or a CompletionList where the request
 * came by textDocument/completion. */
void completion_place_answer(struct request *request, struct document *document, bool has_entry,
                             const struct offer_text *texts, size_t count);

#endif
