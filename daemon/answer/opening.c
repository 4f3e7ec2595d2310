#include "daemon/answer/opening.h"

#include <ctype.h>
#include <string.h>

#include "daemon/answer/lines.h"
#include "protocol/utf8.h"

#define DEPTH_MAX 64
#define TAB ((size_t)8)

/* ---- words ----------------------------------------------------------------------------------- */

/* Space-separated lists. */
static const char closing_words[] = " end fi done esac endif endfor endwhile endfunction endtry ";
static const char middle_words[] = " else elif elsif elseif rescue ensure when then do catch finally "
                                   "except case default ";
static const char opening_words[] = " def class module if unless while until for case begin function "
                                    "func fun elsif elseif elif else rescue ensure when repeat ";
static const char leading_words[] = " local private protected public export ";
static const char control_words[] = " if for foreach while else ";

static size_t word_length(const char *line, size_t length)
{
    size_t word = 0;

    while (word < length && lines_is_word(line[word]))
        word++;
    return word;
}

static bool is_one_of(const char *words, const char *word, size_t length)
{
    for (const char *found = words; length > 0 && (found = memmem(found, strlen(found), word, length));
         found++) {
        if (found[-1] == ' ' && found[length] == ' ')
            return true;
    }
    return false;
}

static bool ends_with_word(const char *line, size_t length, const char *word)
{
    size_t word_size = strlen(word);

    return length >= word_size && memcmp(line + length - word_size, word, word_size) == 0 &&
           (length == word_size || !lines_is_word(line[length - word_size - 1]));
}

/* A label or a case: a word and nothing but a colon. */
static bool is_label(const char *line, size_t length)
{
    size_t word = word_length(line, length);

    return word > 0 && word + 1 == lines_trimmed(line, length) && line[word] == ':';
}

bool opening_goes_on(const char *line, size_t length)
{
    size_t word = word_length(line, length);

    return (length > 0 && strchr("})]#<*", line[0])) || (word < length && line[word] == ':') ||
           is_one_of(closing_words, line, word) || is_one_of(middle_words, line, word);
}

static bool is_directive(const struct language_layout *layout, const char *line, size_t length)
{
    return layout->single && length > 1 && line[0] == '#' && isalpha((unsigned char)line[1]);
}

/* ---- reading a line -------------------------------------------------------------------------- */

struct reading {
    const struct language_layout *layout;
    const char *line;
    size_t length;
    size_t at;
    size_t end;                /* behind the last byte of code */
    size_t columns[DEPTH_MAX]; /* of what follows each open bracket */
    size_t depth;
    bool is_certain;
    bool is_pattern;           /* has a `)` that ends a case's */
};

static bool has_braces(const struct language_layout *layout)
{
    return layout->blocks == LANGUAGE_BLOCKS_BRACES;
}

static size_t left(const struct reading *reading)
{
    return reading->length - reading->at;
}

/* Whether a comment begins here that goes to the line's end. */
static bool is_comment(const struct reading *reading)
{
    const char *sign = reading->layout->comment;

    if (reading->layout->blocks == LANGUAGE_BLOCKS_UNKNOWN && reading->at == 0)
        return left(reading) > 0 && strchr("#/*\"'-", reading->line[0]);
    return sign[0] && lines_starts_with(reading->line + reading->at, left(reading), sign) &&
           (strcmp(sign, "#") != 0 || reading->at == 0 ||
            strchr(" \t;", reading->line[reading->at - 1]));
}

/* Goes behind what ends with `closer`; where that does not come, nothing is certain. */
static void skip_to(struct reading *reading, size_t from, const char *closer)
{
    size_t size = strlen(closer);

    for (size_t at = reading->at + from; at + size <= reading->length; at++) {
        if (reading->line[at] == '\\' && size == 1) {
            at++;
        } else if (memcmp(reading->line + at, closer, size) == 0) {
            reading->at = at + size;
            return;
        }
    }
    reading->is_certain = false;
    reading->at = reading->length;
}

/* A character in quotes, or an apostrophe, as before the name of a lifetime. */
static void skip_character(struct reading *reading)
{
    const char *next = reading->line + reading->at + 1;
    size_t size = left(reading) > 1 ? utf8_floor(next, left(reading) - 1, 1) : 0;

    if (size == 0 && left(reading) > 1)
        for (size = 1; size < left(reading) - 1 && (next[size] & 0xC0) == 0x80; size++)
            continue;
    if (left(reading) > 2 && next[0] == '\\')
        skip_to(reading, 1, "'");
    else
        reading->at += size > 0 && size + 1 < left(reading) && next[size] == '\'' ? size + 2 : 1;
}

/* Whether a regular expression may begin here, which no value stands before. */
static bool may_be_pattern(const struct reading *reading)
{
    size_t end = reading->end;

    return !reading->layout->single && reading->layout->blocks != LANGUAGE_BLOCKS_INDENTED &&
           (end == 0 || strchr("(,=:[!&|?{};~", reading->line[end - 1]) ||
            ends_with_word(reading->line, end, "return"));
}

/* Goes behind a regular expression that ends on the line; a slash where none does. */
static void skip_pattern(struct reading *reading)
{
    bool in_class = false;

    for (size_t at = reading->at + 1; at < reading->length; at++) {
        if (reading->line[at] == '\\') {
            at++;
        } else if (reading->line[at] == '/' && !in_class) {
            reading->at = at + 1;
            return;
        }
        in_class = at < reading->length && (reading->line[at] == '[' ||
                                            (in_class && reading->line[at] != ']'));
    }
    reading->at++;
}

/* Whether a here document begins here. */
static bool begins_text(const struct reading *reading)
{
    const char *text = reading->line + reading->at;
    size_t size = left(reading);
    bool here = size > 3 && text[0] == '<' && text[1] == '<' &&
                (reading->at == 0 || text[-1] != '<') && !reading->layout->single;
    size_t sign = here && strchr("-~<", text[2]) ? 3 : 2;

    if (here && text[2] == '<' && reading->layout->comment[0] == '#')
        return false; /* one line of the shell's */
    return here && size > sign &&
           (strchr("\"'_", text[sign]) || isupper((unsigned char)text[sign]));
}

static void take_bracket(struct reading *reading)
{
    char byte = reading->line[reading->at++];

    if (byte == ')' && reading->depth == 0 && reading->layout->patterns) {
        reading->is_pattern = true;
    } else if (strchr(")]}", byte)) {
        reading->is_certain = reading->is_certain && reading->depth > 0;
        reading->depth -= reading->depth > 0 ? 1 : 0;
    } else if (reading->depth == DEPTH_MAX) {
        reading->is_certain = false;
    } else {
        size_t next = reading->at + lines_indent(reading->line + reading->at, left(reading));

        reading->columns[reading->depth++] = next < reading->length ? next : 0;
    }
}

/* Takes one byte, string or comment. */
static void take_part(struct reading *reading)
{
    const struct language_layout *layout = reading->layout;
    char byte = reading->line[reading->at];

    if (is_comment(reading)) {
        reading->at = reading->length;
        return;
    }
    if (has_braces(layout) && lines_starts_with(reading->line + reading->at, left(reading), "/*")) {
        skip_to(reading, 2, "*/");
        return;
    }
    if (strcmp(layout->comment, "--") == 0 && left(reading) > 1 &&
        memcmp(reading->line + reading->at, "[[", 2) == 0) {
        skip_to(reading, 2, "]]");
        reading->end = reading->at;
        return;
    }
    if (begins_text(reading))
        reading->is_certain = false;
    if (byte == '"' || byte == '`' || (byte == '\'' && !layout->single))
        skip_to(reading, 1, (const char[]){byte, '\0'});
    else if (byte == '\'')
        skip_character(reading);
    else if (strchr("()[]{}", byte))
        take_bracket(reading);
    else if (byte == '/' && may_be_pattern(reading))
        skip_pattern(reading);
    else if (byte == '\\' && left(reading) > 1)
        reading->at += 2;
    else
        reading->at++;
    if (byte != ' ' && byte != '\t')
        reading->end = reading->at;
}

/* ---- what it leaves open --------------------------------------------------------------------- */

/* Whether the line opens a block that a word ends. */
static bool opens_by_word(const char *code, size_t length)
{
    size_t word = word_length(code, length);
    size_t rest = length;

    while (rest > 0 && strchr("),;]", code[rest - 1]))
        rest--;
    for (const char *found = closing_words + 1; *found; found += strcspn(found, " ") + 1) {
        char closer[16] = "";

        memcpy(closer, found, strcspn(found, " "));
        if (ends_with_word(code, rest, closer))
            return false;
    }
    if (ends_with_word(code, length, "then") || ends_with_word(code, length, "do") ||
        (length > 4 && code[length - 1] == '|' && memmem(code, length, " do |", 5)))
        return true;
    if (is_one_of(leading_words, code, word) && word < length) {
        code += word + 1;
        length -= word + 1;
        word = word_length(code, length);
    }
    if (memmem(code, length, ") = ", 4) || memmem(code, length, ", do:", 5) ||
        memmem(code, length, " then ", 6))
        return false;
    return is_one_of(opening_words, code, word) ||
           (length > 0 && code[length - 1] == ')' && memmem(code, length, "function", 8));
}

/* Whether a statement without braces must follow on the next line. */
static bool awaits_statement(const char *code, size_t length, bool behind_closer)
{
    size_t word = word_length(code, length);

    if (word == length)
        return ends_with_word(code, length, "else") || ends_with_word(code, length, "do");
    return is_one_of(control_words, code, word) && code[length - 1] == ')' &&
           !(behind_closer && lines_starts_with(code, length, "while"));
}

/* Whether the line opens a block without a bracket. */
static bool opens_block(const struct language_layout *layout, const char *code, size_t length)
{
    size_t word = word_length(code, length);

    if (layout->blocks == LANGUAGE_BLOCKS_WORDS)
        return opens_by_word(code, length);
    if ((length > 6 && memcmp(code + length - 6, "; then", 6) == 0) ||
        (length > 4 && memcmp(code + length - 4, "; do", 4) == 0))
        return true; /* a script within a file of another kind */
    return length > 0 && code[length - 1] == ':' &&
           (!has_braces(layout) || is_one_of(" case default ", code, word));
}

/* The code without what it closes at its start, and what is told by that. */
static void conclude(struct opening *opening, const char *code, size_t length, bool behind_closer)
{
    size_t word = word_length(code, length);
    bool by_bracket = opening->is_open || opens_block(opening->layout, code, length);

    opening->is_single = !by_bracket && length > 0 &&
                         (strchr("=\\", code[length - 1]) ||
                          (length > 1 && memcmp(code + length - 2, "=>", 2) == 0) ||
                          (has_braces(opening->layout) &&
                           awaits_statement(code, length, behind_closer)));
    opening->is_open = by_bracket || opening->is_single;
    opening->is_loose = (opening->layout->blocks == LANGUAGE_BLOCKS_WORDS &&
                         is_one_of(" case ", code, word)) ||
                        (opening->is_single && code[length - 1] == '\\');
    opening->is_choice = is_one_of(" if else elif ", code, word);
    opening->is_call = length > 0 && code[length - 1] == ')';
    opening->is_link = length > 0 && strchr(".&|?:+-*/", code[0]);
}

bool opening_read(struct opening *opening, const struct language_layout *layout, const char *line,
                  size_t length)
{
    size_t indent = lines_indent(line, length);
    size_t depth = opening_depth(0, line, indent);
    struct reading reading = {.layout = layout, .is_certain = true};
    size_t closers;

    *opening = (struct opening){.layout = layout, .indent = depth, .least = depth};
    if (indent == length)
        return false;
    length = lines_trimmed(line, length) - indent;
    line += indent;
    /* The lines of a comment have one blank more than what they are about. */
    if (has_braces(layout) && line[0] == '*' && (length == 1 || strchr(" \t/*", line[1])) &&
        line[length - 1] != '{') {
        opening->indent -= indent > 0 ? 1 : 0;
        opening->least = opening->indent;
        return !memmem(line, length, "*/", 2);
    }
    opening->is_anywhere =
        is_directive(layout, line, length) || (layout->single && is_label(line, length));
    closers = strspn(line, ")]} \t");
    reading.line = line + closers;
    reading.length = length - closers;
    opening->is_comment = is_comment(&reading);
    while (reading.at < reading.length && reading.is_certain)
        take_part(&reading);
    opening->is_open = reading.depth > 0 ||
                       (reading.is_pattern && reading.line[reading.end - 1] == ')');
    if (reading.depth > 0 && reading.columns[reading.depth - 1] > 0 &&
        reading.columns[reading.depth - 1] < reading.end)
        opening->column = depth + closers + reading.columns[reading.depth - 1];
    conclude(opening, reading.line, lines_trimmed(reading.line, reading.end), closers > 0);
    return reading.is_certain;
}

/* ---- judging the next line ------------------------------------------------------------------- */

size_t opening_depth(size_t from, const char *line, size_t indent)
{
    for (size_t i = 0; i < indent; i++)
        from = line[i] == '\t' ? (from / TAB + 1) * TAB : from + 1;
    return from;
}

bool opening_can_judge(const char *line, size_t length)
{
    size_t indent = lines_indent(line, length);
    size_t word = word_length(line + indent, length - indent);

    return indent + word + (word > 0 || strchr("#.*", line[indent])) < length;
}

static enum opening_judgement allow(bool is_allowed)
{
    return is_allowed ? OPENING_ALLOWS : OPENING_FORBIDS;
}

/* A line that closes or goes on with something: what this line opens, or what was open before. */
static enum opening_judgement judge_closer(const struct opening *opening, size_t indent, bool is_choice)
{
    if (opening->is_open || (is_choice && opening->is_choice))
        return allow(indent >= opening->indent);
    return OPENING_ENDS;
}

enum opening_judgement opening_judge(const struct opening *opening, size_t indent, const char *line,
                                     size_t length)
{
    const struct language_layout *layout = opening->layout;
    bool by_indent = layout->blocks == LANGUAGE_BLOCKS_INDENTED;
    size_t word = word_length(line, length);
    bool is_middle = is_one_of(middle_words, line, word);

    if (strchr(")]}", line[0]) || is_one_of(closing_words, line, word))
        return judge_closer(opening, indent, false);
    if (is_one_of(" case default ", line, word) && !opening->is_open)
        return OPENING_TELLS_NOTHING;
    if (is_middle && !(by_indent && opening->is_open))
        return judge_closer(opening, indent, true);
    if (is_directive(layout, line, length) || (layout->single && is_label(line, length)))
        return OPENING_TELLS_NOTHING;
    if (line[0] == '{' && (opening->is_open || opening->is_call || indent >= opening->indent))
        return allow(indent >= opening->least);
    if (opening->is_open)
        return allow(indent + opening->is_loose > opening->indent);
    if ((strchr("{<>", line[0]) || lines_starts_with(line, length, "*/")) &&
        indent < opening->indent)
        return OPENING_ENDS;
    if (line[0] == '.' && length > 1 && lines_is_word(line[1]) && !opening->is_link)
        return allow(indent > opening->indent);
    if (indent >= opening->least || has_braces(layout) || layout->blocks == LANGUAGE_BLOCKS_WORDS)
        return allow(indent >= opening->least);
    return indent == 0 ? OPENING_LEFT : OPENING_ENDS;
}
