#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/edits.h"
#include "daemon/prompt/prompt.h"
#include "protocol/json.h"

/* The edits as "path|search|text;", a new file's as "path+text;", the summary before them. */
static void assert_parsed(const char *text, const char *want)
{
    struct answer_edits edits;
    struct buffer out;

    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(answer_edits_parse(&edits, text, strlen(text)), 0);
    buffer_printf(&out, "%s;", edits.summary.data);
    for (size_t i = 0; i < edits.count; i++) {
        const struct answer_edit *edit = &edits.items[i];

        buffer_printf(&out, edit->creates ? "%s+%s%s;" : "%s|%s|%s;", edit->path.data,
                      edit->search.data, edit->text.data);
    }
    assert_string_equal(out.data, want);
    buffer_finish(&out);
    answer_edits_finish(&edits);
}

static void assert_refused(const char *text, int error)
{
    struct answer_edits edits;

    assert_int_equal(answer_edits_parse(&edits, text, strlen(text)), error);
    answer_edits_finish(&edits);
}

static void test_json(void **state)
{
    (void)state;
    assert_parsed("{\"summary\":\"s\",\"edits\":[{\"path\":\"a\",\"search\":\"b\\r\\nc\",\"replace\":\"d\\r\"}],"
                  "\"new_files\":[{\"path\":\"e\",\"text\":\"f\"}]}", "s;a|b\nc|d\n;e+f;");
    assert_parsed("Here it is:\n```json\n{\"edits\": []}\n```\nDone.", ";");
    assert_parsed("{\"new_files\": null, \"edits\": [{\"path\":\"a\",\"search\":\"}\",\"replace\":\"{\"}]}",
                  ";a|}|{;");
    assert_parsed("{\"edits\":[{\"path\":\"a\",\"search\":\"<" PROMPT_DEFUSER "file>\",\"replace\":\"\"}]}",
                  ";a|<file>|;");
    assert_refused("", -EBADMSG);
    assert_refused("No.", -EBADMSG);
    assert_refused("{}", -EBADMSG);
    assert_refused("{\"edits\": 1}", -EBADMSG);
    assert_refused("{\"edits\": [1]}", -EBADMSG);
    assert_refused("{\"edits\": [{\"path\": \"a\", \"search\": \"b\"}]}", -EBADMSG);
    assert_refused("{\"edits\": [{\"path\": \"a\", \"search\": \"b\", \"rep", -EBADMSG);
    assert_refused("} {", -EBADMSG);
}

static void test_blocks(void **state)
{
    (void)state;
    assert_parsed("I rename it.\n```\n<edit path=\"a b.c\">\n<search>\n  x\n\n</search>\n<replace>\ny\n"
                  "</replace>\n</edit>\n```\n<create path=\"c\">\n{\n}\n</create>\n",
                  ";a b.c|  x\n\n|y\n;c+{\n}\n;");
    assert_parsed("<edit path=\"a\">\r\n<search>\r\nx\r\n</search>\r\n<replace>\r\n</replace>\r\n</edit>",
                  ";a|x\n|;");
    assert_refused("<edit path=\"a\">\n<search>\nx\n", -EBADMSG);
    assert_refused("<create path=\"a\">\nx\n", -EBADMSG);
}

static void test_the_number_is_bounded(void **state)
{
    struct buffer text;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    for (size_t i = 0; i <= ANSWER_EDITS_MAX; i++)
        buffer_append_string(&text, "<create path=\"a\">\n</create>\n");
    assert_refused(text.data, -EMSGSIZE);
    buffer_finish(&text);
}

static void test_the_schema_is_json(void **state)
{
    struct json *root;

    (void)state;
    assert_int_equal(json_parse(answer_edits_schema, strlen(answer_edits_schema), &root), 0);
    assert_int_equal(json_count(json_member(root, "required")), 3);
    json_destroy(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_the_number_is_bounded),
        cmocka_unit_test(test_the_schema_is_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
