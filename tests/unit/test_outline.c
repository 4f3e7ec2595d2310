#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/prompt/outline.h"

/*
 * What encloses the selection, of a text in which « and » stand round the selection, and ‹ and › round
 * what is to be found, as far as it is more.
 */
static void check_at(int line, const char *marked, bool prose)
{
    char text[4096];
    size_t length = 0, open = 0, close = 0, start = SIZE_MAX, end = 0, above, below;

    for (const char *at = marked; *at;) {
        size_t *mark = strncmp(at, "«", 2) == 0   ? &open
                       : strncmp(at, "»", 2) == 0 ? &close
                       : strncmp(at, "‹", 3) == 0 ? &start
                       : strncmp(at, "›", 3) == 0 ? &end
                                                  : NULL;
        if (!mark) {
            text[length++] = *at++;
            continue;
        }
        *mark = length;
        at += mark == &open || mark == &close ? 2 : 3;
    }
    if (start == SIZE_MAX)
        start = open;
    if (end == 0)
        end = close;
    outline_enclosing((struct prompt_text){text, open}, (struct prompt_text){text + open, close - open},
                      (struct prompt_text){text + close, length - close}, prose, &above, &below);
    if (open - above != start || close + below != end)
        fail_msg("line %d: found\n%.*s\ninstead of\n%.*s", line, (int)(close + below - open + above),
                 text + open - above, (int)(end - start), text + start);
}

#define code(marked) check_at(__LINE__, marked, false)
#define prose(marked) check_at(__LINE__, marked, true)

static void test_functions_with_braces(void **state)
{
    (void)state;
    code("int a;\n\n‹int f(void)\n{\n    int x;\n«    x = 1;\n»    g(x);\n}\n›\nint b;\n");
    code("}\n‹static int f(int a,\n             int b)\n{\n    if (a) {\n«        b();\n»    }\n}\n›int z;\n");
    code("x;\n‹/* Says why.\n * At length. */\nstatic int\nf(void)\n{\n«    g();\n»}\n›");
    code("‹void f() {\n#if X\n  for (;;) {\n    «g()»;\n  }\n#endif\nout:\n  return;\n}\n›void h() {\n}\n");
    code("class A {\n  int n;\n\n‹  public int f() {\n    return «n»;\n  }\n›\n  int g() {\n  }\n}\n");
    code("‹func f(a int) error {\n\tif a {\n«\t\treturn nil\n»\t}\n}\n›\nfunc g() {\n}\n");
    code("‹fn f() -> u8 {\n    let x = match y {\n        1 => «2»,\n    };\n}\n›");
}

static void test_functions_by_indentation(void **state)
{
    (void)state;
    code("import a\n\n‹@wraps\ndef f(x):\n    # why\n    if x:\n«        g()\n»    return\n›\ndef h():\n    pass\n");
    code("class A:\n    x = 1\n\n‹    def f(self):\n        return «self.x»\n›\n    def g(self):\n        pass\n");
    code("‹def f\n  x do\n«    y\n»  end\nend\n›\nz\n");
}

static void test_a_selected_head_takes_its_body_along(void **state)
{
    (void)state;
    code("a;\n\n«int f(void)\n»{\n    g();\n}\n›int b;\n");
    code("‹«def f():»\n    g()\n›x\n");
    code("a\n«int f(void)\n{\n    g();\n}\n»int b;\n");
}

static void test_lines_at_the_margin_have_nothing_round_them(void **state)
{
    (void)state;
    code("a = 1\n«b = 2\n»c = 3\n");
    code("«»");
    code("    x\n«    y\n»    z\n");
}

static void test_sections_of_prose(void **state)
{
    (void)state;
    prose("# A\n\ntext\n\n‹## B\n\none\n«two\n»three\n\n### C\n\nfour\n›## D\n\nfive\n");
    prose("# A\n‹## B\n«text»\n›");
    prose("«## B\n»text\n›# D\n");
    prose("no heading\n«at all\n»\n");
    prose("‹# A\r\n#tag\r\n«x\r\n»y\r\n›# B\r\n");
}

static const char *imports_of(const char *text, size_t budget)
{
    static struct buffer out;

    buffer_finish(&out);
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(outline_append_imports(&out, (struct prompt_text){text, strlen(text)}, budget),
                     0);
    return out.data;
}

static void test_imports(void **state)
{
    (void)state;
    assert_string_equal(imports_of("/* x */\n#include <a.h>\n\n#include \"b.h\"\n#define C\nint d;\n", 99),
                        "#include <a.h>\n#include \"b.h\"\n");
    assert_string_equal(imports_of("import os\nfrom a import (\n    b,\n)\nx = 1\n", 99),
                        "import os\nfrom a import (\n    b,\n)\n");
    assert_string_equal(imports_of("package p\n\nimport (\n\t\"fmt\"\n\n\t\"os\"\n)\n\nfunc f() {\n}\n", 99),
                        "package p\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n");
    assert_string_equal(imports_of("const a = require('a');\nimport {\n  b,\n} from 'c';\nlet x = 1;\n", 99),
                        "const a = require('a');\nimport {\n  b,\n} from 'c';\n");
    assert_string_equal(imports_of("use a::b;\nuseful();\n    import x\nimportant\n", 99), "use a::b;\n");
    assert_string_equal(imports_of("import a\nimport b\n", 10), "import a\n");
    assert_string_equal(imports_of("", 10), "");
    imports_of("", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions_with_braces),
        cmocka_unit_test(test_functions_by_indentation),
        cmocka_unit_test(test_a_selected_head_takes_its_body_along),
        cmocka_unit_test(test_lines_at_the_margin_have_nothing_round_them),
        cmocka_unit_test(test_sections_of_prose),
        cmocka_unit_test(test_imports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
