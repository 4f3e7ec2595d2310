#include "daemon/sandbox_answer.h"

#include <string.h>

#include "daemon/sandbox_continue.h"
#include "daemon/sandbox_declare.h"
#include "daemon/sandbox_text.h"

#define COMMENT "gridls sandbox"
#define CONFESSION "The gridls sandbox wrote this by simple rules; no model was asked."

#define SUBJECT_MAX 72
#define STAGED_SHOWN_MAX 20

static const struct prompt_text nothing = {"", 0};

/* Parts end with a line end whether the text in them does or not. */
static struct prompt_text without_last_line_end(struct prompt_text part)
{
    if (part.length > 0 && part.text[part.length - 1] == '\n')
        part.length--;
    return part;
}

/* ---- completion ----------------------------------------------------------------------------- */

/* The cursor stands in the file; where the prompt has no file part, anywhere in the prompt. */
static bool find_cursor(struct prompt_text prompt, struct prompt_text *before,
                        struct prompt_text *after, struct prompt_text *language)
{
    struct prompt_text text = prompt;
    struct prompt_text opening = nothing;
    const char *cursor;
    size_t mark = strlen(PROMPT_CURSOR);

    if (!sandbox_part(prompt, PROMPT_FILE, &text, &opening))
        text = prompt;
    cursor = memmem(text.text, text.length, PROMPT_CURSOR, mark);
    if (!cursor)
        return false;
    *language = sandbox_attribute(opening, "language");
    *before = (struct prompt_text){text.text, (size_t)(cursor - text.text)};
    *after = (struct prompt_text){cursor + mark, text.length - before->length - mark};
    return true;
}

/* An entry that was chosen in the editor's menu begins the answer, which goes on from there. */
static int complete(struct buffer *out, struct prompt_text prompt, struct prompt_text before,
                    struct prompt_text after, struct prompt_text language)
{
    struct prompt_text chosen;
    struct buffer joined CLEANUP(buffer_finish);
    size_t start = out->length;
    int error;

    buffer_init(&joined, BUFFER_CAP);
    if (!sandbox_part(prompt, PROMPT_TYPED, &chosen, NULL))
        return sandbox_continue(out, before, after, language);
    chosen = without_last_line_end(chosen);
    buffer_append(&joined, before.text, before.length);
    error = buffer_append(&joined, chosen.text, chosen.length);
    if (error)
        return error;
    buffer_append(out, chosen.text, chosen.length);
    error = sandbox_continue(out, (struct prompt_text){joined.data, joined.length}, after,
                             language);
    if (!error && out->length == start + chosen.length)
        buffer_truncate(out, start);
    return error;
}

/* ---- explanation ---------------------------------------------------------------------------- */

static size_t count_words(struct prompt_text line)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < line.length; i++)
        count += sandbox_is_word(line.text[i]) && (i == 0 || !sandbox_is_word(line.text[i - 1]));
    return count;
}

static void append_counts(struct buffer *out, struct prompt_text path, struct prompt_text part)
{
    struct prompt_text line;
    size_t first = 0;
    size_t lines = 0;
    size_t words = 0;
    size_t number = 0;

    while (sandbox_next_numbered(&part, &line, &number)) {
        if (lines++ == 0)
            first = number;
        words += count_words(line);
    }
    if (path.length > 0 && !memchr(path.text, '`', path.length))
        buffer_printf(out, "`%.*s`, ", (int)path.length, path.text);
    if (lines > 1)
        buffer_printf(out, "lines %zu to %zu", first, number);
    else if (lines == 1)
        buffer_printf(out, "line %zu", first);
    else
        buffer_append_string(out, "nothing selected");
    buffer_printf(out, ": %zu line%s, %zu word%s.\n\n", lines, lines == 1 ? "" : "s", words,
                  words == 1 ? "" : "s");
}

static int explain(struct buffer *out, struct prompt_text prompt)
{
    struct prompt_text selection;
    struct prompt_text other;
    struct prompt_text opening = nothing;
    struct buffer declared CLEANUP(buffer_finish);

    buffer_init(&declared, BUFFER_CAP);
    buffer_append_string(out, "> " CONFESSION "\n\n");
    if (sandbox_part(prompt, PROMPT_QUESTION, &other, NULL))
        buffer_append_string(out, "The sandbox cannot answer questions: only a model can. Here is "
                                  "what can be told without one.\n\n");
    if (!sandbox_part(prompt, PROMPT_SELECTION, &selection, NULL))
        return buffer_error(out);
    sandbox_part(prompt, PROMPT_FILE, &other, &opening);
    append_counts(out, sandbox_attribute(opening, "path"), selection);
    sandbox_declare(&declared, selection, sandbox_attribute(opening, "language"));
    buffer_append_string(out, declared.length > 0
                                  ? "It declares:\n\n"
                                  : "The sandbox's rules find no declarations in it.\n");
    buffer_append(out, declared.data, declared.length);
    return buffer_error(&declared) ? buffer_error(&declared) : buffer_error(out);
}

/* ---- rewrite -------------------------------------------------------------------------------- */

/* A fence that is longer than any run of backticks in the text. */
static size_t fence_length(struct prompt_text text)
{
    size_t longest = 0;
    size_t run = 0;
    size_t i;

    for (i = 0; i < text.length; i++) {
        run = text.text[i] == '`' ? run + 1 : 0;
        if (run > longest)
            longest = run;
    }
    return longest < 3 ? 3 : longest + 1;
}

static void append_fence(struct buffer *out, size_t length)
{
    while (length-- > 0)
        buffer_append_byte(out, '`');
}

static void append_comment_line(struct buffer *out, struct prompt_text text,
                                struct prompt_text language)
{
    struct prompt_text line;
    struct prompt_text indent = nothing;

    while (sandbox_next_line(&text, &line)) {
        if (sandbox_trim(line).length > 0) {
            indent = sandbox_indent(line);
            break;
        }
    }
    buffer_append(out, indent.text, indent.length);
    sandbox_append_comment(out, language, false, COMMENT);
    buffer_append_byte(out, '\n');
}

/* A second rewrite of the same text must not pile up comments. */
static bool is_comment_line(struct prompt_text line)
{
    return line.length < 40 && line.length > 0 &&
           memmem(line.text, line.length, COMMENT, strlen(COMMENT));
}

static void append_blank_lines(struct buffer *out, size_t count)
{
    if (count >= 3)
        count = 1;
    while (count-- > 0)
        buffer_append_byte(out, '\n');
}

/* The lines without blanks at their ends; of three and more blank lines in a row one stays. */
static void append_tidied(struct buffer *out, struct prompt_text text)
{
    struct prompt_text line;
    size_t blank_lines = 0;

    while (sandbox_next_line(&text, &line)) {
        line = sandbox_trim_end(line);
        if (line.length == 0) {
            blank_lines++;
            continue;
        }
        append_blank_lines(out, blank_lines);
        blank_lines = 0;
        buffer_append(out, line.text, line.length);
        buffer_append_byte(out, '\n');
    }
    append_blank_lines(out, blank_lines);
}

static int rewrite(struct buffer *out, struct prompt_text prompt, struct prompt_text selection)
{
    struct prompt_text file;
    struct prompt_text opening = nothing;
    struct prompt_text language;
    struct prompt_text rest = selection;
    struct prompt_text line = nothing;
    size_t fence = fence_length(selection);

    sandbox_part(prompt, PROMPT_FILE, &file, &opening);
    language = sandbox_attribute(opening, "language");
    append_fence(out, fence);
    buffer_append(out, language.text, language.length);
    buffer_append_byte(out, '\n');
    sandbox_next_line(&rest, &line);
    /* What tells the system how to read a file must stay its first line. */
    if (sandbox_begins_with(line, "#!") || sandbox_begins_with(line, "<?")) {
        buffer_append(out, line.text, line.length);
        buffer_append_byte(out, '\n');
        selection = rest;
        line = nothing;
        sandbox_next_line(&rest, &line);
    }
    if (!is_comment_line(line))
        append_comment_line(out, selection, language);
    append_tidied(out, selection);
    append_fence(out, fence);
    return buffer_append_byte(out, '\n');
}

/* ---- commit message ------------------------------------------------------------------------- */

struct staged {
    struct prompt_text first; /* the path of the first file */
    size_t count;
    char status; /* of all files; 'M' where they differ */
};

/* "M path", and "R100 old -> new" or the like. */
static bool parse_staged(struct prompt_text line, char *status, struct prompt_text *path)
{
    size_t blank;

    line = sandbox_trim(line);
    for (blank = 0; blank < line.length && line.text[blank] != ' ' && line.text[blank] != '\t';)
        blank++;
    if (blank == 0 || blank == line.length)
        return false;
    *status = *line.text;
    *path = sandbox_trim((struct prompt_text){line.text + blank, line.length - blank});
    return path->length > 0;
}

static void read_staged(struct staged *staged, struct prompt_text list)
{
    struct prompt_text line;
    struct prompt_text path;
    char status;

    while (sandbox_next_line(&list, &line)) {
        if (!parse_staged(line, &status, &path))
            continue;
        if (staged->count++ == 0) {
            staged->first = path;
            staged->status = status;
        } else if (staged->status != status) {
            staged->status = 'M';
        }
    }
}

static void append_subject(struct buffer *out, const struct staged *staged,
                           struct prompt_text path)
{
    const char *verb = staged->status == 'A'   ? "Add"
                       : staged->status == 'D' ? "Remove"
                       : staged->status == 'R' ? "Rename"
                                               : "Update";

    if (staged->count == 0)
        buffer_append_string(out, "Update files");
    else if (path.length == 0)
        buffer_printf(out, "%s %zu file%s", verb, staged->count, staged->count == 1 ? "" : "s");
    else if (staged->count == 1)
        buffer_printf(out, "%s %.*s", verb, (int)path.length, path.text);
    else
        buffer_printf(out, "%s %.*s and %zu other file%s", verb, (int)path.length, path.text,
                      staged->count - 1, staged->count == 2 ? "" : "s");
}

/* With the whole path, else its last part, else only the number of files. */
static void append_short_subject(struct buffer *out, const struct staged *staged)
{
    struct prompt_text path = staged->first;
    const char *slash = path.length > 0 ? memrchr(path.text, '/', path.length) : NULL;
    size_t start = out->length;
    struct prompt_text tries[3] = {path, path, nothing};
    size_t i;

    if (slash)
        tries[1] = (struct prompt_text){slash + 1, path.length - (size_t)(slash + 1 - path.text)};
    for (i = 0; i < 3; i++) {
        if (tries[i].length > SUBJECT_MAX)
            continue;
        buffer_truncate(out, start);
        append_subject(out, staged, tries[i]);
        if (out->length - start <= SUBJECT_MAX)
            break;
    }
}

/* What the person has typed already comes first, as it is, and stands for a subject. */
static int commit(struct buffer *out, struct prompt_text prompt, struct prompt_text list)
{
    struct staged staged = {.first = nothing, .status = 'M'};
    struct prompt_text rest = list;
    struct prompt_text path;
    struct prompt_text line;
    size_t shown = 0;
    char status;

    read_staged(&staged, list);
    if (!sandbox_part(prompt, PROMPT_TYPED, &line, NULL))
        line = nothing;
    line = without_last_line_end(line);
    if (sandbox_trim(line).length > 0)
        buffer_append(out, line.text, line.length);
    else
        append_short_subject(out, &staged);
    buffer_append_string(out, "\n\n");
    while (shown < STAGED_SHOWN_MAX && sandbox_next_line(&rest, &line)) {
        if (!parse_staged(line, &status, &path))
            continue;
        shown++;
        buffer_printf(out, "- %c ", status);
        buffer_append(out, path.text, path.length);
        buffer_append_byte(out, '\n');
    }
    if (staged.count > shown)
        buffer_printf(out, "- and %zu more\n", staged.count - shown);
    if (shown > 0)
        buffer_append_byte(out, '\n');
    return buffer_append_string(out, CONFESSION "\n");
}

/* ---- which task it is ----------------------------------------------------------------------- */

int sandbox_answer(struct buffer *out, const char *prompt, size_t length, enum sandbox_task *task)
{
    struct prompt_text text = {prompt, length};
    struct prompt_text part;
    struct prompt_text other;
    struct prompt_text language;

    if (sandbox_part(text, PROMPT_STAGED, &part, NULL)) {
        *task = SANDBOX_TASK_COMMIT;
        return commit(out, text, part);
    }
    if (sandbox_part(text, PROMPT_PLACE, &part, NULL)) {
        *task = SANDBOX_TASK_OTHER;
        return buffer_append_string(out, "{\"summary\": \"This is the gridls sandbox: no model was "
                                         "asked, and nothing is changed.\", \"edits\": []}\n");
    }
    if (sandbox_part(text, PROMPT_INSTRUCTION, &other, NULL) &&
        sandbox_part(text, PROMPT_SELECTION, &part, NULL)) {
        *task = SANDBOX_TASK_REWRITE;
        return rewrite(out, text, part);
    }
    if (sandbox_part(text, PROMPT_SELECTION, &part, NULL) ||
        sandbox_part(text, PROMPT_QUESTION, &part, NULL)) {
        *task = SANDBOX_TASK_EXPLANATION;
        return explain(out, text);
    }
    if (find_cursor(text, &part, &other, &language)) {
        *task = SANDBOX_TASK_COMPLETION;
        return complete(out, text, part, other, language);
    }
    *task = SANDBOX_TASK_OTHER;
    return buffer_append_string(out, "This is the gridls sandbox: it answers by simple rules, and "
                                     "no model was asked. Set a key to ask one.\n");
}
