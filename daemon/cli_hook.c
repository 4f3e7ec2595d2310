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

/* What git has put below the template, or all that the file holds. */
static size_t skip_template(const struct cli_hook *hook)
{
    size_t length = hook->template ? strlen(hook->template) : 0;

    if (length == 0 || !hook->source || strcmp(hook->source, "template") != 0 ||
        hook->before->length < length ||
        memcmp(hook->before->data, hook->template, length) != 0)
        return 0;
    return length;
}

int cli_hook_write(const struct cli_hook *hook, struct cli_fault *fault)
{
    struct buffer after CLEANUP(buffer_finish);
    size_t length = strlen(hook->message);
    size_t from = skip_template(hook);

    while (length > 0 && strchr(" \t\r\n", hook->message[length - 1]))
        length--;
    buffer_init(&after, BUFFER_CAP);
    buffer_append(&after, hook->message, length);
    buffer_append_byte(&after, '\n');
    if (from < hook->before->length && hook->before->data[from] != '\n')
        buffer_append_byte(&after, '\n');
    buffer_append(&after, hook->before->data + from, hook->before->length - from);
    if (buffer_error(&after)) {
        snprintf(fault->text, sizeof(fault->text), "There is not enough memory for the message.");
        return buffer_error(&after);
    }
    return cli_file_replace(hook->file, hook->before, after.data, after.length, fault);
}
