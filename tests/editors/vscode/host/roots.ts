// A window with several roots: one daemon, which knows all of them, as they come and go.

import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { Upstream } from '../support/upstream.mjs';
import { daemons, one, runAll, until } from './support/tests';

const folders = (): string[] => (vscode.workspace.workspaceFolders ?? []).map(folder => folder.uri.fsPath);
let parent = '';
const file = (root: string): vscode.Uri => vscode.Uri.file(path.join(parent, root, 'deep', 'x.c'));

/** How the model is told the name of the file that is asked about. */
async function nameOf(upstream: Upstream, uri: vscode.Uri): Promise<string> {
    const asked = upstream.next('explain');
    await vscode.commands.executeCommand('gridls.explain', {
        textDocument: { uri: uri.toString() },
        range: { start: { line: 0, character: 0 }, end: { line: 0, character: 3 } },
    });
    const call = await asked;
    call.send('It is.').finish();
    return /path="([^"]*x\.c)"/.exec(call.prompt)?.[1] ?? call.prompt;
}

async function change(...args: Parameters<typeof vscode.workspace.updateWorkspaceFolders>): Promise<void> {
    const changed = new Promise<void>(resolve => {
        const listener = vscode.workspace.onDidChangeWorkspaceFolders(() => {
            listener.dispose();
            resolve();
        });
    });
    assert.ok(vscode.workspace.updateWorkspaceFolders(...args));
    await changed;
}

export async function run(): Promise<void> {
    // VS Code may read the file that names them only after it has begun with tests.
    await until('the roots', () => folders().length === 2);
    parent = path.dirname(folders()[0]!);
    const upstream = await Upstream.start();
    const settings = vscode.workspace.getConfiguration('gridls');
    // They reach the daemon that runs.
    await settings.update('base_url', upstream.url, vscode.ConfigurationTarget.Global);
    await settings.update('instruments.explain', 'explain', vscode.ConfigurationTarget.Global);
    let daemon = 0;
    try {
        await runAll({
            async 'one daemon serves the roots that are there'() {
                daemon = await one();
                await vscode.workspace.openTextDocument(file('one'));
                await until('the daemon to serve', async () => (await vscode.commands.executeCommand<unknown[]>(
                    'vscode.executeCodeActionProvider', file('one'), new vscode.Range(0, 0, 0, 3))).length > 0);
                assert.equal(await nameOf(upstream, file('one')), 'deep/x.c');
                assert.equal(await nameOf(upstream, file('two')), 'deep/x.c');
                assert.notEqual(await nameOf(upstream, file('three')), 'deep/x.c');
            },

            async 'a root that is added is known, one that is removed no more'() {
                await change(2, 0, { uri: vscode.Uri.file(path.join(parent, 'three')) });
                assert.equal(await nameOf(upstream, file('three')), 'deep/x.c');
                await change(1, 1);
                assert.notEqual(await nameOf(upstream, file('two')), 'deep/x.c');
                assert.equal(await nameOf(upstream, file('three')), 'deep/x.c');
                assert.deepEqual(daemons(), [daemon]);
            },
        });
    } finally {
        for (const name of ['base_url', 'instruments.explain'])
            await settings.update(name, undefined, vscode.ConfigurationTarget.Global);
        await upstream.stop();
    }
}
