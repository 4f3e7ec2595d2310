#include "daemon/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/buffer.h"
#include "protocol/json.h"
#include "protocol/uri.h"

/* Text from a message with its NUL bytes restored; `copy` is owned, NULL where none was needed. */
struct incoming {
    const char *bytes;
    size_t length;
    char *copy;
};

static int incoming_init(struct incoming *incoming, const char *text)
{
    *incoming = (struct incoming){ .bytes = text ? text : "" };
    incoming->length = strlen(incoming->bytes);
    if (!memchr(incoming->bytes, (unsigned char)JSON_NUL_BYTE, incoming->length))
        return 0;
    incoming->copy = strdup(incoming->bytes);
    if (!incoming->copy)
        return -ENOMEM;
    json_restore_nul(incoming->copy, incoming->length);
    incoming->bytes = incoming->copy;
    return 0;
}

static void incoming_finish(struct incoming *incoming)
{
    free(incoming->copy);
}

/* ---- lifetime ------------------------------------------------------------------------------ */

struct document *document_ref(struct document *document)
{
    document->references++;
    return document;
}

void document_unref(struct document *document)
{
    if (!document || --document->references > 0)
        return;
    free(document->uri);
    free(document->key);
    free(document->path);
    free(document->language_id);
    text_finish(&document->text);
    free(document);
}

static int document_create(struct document **created, const struct lsp_text_document *item,
                           const struct incoming *text)
{
    struct document *document = calloc(1, sizeof *document);
    if (!document)
        return -ENOMEM;
    document->references = 1;
    document->version = item->has_version ? item->version : 0;
    document->uri = strdup(item->uri);
    document->key = uri_normalize(item->uri);
    int error = uri_to_path(item->uri, &document->path);
    document->language_id = strdup(item->language_id ? item->language_id : "");
    if (!error)
        error = text_init(&document->text, text->bytes, text->length);
    if (!error && (!document->uri || !document->key || !document->language_id))
        error = -ENOMEM;
    if (error)
        document_unref(document);
    else
        *created = document;
    return error;
}

/* ---- anchors ------------------------------------------------------------------------------- */

void document_anchor_add(struct document_anchor *anchor, struct document *document, size_t start,
                         size_t end)
{
    size_t length = text_length(&document->text);
    *anchor = (struct document_anchor){
        .document = document_ref(document),
        .start = start < length ? start : length,
        .end = end < length ? end : length,
        .touched = !document->open,
        .next = document->anchors,
        .link = &document->anchors,
    };
    if (anchor->end < anchor->start)
        anchor->end = anchor->start;
    if (anchor->next)
        anchor->next->link = &anchor->next;
    document->anchors = anchor;
}

void document_anchor_remove(struct document_anchor *anchor)
{
    if (!anchor || !anchor->document)
        return;
    *anchor->link = anchor->next;
    if (anchor->next)
        anchor->next->link = anchor->link;
    document_unref(anchor->document);
    anchor->document = NULL;
}

static void anchor_follow(struct document_anchor *anchor, size_t start, size_t end, size_t length)
{
    if (end <= anchor->start) {
        anchor->start = anchor->start - (end - start) + length;
        anchor->end = anchor->end - (end - start) + length;
    } else if (start < anchor->end) {
        anchor->touched = true;
        anchor->start = start < anchor->start ? start : anchor->start;
        anchor->end = (end > anchor->end ? end : anchor->end) - (end - start) + length;
    }
}

/* ---- the store ----------------------------------------------------------------------------- */

static void list_add(struct documents *documents, struct document *document)
{
    document->next = documents->first;
    document->link = &documents->first;
    if (document->next)
        document->next->link = &document->next;
    documents->first = document;
}

static void list_remove(struct document *document)
{
    *document->link = document->next;
    if (document->next)
        document->next->link = document->link;
    document->next = NULL;
}

static void document_close(struct document *document)
{
    struct documents *documents = document->documents;
    list_remove(document);
    documents->count--;
    documents->bytes -= text_length(&document->text);
    document->documents = NULL;
    document->open = false;
    for (struct document_anchor *anchor = document->anchors; anchor; anchor = anchor->next)
        anchor->touched = true;
    document_unref(document);
}

void documents_init(struct documents *documents)
{
    *documents = (struct documents){ 0 };
}

void documents_finish(struct documents *documents)
{
    if (!documents)
        return;
    while (documents->first)
        document_close(documents->first);
}

int documents_look_up(const struct documents *documents, const char *uri, struct document **found)
{
    *found = NULL;
    /* A client spells a document the same way each time, so this seldom has to go on. */
    for (struct document *document = documents->first; document; document = document->next) {
        if (strcmp(document->uri, uri) == 0) {
            *found = document;
            return 0;
        }
    }
    char *key CLEANUP(cleanup_free) = uri_normalize(uri);
    if (!key)
        return -ENOMEM;
    for (struct document *document = documents->first; document; document = document->next) {
        if (strcmp(document->key, key) == 0)
            *found = document;
    }
    return *found ? 0 : -ENOENT;
}

struct document *documents_find(const struct documents *documents, const char *uri)
{
    struct document *document;
    documents_look_up(documents, uri, &document);
    return document;
}

int documents_open(struct documents *documents, const struct lsp_text_document *item)
{
    if (documents_close(documents, item->uri) == -ENOMEM)
        return -ENOMEM;
    struct incoming text CLEANUP(incoming_finish);
    int error = incoming_init(&text, item->text);
    if (error)
        return error;
    if (documents->count >= DOCUMENTS_MAX || text.length > DOCUMENTS_BYTES_MAX - documents->bytes)
        return -EMSGSIZE;
    struct document *document;
    error = document_create(&document, item, &text);
    if (error)
        return error;
    document->open = true;
    document->documents = documents;
    documents->count++;
    documents->bytes += text_length(&document->text);
    list_add(documents, document);
    return 0;
}

int documents_close(struct documents *documents, const char *uri)
{
    struct document *document;
    int error = documents_look_up(documents, uri, &document);
    if (!error)
        document_close(document);
    return error;
}

/* ---- changes ------------------------------------------------------------------------------- */

/* Replaces the bytes [start, end), leaving out what stays as it is on either side: clients that
 * send whole lines or texts must not disturb what their user did not touch. */
static int document_edit(struct document *document, size_t start, size_t end, const char *bytes,
                         size_t length)
{
    const char *old = text_view(&document->text, start, end);
    size_t old_length = end - start, same = 0;
    while (same < old_length && same < length && old[same] == bytes[same])
        same++;
    start += same;
    old += same;
    bytes += same;
    old_length -= same;
    length -= same;
    while (old_length > 0 && length > 0 && old[old_length - 1] == bytes[length - 1]) {
        old_length--;
        length--;
    }
    if (old_length == 0 && length == 0)
        return 0;

    struct documents *documents = document->documents;
    if (length > DOCUMENTS_BYTES_MAX - (documents->bytes - old_length))
        return -EMSGSIZE;
    if (documents->on_edit)
        documents->on_edit(documents->on_edit_context, document, start, start + old_length, length);
    int error = text_replace(&document->text, start, start + old_length, bytes, length);
    if (error)
        return error;
    documents->bytes = documents->bytes - old_length + length;
    document->edits++;
    for (struct document_anchor *anchor = document->anchors; anchor; anchor = anchor->next)
        anchor_follow(anchor, start, start + old_length, length);
    return 0;
}

static int apply_change(struct document *document, const struct lsp_content_change *change,
                        enum position_encoding encoding)
{
    struct incoming text CLEANUP(incoming_finish);
    int error = incoming_init(&text, change->text);
    if (error)
        return error;
    size_t start = 0, end = text_length(&document->text);
    if (change->has_range) {
        size_t from = text_offset(&document->text, change->range.start, encoding);
        size_t to = text_offset(&document->text, change->range.end, encoding);
        start = from < to ? from : to;
        end = from < to ? to : from;
    }
    return document_edit(document, start, end, text.bytes, text.length);
}

int document_apply_changes(struct document *document, const struct lsp_content_change *changes,
                           size_t count, int64_t version, enum position_encoding encoding)
{
    if (!document->open)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        int error = apply_change(document, &changes[i], encoding);
        if (error) {
            document_close(document);
            return error;
        }
    }
    document->version = version;
    list_remove(document);
    list_add(document->documents, document);
    return 0;
}

const char *document_name(const struct document *document)
{
    if (document->path)
        return document->path;
    const char *colon = strchr(document->uri, ':');
    return colon ? colon + 1 : document->uri;
}
