/* JSON in, out and in again, strict and with comments. */
#include "protocol/json.h"

#include <errno.h>

#include "protocol/utf8.h"
#include "tests/fuzz/fuzz.h"

/* What is written is valid, and stays the same when it is read and written again. */
static void holds_round_trip(const struct json *root)
{
    struct buffer first CLEANUP(buffer_finish);
    struct buffer second CLEANUP(buffer_finish);
    struct json *again CLEANUP(json_cleanup) = NULL;
    buffer_init(&first, BUFFER_CAP);
    buffer_init(&second, BUFFER_CAP);
    FUZZ_HOLDS(json_append(&first, root) == 0);
    FUZZ_HOLDS(utf8_is_valid(first.data, first.length));
    FUZZ_HOLDS(json_parse(first.data, first.length, &again) == 0);
    FUZZ_HOLDS(json_append(&second, again) == 0);
    fuzz_holds_same(&first, &second);
}

static void look_round(const char *data, size_t length, const struct json *root)
{
    const char *raw;
    size_t raw_length;
    int64_t integer;
    double number;
    json_integer(root, &integer);
    json_number(root, &number);
    for (const struct json *child = json_first(root); child; child = json_next(child)) {
        const char *key = json_key(child);
        if (json_type(root) == JSON_OBJECT)
            FUZZ_HOLDS(json_member(root, key));
    }
    if (json_type(root) == JSON_OBJECT && json_raw_member(data, length, "id", &raw, &raw_length))
        FUZZ_HOLDS(raw >= data && raw + raw_length <= data + length);
}

void fuzz_one(const char *data, size_t length)
{
    struct json *root CLEANUP(json_cleanup) = NULL;
    struct json *commented CLEANUP(json_cleanup) = NULL;
    unsigned line = 0;
    int status = json_parse(data, length, &root);
    FUZZ_HOLDS(status == 0 || status == -EBADMSG);
    if (status == 0) {
        holds_round_trip(root);
        look_round(data, length, root);
    }
    status = json_parse_commented(data, length, &commented, &line);
    FUZZ_HOLDS(status == 0 || (status == -EBADMSG && line > 0));
    if (status == 0)
        holds_round_trip(commented);
}
