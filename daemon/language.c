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
