#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/redact.h"
#include "daemon/redact_shapes.h"

/* Made up, and put together from halves so that scanners of repositories do not take fright. */
#define KEY_BODY \
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n" \
    "MzEfYyjiWA4R4ypbHqGC0H0+tG3hGbN4OYC8aOVWvT1kS0qzMzEfYyjiWA4R4ypb\n"
#define BEGIN_KEY "-----BEGIN " "PRIVATE KEY-----"
#define END_KEY "-----END " "PRIVATE KEY-----"

#define SHAPE "ghp" "_16C7e42F292c6912E7710c838347Ae178B4a"

/* `secret` stands at %s in `text`, once. */
static const struct {
    const char *name;
    const char *text;
    const char *secret;
} secrets[] = {
    {"openai", "key = '%s'", "sk-" "proj-Ab12Cd34Ef56Gh78Ij90"},
    {"github", "%s", "ghp" "_16C7e42F292c6912E7710c838347Ae178B4a"},
    {"github fine-grained", "x %s y", "github" "_pat_11ABCDEFG0aBcDeFgHiJkL_mnop"},
    {"gitlab", "(%s)", "glpat" "-Ab12Cd34Ef56Gh78Ij90"},
    {"slack", "\"%s\"", "xoxb" "-123456789012-abcdefGHIJ"},
    {"amazon", "id: %s\n", "AKIA" "IOSFODNN7EXAMPLE"},
    {"google", "%s", "AIza" "SyA1234567890abcdefghijklmnopqrstuv"},
    {"jwt", "\"%s\"", "eyJ" "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"},
    {"bearer", "Authorization: Bearer %s\r\n", "a8Kd0-s9Xq2.Lm4Zp7Rt1Vw"},
    {"key block", "k = \"\"\"\n%s\n\"\"\"", BEGIN_KEY "\n" KEY_BODY END_KEY},
    {"cut key block", "%s", BEGIN_KEY "\n" KEY_BODY "MzEfYyj"},
    {"end of a key block", "%s\nnext", KEY_BODY END_KEY},
    {"url", "postgres://app:%s@db.local/x", "hunter2!"},
    {"assignment", "password = \"%s\";", "Tr0ub4dor&3xyz"},
    {"JSON", "{\"client_secret\": \"%s\"}", "aB3dE5fG7hJ9kL1m"},
    {"Ruby", ":api_key => '%s'", "q8w7e6r5t4y3u2i1"},
    {"shell", "export API_TOKEN=%s\n", "q8w7e6r5t4y3u2i1"},
};

static const char *const innocent[] = {
    "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
    "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "id = \"123e4567-e89b-12d3-a456-426614174000\"",
    "token = \"123e4567-e89b-12d3-a456-426614174000\"",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
    "password = \"password\"",
    "password = \"changeme12345\"",
    "password = get_password_v2_now()",
    "token = self.next_token(kind2, value3)",
    "secret = \"aaaaaaaaaaaaaaaa1\"",
    "API_KEY=${API_KEY_FROM_ENV_1}",
    "token_url = \"https://example.org/oauth2/v1/token\"",
    ("sk-folding-" "cube-animation-name"),
    "risk-averse-0123456789012345678901234567890",
    "http://example.org:8080/path@2",
    "https://user@example.org/",
    "git@github.com:a/b.git",
    "http://user:$PASSWORD@host/",
    "postgres://postgres:postgres@localhost",
    "if (starts_with(text, \"-----BEGIN PRIVATE KEY-----\"))",
    "Bearer token authentication is required",
    "eyJust.a.word",
    "",
};

static int ignore_text(void *context, unsigned index, const char *text, size_t length)
{
    (void)context;
    (void)index;
    (void)text;
    (void)length;
    return 0;
}

static struct redaction *create(void)
{
    struct redaction *redaction;

    assert_int_equal(redaction_create(&redaction, true), 0);
    return redaction;
}

static void restore_in_pieces(const struct redaction *redaction, const struct buffer *text,
                              size_t most, struct buffer *out)
{
    struct buffer held;
    size_t at = 0;

    buffer_init(&held, BUFFER_CAP);
    while (at < text->length) {
        size_t piece = most > 0 ? most : 1 + (size_t)rand() % 9;

        if (piece > text->length - at)
            piece = text->length - at;
        assert_int_equal(redaction_restore(redaction, &held, text->data + at, piece, 0, out), 0);
        at += piece;
    }
    assert_int_equal(redaction_restore(redaction, &held, "", 0, 1, out), 0);
    buffer_finish(&held);
}

static void check_round_trip(const struct redaction *redaction, const struct buffer *redacted,
                             const char *text)
{
    size_t most;

    for (most = 0; most < 24; most++) {
        struct buffer out;

        buffer_init(&out, BUFFER_CAP);
        restore_in_pieces(redaction, redacted, most, &out);
        assert_string_equal(out.data, text);
        buffer_finish(&out);
    }
}

static void test_secrets_go_and_come_back(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        struct redaction *redaction = create();
        const char *place = strstr(secrets[i].text, "%s");
        struct buffer text;
        struct buffer out;

        buffer_init(&text, BUFFER_CAP);
        buffer_init(&out, BUFFER_CAP);
        buffer_append(&text, secrets[i].text, (size_t)(place - secrets[i].text));
        buffer_append_string(&text, secrets[i].secret);
        buffer_append_string(&text, place + 2);
        assert_int_equal(redaction_apply(redaction, text.data, text.length, &out), 0);
        if (strstr(out.data, secrets[i].secret) || redaction_count(redaction) != 1 ||
            memcmp(out.data, text.data, (size_t)(place - secrets[i].text)) != 0 ||
            strcmp(out.data + out.length - strlen(place + 2), place + 2) != 0)
            fail_msg("%s: %s", secrets[i].name, out.data);
        check_round_trip(redaction, &out, text.data);
        buffer_finish(&text);
        buffer_finish(&out);
        redaction_destroy(redaction);
    }
}

static void test_other_texts_stay(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(innocent) / sizeof(innocent[0]); i++) {
        struct redaction *redaction = create();
        struct buffer out;

        buffer_init(&out, BUFFER_CAP);
        assert_int_equal(redaction_apply(redaction, innocent[i], strlen(innocent[i]), &out), 0);
        assert_string_equal(out.data, innocent[i]);
        assert_int_equal(redaction_count(redaction), 0);
        buffer_finish(&out);
        redaction_destroy(redaction);
    }
}

static void test_own_key_goes_everywhere(void **state)
{
    struct redaction *redaction = create();
    struct buffer out;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(redaction_add(redaction, "my own key"), 0);
    assert_int_equal(redaction_add(redaction, "my own key"), 0);
    assert_int_equal(redaction_add(redaction, NULL), 0);
    assert_int_equal(redaction_add(redaction, "a"), 0);
    assert_int_equal(redaction_apply(redaction, "amy own key, my own key", 23, &out), 0);
    assert_string_equal(out.data, "aGRIDLS_SECRET_0001, GRIDLS_SECRET_0001");
    assert_int_equal(redaction_count(redaction), 2);
    check_round_trip(redaction, &out, "amy own key, my own key");
    buffer_finish(&out);
    redaction_destroy(redaction);
    redaction_destroy(NULL);
}

static void test_placeholders_in_a_text_survive(void **state)
{
    static const char text[] = "GRIDLS_SECRET_0001 GRIDLS_SECRET_ GRIDLS_SECRET_00";
    struct redaction *redaction = create();
    struct buffer out;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(redaction_add(redaction, "my own key"), 0);
    assert_int_equal(redaction_apply(redaction, text, strlen(text), &out), 0);
    check_round_trip(redaction, &out, text);
    buffer_finish(&out);
    redaction_destroy(redaction);
}

/* A model that makes up a placeholder must not get the key written into a text. */
static void test_what_was_not_sent_does_not_come_back(void **state)
{
    static const char made_up[] = "GRIDLS_SECRET_0001 GRIDLS_SECRET_0002";
    struct redaction *redaction = create();
    struct buffer out, held;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    buffer_init(&held, BUFFER_CAP);
    assert_int_equal(redaction_add(redaction, "my own key"), 0);
    assert_int_equal(redaction_apply(redaction, SHAPE, strlen(SHAPE), &out), 0);
    assert_string_equal(out.data, "GRIDLS_SECRET_0002");
    buffer_clear(&out);
    assert_int_equal(redaction_restore(redaction, &held, made_up, strlen(made_up), true, &out), 0);
    assert_string_equal(out.data, "GRIDLS_SECRET_0001 " SHAPE);
    buffer_finish(&held);
    buffer_finish(&out);
    redaction_destroy(redaction);
}

static void test_unknown_placeholders_pass(void **state)
{
    struct redaction *redaction = create();
    struct buffer text;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    buffer_append_string(&text, "GRIDLS_SECRET_0007 GGRIDLS_GRIDLS_SECRET_9999 GRID");
    check_round_trip(redaction, &text, text.data);
    buffer_finish(&text);
    redaction_destroy(redaction);
}

static void test_messages_are_replaced_in_place(void **state)
{
    struct redaction *redaction = create();
    struct chat_messages messages;

    (void)state;
    chat_messages_init(&messages);
    assert_int_equal(redaction_add(redaction, "my own key"), 0);
    assert_int_equal(chat_messages_add(&messages, CHAT_SYSTEM, "be good", 7), 0);
    assert_int_equal(chat_messages_add(&messages, CHAT_USER, "<my own key>", 12), 0);
    assert_int_equal(redaction_apply_messages(redaction, &messages), 0);
    assert_string_equal(messages.items[0].content, "be good");
    assert_string_equal(messages.items[1].content, "<GRIDLS_SECRET_0001>");
    assert_int_equal(messages.items[1].length, strlen("<GRIDLS_SECRET_0001>"));
    chat_messages_finish(&messages);
    redaction_destroy(redaction);
}

static void test_added_texts_go_without_shapes(void **state)
{
    struct redaction *redaction;
    struct buffer out;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(redaction_create(&redaction, false), 0);
    assert_int_equal(redaction_add(redaction, "my own key"), 0);
    assert_int_equal(redaction_apply(redaction, SHAPE " my own key", strlen(SHAPE " my own key"),
                                     &out), 0);
    assert_string_equal(out.data, SHAPE " GRIDLS_SECRET_0001");
    buffer_finish(&out);
    redaction_destroy(redaction);
}

/* What has a shape may end in the middle of the key. */
static void test_no_rest_of_an_added_text_stays(void **state)
{
    static const char text[] = "Authorization: Bearer zzzz-1a2b3c4d5e6f7g8h!more of the key\n";
    struct redaction *redaction = create();
    struct buffer out;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    assert_int_equal(redaction_add(redaction, "1a2b3c4d5e6f7g8h!more of the key"), 0);
    assert_int_equal(redaction_apply(redaction, text, strlen(text), &out), 0);
    assert_null(strstr(out.data, "more of the key"));
    check_round_trip(redaction, &out, text);
    buffer_finish(&out);
    redaction_destroy(redaction);
}

/* What gives a shape away may be a name that holds the key, or a placeholder, or the head of the key. */
static void test_no_name_of_a_secret_hides_an_added_text(void **state)
{
    static const struct {
        const char *key, *gone, *text;
    } cases[] = {
        {"347Ae17", "47Ae17", "access_token_347Ae17292c = \"Zx81kQpw93LmTt5v\"\n"},
        {"347Ae17", "Zx81", "access_token_347Ae17292c = \"Zx81kQpw93LmTt5v\"\n"},
        {"347Ae17", "Zx81", "access_token_GRIDLS_SECRET_0001 = \"Zx81kQpw93LmTt5v\"\n"},
        {"347Ae17", "47Ae17", "GRIDLS_SECRET_0003GRIDLS_SECRET_043347Ae17\n"},
        {"347Ae17", "47Ae17", "a_token_347Ae17_347Ae17 = \"Zx81kQpw93LmTt5v\"; GRIDLS_SECRET_0002\n"},
        {"token = \"Zx81", "token", "my_token = \"Zx81kQpw93LmTt5v\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct redaction *redaction = create();
        struct buffer out;

        buffer_init(&out, BUFFER_CAP);
        assert_int_equal(redaction_add(redaction, cases[i].key), 0);
        assert_int_equal(redaction_apply(redaction, cases[i].text, strlen(cases[i].text), &out), 0);
        assert_null(strstr(out.data, cases[i].gone));
        check_round_trip(redaction, &out, cases[i].text);
        buffer_finish(&out);
        redaction_destroy(redaction);
    }
}

static void test_what_is_added_later_goes_everywhere(void **state)
{
    static const char answer[] =
        "{\"choices\":[{\"message\":{\"reasoning\":\"a later one\",\"tool_calls\":[{\"id\":\"c\","
        "\"extra\":\"a later one\",\"function\":{\"name\":\"f\",\"arguments\":"
        "\"{\\\"a\\\":\\\"a later one GRIDLS_SECRET_0001\\\"}\"}}]},\"finish_reason\":\"stop\"}]}";
    struct redaction *redaction = create();
    struct chat_messages messages CLEANUP(chat_messages_finish);
    struct chat_decoder decoder CLEANUP(chat_decoder_finish);
    struct chat_message *turn;

    (void)state;
    chat_messages_init(&messages);
    chat_decoder_init(&decoder, ignore_text, NULL);
    decoder.keep_reasoning = true;
    chat_decoder_feed(&decoder, answer, strlen(answer));
    chat_decoder_end(&decoder);
    chat_messages_add(&messages, CHAT_USER, "my own key, a later one", 23);
    chat_messages_add_turn(&messages, &decoder, "", 0);
    assert_int_equal(redaction_add(redaction, "my own key"), 0);
    assert_int_equal(redaction_apply_messages(redaction, &messages), 0);
    assert_string_equal(messages.items[0].content, "GRIDLS_SECRET_0001, a later one");
    assert_int_equal(redaction_add(redaction, "a later one"), 0);
    assert_int_equal(redaction_apply_added(redaction, &messages), 0);
    assert_string_equal(messages.items[0].content, "GRIDLS_SECRET_0001, GRIDLS_SECRET_0002");
    turn = &messages.items[1];
    assert_string_equal(turn->reasoning, "GRIDLS_SECRET_0002");
    assert_int_equal(turn->calls.count, 1);
    assert_string_equal(turn->calls.items[0].arguments.data,
                        "{\"a\":\"GRIDLS_SECRET_0002 GRIDLS_SECRET_0001\"}");
    assert_null(strstr(turn->calls.items[0].rest.data, "later"));
    redaction_destroy(redaction);
}

/* Nothing that looks like the start of a secret may be read beyond the end of the text. */
static void test_cut_at_every_byte(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        char text[512];
        size_t length = (size_t)snprintf(text, sizeof(text), "token=\"%s\" ://a:%s@b",
                                         secrets[i].secret, secrets[i].secret);
        size_t cut;

        for (cut = 0; cut <= length; cut++) {
            struct redaction *redaction = create();
            char *exact = malloc(cut + 1);
            struct buffer out;

            assert_non_null(exact);
            exact = realloc(exact, cut > 0 ? cut : 1);
            assert_non_null(exact);
            memcpy(exact, text, cut);
            buffer_init(&out, BUFFER_CAP);
            assert_int_equal(redaction_apply(redaction, exact, cut, &out), 0);
            buffer_finish(&out);
            free(exact);
            redaction_destroy(redaction);
        }
    }
}

/* A text such as minified code or an image in base64, where the work must not grow as its square:
 * then this would not end. */
static void test_long_words_take_no_longer(void **state)
{
    static const char ending[] = "_token = 1;\npassword = \"Tr0ub4dor&3xyz\";";
    struct redaction *redaction = create();
    struct buffer text;
    struct buffer out;

    (void)state;
    buffer_init(&text, BUFFER_CAP);
    buffer_init(&out, BUFFER_CAP);
    while (text.length < (size_t)2 << 20)
        buffer_append_string(&text, "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB");
    buffer_append_string(&text, ending);
    assert_int_equal(redaction_apply(redaction, text.data, text.length, &out), 0);
    assert_int_equal(redaction_count(redaction), 1);
    buffer_finish(&text);
    buffer_finish(&out);
    redaction_destroy(redaction);
}

static void test_more_secrets_than_placeholders(void **state)
{
    struct redaction *redaction = create();
    struct buffer out;
    int error = 0;
    unsigned i;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    for (i = 0; i < 9999 && !error; i++) {
        char secret[32];

        snprintf(secret, sizeof(secret), "secret %u", i);
        error = redaction_add(redaction, secret);
    }
    assert_int_equal(error, 0);
    assert_true(redaction_add(redaction, "one more") < 0);
    buffer_finish(&out);
    redaction_destroy(redaction);
}

/* ---- how it is looked for --------------------------------------------------------------------- */

/* The first secret at or behind `at`, each place looked at as if none had been before. */
static bool find_slowly(const char *text, size_t length, size_t at, struct redact_span *span)
{
    struct redact_shapes shapes;

    redact_shapes_init(&shapes);
    for (; at < length; at++) {
        redact_shapes_begin(&shapes);
        if (redact_shapes_find(&shapes, text, length, at, span))
            return true;
    }
    return false;
}

static bool find_quickly(struct redact_shapes *shapes, const char *text, size_t length, size_t at,
                         struct redact_span *span)
{
    while ((at = redact_shapes_skip(shapes, text, length, at)) < length) {
        if (redact_shapes_find(shapes, text, length, at, span))
            return true;
        at++;
    }
    return false;
}

static void test_what_is_passed_over_holds_nothing(void **state)
{
    static const char *const bits[] = {
        "-----BEGIN RSA PRIVATE KEY-----\n", "-----END RSA PRIVATE KEY-----", "\n", "=", "\"", ":",
        "MIIEpAIBAAKCAQEA7bq1x9Zk3fTQp0VqLrj\n", "gh" "p_", "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5",
        "password", " = ", "://", "user:", "s3cr3tPa55@", "host", "Bearer ", "x", "_", "-", "eyJ",
        ".", " ", "A" "KIA", "Q3EGRTYUIOPASDF7", "\xC3\xA9", "\r\n", "/",
    };

    (void)state;
    srand(20261128);
    for (unsigned round = 0; round < 4000; round++) {
        struct buffer text CLEANUP(buffer_finish);
        struct redact_shapes shapes;
        size_t at = 0;

        buffer_init(&text, BUFFER_CAP);
        for (int bit = rand() % 40; bit > 0; bit--)
            buffer_append_string(&text, bits[(size_t)rand() % (sizeof(bits) / sizeof(bits[0]))]);
        redact_shapes_init(&shapes);
        redact_shapes_begin(&shapes);
        for (;;) {
            struct redact_span slow = {0, 0}, quick = {0, 0};
            bool found = find_slowly(text.data, text.length, at, &slow);

            if (found != find_quickly(&shapes, text.data, text.length, at, &quick) ||
                slow.start != quick.start || slow.end != quick.end)
                fail_msg("<%s> from %zu: [%zu, %zu) or [%zu, %zu)", text.data, at, slow.start,
                         slow.end, quick.start, quick.end);
            if (!found)
                break;
            at = slow.end;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_passed_over_holds_nothing),
        cmocka_unit_test(test_secrets_go_and_come_back),
        cmocka_unit_test(test_other_texts_stay),
        cmocka_unit_test(test_own_key_goes_everywhere),
        cmocka_unit_test(test_placeholders_in_a_text_survive),
        cmocka_unit_test(test_what_was_not_sent_does_not_come_back),
        cmocka_unit_test(test_unknown_placeholders_pass),
        cmocka_unit_test(test_messages_are_replaced_in_place),
        cmocka_unit_test(test_added_texts_go_without_shapes),
        cmocka_unit_test(test_no_rest_of_an_added_text_stays),
        cmocka_unit_test(test_no_name_of_a_secret_hides_an_added_text),
        cmocka_unit_test(test_what_is_added_later_goes_everywhere),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_long_words_take_no_longer),
        cmocka_unit_test(test_more_secrets_than_placeholders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
