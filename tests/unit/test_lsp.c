#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "protocol/lsp.h"

/* Texts below are written with ' for ", as that reads better in C. */
static struct json *value_of(const char *text)
{
    char copy[2048];
    struct json *root;
    size_t i;

    snprintf(copy, sizeof(copy), "%s", text);
    for (i = 0; copy[i]; i++) {
        if (copy[i] == '\'')
            copy[i] = '"';
    }
    assert_int_equal(json_parse(copy, strlen(copy), &root), 0);
    return root;
}

static void decode(const struct json *root, const struct json_field *fields, void *out, size_t size)
{
    struct json_fault fault = {.path = ""};

    if (json_decode(root, fields, out, size, &fault) != 0)
        fail_msg("%s must be %s", fault.path, fault.wanted);
}

static void check_fault(const char *text, const struct json_field *fields, size_t size,
                        const char *path)
{
    struct json *root CLEANUP(json_cleanup) = value_of(text);
    char out[1024];
    struct json_fault fault;

    assert_true(size <= sizeof(out));
    assert_int_equal(json_decode(root, fields, out, size, &fault), -EINVAL);
    assert_string_equal(fault.path, path);
}

static void test_initialize(void **state)
{
    struct json *root CLEANUP(json_cleanup) = value_of(
        "{'processId':42,'rootUri':'file:///w','rootPath':'/w','locale':'de','trace':'off',"
        "'clientInfo':{'name':'Vim','version':'9'},'workDoneToken':1,"
        "'initializationOptions':{'gridls':{}},'workspaceFolders':[{'uri':'file:///w','name':'w'}],"
        "'capabilities':{'workspace':{'applyEdit':true,'workspaceEdit':{'documentChanges':true},"
        "'configuration':true,'didChangeConfiguration':{'dynamicRegistration':true},"
        "'workspaceFolders':true},"
        "'window':{'workDoneProgress':true,'showDocument':{'support':true}},"
        "'general':{'positionEncodings':['utf-8',7,'utf-16']},'textDocument':{'codeAction':{"
        "'codeActionLiteralSupport':{'codeActionKind':{'valueSet':[]}},'dataSupport':true,"
        "'disabledSupport':true,'isPreferredSupport':true,"
        "'resolveSupport':{'properties':['edit','command']}}}}}");
    const struct lsp_workspace_folder *folders;
    struct lsp_initialize_params params;
    const char *const *names;

    (void)state;
    decode(root, lsp_initialize_fields, &params, sizeof(params));
    assert_true(params.has_process_id);
    assert_int_equal(params.process_id, 42);
    assert_string_equal(params.root_uri, "file:///w");
    assert_string_equal(params.root_path, "/w");
    assert_string_equal(params.locale, "de");
    assert_string_equal(params.client_name, "Vim");
    assert_string_equal(params.client_version, "9");
    assert_int_equal(json_count(params.initialization_options), 1);
    assert_int_equal(json_type(params.token), JSON_NUMBER);
    assert_int_equal(params.workspace_folders.count, 1);
    folders = params.workspace_folders.items;
    assert_string_equal(folders[0].uri, "file:///w");
    assert_string_equal(folders[0].name, "w");
    assert_int_equal(params.position_encodings.count, 2);
    names = params.position_encodings.items;
    assert_string_equal(names[0], "utf-8");
    assert_string_equal(names[1], "utf-16");
    assert_int_equal(params.resolve_properties.count, 2);
    assert_true(params.apply_edit);
    assert_true(params.document_changes);
    assert_true(params.configuration);
    assert_true(params.did_change_configuration_dynamic);
    assert_true(params.workspace_folders_capability);
    assert_true(params.work_done_progress);
    assert_true(params.show_document);
    assert_true(params.code_action_literals);
    assert_true(params.code_action_data);
    assert_true(params.code_action_disabled);
    assert_true(params.code_action_preferred);
    json_decode_finish(lsp_initialize_fields, &params);
}

static void test_bare_initialize(void **state)
{
    const char *const texts[] = {
        "null", "{}", "[]", "{'processId':null,'rootUri':null,'capabilities':{}}",
        "{'capabilities':null,'clientInfo':null,'workspaceFolders':null}",
        "{'capabilities':[],'initializationOptions':null}",
        "{'capabilities':{'workspace':null,'window':[],'general':{'positionEncodings':null}}}",
        "{'capabilities':{'textDocument':{'codeAction':{'resolveSupport':{}}}}}",
    };
    static const struct lsp_initialize_params zero;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct json *root CLEANUP(json_cleanup) = value_of(texts[i]);
        struct lsp_initialize_params params;

        decode(root, lsp_initialize_fields, &params, sizeof(params));
        assert_memory_equal(&params, &zero, sizeof(zero));
        json_decode_finish(lsp_initialize_fields, &params);
    }
    check_fault("{'workspaceFolders':[{'name':'w'}]}", lsp_initialize_fields,
                sizeof(struct lsp_initialize_params), "workspaceFolders[0].uri");
    check_fault("{'capabilities':{'window':{'showDocument':{'support':'yes'}}}}",
                lsp_initialize_fields, sizeof(struct lsp_initialize_params),
                "capabilities.window.showDocument.support");
}

static void test_text_sync(void **state)
{
    struct json *open CLEANUP(json_cleanup) =
        value_of("{'textDocument':{'uri':'u','languageId':'c','version':3,'text':'x\\u0000'}}");
    struct json *change CLEANUP(json_cleanup) =
        value_of("{'textDocument':{'uri':'u','version':null},'contentChanges':["
                 "{'range':{'start':{'line':1,'character':2},'end':{'line':3,'character':-1}},"
                 "'rangeLength':5,'text':'a'},{'text':''}]}");
    struct json *close CLEANUP(json_cleanup) = value_of("{'textDocument':{'uri':'u'}}");
    struct lsp_did_open_params opened;
    struct lsp_did_change_params changed;
    struct lsp_did_close_params closed;
    struct lsp_did_save_params saved;
    const struct lsp_content_change *changes;

    (void)state;
    decode(open, lsp_did_open_fields, &opened, sizeof(opened));
    assert_string_equal(opened.document.uri, "u");
    assert_string_equal(opened.document.language_id, "c");
    assert_true(opened.document.has_version);
    assert_int_equal(opened.document.version, 3);
    assert_string_equal(opened.document.text, "x\xFF");

    decode(change, lsp_did_change_fields, &changed, sizeof(changed));
    assert_false(changed.document.has_version);
    assert_int_equal(changed.changes.count, 2);
    changes = changed.changes.items;
    assert_true(changes[0].has_range);
    assert_int_equal(changes[0].range.start.line, 1);
    assert_int_equal(changes[0].range.start.character, 2);
    assert_int_equal(changes[0].range.end.line, 3);
    assert_int_equal(changes[0].range.end.character, 0);
    assert_false(changes[1].has_range);
    json_decode_finish(lsp_did_change_fields, &changed);

    decode(close, lsp_did_close_fields, &closed, sizeof(closed));
    assert_string_equal(closed.document.uri, "u");
    decode(close, lsp_did_save_fields, &saved, sizeof(saved));
    assert_string_equal(saved.document.uri, "u");
}

static void test_text_sync_faults(void **state)
{
    const size_t open = sizeof(struct lsp_did_open_params);
    const size_t change = sizeof(struct lsp_did_change_params);

    (void)state;
    check_fault("{}", lsp_did_open_fields, open, "textDocument");
    check_fault("[1]", lsp_did_open_fields, open, "params");
    check_fault("{'textDocument':{'text':''}}", lsp_did_open_fields, open, "textDocument.uri");
    check_fault("{'textDocument':{'uri':'u'}}", lsp_did_open_fields, open, "textDocument.text");
    check_fault("{'textDocument':{'uri':'u'}}", lsp_did_change_fields, change, "contentChanges");
    check_fault("{'textDocument':{'uri':'u'},'contentChanges':[{'text':''},{'text':'','range':"
                "{'start':{'line':0,'character':0},'end':{'line':0}}}]}",
                lsp_did_change_fields, change, "contentChanges[1].range.end.character");
    check_fault("{'textDocument':{'uri':'u'},'contentChanges':[{'text':'','range':{}}]}",
                lsp_did_change_fields, change, "contentChanges[0].range.start");
    check_fault("{'textDocument':{'uri':'u'},'contentChanges':[{'range':null}]}",
                lsp_did_change_fields, change, "contentChanges[0].text");
    check_fault("{'textDocument':{'uri':5}}", lsp_did_close_fields,
                sizeof(struct lsp_did_close_params), "textDocument.uri");
    check_fault("{'textDocument':'u'}", lsp_did_save_fields, sizeof(struct lsp_did_save_params),
                "textDocument");
}

static void test_workspace(void **state)
{
    struct json *folders CLEANUP(json_cleanup) =
        value_of("{'event':{'added':[{'uri':'a'},{'uri':'b'}],'removed':[]}}");
    struct json *settings CLEANUP(json_cleanup) = value_of("{'settings':[7]}");
    struct json *token CLEANUP(json_cleanup) = value_of("{'id':7,'token':'t'}");
    struct lsp_workspace_folders_change change;
    struct lsp_configuration_params configuration;
    struct lsp_cancel_params cancel;
    struct lsp_progress_cancel_params progress;

    (void)state;
    decode(folders, lsp_workspace_folders_change_fields, &change, sizeof(change));
    assert_int_equal(change.added.count, 2);
    assert_int_equal(change.removed.count, 0);
    json_decode_finish(lsp_workspace_folders_change_fields, &change);
    check_fault("{}", lsp_workspace_folders_change_fields, sizeof(change), "event");

    decode(settings, lsp_configuration_fields, &configuration, sizeof(configuration));
    assert_int_equal(json_type(configuration.settings), JSON_ARRAY);
    decode(NULL, lsp_configuration_fields, &configuration, sizeof(configuration));
    assert_true(json_is_null(configuration.settings));

    decode(token, lsp_cancel_fields, &cancel, sizeof(cancel));
    assert_int_equal(json_type(cancel.id), JSON_NUMBER);
    decode(token, lsp_progress_cancel_fields, &progress, sizeof(progress));
    assert_string_equal(json_string(progress.token), "t");
    check_fault("{}", lsp_cancel_fields, sizeof(cancel), "id");
    check_fault("{'token':[]}", lsp_progress_cancel_fields, sizeof(progress), "token");
}

static void test_inline_completion(void **state)
{
    struct json *root CLEANUP(json_cleanup) = value_of(
        "{'textDocument':{'uri':'u','version':9},'position':{'line':4,'character':2147483648},"
        "'context':{'triggerKind':2,'selectedCompletionInfo':{'text':'foo','range':"
        "{'start':{'line':4,'character':0},'end':{'line':4,'character':1}}}},"
        "'formattingOptions':{'tabSize':4},'workDoneToken':'w','partialResultToken':5}");
    struct json *bare CLEANUP(json_cleanup) =
        value_of("{'textDocument':{'uri':'u'},'position':{'line':0,'character':0},'context':null}");
    struct lsp_inline_completion_params params;

    (void)state;
    decode(root, lsp_inline_completion_fields, &params, sizeof(params));
    assert_int_equal(params.document.version, 9);
    assert_int_equal(params.position.line, 4);
    assert_int_equal(params.position.character, INT32_MAX);
    assert_true(params.has_trigger_kind);
    assert_int_equal(params.trigger_kind, 2);
    assert_string_equal(params.selected_text, "foo");
    assert_int_equal(params.selected_range.end.character, 1);
    assert_string_equal(json_string(params.work_done_token), "w");
    assert_int_equal(json_type(params.partial_result_token), JSON_NUMBER);

    decode(bare, lsp_inline_completion_fields, &params, sizeof(params));
    assert_false(params.has_trigger_kind);
    assert_null(params.selected_text);
    check_fault("{'textDocument':{'uri':'u'}}", lsp_inline_completion_fields, sizeof(params),
                "position");
    check_fault("{'textDocument':{'uri':'u'},'position':{'line':1}}", lsp_inline_completion_fields,
                sizeof(params), "position.character");
}

#define RANGE "'range':{'start':{'line':1,'character':0},'end':{'line':2,'character':0}}"

static void test_code_actions(void **state)
{
    struct json *root CLEANUP(json_cleanup) =
        value_of("{'textDocument':{'uri':'u'}," RANGE ",'context':{'diagnostics':[{" RANGE
                 ",'severity':1,'source':'cc','message':'bad','code':'E1'}],"
                 "'only':['quickfix',null],'triggerKind':1}}");
    struct json *action CLEANUP(json_cleanup) =
        value_of("{'title':'t','kind':'quickfix','data':{'a':1},'isPreferred':true}");
    struct json *command CLEANUP(json_cleanup) =
        value_of("{'command':'gridls.explain','arguments':[{}],'workDoneToken':3}");
    struct lsp_code_action_params params;
    struct lsp_code_action resolve;
    struct lsp_execute_command_params execute;
    const struct lsp_diagnostic *diagnostics;

    (void)state;
    decode(root, lsp_code_action_params_fields, &params, sizeof(params));
    assert_int_equal(params.range.end.line, 2);
    assert_int_equal(params.diagnostics.count, 1);
    diagnostics = params.diagnostics.items;
    assert_int_equal(diagnostics[0].range.start.line, 1);
    assert_int_equal(diagnostics[0].severity, 1);
    assert_string_equal(diagnostics[0].source, "cc");
    assert_string_equal(diagnostics[0].message, "bad");
    assert_string_equal(json_string(diagnostics[0].code), "E1");
    assert_int_equal(json_count(params.diagnostics_value), 1);
    assert_int_equal(params.only.count, 1);
    assert_int_equal(params.trigger_kind, 1);
    json_decode_finish(lsp_code_action_params_fields, &params);
    check_fault("{'textDocument':{'uri':'u'}," RANGE ",'context':{'only':['x'],"
                "'diagnostics':[{'message':''}]}}",
                lsp_code_action_params_fields, sizeof(params), "context.diagnostics[0].range");

    decode(action, lsp_code_action_fields, &resolve, sizeof(resolve));
    assert_string_equal(resolve.title, "t");
    assert_string_equal(resolve.kind, "quickfix");
    assert_int_equal(json_count(resolve.data), 1);

    decode(command, lsp_execute_command_fields, &execute, sizeof(execute));
    assert_string_equal(execute.command, "gridls.explain");
    assert_int_equal(json_count(execute.arguments), 1);
    assert_int_equal(json_type(execute.work_done_token), JSON_NUMBER);
    check_fault("{'arguments':[]}", lsp_execute_command_fields, sizeof(execute), "command");
}

static void test_own_requests(void **state)
{
    struct json *full CLEANUP(json_cleanup) =
        value_of("{'textDocument':{'uri':'u','version':1}," RANGE ",'question':'q',"
                 "'conversation':'c','instruction':'i','root':'r','hint':'h',"
                 "'workDoneToken':1,'partialResultToken':'p'}");
    struct json *bare CLEANUP(json_cleanup) = value_of("{'textDocument':null,'range':null}");
    struct lsp_explain_params explain;
    struct lsp_refactor_params refactor;
    struct lsp_commit_message_params commit;

    (void)state;
    decode(full, lsp_explain_fields, &explain, sizeof(explain));
    assert_true(explain.has_document);
    assert_true(explain.has_range);
    assert_string_equal(explain.question, "q");
    assert_string_equal(explain.conversation, "c");
    assert_non_null(explain.work_done_token);
    assert_string_equal(json_string(explain.partial_result_token), "p");
    decode(bare, lsp_explain_fields, &explain, sizeof(explain));
    assert_false(explain.has_document);
    assert_false(explain.has_range);

    decode(full, lsp_refactor_fields, &refactor, sizeof(refactor));
    assert_int_equal(refactor.document.version, 1);
    assert_true(refactor.has_range);
    assert_string_equal(refactor.instruction, "i");
    assert_non_null(refactor.work_done_token);
    assert_non_null(refactor.partial_result_token);
    check_fault("{'textDocument':{'uri':'u'}," RANGE "}", lsp_refactor_fields, sizeof(refactor),
                "instruction");

    decode(full, lsp_commit_message_fields, &commit, sizeof(commit));
    assert_string_equal(commit.root, "r");
    assert_string_equal(commit.hint, "h");
    assert_true(commit.has_document);
    assert_non_null(commit.work_done_token);
    assert_non_null(commit.partial_result_token);
    decode(bare, lsp_commit_message_fields, &commit, sizeof(commit));
    assert_false(commit.has_document);
}

static void test_writers(void **state)
{
    struct buffer out CLEANUP(buffer_finish);
    struct json_writer writer;

    (void)state;
    buffer_init(&out, BUFFER_CAP);
    json_writer_init(&writer, &out);
    lsp_write_range(&writer, (struct range){{0, 1}, {UINT32_MAX, 2}});
    assert_string_equal(out.data, "{\"start\":{\"line\":0,\"character\":1},"
                                  "\"end\":{\"line\":4294967295,\"character\":2}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initialize),
        cmocka_unit_test(test_bare_initialize),
        cmocka_unit_test(test_text_sync),
        cmocka_unit_test(test_text_sync_faults),
        cmocka_unit_test(test_workspace),
        cmocka_unit_test(test_inline_completion),
        cmocka_unit_test(test_code_actions),
        cmocka_unit_test(test_own_requests),
        cmocka_unit_test(test_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
