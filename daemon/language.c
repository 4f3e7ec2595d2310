#include "daemon/language.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct ending {
    const char *ending;
    const char *language;
};

/* LSP 3.18, "TextDocumentItem", and what editors call the rest. */
static const struct ending endings[] = {
    {"bash", "shellscript"},    {"c", "c"},                 {"cc", "cpp"},
    {"clj", "clojure"},         {"cpp", "cpp"},             {"cs", "csharp"},
    {"css", "css"},             {"cxx", "cpp"},             {"dart", "dart"},
    {"diff", "diff"},           {"el", "lisp"},             {"erl", "erlang"},
    {"ex", "elixir"},           {"exs", "elixir"},          {"fs", "fsharp"},
    {"go", "go"},               {"h", "c"},                 {"hh", "cpp"},
    {"hpp", "cpp"},             {"hs", "haskell"},          {"htm", "html"},
    {"html", "html"},           {"ini", "ini"},             {"java", "java"},
    {"jl", "julia"},            {"js", "javascript"},       {"json", "json"},
    {"jsx", "javascriptreact"}, {"kt", "kotlin"},           {"less", "less"},
    {"lua", "lua"},             {"m", "objective-c"},       {"markdown", "markdown"},
    {"md", "markdown"},         {"mjs", "javascript"},      {"ml", "ocaml"},
    {"mm", "objective-cpp"},    {"nix", "nix"},             {"patch", "diff"},
    {"php", "php"},             {"pl", "perl"},             {"pm", "perl"},
    {"ps1", "powershell"},      {"py", "python"},           {"r", "r"},
    {"rb", "ruby"},             {"rs", "rust"},             {"scala", "scala"},
    {"scss", "scss"},           {"sh", "shellscript"},      {"sql", "sql"},
    {"swift", "swift"},         {"tex", "latex"},           {"toml", "toml"},
    {"ts", "typescript"},       {"tsx", "typescriptreact"}, {"txt", "plaintext"},
    {"vim", "vim"},             {"vue", "vue"},             {"xml", "xml"},
    {"yaml", "yaml"},           {"yml", "yaml"},            {"zig", "zig"},
};

static const struct ending names[] = {
    {"CMakeLists.txt", "cmake"},  {"Dockerfile", "dockerfile"}, {"GNUmakefile", "makefile"},
    {"Makefile", "makefile"},     {"makefile", "makefile"},     {"meson.build", "meson"},
};

const char *language_of_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].ending, name) == 0)
            return names[i].language;
    }
    for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcasecmp(endings[i].ending, dot + 1) == 0)
            return endings[i].language;
    }
    return "";
}

/* LSP's ids, and what editors call the rest. */
static const struct {
    const char *language;
    struct language_layout layout;
} layouts[] = {
    {"c", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"coffeescript", {.blocks = LANGUAGE_BLOCKS_INDENTED, .comment = "#"}},
    {"cpp", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"crystal", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#"}},
    {"csharp", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"css", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = ""}},
    {"cuda-cpp", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"dart", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"elixir", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#"}},
    {"fish", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#"}},
    {"fsharp", {.blocks = LANGUAGE_BLOCKS_INDENTED, .comment = "//", .single = true}},
    {"gdscript", {.blocks = LANGUAGE_BLOCKS_INDENTED, .comment = "#"}},
    {"go", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"groovy", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"haskell", {.blocks = LANGUAGE_BLOCKS_INDENTED, .comment = "--", .single = true}},
    {"java", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"javascript", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"javascriptreact", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"julia", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#", .single = true}},
    {"kotlin", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"less", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"lua", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "--"}},
    {"makefile", {.blocks = LANGUAGE_BLOCKS_INDENTED, .comment = "#"}},
    {"nim", {.blocks = LANGUAGE_BLOCKS_INDENTED, .comment = "#", .single = true}},
    {"objective-c", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"objective-cpp", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"perl", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "#"}},
    {"php", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"python", {.blocks = LANGUAGE_BLOCKS_INDENTED, .comment = "#"}},
    {"ruby", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#"}},
    {"rust", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
    {"scss", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"bash", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#", .patterns = true}},
    {"sh", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#", .patterns = true}},
    {"shellscript", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "#", .patterns = true}},
    {"swift", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"typescript", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"typescriptreact", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//"}},
    {"vim", {.blocks = LANGUAGE_BLOCKS_WORDS, .comment = "\""}},
    {"zig", {.blocks = LANGUAGE_BLOCKS_BRACES, .comment = "//", .single = true}},
};

struct language_layout language_layout(const char *language)
{
    for (size_t i = 0; language && i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if (strcmp(layouts[i].language, language) == 0)
            return layouts[i].layout;
    }
    return (struct language_layout){.blocks = LANGUAGE_BLOCKS_UNKNOWN, .comment = ""};
}
