#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

/*
 *     fuzz_NAME FILE|FOLDER…
 *
 * In the place of libFuzzer: one target over all files, and over each cut off, doubled and with bytes
 * changed in a few places. The same every time.
 */

#define FILE_MAX ((size_t)1 << 20)
#define CHANGES_MAX ((size_t)16 << 10) /* longer ones are only taken as they are */
#define CHANGES 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static void try_changed(const struct buffer *bytes, struct fuzz_cuts *numbers)
{
    static const char odd[] = {0, '\n', '\r', '"', '\\', '{', '}', '[', ' ', '<', '\x7F', '\x80',
                               '\xC3', '\xF0', '\xFF', '/'};
    struct buffer changed CLEANUP(buffer_finish);
    buffer_init(&changed, 2 * FILE_MAX);
    buffer_append(&changed, bytes->data, bytes->length);
    for (size_t i = fuzz_cut(numbers, 4); changed.length && i; i--) {
        numbers->state = numbers->state * 1664525u + 1013904223u;
        size_t at = (numbers->state >> 8) % changed.length;
        changed.data[at] = odd[numbers->state >> 28];
    }
    buffer_truncate(&changed, changed.length - changed.length % fuzz_cut(numbers, 400));
    LLVMFuzzerTestOneInput((const uint8_t *)changed.data, changed.length);
}

static void try_file(const char *path)
{
    struct buffer bytes CLEANUP(buffer_finish);
    char chunk[4096];
    size_t count;
    FILE *file = fopen(path, "rbe");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    buffer_init(&bytes, FILE_MAX);
    while ((count = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buffer_append(&bytes, chunk, count);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.length);
    if (bytes.length > CHANGES_MAX)
        return;
    struct fuzz_cuts numbers = fuzz_cuts_of(bytes.data, bytes.length);
    for (int i = 0; i < CHANGES; i++)
        try_changed(&bytes, &numbers);
}

static void try_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        struct buffer name CLEANUP(buffer_finish);
        buffer_init(&name, BUFFER_CAP);
        buffer_printf(&name, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            try_file(name.data);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int count, char **arguments)
{
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < count; i++) {
        struct stat status;
        if (stat(arguments[i], &status) == 0 && S_ISDIR(status.st_mode))
            try_folder(arguments[i]);
        else
            try_file(arguments[i]);
    }
    return 0;
}
