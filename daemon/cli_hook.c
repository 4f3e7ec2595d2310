#include "daemon/cli_hook.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder of the file is the repository's, or the linked work tree's part of it. */
static bool stands_beside(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');
    struct buffer path CLEANUP(buffer_finish);

    buffer_init(&path, BUFFER_CAP);
    if (slash)
        buffer_append(&path, file, (size_t)(slash + 1 - file));
    buffer_append_string(&path, name);
    return !buffer_error(&path) && access(path.data, F_OK) == 0;
}

bool cli_hook_is_wanted(const char *file, const char *source)
{
    static const char *const settled[] = {"message", "merge", "squash", "commit"};

    for (size_t i = 0; source && i < sizeof(settled) / sizeof(settled[0]); i++) {
        if (strcmp(settled[i], source) == 0)
            return false;
    }
    return !stands_beside(file, "rebase-merge") && !stands_beside(file, "rebase-apply");
}

/* git drops lines that begin with core.commentChar: a blank before it keeps them. */
static void append_kept(struct buffer *out, const char *message)
{
    size_t length = strlen(message);

    while (length > 0 && strchr(" \t\r\n", message[length - 1]))
        length--;
    for (size_t i = 0; i < length; i++) {
        if (message[i] == '#' && (i == 0 || message[i - 1] == '\n'))
            buffer_append_byte(out, ' ');
        buffer_append_byte(out, message[i]);
    }
    buffer_append_byte(out, '\n');
}

int cli_hook_write(const char *file, const struct buffer *before, const char *message,
                   struct cli_fault *fault)
{
    struct buffer after CLEANUP(buffer_finish);

    buffer_init(&after, BUFFER_CAP);
    append_kept(&after, message);
    if (before->length > 0 && before->data[0] != '\n')
        buffer_append_byte(&after, '\n');
    buffer_append(&after, before->data, before->length);
    if (buffer_error(&after)) {
        snprintf(fault->text, sizeof(fault->text), "There is not enough memory for the message.");
        return buffer_error(&after);
    }
    return cli_file_replace(file, before, after.data, after.length, fault);
}
