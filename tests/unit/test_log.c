#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "protocol/buffer.h"

/* A log in a folder of its own, and what was read from it. */
struct fixture {
    char directory[64];
    char path[96];
    struct log *log;
    char text[65536];
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    strcpy(fixture->directory, "/tmp/gridls-test-log-XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof(fixture->path), "%s/log", fixture->directory);
    assert_int_equal(log_create(&fixture->log, LOG_INFO, fixture->path), 0);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    log_destroy(fixture->log);
    unlink(fixture->path);
    rmdir(fixture->directory);
    free(fixture);
    return 0;
}

/* Everything in the log so far. */
static char *logged(struct fixture *fixture)
{
    FILE *file = fopen(fixture->path, "rb");
    size_t length;

    assert_non_null(file);
    length = fread(fixture->text, 1, sizeof(fixture->text) - 1, file);
    fclose(file);
    fixture->text[length] = '\0';
    return fixture->text;
}

/* The message of the last line: what follows the date and the level. */
static const char *last_message(struct fixture *fixture)
{
    char *text = logged(fixture);
    size_t length = strlen(text);
    char *start;

    assert_true(length > 0);
    assert_int_equal(text[length - 1], '\n');
    text[length - 1] = '\0';
    start = strrchr(text, '\n');
    start = start ? start + 1 : text;
    assert_true(strlen(start) >= 31);
    return start + 31;
}

static void test_levels_have_names(void **state)
{
    enum log_level level = LOG_TRACE;

    (void)state;
    for (int i = LOG_ERROR; i <= LOG_TRACE; i++) {
        assert_int_equal(log_level_parse(log_level_name((enum log_level)i), &level), 0);
        assert_int_equal(level, i);
    }
    assert_int_equal(log_level_parse("WARN", &level), 0);
    assert_int_equal(level, LOG_WARN);
    assert_int_equal(log_level_parse("loud", &level), -EINVAL);
    assert_int_equal(log_level_parse("", &level), -EINVAL);
    assert_int_equal(log_level_parse("inf", &level), -EINVAL);
    assert_int_equal(level, LOG_WARN);
}

static void test_a_line_has_date_and_level(void **state)
{
    struct fixture *fixture = *state;
    unsigned date[7];
    char level[8];
    char word[8];
    char *text;

    log_write(fixture->log, LOG_WARN, "number %d", 42);
    text = logged(fixture);
    assert_int_equal(sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u.%3uZ %7s %7s", &date[0], &date[1],
                            &date[2], &date[3], &date[4], &date[5], &date[6], level, word), 9);
    assert_string_equal(level, "warn");
    assert_string_equal(word, "number");
    assert_string_equal(last_message(fixture), "number 42");
}

static void test_level_filters(void **state)
{
    struct fixture *fixture = *state;

    log_write(fixture->log, LOG_DEBUG, "hidden");
    assert_string_equal(logged(fixture), "");
    assert_false(log_enabled(fixture->log, LOG_DEBUG));
    log_set_level(fixture->log, LOG_DEBUG);
    assert_true(log_enabled(fixture->log, LOG_DEBUG));
    log_write(fixture->log, LOG_DEBUG, "shown");
    log_write(fixture->log, LOG_TRACE, "hidden");
    assert_string_equal(last_message(fixture), "shown");
}

static void test_null_log_is_silent(void **state)
{
    char text[] = "secret";

    (void)state;
    log_write(NULL, LOG_ERROR, "%s", "x");
    log_add_secret(NULL, "secret");
    log_mask(NULL, text);
    assert_string_equal(text, "secret");
    log_set_level(NULL, LOG_WARN);
    assert_false(log_enabled(NULL, LOG_ERROR));
    log_destroy(NULL);
}

static void test_controls_become_blanks(void **state)
{
    struct fixture *fixture = *state;

    log_write(fixture->log, LOG_INFO,
              "a\nb\r\tc\x1b[31m\x7f d\xC2\x9B e\xC3\xA9 f\xFF g\xE2\x82\n\n");
    assert_string_equal(last_message(fixture), "a b  c [31m  d   e\xC3\xA9 f? g??");
    log_write(fixture->log, LOG_INFO, "%s", "");
    assert_string_equal(last_message(fixture), "");
}

static void test_secrets_are_masked(void **state)
{
    struct fixture *fixture = *state;

    log_add_secret(fixture->log, "sk-12345678");
    log_add_secret(fixture->log, "sk-12345678-longer");
    log_add_secret(fixture->log, "short");
    log_add_secret(fixture->log, NULL);
    log_write(fixture->log, LOG_INFO, "Bearer %s, %s%s, short, sk-1234567", "sk-12345678",
              "sk-12345678-longer", "sk-12345678");
    assert_string_equal(last_message(fixture), "Bearer ***, ******, short, sk-1234567");
}

static void test_a_secret_across_the_cut_is_masked(void **state)
{
    struct fixture *fixture = *state;
    const char *secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    char filler[5000];

    log_add_secret(fixture->log, secret);
    for (size_t i = 4000; i < 4100; i++) {
        memset(filler, '.', i);
        filler[i] = '\0';
        log_write(fixture->log, LOG_INFO, "%s%s", filler, secret);
        assert_null(strstr(last_message(fixture), "0123"));
        assert_int_equal(truncate(fixture->path, 0), 0);
    }
}

static void test_a_long_secret_across_the_format_buffer_is_masked(void **state)
{
    struct fixture *fixture = *state;
    char secret[8193];
    char filler[4200];

    memset(secret, 'k', sizeof(secret) - 1);
    secret[sizeof(secret) - 1] = '\0';
    log_add_secret(fixture->log, secret);
    for (size_t i = 4000; i < 4200; i += 7) {
        memset(filler, '.', i);
        filler[i] = '\0';
        log_write(fixture->log, LOG_INFO, "%s%s", filler, secret);
        assert_null(strstr(last_message(fixture), "kk"));
        assert_int_equal(truncate(fixture->path, 0), 0);
    }
}

static void test_recent_secrets_are_kept(void **state)
{
    struct fixture *fixture = *state;
    char secret[32];

    for (int i = 0; i < 9; i++) {
        snprintf(secret, sizeof(secret), "secret-number-%d", i);
        log_add_secret(fixture->log, secret);
        log_add_secret(fixture->log, secret);
    }
    log_write(fixture->log, LOG_INFO, "secret-number-0 secret-number-1 secret-number-8");
    assert_string_equal(last_message(fixture), "secret-number-0 *** ***");
}

static void test_mask_keeps_the_length(void **state)
{
    struct fixture *fixture = *state;
    char text[] = "key sk-12345678 and sk-12345678!";

    log_add_secret(fixture->log, "sk-12345678");
    log_mask(fixture->log, text);
    assert_string_equal(text, "key *********** and ***********!");
}

static void test_mask_knows_cut_secrets(void **state)
{
    struct fixture *fixture = *state;
    char cut[] = "key sk-1234567", marked[] = "key sk-12345\xE2\x80\xA6", dotted[] = "sk-12345.";
    char word[] = "key sk-12", inside[] = "sk-1234567 ";

    log_add_secret(fixture->log, "sk-12345678");
    log_mask(fixture->log, cut);
    assert_string_equal(cut, "key **********");
    log_mask(fixture->log, marked);
    assert_string_equal(marked, "key ********\xE2\x80\xA6");
    log_mask(fixture->log, dotted);
    assert_string_equal(dotted, "********.");
    log_mask(fixture->log, word);
    assert_string_equal(word, "key sk-12");
    log_mask(fixture->log, inside);
    assert_string_equal(inside, "sk-1234567 ");
}

static void test_long_lines_are_cut(void **state)
{
    struct fixture *fixture = *state;
    char *filler CLEANUP(cleanup_free) = malloc(40001);
    size_t i;

    assert_non_null(filler);
    for (i = 0; i < 40000; i += 2)
        memcpy(filler + i, "\xC3\xA9", 2);
    filler[40000] = '\0';
    for (i = 0; i < 2; i++) {
        char *text;

        log_write(fixture->log, LOG_INFO, "%s", filler + i);
        text = logged(fixture);
        assert_true(strlen(text) <= 4096 && strlen(text) > 4090);
        assert_string_equal(text + strlen(text) - 6, "\xC3\xA9...\n");
        assert_int_equal(truncate(fixture->path, 0), 0);
    }
}

static void test_lines_near_the_limit_are_whole(void **state)
{
    struct fixture *fixture = *state;
    char filler[4200];

    for (size_t i = 4050; i < 4080; i++) {
        size_t length;

        memset(filler, 'x', i);
        filler[i] = '\0';
        log_write(fixture->log, LOG_INFO, "%s", filler);
        length = strlen(logged(fixture));
        assert_int_equal(length, 31 + i + 1 <= 4096 ? 31 + i + 1 : 4096);
        assert_int_equal(truncate(fixture->path, 0), 0);
    }
}

static void test_the_file_is_private_and_appended_to(void **state)
{
    struct fixture *fixture = *state;
    struct log *second = NULL;
    struct stat status;

    log_write(fixture->log, LOG_INFO, "one");
    assert_int_equal(log_create(&second, LOG_INFO, fixture->path), 0);
    log_write(second, LOG_INFO, "two");
    log_write(fixture->log, LOG_INFO, "three");
    log_destroy(second);
    assert_non_null(strstr(logged(fixture), "one\n"));
    assert_non_null(strstr(fixture->text, "two\n"));
    assert_non_null(strstr(fixture->text, "three\n"));
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0077, 0);
}

static void test_a_file_that_cannot_be_opened(void **state)
{
    struct fixture *fixture = *state;
    char fifo[128];
    struct log *log;

    assert_int_equal(log_create(&log, LOG_INFO, "/nonexistent/log"), -ENOENT);
    assert_null(log);
    assert_int_equal(log_create(&log, LOG_INFO, fixture->directory), -EISDIR);
    assert_null(log);
    snprintf(fifo, sizeof(fifo), "%s/fifo", fixture->directory);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(log_create(&log, LOG_INFO, fifo), -ENXIO);
    assert_null(log);
    unlink(fifo);
}

/* A log on a pipe in the place of stderr, and back. */
static struct log *log_on_pipe(int ends[2], int *saved)
{
    struct log *log;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    *saved = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    assert_int_equal(log_create(&log, LOG_INFO, NULL), 0);
    return log;
}

static void restore_stderr(struct log *log, int saved)
{
    log_destroy(log);
    dup2(saved, STDERR_FILENO);
    close(saved);
}

static void test_a_full_pipe_blocks_nobody(void **state)
{
    struct fixture *fixture = *state;
    char filler[3000];
    int ends[2];
    int saved;
    struct log *log = log_on_pipe(ends, &saved);
    char *notice;
    ssize_t length;
    size_t total = 0;

    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    for (int i = 0; i < 100; i++)
        log_write(log, LOG_INFO, "%s", filler);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    while ((length = read(ends[0], fixture->text, sizeof(fixture->text))) > 0)
        total += (size_t)length;
    log_write(log, LOG_INFO, "after");
    length = read(ends[0], fixture->text, sizeof(fixture->text) - 1);
    restore_stderr(log, saved);
    close(ends[0]);

    assert_true(total > 0 && total < 100 * sizeof(filler));
    assert_true(length > 0);
    fixture->text[length] = '\0';
    notice = strstr(fixture->text, "messages could not be written");
    assert_non_null(notice);
    assert_non_null(strstr(notice, "after\n"));
    assert_null(strstr(strstr(notice, "after\n"), "could not"));
}

static void test_a_pipe_without_reader_is_forgotten(void **state)
{
    int ends[2];
    int saved;
    struct log *log = log_on_pipe(ends, &saved);

    (void)state;
    close(ends[0]);
    errno = EDOM;
    log_write(log, LOG_ERROR, "nobody hears this"); /* SIGPIPE would end the test */
    assert_int_equal(errno, EDOM);
    restore_stderr(log, saved);
}

static void test_a_closed_stderr_is_forgotten(void **state)
{
    int saved = dup(STDERR_FILENO);
    struct log *log = NULL;

    (void)state;
    assert_int_equal(log_create(&log, LOG_INFO, NULL), 0);
    close(STDERR_FILENO);
    log_write(log, LOG_ERROR, "nobody hears this");
    restore_stderr(log, saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_have_names),
        cmocka_unit_test_setup_teardown(test_a_line_has_date_and_level, setup, teardown),
        cmocka_unit_test_setup_teardown(test_level_filters, setup, teardown),
        cmocka_unit_test(test_null_log_is_silent),
        cmocka_unit_test_setup_teardown(test_controls_become_blanks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secrets_are_masked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_secret_across_the_cut_is_masked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_secret_across_the_format_buffer_is_masked,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_recent_secrets_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mask_keeps_the_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mask_knows_cut_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_lines_are_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_near_the_limit_are_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_file_is_private_and_appended_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_opened, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_pipe_blocks_nobody, setup, teardown),
        cmocka_unit_test(test_a_pipe_without_reader_is_forgotten),
        cmocka_unit_test(test_a_closed_stderr_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
