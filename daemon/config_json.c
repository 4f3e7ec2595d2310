#include <string.h>

#include "daemon/config_table.h"

static void write_type(struct json_writer *writer, const char *type, const char *items)
{
    json_put_string(writer, "type", type);
    if (!items)
        return;
    json_write_key(writer, "items");
    json_begin_object(writer);
    json_put_string(writer, "type", items);
    json_end_object(writer);
}

/* What a value may be, in the words of JSON Schema. */
static void write_bounds(struct json_writer *writer, const struct setting *row)
{
    switch (row->type) {
    case SETTING_BOOL:
        write_type(writer, "boolean", NULL);
        break;
    case SETTING_UINT:
        write_type(writer, "integer", NULL);
        json_put_integer(writer, "minimum", row->min);
        json_put_integer(writer, "maximum", row->max);
        break;
    case SETTING_CHOICE:
        write_type(writer, "string", NULL);
        json_write_key(writer, "enum");
        json_begin_array(writer);
        for (const char *const *choice = row->choices; *choice; choice++)
            json_write_string(writer, *choice);
        json_end_array(writer);
        break;
    case SETTING_LINES:
    case SETTING_ARGV:
        write_type(writer, "array", "string");
        break;
    case SETTING_PARAMETERS:
        write_type(writer, "object", NULL);
        break;
    case SETTING_TEXT:
    case SETTING_LINE:
    case SETTING_PATH:
        write_type(writer, "string", NULL);
        break;
    }
}

static void write_row(struct json_writer *writer, const struct setting *row)
{
    json_begin_object(writer);
    json_put_string(writer, "name", row->path);
    json_put_string(writer, "description", row->help);
    write_bounds(writer, row);
    json_write_key(writer, "default");
    json_write_raw(writer, row->built_in ? row->built_in : "null",
                   strlen(row->built_in ? row->built_in : "null"));
    json_put_bool(writer, "secret", row->secret);
    json_put_bool(writer, "project", row->project);
    json_end_object(writer);
}

int config_table_json(struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_array(&writer);
    for (size_t id = 0; id < SETTING_COUNT; id++)
        write_row(&writer, config_table_row((enum setting_id)id));
    json_end_array(&writer);
    return buffer_append_byte(out, '\n');
}
