#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/prompt/prompt.h"
#include "daemon/sandbox_answer.h"

#define CONFESSION "The gridls sandbox wrote this by simple rules; no model was asked."

static void answer(struct buffer *out, const char *prompt, enum sandbox_task wanted)
{
    enum sandbox_task task;

    buffer_init(out, BUFFER_CAP);
    assert_int_equal(sandbox_answer(out, prompt, strlen(prompt), &task), 0);
    assert_int_equal(task, wanted);
}

static void assert_answer(const char *prompt, enum sandbox_task task, const char *wanted)
{
    struct buffer out CLEANUP(buffer_finish);

    answer(&out, prompt, task);
    assert_string_equal(out.data, wanted);
}

/* ---- completion ----------------------------------------------------------------------------- */

static void assert_completion(const char *language, const char *text, const char *wanted)
{
    struct buffer prompt CLEANUP(buffer_finish);

    buffer_init(&prompt, BUFFER_CAP);
    buffer_printf(&prompt, "<file path=\"a\" language=\"%s\">\n%s\n</file>\n", language, text);
    assert_answer(prompt.data, SANDBOX_TASK_COMPLETION, wanted);
}

static void test_completes_lines(void **state)
{
    (void)state;
    assert_completion("c", "    return -ENOMEM;\nint x;\n  return -<|cursor|>\n}",
                      "ENOMEM; // gridls sandbox");
    /* The longest of them, and what stands below where nothing above fits. */
    assert_completion("c", "foo(1);\nfoo(1, 2);\nfoo<|cursor|>", "(1, 2); // gridls sandbox");
    assert_completion("lua", "pri<|cursor|>\nprint(x)\n", "nt(x) -- gridls sandbox");
    /* A line that goes on in the next one is no place for a comment. */
    assert_completion("c", "x = 1 + \\\n    2\nx = <|cursor|>", "");
}

static void test_completes_words(void **state)
{
    (void)state;
    assert_completion("python", "x = buffer + buffers\ny = buffer\nz = bu<|cursor|>\n",
                      "ffer # gridls sandbox");
    assert_completion("c", "call(length, 1);\nif (le<|cursor|>) {\n",
                      "ngth /* gridls sandbox */");
    /* No comment can stand before the rest of the line, so there is no answer. */
    assert_completion("python", "call(length, 1)\nif (le<|cursor|>):\n", "");
    assert_completion("c", "length\nle<|cursor|>ngth\n", "");
    assert_completion("c", "length\nl<|cursor|>\n", "");
    assert_completion("c", "12345\n=  12<|cursor|>\n", "");
}

static void test_completes_blocks(void **state)
{
    (void)state;
    assert_completion("c",
                      "  if (a == NULL)\n    return a;\n  b();\n\n\tif (b == NULL)\n\t<|cursor|>\n",
                      "  return a; // gridls sandbox\n\tb();");
    /* Of like lines the nearest; what stands below already ends the offer. */
    assert_completion("sh", "case 1:\none\ncase 2:\ntwo\nthree\ncase 3:\n<|cursor|>\nthree\n",
                      "two # gridls sandbox");
    assert_completion("vim", "if a\n  let b = 1\nendif\nif a\n<|cursor|>\n",
                      "  let b = 1 \" gridls sandbox\nendif");
    assert_completion("c", "while (next) {\n    go();\n}\nwhile (next) {<|cursor|>\n",
                      "\n    go(); // gridls sandbox\n}");
    assert_completion("c", "int a;\n\nvoid b(void)\n{\n<|cursor|>\n}\n", "");
}

static void test_completes_nothing(void **state)
{
    (void)state;
    assert_completion("c", "<|cursor|>", "");
    assert_completion("c", "\n\n<|cursor|>\n\n", "");
    assert_completion("c", "  <|cursor|>x", "");
    assert_completion("", "abcd\nabc<|cursor|>", "d # gridls sandbox");
    assert_answer("abcd\nabc<|cursor|>", SANDBOX_TASK_COMPLETION, "d # gridls sandbox");
}

static void test_goes_on_from_a_menu_entry(void **state)
{
    (void)state;
    assert_answer("<file language=\"c\">\nprintf(\"a\");\n<|cursor|>\n</file>\n"
                  "<typed>\nprintf\n</typed>\n",
                  SANDBOX_TASK_COMPLETION, "printf(\"a\"); // gridls sandbox");
    assert_answer("<file language=\"c\">\n<|cursor|>\n</file>\n<typed>\nputs\n</typed>\n",
                  SANDBOX_TASK_COMPLETION, "");
}

/* ---- explanation ---------------------------------------------------------------------------- */

static void assert_explains(const char *language, const char *selection, const char *wanted)
{
    struct buffer prompt CLEANUP(buffer_finish);
    struct buffer out CLEANUP(buffer_finish);

    buffer_init(&prompt, BUFFER_CAP);
    buffer_printf(&prompt, "<file path=\"src/a\" language=\"%s\">\n<selection>\n%s</selection>\n"
                           "</file>\n", language, selection);
    answer(&out, prompt.data, SANDBOX_TASK_EXPLANATION);
    assert_memory_equal(out.data, "> " CONFESSION "\n\n", strlen("> " CONFESSION "\n\n"));
    assert_string_equal(out.data + strlen("> " CONFESSION "\n\n"), wanted);
}

static void test_explains(void **state)
{
    (void)state;
    assert_explains("c",
                    " 8 | #include <a.h>\n 9 | #define MAX(a) 1\n10 | struct x {\n"
                    "11 |     int y;\n12 | };\n13 | static int f(struct x *x)\n14 | {\n"
                    "15 |     if (g(x))\n16 |         return 1;\n17 | }\n18 | int h(void);\n",
                    "`src/a`, lines 8 to 18: 11 lines, 25 words.\n\nIt declares:\n\n"
                    "- include `<a.h>` (line 8)\n- macro `MAX` (line 9)\n- type `x` (line 10)\n"
                    "- function `f` (line 13)\n- declaration of the function `h` (line 18)\n");
    assert_explains("python", "1 | import os\n2 | class A(B):\n3 |     async def b(self):\n",
                    "`src/a`, lines 1 to 3: 3 lines, 9 words.\n\nIt declares:\n\n"
                    "- import `os` (line 1)\n- class `A` (line 2)\n- function `b` (line 3)\n");
    assert_explains("javascript", "1 | export default function a() {\n2 | const b = () => 1;\n",
                    "`src/a`, lines 1 to 2: 2 lines, 7 words.\n\nIt declares:\n\n"
                    "- function `a` (line 1)\n- function `b` (line 2)\n");
    assert_explains("sh", "4| f() {\n5| . x\n", "`src/a`, lines 4 to 5: 2 lines, 2 words.\n\n"
                    "It declares:\n\n- function `f` (line 4)\n- import `x` (line 5)\n");
    assert_explains("vim", "1 | function! s:f(a) abort\n",
                    "`src/a`, line 1: 1 line, 5 words.\n\nIt declares:\n\n"
                    "- function `s:f` (line 1)\n");
}

static void test_explains_what_it_cannot_tell(void **state)
{
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    assert_explains("c", "7 | x = 1;\n[5 lines left out]\n13 | }\n",
                    "`src/a`, lines 7 to 13: 2 lines, 2 words.\n\n"
                    "The sandbox's rules find no declarations in it.\n");
    assert_explains("c", "", "`src/a`, nothing selected: 0 lines, 0 words.\n\n"
                             "The sandbox's rules find no declarations in it.\n");
    answer(&out, "<question>\nwhy?\n</question>\n", SANDBOX_TASK_EXPLANATION);
    assert_non_null(strstr(out.data, "cannot answer questions"));
}

static void test_lists_only_so_many(void **state)
{
    struct buffer prompt CLEANUP(buffer_finish);
    struct buffer out CLEANUP(buffer_finish);
    int i;

    (void)state;
    buffer_init(&prompt, BUFFER_CAP);
    buffer_append_string(&prompt, "<file language=\"python\">\n<selection>\n");
    for (i = 1; i <= 100; i++)
        buffer_printf(&prompt, "%d | def f%d():\n", i, i);
    answer(&out, prompt.data, SANDBOX_TASK_EXPLANATION);
    assert_non_null(strstr(out.data, "- function `f40` (line 40)\n- and 60 more\n"));
    assert_null(strstr(out.data, "f41"));
}

/* ---- rewrite -------------------------------------------------------------------------------- */

static void assert_rewrite(const char *language, const char *selection, const char *wanted)
{
    struct buffer prompt CLEANUP(buffer_finish);

    buffer_init(&prompt, BUFFER_CAP);
    buffer_printf(&prompt, "<file language=\"%s\">\n<selection>\n%s</selection>\n</file>\n"
                           "<instruction>\ntidy\n</instruction>\n", language, selection);
    assert_answer(prompt.data, SANDBOX_TASK_REWRITE, wanted);
}

static void test_rewrites(void **state)
{
    (void)state;
    assert_rewrite("c", "\n\tint a;  \n\n\n\n\tint b;\t\n\n\nc\n",
                   "```c\n\t// gridls sandbox\n\n\tint a;\n\n\tint b;\n\n\nc\n```\n");
    assert_rewrite("css", "a {}\n", "```css\n/* gridls sandbox */\na {}\n```\n");
    assert_rewrite("html", "  <p>\n", "```html\n  <!-- gridls sandbox -->\n  <p>\n```\n");
    assert_rewrite("elisp", "(a)\n", "```elisp\n;;; gridls sandbox\n(a)\n```\n");
    assert_rewrite("sql", "a\n", "```sql\n-- gridls sandbox\na\n```\n");
    assert_rewrite("rust", "", "```rust\n// gridls sandbox\n```\n");
    /* The interpreter's line stays first, and one comment is enough. */
    assert_rewrite("sh", "#!/bin/sh\necho\n", "```sh\n#!/bin/sh\n# gridls sandbox\necho\n```\n");
    assert_rewrite("sh", "# gridls sandbox\necho \n", "```sh\n# gridls sandbox\necho\n```\n");
    assert_rewrite("markdown", "````\na\n````\n",
                   "`````markdown\n<!-- gridls sandbox -->\n````\na\n````\n`````\n");
}

/* ---- commit message ------------------------------------------------------------------------- */

static void assert_commit(const char *staged, const char *wanted)
{
    struct buffer prompt CLEANUP(buffer_finish);
    struct buffer message CLEANUP(buffer_finish);

    buffer_init(&prompt, BUFFER_CAP);
    buffer_init(&message, BUFFER_CAP);
    buffer_printf(&prompt, "<staged_files>\n%s</staged_files>\n<diff>\nx\n</diff>\n", staged);
    buffer_printf(&message, "%s\n" CONFESSION "\n", wanted);
    assert_answer(prompt.data, SANDBOX_TASK_COMMIT, message.data);
}

static void test_writes_commit_messages(void **state)
{
    (void)state;
    assert_commit("M src/a.c\n", "Update src/a.c\n\n- M src/a.c\n");
    assert_commit("A a\nA b\n", "Add a and 1 other file\n\n- A a\n- A b\n");
    assert_commit("D a\nM b\nA c\n", "Update a and 2 other files\n\n- D a\n- M b\n- A c\n");
    assert_commit("D a b\n", "Remove a b\n\n- D a b\n");
    assert_commit("R100 a -> b\n", "Rename a -> b\n\n- R a -> b\n");
    assert_commit("", "Update files\n");
    assert_answer("<staged_files>\nM a\n</staged_files>\n<typed>\nFix it\n</typed>\n",
                  SANDBOX_TASK_COMMIT, "Fix it\n\n- M a\n\n" CONFESSION "\n");
}

static void test_keeps_subjects_short(void **state)
{
    struct buffer staged CLEANUP(buffer_finish);
    struct buffer out CLEANUP(buffer_finish);
    enum sandbox_task task;
    int i;

    (void)state;
    buffer_init(&staged, BUFFER_CAP);
    buffer_init(&out, BUFFER_CAP);
    buffer_append_string(&staged, "<staged_files>\nM ");
    for (i = 0; i < 20; i++)
        buffer_append_string(&staged, "directory/");
    buffer_append_string(&staged, "a.c\n");
    for (i = 0; i < 30; i++)
        buffer_append_string(&staged, "M b\n");
    assert_int_equal(sandbox_answer(&out, staged.data, staged.length, &task), 0);
    assert_memory_equal(out.data, "Update a.c and 30 other files\n\n", 31);
    assert_non_null(strstr(out.data, "- and 11 more\n"));

    buffer_clear(&staged);
    buffer_clear(&out);
    buffer_append_string(&staged, "<staged_files>\nA ");
    for (i = 0; i < 100; i++)
        buffer_append_byte(&staged, 'x');
    assert_int_equal(sandbox_answer(&out, staged.data, staged.length, &task), 0);
    assert_memory_equal(out.data, "Add 1 file\n\n", 12);
}

/* ---- any input ------------------------------------------------------------------------------ */

/* It does not look into several files; the answer is one that can be read, with nothing to change. */
static void test_changes_no_workspace(void **state)
{
    struct chat_messages messages;
    struct prompt_style style = {0};
    struct prompt_related file = {"a.c", {"int a;\n", 7}};
    struct prompt_workspace input = {.files = &file, .file_count = 1, .path = "a.c",
                                     .selection = {"int a;\n", 7}, .instruction = "rename a",
                                     .as_json = true};

    (void)state;
    chat_messages_init(&messages);
    assert_int_equal(prompt_workspace_build(&messages, &style, &input), 0);
    assert_answer(messages.items[1].content, SANDBOX_TASK_OTHER,
                  "{\"summary\": \"This is the gridls sandbox: no model was asked, and nothing is "
                  "changed.\", \"edits\": []}\n");
    chat_messages_finish(&messages);
}

static void test_says_what_it_is(void **state)
{
    struct buffer out CLEANUP(buffer_finish);

    (void)state;
    answer(&out, "", SANDBOX_TASK_OTHER);
    assert_non_null(strstr(out.data, "gridls sandbox"));
}

static void test_takes_prompts_cut_and_broken_anywhere(void **state)
{
    static const char prompt[] =
        "<file path=\"a\" language=\"c\">\n<before>\nx\n</before>\n<selection>\n 1 | int \xFF(\0)\n"
        "</selection>\nfo<|cursor|>\nfoo\n</file>\n<instruction>\ny\n</instruction>\n"
        "<staged_files>\nM a\n";
    enum sandbox_task task;
    size_t start;
    size_t length;

    (void)state;
    for (start = 0; start < sizeof(prompt) - 1; start++) {
        for (length = 0; start + length < sizeof(prompt); length++) {
            /* A copy of just that size, so that a read beyond it is seen. */
            char *copy = malloc(length + 1);
            struct buffer out CLEANUP(buffer_finish);

            assert_non_null(copy);
            memcpy(copy, prompt + start, length);
            buffer_init(&out, BUFFER_CAP);
            copy = realloc(copy, length > 0 ? length : 1);
            assert_int_equal(sandbox_answer(&out, copy, length, &task), 0);
            free(copy);
        }
    }
}

/* ---- what the prompts really look like ------------------------------------------------------- */

static const struct prompt_style style = {"", NULL};

#define TEXT(string) {string, sizeof(string) - 1}

static void assert_built(struct chat_messages *messages, enum sandbox_task task, const char *wanted)
{
    assert_true(messages->count > 0);
    assert_int_equal(messages->items[messages->count - 1].role, CHAT_USER);
    assert_answer(messages->items[messages->count - 1].content, task, wanted);
    chat_messages_finish(messages);
}

static void test_understands_completion_prompts(void **state)
{
    const struct prompt_completion input = {
        .file = {"src/a.c", "c"},
        .before = TEXT("const char *mark = \"<|cursor|>\";\nstatic int total;\nint f(void)\n{\n"
                       "    return tot"),
        .after = TEXT("\n}\n"),
        .budget = 4096,
    };
    struct chat_messages messages;

    (void)state;
    chat_messages_init(&messages);
    assert_int_equal(prompt_completion_build(&messages, &style, &input), 0);
    assert_built(&messages, SANDBOX_TASK_COMPLETION, "al // gridls sandbox");
}

static void test_understands_explanation_prompts(void **state)
{
    const struct prompt_explain input = {
        .file = {"src/a.c", "c"},
        .before = TEXT("<selection>\nint before(void)\n"),
        .selection = TEXT("int f(void)\n{\n    return 1;\n}\n"),
        .after = TEXT("int after(void);\n"),
        .first_line = 12,
        .question = "Why?",
        .budget = 4096,
    };
    struct chat_messages messages;

    (void)state;
    chat_messages_init(&messages);
    assert_int_equal(prompt_explain_build(&messages, &style, &input), 0);
    assert_built(&messages, SANDBOX_TASK_EXPLANATION,
                 "> " CONFESSION "\n\nThe sandbox cannot answer questions: only a model can. Here "
                 "is what can be told without one.\n\n`src/a.c`, lines 12 to 15: 4 lines, 5 words."
                 "\n\nIt declares:\n\n- function `f` (line 12)\n");
}

static void test_understands_rewrite_prompts(void **state)
{
    const struct prompt_refactor input = {
        .file = {"a.py", "python"},
        .before = TEXT("<selection>\nx\n</selection>\n"),
        .selection = TEXT("    a = 1  \n    b = 2"),
        .after = TEXT("\n<instruction>\n"),
        .instruction = "tidy",
        .budget = 4096,
    };
    struct chat_messages messages;

    (void)state;
    chat_messages_init(&messages);
    assert_int_equal(prompt_refactor_build(&messages, &style, &input), 0);
    assert_built(&messages, SANDBOX_TASK_REWRITE,
                 "```python\n    # gridls sandbox\n    a = 1\n    b = 2\n```\n");
}

static void test_understands_commit_prompts(void **state)
{
    const struct prompt_commit input = {
        .branch = "main",
        .files = TEXT("A src/a.c\nA src/b.c\n"),
        .diff = TEXT("diff --git a/src/a.c b/src/a.c\n+<typed>\n+int a;\n"),
        .subjects = TEXT("Add x\n"),
        .budget = 4096,
    };
    struct chat_messages messages;

    (void)state;
    chat_messages_init(&messages);
    assert_int_equal(prompt_commit_build(&messages, &style, &input), 0);
    assert_built(&messages, SANDBOX_TASK_COMMIT,
                 "Add src/a.c and 1 other file\n\n- A src/a.c\n- A src/b.c\n\n" CONFESSION "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_completes_lines),
        cmocka_unit_test(test_completes_words),
        cmocka_unit_test(test_completes_blocks),
        cmocka_unit_test(test_completes_nothing),
        cmocka_unit_test(test_goes_on_from_a_menu_entry),
        cmocka_unit_test(test_explains),
        cmocka_unit_test(test_explains_what_it_cannot_tell),
        cmocka_unit_test(test_lists_only_so_many),
        cmocka_unit_test(test_rewrites),
        cmocka_unit_test(test_writes_commit_messages),
        cmocka_unit_test(test_keeps_subjects_short),
        cmocka_unit_test(test_changes_no_workspace),
        cmocka_unit_test(test_says_what_it_is),
        cmocka_unit_test(test_takes_prompts_cut_and_broken_anywhere),
        cmocka_unit_test(test_understands_completion_prompts),
        cmocka_unit_test(test_understands_explanation_prompts),
        cmocka_unit_test(test_understands_rewrite_prompts),
        cmocka_unit_test(test_understands_commit_prompts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
