#include "daemon/sandbox_text.h"

#include <string.h>

#define LINE_NUMBER_DIGITS_MAX 9

bool sandbox_next_line(struct prompt_text *rest, struct prompt_text *line)
{
    const char *end;

    if (rest->length == 0)
        return false;
    end = memchr(rest->text, '\n', rest->length);
    line->text = rest->text;
    line->length = end ? (size_t)(end - rest->text) : rest->length;
    rest->text += line->length + (end ? 1 : 0);
    rest->length -= line->length + (end ? 1 : 0);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct prompt_text sandbox_trim_end(struct prompt_text text)
{
    while (text.length > 0 && is_blank(text.text[text.length - 1]))
        text.length--;
    return text;
}

struct prompt_text sandbox_trim(struct prompt_text text)
{
    while (text.length > 0 && is_blank(*text.text)) {
        text.text++;
        text.length--;
    }
    return sandbox_trim_end(text);
}

struct prompt_text sandbox_indent(struct prompt_text line)
{
    size_t length = 0;

    while (length < line.length && (line.text[length] == ' ' || line.text[length] == '\t'))
        length++;
    line.length = length;
    return line;
}

bool sandbox_equal(struct prompt_text a, struct prompt_text b)
{
    return a.length == b.length && sandbox_begins(a, b);
}

bool sandbox_begins(struct prompt_text text, struct prompt_text prefix)
{
    return prefix.length == 0 || (text.length >= prefix.length &&
                                  memcmp(text.text, prefix.text, prefix.length) == 0);
}

bool sandbox_begins_with(struct prompt_text text, const char *prefix)
{
    return sandbox_begins(text, (struct prompt_text){prefix, strlen(prefix)});
}

static struct prompt_text skip_blanks(struct prompt_text text)
{
    size_t blanks = sandbox_indent(text).length;

    return (struct prompt_text){text.text + blanks, text.length - blanks};
}

/* Takes "  12 | " off the line. */
static bool take_number(struct prompt_text *line, size_t *number)
{
    struct prompt_text rest = skip_blanks(*line);
    size_t digits = 0;

    *number = 0;
    for (; digits < rest.length && rest.text[digits] >= '0' && rest.text[digits] <= '9'; digits++) {
        if (digits == LINE_NUMBER_DIGITS_MAX)
            return false;
        *number = *number * 10 + (size_t)(rest.text[digits] - '0');
    }
    rest = skip_blanks((struct prompt_text){rest.text + digits, rest.length - digits});
    if (digits == 0 || rest.length == 0 || *rest.text != '|')
        return false;
    *line = (struct prompt_text){rest.text + 1, rest.length - 1};
    if (line->length > 0 && *line->text == ' ')
        *line = (struct prompt_text){rest.text + 2, rest.length - 2};
    return true;
}

bool sandbox_next_numbered(struct prompt_text *rest, struct prompt_text *line, size_t *number)
{
    while (sandbox_next_line(rest, line)) {
        if (take_number(line, number))
            return true;
    }
    return false;
}

bool sandbox_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || (unsigned char)c >= 0x80;
}

/* ---- marked parts -------------------------------------------------------------------------- */

/* "<name …>" or "<name>" for the mark "<name"; the mark itself for "<name>". */
static bool opens(struct prompt_text line, const char *mark)
{
    size_t length = strlen(mark);

    if (!sandbox_begins_with(line, mark))
        return false;
    return mark[length - 1] == '>' || (line.length > length && strchr(" >", line.text[length]));
}

/* The same for "</name>". */
static bool closes(struct prompt_text line, const char *mark)
{
    size_t name = strcspn(mark + 1, ">");

    return sandbox_begins_with(line, "</") && line.length >= name + 3 &&
           memcmp(line.text + 2, mark + 1, name) == 0 && line.text[name + 2] == '>';
}

bool sandbox_part(struct prompt_text prompt, const char *mark, struct prompt_text *part,
                  struct prompt_text *opening)
{
    struct prompt_text rest = prompt;
    struct prompt_text line;

    while (sandbox_next_line(&rest, &line)) {
        if (!opens(line, mark))
            continue;
        if (opening)
            *opening = line;
        *part = (struct prompt_text){rest.text, 0};
        while (sandbox_next_line(&rest, &line)) {
            if (closes(line, mark))
                break;
            part->length = (size_t)(rest.text - part->text);
        }
        return true;
    }
    return false;
}

struct prompt_text sandbox_attribute(struct prompt_text opening, const char *name)
{
    size_t length = strlen(name);
    size_t i;

    for (i = 1; i + length + 2 <= opening.length; i++) {
        const char *value = opening.text + i + length + 2;
        size_t left = opening.length - (i + length + 2);
        const char *end;

        if (opening.text[i - 1] != ' ' || memcmp(opening.text + i, name, length) != 0 ||
            memcmp(opening.text + i + length, "=\"", 2) != 0)
            continue;
        end = memchr(value, '"', left);
        return (struct prompt_text){value, end ? (size_t)(end - value) : 0};
    }
    return (struct prompt_text){"", 0};
}

/* ---- comments ------------------------------------------------------------------------------ */

struct comment_syntax {
    const char *languages; /* LSP language ids, between blanks */
    const char *line;      /* begins a comment up to the line's end; NULL: there is none */
    const char *open;      /* a comment that code may follow; NULL: there is none */
    const char *close;
};

static const struct comment_syntax *find_syntax(struct prompt_text language)
{
    static const struct comment_syntax syntaxes[] = {
        {" c cpp objective-c objective-cpp cuda-cpp java javascript javascriptreact typescript "
         "typescriptreact go rust csharp swift kotlin scala dart groovy jsonc json php zig proto "
         "glsl hlsl solidity verilog systemverilog ",
         "//", "/*", "*/"},
        {" css scss less ", NULL, "/*", "*/"},
        {" html xml xsl svg markdown vue svelte ", NULL, "<!--", "-->"},
        {" lua ", "--", "--[[", "]]"},
        {" haskell elm ", "--", "{-", "-}"},
        {" sql ", "--", "/*", "*/"},
        {" ada vhdl ", "--", NULL, NULL},
        {" lisp elisp emacs-lisp commonlisp scheme clojure racket ", ";;;", NULL, NULL},
        {" vim ", "\"", NULL, NULL},
        {" tex latex plaintex bibtex erlang prolog matlab ", "%", NULL, NULL},
        {" bat ", "rem", NULL, NULL},
    };
    static const struct comment_syntax other = {"", "#", NULL, NULL};
    size_t i;

    if (language.length == 0)
        return &other;
    for (i = 0; i < sizeof(syntaxes) / sizeof(syntaxes[0]); i++) {
        const char *list = syntaxes[i].languages;
        struct prompt_text rest = {list, strlen(list)};
        const char *found;

        while ((found = memmem(rest.text, rest.length, language.text, language.length))) {
            if (found > list && found[-1] == ' ' && found[language.length] == ' ')
                return &syntaxes[i];
            rest.length -= (size_t)(found + 1 - rest.text);
            rest.text = found + 1;
        }
    }
    return &other;
}

bool sandbox_append_comment(struct buffer *out, struct prompt_text language, bool inner,
                            const char *words)
{
    const struct comment_syntax *syntax = find_syntax(language);

    if (!inner && syntax->line)
        buffer_printf(out, "%s %s", syntax->line, words);
    else if (syntax->open)
        buffer_printf(out, "%s %s %s", syntax->open, words, syntax->close);
    else
        return false;
    return true;
}
