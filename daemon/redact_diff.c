#include "daemon/redact_diff.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "daemon/redact.h"

/* One file's part of the diff, as far as it is read. */
struct part {
    const char *name; /* NULL: before the first file */
    size_t name_length;
    struct buffer added; /* its added lines, without their sign: a key block may be of many */
    bool in_hunk;
};

static bool begins_with(const char *line, size_t length, const char *start)
{
    return length >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

static int count_secrets(const struct part *part, size_t *count)
{
    struct redaction *redaction = NULL;
    struct buffer out CLEANUP(buffer_finish);
    int error = redaction_create(&redaction, true);

    buffer_init(&out, BUFFER_CAP);
    if (!error)
        error = redaction_apply(redaction, part->added.data, part->added.length, &out);
    *count = error ? 0 : redaction_count(redaction);
    redaction_destroy(redaction);
    return error;
}

static int end_part(struct part *part, size_t most, struct buffer *names, int *files)
{
    size_t count = 0;
    int error = buffer_error(&part->added);

    if (!error && part->name && part->added.length > 0)
        error = count_secrets(part, &count);
    if (error == -EMSGSIZE) { /* more secrets than anybody counts */
        error = 0;
        count = 1;
    }
    if (!error && count > 0 && (size_t)(*files)++ < most) {
        if (names->length > 0)
            buffer_append_string(names, ", ");
        error = buffer_append(names, part->name, part->name_length);
    }
    buffer_clear(&part->added);
    part->name = NULL;
    part->in_hunk = false;
    return error;
}

static void take_line(struct part *part, const char *line, size_t length)
{
    static const char new_name[] = "+++ ";
    size_t head = sizeof(new_name) - 1;

    if (begins_with(line, length, "@@ ")) {
        part->in_hunk = true;
    } else if (part->in_hunk && length > 0 && line[0] == '+') {
        buffer_append(&part->added, line + 1, length - 1);
        buffer_append_byte(&part->added, '\n');
    } else if (!part->in_hunk && begins_with(line, length, new_name)) {
        if (begins_with(line + head, length - head, "b/"))
            head += 2;
        part->name = line + head;
        part->name_length = length - head;
    }
}

int redact_diff_find(const char *diff, size_t length, size_t most, struct buffer *names)
{
    struct part part = {0};
    const char *end = diff + length;
    int files = 0;
    int error = 0;

    buffer_init(&part.added, BUFFER_CAP);
    while (!error && diff < end) {
        const char *stop = memchr(diff, '\n', (size_t)(end - diff));
        size_t line_length = (size_t)((stop ? stop : end) - diff);

        if (begins_with(diff, line_length, "diff --git "))
            error = end_part(&part, most, names, &files);
        else
            take_line(&part, diff, line_length);
        diff = stop ? stop + 1 : end;
    }
    if (!error)
        error = end_part(&part, most, names, &files);
    buffer_finish(&part.added);
    return error ? error : files;
}
