#include "tests/unit/chat_fixture.h"

/* What a model thinks is no part of its answer, however it is spelled. */

static void leaves_reasoning_out(void **state)
{
    static const char *const rows[] = {
        DELTA("\"reasoning_content\":\"hm\",\"content\":null"),
        DELTA("\"reasoning\":\"hm\",\"content\":\"\""),
        DELTA("\"reasoning\":\"hm\",\"reasoning_content\":\"hm\""),
        DELTA("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"hm\"}]"),
        CONTENT("<think>hm"),
        CONTENT("</think>"),
    };
    struct run run;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        decode(&run, rows[i]);
        assert_int_equal(run.texts[0].length, 0);
        assert_true(run.decoder.reasoning_seen);
        assert_false(run.decoder.answer_seen);
        run_finish(&run);
    }
    decode(&run, DELTA("\"reasoning\":\"\",\"reasoning_content\":null,\"reasoning_details\":[],"
                       "\"content\":\"a\""));
    assert_false(run.decoder.reasoning_seen);
    assert_true(run.decoder.answer_seen);
    run_finish(&run);
}

static void all_reasoning_is_no_answer(void **state)
{
    struct run run;

    (void)state;
    decode(&run, DELTA("\"reasoning_content\":\"hm\"") CONTENT("\\n") DONE);
    assert_int_equal(run.outcome, CHAT_COMPLETE);
    assert_true(run.decoder.reasoning_seen && !run.decoder.answer_seen);
    run_finish(&run);
}

static void filters_think_blocks(void **state)
{
    struct run run;

    (void)state;
    check(CONTENT("\\n<thi") CONTENT("nk>hm</") CONTENT("think>\\n\\nanswer") STOP, CHAT_COMPLETE,
          "answer");
    check(CONTENT("a <") STOP, CHAT_COMPLETE, "a <");
    decode(&run, CONTENT("hm</thi") CONTENT("nk>answer") STOP);
    assert_string_equal(run.texts[0].data, "hmanswer");
    assert_int_equal(run.decoder.choices[0].think.answer_start, 2);
    assert_true(run.decoder.answer_seen && run.decoder.reasoning_seen);
    run_finish(&run);
    decode(&run, CONTENT("hm</think>") STOP);
    assert_false(run.decoder.answer_seen);
    assert_true(run.decoder.reasoning_seen);
    run_finish(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_reasoning_out),
        cmocka_unit_test(all_reasoning_is_no_answer),
        cmocka_unit_test(filters_think_blocks),
    };

    return cmocka_run_group_tests_name("chat_reasoning", tests, NULL, NULL);
}
