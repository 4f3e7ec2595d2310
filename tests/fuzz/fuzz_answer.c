/* What is kept of an answer: four texts (original, before, after, answer) parted by NULs. */
#include "daemon/answer/answer.h"

#include <string.h>

#include "protocol/utf8.h"
#include "tests/fuzz/fuzz.h"

/* What a decoder hands on is valid, and so is what stands in a document that was sent as JSON. */
static void make_valid(struct fuzz_input input, struct buffer *out)
{
    buffer_init(out, BUFFER_CAP);
    FUZZ_HOLDS(utf8_append_valid(out, input.data, input.length) == 0);
}

enum cleaner { MARKDOWN, COMMIT, REWRITE };

static int feed(enum cleaner cleaner, void *answer, const char *text, size_t length, bool last,
                struct buffer *out)
{
    if (cleaner == MARKDOWN)
        return answer_markdown_feed(answer, text, length, last, out);
    if (cleaner == COMMIT)
        return answer_commit_feed(answer, text, length, last, out);
    return answer_rewrite_feed(answer, text, length, last, out);
}

static void run(enum cleaner cleaner, const struct answer_rewrite_shape *shape,
                const struct buffer *text, struct fuzz_cuts *cuts, struct buffer *out)
{
    union {
        struct answer_markdown markdown;
        struct answer_commit commit;
        struct answer_rewrite rewrite;
    } answer;
    if (cleaner == MARKDOWN)
        answer_markdown_init(&answer.markdown);
    else if (cleaner == COMMIT)
        answer_commit_init(&answer.commit, "#");
    else
        answer_rewrite_init(&answer.rewrite, shape);
    for (size_t at = 0; at < text->length;) {
        size_t left = text->length - at;
        size_t piece = cuts ? fuzz_cut_text(cuts, text->data + at, left) : left;
        FUZZ_HOLDS(feed(cleaner, &answer, text->data + at, piece, false, out) == 0);
        FUZZ_HOLDS(utf8_is_valid(out->data, out->length));
        at += piece;
    }
    FUZZ_HOLDS(feed(cleaner, &answer, "", 0, true, out) == 0);
    if (cleaner == MARKDOWN)
        answer_markdown_finish(&answer.markdown);
    else if (cleaner == COMMIT)
        answer_commit_finish(&answer.commit);
    else
        answer_rewrite_finish(&answer.rewrite);
}

static void holds_in_any_cut(enum cleaner cleaner, const struct answer_rewrite_shape *shape,
                             const struct buffer *text)
{
    struct buffer whole CLEANUP(buffer_finish);
    struct buffer cut CLEANUP(buffer_finish);
    struct fuzz_cuts cuts = fuzz_cuts_of(text->data, text->length);
    buffer_init(&whole, BUFFER_CAP);
    buffer_init(&cut, BUFFER_CAP);
    run(cleaner, shape, text, NULL, &whole);
    run(cleaner, shape, text, &cuts, &cut);
    fuzz_holds_same(&whole, &cut);
}

/* Where a completion is complete, more text changes nothing. */
static void holds_when_complete(const struct answer_completion_place *place,
                                const struct buffer *text)
{
    struct buffer whole CLEANUP(buffer_finish);
    struct buffer part CLEANUP(buffer_finish);
    struct answer_completion result;
    struct fuzz_cuts cuts = fuzz_cuts_of(text->data, text->length);
    buffer_init(&whole, BUFFER_CAP);
    buffer_init(&part, BUFFER_CAP);
    FUZZ_HOLDS(answer_completion_fit(place, text->data, text->length, true, &whole, &result) == 0);
    FUZZ_HOLDS(result.replace_after <= place->line_after_length);
    FUZZ_HOLDS(!memchr(whole.data, '\r', whole.length));
    for (size_t at = 0; at < text->length;) {
        at += fuzz_cut_text(&cuts, text->data + at, text->length - at);
        buffer_clear(&part);
        FUZZ_HOLDS(answer_completion_fit(place, text->data, at, false, &part, &result) == 0);
        if (result.complete) {
            fuzz_holds_same(&whole, &part);
            return;
        }
    }
}

void fuzz_one(const char *data, size_t length)
{
    struct fuzz_input rest = {data, length < 8192 ? length : 8192};
    struct buffer original CLEANUP(buffer_finish);
    struct buffer before CLEANUP(buffer_finish);
    struct buffer after CLEANUP(buffer_finish);
    struct buffer text CLEANUP(buffer_finish);
    make_valid(fuzz_take_piece(&rest), &original);
    make_valid(fuzz_take_piece(&rest), &before);
    make_valid(fuzz_take_piece(&rest), &after);
    make_valid(rest, &text);
    buffer_truncate(&before, strcspn(before.data, "\r\n"));
    buffer_truncate(&after, strcspn(after.data, "\r\n"));
    struct answer_rewrite_shape shape = {
        .original = original.data, .original_length = original.length,
        .line_prefix = before.data, .line_prefix_length = before.length,
        .line_end = length % 2 ? "\n" : "\r\n", .prose = length % 3 == 0,
    };
    static const char *const languages[] = {"", "c", "javascript", "python", "ruby", "shellscript",
                                            "lua"};
    struct answer_completion_place place = {
        .above = original.data, .above_length = original.length,
        .layout = language_layout(languages[length % (sizeof(languages) / sizeof(languages[0]))]),
        .line_before = before.data, .line_before_length = before.length,
        .line_after = after.data, .line_after_length = after.length,
        .next_lines = original.data, .next_lines_length = original.length,
        .previous_line = "", .max_lines = (unsigned)(length % 5), .prose = length % 3 == 0,
    };
    holds_in_any_cut(MARKDOWN, NULL, &text);
    holds_in_any_cut(COMMIT, NULL, &text);
    holds_in_any_cut(REWRITE, &shape, &text);
    answer_rewrite_is_elided(original.data, original.length, text.data, text.length, shape.prose);
    holds_when_complete(&place, &text);
}
