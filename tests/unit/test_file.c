#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "daemon/file.h"
#include "protocol/buffer.h"

struct scratch {
    char directory[64];
    uv_loop_t loop;
    struct file_request *request;
    unsigned calls;
    int error;
    struct buffer text;
    bool cancels;
};

static int set_up(void **state)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));

    assert_non_null(scratch);
    strcpy(scratch->directory, "/tmp/gridls-file-XXXXXX");
    assert_non_null(mkdtemp(scratch->directory));
    assert_int_equal(chdir(scratch->directory), 0);
    assert_int_equal(uv_loop_init(&scratch->loop), 0);
    buffer_init(&scratch->text, BUFFER_CAP);
    *state = scratch;
    return 0;
}

static int tear_down(void **state)
{
    struct scratch *scratch = *state;

    assert_int_equal(uv_loop_close(&scratch->loop), 0);
    buffer_finish(&scratch->text);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(scratch->directory), 0);
    free(scratch);
    return 0;
}

static void write_file(const char *name, size_t length)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    for (size_t i = 0; i < length; i++)
        fputc('a' + (int)(i % 26), file);
    assert_int_equal(fclose(file), 0);
}

static void on_read(void *context, int error, const char *text, size_t length)
{
    struct scratch *scratch = context;

    scratch->calls++;
    scratch->error = error;
    buffer_clear(&scratch->text);
    buffer_append(&scratch->text, text, length);
    if (!error)
        assert_int_equal(text[length], '\0');
    if (scratch->cancels)
        file_request_cancel(scratch->request); /* it is over already */
}

static void on_path(void *context, int error, const char *path)
{
    on_read(context, error, path, path ? strlen(path) : 0);
}

static int read_file(struct scratch *scratch, const char *name, size_t cap)
{
    scratch->calls = 0;
    assert_int_equal(file_read_start(&scratch->request, &scratch->loop, name, cap, on_read,
                                     scratch), 0);
    assert_int_equal(scratch->calls, 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 1);
    return scratch->error;
}

static void test_reads_whole_files_up_to_the_cap(void **state)
{
    struct scratch *scratch = *state;
    static const size_t lengths[] = {0, 1, 8191, 8192, 8193, 100000};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        write_file("f", lengths[i]);
        assert_int_equal(read_file(scratch, "f", lengths[i]), 0);
        assert_int_equal(scratch->text.length, lengths[i]);
        for (size_t j = 0; j < lengths[i]; j++)
            assert_int_equal(scratch->text.data[j], 'a' + j % 26);
        if (lengths[i] > 0) {
            assert_int_equal(read_file(scratch, "f", lengths[i] - 1), -EFBIG);
            assert_int_equal(scratch->text.length, 0);
        }
    }
    assert_int_equal(unlink("f"), 0);
}

static void test_what_is_no_file(void **state)
{
    struct scratch *scratch = *state;

    assert_int_equal(read_file(scratch, "none", 10), -ENOENT);
    assert_int_equal(read_file(scratch, ".", 10), -EISDIR);
    assert_int_equal(read_file(scratch, "/dev/zero", 10), -EINVAL);
    assert_int_equal(mkfifo("pipe", 0600), 0); /* nobody will ever write to it */
    assert_int_equal(read_file(scratch, "pipe", 10), -EINVAL);
    assert_int_equal(unlink("pipe"), 0);
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_int_equal(read_file(scratch, "loop", 10), -ELOOP);
    assert_int_equal(unlink("loop"), 0);
}

static void test_resolves_links(void **state)
{
    struct scratch *scratch = *state;
    char expected[PATH_MAX];

    write_file("f", 1);
    assert_int_equal(symlink("f", "link"), 0);
    assert_int_equal(file_resolve_start(&scratch->request, &scratch->loop, "link", on_path,
                                        scratch), 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->error, 0);
    snprintf(expected, sizeof(expected), "%s/f", scratch->directory);
    assert_string_equal(scratch->text.data, expected);
    assert_int_equal(unlink("f"), 0);
    assert_int_equal(file_resolve_start(&scratch->request, &scratch->loop, "link", on_path,
                                        scratch), 0);
    uv_run(&scratch->loop, UV_RUN_DEFAULT);
    assert_int_equal(scratch->calls, 2);
    assert_int_equal(scratch->error, -ENOENT);
    assert_int_equal(unlink("link"), 0);
}

static unsigned count_open_files(void)
{
    unsigned count = 0;

    for (int file = 0; file < 256; file++)
        count += fcntl(file, F_GETFD) != -1;
    return count;
}

/* Cancelled at any turn of the loop: no callback, no memory and no open file is left. */
static void test_cancel_at_every_step(void **state)
{
    struct scratch *scratch = *state;
    unsigned turns = 0;
    unsigned open_files;

    write_file("f", 50000);
    assert_int_equal(read_file(scratch, "f", 50000), 0);
    open_files = count_open_files();
    do {
        scratch->calls = 0;
        assert_int_equal(file_read_start(&scratch->request, &scratch->loop, "f", 50000, on_read,
                                         scratch), 0);
        for (unsigned i = 0; i < turns && scratch->calls == 0; i++)
            uv_run(&scratch->loop, UV_RUN_ONCE);
        if (scratch->calls == 0) {
            file_request_cancel(scratch->request);
            uv_run(&scratch->loop, UV_RUN_DEFAULT);
            assert_int_equal(scratch->calls, 0);
        }
        assert_int_equal(count_open_files(), open_files);
        turns++;
    } while (scratch->calls == 0 && turns < 100);
    assert_true(turns > 3 && turns < 100);

    scratch->cancels = true;
    assert_int_equal(read_file(scratch, "f", 50000), 0);
    file_request_cancel(NULL);
    assert_int_equal(unlink("f"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_whole_files_up_to_the_cap),
        TEST(test_what_is_no_file),
        TEST(test_resolves_links),
        TEST(test_cancel_at_every_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
