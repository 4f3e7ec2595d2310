#include "daemon/sandbox_declare.h"

#include <string.h>

#include "daemon/sandbox_text.h"
#include "protocol/utf8.h"

#define ENTRIES_MAX 40
#define NAME_MAX_LENGTH 80

enum family {
    FAMILY_C = 1 << 0,
    FAMILY_SCRIPT = 1 << 1, /* JavaScript, TypeScript */
    FAMILY_PYTHON = 1 << 2,
    FAMILY_SHELL = 1 << 3,
    FAMILY_VIM = 1 << 4,
    FAMILY_OTHER = 1 << 5, /* Java, Go, Rust, Ruby, Lua, Lisp and what is not known */
};

static enum family find_family(struct prompt_text language)
{
    static const struct {
        const char *language;
        enum family family;
    } families[] = {
        {"c", FAMILY_C},
        {"cpp", FAMILY_C},
        {"objective-c", FAMILY_C},
        {"javascript", FAMILY_SCRIPT},
        {"javascriptreact", FAMILY_SCRIPT},
        {"typescript", FAMILY_SCRIPT},
        {"typescriptreact", FAMILY_SCRIPT},
        {"python", FAMILY_PYTHON},
        {"sh", FAMILY_SHELL},
        {"bash", FAMILY_SHELL},
        {"zsh", FAMILY_SHELL},
        {"shellscript", FAMILY_SHELL},
        {"vim", FAMILY_VIM},
    };
    size_t i;

    for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (language.length == strlen(families[i].language) &&
            sandbox_begins_with(language, families[i].language))
            return families[i].family;
    }
    return FAMILY_OTHER;
}

/* A declaration that begins with a word of its own. */
struct keyword {
    const char *word;
    const char *kind;
    unsigned families;
    bool whole_line; /* the rest of the line is what is named, not its first word */
};

static const struct keyword keywords[] = {
    {"#include ", "include", FAMILY_C, true},
    {"#define ", "macro", FAMILY_C, false},
    {"struct ", "type", FAMILY_C | FAMILY_OTHER, false},
    {"union ", "type", FAMILY_C | FAMILY_OTHER, false},
    {"enum ", "type", FAMILY_C | FAMILY_SCRIPT | FAMILY_OTHER, false},
    {"namespace ", "namespace", FAMILY_C | FAMILY_SCRIPT | FAMILY_OTHER, false},
    {"class ", "class", FAMILY_C | FAMILY_SCRIPT | FAMILY_PYTHON | FAMILY_OTHER, false},
    {"interface ", "interface", FAMILY_SCRIPT | FAMILY_OTHER, false},
    {"trait ", "trait", FAMILY_OTHER, false},
    {"module ", "module", FAMILY_OTHER, false},
    {"type ", "type", FAMILY_SCRIPT | FAMILY_OTHER, false},
    {"import ", "import", FAMILY_SCRIPT | FAMILY_PYTHON | FAMILY_VIM | FAMILY_OTHER, true},
    {"from ", "import", FAMILY_PYTHON, true},
    {"use ", "import", FAMILY_OTHER, true},
    {"require ", "import", FAMILY_OTHER, true},
    {"source ", "import", FAMILY_SHELL | FAMILY_VIM, true},
    {". ", "import", FAMILY_SHELL, true},
    {"function! ", "function", FAMILY_VIM, false},
    {"function ", "function", FAMILY_SCRIPT | FAMILY_SHELL | FAMILY_VIM | FAMILY_OTHER, false},
    {"function* ", "function", FAMILY_SCRIPT, false},
    {"def ", "function", FAMILY_PYTHON | FAMILY_VIM | FAMILY_OTHER, false},
    {"fn ", "function", FAMILY_OTHER, false},
    {"func ", "function", FAMILY_OTHER, false},
    {"command! ", "command", FAMILY_VIM, true},
    {"command ", "command", FAMILY_VIM, true},
    {"(defun ", "function", FAMILY_OTHER, false},
    {"(defmacro ", "macro", FAMILY_OTHER, false},
    {"(defvar ", "variable", FAMILY_OTHER, false},
    {"(defcustom ", "variable", FAMILY_OTHER, false},
    {"(require ", "import", FAMILY_OTHER, true},
};

/* What may stand before such a word and says nothing here. */
static struct prompt_text skip_modifiers(struct prompt_text line, enum family family)
{
    static const struct {
        const char *word;
        unsigned families;
    } modifiers[] = {
        {"typedef ", FAMILY_C},
        {"static ", FAMILY_SCRIPT | FAMILY_OTHER},
        {"export ", FAMILY_SCRIPT | FAMILY_VIM},
        {"default ", FAMILY_SCRIPT},
        {"declare ", FAMILY_SCRIPT},
        {"async ", FAMILY_SCRIPT | FAMILY_PYTHON | FAMILY_OTHER},
        {"pub ", FAMILY_OTHER},
        {"pub(crate) ", FAMILY_OTHER},
        {"unsafe ", FAMILY_OTHER},
        {"public ", FAMILY_SCRIPT | FAMILY_OTHER},
        {"private ", FAMILY_SCRIPT | FAMILY_OTHER},
        {"protected ", FAMILY_SCRIPT | FAMILY_OTHER},
        {"abstract ", FAMILY_SCRIPT | FAMILY_OTHER},
        {"final ", FAMILY_OTHER},
        {"local ", FAMILY_OTHER},
    };
    size_t i = 0;

    while (i < sizeof(modifiers) / sizeof(modifiers[0])) {
        size_t length = strlen(modifiers[i].word);

        if (!(modifiers[i].families & family) || !sandbox_begins_with(line, modifiers[i].word)) {
            i++;
            continue;
        }
        line = (struct prompt_text){line.text + length, line.length - length};
        i = 0;
    }
    return line;
}

struct entry {
    const char *kind;
    struct prompt_text name;
};

/* The first name in the text: a word and what Lisp, Vim and C++ put into theirs. */
static struct prompt_text first_name(struct prompt_text text)
{
    size_t length = 0;

    while (length < text.length &&
           (sandbox_is_word(text.text[length]) || strchr("-:.~$#", text.text[length])))
        length++;
    while (length > 0 && strchr(":.", text.text[length - 1]))
        length--;
    text.length = length;
    return text;
}

static bool by_keyword(struct prompt_text line, enum family family, struct entry *entry)
{
    size_t i;

    line = skip_modifiers(line, family);
    for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        size_t length = strlen(keywords[i].word);
        struct prompt_text rest;

        if (!(keywords[i].families & family) || !sandbox_begins_with(line, keywords[i].word))
            continue;
        rest = sandbox_trim((struct prompt_text){line.text + length, line.length - length});
        entry->kind = keywords[i].kind;
        entry->name = keywords[i].whole_line ? rest : first_name(rest);
        return entry->name.length > 0;
    }
    return false;
}

static bool is_control_word(struct prompt_text name)
{
    static const char *const words[] = {"if", "for", "while", "switch", "return", "sizeof", "else",
                                        "do", "case", "catch", "until", "elif"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (sandbox_equal(name, (struct prompt_text){words[i], strlen(words[i])}))
            return true;
    }
    return false;
}

/* The word right before the first parenthesis. */
static struct prompt_text called_name(struct prompt_text line)
{
    const char *open = memchr(line.text, '(', line.length);
    struct prompt_text name = {line.text, 0};

    if (!open)
        return name;
    name = sandbox_trim_end((struct prompt_text){line.text, (size_t)(open - line.text)});
    name.text += name.length;
    for (name.length = 0; name.text > line.text && sandbox_is_word(name.text[-1]); name.length++)
        name.text--;
    if (is_control_word(name))
        name.length = 0;
    return name;
}

/* C declares functions in the first column: a type, a name and a parenthesis. */
static bool by_c_rule(struct prompt_text line, struct entry *entry)
{
    char last;

    if (line.length == 0 || !sandbox_is_word(*line.text))
        return false;
    entry->name = called_name(line);
    last = line.text[line.length - 1];
    if (entry->name.length == 0 || entry->name.text == line.text || strchr("=:", last) ||
        memchr(line.text, '=', line.length))
        return false;
    entry->kind = last == ';' ? "declaration of the function" : "function";
    return true;
}

/* `struct x {` declares a type; `struct x *f(` and `struct x y;` do not. */
static bool is_c_type_line(struct prompt_text line)
{
    char last = line.text[line.length - 1];

    if (memchr(line.text, '(', line.length) || memchr(line.text, '=', line.length))
        return false;
    return last == '{' || sandbox_is_word(last) || sandbox_begins_with(line, "typedef ");
}

static bool by_shell_rule(struct prompt_text line, struct entry *entry)
{
    entry->kind = "function";
    entry->name = called_name(line);
    return entry->name.length > 0 && entry->name.text == line.text &&
           memmem(line.text, line.length, "()", 2);
}

/* const f = (a) => …, and what a module makes at its outermost level. */
static bool by_script_rule(struct prompt_text line, struct entry *entry)
{
    static const char *const words[] = {"const ", "let ", "var "};
    size_t i;

    line = skip_modifiers(line, FAMILY_SCRIPT);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);

        if (!sandbox_begins_with(line, words[i]))
            continue;
        entry->kind = memmem(line.text, line.length, "=>", 2) ? "function" : "variable";
        entry->name = first_name((struct prompt_text){line.text + length, line.length - length});
        return entry->name.length > 0;
    }
    return false;
}

static bool find_entry(struct prompt_text line, enum family family, struct entry *entry)
{
    bool outermost = sandbox_indent(line).length == 0;

    line = sandbox_trim(line);
    if (line.length == 0)
        return false;
    if (family == FAMILY_C) {
        if (sandbox_begins_with(line, "#") || is_c_type_line(line))
            return by_keyword(line, family, entry);
        return outermost && by_c_rule(line, entry);
    }
    if (by_keyword(line, family, entry))
        return true;
    if (family == FAMILY_SHELL)
        return by_shell_rule(line, entry);
    return family == FAMILY_SCRIPT && outermost && by_script_rule(line, entry);
}

/* As code in markdown: a backtick within would end it. */
static void append_name(struct buffer *out, struct prompt_text name)
{
    size_t i;

    if (name.length > NAME_MAX_LENGTH)
        name.length = utf8_floor(name.text, name.length, NAME_MAX_LENGTH);
    buffer_append_byte(out, '`');
    for (i = 0; i < name.length; i++)
        buffer_append_byte(out, name.text[i] == '`' ? '\'' : name.text[i]);
    buffer_append_byte(out, '`');
}

int sandbox_declare(struct buffer *out, struct prompt_text text, struct prompt_text language)
{
    enum family family = find_family(language);
    struct prompt_text line;
    struct entry entry;
    size_t number;
    size_t count = 0;

    while (sandbox_next_numbered(&text, &line, &number)) {
        if (!find_entry(line, family, &entry) || ++count > ENTRIES_MAX)
            continue;
        buffer_printf(out, "- %s ", entry.kind);
        append_name(out, entry.name);
        buffer_printf(out, " (line %zu)\n", number);
    }
    if (count > ENTRIES_MAX)
        buffer_printf(out, "- and %zu more\n", count - ENTRIES_MAX);
    return buffer_error(out);
}
