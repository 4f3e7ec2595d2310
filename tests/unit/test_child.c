#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/child.h"

struct run {
    uv_loop_t loop;
    struct child *child;
    unsigned calls;
    struct child_result result;
    struct child *cancel_in_callback;
};

static void on_done(void *context, struct child_result *result)
{
    struct run *run = context;

    run->calls++;
    run->result = *result;
    /* Stolen, so that tests can look at them when the child is gone. */
    buffer_init(&result->output, 0);
    buffer_init(&result->errors, 0);
    child_cancel(run->cancel_in_callback);
}

static void begin(struct run *run)
{
    memset(run, 0, sizeof(*run));
    assert_int_equal(uv_loop_init(&run->loop), 0);
    buffer_init(&run->result.output, 0);
    buffer_init(&run->result.errors, 0);
}

/* Runs the loop to its end. That it closes shows that every handle was. */
static void end(struct run *run)
{
    assert_int_equal(uv_run(&run->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&run->loop), 0);
}

static void finish(struct run *run)
{
    buffer_finish(&run->result.output);
    buffer_finish(&run->result.errors);
}

static void start(struct run *run, const struct child_options *options)
{
    assert_int_equal(child_start(&run->child, &run->loop, options, on_done, run), 0);
    assert_non_null(run->child);
    assert_int_equal(run->calls, 0);
}

static void run_child(struct run *run, const struct child_options *options)
{
    begin(run);
    start(run, options);
    end(run);
    assert_int_equal(run->calls, 1);
}

#define SHELL(script) (const char *const[]){"sh", "-c", script, NULL}

static void test_collects_both_streams(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = SHELL("printf out; printf err >&2"),
        .output_cap = 100,
    };

    (void)state;
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    assert_string_equal(run.result.output.data, "out");
    assert_string_equal(run.result.errors.data, "err");
    finish(&run);
}

static void test_arguments_are_not_a_command_line(void **state)
{
    struct run run;
    const char *argv[] = {"printf", "%s|", "a b", "$(echo c); d", "*", "", NULL};
    struct child_options options = {.argv = argv, .output_cap = 100};

    (void)state;
    run_child(&run, &options);
    assert_string_equal(run.result.output.data, "a b|$(echo c); d|*||");
    finish(&run);
}

static void test_exit_status_and_signal(void **state)
{
    struct run run;
    struct child_options options = {.argv = SHELL("exit 7"), .output_cap = 100};

    (void)state;
    run_child(&run, &options);
    assert_int_equal(run.result.exit_status, 7);
    assert_int_equal(run.result.term_signal, 0);
    assert_false(child_succeeded(&run.result));
    finish(&run);

    options.argv = SHELL("kill -9 $$");
    run_child(&run, &options);
    assert_int_equal(run.result.term_signal, SIGKILL);
    assert_false(child_succeeded(&run.result));
    finish(&run);
}

static void test_input_reaches_the_child(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = (const char *const[]){"cat", NULL},
        .input = "a\0b",
        .input_length = 3,
        .output_cap = 100,
    };

    (void)state;
    run_child(&run, &options);
    assert_int_equal(run.result.output.length, 3);
    assert_memory_equal(run.result.output.data, "a\0b", 3);
    finish(&run);

    options.input = "";
    options.input_length = 0;
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    assert_int_equal(run.result.output.length, 0);
    finish(&run);

    options.input = NULL; /* the null device */
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    finish(&run);
}

/* More than a pipe holds, in both directions at once. */
static void test_input_and_output_of_a_megabyte(void **state)
{
    struct run run;
    size_t length = (size_t)1 << 20;
    char *input = malloc(length);
    struct child_options options = {
        .argv = (const char *const[]){"cat", NULL},
        .input = input,
        .input_length = length,
        .output_cap = length,
    };

    (void)state;
    assert_non_null(input);
    for (size_t i = 0; i < length; i++)
        input[i] = (char)(i * 7 / 3);
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    assert_int_equal(run.result.output.length, length);
    assert_memory_equal(run.result.output.data, input, length);
    finish(&run);
    free(input);
}

static void test_input_that_is_not_read(void **state)
{
    struct run run;
    size_t length = (size_t)1 << 20;
    char *input = calloc(1, length);
    struct child_options options = {
        .argv = SHELL("exec <&-; echo done"),
        .input = input,
        .input_length = length,
        .output_cap = 100,
    };

    (void)state;
    assert_non_null(input);
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    assert_string_equal(run.result.output.data, "done\n");
    finish(&run);
    free(input);
}

static void test_cap_of_the_output(void **state)
{
    struct run run;
    struct child_options options = {.argv = SHELL("printf 12345"), .output_cap = 5};

    (void)state;
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    assert_string_equal(run.result.output.data, "12345");
    finish(&run);

    options.output_cap = 4;
    run_child(&run, &options);
    assert_true(run.result.truncated);
    assert_false(child_succeeded(&run.result));
    assert_string_equal(run.result.output.data, "1234");
    finish(&run);

    /* One that would never end by itself is ended. */
    options.argv = SHELL("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
    options.output_cap = 100000;
    run_child(&run, &options);
    assert_true(run.result.truncated);
    assert_int_equal(run.result.output.length, 100000);
    finish(&run);
}

static void test_cap_of_the_errors(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = SHELL("head -c 100000 /dev/zero >&2; echo alive"),
        .output_cap = 100,
    };

    (void)state;
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    assert_int_equal(run.result.errors.length, CHILD_ERRORS_CAP);
    assert_string_equal(run.result.output.data, "alive\n");
    finish(&run);
}

static void test_directory(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = (const char *const[]){"pwd", NULL},
        .directory = "/",
        .output_cap = 100,
    };

    (void)state;
    run_child(&run, &options);
    assert_string_equal(run.result.output.data, "/\n");
    finish(&run);
}

static void test_environment(void **state)
{
    struct run run;
    const struct child_variable variables[] = {
        {"GRIDLS_TEST_NEW", "a=b c"},
        {"GRIDLS_TEST_OLD", "new"},
        {"GRIDLS_TEST_GONE", NULL},
    };
    struct child_options options = {
        .argv = SHELL("echo \"$GRIDLS_TEST_NEW|$GRIDLS_TEST_OLD|${GRIDLS_TEST_GONE-gone}|"
                      "$GRIDLS_TEST_KEPT\""),
        .variables = variables,
        .variable_count = 3,
        .output_cap = 100,
    };

    (void)state;
    setenv("GRIDLS_TEST_OLD", "old", 1);
    setenv("GRIDLS_TEST_GONE", "here", 1);
    setenv("GRIDLS_TEST_KEPT", "kept", 1);
    run_child(&run, &options);
    assert_string_equal(run.result.output.data, "a=b c|new|gone|kept\n");
    finish(&run);

    options.variables = NULL;
    options.variable_count = 0;
    run_child(&run, &options);
    assert_string_equal(run.result.output.data, "|old|here|kept\n");
    finish(&run);
}

static void test_programs_that_cannot_be_started(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = (const char *const[]){"gridls-no-such-program", NULL},
        .output_cap = 100,
    };

    (void)state;
    begin(&run);
    assert_int_equal(child_start(&run.child, &run.loop, &options, on_done, &run), -ENOENT);
    assert_null(run.child);
    options.argv = (const char *const[]){"/", NULL};
    assert_int_equal(child_start(&run.child, &run.loop, &options, on_done, &run), -EACCES);
    options.argv = (const char *const[]){"pwd", NULL};
    options.directory = "/gridls-no-such-directory";
    assert_int_equal(child_start(&run.child, &run.loop, &options, on_done, &run), -ENOENT);
    end(&run);
    assert_int_equal(run.calls, 0);
}

static void test_deadline(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = SHELL("echo begun; exec tail -f /dev/null"),
        .output_cap = 100,
        .timeout_ms = 200,
    };

    (void)state;
    run_child(&run, &options);
    assert_true(run.result.timed_out);
    assert_false(child_succeeded(&run.result));
    assert_int_equal(run.result.term_signal, SIGTERM);
    finish(&run);
}

/* One that does not heed SIGTERM is killed. */
static void test_deadline_is_enforced(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = SHELL("trap '' TERM; exec tail -f /dev/null"),
        .output_cap = 100,
        .timeout_ms = 300,
    };

    (void)state;
    run_child(&run, &options);
    assert_true(run.result.timed_out);
    assert_int_equal(run.result.term_signal, SIGKILL);
    finish(&run);
}

static void test_cancel(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = (const char *const[]){"cat", NULL},
        .input = "x",
        .input_length = 1,
        .output_cap = 100,
    };

    (void)state;
    begin(&run);
    start(&run, &options);
    child_cancel(run.child);
    child_cancel(NULL);
    end(&run);
    assert_int_equal(run.calls, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* it was reaped */

    /* In its own callback it is over already. */
    begin(&run);
    start(&run, &options);
    run.cancel_in_callback = run.child;
    end(&run);
    assert_int_equal(run.calls, 1);
    finish(&run);
}

/* What stays in the background with our pipes in its hands is not waited for. */
static void test_background_processes_do_not_hold_the_result(void **state)
{
    struct run run;
    struct child_options options = {
        .argv = SHELL("tail -f /dev/null & echo $!"),
        .output_cap = 100,
    };
    pid_t background;

    (void)state;
    run_child(&run, &options);
    assert_true(child_succeeded(&run.result));
    background = (pid_t)strtol(run.result.output.data, NULL, 10);
    assert_true(background > 1);
    assert_int_equal(kill(background, SIGKILL), 0);
    finish(&run);
}

/* What the test was started with is not ours. */
static void close_on_exec_all(void)
{
    DIR *directory = opendir("/dev/fd");
    struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        int file = atoi(entry->d_name);

        if (file > 2)
            fcntl(file, F_SETFD, FD_CLOEXEC);
    }
    closedir(directory);
}

static void test_children_get_three_files(void **state)
{
    struct run run;
    struct run other;
    struct child_options options = {
        .argv = (const char *const[]){"cat", NULL},
        .input = "x",
        .input_length = 1,
        .output_cap = 100,
    };

    (void)state;
    close_on_exec_all();
    begin(&other);
    start(&other, &options); /* its pipes are open in us now */
    options = (struct child_options){
        .argv = SHELL("for i in 3 4 5 6 7 8 9; do { : >&$i; } 2>/dev/null && echo $i; done; :"),
        .output_cap = 100,
    };
    run_child(&run, &options);
    assert_string_equal(run.result.output.data, "");
    finish(&run);
    end(&other);
    finish(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collects_both_streams),
        cmocka_unit_test(test_arguments_are_not_a_command_line),
        cmocka_unit_test(test_exit_status_and_signal),
        cmocka_unit_test(test_input_reaches_the_child),
        cmocka_unit_test(test_input_and_output_of_a_megabyte),
        cmocka_unit_test(test_input_that_is_not_read),
        cmocka_unit_test(test_cap_of_the_output),
        cmocka_unit_test(test_cap_of_the_errors),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_programs_that_cannot_be_started),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_deadline_is_enforced),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_background_processes_do_not_hold_the_result),
        cmocka_unit_test(test_children_get_three_files),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
