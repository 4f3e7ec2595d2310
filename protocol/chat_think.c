#include "protocol/chat_think.h"

#include <string.h>

static const char opener[] = "<think>";
static const char closer[] = "</think>";

#define OPENER_LENGTH (sizeof opener - 1)
#define CLOSER_LENGTH (sizeof closer - 1)

/* The most blanks held at the start in wait for a tag. */
#define BLANKS_MAX 4096

enum match { MATCH_NONE, MATCH_PARTIAL, MATCH_FULL };

struct output {
    chat_think_cb callback;
    void *context;
};

void chat_think_init(struct chat_think *think, size_t cap)
{
    memset(think, 0, sizeof *think);
    buffer_init(&think->held, cap + BLANKS_MAX + CLOSER_LENGTH);
}

void chat_think_finish(struct chat_think *think)
{
    if (think != NULL) {
        buffer_finish(&think->held);
    }
}

static size_t count_blanks(const char *text, size_t length)
{
    size_t count = 0;

    while (count < length && strchr(" \t\r\n", text[count]) != NULL && text[count] != '\0') {
        count++;
    }
    return count;
}

static enum match match_tag(const char *text, size_t length, const char *tag, size_t tag_length)
{
    if (length >= tag_length) {
        return memcmp(text, tag, tag_length) == 0 ? MATCH_FULL : MATCH_NONE;
    }
    return memcmp(text, tag, length) == 0 ? MATCH_PARTIAL : MATCH_NONE;
}

static int emit(struct chat_think *think, const char *text, size_t length,
                const struct output *output)
{
    if (length == 0) {
        return 0;
    }
    if (!think->text_seen && count_blanks(text, length) < length) {
        think->text_seen = true;
    }
    think->emitted += length;
    return output->callback(output->context, text, length);
}

/* Each step looks at the text from *used on, moves *used over what is settled, and sets *wait when
 * more text is needed to settle the rest. */

static void step_start(struct chat_think *think, size_t *used, bool *wait)
{
    const char *text = think->held.data + *used;
    size_t length = think->held.length - *used;
    size_t blanks = count_blanks(text, length);
    bool after_block = think->reasoning_seen;

    if (after_block) {
        *used += blanks;
        text += blanks;
        length -= blanks;
        blanks = 0;
    }
    enum match match = match_tag(text + blanks, length - blanks, opener, OPENER_LENGTH);
    if (match == MATCH_FULL) {
        think->state = CHAT_THINK_INSIDE;
        think->reasoning_seen = true;
        *used += blanks + OPENER_LENGTH;
    } else if (match == MATCH_PARTIAL && blanks < BLANKS_MAX) {
        *wait = true;
    } else {
        think->state = after_block ? CHAT_THINK_PLAIN : CHAT_THINK_WATCH;
    }
}

static void step_inside(struct chat_think *think, size_t *used, bool *wait)
{
    const char *text = think->held.data + *used;
    size_t length = think->held.length - *used;
    const char *tag = memmem(text, length, closer, CLOSER_LENGTH);

    if (tag != NULL) {
        *used += (size_t)(tag - text) + CLOSER_LENGTH;
        think->state = CHAT_THINK_START;
        return;
    }
    size_t keep = length < CLOSER_LENGTH - 1 ? length : CLOSER_LENGTH - 1;
    while (keep > 0 && match_tag(text + length - keep, keep, closer, CLOSER_LENGTH) == MATCH_NONE) {
        keep--;
    }
    *used += length - keep;
    *wait = true;
}

static int step_watch(struct chat_think *think, size_t *used, bool *wait,
                      const struct output *output)
{
    const char *text = think->held.data + *used;
    size_t length = think->held.length - *used;
    enum match open = MATCH_NONE, close = MATCH_NONE;
    size_t at = 0;

    for (; at < length; at++) {
        const char *bracket = memchr(text + at, '<', length - at);
        at = bracket != NULL ? (size_t)(bracket - text) : length;
        open = match_tag(text + at, length - at, opener, OPENER_LENGTH);
        close = match_tag(text + at, length - at, closer, CLOSER_LENGTH);
        if (open != MATCH_NONE || close != MATCH_NONE) {
            break;
        }
    }
    *used += at;
    int rc = emit(think, text, at, output);
    if (rc != 0) {
        return rc;
    }
    if (close == MATCH_FULL) {
        *used += CLOSER_LENGTH;
        think->answer_start = think->emitted;
        think->text_seen = false;
        think->reasoning_seen = true;
        think->state = CHAT_THINK_START;
    } else if (open == MATCH_FULL) {
        /* The text speaks of such tags: a closer that follows belongs to this opener. */
        think->state = CHAT_THINK_PLAIN;
    } else {
        *wait = true;
    }
    return 0;
}

static int process(struct chat_think *think, const struct output *output)
{
    size_t used = 0;
    bool wait = false;
    int rc = 0;

    /* Every step moves on in the text or in the state, and no state is come back to without moving
     * on in the text. */
    while (rc == 0 && !wait && used < think->held.length) {
        switch (think->state) {
        case CHAT_THINK_START:
            step_start(think, &used, &wait);
            break;
        case CHAT_THINK_INSIDE:
            step_inside(think, &used, &wait);
            break;
        case CHAT_THINK_WATCH:
            rc = step_watch(think, &used, &wait, output);
            break;
        case CHAT_THINK_PLAIN:
            rc = emit(think, think->held.data + used, think->held.length - used, output);
            used = think->held.length;
            break;
        }
    }
    buffer_consume(&think->held, used);
    return rc;
}

int chat_think_feed(struct chat_think *think, const char *text, size_t length,
                    chat_think_cb callback, void *context)
{
    const struct output output = {callback, context};

    if (think->held.length == 0 &&
        (think->state == CHAT_THINK_PLAIN ||
         (think->state == CHAT_THINK_WATCH && memchr(text, '<', length) == NULL))) {
        return emit(think, text, length, &output);
    }
    int rc = buffer_append(&think->held, text, length);
    return rc != 0 ? rc : process(think, &output);
}

int chat_think_end(struct chat_think *think, chat_think_cb callback, void *context)
{
    const struct output output = {callback, context};
    int rc = 0;

    if (think->state != CHAT_THINK_INSIDE) {
        rc = emit(think, think->held.data, think->held.length, &output);
    }
    buffer_clear(&think->held);
    return rc;
}
