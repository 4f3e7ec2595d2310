#include "daemon/prompt/related.h"

#include <ctype.h>
#include <string.h>

#include "protocol/position.h"

/* Imports stand at a file's top; what is imported far below is seldom what the file is about. */
#define LOOKED_AT ((size_t)64 << 10)
#define PATH_CAP 512

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum form {
    QUOTED,    /* keyword … "path" */
    DOTTED,    /* keyword a.b.c, from the root; leading dots: from here */
    NAME,      /* keyword name; */
};

/* One way to import in a kind of language. In `paths` % stands for what is named. */
struct import_form {
    const char *const languages[6];
    enum form form;
    const char *keyword; /* at the start of a line, or for QUOTED anywhere in it */
    bool relative;       /* only what begins with a dot names a file */
    bool from_root;      /* also look from the project's root */
    const char *const paths[6];
};

static const struct import_form forms[] = {
    {{"c", "cpp", "objective-c", "objective-cpp", "cuda-cpp"}, QUOTED, "#include", false, true,
     {"%"}},
    {{"python"}, DOTTED, "from", false, true, {"%.py", "%/__init__.py"}},
    {{"python"}, DOTTED, "import", false, true, {"%.py", "%/__init__.py"}},
    {{"javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"}, QUOTED,
     "from", true, false, {"%", "%.ts", "%.js", "%.tsx", "%.jsx", "%/index.js"}},
    {{"javascript", "javascriptreact", "typescript", "typescriptreact"}, QUOTED, "require(", true,
     false, {"%", "%.ts", "%.js", "%.json", "%/index.js"}},
    {{"rust"}, NAME, "mod", false, false, {"%.rs", "%/mod.rs"}},
    {{"rust"}, NAME, "pub mod", false, false, {"%.rs", "%/mod.rs"}},
    {{"ruby"}, QUOTED, "require_relative", false, false, {"%.rb"}},
    {{"lua"}, QUOTED, "require", false, true, {"%.lua", "%/init.lua"}},
    {{"shellscript", "sh", "bash"}, NAME, "source", false, false, {"%"}},
    {{"shellscript", "sh", "bash"}, NAME, ".", false, false, {"%"}},
    {{"proto3", "proto", "protobuf"}, QUOTED, "import", false, true, {"%"}},
};

static bool is_of_language(const struct import_form *form, const char *language)
{
    for (size_t i = 0; i < COUNT(form->languages) && form->languages[i]; i++) {
        if (strcmp(form->languages[i], language) == 0)
            return true;
    }
    return false;
}

bool related_is_same_kind(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return true;
    for (size_t i = 0; i < COUNT(forms); i++) {
        if (is_of_language(&forms[i], a) && is_of_language(&forms[i], b))
            return true;
    }
    return false;
}

static size_t skip_blanks(struct prompt_text line, size_t at)
{
    while (at < line.length && (line.text[at] == ' ' || line.text[at] == '\t'))
        at++;
    return at;
}

/* Where the keyword ends, as a word of its own; 0 where it does not stand there. */
static size_t keyword_at(struct prompt_text line, size_t at, const char *keyword)
{
    size_t end = at + strlen(keyword);
    char last = keyword[strlen(keyword) - 1];

    if (end >= line.length || memcmp(line.text + at, keyword, end - at) != 0 ||
        (isalnum((unsigned char)last) && isalnum((unsigned char)line.text[end])) ||
        (last == '.' && line.text[end] != ' ') ||
        (at > 0 && isalnum((unsigned char)line.text[at - 1])))
        return 0;
    return end;
}

static size_t find_keyword(struct prompt_text line, const struct import_form *form)
{
    size_t start = skip_blanks(line, 0);
    size_t found = start < line.length ? keyword_at(line, start, form->keyword) : 0;

    for (size_t at = start; !found && form->form == QUOTED && at < line.length; at++)
        found = keyword_at(line, at, form->keyword);
    return found;
}

static struct prompt_text take_quoted(struct prompt_text line, size_t at)
{
    size_t start = skip_blanks(line, at);
    size_t end;

    if (start < line.length && line.text[start] == '(')
        start = skip_blanks(line, start + 1);
    if (start >= line.length || !strchr("\"'`", line.text[start]))
        return (struct prompt_text){NULL, 0};
    end = ++start;
    while (end < line.length && line.text[end] != line.text[start - 1])
        end++;
    return (struct prompt_text){line.text + start, end < line.length ? end - start : 0};
}

static struct prompt_text take_name(struct prompt_text line, size_t at, enum form form)
{
    size_t start = skip_blanks(line, at);
    size_t end = start;

    while (end < line.length &&
           (isalnum((unsigned char)line.text[end]) || strchr(form == NAME ? "_./-" : "_.",
                                                             line.text[end])) &&
           line.text[end] != '\0')
        end++;
    return (struct prompt_text){line.text + start, end - start};
}

/* Writes a path by its pattern. Python's first leading dot is the file's own package, each further
 * one a directory up. Returns false where it names no file. */
static bool write_path(struct buffer *path, const char *pattern, struct prompt_text name, bool dotted,
                       bool *from_here)
{
    size_t at = 0;

    *from_here = name.text[0] == '.';
    for (; dotted && at < name.length && name.text[at] == '.'; at++) {
        if (at > 0)
            buffer_append_string(path, "../");
    }
    if (at == name.length)
        return false;
    for (; *pattern; pattern++) {
        if (*pattern != '%') {
            buffer_append_byte(path, *pattern);
            continue;
        }
        for (size_t i = at; i < name.length; i++) {
            char byte = name.text[i];

            if (byte == '\0')
                return false;
            buffer_append_byte(path, dotted && byte == '.' ? '/' : byte);
        }
    }
    return buffer_error(path) == 0 && path->data[0] != '/';
}

/* Returns false to stop. */
static bool tell(const struct import_form *form, struct prompt_text name,
                 related_import_callback found, void *context)
{
    bool dotted = form->form == DOTTED;

    for (size_t i = 0; i < COUNT(form->paths) && form->paths[i]; i++) {
        struct buffer path CLEANUP(buffer_finish);
        bool from_here;

        buffer_init(&path, PATH_CAP);
        if (!write_path(&path, form->paths[i], name, dotted, &from_here))
            continue;
        if (!found(context, path.data, false))
            return false;
        if (form->from_root && !from_here && !found(context, path.data, true))
            return false;
    }
    return true;
}

static bool take_line(struct prompt_text line, const char *language, related_import_callback found,
                      void *context)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        size_t at = is_of_language(&forms[i], language) ? find_keyword(line, &forms[i]) : 0;
        struct prompt_text name;

        if (at == 0)
            continue;
        name = forms[i].form == QUOTED ? take_quoted(line, at) : take_name(line, at, forms[i].form);
        if (name.length > 0 && (!forms[i].relative || name.text[0] == '.') &&
            !tell(&forms[i], name, found, context))
            return false;
    }
    return true;
}

void related_imports(struct prompt_text text, const char *language, related_import_callback found,
                     void *context)
{
    size_t length = text.length < LOOKED_AT ? text.length : LOOKED_AT;

    for (size_t at = 0; at < length;) {
        size_t line_end;
        size_t next = position_next_line(text.text, length, at, &line_end);

        if (!take_line((struct prompt_text){text.text + at, next - line_end - at}, language, found,
                       context))
            return;
        at = next;
    }
}
