#ifndef GRIDLS_JSON_H
#define GRIDLS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"

/*
 * JSON (RFC 8259) in and out. The only files that know cJSON are json.c and its siblings here; the
 * rest of the project sees opaque values, field tables and a writer.
 *
 * What a peer may send is repaired before cJSON sees it: ill-formed UTF-8 and lone surrogates
 * become U+FFFD. `\u0000` becomes the byte 0xFF, which valid UTF-8 never holds, so that a C string
 * can carry it: document text turns it back into NUL with json_restore_nul(); the writer turns it
 * into U+FFFD. Nesting above JSON_DEPTH_MAX and anything but blanks after the value are refused.
 */

#define JSON_DEPTH_MAX 128
#define JSON_NUL_BYTE '\xFF'

/* A parsed value; valid as long as the root that it belongs to. */
struct json;

enum json_type {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/*
 * Parses one whole value; only blanks may follow. `text` need not be NUL-terminated and is not
 * kept. *root is the caller's, freed with json_destroy(). Returns 0, -EBADMSG (not JSON) or
 * -ENOMEM.
 */
int json_parse(const char *text, size_t length, struct json **root);

/* The same for JSON with comments (line and block comments, trailing commas), for files that people
 * write. *line is the line (from 1) of the fault on -EBADMSG; may be NULL. */
int json_parse_commented(const char *text, size_t length, struct json **root, unsigned *line);

void json_destroy(struct json *root);
void json_cleanup(struct json **root); /* for CLEANUP */

/* Reading. All take NULL as JSON null, so lookups chain. */
enum json_type json_type(const struct json *value);
bool json_is_null(const struct json *value);

/* The member `key` (case-sensitive, first wins) of an object; NULL where there is none. */
const struct json *json_member(const struct json *object, const char *key);

/* The member at a dotted path, "a.b.c". */
const struct json *json_at(const struct json *object, const char *path);

/* Iterates arrays and objects: first child, next sibling, number of children; the key of a child of
 * an object. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *child);
size_t json_count(const struct json *container);
const char *json_key(const struct json *child);

/* The string, or NULL where the value is none. NUL-terminated, valid UTF-8 but for
 * JSON_NUL_BYTE. */
const char *json_string(const struct json *value);

/* True for true; false for anything else. */
bool json_true(const struct json *value);

/* The number as an integer; false where it is no number, not whole or beyond +-2^53. */
bool json_integer(const struct json *value, int64_t *out);
/* The number; false where it is none or not finite. */
bool json_number(const struct json *value, double *out);

/* Turns each JSON_NUL_BYTE of text into NUL, in place. */
void json_restore_nul(char *text, size_t length);

/* Appends the value as compact JSON: integers exactly (within 2^53), everything escaped as
 * needed. */
int json_append(struct buffer *out, const struct json *value);

/*
 * Finds the raw text of a top-level member in the text of an object, for numbers whose exact digits
 * matter (JSON-RPC ids). The text must have passed json_parse(). Returns false where it is missing.
 */
bool json_raw_member(const char *text, size_t length, const char *key, const char **raw,
                     size_t *raw_length);

/* ---- field tables -------------------------------------------------------------------------- */

/*
 * A table describes how the members of an object become the members of a C struct, so that handlers
 * never see JSON. It ends with a row whose name is NULL. Unknown members are passed over. A member
 * that is null counts as absent, as LSP clients send both. An empty array may stand for an empty
 * object and the other way round, as Lua cannot tell them apart.
 */
enum json_kind {
    JSON_FIELD_STRING,  /* const char *; points into the parsed value; NULL when absent */
    JSON_FIELD_BOOL,    /* bool; false when absent; a number counts as in C, for Vim script */
    JSON_FIELD_INTEGER, /* int64_t; must be whole */
    JSON_FIELD_UINTEGER, /* uint32_t; LSP uinteger, 0 .. 2^31-1; larger ones and those below 0 are
                            clamped, as some clients count so */
    JSON_FIELD_NUMBER,   /* double */
    JSON_FIELD_OBJECT,   /* a struct described by `fields`, at offset; offset may equal the parent's
                            base, which flattens the member into the parent */
    JSON_FIELD_ARRAY,    /* struct json_list of structs of `size` bytes, described by `fields` */
    JSON_FIELD_STRINGS,  /* struct json_list of const char *; other elements are left out */
    JSON_FIELD_VALUE,    /* const struct json *; anything */
    JSON_FIELD_TOKEN,    /* const struct json *; must be a string or a number (progress token) */
    JSON_FIELD_PRESENT,  /* bool; true when the member is there and neither null nor false */
};

struct json_field {
    const char *name;
    enum json_kind kind;
    size_t offset;    /* of the C member, from the start of the struct being filled */
    bool required;    /* absent or null is a fault */
    size_t present;   /* offset of a bool set to true when the member was there; 0: none */
    const struct json_field *fields; /* OBJECT, ARRAY */
    size_t size;                     /* ARRAY: sizeof one element */
};

/* What ARRAY and STRINGS fill in; owned by the struct, freed by json_decode_finish(). */
struct json_list {
    void *items;
    size_t count;
};

/* Where and what the first fault was, for the message of an InvalidParams answer. */
struct json_fault {
    char path[96];  /* "textDocument.uri", "contentChanges[3].range"; cut if longer; "params" for
                       the value itself */
    char wanted[48]; /* "a string", "an object", ... */
};

/*
 * Fills *out (which it first sets to zero for `size` bytes) from `object`. An absent object (NULL
 * or null) is taken as {}. Returns 0, -EINVAL with *fault (may be NULL) told, or -ENOMEM; on
 * failure nothing needs freeing. Strings and values point into the parsed value and live as long as
 * it.
 */
int json_decode(const struct json *object, const struct json_field *fields, void *out, size_t size,
                struct json_fault *fault);

/* Frees the lists that json_decode() made. */
void json_decode_finish(const struct json_field *fields, void *out);

/* ---- writer -------------------------------------------------------------------------------- */

/*
 * Writes JSON straight into a buffer: no tree, commas placed by itself, strings escaped and made
 * valid (ill-formed bytes and JSON_NUL_BYTE become U+FFFD, so a peer never gets what it cannot
 * decode). The caller balances begin and end. Errors are the buffer's.
 */
struct json_writer {
    struct buffer *out;
    bool comma;     /* something precedes at this level */
    unsigned depth;
};

void json_writer_init(struct json_writer *writer, struct buffer *out);

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
void json_write_key(struct json_writer *writer, const char *key);
void json_write_null(struct json_writer *writer);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_integer(struct json_writer *writer, int64_t value);
void json_write_number(struct json_writer *writer, double value);
void json_write_string(struct json_writer *writer, const char *string); /* NULL writes null */
void json_write_text(struct json_writer *writer, const char *text, size_t length);
void json_write_raw(struct json_writer *writer, const char *json, size_t length);
void json_write_value(struct json_writer *writer, const struct json *value);

/* key and value in one. */
void json_put_bool(struct json_writer *writer, const char *key, bool value);
void json_put_integer(struct json_writer *writer, const char *key, int64_t value);
void json_put_string(struct json_writer *writer, const char *key, const char *string);
void json_put_text(struct json_writer *writer, const char *key, const char *text, size_t length);

#endif
