#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/ignore.h"
#include "protocol/buffer.h"

/* Rules and paths at random, judged by ignore.c and by git itself. */

#define ROUNDS 60
#define PATHS 60

static char folder[] = "/tmp/gridls-ignore-XXXXXX";

static const char *pick(const char *const *list, size_t count)
{
    return list[(size_t)rand() % count];
}

#define PICK(list) pick(list, sizeof(list) / sizeof(list[0]))

/* Names of few letters, so that rules and paths meet. */
static void append_path(struct buffer *out)
{
    static const char *const names[] = {"a", "b", "ab", "sub", "a.b", ".a", "a b", "A", "x]", "a*", "\\a",
                                        "deep", "b-", "!a", "#a"};

    for (int parts = 1 + rand() % 4; parts > 0; parts--)
        buffer_printf(out, "%s%s", PICK(names), parts > 1 ? "/" : "");
}

static void append_rule(struct buffer *out)
{
    static const char *const bits[] = {"a",   "b",   "ab",  "*",    "**", "/",   "/",  "?",   "[ab]",
                                       "sub", "[!a]", "\\", "deep", ".",  "[a-b]", "!", "#",  " ",
                                       "**/", "/**", "[[:alpha:]]", "]", "[", "-",  "A", "x", "\\ "};

    if (rand() % 5 == 0)
        buffer_append_string(out, "!");
    for (int parts = 1 + rand() % 5; parts > 0; parts--) {
        const char *bit = PICK(bits);

        /* An escaped slash is a slash to us; to git it is none behind two stars. */
        if (*bit != '/' || out->length == 0 || out->data[out->length - 1] != '\\')
            buffer_append_string(out, bit);
    }
    buffer_append_string(out, rand() % 6 ? "\n" : " \r\n");
}

static void write_file(const char *name, const struct buffer *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(text->data, 1, text->length, file);
    assert_int_equal(fclose(file), 0);
}

/* What git says of the paths of the file `paths`, which are parted by NUL. */
static void ask_git(struct buffer *ignored)
{
    char command[512];
    char piece[4096];
    size_t length;
    FILE *pipe;

    snprintf(command, sizeof(command),
             "cd %s && git check-ignore --no-index --stdin -z < paths 2>/dev/null", folder);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    buffer_append_byte(ignored, '\0');
    while ((length = fread(piece, 1, sizeof(piece), pipe)) > 0)
        buffer_append(ignored, piece, length);
    int status = WEXITSTATUS(pclose(pipe));
    assert_true(status == 0 || status == 1);
}

/* Whether `\0path\0` stands among what git named. */
static bool is_named(const struct buffer *ignored, const char *path)
{
    char wanted[256] = {0};
    size_t length = strlen(path);

    memcpy(wanted + 1, path, length + 1);
    return memmem(ignored->data, ignored->length, wanted, length + 2) != NULL;
}

static struct ignore_rules *read_rules(const char *directory, const struct buffer *text)
{
    struct ignore_rules *rules;

    assert_int_equal(ignore_rules_create(&rules, directory), 0);
    assert_int_equal(ignore_rules_add_text(rules, text->data, text->length), 0);
    return rules;
}

static void play_round(void)
{
    struct buffer rules[2], paths, ignored;
    struct ignore_rules *sets[2];

    for (int i = 0; i < 2; i++) {
        buffer_init(&rules[i], BUFFER_CAP);
        for (int lines = 1 + rand() % 6; lines > 0; lines--)
            append_rule(&rules[i]);
        sets[i] = read_rules(i == 0 ? "" : "sub", &rules[i]);
    }
    buffer_init(&paths, BUFFER_CAP);
    buffer_init(&ignored, BUFFER_CAP);
    for (int i = 0; i < PATHS; i++) {
        append_path(&paths);
        buffer_append_byte(&paths, '\0');
    }
    write_file(".gitignore", &rules[0]);
    write_file("sub/.gitignore", &rules[1]);
    write_file("paths", &paths);
    ask_git(&ignored);
    for (size_t at = 0; at < paths.length; at += strlen(paths.data + at) + 1) {
        const char *path = paths.data + at;
        bool ours = ignore_match((const struct ignore_rules *const *)sets, 2, path);

        if (strcmp(path, "sub") == 0) /* a directory here, which is not what we judge */
            continue;
        if (ours != is_named(&ignored, path))
            fail_msg("<%s> is %signored, git says otherwise; rules <%s>, in sub <%s>", path,
                     ours ? "" : "not ", rules[0].data, rules[1].data);
    }
    for (int i = 0; i < 2; i++) {
        ignore_rules_destroy(sets[i]);
        buffer_finish(&rules[i]);
    }
    buffer_finish(&paths);
    buffer_finish(&ignored);
}

static void test_git_judges_the_same(void **state)
{
    (void)state;
    srand(20261128);
    for (int round = 0; round < ROUNDS; round++)
        play_round();
}

static int setup(void **state)
{
    char command[256];

    (void)state;
    assert_non_null(mkdtemp(folder));
    /* No settings and no ignore file of the person's. */
    setenv("HOME", folder, 1);
    setenv("XDG_CONFIG_HOME", folder, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    snprintf(command, sizeof(command), "cd %s && git init -q . && mkdir sub", folder);
    return system(command);
}

static int teardown(void **state)
{
    char command[256];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_git_judges_the_same)};

    return cmocka_run_group_tests(tests, setup, teardown);
}
