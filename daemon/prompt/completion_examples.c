#include "daemon/prompt/completion_examples.h"

#include <stddef.h>
#include <string.h>

#include "daemon/language.h"
#include "daemon/prompt/prompt.h"

#define RULER "-----\n"
#define LANGUAGES_MAX 12

/* Each shows the three things that models get wrong: a half-typed word, a place within a line, and a
 * body to be written below with its indentation. */

static const char braces[] =
    "int total = sum_of(val" PROMPT_CURSOR "\n"
    RULER "ues, count);\n" RULER
    "\n"
    "for (size_t i = 0; i < " PROMPT_CURSOR ") {\n"
    "    total += prices[i];\n"
    "}\n"
    RULER "count; i++\n" RULER
    "\n"
    "function greet(name) {" PROMPT_CURSOR "\n"
    "}\n"
    RULER "\n    return `Hello, ${name}!`;\n" RULER;

static const char indented[] =
    "def area(width, height):\n"
    "    return wid" PROMPT_CURSOR "\n"
    RULER "th * height\n" RULER
    "\n"
    "names = sorted(" PROMPT_CURSOR ")\n"
    RULER "person.name for person in people\n" RULER
    "\n"
    "def load(path):" PROMPT_CURSOR "\n"
    "\n"
    "def save(path, text):\n"
    RULER "\n    with open(path) as file:\n        return file.read()\n" RULER;

static const char words[] =
    "def area(width, height)\n"
    "  wid" PROMPT_CURSOR "\n"
    "end\n"
    RULER "th * height\n" RULER
    "\n"
    "if [ -f \"" PROMPT_CURSOR "\" ]; then\n"
    "    . \"$config\"\n"
    "fi\n"
    RULER "$config\n" RULER
    "\n"
    "for file in *.txt; do" PROMPT_CURSOR "\n"
    "done\n"
    RULER "\n    wc -l \"$file\"\n" RULER;

static const char markup[] =
    "<ul class=\"men" PROMPT_CURSOR "\n"
    RULER "u\">\n" RULER
    "\n"
    "<a href=\"" PROMPT_CURSOR "\">About us</a>\n"
    RULER "/about\n" RULER
    "\n"
    "<ul>\n"
    "  <li>First</li>" PROMPT_CURSOR "\n"
    "</ul>\n"
    RULER "\n  <li>Second</li>\n" RULER;

static const char data[] =
    "  \"vers" PROMPT_CURSOR "\n"
    RULER "ion\": \"1.0.0\",\n" RULER
    "\n"
    "{\"host\": \"" PROMPT_CURSOR "\", \"port\": 8080}\n"
    RULER "localhost\n" RULER
    "\n"
    "  \"scripts\": {" PROMPT_CURSOR "\n"
    "  }\n"
    RULER "\n    \"test\": \"make check\"\n" RULER;

static const char prose[] =
    "The server answers as soon as the first by" PROMPT_CURSOR "\n"
    RULER "te has come.\n" RULER
    "\n"
    "See the [manual](" PROMPT_CURSOR ") for all options.\n"
    RULER "docs/manual.md\n" RULER
    "\n"
    "To build it:\n"
    "\n"
    "1. Install the libraries.\n" PROMPT_CURSOR "\n"
    RULER "2. Run `make`.\n" RULER;

/* What has no blocks; what is in none of these and of no known layout has braces. */
static const struct {
    const char *const languages[LANGUAGES_MAX];
    const char *examples;
} kinds[] = {
    {{"html", "xml", "vue", "svelte", "erb", "handlebars", "jinja", "xhtml"}, markup},
    {{"json", "jsonc", "yaml", "toml", "ini", "properties", "dotenv"}, data},
    {{"markdown", "plaintext", "text", "latex", "tex", "restructuredtext", "gitcommit", "mail", "org",
      "asciidoc", "typst"}, prose},
};

const char *completion_examples(const char *language)
{
    enum language_blocks blocks = language_layout(language).blocks;

    for (size_t i = 0; language && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        for (size_t k = 0; k < LANGUAGES_MAX && kinds[i].languages[k]; k++) {
            if (strcmp(kinds[i].languages[k], language) == 0)
                return kinds[i].examples;
        }
    }
    return blocks == LANGUAGE_BLOCKS_INDENTED ? indented
           : blocks == LANGUAGE_BLOCKS_WORDS  ? words
                                              : braces;
}
