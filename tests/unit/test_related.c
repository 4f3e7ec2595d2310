#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/prompt/related.h"
#include "daemon/prompt/related_choice.h"

static struct prompt_text text_of(const char *string)
{
    return (struct prompt_text){string, strlen(string)};
}

/* ---- definitions ----------------------------------------------------------------------------- */

static const struct {
    const char *text;
    const char *name;
    const char *want; /* NULL: no definition */
} definitions[] = {
    {"int add(int a, int b);\n", "add", "int add(int a, int b);\n"},
    {"/* Adds. */\nint add(int a,\n        int b)\n{\n    return a;\n}\n", "add",
     "/* Adds. */\nint add(int a,\n        int b)\n"},
    {"static const char *name_of(enum kind kind)\n{\n", "name_of",
     "static const char *name_of(enum kind kind)\n"},
    {"struct point {\n    int x;\n    int y;\n};\nint z;\n", "point",
     "struct point {\n    int x;\n    int y;\n};\n"},
    {"struct point;\n", "point", NULL},
    {"struct point *make(void);\n", "point", NULL},
    {"struct point *make(void);\n", "make", "struct point *make(void);\n"},
    {"typedef struct {\n    int x;\n} point;\n", "point", "typedef struct {\n    int x;\n} point;\n"},
    {"typedef unsigned long count_t;\n", "count_t", "typedef unsigned long count_t;\n"},
    {"#define LIMIT_MAX 10\n", "LIMIT_MAX", "#define LIMIT_MAX 10\n"},
    {"#include <stdio.h>\n", "stdio", NULL},
    {"static const struct row rows[] = {\n", "rows", "static const struct row rows[] = {\n"},
    {"int main(void)\n{\n    add(1, 2);\n    return add(3, 4);\n}\n", "add", NULL},
    {"    total = add(1);\n", "total", NULL},
    {"def area(width, height):\n    return width * height\n", "area", "def area(width, height):\n"},
    {"class Shape(Base):\n    def area(self):\n        pass\n\nx = 1\n", "Shape",
     "class Shape(Base):\n    def area(self):\n        pass\n"},
    {"class Shape(Base):\n    def area(self):\n        pass\n", "area", "    def area(self):\n"},
    {"TIMEOUT = 30\n", "TIMEOUT", "TIMEOUT = 30\n"},
    {"export async function load(path) {\n  return 1;\n}\n", "load",
     "export async function load(path) {\n"},
    {"export const parse = (text) => {\n", "parse", "export const parse = (text) => {\n"},
    {"export interface Shape {\n  area: number;\n}\n", "Shape",
     "export interface Shape {\n  area: number;\n}\n"},
    {"func (s *Server) Listen(port int) error {\n", "Listen",
     "func (s *Server) Listen(port int) error {\n"},
    {"pub fn open(path: &str) -> File {\n", "open", "pub fn open(path: &str) -> File {\n"},
    {"    public int size(Foo foo) {\n", "size", "    public int size(Foo foo) {\n"},
    {"    if (ready(x)) {\n", "ready", NULL},
    {"    } else if (ready(x)) {\n", "ready", NULL},
    {"size_t Buffer::length() const {\n", "length", "size_t Buffer::length() const {\n"},
    {"", "x", NULL},
};

static void test_definitions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++) {
        const char *name = definitions[i].name;
        struct related_index *index;
        struct prompt_text found;

        assert_int_equal(related_index_create(&index, text_of(definitions[i].text)), 0);
        bool is_found = related_index_definition(index, related_name_of(name, strlen(name)), &found);
        if (is_found != (definitions[i].want != NULL))
            fail_msg("%s in <%s>", name, definitions[i].text);
        if (is_found && (found.length != strlen(definitions[i].want) ||
                         memcmp(found.text, definitions[i].want, found.length) != 0))
            fail_msg("%s in <%s>: <%.*s>", name, definitions[i].text, (int)found.length, found.text);
        related_index_destroy(index);
    }
}

/* ---- windows --------------------------------------------------------------------------------- */

static void test_window_of_the_same_words(void **state)
{
    struct buffer text CLEANUP(buffer_finish);
    struct related_words words = {0};
    struct related_words other = {0};
    struct related_index *index;
    struct prompt_text found;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    for (int i = 0; i < 100; i++)
        buffer_printf(&text, i == 60 ? "    socket_close(connection, deadline);\n"
                                     : "    line_%d = other_%d;\n", i, i);
    assert_int_equal(related_index_create(&index, (struct prompt_text){text.data, text.length}), 0);
    related_words_add(&words, text_of("socket_close(connection, deadline);"));
    assert_true(related_index_window(index, &words, &found) > 0);
    assert_non_null(memmem(found.text, found.length, "socket_close", 12));
    assert_true(found.text == text.data || found.text[-1] == '\n');
    related_words_add(&other, text_of("nothing alike here"));
    assert_true(related_index_window(index, &other, &found) <
                related_index_window(index, &words, &found));
    related_index_destroy(index);
}

static void test_common_words_do_not_count(void **state)
{
    struct related_words words = {0};

    (void)state;
    related_words_add(&words, text_of("if (x) return self; for (int i = 0; i < 1234; i++) {}"));
    for (size_t i = 0; i < RELATED_BITS / 64; i++)
        assert_int_equal(words.bits[i], 0);
}

static void test_only_so_much_is_indexed(void **state)
{
    size_t length = RELATED_TEXT_MAX + 100;
    char *text = malloc(length);
    struct related_index *index;
    struct prompt_text found;
    static const char last[] = "\nint last_one(void);\n";

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    text[10] = '\n';
    memcpy(text + length - strlen(last), last, strlen(last));
    assert_int_equal(related_index_create(&index, (struct prompt_text){text, length}), 0);
    assert_false(related_index_definition(index, related_name_of("last_one", 8), &found));
    related_index_destroy(index);
    free(text);
}

/* ---- imports --------------------------------------------------------------------------------- */

static bool join_path(void *context, const char *path, bool from_root)
{
    buffer_printf(context, "%s%s ", from_root ? "/" : "", path);
    return true;
}

static const struct {
    const char *language;
    const char *text;
    const char *want;
} imports[] = {
    {"c", "#include \"a/b.h\"\n#include <stdio.h>\n  # include \"c.h\"\n", "a/b.h /a/b.h "},
    {"python", "import os.path\n", "os/path.py /os/path.py os/path/__init__.py /os/path/__init__.py "},
    {"python", "from .near import x\n", "near.py near/__init__.py "},
    {"python", "from ..up import x\n", "../up.py ../up/__init__.py "},
    {"python", "from . import x\n", ""},
    {"typescript", "import { a } from './b';\n", "./b ./b.ts ./b.js ./b.tsx ./b.jsx ./b/index.js "},
    {"javascript", "const a = require('../b.js');\n",
     "../b.js ../b.js.ts ../b.js.js ../b.js.json ../b.js/index.js "},
    {"javascript", "import fs from 'fs';\n", ""},
    {"rust", "pub mod wire;\n", "wire.rs wire/mod.rs "},
    {"ruby", "require_relative 'x/y'\n", "x/y.rb "},
    {"shellscript", ". lib/log.sh\nsource x.sh\n", "lib/log.sh x.sh "},
    {"c", "#include \"/etc/passwd\"\n#include \"\n", ""},
    {"plaintext", "#include \"a.h\"\n", ""},
    {"python", "from", ""},
};

static void test_imports(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(imports) / sizeof(imports[0]); i++) {
        struct buffer found CLEANUP(buffer_finish);

        buffer_init(&found, BUFFER_CAP);
        related_imports(text_of(imports[i].text), imports[i].language, join_path, &found);
        assert_string_equal(found.data, imports[i].want);
    }
}

/* ---- choosing -------------------------------------------------------------------------------- */

static void test_choosing(void **state)
{
    static const char alike[] = "def send_report(socket, report):\n    header = encode(report)\n"
                                "    socket.send_all(header)\n";
    static const char other[] = "colours = ['red', 'green']\nshapes = ['round']\n";
    struct related_source sources[2] = {{.path = "other.py"}, {.path = "alike.py"}};
    struct prompt_text before = text_of("def send_answer(socket, answer):\n"
                                        "    header = encode(answer)\n    socket.send_");
    struct prompt_text after = text_of("\n    return header\n");
    struct related_index *indexes[2];
    struct prompt_related parts[4];

    (void)state;
    assert_int_equal(related_index_create(&indexes[0], text_of(other)), 0);
    assert_int_equal(related_index_create(&indexes[1], text_of(alike)), 0);
    sources[0].index = indexes[0];
    sources[1].index = indexes[1];
    assert_int_equal(related_choose_windows(sources, 2, before, after, 1000, parts, 4), 1);
    assert_string_equal(parts[0].path, "alike.py");
    assert_int_equal(parts[0].text.length, strlen(alike));
    assert_int_equal(related_choose_windows(sources, 2, before, after, 10, parts, 4), 0);
    assert_int_equal(related_choose_windows(sources, 2, before, after, 1000, parts, 0), 0);
    sources[1].is_own = true;
    assert_int_equal(related_choose_windows(sources, 2, before, after, 1000, parts, 4), 0);

    before = text_of("x = colours[0]\ny = send_report(");
    assert_int_equal(related_choose_definitions(sources, 2, before, after, NULL, 0, 1000, parts, 4),
                     2);
    assert_memory_equal(parts[0].text.text, "def send_report", 15); /* the nearest first */
    assert_memory_equal(parts[1].text.text, "colours", 7);
    assert_int_equal(related_choose_definitions(sources, 2, before, after, NULL, 0, 1000, parts, 1),
                     1);
    /* What is there already is not shown again. */
    struct prompt_related shown = {"alike.py", text_of(alike)};
    assert_int_equal(related_choose_definitions(sources, 2, before, after, &shown, 1, 1000, parts, 4),
                     1);
    before = text_of(other);
    assert_int_equal(related_choose_definitions(sources, 2, before, text_of("x"), NULL, 0, 1000,
                                                parts, 4), 0);
    assert_int_equal(related_choose_definitions(sources, 0, text_of(""), text_of(""), NULL, 0, 1000,
                                                parts, 4), 0);
    related_index_destroy(indexes[0]);
    related_index_destroy(indexes[1]);
}

/* Typing on in a line does not change what comes before the file. */
static void test_the_choice_is_stable(void **state)
{
    struct buffer text CLEANUP(buffer_finish);
    struct buffer before CLEANUP(buffer_finish);
    struct related_source source = {.path = "a"};
    struct related_index *index;
    const char *chosen = NULL;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    buffer_init(&before, BUFFER_CAP);
    for (int i = 0; i < 200; i++)
        buffer_printf(&text, "    word%d_%d(value%d, other%d);\n", i / 10, i, i / 7, i / 5);
    assert_int_equal(related_index_create(&index, (struct prompt_text){text.data, text.length}), 0);
    source.index = index;
    buffer_append(&before, text.data, text.length / 2);
    for (int i = 0; i < 60; i++) {
        struct prompt_related part;

        buffer_append_string(&before, i % 20 == 19 ? "\n" : "q ");
        assert_int_equal(related_choose_windows(&source, 1,
                                                (struct prompt_text){before.data, before.length},
                                                text_of(""), 10000, &part, 1), 1);
        if (i % 20 > 0)
            assert_ptr_equal(part.text.text, chosen);
        chosen = part.text.text;
    }
    related_index_destroy(index);
}

/* Texts of any bytes are taken, and what is found lies within them. */
static void test_any_bytes(void **state)
{
    static const char *const bits[] = {"def ", "\n", "(", "{", "struct ", "#include \"", "\"", "}",
                                       "=", ";", "\xFF", "é", " ", "\r", "\r\n", "x", "from .", "//",
                                       ":", "::", "func (", ")", "typedef "};
    (void)state;
    srand(7);
    for (unsigned round = 0; round < 3000; round++) {
        struct buffer text CLEANUP(buffer_finish);
        struct buffer found CLEANUP(buffer_finish);
        struct related_index *index;
        char *exact;

        buffer_init(&text, BUFFER_CAP);
        buffer_init(&found, BUFFER_CAP);
        for (int bit = rand() % 30; bit > 0; bit--)
            buffer_append_string(&text, bits[(size_t)rand() % (sizeof(bits) / sizeof(bits[0]))]);
        exact = malloc(text.length > 0 ? text.length : 1); /* so that a read behind it is seen */
        assert_non_null(exact);
        memcpy(exact, text.data, text.length);
        assert_int_equal(related_index_create(&index, (struct prompt_text){exact, text.length}), 0);
        related_index_destroy(index);
        related_imports((struct prompt_text){exact, text.length}, round % 2 ? "python" : "c",
                        join_path, &found);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_window_of_the_same_words),
        cmocka_unit_test(test_common_words_do_not_count),
        cmocka_unit_test(test_only_so_much_is_indexed),
        cmocka_unit_test(test_imports),
        cmocka_unit_test(test_choosing),
        cmocka_unit_test(test_the_choice_is_stable),
        cmocka_unit_test(test_any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
