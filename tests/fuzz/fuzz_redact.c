/* A key and a text, parted by a NUL: the key is gone from what is sent, and all comes back. */
#include "daemon/redact.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static void restore(const struct redaction *redaction, const struct buffer *sent,
                    struct fuzz_cuts *cuts, struct buffer *out)
{
    struct buffer held CLEANUP(buffer_finish);
    buffer_init(&held, BUFFER_CAP);
    for (size_t at = 0; at < sent->length;) {
        size_t piece = fuzz_cut(cuts, sent->length - at);
        FUZZ_HOLDS(redaction_restore(redaction, &held, sent->data + at, piece, 0, out) == 0);
        at += piece;
    }
    FUZZ_HOLDS(redaction_restore(redaction, &held, "", 0, 1, out) == 0);
}

static bool is_placeholder(const char *text, size_t length)
{
    static const char head[] = "GRIDLS_SECRET_";
    return length >= sizeof(head) + 3 && memcmp(text, head, sizeof(head) - 1) == 0 &&
           strspn(text + sizeof(head) - 1, "0123456789") >= 4;
}

/* Whether the key stands there, and not only a text like it of which a placeholder is a part. */
static bool holds_key(const struct buffer *sent, const char *key)
{
    enum { PLACEHOLDER_LENGTH = 18 };
    size_t length = strlen(key);
    for (size_t at = 0; at + length <= sent->length; at++) {
        bool overlaps = false;
        if (memcmp(sent->data + at, key, length) != 0)
            continue;
        for (size_t from = at < PLACEHOLDER_LENGTH ? 0 : at - PLACEHOLDER_LENGTH + 1;
             from < at + length && !overlaps; from++)
            overlaps = is_placeholder(sent->data + from, sent->length - from);
        if (!overlaps)
            return true;
    }
    return false;
}

void fuzz_one(const char *data, size_t length)
{
    struct fuzz_input text = {data, length};
    char *key CLEANUP(cleanup_free) = fuzz_string(fuzz_take_piece(&text));
    struct buffer sent CLEANUP(buffer_finish);
    struct buffer back CLEANUP(buffer_finish);
    struct buffer wanted CLEANUP(buffer_finish);
    struct fuzz_cuts cuts = fuzz_cuts_of(data, length);
    struct redaction *redaction;
    buffer_init(&sent, BUFFER_CAP);
    buffer_init(&back, BUFFER_CAP);
    buffer_init(&wanted, BUFFER_CAP);
    buffer_append(&wanted, text.data, text.length);
    FUZZ_HOLDS(redaction_create(&redaction, true) == 0);
    redaction_add(redaction, key);
    int status = redaction_apply(redaction, text.data, text.length, &sent);
    FUZZ_HOLDS(status == 0 || status == -EMSGSIZE);
    if (status == 0) {
        FUZZ_HOLDS(strlen(key) < REDACTION_LEAST || !holds_key(&sent, key));
        restore(redaction, &sent, &cuts, &back);
        fuzz_holds_same(&wanted, &back);
    }
    redaction_destroy(redaction);
}
