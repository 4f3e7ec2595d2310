#include "daemon/recent.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/document.h"
#include "protocol/position.h"

#define CHANGES_MAX 8
#define CHANGE_BYTES_MAX ((size_t)2048) /* of what went, and of what came */

struct change {
    struct document *document; /* a reference */
    size_t start;              /* whole lines, as they are now */
    size_t end;
    struct buffer old;         /* the lines as they were */
};

struct recents {
    struct change items[CHANGES_MAX]; /* the newest last */
    size_t count;
};

int recents_create(struct recents **recents)
{
    *recents = calloc(1, sizeof(**recents));
    return *recents ? 0 : -ENOMEM;
}

static void drop(struct recents *recents, size_t index)
{
    document_unref(recents->items[index].document);
    buffer_finish(&recents->items[index].old);
    recents->count--;
    memmove(&recents->items[index], &recents->items[index + 1],
            (recents->count - index) * sizeof(recents->items[0]));
}

void recents_destroy(struct recents *recents)
{
    if (!recents)
        return;
    while (recents->count > 0)
        drop(recents, recents->count - 1);
    free(recents);
}

/* ---- taking note ----------------------------------------------------------------------------- */

/* The lines that an edit touches, as they are before it. */
struct edit {
    struct document *document;
    size_t start, end;           /* the bytes that go */
    size_t length;               /* of those that come */
    size_t first_line, last_line; /* where the touched lines begin and end, in bytes */
};

static size_t moved(size_t at, const struct edit *edit)
{
    return at - (edit->end - edit->start) + edit->length;
}

static void append_text(struct buffer *out, struct text *text, size_t start, size_t end)
{
    if (start < end)
        buffer_append(out, text_view(text, start, end), end - start);
}

/* The change takes the lines of the edit in. Returns false where it gets too large. */
static bool grow(struct change *change, const struct edit *edit)
{
    struct text *text = &edit->document->text;
    struct buffer old;
    bool is_good;

    buffer_init(&old, CHANGE_BYTES_MAX);
    append_text(&old, text, edit->first_line, change->start);
    buffer_append(&old, change->old.data, change->old.length);
    append_text(&old, text, change->end, edit->last_line);
    is_good = buffer_error(&old) == 0;
    buffer_finish(&change->old);
    change->old = old;
    if (edit->first_line < change->start)
        change->start = edit->first_line;
    change->end = moved(edit->last_line > change->end ? edit->last_line : change->end, edit);
    return is_good && change->end - change->start <= CHANGE_BYTES_MAX;
}

static bool begin(struct recents *recents, const struct edit *edit)
{
    struct change *change;

    if (recents->count == CHANGES_MAX)
        drop(recents, 0);
    change = &recents->items[recents->count++];
    *change = (struct change){.document = document_ref(edit->document),
                              .start = edit->first_line,
                              .end = edit->first_line};
    buffer_init(&change->old, CHANGE_BYTES_MAX);
    return grow(change, edit);
}

/* Moves the others along; those that the edit touches as well are told by the one that took it. */
static void follow(struct recents *recents, const struct edit *edit, const struct change *taken)
{
    for (size_t i = recents->count; i > 0; i--) {
        struct change *change = &recents->items[i - 1];

        if (change == taken || change->document != edit->document)
            continue;
        if (change->start >= edit->last_line) {
            change->start = moved(change->start, edit);
            change->end = moved(change->end, edit);
        } else if (change->end > edit->first_line) {
            drop(recents, i - 1);
            taken -= taken > change ? 1 : 0;
        }
    }
}

static struct change *find(struct recents *recents, const struct edit *edit)
{
    for (size_t i = recents->count; i > 0; i--) {
        struct change *change = &recents->items[i - 1];

        if (change->document == edit->document && change->start <= edit->last_line &&
            change->end >= edit->first_line)
            return change;
    }
    return NULL;
}

static void forget_closed(struct recents *recents)
{
    for (size_t i = recents->count; i > 0; i--) {
        if (!recents->items[i - 1].document->open)
            drop(recents, i - 1);
    }
}

void recents_note(struct recents *recents, struct document *document, size_t start, size_t end,
                  size_t length)
{
    struct text *text = &document->text;
    struct edit edit = {.document = document, .start = start, .end = end, .length = length};
    struct change *change;
    bool is_good;

    forget_closed(recents);
    edit.first_line = text_line_start(text, text_line_at(text, start));
    edit.last_line = text_line_start(text, text_line_at(text, end) + 1);
    change = find(recents, &edit);
    if (change) { /* it is the newest from now on */
        struct change taken = *change;

        memmove(change, change + 1,
                (size_t)(recents->items + recents->count - 1 - change) * sizeof(*change));
        recents->items[recents->count - 1] = taken;
        change = &recents->items[recents->count - 1];
        is_good = grow(change, &edit);
    } else {
        is_good = begin(recents, &edit);
    }
    follow(recents, &edit, &recents->items[recents->count - 1]);
    if (!is_good)
        drop(recents, recents->count - 1);
}

static void on_edit(void *context, struct document *document, size_t start, size_t end,
                    size_t length)
{
    recents_note(context, document, start, end, length);
}

void recents_follow(struct recents *recents, struct documents *documents)
{
    documents->on_edit = on_edit;
    documents->on_edit_context = recents;
}

/* ---- telling --------------------------------------------------------------------------------- */

struct lines {
    const char *text;
    size_t length;
};

static size_t first_line_of(struct lines lines)
{
    return lines.length > 0 ? position_next_line(lines.text, lines.length, 0, NULL) : 0;
}

static size_t last_line_of(struct lines lines)
{
    size_t at = lines.length;

    while (at > 0 && (at == lines.length || lines.text[at - 1] != '\n'))
        at--;
    return lines.length - at;
}

/* Takes away the lines that both begin and end with. */
static void leave_out_same(struct lines *old, struct lines *new)
{
    size_t length = first_line_of(*old);

    while (length > 0 && length == first_line_of(*new) &&
           memcmp(old->text, new->text, length) == 0) {
        *old = (struct lines){old->text + length, old->length - length};
        *new = (struct lines){new->text + length, new->length - length};
        length = first_line_of(*old);
    }
    length = last_line_of(*old);
    while (length > 0 && length == last_line_of(*new) &&
           memcmp(old->text + old->length - length, new->text + new->length - length, length) == 0) {
        old->length -= length;
        new->length -= length;
        length = last_line_of(*old);
    }
}

static bool is_blank(struct lines lines)
{
    size_t i = 0;

    while (i < lines.length && isspace((unsigned char)lines.text[i]))
        i++;
    return i == lines.length;
}

static void append_lines(struct buffer *out, char sign, struct lines lines)
{
    for (size_t at = 0; at < lines.length;) {
        size_t line_end;
        size_t next = position_next_line(lines.text, lines.length, at, &line_end);

        buffer_append_byte(out, sign);
        buffer_append(out, lines.text + at, next - line_end - at);
        buffer_append_byte(out, '\n');
        at = next;
    }
}

static void append_change(struct buffer *out, const struct change *change,
                          const struct recents_view *view)
{
    struct text *text = &change->document->text;
    size_t end = change->end < text_length(text) ? change->end : text_length(text);
    size_t start = change->start < end ? change->start : end;
    struct lines old = {change->old.data, change->old.length};
    struct lines new = {text_view(text, start, end), end - start};

    leave_out_same(&old, &new);
    if (is_blank(old))
        return;
    buffer_printf(out, "%s\n", view->name_of(view->context, change->document));
    append_lines(out, '-', old);
    append_lines(out, '+', new);
}

static bool is_shown(const struct change *change, const struct recents_view *view)
{
    return change->document->open && view->may_show(view->context, change->document) &&
           !(change->document == view->document && view->cursor >= change->start &&
             view->cursor <= change->end);
}

int recents_append(struct recents *recents, const struct recents_view *view, struct buffer *out)
{
    struct buffer told[CHANGES_MAX];
    size_t first = recents->count;
    size_t length = 0;
    int error = 0;

    while (first > 0) {
        struct buffer *one = &told[first - 1];

        buffer_init(one, BUFFER_CAP);
        if (is_shown(&recents->items[first - 1], view))
            append_change(one, &recents->items[first - 1], view);
        if (length + one->length > view->budget) {
            buffer_finish(one);
            break;
        }
        length += one->length;
        first--;
    }
    for (size_t i = first; i < recents->count; i++) {
        error = buffer_error(&told[i]) ? buffer_error(&told[i]) : error;
        buffer_append(out, told[i].data, told[i].length);
        buffer_finish(&told[i]);
    }
    return error ? error : buffer_error(out);
}
