#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/answer/answer.h"
#include "daemon/prompt/prompt.h"

struct row {
    const char *name;
    const char *prefix;
    const char *original;
    const char *line_end;
    bool prose;
    unsigned indent;
    const char *model;
    const char *want;
};

static const struct row rows[] = {
    {.name = "fence", .original = "a();\n", .model = "```c\nb();\n```\n", .want = "b();\n"},
    {.name = "no fence", .original = "a();\n", .model = "b();\nc();", .want = "b();\nc();\n"},
    {.name = "talk round a fence", .original = "a();\n",
     .model = "Here is the code:\n\n```c\nb();\n```\nI renamed it.\n```c\nc();\n```",
     .want = "b();\n"},
    {.name = "talk without a fence", .original = "int a;\n", .model = "Here is the code:\nint b;\n",
     .want = "int b;\n"},
    {.name = "only words", .original = "a\n", .model = "renamed\n", .want = "renamed\n"},
    {.name = "fence not closed", .original = "a();\n", .model = "```c\nb();", .want = "b();\n"},
    {.name = "tildes", .original = "a();\n", .model = "~~~\nb();\n~~~\n", .want = "b();\n"},
    {.name = "four round three", .original = "a\n", .model = "````md\n```\nb\n```\n````\nBye",
     .want = "```\nb\n```\n"},
    {.name = "fence with a name inside", .original = "a\n",
     .model = "```md\nx\n```c\nb\n```\ny\n```\n", .want = "x\n```c\nb\n```\ny\n"},
    {.name = "fences in the original", .original = "/*\n```\nx\n```\n*/\n",
     .model = "```c\n/*\n```\ny\n```\n*/\n```\nDone.", .want = "/*\n```\ny\n```\n*/\n"},
    {.name = "fence deep in a comment", .original = "f();\n",
     .model = "```py\ndef f():\n    \"\"\"\n    ```\n    x\n    ```\n    \"\"\"\n```",
     .want = "def f():\n    \"\"\"\n    ```\n    x\n    ```\n    \"\"\"\n"},
    {.name = "marks", .original = "a();\n", .model = "<selection>\nb();\n</selection>\nBye",
     .want = "b();\n"},
    {.name = "marks and fence", .original = "a();\n",
     .model = "<selection>\n```\nb();\n```\n</selection>", .want = "b();\n"},
    {.name = "marks in the original", .original = "<selection>\na\n</selection>\n",
     .model = "```\n<selection>\nb\n</selection>\n```", .want = "<selection>\nb\n</selection>\n"},
    {.name = "defused marks", .original = "<diff>\n",
     .model = "```\n<" PROMPT_DEFUSER "diff>\nx\n```", .want = "<diff>\nx\n"},

    /* the end */
    {.name = "no final line end", .original = "a();", .model = "```\nb();\n```", .want = "b();"},
    {.name = "one final line end", .original = "a();\n", .model = "```\nb();\n\n\n```",
     .want = "b();\n"},
    {.name = "blank lines round", .original = "\n  a();\n\n", .model = "```\n  b();\n```",
     .want = "\n  b();\n\n"},
    {.name = "ends in an indentation", .original = "  a();\n  ", .model = "```\n  b();\n```",
     .want = "  b();\n  "},
    {.name = "ends in a blank", .prefix = "x = ", .original = "a ", .model = "```\nb\n```",
     .want = "b "},
    {.name = "nothing is left", .original = "a();\n", .model = "```\n```", .want = ""},
    {.name = "nothing at all", .original = "a();\n", .model = "", .want = ""},
    {.name = "into nothing", .original = "", .model = "```\na\nb\n```", .want = "a\nb"},
    {.name = "into a blank line", .prefix = "    ", .original = "", .model = "```\na\nb\n```",
     .want = "a\n    b"},

    /* line ends */
    {.name = "CRLF", .original = "a\r\nb\r\n", .model = "```\nc\nd\n```", .want = "c\r\nd\r\n"},
    {.name = "CRLF from both", .original = "a\r\n", .model = "```\r\nc\r\n\r\nd\r\n```\r\n",
     .want = "c\r\n\r\nd\r\n"},
    {.name = "CR", .original = "a\rb\r", .model = "```\nc\nd\n```", .want = "c\rd\r"},
    {.name = "of the document", .original = "a", .line_end = "\r\n", .model = "```\nc\nd\n```",
     .want = "c\r\nd"},

    /* indentation */
    {.name = "lost", .original = "    if (a)\n        b();\n",
     .model = "```\nif (c)\n    d();\n\ne();\n```",
     .want = "    if (c)\n        d();\n\n    e();\n"},
    {.name = "lost in part", .original = "        a();\n        b();\n",
     .model = "```\n    c();\n    d();\n```", .want = "        c();\n        d();\n"},
    {.name = "lost on the first line", .original = "    a();\n    b();\n",
     .model = "```\nc();\n    d();\n```", .want = "    c();\n    d();\n"},
    {.name = "lost on the first, block", .original = "    if (a) {\n        b();\n    }\n",
     .model = "```\nif (c) {\n        d();\n    }\n```",
     .want = "    if (c) {\n        d();\n    }\n"},
    {.name = "lost, a new block", .original = "    a()\n    b()\n",
     .model = "```\nif x:\n    a()\n    b()\n```", .want = "    if x:\n        a()\n        b()\n"},
    {.name = "lost, one line becomes a block", .original = "    return x\n",
     .model = "```\nif x:\n    return x\n```", .want = "    if x:\n        return x\n"},
    {.name = "tabs lost", .original = "\ta();\n\tb();\n", .model = "```\nc();\nd();\n```",
     .want = "\tc();\n\td();\n"},
    {.name = "doubled", .original = "  a();\n  b();\n", .model = "```\n    c();\n      d();\n```",
     .want = "  c();\n    d();\n"},
    {.name = "doubled at the margin", .original = "a();\nb();\n",
     .model = "```\n    c();\n    d();\n```", .want = "c();\nd();\n"},
    {.name = "other blanks are left", .original = "\ta();\n", .model = "```\n    c();\n```",
     .want = "\tc();\n"},
    {.name = "kept", .original = "  a();\nb();\n", .model = "```\n  c();\nd();\n```",
     .want = "  c();\nd();\n"},
    {.name = "starts in the indentation", .prefix = "    ", .original = "a();\n    b();\n",
     .model = "```\n    c();\n    d();\n```", .want = "c();\n    d();\n"},
    {.name = "starts in it, lost", .prefix = "    ", .original = "a();\n    b();\n",
     .model = "```\nc();\nd();\n```", .want = "c();\n    d();\n"},
    {.name = "starts in it, as it is", .prefix = "    ", .original = "a();\n    b();\n",
     .model = "```\nc();\n    d();\n```", .want = "c();\n    d();\n"},
    {.name = "starts half in it", .prefix = "  ", .original = "  a();\n    b();\n",
     .model = "```\n    c();\n    d();\n```", .want = "  c();\n    d();\n"},
    {.name = "starts behind text", .prefix = "  x = ", .original = "f(\n    a)",
     .model = "```\n  g(\n    b)\n```", .want = "g(\n    b)"},

    /* tabs for spaces, spaces for tabs */
    {.name = "spaces for tabs", .original = "\tif (a)\n\t\tb();\n",
     .model = "```\n    if (c)\n        d();\n```", .want = "\tif (c)\n\t\td();\n"},
    {.name = "two spaces for a tab", .original = "\tif (a)\n\t\tb();\n",
     .model = "```\n  if (c)\n    d();\n```", .want = "\tif (c)\n\t\td();\n"},
    {.name = "spaces for tabs, indentation lost", .original = "\tif (a)\n\t\tb();\n",
     .model = "```\nif (c)\n    d();\ne();\n```", .want = "\tif (c)\n\t\td();\n\te();\n"},
    {.name = "spaces for tabs, the margin", .original = "if (a) {\n\tb();\n}\n",
     .model = "```\nif (c) {\n    d(1,\n      2);\n}\n```",
     .want = "if (c) {\n\td(1,\n\t  2);\n}\n"},
    {.name = "tabs for spaces", .original = "if (a) {\n    b();\n}\n",
     .model = "```\nif (c) {\n\tif (d)\n\t\te();\n}\n```",
     .want = "if (c) {\n    if (d)\n        e();\n}\n"},
    {.name = "tabs for two spaces", .original = "if (a) {\n  b();\n}\n", .indent = 2,
     .model = "```\nif (c) {\n\td();\n}\n```", .want = "if (c) {\n  d();\n}\n"},
    {.name = "the document has tabs", .original = "x\n", .indent = '\t',
     .model = "```\nif a:\n    x\n```", .want = "if a:\n\tx\n"},
    {.name = "the document has spaces", .original = "x\n", .indent = 2,
     .model = "```\nif a:\n\tx\n```", .want = "if a:\n  x\n"},
    {.name = "nothing is known", .original = "x\n", .model = "```\nif a:\n\tx\n```",
     .want = "if a:\n\tx\n"},
    {.name = "both stay", .original = "\ta();\n  b();\n", .model = "```\n\ta();\n    c();\n```",
     .want = "\ta();\n    c();\n"},
    {.name = "aligned behind tabs", .original = "\tf(a,\n\t  b);\n",
     .model = "```\n\tg(a,\n\t  c);\n```", .want = "\tg(a,\n\t  c);\n"},
    {.name = "a comment's frame", .original = "\ta();\n",
     .model = "```\n\t/*\n\t * x\n\t */\n\ta();\n```",
     .want = "\t/*\n\t * x\n\t */\n\ta();\n"},

    /* prose */
    {.name = "prose, no fence", .prose = true, .original = "Text.\n", .model = "New text.\n\nMore.",
     .want = "New text.\n\nMore.\n"},
    {.name = "prose with a code block", .prose = true, .original = "Run:\n```sh\nls\n```\n",
     .model = "Run this:\n```sh\nls -l\n```\n", .want = "Run this:\n```sh\nls -l\n```\n"},
    {.name = "prose is a code block", .prose = true, .original = "```sh\nls\n```\n",
     .model = "```sh\nls -l\n```", .want = "```sh\nls -l\n```\n"},
    {.name = "wrapped prose", .prose = true, .original = "Run:\n",
     .model = "```markdown\nRun:\n```sh\nls\n```\nor\n```\nmake\n```\n```\n",
     .want = "Run:\n```sh\nls\n```\nor\n```\nmake\n```\n"},
    {.name = "announced prose", .prose = true, .original = "Text.\n",
     .model = "Here is the text:\n```\nNew.\n```\n", .want = "New.\n"},
};

static struct answer_rewrite_shape shape_of(const struct row *row)
{
    struct answer_rewrite_shape shape = {
        .original = row->original,
        .original_length = strlen(row->original),
        .line_prefix = row->prefix,
        .line_prefix_length = row->prefix ? strlen(row->prefix) : 0,
        .line_end = row->line_end,
        .prose = row->prose,
        .indent = row->indent,
    };

    return shape;
}

/* Feeds the text in pieces of at most `most` bytes, of random lengths where `at_random`. */
static void run(const struct answer_rewrite_shape *shape, const char *model, size_t length,
                size_t most, bool at_random, struct buffer *out)
{
    struct answer_rewrite answer;
    size_t at = 0;

    answer_rewrite_init(&answer, shape);
    while (at < length) {
        size_t piece = at_random ? 1 + (size_t)rand() % most : most;

        if (piece > length - at)
            piece = length - at;
        assert_int_equal(answer_rewrite_feed(&answer, model + at, piece, false, out), 0);
        at += piece;
    }
    assert_int_equal(answer_rewrite_feed(&answer, "", 0, true, out), 0);
    answer_rewrite_finish(&answer);
}

static void test_each_shape(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer_rewrite_shape shape = shape_of(&rows[i]);
        struct buffer out;

        buffer_init(&out, BUFFER_CAP);
        run(&shape, rows[i].model, strlen(rows[i].model), 4096, false, &out);
        if (strcmp(out.data, rows[i].want) != 0)
            fail_msg("%s: <%s>", rows[i].name, out.data);
        buffer_finish(&out);
    }
}

static void check_cuts(const struct answer_rewrite_shape *shape, const char *model)
{
    struct buffer want;
    size_t length = strlen(model);
    size_t round;

    buffer_init(&want, BUFFER_CAP);
    run(shape, model, length, length + 1, false, &want);
    for (round = 0; round < 8; round++) {
        struct buffer out;

        buffer_init(&out, BUFFER_CAP);
        run(shape, model, length, round == 0 ? 1 : 9, round > 0, &out);
        if (strcmp(out.data, want.data) != 0)
            fail_msg("<%s>: <%s>, whole <%s>", model, out.data, want.data);
        buffer_finish(&out);
    }
    buffer_finish(&want);
}

static void test_cuts_do_not_matter(void **state)
{
    static const char *const bits[] = {"```", "```c\n", "\n", "    ", "a();", "\r\n", "\r",
                                       "````\n",
                                       "<selection>\n", "</selection>\n", "x:", "{", "\n```\n",
                                       "Here is it:\n", "\xC3\xA9", "\t",
                                       PROMPT_DEFUSER, "<"};
    size_t i;

    (void)state;
    srand(7);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct answer_rewrite_shape shape = shape_of(&rows[i]);

        check_cuts(&shape, rows[i].model);
    }
    for (i = 0; i < 3000; i++) {
        struct answer_rewrite_shape shape = shape_of(&rows[(size_t)rand() % (sizeof(rows) /
                                                                             sizeof(rows[0]))]);
        char model[512] = "";
        unsigned count = (unsigned)rand() % 20;

        for (; count > 0; count--)
            strcat(model, bits[(size_t)rand() % (sizeof(bits) / sizeof(bits[0]))]);
        check_cuts(&shape, model);
    }
}

static void test_streams_by_lines(void **state)
{
    static const char original[] = "  a();\n  b();\n";
    struct answer_rewrite_shape shape = {.original = original,
                                         .original_length = sizeof(original) - 1};
    struct answer_rewrite answer;
    struct buffer out;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    answer_rewrite_init(&answer, &shape);
    assert_int_equal(answer_rewrite_feed(&answer, "```c\n  c();\n  d", 15, false, &out), 0);
    assert_string_equal(out.data, "  c();");
    assert_int_equal(answer_rewrite_feed(&answer, "();\n", 4, false, &out), 0);
    assert_string_equal(out.data, "  c();\n  d();");
    assert_int_equal(answer_rewrite_feed(&answer, "```", 3, true, &out), 0);
    assert_string_equal(out.data, "  c();\n  d();\n");
    answer_rewrite_finish(&answer);
    answer_rewrite_finish(NULL);
    buffer_finish(&out);
}

static void test_knows_elisions(void **state)
{
    static const char *const elided[] = {
        "int a;\n// ... rest of the code ...\n", "# ... existing code ...",
        "    /* ... unchanged ... */\r\n",       "<!-- rest of the file -->",
        "// ...",                                "// (rest unchanged)",
        "-- \xE2\x80\xA6 remaining columns \xE2\x80\xA6", "# rest of the function",
        "{/* ... existing JSX, same as before ... */}",
        "% ... the same clauses ...",            ";; ... rest unchanged ...",
        "(* rest of the module *)",              "{- ... remaining cases ... -}",
        "\" ... rest of the script ...",         "' ... existing code ...",
        "! rest of the program",                 "REM ... rest unchanged",
        "// The rest of the class remains unchanged.", "# Rest of your code here",
        "// existing implementation stays the same", "/* no changes here */",
        "// code omitted for brevity",           "# Other methods remain unchanged",
        "void f() { /* ... */ }",                "    return x; // ... rest of the code",
        "def f(): # ... existing code ...",      "... rest of the code ...",
        "[... rest unchanged ...]",              "#| ... remaining forms ... |#",
        " * ... rest of the fields ...",           "/* ... */",
        "// keep the rest as is",                "# ---- unchanged ----",
    };
    static const char *const whole[] = {
        "...",                                     "def f(): ...",
        "// existing code paths rely on this",     "# TODO: handle the rest...",
        "printf(\"... rest of the code ...\");",   "// the same as above, but for writers",
        "x = [...rest, same]",                     "// wait for it ...",
        "",                                        "f(...args, ...rest);",
        "const {a, ...rest} = b;",                 "...existing,",
        "// skip the rest of the file",            "void log(const char *format, ...);",
        "#include \"rest.h\"",                     "puts(\"// ... rest of the code\");",
        "x = 1;  // unchanged",                    "# the same order as before the loop",
        "# Keep existing users",                   "case '#': // the rest of the line is a comment",
        "--rest;",                                 "*rest = 0;",
        "--remaining",                             "!existing",
        "'unchanged'",                             "\"omitted\",",
        " * ...",                                  " * unchanged.",
        "/* ........................ */",          "\"........................",
        "#existing {",                             "#rest",
    };
    static const char kept[] = "a\n// ... rest of the code ...\nb\n";
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(elided) / sizeof(elided[0]); i++) {
        if (!answer_rewrite_is_elided("a\n", 2, elided[i], strlen(elided[i]), false))
            fail_msg("%s", elided[i]);
    }
    for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        if (answer_rewrite_is_elided("a\n", 2, whole[i], strlen(whole[i]), false))
            fail_msg("%s", whole[i]);
    }
    assert_false(answer_rewrite_is_elided(kept, strlen(kept), kept, strlen(kept), false));
    assert_false(answer_rewrite_is_elided("", 0, "# The rest of the file\n", 23, true));
    assert_true(answer_rewrite_is_elided("", 0, "<!-- rest of the file -->\n", 26, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_shape),
        cmocka_unit_test(test_cuts_do_not_matter),
        cmocka_unit_test(test_streams_by_lines),
        cmocka_unit_test(test_knows_elisions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
