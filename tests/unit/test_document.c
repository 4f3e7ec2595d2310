#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/document.h"

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static size_t steps(void)
{
    const char *given = getenv("GRIDLS_TEST_STEPS");
    return given && *given ? strtoul(given, NULL, 10) : 100000;
}

static struct document *open_document(struct documents *documents, const char *uri,
                                      const char *text)
{
    struct lsp_text_document item = {
        .uri = uri, .language_id = "c", .version = 1, .has_version = true, .text = text,
    };
    assert_int_equal(documents_open(documents, &item), 0);
    struct document *document = documents_find(documents, uri);
    assert_non_null(document);
    return document;
}

static void assert_text(struct document *document, const char *wanted, size_t length)
{
    assert_int_equal(text_length(&document->text), length);
    assert_memory_equal(text_view(&document->text, 0, length), wanted, length);
}

static struct lsp_content_change replace(uint32_t line, uint32_t from, uint32_t to_line,
                                         uint32_t to, const char *text)
{
    return (struct lsp_content_change){
        .range = { { line, from }, { to_line, to } }, .has_range = true, .text = text,
    };
}

static void apply(struct document *document, struct lsp_content_change change)
{
    assert_int_equal(document_apply_changes(document, &change, 1, document->version + 1,
                                            POSITION_UTF16), 0);
}

static void opens_finds_and_closes(void **state)
{
    (void)state;
    struct documents documents;
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///tmp/a%20b.c", "int x;\n");
    assert_string_equal(document->uri, "file:///tmp/a%20b.c");
    assert_string_equal(document->path, "/tmp/a b.c");
    assert_string_equal(document->language_id, "c");
    assert_int_equal(document->version, 1);
    assert_int_equal(document->edits, 0);
    assert_true(document->open);
    assert_int_equal(documents.count, 1);
    assert_int_equal(documents.bytes, 7);
    assert_ptr_equal(documents_find(&documents, "file:///tmp/%61%20b.c"), document);
    assert_null(documents_find(&documents, "file:///tmp/other.c"));
    assert_int_equal(documents_close(&documents, "file:///tmp/other.c"), -ENOENT);
    assert_int_equal(documents_close(&documents, "file:///tmp/%61%20b.c"), 0);
    assert_int_equal(documents_close(&documents, "file:///tmp/a%20b.c"), -ENOENT);
    assert_int_equal(documents.count, 0);
    assert_int_equal(documents.bytes, 0);
    documents_finish(&documents);
    documents_finish(NULL);
}

static void opaque_uris_have_no_path(void **state)
{
    (void)state;
    struct documents documents;
    struct lsp_text_document item = { .uri = "untitled:Untitled-1" };
    documents_init(&documents);
    assert_int_equal(documents_open(&documents, &item), 0);
    struct document *document = documents_find(&documents, "untitled:Untitled-1");
    assert_non_null(document);
    assert_null(document->path);
    assert_string_equal(document->language_id, "");
    assert_int_equal(document->version, 0);
    assert_text(document, "", 0);
    documents_finish(&documents);
}

static void opening_again_replaces(void **state)
{
    (void)state;
    struct documents documents;
    documents_init(&documents);
    struct document *old = document_ref(open_document(&documents, "file:///a", "old"));
    struct document *new = open_document(&documents, "file:///%61", "newer");
    assert_ptr_not_equal(old, new);
    assert_false(old->open);
    assert_text(old, "old", 3);
    assert_string_equal(new->uri, "file:///%61");
    assert_int_equal(documents.count, 1);
    assert_int_equal(documents.bytes, 5);
    document_unref(old);
    document_unref(NULL);
    documents_finish(&documents);
}

static void a_reference_outlives_the_close(void **state)
{
    (void)state;
    struct documents documents;
    struct lsp_content_change change = { .text = "later" };
    documents_init(&documents);
    struct document *document = document_ref(open_document(&documents, "file:///a", "text"));
    documents_finish(&documents);
    assert_false(document->open);
    assert_text(document, "text", 4);
    assert_int_equal(document_apply_changes(document, &change, 1, 2, POSITION_UTF16), -EINVAL);
    document_unref(document);
}

static void the_last_changed_comes_first(void **state)
{
    (void)state;
    struct documents documents;
    documents_init(&documents);
    struct document *a = open_document(&documents, "file:///a", "");
    struct document *b = open_document(&documents, "file:///b", "");
    struct document *c = open_document(&documents, "file:///c", "");
    assert_ptr_equal(documents.first, c);
    apply(a, replace(0, 0, 0, 0, "x"));
    assert_ptr_equal(documents.first, a);
    assert_ptr_equal(a->next, c);
    assert_ptr_equal(c->next, b);
    assert_null(b->next);
    documents_close(&documents, "file:///c");
    assert_ptr_equal(a->next, b);
    documents_finish(&documents);
}

static void events_apply_in_order(void **state)
{
    (void)state;
    struct documents documents;
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///a", "one\r\ntwo\n");
    struct lsp_content_change changes[] = {
        replace(0, 3, 1, 0, " "),      /* "one two\n" */
        replace(0, 99, 0, 4, "2"),     /* "one 2\n": swapped and clamped */
        replace(7, 0, 7, 5, "\nlast"), /* behind the end */
        replace(0, 0, 0, 3, "\xF0\x9F\x98\x80"),
        replace(0, 2, 0, 3, "\t"),     /* behind the surrogate pair */
    };
    assert_int_equal(document_apply_changes(document, changes, 5, 77, POSITION_UTF16), 0);
    assert_text(document, "\xF0\x9F\x98\x80\t2\n\nlast", 12);
    assert_int_equal(document->version, 77);
    assert_int_equal(document->edits, 5);
    assert_int_equal(documents.bytes, 12);
    struct lsp_content_change whole = { .text = "all new" };
    assert_int_equal(document_apply_changes(document, &whole, 1, 80, POSITION_UTF16), 0);
    assert_text(document, "all new", 7);
    assert_int_equal(document_apply_changes(document, NULL, 0, 81, POSITION_UTF16), 0);
    assert_int_equal(document->version, 81);
    documents_finish(&documents);
}

static void what_stays_the_same_is_no_edit(void **state)
{
    (void)state;
    struct documents documents;
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///a", "one two three");
    apply(document, (struct lsp_content_change){ .text = "one two three" });
    apply(document, replace(0, 4, 0, 7, "two"));
    assert_int_equal(document->edits, 0);
    assert_int_equal(document->version, 3);
    documents_finish(&documents);
}

static void nul_bytes_are_restored(void **state)
{
    (void)state;
    struct documents documents;
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///a", "a\xFFz");
    assert_text(document, "a\0z", 3);
    apply(document, replace(0, 2, 0, 2, "\xFF\xFF"));
    assert_text(document, "a\0\0\0z", 5);
    documents_finish(&documents);
}

static void the_number_of_documents_is_capped(void **state)
{
    (void)state;
    struct documents documents;
    struct lsp_text_document item = { .uri = "untitled:more", .text = "x" };
    documents_init(&documents);
    open_document(&documents, "untitled:1", "");
    documents.count += DOCUMENTS_MAX - 2;
    open_document(&documents, "untitled:2", "");
    assert_int_equal(documents_open(&documents, &item), -EMSGSIZE);
    assert_null(documents_find(&documents, "untitled:more"));
    open_document(&documents, "untitled:2", "again");
    documents_finish(&documents);
}

static void the_bytes_of_all_texts_are_capped(void **state)
{
    (void)state;
    struct documents documents;
    struct lsp_text_document item = { .uri = "untitled:more", .text = "x" };
    documents_init(&documents);
    struct document *document = document_ref(open_document(&documents, "file:///a", "abc"));
    documents.bytes += DOCUMENTS_BYTES_MAX - 4;
    apply(document, replace(0, 3, 0, 3, "d"));
    assert_int_equal(documents_open(&documents, &item), -EMSGSIZE);
    apply(document, replace(0, 0, 0, 1, "x"));
    struct lsp_content_change change = replace(0, 0, 0, 1, "yz");
    assert_int_equal(document_apply_changes(document, &change, 1, 9, POSITION_UTF16), -EMSGSIZE);
    assert_false(document->open);
    assert_null(documents_find(&documents, "file:///a"));
    document_unref(document);
    documents_finish(&documents);
}

static void anchors_follow_their_bytes(void **state)
{
    (void)state;
    struct documents documents;
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///a", "0123456789");
    static const struct {
        struct lsp_content_change change;
        size_t start, end;
        bool touched;
    } cases[] = { /* the range is "345" */
        { { { { 0, 0 }, { 0, 0 } }, true, "xy" }, 5, 8, false },
        { { { { 0, 3 }, { 0, 3 } }, true, "xy" }, 5, 8, false }, /* at its start: before it */
        { { { { 0, 1 }, { 0, 3 } }, true, "" }, 1, 4, false },
        { { { { 0, 1 }, { 0, 3 } }, true, "xyz" }, 4, 7, false },
        { { { { 0, 6 }, { 0, 6 } }, true, "xy" }, 3, 6, false }, /* at its end: behind it */
        { { { { 0, 6 }, { 0, 8 } }, true, "x" }, 3, 6, false },
        { { { { 0, 4 }, { 0, 4 } }, true, "x" }, 3, 7, true },
        { { { { 0, 2 }, { 0, 4 } }, true, "x" }, 2, 5, true },
        { { { { 0, 5 }, { 0, 7 } }, true, "" }, 3, 5, true },
        { { { { 0, 0 }, { 0, 10 } }, true, "x" }, 0, 1, true },
        { { { { 0, 3 }, { 0, 6 } }, true, "x" }, 3, 4, true },
        { { { { 0, 0 }, { 0, 0 } }, false, "0x123456789y" }, 1, 12, true }, /* one edit */
        { { { { 0, 0 }, { 0, 0 } }, false, "x0123456789" }, 4, 7, false },
        { { { { 0, 0 }, { 0, 0 } }, false, "012345" }, 3, 6, false },
        { { { { 0, 2 }, { 0, 7 } }, true, "x3456" }, 3, 6, false }, /* only the 2 has changed */
        { { { { 0, 2 }, { 0, 7 } }, true, "2345x" }, 3, 6, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct document_anchor anchor;
        apply(document, (struct lsp_content_change){ .text = "0123456789" });
        document_anchor_add(&anchor, document, 3, 6);
        apply(document, cases[i].change);
        assert_int_equal(anchor.touched, cases[i].touched);
        assert_int_equal(anchor.start, cases[i].start);
        assert_int_equal(anchor.end, cases[i].end);
        document_anchor_remove(&anchor);
    }
    documents_finish(&documents);
}

static void empty_and_odd_anchors(void **state)
{
    (void)state;
    struct documents documents;
    struct document_anchor empty, beyond, backwards, zero = { 0 };
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///a", "0123456789");
    document_anchor_add(&empty, document, 5, 5);
    document_anchor_add(&beyond, document, 100, 200);
    document_anchor_add(&backwards, document, 8, 2);
    assert_int_equal(beyond.start, 10);
    assert_int_equal(beyond.end, 10);
    assert_int_equal(backwards.end, 8);
    apply(document, replace(0, 5, 0, 5, "x"));
    assert_int_equal(empty.start, 6);
    assert_int_equal(empty.end, 6);
    apply(document, replace(0, 6, 0, 8, ""));
    assert_int_equal(empty.start, 6);
    assert_false(empty.touched);
    document_anchor_remove(&backwards);
    document_anchor_remove(&backwards);
    document_anchor_remove(&zero);
    document_anchor_remove(NULL);
    apply(document, replace(0, 5, 0, 7, ""));
    assert_true(empty.touched);
    assert_int_equal(empty.start, 5);
    assert_int_equal(empty.end, 5);
    document_anchor_remove(&empty);
    document_anchor_remove(&beyond);
    documents_finish(&documents);
}

static void closing_touches_anchors(void **state)
{
    (void)state;
    struct documents documents;
    struct document_anchor anchor, late;
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///a", "abc");
    document_anchor_add(&anchor, document, 0, 1);
    documents_close(&documents, "file:///a");
    assert_true(anchor.touched);
    assert_false(anchor.document->open);
    document_anchor_add(&late, anchor.document, 1, 2);
    assert_true(late.touched);
    document_anchor_remove(&anchor);
    document_anchor_remove(&late);
    documents_finish(&documents);
}

/* ---- random edits against a model -------------------------------------------------------- */

#define MODEL_SIZE ((size_t)300)
#define ANCHOR_COUNT 6

/* The text as a plain string; each byte has a number of its own, which it keeps while it lives. */
struct model {
    char bytes[MODEL_SIZE + 1];
    uint32_t names[MODEL_SIZE];
    size_t length;
    uint32_t last_name;
};

/* What an anchor was put on: the names of its bytes, and whether they have stayed together. */
struct expectation {
    uint32_t names[MODEL_SIZE];
    size_t count;
    size_t start;
    bool parted;
};

static void model_edit(struct model *model, size_t start, size_t end, const char *bytes,
                       size_t length)
{
    /* What an edit leaves as it was keeps its name. */
    while (start < end && length > 0 && model->bytes[start] == *bytes)
        start++, bytes++, length--;
    while (start < end && length > 0 && model->bytes[end - 1] == bytes[length - 1])
        end--, length--;
    memmove(model->bytes + start + length, model->bytes + end, model->length - end);
    memmove(model->names + start + length, model->names + end,
            (model->length - end) * sizeof *model->names);
    memcpy(model->bytes + start, bytes, length);
    for (size_t i = 0; i < length; i++)
        model->names[start + i] = ++model->last_name;
    model->length += length - (end - start);
    model->bytes[model->length] = '\0';
}

/* The text is ASCII, so a character is a byte. */
static struct position model_position(const struct model *model, size_t offset)
{
    struct position position = { 0, 0 };
    for (size_t i = 0; i < offset; i++) {
        position.character++;
        if (model->bytes[i] == '\n' || (model->bytes[i] == '\r' && model->bytes[i + 1] != '\n'))
            position = (struct position){ position.line + 1, 0 };
    }
    return position;
}

static size_t random_place(const struct model *model, uint32_t *seed, size_t from, size_t within)
{
    size_t room = model->length - from;
    size_t place = from + next_random(seed) % ((room < within ? room : within) + 1);
    /* No position lies within a line end of two bytes. */
    if (place > 0 && model->bytes[place - 1] == '\r' && model->bytes[place] == '\n')
        place++;
    return place;
}

static void random_word(uint32_t *seed, char *word)
{
    size_t length = next_random(seed) % 8;
    for (size_t i = 0; i < length; i++)
        word[i] = "abcde\n\rf"[next_random(seed) % 8];
    word[length] = '\0';
}

static void follow(struct expectation *wanted, const struct model *model)
{
    size_t at = 0;
    while (at < model->length && model->names[at] != wanted->names[0])
        at++;
    wanted->start = at;
    if (model->length - at < wanted->count ||
        memcmp(model->names + at, wanted->names, wanted->count * sizeof *wanted->names) != 0)
        wanted->parted = true;
}

static void assert_anchor(const struct document_anchor *anchor, const struct expectation *wanted,
                          const struct model *model)
{
    assert_true(anchor->start <= anchor->end && anchor->end <= model->length);
    assert_int_equal(anchor->touched, wanted->parted);
    if (!wanted->parted) {
        assert_int_equal(anchor->start, wanted->start);
        assert_int_equal(anchor->end, wanted->start + wanted->count);
    }
}

static void place_anchor(struct document_anchor *anchor, struct expectation *wanted,
                         struct document *document, const struct model *model, uint32_t *seed)
{
    if (model->length == 0)
        return;
    size_t start = next_random(seed) % model->length;
    size_t end = start + 1 + next_random(seed) % (model->length - start);
    document_anchor_remove(anchor);
    document_anchor_add(anchor, document, start, end);
    wanted->count = end - start;
    wanted->parted = false;
    memcpy(wanted->names, model->names + start, wanted->count * sizeof *wanted->names);
}

/* Makes one random event, and the same edit to the model. `text` is the event's, of MODEL_SIZE + 1.
 * */
static void random_change(struct lsp_content_change *change, char *text, struct model *model,
                          uint32_t *seed)
{
    size_t start = random_place(model, seed, 0, MODEL_SIZE), end = start;
    if (next_random(seed) % 2)
        end = random_place(model, seed, start, next_random(seed) % 50 ? 6 : MODEL_SIZE);
    random_word(seed, text);
    if (model->length - (end - start) + strlen(text) > MODEL_SIZE)
        text[0] = '\0';
    bool swapped = next_random(seed) % 8 == 0;
    *change = (struct lsp_content_change){
        .range = { model_position(model, swapped ? end : start),
                   model_position(model, swapped ? start : end) },
        .has_range = next_random(seed) % 8 > 0,
        .text = text,
    };
    if (change->has_range) {
        model_edit(model, start, end, text, strlen(text));
    } else {
        char whole[MODEL_SIZE + 1];
        int length = snprintf(whole, sizeof whole, "%.*s%s%s", (int)start, model->bytes, text,
                              model->bytes + end);
        model_edit(model, 0, model->length, whole, (size_t)length);
        memcpy(text, whole, (size_t)length + 1);
    }
}

static void random_edits_match_a_model(void **state)
{
    (void)state;
    struct documents documents;
    struct model model = { .length = 0 };
    struct expectation wanted[ANCHOR_COUNT] = { { .count = 0 } };
    struct document_anchor anchors[ANCHOR_COUNT] = { { 0 } };
    uint32_t seed = 9;
    size_t followed = 0, count = steps();
    documents_init(&documents);
    struct document *document = open_document(&documents, "file:///a", "");

    for (size_t step = 0; step < count; step++) {
        struct lsp_content_change changes[3];
        char texts[3][MODEL_SIZE + 1];
        size_t events = 1 + next_random(&seed) % 3;
        for (size_t i = 0; i < events; i++) {
            random_change(&changes[i], texts[i], &model, &seed);
            for (size_t j = 0; j < ANCHOR_COUNT; j++)
                follow(&wanted[j], &model);
        }
        assert_int_equal(document_apply_changes(document, changes, events, (int64_t)step,
                                                POSITION_UTF8), 0);
        assert_text(document, model.bytes, model.length);
        assert_int_equal(documents.bytes, model.length);
        for (size_t i = 0; i < ANCHOR_COUNT; i++) {
            if (anchors[i].document)
                assert_anchor(&anchors[i], &wanted[i], &model);
            if (anchors[i].document && !anchors[i].touched)
                followed++;
            else
                place_anchor(&anchors[i], &wanted[i], document, &model, &seed);
        }
    }
    /* The test is worth something only if many anchors lived on. */
    assert_true(count < 100 || followed > count);
    for (size_t i = 0; i < ANCHOR_COUNT; i++)
        document_anchor_remove(&anchors[i]);
    documents_finish(&documents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_finds_and_closes),
        cmocka_unit_test(opaque_uris_have_no_path),
        cmocka_unit_test(opening_again_replaces),
        cmocka_unit_test(a_reference_outlives_the_close),
        cmocka_unit_test(the_last_changed_comes_first),
        cmocka_unit_test(events_apply_in_order),
        cmocka_unit_test(what_stays_the_same_is_no_edit),
        cmocka_unit_test(nul_bytes_are_restored),
        cmocka_unit_test(the_number_of_documents_is_capped),
        cmocka_unit_test(the_bytes_of_all_texts_are_capped),
        cmocka_unit_test(anchors_follow_their_bytes),
        cmocka_unit_test(empty_and_odd_anchors),
        cmocka_unit_test(closing_touches_anchors),
        cmocka_unit_test(random_edits_match_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
