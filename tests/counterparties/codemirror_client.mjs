// gridls under @codemirror/lsp-client, a small client that knows few capabilities and answers no
// request.
//
//     node codemirror_client.mjs '{"argv": […], "root": "file:///…", "path": "/…/a.c", "sandbox": …}'
//
// Without a browser there are no views: texts are held by a workspace of our own, and what the client
// has no command for goes through its request(). Ends with 0 when all was as it has to be.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { ChangeSet, Text } from '@codemirror/state';
import { LSPClient, Workspace } from '@codemirror/lsp-client';

const { argv, root, path, sandbox } = JSON.parse(process.argv[2]);
const uri = `${root}/a.c`;
const source = fs.readFileSync(path, 'utf8');
const daemon = spawn(argv[0], argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });

// The frames, which this client leaves to its user.
const handlers = new Set();
let held = Buffer.alloc(0);
daemon.stdout.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    for (;;) {
        const end = held.indexOf('\r\n\r\n');
        if (end < 0)
            return;
        const length = Number(/^Content-Length: (\d+)$/.exec(held.subarray(0, end))[1]);
        if (held.length < end + 4 + length)
            return;
        const body = held.subarray(end + 4, end + 4 + length).toString();
        held = held.subarray(end + 4 + length);
        for (const handler of handlers)
            handler(body);
    }
});
const transport = {
    send(body) {
        daemon.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    },
    subscribe: (handler) => handlers.add(handler),
    unsubscribe: (handler) => handlers.delete(handler),
};

class Texts extends Workspace {
    files = [];
    changes = null;
    open(text) {
        const file = { uri, languageId: 'c', version: 1, doc: Text.of(text.split('\n')),
                       getView: () => null };
        this.files.push(file);
        this.client.didOpen(file);
    }
    edit(from, to, insert) {
        const before = this.changes ?? ChangeSet.empty(this.files[0].doc.length);
        this.changes = before.compose(ChangeSet.of({ from, to, insert }, before.newLength));
    }
    syncFiles() {
        if (!this.changes)
            return [];
        const [file] = this.files;
        const update = { file, prevDoc: file.doc, changes: this.changes };
        file.doc = this.changes.apply(file.doc);
        file.version++;
        this.changes = null;
        return [update];
    }
}

const told = { pieces: [], messages: [] };
const client = new LSPClient({
    rootUri: root, timeout: 30000, workspace: (own) => new Texts(own),
    initializationOptions: { completion: { debounce_ms: 0, menu: true } },
    notificationHandlers: {
        '$/progress': (_, { value }) => told.pieces.push(value) > 0,
        'window/showMessage': (_, { message }) => told.messages.push(message) > 0,
        'gridls/status': () => true,
    },
    unhandledNotification: (_, method) => assert.fail(`unhandled ${method}`),
});
client.connect(transport);
await client.initializing;
assert.equal(client.serverCapabilities.positionEncoding, 'utf-16');
client.workspace.open(source);

const text = () => client.workspace.files[0].doc.toString();
const position = (offset) => {
    const line = client.workspace.files[0].doc.lineAt(offset);
    return { line: line.number - 1, character: offset - line.from };
};

// Two edits in one message, each after the other's effect.
const body = source.indexOf('return');
client.workspace.edit(body, source.indexOf(';', body) + 1, 'return');
client.workspace.edit(0, 0, '// 😀\n');
client.sync();
const cursor = position(text().indexOf('return') + 'return'.length);
const offered = await client.request('textDocument/inlineCompletion', {
    textDocument: { uri }, position: cursor, context: { triggerKind: 1 } });
if (!sandbox)
    assert.equal(offered.items[0].insertText, ' a + b; // 😀');
const menu = await client.request('textDocument/completion', {
    textDocument: { uri }, position: cursor });
if (!sandbox)
    assert.match((menu.items ?? menu)[0].textEdit.newText, /a \+ b/);

// It has not said that it knows code action literals: commands are what it gets.
client.workspace.edit(0, text().length, source);
client.sync();
assert.equal(text(), source);
const range = { start: position(0), end: position(source.length) };
const actions = await client.request('textDocument/codeAction', {
    textDocument: { uri }, range, context: { diagnostics: [] } });
assert.ok(actions.length > 1 && actions.every(({ command }) => command.startsWith('gridls.')));
const explain = actions.find(({ command }) => command === 'gridls.explain');
assert.equal(await client.request('workspace/executeCommand', {
    command: explain.command, arguments: explain.arguments }), null);
while (!told.messages.length)
    await new Promise(setImmediate);
assert.ok(sandbox ? told.messages[0].length > 20 : told.messages[0].includes('It adds. 😀'));

// Our own requests.
const answer = await client.request('gridls/explain', {
    textDocument: { uri }, range, partialResultToken: 1 });
const said = told.pieces.map((piece) => piece.text).join('');
assert.ok(!('text' in answer) && (sandbox ? said.length > 20 : said === 'It adds. 😀'));
const { edit } = await client.request('gridls/refactor', {
    textDocument: { uri, version: client.workspace.files[0].version }, range,
    instruction: 'turn it' });
assert.ok(edit.changes[uri].length > 0);

// Cancelling: by the params object that was sent.
if (!sandbox) {
    told.pieces.length = 0;
    const params = { textDocument: { uri }, question: 'ENDLESS', partialResultToken: 2 };
    const asked = client.request('gridls/explain', params);
    while (!told.pieces.length)
        await new Promise(setImmediate);
    client.cancelRequest(params);
    await assert.rejects(asked, (error) => error.code === -32800);
}
await assert.rejects(client.request('textDocument/hover', {
    textDocument: { uri }, position: cursor }), (error) => error.code === -32601);

client.didClose(uri);
assert.equal(await client.request('shutdown', null), null);
client.notification('exit');
const [code, signal] = await once(daemon, 'exit');
assert.deepEqual([code, signal], [0, null]);
console.log('"done"');
process.exit(0);
