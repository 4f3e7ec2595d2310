#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/credentials.h"
#include "daemon/log.h"

struct answer {
    unsigned calls;
    char key[CONFIG_KEY_MAX + 1];
    bool has_key;
    char fault[1024];
    struct credentials_wait wait;
    /* done in the callback */
    struct credentials *close;
    struct credentials *cancel_in;
    struct answer *cancel;
    struct config *forget;
};

struct world {
    char directory[64];
    char path[128]; /* a file in there */
    uv_loop_t loop;
    struct log *log;
    struct credentials *credentials;
    struct config config;
    char *argv[4];
};

static void on_key(void *context, const char *key, const char *fault)
{
    struct answer *answer = context;

    answer->calls++;
    answer->has_key = key != NULL;
    snprintf(answer->key, sizeof(answer->key), "%s", key ? key : "");
    snprintf(answer->fault, sizeof(answer->fault), "%s", fault ? fault : "");
    if (answer->forget)
        credentials_forget(answer->cancel_in, answer->forget);
    if (answer->cancel)
        credentials_cancel(answer->cancel_in, &answer->cancel->wait);
    credentials_close(answer->close);
    /* Whatever was done, what was handed over is still there. */
    assert_string_equal(answer->key, key ? key : "");
    assert_string_equal(answer->fault, fault ? fault : "");
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    strcpy(world->directory, "/tmp/gridls-credentials-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->path, sizeof(world->path), "%s/file", world->directory);
    assert_int_equal(uv_loop_init(&world->loop), 0);
    assert_int_equal(log_create(&world->log, LOG_ERROR, "/dev/null"), 0);
    assert_int_equal(credentials_create(&world->credentials, &world->loop, world->log), 0);
    world->config.references = 1;
    world->config.api_key_command.items = world->argv;
    *state = world;
    return 0;
}

/* That the loop closes shows that nothing was left open. */
static int teardown(void **state)
{
    struct world *world = *state;

    credentials_close(world->credentials);
    assert_int_equal(uv_run(&world->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    log_destroy(world->log);
    unlink(world->path);
    assert_int_equal(rmdir(world->directory), 0);
    free(world);
    return 0;
}

static void use_shell(struct world *world, char *script)
{
    static char sh[] = "sh";
    static char c[] = "-c";
    char *argv[] = {sh, c, script};

    world->config.key_kind = CONFIG_KEY_COMMAND;
    memcpy(world->argv, argv, sizeof(argv));
    world->config.api_key_command.count = 3;
}

static void use_file(struct world *world, const char *content, size_t length, mode_t mode)
{
    FILE *file = fopen(world->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(world->path, mode), 0);
    world->config.key_kind = CONFIG_KEY_FILE;
    world->config.api_key_file = world->path;
}

static void ask(struct world *world, struct answer *answer)
{
    *answer = (struct answer){
        .wait = {.on_key = on_key, .context = answer},
        .close = answer->close,
        .cancel_in = world->credentials,
        .cancel = answer->cancel,
        .forget = answer->forget,
    };
    credentials_get(world->credentials, &world->config, &answer->wait);
}

static void ask_and_wait(struct world *world, struct answer *answer)
{
    ask(world, answer);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(answer->calls, 1);
    assert_false(answer->wait.waiting);
}

static void expect_key(struct world *world, const char *key)
{
    struct answer answer = {0};

    ask_and_wait(world, &answer);
    assert_string_equal(answer.fault, "");
    assert_true(answer.has_key);
    assert_string_equal(answer.key, key);
}

static void expect_fault(struct world *world, const char *part)
{
    struct answer answer = {0};

    ask_and_wait(world, &answer);
    assert_false(answer.has_key);
    if (!strstr(answer.fault, part))
        fail_msg("\"%s\" is not in \"%s\"", part, answer.fault);
}

static void forget(struct world *world)
{
    assert_true(credentials_forget(world->credentials, &world->config));
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void test_text_is_at_hand(void **state)
{
    struct world *world = *state;
    struct answer answer = {0};
    char key[] = "sk-text";
    char line[] = "holds sk-text here";

    world->config.key_kind = CONFIG_KEY_TEXT;
    world->config.api_key = key;
    ask(world, &answer);
    assert_int_equal(answer.calls, 1);
    assert_string_equal(answer.key, "sk-text");
    assert_false(credentials_forget(world->credentials, &world->config));
    log_mask(world->log, line);
    assert_null(strstr(line, "sk-text"));
}

static void test_none_is_no_fault(void **state)
{
    struct world *world = *state;
    struct answer answer = {0};

    ask(world, &answer);
    assert_int_equal(answer.calls, 1);
    assert_false(answer.has_key);
    assert_string_equal(answer.fault, "");
    assert_false(credentials_forget(world->credentials, &world->config));
}

static void test_key_fault_of_the_settings(void **state)
{
    struct world *world = *state;
    char fault[] = "The key has a blank inside.";

    world->config.key_fault = fault;
    expect_fault(world, fault);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void test_command_gives_its_first_line(void **state)
{
    struct world *world = *state;
    char script[] = "printf '\\n  sk-command \\r\\nuser: me\\n'";
    char line[] = "sk-command";

    use_shell(world, script);
    expect_key(world, "sk-command");
    log_mask(world->log, line);
    assert_string_equal(line, "**********");
}

static void test_command_is_asked_once_until_forgotten(void **state)
{
    struct world *world = *state;
    char script[512];

    snprintf(script, sizeof(script), "echo x >>%s; wc -l <%s", world->path, world->path);
    use_shell(world, script);
    expect_key(world, "1");
    expect_key(world, "1");
    forget(world);
    expect_key(world, "2");
}

static void test_waits_share_one_child(void **state)
{
    struct world *world = *state;
    struct answer answers[3] = {{0}};
    char script[512];

    snprintf(script, sizeof(script), "echo x >>%s; wc -l <%s", world->path, world->path);
    use_shell(world, script);
    for (size_t i = 0; i < 3; i++)
        ask(world, &answers[i]);
    credentials_cancel(world->credentials, &answers[1].wait);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(answers[0].calls, 1);
    assert_int_equal(answers[1].calls, 0);
    assert_int_equal(answers[2].calls, 1);
    assert_string_equal(answers[2].key, "1");
}

static void test_failure_is_remembered(void **state)
{
    struct world *world = *state;
    char script[512];

    snprintf(script, sizeof(script), "echo x >>%s; echo \"no $(wc -l <%s) key\" >&2; exit 3",
             world->path, world->path);
    use_shell(world, script);
    expect_fault(world, "The key command `sh` failed with exit status 3: no 1 key.");
    expect_fault(world, "no 1 key");
    forget(world);
    expect_fault(world, "no 2 key");
}

static void test_commands_that_give_no_key(void **state)
{
    struct {
        const char *script;
        const char *fault;
    } cases[] = {
        {"true", "printed nothing"},
        {"echo", "printed nothing"},
        {"echo a b", "has a blank inside"},
        {"printf 'a\\001b'", "has a control character inside"},
        {"printf 'a\\000b'", "has a control character inside"},
        {"printf '\\000'", "has a control character inside"},
        {"printf 'k\\303\\244'", "has a character beyond ASCII inside"},
        {"head -c 9000 /dev/zero | tr '\\0' k", "is longer than any key"},
        {"head -c 90000 /dev/zero | tr '\\0' k", "printed more than a key"},
        {"kill -9 $$", "was ended by signal 9"},
        {"printf '\\033[31mred\\033[0m\\nmore' >&2; false", "exit status 1: [31mred [0m."},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world *world = *state;
        char script[128];

        strcpy(script, cases[i].script);
        use_shell(world, script);
        expect_fault(world, cases[i].fault);
    }
}

static void test_command_that_is_not_there(void **state)
{
    struct world *world = *state;
    char name[] = "/nonexistent/program";

    world->config.key_kind = CONFIG_KEY_COMMAND;
    world->argv[0] = name;
    world->config.api_key_command.count = 1;
    expect_fault(world, "`/nonexistent/program` could not be started: no such file");
}

static void test_arguments_tell_commands_apart(void **state)
{
    struct world *world = *state;
    char one[] = "echo one";
    char two[] = "echo two";

    use_shell(world, one);
    expect_key(world, "one");
    use_shell(world, two);
    expect_key(world, "two");
}

static void test_many_commands(void **state)
{
    struct world *world = *state;
    char script[64];
    char key[16];

    for (int i = 0; i < 20; i++) {
        snprintf(script, sizeof(script), "echo key%d", i);
        snprintf(key, sizeof(key), "key%d", i);
        use_shell(world, script);
        expect_key(world, key);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_file_is_trimmed(void **state)
{
    struct world *world = *state;

    use_file(world, " sk-file\r\n", 10, 0600);
    expect_key(world, "sk-file");
    /* Remembered, until it is refused. */
    use_file(world, "sk-other\n", 9, 0400);
    expect_key(world, "sk-file");
    forget(world);
    expect_key(world, "sk-other");
}

static void test_file_that_others_may_use(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct world *world = *state;

        use_file(world, "sk-file", 7, modes[i]);
        forget(world);
        expect_fault(world, "may be used by others");
    }
}

static void test_files_that_hold_no_key(void **state)
{
    struct world *world = *state;
    char large[(16 << 10) + 1];

    use_file(world, "", 0, 0600);
    expect_fault(world, "is empty");
    forget(world);
    use_file(world, "a\nb", 3, 0600);
    expect_fault(world, "has a control character inside");
    forget(world);
    use_file(world, "a\0b", 3, 0600);
    expect_fault(world, "has a control character inside");
    forget(world);
    memset(large, 'k', sizeof(large));
    use_file(world, large, sizeof(large), 0600);
    expect_fault(world, "is too large");
    forget(world);
    unlink(world->path);
    expect_fault(world, "cannot be read: no such file");
    forget(world);
    world->config.api_key_file = world->directory;
    expect_fault(world, "cannot be read: illegal operation on a directory");
    world->config.api_key_file = world->path;
    assert_int_equal(mkfifo(world->path, 0600), 0);
    expect_fault(world, "no regular file");
}

/* ---- from within the callback ---------------------------------------------------------------- */

static void test_cancel_of_the_next(void **state)
{
    struct world *world = *state;
    struct answer second = {0};
    struct answer first = {.cancel = &second};
    char script[] = "echo key";

    use_shell(world, script);
    ask(world, &first);
    ask(world, &second);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 0);
}

static void test_forget_within(void **state)
{
    struct world *world = *state;
    struct answer first = {.forget = &world->config};
    struct answer second = {0};
    char script[] = "echo key";

    use_shell(world, script);
    ask(world, &first);
    ask(world, &second);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_string_equal(first.key, "key");
    assert_string_equal(second.key, "key");
}

static void test_close_within(void **state)
{
    for (int at_hand = 0; at_hand < 2; at_hand++) {
        struct world *world = *state;
        struct answer first = {.close = world->credentials};
        struct answer second = {0};
        char script[] = "echo key";

        use_shell(world, script);
        if (at_hand)
            expect_key(world, "key");
        ask(world, &first);
        if (!at_hand)
            ask(world, &second);
        uv_run(&world->loop, UV_RUN_DEFAULT);
        assert_int_equal(first.calls, 1);
        assert_int_equal(second.calls, 0);
        assert_false(second.wait.waiting);
        assert_int_equal(credentials_create(&world->credentials, &world->loop, NULL), 0);
    }
}

static void test_close_while_asking(void **state)
{
    struct world *world = *state;
    struct answer command = {0};
    struct answer file = {0};
    char script[] = "exec sleep 60";

    use_shell(world, script);
    ask(world, &command);
    use_file(world, "key", 3, 0600);
    ask(world, &file);
    credentials_close(world->credentials);
    world->credentials = NULL;
    uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(command.calls, 0);
    assert_int_equal(file.calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_text_is_at_hand),
        TEST(test_none_is_no_fault),
        TEST(test_key_fault_of_the_settings),
        TEST(test_command_gives_its_first_line),
        TEST(test_command_is_asked_once_until_forgotten),
        TEST(test_waits_share_one_child),
        TEST(test_failure_is_remembered),
        TEST(test_commands_that_give_no_key),
        TEST(test_command_that_is_not_there),
        TEST(test_arguments_tell_commands_apart),
        TEST(test_many_commands),
        TEST(test_file_is_trimmed),
        TEST(test_file_that_others_may_use),
        TEST(test_files_that_hold_no_key),
        TEST(test_cancel_of_the_next),
        TEST(test_forget_within),
        TEST(test_close_within),
        TEST(test_close_while_asking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
