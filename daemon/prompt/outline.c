#include "daemon/prompt/outline.h"

#include <ctype.h>
#include <string.h>

#include "protocol/position.h"

#define TAB_STOP 8
#define LINES_MAX 5000    /* looked at upwards, and downwards */
#define COMMENT_LINES_MAX 24
#define IMPORT_LINES_MAX 400

/* ---- lines ------------------------------------------------------------------------------------ */

struct line {
    const char *text; /* its first byte that is no blank */
    size_t length;    /* from there on, blanks at the end left out */
    size_t indent;    /* columns */
    size_t start;     /* of the line in its text */
};

static struct line line_between(struct prompt_text text, size_t start, size_t end)
{
    struct line line = {.start = start};
    size_t at = start;
    while (at < end && (text.text[at] == ' ' || text.text[at] == '\t')) {
        line.indent = text.text[at] == '\t' ? (line.indent / TAB_STOP + 1) * TAB_STOP
                                            : line.indent + 1;
        at++;
    }
    while (end > at && isspace((unsigned char)text.text[end - 1]))
        end--;
    line.text = text.text + at;
    line.length = end - at;
    return line;
}

/* The line before the one that starts at *at, which is moved to its start; false at the text's. */
static bool line_above(struct prompt_text text, size_t *at, struct line *line)
{
    size_t end = *at, start;
    if (end == 0)
        return false;
    start = end - 1;
    if (text.text[start] == '\n' && start > 0 && text.text[start - 1] == '\r')
        start--;
    while (start > 0 && text.text[start - 1] != '\n' && text.text[start - 1] != '\r')
        start--;
    *line = line_between(text, start, end);
    *at = start;
    return true;
}

static bool line_below(struct prompt_text text, size_t *at, struct line *line)
{
    if (*at >= text.length)
        return false;
    size_t next = position_next_line(text.text, text.length, *at, NULL);
    *line = line_between(text, *at, next);
    *at = next;
    return true;
}

static bool begins_with(const struct line *line, const char *prefix)
{
    size_t length = strlen(prefix);
    return line->length >= length && memcmp(line->text, prefix, length) == 0;
}

static bool is_word_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_';
}

/* Whether the line begins with one of the words, a NULL-terminated list. */
static bool begins_with_word(const struct line *line, const char *const *words)
{
    for (; *words; words++) {
        size_t length = strlen(*words);
        if (begins_with(line, *words) &&
            (line->length == length || !is_word_byte(line->text[length])))
            return true;
    }
    return false;
}

/* ---- what a line is --------------------------------------------------------------------------- */

static const char *const control_words[] = {
    "if", "for", "while", "switch", "catch", "else", "elif", "elsif", "do", "try", "with", "return",
    "case", "match", "foreach", "unless", "until", "except", "finally", "when", "using", "lock",
    "synchronized", "loop", "select", "then", "throw", "raise", "new", "await", "yield", "rescue",
    "ensure", "begin", "guard", "defer", NULL,
};

static const char *const head_words[] = {
    "def", "class", "func", "function", "fn", "sub", "struct", "interface", "impl", "trait", "enum",
    "module", "union", "object", "proc", "macro", "pub", "public", "private", "protected", "static",
    "async", "export", "abstract", "override", "record", "protocol", "extension", NULL,
};

/* Jump labels and the preprocessor stand at the margin within functions. */
static bool is_at_margin(const struct line *line)
{
    if (line->length == 0 || line->text[0] == '#')
        return true;
    if (line->text[line->length - 1] != ':')
        return false;
    for (size_t i = 0; i + 1 < line->length; i++)
        if (!is_word_byte(line->text[i]))
            return false;
    return true;
}

/* What goes on with the line above it: a brace on a line of its own, the end of arguments. */
static bool goes_on(const struct line *line)
{
    return line->text[0] == '{' || line->text[0] == ')' || begins_with(line, "->");
}

static bool is_head(const struct line *line)
{
    if (begins_with_word(line, control_words) || line->text[0] == '}')
        return false;
    return begins_with_word(line, head_words) || memchr(line->text, '(', line->length) != NULL;
}

static bool closes(const struct line *line)
{
    static const char *const ends[] = {"end", "endfunction", "endfunc", "fi", "done", "esac", NULL};
    return line->length > 0 && (strchr("})]", line->text[0]) || begins_with_word(line, ends));
}

/* ---- code ------------------------------------------------------------------------------------- */

/* Of the selection's lines, the first with what stands before the selection on it. */
static size_t indent_of(struct prompt_text before, struct prompt_text selection, size_t *line_start)
{
    size_t least = SIZE_MAX, at = 0;
    struct line line;
    *line_start = before.length;
    while (*line_start > 0 && before.text[*line_start - 1] != '\n' &&
           before.text[*line_start - 1] != '\r')
        (*line_start)--;
    line = line_between(before, *line_start, before.length);
    if (line.length > 0)
        return line.indent;
    while (line_below(selection, &at, &line)) {
        size_t blanks = line.start == 0 ? before.length - *line_start : 0;
        if (line.length > 0 && line.indent + blanks < least)
            least = line.indent + blanks;
    }
    return least == SIZE_MAX ? 0 : least;
}

/* From a head upwards: the rest of what declares it and the comment above. */
static size_t with_comment(struct prompt_text before, size_t start, size_t indent)
{
    size_t at = start;
    struct line line;
    for (int lines = 0; lines < COMMENT_LINES_MAX && line_above(before, &at, &line); lines++) {
        if (line.length == 0 || line.indent < indent || strchr("{}", line.text[0]) ||
            strchr(";{}:", line.text[line.length - 1]))
            break;
        start = at;
    }
    return start;
}

/* Where the head begins that the lines at `indent` belong to; before.length: nowhere. */
static size_t find_head(struct prompt_text before, size_t at, size_t indent, size_t *head_indent)
{
    size_t limit = indent;
    struct line line;
    for (int lines = 0; limit > 0 && lines < LINES_MAX && line_above(before, &at, &line); lines++) {
        if (is_at_margin(&line) || line.indent >= limit)
            continue;
        limit = line.indent;
        if (goes_on(&line)) {
            limit = line.indent + 1;
        } else if (is_head(&line)) {
            *head_indent = line.indent;
            return with_comment(before, at, line.indent);
        }
    }
    return before.length;
}

/* How far what has its head at `indent` goes on behind the selection. */
static size_t find_end(struct prompt_text after, size_t at, size_t indent)
{
    size_t end = at;
    struct line line;
    for (int lines = 0; lines < LINES_MAX && line_below(after, &at, &line); lines++) {
        if (is_at_margin(&line))
            continue;
        if (line.indent <= indent && closes(&line))
            return at;
        if (line.indent <= indent && !goes_on(&line))
            return end;
        end = at;
    }
    return end;
}

static bool ends_line(struct prompt_text text)
{
    return text.length == 0 || strchr("\r\n", text.text[text.length - 1]);
}

static void enclosing_code(struct prompt_text before, struct prompt_text selection,
                           struct prompt_text after, size_t *above, size_t *below)
{
    size_t line_start, first_below = 0;
    size_t indent = indent_of(before, selection, &line_start);
    size_t head_indent = indent;
    size_t head = find_head(before, line_start, indent, &head_indent);
    if (head == before.length && indent > 0)
        return; /* indented, and no head: who knows what it is */
    if (!ends_line(selection))
        first_below = position_next_line(after.text, after.length, 0, NULL);
    *above = before.length - (head < line_start ? head : line_start);
    *below = find_end(after, first_below, head_indent);
}

/* ---- prose ------------------------------------------------------------------------------------ */

/* 1 to 6; 0: no heading. */
static size_t heading_level(const struct line *line)
{
    size_t level = 0;
    while (level < line->length && line->text[level] == '#')
        level++;
    return level <= 6 && level < line->length && line->text[level] == ' ' ? level : 0;
}

static void enclosing_section(struct prompt_text before, struct prompt_text selection,
                              struct prompt_text after, size_t *above, size_t *below)
{
    size_t at = 0, level = 0;
    struct line line;
    if (line_below(selection, &at, &line) && (before.length == 0 || ends_line(before)))
        level = heading_level(&line);
    at = before.length;
    for (int lines = 0; level == 0 && lines < LINES_MAX && line_above(before, &at, &line); lines++) {
        level = heading_level(&line);
        if (level > 0)
            *above = before.length - at;
    }
    if (level == 0)
        return;
    for (at = 0; line_below(after, &at, &line); *below = at) {
        size_t other = line.start > 0 || ends_line(selection) ? heading_level(&line) : 0;
        if (other > 0 && other <= level)
            return;
    }
}

void outline_enclosing(struct prompt_text before, struct prompt_text selection,
                       struct prompt_text after, bool prose, size_t *above, size_t *below)
{
    *above = *below = 0;
    if (prose)
        enclosing_section(before, selection, after, above, below);
    else
        enclosing_code(before, selection, after, above, below);
}

/* ---- imports ---------------------------------------------------------------------------------- */

static const char *const import_words[] = {
    "import", "from", "use", "using", "require", "require_once", "include", "include_once", "package",
    "extern crate", "#include", "#import", "@import", "@use", "load", "open", "library", "source",
    "require_relative", "alias", "namespace", NULL,
};

static bool holds(const struct line *line, const char *text)
{
    return memmem(line->text, line->length, text, strlen(text)) != NULL;
}

/* Words that begin prose and code as well count only where the rest looks like an import. */
static bool is_import(const struct line *line)
{
    if (holds(line, "require(") && (begins_with(line, "const ") || begins_with(line, "var ") ||
                                    begins_with(line, "let ") || begins_with(line, "local ")))
        return true;
    return line->indent == 0 && begins_with_word(line, import_words) &&
           !memchr(line->text, '=', line->length);
}

/* Whether the line opens a list that goes on below: `import (`, `import {`, `from x import (`. */
static char opened(const struct line *line)
{
    char last = line->text[line->length - 1];
    return last == '(' ? ')' : last == '{' ? '}' : '\0';
}

int outline_append_imports(struct buffer *out, struct prompt_text head, size_t budget)
{
    size_t at = 0, left = budget;
    char closing = '\0';
    struct line line;
    for (int lines = 0; lines < IMPORT_LINES_MAX && line_below(head, &at, &line); lines++) {
        size_t length = at - line.start;
        if (line.length == 0 || (!closing && !is_import(&line)))
            continue;
        if (length > left)
            break;
        buffer_append(out, head.text + line.start, length);
        left -= length;
        if (closing && memchr(line.text, closing, line.length))
            closing = '\0';
        else if (!closing)
            closing = opened(&line);
    }
    return buffer_error(out);
}
