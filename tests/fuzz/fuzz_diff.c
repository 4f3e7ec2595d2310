/* Two texts, parted by a NUL: the hunks make the new one out of the old one. */
#include "protocol/diff.h"

#include "tests/fuzz/fuzz.h"

static void apply(const struct diff *diff, struct fuzz_input old, struct fuzz_input new,
                  struct buffer *out)
{
    size_t at = 0, last_new = 0;
    for (size_t i = 0; i < diff->count; i++) {
        const struct diff_hunk *hunk = &diff->hunks[i];
        FUZZ_HOLDS(i == 0 || (hunk->old_start > at && hunk->new_start > last_new));
        FUZZ_HOLDS(hunk->old_start >= at && hunk->old_start <= hunk->old_end);
        FUZZ_HOLDS(hunk->old_end <= old.length);
        FUZZ_HOLDS(hunk->new_start <= hunk->new_end && hunk->new_end <= new.length);
        FUZZ_HOLDS(hunk->old_count || hunk->new_count);
        buffer_append(out, old.data + at, hunk->old_start - at);
        buffer_append(out, new.data + hunk->new_start, hunk->new_end - hunk->new_start);
        at = hunk->old_end;
        last_new = hunk->new_end;
    }
    buffer_append(out, old.data + at, old.length - at);
}

void fuzz_one(const char *data, size_t length)
{
    struct fuzz_input new = {data, length};
    struct fuzz_input old = fuzz_take_piece(&new);
    struct buffer made CLEANUP(buffer_finish);
    struct buffer wanted CLEANUP(buffer_finish);
    struct buffer unified CLEANUP(buffer_finish);
    struct diff diff;
    buffer_init(&made, BUFFER_CAP);
    buffer_init(&wanted, BUFFER_CAP);
    buffer_init(&unified, BUFFER_CAP);
    buffer_append(&wanted, new.data, new.length);
    FUZZ_HOLDS(diff_compute(&diff, old.data, old.length, new.data, new.length) == 0);
    apply(&diff, old, new, &made);
    fuzz_holds_same(&made, &wanted);
    FUZZ_HOLDS(diff_append_unified(&unified, "a name", old.data, old.length, new.data,
                                   new.length) == 0);
    diff_finish(&diff);
}
