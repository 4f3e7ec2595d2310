#ifndef GRIDLS_PROMPT_H
#define GRIDLS_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/chat.h"
#include "protocol/position.h"

/*
 * From what a task knows to the messages that are sent. Pure functions over bytes: no documents, no
 * loop, no settings object. All texts are UTF-8 (ill-formed bytes are replaced here) and go out
 * with \n line ends. What stays the same from call to call comes first, so that upstream prefix
 * caches hit.
 */

/*
 * The marks that frame the parts of a prompt, one a line. Texts that are put between them have such
 * lines defused, so that a file cannot pretend to be another part.
 */
#define PROMPT_FILE "<file"                 /* <file path="src/a.c" language="c"> … </file> */
#define PROMPT_CURSOR "<|cursor|>"          /* completion: where the text goes */
#define PROMPT_BEFORE "<before>"            /* refactor: lines above the selection */
#define PROMPT_SELECTION "<selection>"      /* explain, refactor */
#define PROMPT_AFTER "<after>"
#define PROMPT_INSTRUCTION "<instruction>"  /* refactor */
#define PROMPT_PLACE "<person_is_in>"      /* refactor of the workspace: a name */
#define PROMPT_OTHERS "<other_files>"      /* refactor: their names */
#define PROMPT_QUESTION "<question>"        /* explain */
#define PROMPT_IMPORTS "<imports>"          /* explain: those that stand above <before> */
#define PROMPT_DIAGNOSTICS "<diagnostics>"  /* explain: what tools say of the selection */
#define PROMPT_STAGED "<staged_files>"      /* commit: "M path" lines */
#define PROMPT_DIFF "<diff>"
#define PROMPT_HISTORY "<recent_subjects>"
#define PROMPT_BRANCH "<branch>"
#define PROMPT_HINT "<hint>"
#define PROMPT_TYPED "<typed>"
#define PROMPT_RELATED "<related"            /* <related path="…"> … </related> */
#define PROMPT_DEFINITIONS "<definitions"    /* the same */
#define PROMPT_CHANGES "<recent_changes>"
#define PROMPT_SUMMARIES "<summaries>" /* commit: of files whose diff is too large */
#define PROMPT_FILE_HISTORY "<subjects_of_these_files>"
#define PROMPT_TEMPLATE "<commit_template>"

/*
 * Put behind the `<` of a mark that a text itself holds: a zero width space. A model that copies
 * the line copies it or leaves it out; answers have it taken out again, so both come to the same.
 */
#define PROMPT_DEFUSER "\xE2\x80\x8B"

/* The house style, the same for every task. */
struct prompt_style {
    const char *instructions;    /* the person's text, "" or NULL if none */
    const char *answer_language; /* a BCP 47 tag or a name, NULL: English */
};

/* Where a text stands; members may be NULL where unknown. */
struct prompt_file {
    const char *path;     /* relative to the workspace, or the last part of the URI */
    const char *language; /* LSP languageId */
};

/* Bytes, not NUL-terminated, not owned. */
struct prompt_text {
    const char *text;
    size_t length;
};

/* A part of another text, or another part of the same. */
struct prompt_related {
    const char *path;
    struct prompt_text text; /* whole lines */
};

struct prompt_completion {
    struct prompt_file file;
    const struct prompt_related *windows; /* that look alike; they come before the file */
    size_t window_count;
    const struct prompt_related *definitions; /* of names near the cursor; they come behind it */
    size_t definition_count;
    struct prompt_text changes; /* as recents_append() tells them */
    struct prompt_text before; /* all of the document before the cursor, or as much as is at hand */
    struct prompt_text after;
    const char *selected_text; /* the entry chosen in the completion menu, that the answer must
                                  begin with; NULL: none */
    size_t budget;             /* bytes of code that may be sent: what the members above leave of it
                                  is split 3 : 1, unused share donated, cut at line ends */
};

/* What a compiler or another tool has said of the file; NULL where it says nothing. */
struct prompt_diagnostic {
    size_t line;          /* from 1 */
    int severity;         /* as LSP counts: 1 error, 2 warning, 3 information, 4 hint; 0: unknown */
    const char *message;
    const char *source;
    const char *code;
};

/*
 * The budget goes to the selection first, then to the function or section round it, to diagnostics,
 * imports and definitions, each up to a share of its own, and what is left of it, up to 32 KiB, to the
 * other lines round.
 */
struct prompt_explain {
    struct prompt_file file;
    bool prose;                   /* Markdown or plain text: it has sections, no functions */
    struct prompt_text head;      /* the start of the file, with what it imports */
    size_t start;                 /* bytes of the file before the selection */
    struct prompt_text before;    /* around the selection, as much as is at hand */
    struct prompt_text selection; /* whole; cut in its middle if over the budget, with a mark */
    struct prompt_text after;
    size_t first_line;            /* of the selection, from 1: it is shown with line numbers */
    const struct prompt_related *definitions; /* of what the selection uses, the nearest first */
    size_t definition_count;
    const struct prompt_diagnostic *diagnostics; /* on the selection */
    size_t diagnostic_count;
    const char *question;         /* NULL: explain what it does */
    size_t budget;
};

struct prompt_refactor {
    struct prompt_file file;
    struct prompt_text before;
    struct prompt_text selection; /* whole; the caller refuses what exceeds the budget */
    struct prompt_text after;
    const char *instruction;
    size_t budget;
};

/* A rewrite of several files: what the model may change, whole. */
struct prompt_workspace {
    const struct prompt_related *files; /* their texts are what edits are matched with */
    size_t file_count;
    struct prompt_text names;     /* of other files, a line each */
    const char *path;             /* of the file that the person is in */
    struct prompt_text selection; /* what is selected there; empty: nothing */
    const char *instruction;
    bool as_json;                 /* the answer is JSON, else blocks: see answer/edits.h */
    bool may_create;              /* the client takes new files */
};

struct prompt_commit {
    const char *branch;           /* NULL: detached or none yet */
    struct prompt_text files;     /* "M path" lines, complete */
    struct prompt_text diff;      /* as much as fits is sent */
    struct prompt_text summaries; /* of files that `diff` leaves out, "NAME: text" each */
    struct prompt_text subjects;  /* recent subjects of this repository, a line each */
    struct prompt_text file_subjects; /* those of commits that changed the same files */
    struct prompt_text template;  /* commit.template, empty: none */
    struct prompt_text typed;     /* what the person has already typed, to be kept and continued */
    const char *hint;             /* NULL: none */
    int style;                    /* enum commit_style: 0 auto, 1 conventional, 2 plain */
    size_t budget;
};

/* Each appends the system message and the user message to *messages. Returns 0 or -ENOMEM. */
int prompt_completion_build(struct chat_messages *messages, const struct prompt_style *style,
                            const struct prompt_completion *input);
int prompt_explain_build(struct chat_messages *messages, const struct prompt_style *style,
                         const struct prompt_explain *input);
int prompt_refactor_build(struct chat_messages *messages, const struct prompt_style *style,
                          const struct prompt_refactor *input);
/* Asks to go on with an answer that the token limit cut off: its text so far, and the line that was
 * cut ("" between two lines). */
int prompt_refactor_go_on(struct chat_messages *messages, struct prompt_text said,
                          struct prompt_text line);
int prompt_workspace_build(struct chat_messages *messages, const struct prompt_style *style,
                           const struct prompt_workspace *input);
/* Asks again for the edits that could not be applied: the answer so far, and why, a text in which
 * prompt_workspace_fault() has told of each. */
int prompt_workspace_ask_again(struct chat_messages *messages, struct prompt_text said,
                               struct prompt_text faults, bool as_json);
/* `nearest`: real lines of the file, perhaps none. */
int prompt_workspace_fault(struct buffer *out, const char *path, struct prompt_text search,
                           const char *why, struct prompt_text nearest);
int prompt_commit_build(struct chat_messages *messages, const struct prompt_style *style,
                        const struct prompt_commit *input);

/* ---- commits too large for one prompt ------------------------------------------------------- */

/* What a summary of one file may have in the prompt that follows. */
#define PROMPT_COMMIT_SUMMARY_MAX ((size_t)1 << 10)

/* The files of a diff, the largest first, of which that prompt would show less than half; as slices
 * of the diff, at most `most`. A diff of one file is best shown as far as it goes. */
size_t prompt_commit_too_large(struct prompt_text diff, size_t budget, struct prompt_text *found,
                               size_t most);

/* The name of the file that such a slice is about, as git wrote it. */
struct prompt_text prompt_commit_file_name(struct prompt_text file);

/* The question for a summary of one file's diff. As the others. */
int prompt_commit_summary_build(struct chat_messages *messages, struct prompt_text file,
                                size_t budget);

#endif
