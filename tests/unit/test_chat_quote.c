#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/chat.h"
#include "protocol/chat_quote.h"

/* From a block of exactly its size, so that a look beyond it is seen. */
static void check(const char *text, const char *lead, const char *body)
{
    size_t length = strlen(text);
    char *copy = malloc(length + 1);
    struct chat_quote quote;

    assert_non_null(copy);
    memcpy(copy, text, length);
    char *exact = realloc(copy, length > 0 ? length : 1);
    assert_non_null(exact);
    chat_quote_find(&quote, exact, length);
    assert_int_equal(quote.lead, strlen(lead));
    assert_memory_equal(exact, lead, quote.lead);
    if (body == NULL) {
        assert_null(quote.body);
    } else {
        assert_non_null(quote.body);
        assert_int_equal(quote.body_length, strlen(body));
        assert_memory_equal(quote.body, body, quote.body_length);
    }
    free(exact);
}

static void finds_what_is_quoted(void **state)
{
    (void)state;
    check("", "", NULL);
    check("plain words", "plain words", NULL);
    check("From x: {\"a\":1} and more", "From x: ", "{\"a\":1}");
    check("x { \"a\": {\"b\": \"}\\\"{\"}}{", "x ", "{ \"a\": {\"b\": \"}\\\"{\"}}");
    check("x <HTML><body>no</body>", "x ", "<HTML><body>no</body>");
    check("x <!DOCTYPE html>", "x ", "<!DOCTYPE html>");
    check("<b>bold</b>", "<b>bold</b>", NULL);
}

static void passes_over_what_is_no_object(void **state)
{
    (void)state;
    check("f(){ x } {'a': 1} {", "f(){ x } {'a': 1} {", NULL);
    check("{\"a\":", "{\"a\":", NULL);
    check("{\"a\":\"\\", "{\"a\":\"\\", NULL);
    check("{ ", "{ ", NULL);
    check("{\" {\"a\":1}", "{\" ", "{\"a\":1}");
    check("{\"{\"{\"{\"{\"{\"{\"{\"{\"", "{\"{\"{\"{\"{\"{\"{\"{\"{\"", NULL);
}

static void leaves_out_the_stack(void **state)
{
    (void)state;
    check("Error: no\n    at f (x.js:1:2)\n    at g", "Error: no", NULL);
    check("no\nTraceback (most recent call last):\n  File", "no", NULL);
    check("no\n    at f {\"a\":1}", "no", NULL);
    check("see line 3\nat the end", "see line 3\nat the end", NULL);
}

static void check_error(const char *body, const char *message, const char *type, const char *code,
                        const char *param)
{
    struct chat_error error;

    chat_error_parse(&error, body, strlen(body));
    assert_string_equal(error.message, message);
    assert_string_equal(error.type, type);
    assert_string_equal(error.code, code);
    assert_string_equal(error.param, param);
}

/* As errors: the gateway's few words, then what the innermost server says; its labels win. */
static void gives_the_words_of_the_innermost_server(void **state)
{
    (void)state;
    check_error("{\"error\":{\"message\":\"Error from provider(mock,limited: 429): {\\\"error\\\":{"
                "\\\"message\\\":\\\"slow down\\\",\\\"type\\\":\\\"rate_limit_error\\\",\\\"param\\\":null,"
                "\\\"code\\\":null}}Error: Error from provider(mock,limited: 429): {}\\n    at nt "
                "(/x/server.cjs:67:20940)\",\"type\":\"api_error\",\"code\":\"provider_response_error\"}}",
                "Error from provider(mock,limited: 429): slow down", "rate_limit_error",
                "provider_response_error", "");
    check_error("{\"error\":{\"message\":\"litellm.BadRequestError: OpenAIException - {\\\"error\\\":{"
                "\\\"message\\\":\\\"no such field\\\",\\\"code\\\":\\\"unknown_parameter\\\",\\\"param\\\":"
                "\\\"stream_options\\\"}}\",\"code\":\"400\"}}",
                "litellm.BadRequestError: OpenAIException: no such field", "", "unknown_parameter",
                "stream_options");
    check_error("{\"error\":\"Bad gateway <html><head><title>502 Bad Gateway</title></head>\"}",
                "Bad gateway: 502 Bad Gateway", "", "", "");
    check_error("upstream said {\"error\":\"no\"}", "upstream said: no", "", "", "");
    check_error("{\"error\":\"the words {\\\"a\\\":1} are JSON\"}", "the words {\"a\":1} are JSON", "", "",
                "");
}

static void gives_up_on_quotes_in_quotes(void **state)
{
    char body[8192] = "deepest";
    char next[8192];
    struct chat_error error;

    (void)state;
    for (unsigned depth = 0; depth < 7; depth++) {
        size_t used = 0;
        used += (size_t)sprintf(next, "{\"error\":\"%u ", depth);
        for (const char *c = body; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\') {
                next[used++] = '\\';
            }
            next[used++] = *c;
        }
        strcpy(next + used, "\"}");
        strcpy(body, next);
    }
    chat_error_parse(&error, body, strlen(body));
    assert_string_equal(error.message, "6: 5: 4: 3: 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_quoted),
        cmocka_unit_test(passes_over_what_is_no_object),
        cmocka_unit_test(leaves_out_the_stack),
        cmocka_unit_test(gives_the_words_of_the_innermost_server),
        cmocka_unit_test(gives_up_on_quotes_in_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
