// gridls under the client library of VS Code's own, in plain node: every request that it knows, and
// ours.
//
//     node vscode_client.mjs '{"argv": […], "root": "file:///…", "path": "/…/a.c", "sandbox": …}'
//
// `path` is the text that is opened. Ends with 0 when all was as it has to be. The library complains
// of messages that break the rules of the protocol, and that is a failure.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import {
    ApplyWorkspaceEditRequest, CancellationTokenSource, CodeActionKind, CodeActionRequest,
    CodeActionResolveRequest, CompletionRequest, ConfigurationRequest,
    DidChangeTextDocumentNotification, DidCloseTextDocumentNotification,
    DidOpenTextDocumentNotification, ExecuteCommandRequest, ExitNotification,
    InitializedNotification, InitializeRequest, InlineCompletionRequest,
    InlineCompletionTriggerKind, LSPErrorCodes, ProgressType, RegistrationRequest,
    ShowDocumentRequest, ShowMessageNotification, ShutdownRequest, StreamMessageReader,
    StreamMessageWriter, TextDocumentSyncKind, WorkDoneProgress, WorkDoneProgressCancelNotification,
    WorkDoneProgressCreateRequest,
    createProtocolConnection,
} from 'vscode-languageserver-protocol/node';

const { argv, root, path, sandbox } = JSON.parse(process.argv[2]);
const uri = `${root}/a.c`;
const source = fs.readFileSync(path, 'utf8');

const daemon = spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
const complaints = [];
const complain = (...words) => complaints.push(words.map(String).join(' '));
const connection = createProtocolConnection(
    new StreamMessageReader(daemon.stdout), new StreamMessageWriter(daemon.stdin),
    { error: complain, warn: complain, info() {}, log() {} });
connection.onError(([error]) => complain(error));
connection.onUnhandledNotification(({ method }) => {
    if (method !== 'gridls/status')
        complain('unhandled', method);
});

// What the daemon asks, each as a promise for the next of its kind.
const waiting = new Map();
const seen = new Map();
function came(kind, value) {
    const wanted = waiting.get(kind)?.shift();
    if (wanted)
        wanted(value);
    else
        seen.set(kind, [...(seen.get(kind) ?? []), value]);
}
function next(kind) {
    const value = seen.get(kind)?.shift();
    return value ?? new Promise((resolve) => {
        waiting.set(kind, [...(waiting.get(kind) ?? []), resolve]);
    });
}
connection.onRequest(ApplyWorkspaceEditRequest.type, ({ edit }) => {
    came('edit', edit);
    return { applied: true };
});
connection.onRequest(ShowDocumentRequest.type, (params) => {
    came('document', params);
    return { success: true };
});
connection.onRequest(ConfigurationRequest.type, ({ items }) => {
    assert.deepEqual(items.map((item) => item.section), ['gridls']);
    came('configuration', items);
    return [{ completion: { debounce_ms: 0 } }];
});
connection.onRequest(RegistrationRequest.type, (params) => (
    came('registrations', params.registrations)));
const jobs = new Map();  // what has come for each token of the daemon's own
connection.onRequest(WorkDoneProgressCreateRequest.type, ({ token }) => {
    jobs.set(token, []);
    connection.onProgress(WorkDoneProgress.type, token, ({ kind }) => {
        jobs.get(token).push(kind);
        came(kind, token);
    });
});
connection.onNotification(ShowMessageNotification.type, (params) => came('message', params));
connection.listen();

// -- begin

const { capabilities, serverInfo } = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid, rootUri: root, workspaceFolders: [{ uri: root, name: 'w' }],
    locale: 'de', clientInfo: { name: 'vscode-languageserver-protocol' },
    initializationOptions: { completion: { menu: true } },
    capabilities: {
        general: { positionEncodings: ['utf-16'] },
        workspace: { applyEdit: true, configuration: true, workspaceFolders: true,
                     didChangeConfiguration: { dynamicRegistration: true },
                     workspaceEdit: { documentChanges: true } },
        window: { workDoneProgress: true, showDocument: { support: true } },
        textDocument: { inlineCompletion: {}, codeAction: {
            dataSupport: true, resolveSupport: { properties: ['edit'] },
            codeActionLiteralSupport: { codeActionKind: { valueSet: [''] } } } },
    },
});
assert.equal(serverInfo.name, 'gridls');
assert.equal(capabilities.positionEncoding, 'utf-16');
assert.equal(capabilities.textDocumentSync.change, TextDocumentSyncKind.Incremental);
assert.ok(capabilities.inlineCompletionProvider && capabilities.codeActionProvider.resolveProvider);
await connection.sendNotification(InitializedNotification.type, {});
await next('configuration');
assert.equal((await next('registrations'))[0].method, 'workspace/didChangeConfiguration');

// -- the text: beyond the first plane, characters of two units

let text = source;
let version = 1;
await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: 'c', version, text } });

const position = (offset) => {
    const before = text.slice(0, offset).split('\n');
    return { line: before.length - 1, character: before.at(-1).length };
};
const offset = ({ line, character }) => (
    text.split('\n').slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + character);
const range = (start, end) => ({ start: position(start), end: position(end) });
const edit = async (start, end, newText) => {
    const change = { range: range(start, end), text: newText };
    text = text.slice(0, start) + newText + text.slice(end);
    await connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version: ++version }, contentChanges: [change] });
};
const apply = (workspaceEdit) => {
    const [change] = workspaceEdit.documentChanges;
    assert.deepEqual(change.textDocument, { uri, version });
    return [...change.edits].sort((a, b) => offset(b.range.start) - offset(a.range.start)).reduce(
        (result, one) => (result.slice(0, offset(one.range.start)) + one.newText
                          + result.slice(offset(one.range.end))), text);
};

// -- inline completion and the menu

const body = text.indexOf('return');
await edit(body, text.indexOf(';', body) + 1, 'return');
const cursor = position(body + 'return'.length);
const { Invoked, Automatic } = InlineCompletionTriggerKind;
for (const triggerKind of [Invoked, Automatic]) {
    const offered = await connection.sendRequest(InlineCompletionRequest.type, {
        textDocument: { uri }, position: cursor, context: { triggerKind } });
    const items = offered?.items ?? [];
    if (!sandbox)
        assert.equal(items[0].insertText, ' a + b; // 😀');
    for (const item of items) {
        assert.deepEqual(item.range.end, cursor);
        assert.equal(typeof item.insertText, 'string');
    }
}
const menu = await connection.sendRequest(CompletionRequest.type, {
    textDocument: { uri }, position: cursor });
if (!sandbox)
    assert.match((menu.items ?? menu)[0].textEdit.newText, /a \+ b; \/\/ 😀/);
await edit(body, body + 'return'.length, 'return a + b;');
assert.equal(text, source);

// -- code actions

const all = range(0, text.length);
const actions = await connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri }, range: all,
    context: { diagnostics: [], only: [CodeActionKind.Refactor] } });
assert.ok(actions.length > 1 && actions.every(({ kind }) => kind.startsWith('refactor.rewrite')));
const resolved = await connection.sendRequest(CodeActionResolveRequest.type, actions[0]);
assert.equal(resolved.title, actions[0].title);
const rewritten = apply(resolved.edit);
if (!sandbox)
    assert.equal(rewritten, source.replace('return a + b;', 'return b + a;'));
const diagnostic = {
    range: range(body, body + 6), severity: 1, source: 'cc', message: 'no such thing' };
const fixes = await connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri }, range: diagnostic.range,
    context: { diagnostics: [diagnostic], only: [CodeActionKind.QuickFix] } });
assert.deepEqual(fixes[0].diagnostics, [diagnostic]);

// -- commands: null at once, then what they have to give

assert.equal(await connection.sendRequest(ExecuteCommandRequest.type, {
    command: 'gridls.refactor',
    arguments: [{ textDocument: { uri, version }, range: all, instruction: 'turn it' }] }), null);
assert.equal(apply(await next('edit')), rewritten);

assert.equal(await connection.sendRequest(ExecuteCommandRequest.type, {
    command: 'gridls.explain', arguments: [{ textDocument: { uri }, range: all }] }), null);
const shown = await next('document');
const explanation = fs.readFileSync(new URL(shown.uri), 'utf8');
assert.ok(sandbox ? explanation.length > 20 : explanation.includes('It adds. 😀'));

// -- our own requests, with progress and pieces

const pieces = [];
const steps = [];
connection.onProgress(new ProgressType(), 'pieces', (value) => pieces.push(value));
connection.onProgress(WorkDoneProgress.type, 'steps', (value) => steps.push(value.kind));
const answer = await connection.sendRequest('gridls/explain', {
    textDocument: { uri }, range: all, partialResultToken: 'pieces', workDoneToken: 'steps' });
assert.ok(!('text' in answer) && answer.conversation);
assert.ok(pieces.every(({ kind }) => kind === 'partial'));
const said = pieces.map((piece) => piece.text).join('');
assert.ok(sandbox ? said.length > 20 : said === 'It adds. 😀');
assert.equal(steps[0], 'begin');
assert.equal(steps.at(-1), 'end');
const followed = await connection.sendRequest('gridls/explain', {
    conversation: answer.conversation, question: 'And why?' });
assert.ok(followed.text && followed.conversation);

// -- failures and cancelling

await assert.rejects(connection.sendRequest('gridls/unheard-of', {}), { code: -32601 });
await assert.rejects(connection.sendRequest('gridls/explain', {
    textDocument: { uri: 'file:///none' } }), { code: -32602 });
if (!sandbox) {
    const cancel = new CancellationTokenSource();
    connection.onProgress(new ProgressType(), 'endless', () => cancel.cancel());
    await assert.rejects(connection.sendRequest('gridls/explain', {
        textDocument: { uri }, question: 'ENDLESS', partialResultToken: 'endless' }, cancel.token),
                         { code: LSPErrorCodes.RequestCancelled });

    // A command's own progress, cancelled; one that is over before its token is there has none.
    seen.delete('begin');
    seen.delete('end');
    assert.equal(await connection.sendRequest(ExecuteCommandRequest.type, {
        command: 'gridls.explain',
        arguments: [{ textDocument: { uri }, question: 'ENDLESS' }] }), null);
    const token = await next('begin');
    await connection.sendNotification(WorkDoneProgressCancelNotification.type, { token });
    assert.equal(await next('end'), token);
    for (const kinds of jobs.values())
        assert.match(kinds.join(' '), /^(|begin( report)* end)$/);
}

// -- the end

await connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
assert.equal(await connection.sendRequest(ShutdownRequest.type), null);
await connection.sendNotification(ExitNotification.type);
const [code, signal] = await once(daemon, 'exit');
assert.deepEqual([code, signal], [0, null]);
assert.deepEqual(seen.get('message') ?? [], []);
assert.deepEqual(complaints, []);
console.log('"done"');
process.exit(0);
