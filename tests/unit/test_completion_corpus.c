#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/answer/completion_rules.h"
#include "daemon/requests/completion_place.h"

/* Plays tests/corpus/completion.txt, whose head says how it is written. */

#define CURSOR "\xE2\x80\xB8"
#define CASES_MAX 512
#define RULES_MAX 64

static char *corpus;

struct part {
    const char *text;
    size_t length;
};

struct corpus_case {
    char name[128];
    bool prose;
    char language[32];
    unsigned max_lines;
    struct part text, answer, after;
};

static struct corpus_case cases[CASES_MAX];
static size_t case_count;

/* ---- reading --------------------------------------------------------------------------------- */

static void take_heading(struct corpus_case *one, const char *line)
{
    char *settings;

    snprintf(one->name, sizeof(one->name), "%.*s", (int)strcspn(line, "\n"), line);
    settings = strstr(one->name, " | ");
    if (!settings)
        return;
    one->prose = strstr(settings, "language=markdown") || strstr(settings, "language=plaintext");
    if (strstr(settings, "language="))
        sscanf(strstr(settings, "language="), "language=%31[a-z-]", one->language);
    if (strstr(settings, "max_lines="))
        one->max_lines = (unsigned)atoi(strstr(settings, "max_lines=") + strlen("max_lines="));
    *settings = '\0';
}

/* The lines up to the next mark or heading; blank ones before a heading or a comment are not part. */
static struct part take_part(char **at)
{
    char *start = *at;
    char *end = start;

    while (*end && strncmp(end, "--- ", 4) != 0 && strncmp(end, "=== ", 4) != 0)
        end += strcspn(end, "\n") + (end[strcspn(end, "\n")] == '\n');
    *at = end;
    if (strncmp(end, "--- ", 4) != 0 && end - start > 1 && *end && end[-2] == '\n')
        end--;
    return (struct part){start, (size_t)(end - start) - (end > start ? 1 : 0)};
}

static void expect_mark(char **at, const char *name, const char *mark)
{
    if (strncmp(*at, mark, strlen(mark)) != 0)
        fail_msg("%s: no line <%.*s>", name, (int)strlen(mark) - 1, mark);
    *at += strlen(mark);
}

static void read_cases(void)
{
    char *at = strstr(corpus, "\n=== ");

    for (at = at ? at + 1 : corpus + strlen(corpus); *at; case_count++) {
        struct corpus_case *one = &cases[case_count];

        assert_true(case_count < CASES_MAX);
        one->max_lines = 12;
        take_heading(one, at + 4);
        at += strcspn(at, "\n") + 1;
        one->text = take_part(&at);
        expect_mark(&at, one->name, "--- answer\n");
        one->answer = take_part(&at);
        expect_mark(&at, one->name, "--- after\n");
        one->after = take_part(&at);
    }
}

/* ---- playing --------------------------------------------------------------------------------- */

/* The text when the offer has been accepted. */
static void play(const struct corpus_case *one, size_t without, size_t answer_length, bool last,
                 struct buffer *after, struct answer_completion *result)
{
    struct offer_place place;
    struct answer_completion_place lines;
    struct buffer text CLEANUP(buffer_finish);
    const char *cursor = memmem(one->text.text, one->text.length, CURSOR, strlen(CURSOR));

    if (!cursor)
        fail_msg("%s: no cursor", one->name);
    buffer_init(&text, BUFFER_CAP);
    offer_place_init(&place);
    buffer_append(&place.before, one->text.text, (size_t)(cursor - one->text.text));
    buffer_append(&place.after, cursor + strlen(CURSOR),
                  one->text.length - place.before.length - strlen(CURSOR));
    lines = completion_place_lines(&place, one->max_lines);
    lines.prose = one->prose;
    lines.layout = language_layout(one->language);
    assert_int_equal(completion_fit_without(without, &lines, one->answer.text, answer_length, last,
                                            &text, result), 0);
    buffer_clear(after);
    buffer_append(after, place.before.data, place.before.length);
    buffer_append(after, text.data, text.length);
    buffer_append(after, place.after.data + result->replace_after,
                  place.after.length - result->replace_after);
    offer_place_finish(&place);
}

static bool is_as_wanted(const struct corpus_case *one, const struct buffer *after)
{
    return after->length == one->after.length &&
           memcmp(after->data, one->after.text, after->length) == 0;
}

static void test_each_case(void **state)
{
    (void)state;
    assert_true(case_count > 30);
    for (size_t i = 0; i < case_count; i++) {
        struct buffer after CLEANUP(buffer_finish);
        struct answer_completion result;

        buffer_init(&after, BUFFER_CAP);
        play(&cases[i], completion_rule_count, cases[i].answer.length, true, &after, &result);
        if (!is_as_wanted(&cases[i], &after))
            fail_msg("%s:\n%s\n--- is not\n%.*s", cases[i].name, after.data,
                     (int)cases[i].after.length, cases[i].after.text);
    }
}

/* The answer cut anywhere: what is said to be complete is what will stand there. */
static void test_each_case_as_it_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < case_count; i++) {
        for (size_t cut = 0; cut < cases[i].answer.length; cut++) {
            struct buffer after CLEANUP(buffer_finish);
            struct answer_completion result;

            buffer_init(&after, BUFFER_CAP);
            play(&cases[i], completion_rule_count, cut, false, &after, &result);
            if (result.complete && !is_as_wanted(&cases[i], &after))
                fail_msg("%s, cut at %zu:\n%s", cases[i].name, cut, after.data);
        }
    }
}

static void test_no_rule_is_without_a_case(void **state)
{
    (void)state;
    for (size_t rule = 0; rule < completion_rule_count; rule++) {
        bool matters = false;

        for (size_t i = 0; i < case_count && !matters; i++) {
            struct buffer after CLEANUP(buffer_finish);
            struct answer_completion result;

            buffer_init(&after, BUFFER_CAP);
            play(&cases[i], rule, cases[i].answer.length, true, &after, &result);
            matters = !is_as_wanted(&cases[i], &after);
        }
        if (!matters)
            fail_msg("nothing goes wrong without the rule \"%s\"", completion_rules[rule].name);
    }
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t room = 1 << 20;
    char *text = calloc(1, room);

    if (file && text && fread(text, 1, room - 1, file) == 0)
        text[0] = '\0';
    if (file)
        fclose(file);
    return text;
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_case),
        cmocka_unit_test(test_each_case_as_it_comes),
        cmocka_unit_test(test_no_rule_is_without_a_case),
    };
    int failed;

    if (count != 2) {
        fputs("usage: test_completion_corpus FILE\n", stderr);
        return 2;
    }
    corpus = read_file(arguments[1]);
    if (!corpus)
        return 2;
    read_cases();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(corpus);
    return failed;
}
