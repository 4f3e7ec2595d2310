#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/rpc.h"

static void parse(struct rpc_message *message, const char *body)
{
    assert_int_equal(rpc_message_parse(message, body, strlen(body)), 0);
}

static void check_request(const char *body, const char *id)
{
    struct rpc_message message;

    parse(&message, body);
    assert_int_equal(message.kind, RPC_REQUEST);
    assert_string_equal(message.id.json, id);
    assert_string_equal(message.method, "m");
    rpc_message_finish(&message);
}

static void test_requests(void **state)
{
    (void)state;
    check_request("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\"}", "1");
    check_request("{\"id\":0,\"method\":\"m\",\"params\":null}", "0");
    check_request("{\"id\":-5,\"method\":\"m\",\"params\":[]}", "-5");
    check_request("{\"id\":1.0,\"method\":\"m\"}", "1");
    check_request("{\"id\":\"1\",\"method\":\"m\"}", "\"1\"");
    check_request("{\"id\":\"\",\"method\":\"m\"}", "\"\"");
    check_request("{\"id\":\"a\\\"\\u00e9\",\"method\":\"m\"}", "\"a\\\"\xC3\xA9\"");
    check_request("{\"id\":9007199254740993,\"method\":\"m\"}", "9007199254740993");
    check_request("{\"x\":{\"id\":1},\"id\" : 123456789012345678901 ,\"method\":\"m\"}",
                  "123456789012345678901");
    check_request("{\"id\":1,\"method\":\"m\",\"result\":null}", "1");
}

static void test_notification(void **state)
{
    struct rpc_message message;

    (void)state;
    parse(&message, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":1}}");
    assert_int_equal(message.kind, RPC_NOTIFICATION);
    assert_null(message.id.json);
    assert_int_equal(json_count(message.params), 1);
    rpc_message_finish(&message);
    rpc_message_finish(&message);
    rpc_message_finish(NULL);
}

static void check_response(const char *body, int64_t own_id, bool failed)
{
    struct rpc_message message;

    parse(&message, body);
    assert_int_equal(message.kind, RPC_RESPONSE);
    assert_true(message.own_id == own_id);
    assert_int_equal(message.error != NULL, failed);
    rpc_message_finish(&message);
}

static void test_responses(void **state)
{
    (void)state;
    check_response("{\"id\":1073741824,\"result\":null}", RPC_OWN_ID_BASE, false);
    check_response("{\"id\":1073741825,\"result\":{},\"error\":null}", RPC_OWN_ID_BASE + 1, false);
    check_response("{\"id\":1073741825,\"error\":{\"code\":1}}", RPC_OWN_ID_BASE + 1, true);
    check_response("{\"id\":7,\"result\":null,\"error\":\"x\"}", 7, true);
    check_response("{\"id\":\"x\",\"result\":1}", -1, false);
    check_response("{\"id\":null,\"error\":{}}", -1, true);
    check_response("{\"result\":1}", -1, false);
    check_response("{\"jsonrpc\":\"2.0\",\"id\":1073741824}", RPC_OWN_ID_BASE, false);
}

static void check_invalid(const char *body, enum rpc_code code, const char *id)
{
    struct rpc_message message;

    parse(&message, body);
    assert_int_equal(message.kind, RPC_INVALID);
    assert_int_equal(message.code, code);
    assert_non_null(message.fault);
    if (id)
        assert_string_equal(message.id.json, id);
    else
        assert_null(message.id.json);
    rpc_message_finish(&message);
}

static void test_invalid(void **state)
{
    (void)state;
    check_invalid("", RPC_PARSE_ERROR, NULL);
    check_invalid("{\"id\":1,\"method\":\"m\"", RPC_PARSE_ERROR, NULL);
    check_invalid("[]", RPC_INVALID_REQUEST, NULL);
    check_invalid("[{\"id\":1,\"method\":\"m\"}]", RPC_INVALID_REQUEST, NULL);
    check_invalid("[{\"id\":9007199254740993,\"method\":\"m\"}]", RPC_INVALID_REQUEST, NULL);
    check_invalid("3", RPC_INVALID_REQUEST, NULL);
    check_invalid("null", RPC_INVALID_REQUEST, NULL);
    check_invalid("\"x\"", RPC_INVALID_REQUEST, NULL);
    check_invalid("{}", RPC_INVALID_REQUEST, NULL);
    check_invalid("{\"id\":3}", RPC_INVALID_REQUEST, "3");
    check_invalid("{\"id\":3,\"method\":4}", RPC_INVALID_REQUEST, "3");
    check_invalid("{\"id\":3,\"method\":\"m\",\"jsonrpc\":\"1.0\"}", RPC_INVALID_REQUEST, "3");
    check_invalid("{\"id\":3,\"method\":\"m\",\"jsonrpc\":2.0}", RPC_INVALID_REQUEST, "3");
    check_invalid("{\"id\":null,\"method\":\"m\"}", RPC_INVALID_REQUEST, NULL);
    check_invalid("{\"id\":1.5,\"method\":\"m\"}", RPC_INVALID_REQUEST, NULL);
    check_invalid("{\"id\":1e400,\"method\":\"m\"}", RPC_INVALID_REQUEST, NULL);
    check_invalid("{\"id\":{},\"method\":\"m\"}", RPC_INVALID_REQUEST, NULL);
    check_invalid("{\"id\":true,\"method\":\"m\"}", RPC_INVALID_REQUEST, NULL);
    check_invalid("{\"ID\":1,\"Method\":\"m\"}", RPC_INVALID_REQUEST, NULL);
}

static void check_cancel(const char *body, int64_t id)
{
    struct rpc_message message;
    int64_t named = 0;

    parse(&message, body);
    assert_int_equal(message.kind, RPC_NOTIFICATION);
    assert_null(message.id.json);
    json_integer(json_member(message.params, "id"), &named);
    assert_true(named == id);
    rpc_message_finish(&message);
}

static void test_cancel_is_a_notification(void **state)
{
    (void)state;
    check_cancel("{\"method\":\"$/cancelRequest\",\"params\":{\"id\":5}}", 5);
    check_cancel("{\"method\":\"$/cancelRequest\",\"id\":5}", 5);
    check_cancel("{\"method\":\"$/cancelRequest\",\"id\":5,\"params\":null}", 5);
    check_cancel("{\"method\":\"$/cancelRequest\",\"id\":6,\"params\":{\"id\":5}}", 5);
    check_cancel("{\"method\":\"$/cancelRequest\"}", 0);
}

static void test_ids(void **state)
{
    const char text[] = "[1,\"1\",1.0,9007199254740994,null,[],1.5]";
    struct json *root CLEANUP(json_cleanup) = NULL;
    const struct json *value;
    struct rpc_id ids[3];
    struct rpc_id none = {NULL};
    struct rpc_id copy;
    size_t i;

    (void)state;
    assert_int_equal(json_parse(text, strlen(text), &root), 0);
    value = json_first(root);
    for (i = 0; i < 3; i++, value = json_next(value))
        assert_int_equal(rpc_id_from_json(&ids[i], value), 0);
    for (; value; value = json_next(value))
        assert_int_equal(rpc_id_from_json(&copy, value), -EINVAL);
    assert_int_equal(rpc_id_from_json(&copy, NULL), -EINVAL);
    assert_false(rpc_id_equal(&ids[0], &ids[1]));
    assert_true(rpc_id_equal(&ids[0], &ids[2]));
    assert_false(rpc_id_equal(&none, &none));
    assert_int_equal(rpc_id_copy(&copy, &ids[1]), 0);
    assert_true(rpc_id_equal(&copy, &ids[1]));
    rpc_id_finish(&copy);
    assert_int_equal(rpc_id_copy(&copy, &none), 0);
    assert_null(copy.json);
    for (i = 0; i < 3; i++)
        rpc_id_finish(&ids[i]);
}

static void test_writers(void **state)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json_writer writer;
    char text[] = "\"x\"";
    struct rpc_id id = {text};

    (void)state;
    buffer_init(&out, BUFFER_CAP);

    json_writer_init(&writer, &out);
    rpc_begin_result(&writer, &id);
    json_write_null(&writer);
    rpc_end(&writer);
    assert_string_equal(out.data, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":null}");
    assert_int_equal(writer.depth, 0);

    buffer_clear(&out);
    json_writer_init(&writer, &out);
    rpc_begin_notification(&writer, "m");
    json_begin_object(&writer);
    json_end_object(&writer);
    rpc_end(&writer);
    assert_string_equal(out.data, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{}}");

    buffer_clear(&out);
    json_writer_init(&writer, &out);
    rpc_begin_request(&writer, RPC_OWN_ID_BASE, "m");
    json_begin_array(&writer);
    json_end_array(&writer);
    rpc_end(&writer);
    assert_string_equal(out.data,
                        "{\"jsonrpc\":\"2.0\",\"id\":1073741824,\"method\":\"m\",\"params\":[]}");

    buffer_clear(&out);
    json_writer_init(&writer, &out);
    rpc_begin_error(&writer, NULL, RPC_PARSE_ERROR, "bad\n", false);
    rpc_end_error(&writer);
    assert_string_equal(out.data, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
                                  "{\"code\":-32700,\"message\":\"bad\\n\"}}");

    buffer_clear(&out);
    json_writer_init(&writer, &out);
    rpc_begin_error(&writer, &id, RPC_REQUEST_FAILED, "no", true);
    json_write_integer(&writer, 1);
    rpc_end_error(&writer);
    assert_string_equal(out.data, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":"
                                  "{\"code\":-32803,\"message\":\"no\",\"data\":1}}");
    assert_int_equal(writer.depth, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_notification),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_cancel_is_a_notification),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
