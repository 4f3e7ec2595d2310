#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/chat_think.h"

#define CAP 8192

struct output {
    struct buffer text;
    unsigned pieces;
    unsigned stop_after; /* the piece at which the callback says 9; 0: none */
};

static int on_text(void *context, const char *text, size_t length)
{
    struct output *output = context;

    assert_true(length > 0);
    buffer_append(&output->text, text, length);
    return ++output->pieces == output->stop_after ? 9 : 0;
}

static void begin(struct chat_think *think, struct output *output)
{
    memset(output, 0, sizeof *output);
    buffer_init(&output->text, BUFFER_CAP);
    chat_think_init(think, CAP);
}

static void finish(struct chat_think *think, struct output *output)
{
    chat_think_finish(think);
    buffer_finish(&output->text);
}

static void feed(struct chat_think *think, struct output *output, const char *text, size_t length)
{
    char *piece = malloc(length + 1); /* exact, for the address sanitizer */

    assert_non_null(piece);
    memcpy(piece, text, length);
    assert_int_equal(chat_think_feed(think, piece, length, on_text, output), 0);
    free(piece);
}

static void check_end(struct chat_think *think, struct output *output, const char *wanted,
                      size_t answer_start)
{
    assert_int_equal(chat_think_end(think, on_text, output), 0);
    assert_string_equal(output->text.data, wanted);
    assert_int_equal(think->answer_start, answer_start);
    assert_int_equal(think->emitted, output->text.length);
    finish(think, output);
}

/* The text in one piece, cut into two and into three at every place, and in single bytes. */
static void check(const char *text, const char *wanted, size_t answer_start)
{
    size_t length = strlen(text);
    struct chat_think think;
    struct output output;

    for (size_t first = 0; first <= length; first++) {
        for (size_t second = first; second <= length; second++) {
            begin(&think, &output);
            feed(&think, &output, text, first);
            feed(&think, &output, text + first, second - first);
            feed(&think, &output, text + second, length - second);
            check_end(&think, &output, wanted, answer_start);
        }
    }
    begin(&think, &output);
    for (size_t i = 0; i < length; i++) {
        feed(&think, &output, text + i, 1);
    }
    check_end(&think, &output, wanted, answer_start);
}

static void takes_blocks_out(void **state)
{
    (void)state;
    check("<think>hm</think>answer", "answer", 0);
    check("  <think>hm</think>  answer ", "answer ", 0);
    check("<think></think><think>b</think> a", "a", 0);
    check("<think>a<b</thin</think>x", "x", 0);
    check("<think>a<think>b</think>x", "x", 0);
    check("<think>no end", "", 0);
    check("<think>no end</thin", "", 0);
    check("<think>hm</think>", "", 0);
    check("<think>hm</think> \n", "", 0);
    check("<think>hm</think>a</think>b", "a</think>b", 0);
    check("<think>hm</think>a<think>b</think>c", "a<think>b</think>c", 0);
}

static void lets_text_pass(void **state)
{
    (void)state;
    check("", "", 0);
    check("   ", "   ", 0);
    check("  a", "  a", 0);
    check("<thin", "<thin", 0);
    check(" <", " <", 0);
    check("<thing>x", "<thing>x", 0);
    check("<Think>x</Think>", "<Think>x</Think>", 0);
    check("a < b <t <th/ <<think", "a < b <t <th/ <<think", 0);
    check("a <think>x</think> b", "a <think>x</think> b", 0);
    check("a</thin b</", "a</thin b</", 0);
}

static void drops_a_closer_without_opener(void **state)
{
    (void)state;
    check("hm</think> answer", "hmanswer", 2);
    check("</think>answer", "answer", 0);
    check("\n</think>\n\nanswer", "\nanswer", 1);
    check("hm</think>a</think>b", "hma</think>b", 2);
    check("hm</think><think>x</think>a", "hma", 2);
    check("<hm</think>", "<hm", 3);
}

static void tells_what_it_saw(void **state)
{
    struct chat_think think;
    struct output output;

    (void)state;
    begin(&think, &output);
    feed(&think, &output, " \n", 2);
    assert_false(think.text_seen || think.reasoning_seen);
    feed(&think, &output, "a", 1);
    assert_true(think.text_seen && !think.reasoning_seen);
    feed(&think, &output, "</think>", 8);
    assert_true(!think.text_seen && think.reasoning_seen);
    feed(&think, &output, " b", 2);
    assert_true(think.text_seen);
    check_end(&think, &output, " \nab", 3);
}

static void holds_as_little_as_it_must(void **state)
{
    struct chat_think think;
    struct output output;

    (void)state;
    begin(&think, &output);
    feed(&think, &output, "<", 1);
    assert_int_equal(output.text.length, 0);
    feed(&think, &output, "a href", 6);
    assert_string_equal(output.text.data, "<a href");
    feed(&think, &output, "> x <", 5);
    assert_string_equal(output.text.data, "<a href> x ");
    feed(&think, &output, "<", 1);
    assert_string_equal(output.text.data, "<a href> x <");
    assert_int_equal(output.pieces, 3);
    finish(&think, &output);

    /* after this many blanks no tag is waited for */
    begin(&think, &output);
    for (int i = 0; i < 5000; i++) {
        feed(&think, &output, " ", 1);
    }
    assert_int_equal(output.text.length, 5000);
    feed(&think, &output, "<think>", 7);
    assert_int_equal(output.text.length, 5007);
    finish(&think, &output);
}

static void forgets_reasoning_as_it_comes(void **state)
{
    struct chat_think think;
    struct output output;

    (void)state;
    begin(&think, &output);
    feed(&think, &output, "<think>", 7);
    for (int i = 0; i < 3 * CAP; i++) {
        feed(&think, &output, "<hm>", 4);
        assert_true(think.held.length < 8);
    }
    finish(&think, &output);
}

static void stops_when_told(void **state)
{
    struct chat_think think;
    struct output output;

    (void)state;
    begin(&think, &output);
    output.stop_after = 1;
    assert_int_equal(chat_think_feed(&think, "a</think>b", 10, on_text, &output), 9);
    assert_string_equal(output.text.data, "a");
    finish(&think, &output);
}

static void caps_a_piece(void **state)
{
    static char much[3 * CAP];
    struct chat_think think;
    struct output output;

    (void)state;
    memset(much, 'x', sizeof much);
    begin(&think, &output);
    assert_int_equal(chat_think_feed(&think, much, sizeof much, on_text, &output), -EMSGSIZE);
    assert_int_equal(output.pieces, 0);
    finish(&think, &output);
    chat_think_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_blocks_out),
        cmocka_unit_test(lets_text_pass),
        cmocka_unit_test(drops_a_closer_without_opener),
        cmocka_unit_test(tells_what_it_saw),
        cmocka_unit_test(holds_as_little_as_it_must),
        cmocka_unit_test(forgets_reasoning_as_it_comes),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(caps_a_piece),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
