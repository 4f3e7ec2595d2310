#include "protocol/chat_tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_CAP ((size_t)1024) /* bytes of an id or a name */

static const char *const known_members[] = {"index", "id", "type", "function"};

/* ---- life ---------------------------------------------------------------------------------- */

void chat_tool_calls_finish(struct chat_tool_calls *calls)
{
    if (calls == NULL) {
        return;
    }
    for (size_t i = 0; i < calls->count; i++) {
        free(calls->items[i].id);
        free(calls->items[i].name);
        buffer_finish(&calls->items[i].arguments);
        buffer_finish(&calls->items[i].rest);
    }
    free(calls->items);
    memset(calls, 0, sizeof *calls);
}

static int add_call(struct chat_tool_calls *calls, struct chat_tool_call **call)
{
    if (calls->count == CHAT_TOOL_CALLS_MAX) {
        return -EMSGSIZE;
    }
    struct chat_tool_call *items =
        reallocarray(calls->items, calls->count + 1, sizeof *calls->items);
    if (items == NULL) {
        return -ENOMEM;
    }
    calls->items = items;
    *call = &items[calls->count++];
    memset(*call, 0, sizeof **call);
    buffer_init(&(*call)->arguments, CHAT_TOOL_CALL_CAP);
    buffer_init(&(*call)->rest, CHAT_TOOL_CALL_CAP);
    return 0;
}

/* ---- where a fragment belongs -------------------------------------------------------------- */

struct fragment {
    const struct json *value;
    const char *id;              /* "" where it says none */
    const char *name;            /* "" where it says none */
    const struct json *arguments;
    int64_t index;
    bool has_index;
};

/* The string, or "" for what says nothing; some servers write the word null. */
static const char *label(const struct json *value)
{
    const char *text = json_string(value);

    return text == NULL || strcmp(text, "null") == 0 ? "" : text;
}

static void read_fragment(struct fragment *fragment, const struct json *value)
{
    memset(fragment, 0, sizeof *fragment);
    fragment->value = value;
    fragment->id = label(json_member(value, "id"));
    fragment->name = label(json_at(value, "function.name"));
    fragment->arguments = json_at(value, "function.arguments");
    fragment->has_index = json_integer(json_member(value, "index"), &fragment->index);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static bool has_arguments(const struct fragment *fragment)
{
    const char *text = json_string(fragment->arguments);

    return text != NULL ? !is_blank(text) : json_first(fragment->arguments) != NULL;
}

static bool is_known(const char *key)
{
    for (size_t i = 0; i < sizeof known_members / sizeof known_members[0]; i++) {
        if (strcmp(key, known_members[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The next member from `member` on that is none of ours and says something. */
static const struct json *unknown_member(const struct json *member)
{
    while (member != NULL && (is_known(json_key(member)) || json_is_null(member))) {
        member = json_next(member);
    }
    return member;
}

/* Servers send stubs with every delta, and empty fragments behind the last call. */
static bool says_nothing(const struct fragment *fragment)
{
    return fragment->id[0] == '\0' && fragment->name[0] == '\0' && !has_arguments(fragment) &&
           unknown_member(json_first(fragment->value)) == NULL;
}

static struct chat_tool_call *find_by_id(const struct chat_tool_calls *calls, const char *id)
{
    for (size_t i = 0; i < calls->count; i++) {
        if (calls->items[i].id != NULL && strcmp(calls->items[i].id, id) == 0) {
            return &calls->items[i];
        }
    }
    return NULL;
}

static struct chat_tool_call *find_by_index(const struct chat_tool_calls *calls,
                                            const struct fragment *fragment)
{
    for (size_t i = calls->count; i-- > 0 && fragment->has_index;) {
        if (calls->items[i].has_index && calls->items[i].index == fragment->index) {
            return &calls->items[i];
        }
    }
    return calls->count > 0 ? &calls->items[calls->count - 1] : NULL;
}

static bool begins_another(const struct chat_tool_call *call, const struct fragment *fragment)
{
    if (fragment->name[0] == '\0' || call->name == NULL) {
        return false;
    }
    return strcmp(fragment->name, call->name) != 0 || (call->is_closed && has_arguments(fragment));
}

/* The call that the fragment goes on with; NULL: it begins one. */
static struct chat_tool_call *find_call(const struct chat_tool_calls *calls,
                                        const struct fragment *fragment)
{
    if (fragment->id[0] != '\0') {
        return find_by_id(calls, fragment->id);
    }
    struct chat_tool_call *call = find_by_index(calls, fragment);
    return call != NULL && begins_another(call, fragment) ? NULL : call;
}

/* ---- what a fragment brings ---------------------------------------------------------------- */

/* The first one that comes is the one: servers repeat them. */
static int take_label(char **label, const char *text)
{
    if (*label != NULL || text[0] == '\0') {
        return 0;
    }
    if (strlen(text) > LABEL_CAP) {
        return -EMSGSIZE;
    }
    *label = strdup(text);
    return *label != NULL ? 0 : -ENOMEM;
}

/* Follows the brackets, so that the end of the arguments is known without parsing them anew with
 * every fragment. */
static void track(struct chat_tool_call *call, const char *text)
{
    for (; *text != '\0'; text++) {
        if (call->in_escape) {
            call->in_escape = false;
        } else if (call->in_string) {
            call->in_escape = *text == '\\';
            call->in_string = *text != '"';
        } else if (*text == '"') {
            call->in_string = true;
        } else if (*text == '{' || *text == '[') {
            call->depth++;
        } else if ((*text == '}' || *text == ']') && call->depth > 0) {
            call->is_closed = --call->depth == 0;
        }
    }
}

static int take_arguments(struct chat_tool_call *call, const struct json *arguments)
{
    const char *text = json_string(arguments);

    if (text != NULL) {
        track(call, text);
        return buffer_append_string(&call->arguments, text);
    }
    if (json_type(arguments) != JSON_OBJECT || json_first(arguments) == NULL) {
        return 0; /* null, or an empty object: at the end, no arguments are {} */
    }
    /* An object is all of the arguments, also where it is sent twice. */
    call->is_closed = true;
    buffer_clear(&call->arguments);
    return json_append(&call->arguments, arguments);
}

static int take_rest(struct chat_tool_call *call, const struct json *value)
{
    struct buffer *rest = &call->rest;
    struct json_writer writer;

    for (const struct json *member = unknown_member(json_first(value)); member != NULL;
         member = unknown_member(json_next(member))) {
        const char *raw;
        size_t length;

        if (json_raw_member(rest->data, rest->length, json_key(member), &raw, &length)) {
            continue; /* the first one is the one */
        }
        /* Opens the object, or takes its closing brace away again. */
        buffer_truncate(rest, rest->length > 0 ? rest->length - 1 : 0);
        buffer_append_byte(rest, rest->length > 0 ? ',' : '{');
        json_writer_init(&writer, rest);
        json_write_key(&writer, json_key(member));
        json_write_value(&writer, member);
        buffer_append_byte(rest, '}');
        if (buffer_error(rest) != 0) {
            return buffer_error(rest);
        }
    }
    return 0;
}

static int take_fragment(struct chat_tool_calls *calls, const struct json *value, bool whole)
{
    struct fragment fragment;
    int rc = 0;

    read_fragment(&fragment, value);
    if (json_type(value) != JSON_OBJECT || says_nothing(&fragment)) {
        return 0;
    }
    struct chat_tool_call *call = whole ? NULL : find_call(calls, &fragment);
    if (call == NULL) {
        rc = add_call(calls, &call);
        if (rc != 0) {
            return rc;
        }
        call->has_index = fragment.has_index;
        call->index = fragment.index;
    }
    rc = take_label(&call->id, fragment.id);
    if (rc == 0) {
        rc = take_label(&call->name, fragment.name);
    }
    if (rc == 0) {
        rc = take_arguments(call, fragment.arguments);
    }
    return rc != 0 ? rc : take_rest(call, value);
}

int chat_tool_calls_take(struct chat_tool_calls *calls, const struct json *array, bool whole)
{
    int rc = 0;

    if (json_type(array) != JSON_ARRAY) {
        return 0;
    }
    for (const struct json *value = json_first(array); value != NULL && rc == 0;
         value = json_next(value)) {
        rc = take_fragment(calls, value, whole);
    }
    return rc;
}

/* ---- the end ------------------------------------------------------------------------------- */

/* Nine letters and digits: some servers take ids of no other form back. */
static int make_id(const struct chat_tool_calls *calls, size_t at)
{
    char id[16];

    for (unsigned number = (unsigned)at; number <= at + CHAT_TOOL_CALLS_MAX; number++) {
        snprintf(id, sizeof id, "call%05u", number % 100000);
        if (find_by_id(calls, id) == NULL) {
            break;
        }
    }
    calls->items[at].id = strdup(id);
    return calls->items[at].id != NULL ? 0 : -ENOMEM;
}

/* Makes arguments that say nothing an empty object. Returns 0, -EBADMSG where they are no object,
 * or -ENOMEM. */
static int settle_arguments(struct buffer *arguments)
{
    struct json *root CLEANUP(json_cleanup) = NULL;
    int rc = is_blank(arguments->data) ? 0 : json_parse(arguments->data, arguments->length, &root);

    if (rc != 0) {
        return rc;
    }
    if (json_is_null(root)) {
        buffer_clear(arguments);
        return buffer_append_string(arguments, "{}");
    }
    return json_type(root) == JSON_OBJECT ? 0 : -EBADMSG;
}

int chat_tool_calls_settle(struct chat_tool_calls *calls, bool cut)
{
    for (size_t i = 0; i < calls->count; i++) {
        struct chat_tool_call *call = &calls->items[i];
        int rc = settle_arguments(&call->arguments);

        if (rc == -ENOMEM || (call->id == NULL && make_id(calls, i) != 0)) {
            return -ENOMEM;
        }
        if (calls->fault != NULL) {
            continue;
        }
        if (cut && !call->is_closed) {
            calls->fault = "The answer broke off within the call of a tool.";
        } else if (call->name == NULL) {
            calls->fault = "The model called a tool without naming it.";
        } else if (rc != 0) {
            calls->fault = "The model called a tool with arguments that are no JSON object.";
        }
    }
    return 0;
}

int chat_tool_calls_copy(struct chat_tool_calls *copy, const struct chat_tool_calls *calls)
{
    int rc = 0;

    copy->fault = calls->fault;
    for (size_t i = 0; i < calls->count && rc == 0; i++) {
        const struct chat_tool_call *from = &calls->items[i];
        struct chat_tool_call *to;

        rc = add_call(copy, &to);
        if (rc == 0) {
            to->id = from->id != NULL ? strdup(from->id) : NULL;
            to->name = from->name != NULL ? strdup(from->name) : NULL;
            buffer_append(&to->arguments, from->arguments.data, from->arguments.length);
            buffer_append(&to->rest, from->rest.data, from->rest.length);
            rc = (from->id != NULL && to->id == NULL) || (from->name != NULL && to->name == NULL) ||
                         buffer_error(&to->arguments) != 0 || buffer_error(&to->rest) != 0
                     ? -ENOMEM
                     : 0;
        }
    }
    return rc;
}

void chat_tool_calls_write(const struct chat_tool_calls *calls, struct json_writer *writer)
{
    json_begin_array(writer);
    for (size_t i = 0; i < calls->count; i++) {
        const struct chat_tool_call *call = &calls->items[i];

        json_begin_object(writer);
        json_put_string(writer, "id", call->id);
        json_put_string(writer, "type", "function");
        json_write_key(writer, "function");
        json_begin_object(writer);
        json_put_string(writer, "name", call->name);
        json_put_text(writer, "arguments", call->arguments.data, call->arguments.length);
        json_end_object(writer);
        if (call->rest.length > 0) {
            /* Its members, without the braces, as members of this object. */
            json_write_raw(writer, call->rest.data + 1, call->rest.length - 2);
        }
        json_end_object(writer);
    }
    json_end_array(writer);
}
