#include "daemon/answer/answer.h"

#include <string.h>
#include <strings.h>

#include "daemon/answer/lines.h"
#include "protocol/position.h"

/*
 * Models that are asked for all of a text like to write "// ... rest unchanged ..." for a part of
 * it. A comment counts as such where it is dots and a telling word, or where it has no words but
 * those that such comments are made of; anything looser would refuse honest comments.
 */

#define ELLIPSIS "\xE2\x80\xA6"

/* The most bytes that are dots for something, not a line drawn with them. */
#define DOTS_MAX 8

/* C and its kin, shell and Python, SQL and Lua, TeX and Erlang, Lisp and assembly, XML, OCaml
 * and Pascal, Haskell, Vim, Basic, Fortran; the bracketed ones first. */
static const char *const comment_starts[] = {"/*", "<!--", "{/*", "(*", "{-", "//", "--", "#",
                                             "%",  ";",    "*",   "\"", "'",  "!",  "REM "};
#define BRACKETED 5

/* Starts of comments that may follow code on its line without being taken for something else. */
static const char *const inner_starts[] = {"/*", "//", "<!--", "# ", "-- ", "(* "};

static const char *const telling_words[] = {"rest",      "existing", "unchanged", "remaining",
                                            "remains",   "same",     "omitted",   "previous",
                                            "original",  "other",    "code",      "implementation",
                                            "continued", "before",   "above",     "snip",
                                            "skipped",   "truncated", "elided"};

/* Words that say by themselves that something is not there. */
static const char *const strong_words[] = {"rest",    "existing",  "unchanged", "remaining",
                                           "omitted", "unmodified", "elided",   "snip"};

/* And those that go with them. */
static const char *const weak_words[] = {
    "the",   "of",     "this",     "your",     "our",   "code",    "file",    "function",
    "class", "method", "methods",  "functions", "body", "logic",   "content", "implementation",
    "is",    "are",    "as",       "same",     "stays", "stay",    "remains", "remain",
    "here",  "goes",   "for",      "brevity",  "other", "before",  "above",   "below",
    "and",   "keep",   "all",      "in",       "no",    "changes", "change",  "previous",
    "original", "lines", "module", "script",   "program", "component", "template",
};

static bool is_among(const char *const *words, size_t count, const char *word, size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (length == strlen(words[i]) && strncasecmp(word, words[i], length) == 0)
            return true;
    }
    return false;
}

#define IS_AMONG(words, word, length) \
    is_among(words, sizeof(words) / sizeof((words)[0]), word, length)

/* The comment's sign that the line begins with, NULL: none. Signs that are operators or quotes
 * as well have a blank behind them. */
static const char *find_sign(const char *line, size_t length)
{
    for (size_t i = 0; i < sizeof(comment_starts) / sizeof(comment_starts[0]); i++) {
        const char *sign = comment_starts[i];
        size_t end = strlen(sign);

        if (!lines_starts_with(line, length, sign))
            continue;
        while (end < length && line[end] == sign[0])
            end++;
        if (i < BRACKETED || strcmp(sign, "//") == 0 || end == length || line[end - 1] == ' ')
            return sign;
        return !lines_is_word(line[end]) ? sign : NULL;
    }
    return NULL;
}

/* Takes the comment's signs from both ends; false where the line is no comment. */
static bool comment_body(const char **line, size_t *length)
{
    const char *sign;

    lines_trim(line, length);
    sign = find_sign(*line, *length);
    if (!sign)
        return false;
    *line += strlen(sign);
    *length -= strlen(sign);
    while (*length > 0 && strchr("/*<!-{#%;\"' \t([|=", **line)) {
        (*line)++;
        (*length)--;
    }
    while (*length > 0 && strchr("/*>-}#\"' \t)]|=", (*line)[*length - 1]))
        (*length)--;
    return true;
}

static bool take_dots(const char **body, size_t *length)
{
    bool found = false;

    while (*length > 0) {
        size_t dots = lines_starts_with(*body, *length, ELLIPSIS) ? strlen(ELLIPSIS) : 0;

        if (lines_starts_with(*body, *length, "..."))
            dots = 3;
        if (dots == 0 && !(found && strchr(". \t([", **body)))
            break;
        found = true;
        *body += dots > 0 ? dots : 1;
        *length -= dots > 0 ? dots : 1;
    }
    return found;
}

static bool take_final_dots(const char *body, size_t *length)
{
    bool found = false;

    while (*length > 0) {
        if (*length >= 3 && memcmp(body + *length - 3, ELLIPSIS, 3) == 0)
            *length -= 3;
        else if (*length >= 3 && memcmp(body + *length - 3, "...", 3) == 0)
            *length -= 3;
        else if (found && strchr(". \t)]", body[*length - 1]))
            *length -= 1;
        else
            break;
        found = true;
    }
    return found;
}

/* The next word at or after *at; moves *at behind it. Digits and other letters make words, too. */
static bool next_word(const char *body, size_t length, size_t *at, const char **word, size_t *size)
{
    while (*at < length && !lines_is_word(body[*at]) &&
           !lines_starts_with(body + *at, length - *at, ELLIPSIS))
        (*at)++;
    *word = body + *at;
    while (*at < length && lines_is_word(body[*at]))
        (*at)++;
    *size = (size_t)(body + *at - *word);
    return *size > 0;
}

static bool has_telling_word(const char *body, size_t length)
{
    const char *word;
    size_t size;

    for (size_t at = 0; next_word(body, length, &at, &word, &size);) {
        if (IS_AMONG(telling_words, word, size))
            return true;
    }
    return false;
}

/* Whether all of it says no more than that something is left out. */
static bool is_phrase(const char *body, size_t length)
{
    bool strong = false, denied = false;
    const char *word;
    size_t size;

    for (size_t at = 0; next_word(body, length, &at, &word, &size);) {
        bool is_strong = IS_AMONG(strong_words, word, size);

        if (!is_strong && !IS_AMONG(weak_words, word, size))
            return false;
        strong = strong || is_strong || (denied && lines_starts_with_word(word, size, "change")) ||
                 lines_starts_with_word(word, size, "brevity");
        denied = size == 2 && strncasecmp(word, "no", 2) == 0;
    }
    return strong || lines_starts_with_word(body, length, "same as before");
}

/* What a comment says, its signs taken away. `alone`: it has the line for itself. */
static bool is_elision(const char *body, size_t length, bool alone)
{
    size_t whole = length;
    bool dots_first = take_dots(&body, &length);
    bool dots_last = take_final_dots(body, &length);

    if (length == 0) /* more of them are a ruler */
        return alone && whole <= DOTS_MAX && (dots_first || dots_last);
    return (dots_first && has_telling_word(body, length)) || (alone && is_phrase(body, length));
}

/* Within a block of comment lines, as those of C with a `*` before each, dots alone may be an
 * example's and a word the end of a sentence. */
static bool is_elided_line(const char *line, size_t length)
{
    size_t indent = lines_indent(line, length);
    bool in_block = indent < length && line[indent] == '*';

    return comment_body(&line, &length) && is_elision(line, length, true) &&
           (!in_block || memchr(line, ' ', length));
}

/* Whether the place is within quotes: their number before it is odd. */
static bool is_quoted(const char *line, size_t at)
{
    size_t single = 0, twofold = 0, back = 0;

    for (size_t i = 0; i < at; i++) {
        if (line[i] == '\\')
            i++;
        single += line[i] == '\'';
        twofold += line[i] == '"';
        back += line[i] == '`';
    }
    return (single | twofold | back) & 1;
}

/* A comment behind code: "return x; // ... rest of the code". */
static bool has_elided_end(const char *line, size_t length)
{
    for (size_t at = 1; at < length; at++) {
        const char *body = line + at;
        size_t rest = length - at;
        size_t before = lines_trimmed(line, at);
        bool starts = false;

        for (size_t i = 0; i < sizeof(inner_starts) / sizeof(inner_starts[0]) && !starts; i++)
            starts = lines_starts_with(body, rest, inner_starts[i]);
        if (!starts || before == 0 || (before == at && !strchr("{([;,", line[at - 1])) ||
            is_quoted(line, at))
            continue;
        while (rest > 0 && strchr("}); \t", body[rest - 1]))
            rest--;
        if (comment_body(&body, &rest) && is_elision(body, rest, line[before - 1] == '{'))
            return true;
    }
    return false;
}

/* Dots and words that are no comment and no code either: "... rest of the code ...". */
static bool is_elided_prose(const char *line, size_t length)
{
    const char *word;
    size_t size, words = 0;

    lines_trim(&line, &length);
    if (length > 2 && strchr("[(<", line[0]) && strchr("])>", line[length - 1])) {
        line++;
        length -= 2;
    } else if (length > 3 && line[0] == '.' && line[3] != ' ') {
        return false; /* "...rest" is code in some languages */
    }
    if (!take_dots(&line, &length))
        return false;
    take_final_dots(line, &length);
    for (size_t at = 0; next_word(line, length, &at, &word, &size);)
        words++;
    for (size_t i = 0; i < length; i++) {
        if (!lines_is_word(line[i]) && line[i] != ' ')
            return false;
    }
    return words > 1 && has_telling_word(line, length);
}

/* In prose `#` is a heading and dots are a style: only comments of XML count there. */
static bool says_elision(const char *line, size_t length, bool prose)
{
    if (prose) {
        lines_trim(&line, &length);
        return lines_starts_with(line, length, "<!--") && is_elided_line(line, length);
    }
    return is_elided_line(line, length) || has_elided_end(line, length) ||
           is_elided_prose(line, length);
}

bool answer_rewrite_is_elided(const char *original, size_t original_length, const char *text,
                              size_t length, bool prose)
{
    size_t at = 0;

    while (at < length) {
        size_t line_end;
        size_t next = position_next_line(text, length, at, &line_end);
        size_t line_length = next - line_end - at;

        if (says_elision(text + at, line_length, prose) &&
            !lines_stands_in(original, original_length, text + at, line_length))
            return true;
        at = next;
    }
    return false;
}
