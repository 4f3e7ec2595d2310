#include "daemon/prompt/related_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "daemon/prompt/sections.h"
#include "protocol/position.h"

#define WORDS_MAX 12
#define HEAD_LINES 6    /* of a function that takes more than one line to say what it takes */
#define COMMENT_LINES 8
#define DEFINITIONS_MAX 20000

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct line {
    size_t start;
    size_t end;  /* without its line end */
    size_t next;
    size_t indent;
};

struct scan {
    struct prompt_text text;
    struct related_definition *found;
    size_t count;
    size_t capacity;
    size_t comment; /* where the comment right above begins; the line itself where there is none */
    size_t comment_lines;
    size_t opener;  /* the last line without indentation that opened a block */
};

static struct line line_at(const struct scan *scan, size_t start)
{
    size_t line_end;
    struct line line = {.start = start};

    line.next = position_next_line(scan->text.text, scan->text.length, start, &line_end);
    line.end = start + lines_trimmed(scan->text.text + start, line.next - line_end - start);
    line.indent = lines_indent(scan->text.text + start, line.end - start);
    return line;
}

static bool is_one_of(struct prompt_text word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == word.length && memcmp(list[i], word.text, word.length) == 0)
            return true;
    }
    return false;
}

/* ---- what a line defines -------------------------------------------------------------------- */

enum kind { NOTHING, HEAD, BLOCK, LINE, CLOSER };

/* The words of a line up to the first sign that ends a name. */
struct head {
    struct prompt_text words[WORDS_MAX];
    size_t count;
    char stop; /* that sign; 0: the line's end */
    size_t stop_at;
};

static void read_head(const struct scan *scan, struct line line, struct head *head)
{
    const char *text = scan->text.text;
    size_t at = line.start + line.indent;

    *head = (struct head){.stop_at = line.end};
    while (at < line.end) {
        if (lines_is_word(text[at])) {
            size_t start = at;

            while (at < line.end && lines_is_word(text[at]))
                at++;
            if (head->count < WORDS_MAX)
                head->words[head->count++] = (struct prompt_text){text + start, at - start};
        } else if (strchr("(={;:[,", text[at]) && !(text[at] == ':' && text[at + 1] == ':')) {
            head->stop = text[at];
            head->stop_at = at;
            return;
        } else {
            at += text[at] == ':' ? 2 : 1;
        }
    }
}

static bool is_control(struct prompt_text word)
{
    static const char *const words[] = {
        "if",     "else", "for",   "while",  "do",     "switch", "case",  "return", "goto",
        "throw",  "new",  "await", "yield",  "delete", "assert", "print", "raise",  "elif",
        "except", "with", "not",   "and",    "or",     "in",     "import", "from",  "using",
        "package", "echo", "catch", "sizeof", "break", "continue", "default", "typeof", "defer",
    };

    return is_one_of(word, words, COUNT(words));
}

/* Where among the words one stands that says what comes next; count where none does. */
static size_t find_keyword(const struct head *head, const char *const *list, size_t count)
{
    size_t i = 0;

    while (i < head->count && !is_one_of(head->words[i], list, count))
        i++;
    return i;
}

/* `func (r *T) Name(`: Go says the receiver first. */
static struct prompt_text word_behind_parens(const struct scan *scan, struct line line, size_t at)
{
    struct prompt_text rest = {scan->text.text, line.end};
    struct prompt_text word = {NULL, 0};

    while (at < line.end && scan->text.text[at] != ')')
        at++;
    related_next_word(rest, &at, &word);
    return word;
}

/* A C function has a type before its name; within a class its line opens the body as well. */
static bool is_typed_function(const struct scan *scan, struct line line, const struct head *head)
{
    char last = scan->text.text[line.end - 1];

    if (head->stop != '(' || head->count < 2 || is_control(head->words[0]))
        return false;
    return line.indent == 0 || last == '{';
}

/* A variable without indentation, `const x =` wherever it stands without. */
static bool is_variable(struct line line, const struct head *head)
{
    return line.indent == 0 && head->count > 0 && (head->stop == '=' || head->stop == '[') &&
           !is_control(head->words[0]);
}

static enum kind what_is(const struct scan *scan, struct line line, struct prompt_text *name)
{
    static const char *const functions[] = {"def", "fn", "func", "function", "fun", "sub", "proc"};
    static const char *const types[] = {"class", "struct", "enum",   "union",  "interface",
                                        "trait", "record", "module", "object", "protocol",
                                        "type",  "namespace", "impl"};
    const char *text = scan->text.text + line.start + line.indent;
    struct head head;
    size_t keyword;
    bool is_last;

    read_head(scan, line, &head);
    if (head.count == 0)
        return NOTHING;
    if (*text == '}') {
        *name = head.words[head.count - 1];
        return line.indent == 0 && head.stop == ';' ? CLOSER : NOTHING;
    }
    if (*text == '#') {
        *name = head.words[head.count > 1 ? 1 : 0];
        return is_one_of(head.words[0], (const char *const[]){"define"}, 1) && head.count > 1
                   ? LINE : NOTHING;
    }
    keyword = find_keyword(&head, functions, COUNT(functions));
    if (keyword < head.count) {
        *name = keyword + 1 < head.count ? head.words[keyword + 1]
                                         : word_behind_parens(scan, line, head.stop_at);
        return HEAD;
    }
    keyword = find_keyword(&head, types, COUNT(types));
    is_last = keyword + 2 == head.count;
    if (!is_last && is_typed_function(scan, line, &head)) {
        *name = head.words[head.count - 1];
        return HEAD;
    }
    if (keyword + 1 < head.count && keyword < 4 && head.stop != ';' &&
        (is_last || !is_variable(line, &head))) {
        *name = head.words[keyword + 1];
        return BLOCK;
    }
    if (is_variable(line, &head) ||
        (head.stop == ';' && is_one_of(head.words[0], (const char *const[]){"typedef"}, 1))) {
        *name = head.words[head.count - 1];
        return LINE;
    }
    return NOTHING;
}

/* ---- how far it goes ------------------------------------------------------------------------ */

/* To the sign that ends the head of a function. */
static size_t head_end(const struct scan *scan, struct line line)
{
    for (size_t lines = 1; lines < HEAD_LINES && line.next < scan->text.length; lines++) {
        if (line.end > line.start && strchr("{;:", scan->text.text[line.end - 1]))
            break;
        struct line next = line_at(scan, line.next);

        if (next.end == next.start || scan->text.text[next.start + next.indent] == '{')
            break;
        line = next;
    }
    return line.next;
}

/* To the line that closes the block; without one, to the last that is indented deeper. */
static size_t block_end(const struct scan *scan, struct line first)
{
    size_t end = first.next;
    struct line line = first;

    for (size_t lines = 1; lines < RELATED_DEFINITION_LINES && line.next < scan->text.length;
         lines++) {
        line = line_at(scan, line.next);
        if (line.end == line.start)
            continue;
        if (line.indent <= first.indent)
            return strchr("})]{", scan->text.text[line.start + line.indent]) ? line.next : end;
        end = line.next;
    }
    return end;
}

static bool is_comment(const struct scan *scan, struct line line)
{
    const char *text = scan->text.text + line.start + line.indent;
    size_t length = line.end - line.start - line.indent;

    return lines_starts_with(text, length, "//") || lines_starts_with(text, length, "/*") ||
           lines_starts_with(text, length, "*") || lines_starts_with(text, length, "--") ||
           lines_starts_with(text, length, "# ") || lines_starts_with(text, length, "@");
}

static int add(struct scan *scan, struct prompt_text name, size_t start, size_t end)
{
    if (name.length == 0 || related_is_common(name) || scan->count == DEFINITIONS_MAX)
        return 0;
    if (scan->count == scan->capacity) {
        size_t capacity = scan->capacity > 0 ? scan->capacity * 2 : 32;
        struct related_definition *grown = realloc(scan->found, capacity * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        scan->found = grown;
        scan->capacity = capacity;
    }
    scan->found[scan->count++] =
        (struct related_definition){related_name_of(name.text, name.length), start, end};
    return 0;
}

static int take_line(struct scan *scan, struct line line)
{
    struct prompt_text name = {NULL, 0};
    enum kind kind = line.end > line.start ? what_is(scan, line, &name) : NOTHING;
    size_t end = kind == HEAD ? head_end(scan, line) : kind == BLOCK ? block_end(scan, line)
                                                                     : line.next;
    int error = 0;

    if (kind == CLOSER) {
        size_t lines = sections_count_lines((struct prompt_text){scan->text.text + scan->opener,
                                                                 line.next - scan->opener});
        if (lines <= RELATED_DEFINITION_LINES)
            error = add(scan, name, scan->opener, line.next);
    } else if (kind != NOTHING) {
        error = add(scan, name, scan->comment, end);
    }
    if (line.indent == 0 && line.end > line.start && scan->text.text[line.end - 1] == '{')
        scan->opener = line.start;
    return error;
}

int related_scan(struct prompt_text text, struct related_definition **found, size_t *count)
{
    struct scan scan = {.text = text};
    int error = 0;

    for (size_t at = 0; at < text.length && !error;) {
        struct line line = line_at(&scan, at);

        if (is_comment(&scan, line)) {
            if (scan.comment_lines++ == COMMENT_LINES) {
                scan.comment = line.start;
                scan.comment_lines = 1;
            }
        } else {
            error = take_line(&scan, line);
            scan.comment = line.next;
            scan.comment_lines = 0;
        }
        at = line.next;
    }
    *found = scan.found;
    *count = scan.count;
    return error;
}
