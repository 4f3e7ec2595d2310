#ifndef GRIDLS_ANSWER_COMPLETION_RULES_H
#define GRIDLS_ANSWER_COMPLETION_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/answer/answer.h"

/*
 * The rules that fit a model's text to its place, each a function that looks at the text so far and
 * takes something away. They run in the order of the table in completion.c; each sees what those
 * before it have left. None may depend on text beyond a line that an earlier call called certain.
 */
struct completion_fit {
    const struct answer_completion_place *place;
    struct buffer text;   /* \n line ends; no blanks at the end of whole lines */
    bool final;           /* nothing more comes, or nothing more matters */
    bool waits;           /* what has come may be wrapping: nothing can be offered yet */
    bool ran_over;        /* cut where it came to the lines below */
    size_t uncertain;     /* whole lines at the end that may still go */
    size_t replace_after;
};

/* Cuts the text; what comes after does not matter any more. */
void completion_cut(struct completion_fit *fit, size_t length);

/* Where the line that begins at `start` ends. */
size_t completion_line_end(const struct completion_fit *fit, size_t start);

/* Cuts the text before the line that begins at `start`. */
void completion_cut_before_line(struct completion_fit *fit, size_t start);

/* The table, in the order in which the rules run. */
struct completion_rule {
    const char *name;
    void (*apply)(struct completion_fit *fit);
};
extern const struct completion_rule completion_rules[];
extern const size_t completion_rule_count;

/* As answer_completion_fit(), with one rule left out: what would be wrong without it. */
int completion_fit_without(size_t rule, const struct answer_completion_place *place,
                           const char *model_text, size_t length, bool last, struct buffer *text,
                           struct answer_completion *result);

/* completion_head.c */
void completion_unwrap(struct completion_fit *fit);          /* fences, "Here is …:" */
void completion_drop_marks(struct completion_fit *fit);      /* our marks, models' own tokens */
void completion_drop_echoed_line(struct completion_fit *fit);
void completion_drop_echoed_prefix(struct completion_fit *fit);
void completion_drop_echoed_word(struct completion_fit *fit);
void completion_drop_leading_blanks(struct completion_fit *fit);
void completion_drop_doubled_indent(struct completion_fit *fit);

/* completion_indent.c */
void completion_restore_indent(struct completion_fit *fit);

/* completion_block.c */
void completion_stop_behind_block(struct completion_fit *fit);

/* completion_tail.c */
void completion_limit_lines(struct completion_fit *fit);
void completion_stop_repetition(struct completion_fit *fit); /* of itself, and the line above */
void completion_stop_at_next_lines(struct completion_fit *fit);
void completion_join_rest_of_line(struct completion_fit *fit);
void completion_trim_end(struct completion_fit *fit);

#endif
