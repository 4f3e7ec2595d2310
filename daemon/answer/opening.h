#ifndef GRIDLS_ANSWER_OPENING_H
#define GRIDLS_ANSWER_OPENING_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/language.h"

/*
 * What a line of code leaves open, and with that how deep the next one must be: roughly, from brackets,
 * strings, comments and a few words, with no grammar of any language. Lines are without line ends.
 * Depths are columns, with a tab at every eighth.
 */
struct opening {
    const struct language_layout *layout; /* must stay valid */
    size_t indent;   /* of the line's statement */
    size_t least;    /* that may follow where nothing is closed; opening_read() sets it to indent */
    size_t column;   /* where what follows its last open bracket stands; 0: nothing does */
    bool is_open;    /* the next line belongs within it, deeper */
    bool is_single;  /* … and that line alone: a statement without braces, the rest of an expression */
    bool is_loose;   /* … or just as deep */
    bool is_choice;  /* begins with `if`: an `else` may follow */
    bool is_link;    /* begins with a `.` or an operator */
    bool is_call;    /* ends with a `)`: what a `{` on the next line may belong to */
    bool is_comment;
    bool is_anywhere; /* a directive or a label: its own depth tells nothing */
};

enum opening_judgement {
    OPENING_ALLOWS,
    OPENING_FORBIDS,
    OPENING_ENDS,          /* closes or goes on with what was open before the line */
    OPENING_LEFT,          /* no indentation, where that may end a block or not */
    OPENING_TELLS_NOTHING, /* a label, a directive: stands anywhere */
};

/* Reads a line with its indentation. False where what follows may have any: behind the start of a text of
 * several lines, or the end of what began above. `layout` must stay valid. */
bool opening_read(struct opening *opening, const struct language_layout *layout, const char *line,
                  size_t length);

/* The depth behind the first `indent` blanks of a line that begins at the depth `from`. */
size_t opening_depth(size_t from, const char *line, size_t indent);

/* Whether a next line, of which this much has come, can be judged already. */
bool opening_can_judge(const char *line, size_t length);

/* Judges the next line at the depth `indent`; `line` is without that and not blank. */
enum opening_judgement opening_judge(const struct opening *opening, size_t indent, const char *line,
                                     size_t length);

/* Whether a line (without its indentation) belongs to what stands above it though it is indented less:
 * a closing bracket, `else`, a label. */
bool opening_goes_on(const char *line, size_t length);

#endif
