#ifndef GRIDLS_ANSWER_H
#define GRIDLS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/language.h"
#include "protocol/buffer.h"

/*
 * From what a model says to what the person keeps. Pure; fed with pieces as they stream (whole
 * UTF-8 characters, \n line ends or others), in any cut, always with the same sum. What has been
 * given out is never taken back: what could still turn out to be wrapping is held until it is
 * known.
 */

/* ---- lines of a stream ---------------------------------------------------------------------- */

/* Pieces in, lines out. A line's text stays valid until the next push. */
struct answer_lines {
    struct buffer held;
    size_t start;   /* of the line that is being read */
    size_t scanned; /* no line end before this */
};

void answer_lines_init(struct answer_lines *lines);
void answer_lines_finish(struct answer_lines *lines);
int answer_lines_push(struct answer_lines *lines, const char *text, size_t length);
/*
 * Gives the next whole line without its line end (\n, \r\n, \r), false where there is none yet.
 * With `last` a rest without a line end is a line too. A \r at the very end waits for what follows
 * it.
 */
bool answer_lines_next(struct answer_lines *lines, bool last, const char **line, size_t *length);
/* The unfinished line that is left, without a \r at its end. */
size_t answer_lines_rest(const struct answer_lines *lines, const char **rest);

/* ---- explain: markdown ---------------------------------------------------------------------- */

/* Passes markdown through with \n line ends; takes away leading and trailing blank lines and one
 * fence around the whole answer (```markdown … ```), nothing else. */
struct answer_markdown {
    struct answer_lines lines;
    /* the implementation's own */
    int state;
    char fence;          /* the character of the fence that is open within the text; 0: none */
    size_t fence_length;
    size_t line_given;   /* bytes of the unfinished line that have been given out */
    size_t blank_lines;  /* held: they count only when something follows */
    bool any_out;
};

void answer_markdown_init(struct answer_markdown *answer);
void answer_markdown_finish(struct answer_markdown *answer);
/* Appends what is certain to out; `last` flushes. Returns as buffer_append(). */
int answer_markdown_feed(struct answer_markdown *answer, const char *text, size_t length, bool last,
                         struct buffer *out);

/* ---- refactor: the new text of a range ------------------------------------------------------ */

/*
 * What the rewrite replaces decides what the answer becomes: its line ends, its indentation (lost
 * or doubled indentation of the whole is put right), whether it ends with a line end. Fences around
 * the code (also when the code holds fences itself), prose before and after a fence and our own
 * section marks are not part of the code.
 */
struct answer_rewrite_shape {
    const char *original;     /* the text of the range; must stay valid while feeding */
    size_t original_length;
    const char *line_prefix;  /* what stands before the range on its first line; likewise */
    size_t line_prefix_length;
    const char *line_end;     /* "\n", "\r\n" or "\r": of the document, where the range has none */
    bool prose;               /* markdown and plain text: fences may be content, keep more */
    unsigned indent;          /* how lines of the document get deeper: '\t', so many spaces (2 to 8),
                                 0: not known; for a range without indented lines */
};

/* What is kept of the original round its text; parts of `original`. */
struct answer_rewrite_frame {
    size_t lead;              /* bytes before its first character that is no blank */
    size_t tail;              /* where its blank end begins: [tail, tail_end) is kept */
    size_t tail_end;
    bool tail_is_blank;       /* the range ends within a line, with blanks */
    size_t indent;            /* bytes of full_indent */
    char full_indent[128];    /* of the original's first line of text, with what stands before */
    size_t second_indent;     /* of its second line of text; SIZE_MAX: it has none */
    bool opens;               /* its first line of text opens a block */
    bool inline_start;        /* the range begins within a line, behind text */
    bool has_fences;
    bool has_marks;
    char line_end[3];
};

/* What lines are indented with; see rewrite_indent.h. */
struct answer_rewrite_indent {
    char own;           /* '\t' or ' ' in the text; 0: not known */
    int state;          /* of the rewrite */
    size_t width;       /* spaces that a tab of the rewrite stands for */
    size_t step;        /* spaces of the rewrite that a tab stands for */
    size_t first_depth; /* tabs before the text's first line */
    bool any_line;
};

struct answer_rewrite {
    struct answer_rewrite_shape shape;
    struct answer_lines lines;
    /* the implementation's own */
    struct answer_rewrite_frame frame;
    struct answer_rewrite_indent indent;
    struct buffer fixed;      /* a line with the text's own indentation */
    int state;
    struct buffer held;       /* lines that may turn out to be prose, or the end of the code */
    struct buffer first;      /* the first line of code, until its indentation can be judged */
    char fence;               /* the character of the fence around the code, 0: none */
    size_t fence_length;
    size_t fence_indent;
    char inner_fence;         /* of a fence that is open within the code, 0: none */
    size_t inner_length;
    bool first_waits;
    char indent_add[128];     /* put before each line that is not blank */
    size_t indent_add_length;
    size_t indent_drop;       /* bytes of blanks taken from each line */
    size_t blank_lines;       /* held: they count only when code follows */
    size_t lines_out;
};

void answer_rewrite_init(struct answer_rewrite *answer, const struct answer_rewrite_shape *shape);
void answer_rewrite_finish(struct answer_rewrite *answer);
int answer_rewrite_feed(struct answer_rewrite *answer, const char *text, size_t length, bool last,
                        struct buffer *out);

/* Whether a finished rewrite leaves out code: has a comment of the "rest unchanged" kind that the
 * original has not. Such a rewrite must not be applied. */
bool answer_rewrite_is_elided(const char *original, size_t original_length, const char *text,
                              size_t length, bool prose);

/* ---- commit message ------------------------------------------------------------------------- */

/* A subject line without quotes, fence, "Commit message:" or preamble, without a final period; a
 * blank line; a body wrapped at 72 (trailers and indented lines kept as they are). No line begins
 * with git's comment sign. Streams by lines; the last line has no line end. */
struct answer_commit {
    struct answer_lines lines;
    const char *comment;
    /* the implementation's own */
    int state;
    struct buffer subject; /* until the next line shows that it was no preamble */
    struct buffer carry;   /* what wrapping left over; the next line of the paragraph joins it */
    size_t carry_indent;   /* of the further lines of a paragraph or list item */
    bool carry_hangs;      /* its first line has been given out */
    bool fenced;
    bool code;             /* within a fence in the body */
    bool blank_before;     /* held: counts only when something follows */
    size_t lines_out;
};

/* `comment`: what git takes for the start of a comment line ("#"), never empty; must stay valid. */
void answer_commit_init(struct answer_commit *answer, const char *comment);
void answer_commit_finish(struct answer_commit *answer);
int answer_commit_feed(struct answer_commit *answer, const char *text, size_t length, bool last,
                       struct buffer *out);

/* ---- inline completion ---------------------------------------------------------------------- */

/* What stands round the cursor. The lines are without line ends. */
struct answer_completion_place {
    const char *line_before;   /* the cursor's line up to the cursor */
    size_t line_before_length;
    const char *line_after;    /* the rest of that line */
    size_t line_after_length;
    const char *next_lines;    /* some text below, any line ends, from the next line's start */
    size_t next_lines_length;
    const char *above;         /* some text above, any line ends, up to the cursor's line */
    size_t above_length;
    const char *previous_line; /* the last line above that is not blank */
    size_t previous_line_length;
    bool is_right_below;       /* it is the line above, with no blank one between */
    unsigned max_lines;        /* 0: no bound */
    bool prose;                /* markdown and plain text: fences may be content */
    struct language_layout layout;
};

struct answer_completion {
    bool complete;      /* more of the model's text would change nothing: the call may be stopped */
    size_t whole_lines; /* lines of `text` that are certain; the last may be unfinished */
    size_t replace_after; /* bytes of line_after that the text replaces (range's end moves right) */
};

/*
 * Fits all that the model has said so far to the place: fences, prose, marks, echoed prefix,
 * doubled indentation, closing brackets and quotes that already stand after the cursor, repetition
 * of the lines below or of itself. Appends the text to insert, \n line ends, to `text` (nothing:
 * nothing to offer). `last`: the model has finished. Pure: called again with more text from the
 * start.
 */
int answer_completion_fit(const struct answer_completion_place *place, const char *model_text,
                          size_t length, bool last, struct buffer *text,
                          struct answer_completion *result);

#endif
