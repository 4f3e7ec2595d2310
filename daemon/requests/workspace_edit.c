#include "daemon/requests/workspace_edit.h"

#include "daemon/text.h"
#include "protocol/lsp.h"

#define ANNOTATION "gridls"

static void write_annotation_id(struct json_writer *writer, const struct services *services)
{
    if (services->session.change_annotations)
        json_put_string(writer, "annotationId", ANNOTATION);
}

static void write_edit(struct json_writer *writer, const struct services *services,
                       struct range range, const char *text, size_t length)
{
    json_begin_object(writer);
    json_write_key(writer, "range");
    lsp_write_range(writer, range);
    json_put_text(writer, "newText", text, length);
    write_annotation_id(writer, services);
    json_end_object(writer);
}

static int write_edits(struct json_writer *writer, const struct services *services,
                       const struct workspace_change *change)
{
    struct text text;
    enum position_encoding encoding = services->session.encoding;
    int error = text_init(&text, change->original, change->original_length);
    json_begin_array(writer);
    for (size_t i = 0; i < change->diff.count && !error; i++) {
        const struct diff_hunk *hunk = &change->diff.hunks[i];
        struct range range = {
            .start = text_position(&text, hunk->old_start, encoding),
            .end = text_position(&text, hunk->old_end, encoding),
        };
        write_edit(writer, services, range, change->text.data + hunk->new_start,
                   hunk->new_end - hunk->new_start);
    }
    json_end_array(writer);
    text_finish(&text);
    return error;
}

static void write_creation(struct json_writer *writer, const struct services *services,
                           const struct workspace_change *change)
{
    json_begin_object(writer);
    json_put_string(writer, "kind", "create");
    json_put_string(writer, "uri", change->uri);
    write_annotation_id(writer, services);
    json_end_object(writer);
}

static int write_document_edit(struct json_writer *writer, const struct services *services,
                               const struct workspace_change *change)
{
    json_begin_object(writer);
    json_write_key(writer, "textDocument");
    json_begin_object(writer);
    json_put_string(writer, "uri", change->uri);
    json_write_key(writer, "version");
    if (change->has_version)
        json_write_integer(writer, change->version);
    else
        json_write_null(writer);
    json_end_object(writer);
    json_write_key(writer, "edits");
    int error = write_edits(writer, services, change);
    json_end_object(writer);
    return error;
}

static void write_annotations(struct json_writer *writer, const char *label)
{
    json_write_key(writer, "changeAnnotations");
    json_begin_object(writer);
    json_write_key(writer, ANNOTATION);
    json_begin_object(writer);
    json_put_string(writer, "label", label);
    json_put_bool(writer, "needsConfirmation", true);
    json_end_object(writer);
    json_end_object(writer);
}

int workspace_edit_write(struct json_writer *writer, const struct services *services,
                         const struct workspace_change *changes, size_t count, const char *label)
{
    bool versioned = services->session.document_changes;
    int error = 0;
    json_begin_object(writer);
    json_write_key(writer, versioned ? "documentChanges" : "changes");
    versioned ? json_begin_array(writer) : json_begin_object(writer);
    for (size_t i = 0; i < count && !error; i++) {
        if (versioned && changes[i].creates)
            write_creation(writer, services, &changes[i]);
        if (!versioned)
            json_write_key(writer, changes[i].uri);
        error = versioned ? write_document_edit(writer, services, &changes[i])
                          : write_edits(writer, services, &changes[i]);
    }
    versioned ? json_end_array(writer) : json_end_object(writer);
    if (services->session.change_annotations)
        write_annotations(writer, label);
    json_end_object(writer);
    return error;
}
