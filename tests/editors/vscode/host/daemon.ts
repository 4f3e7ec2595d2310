// One daemon for a window, its commands, and what a workspace may set.

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { daemons, one, runAll, until } from './support/tests';

export const run = (): Promise<void> => runAll({
    async 'all commands of the package are there'() {
        const extension = vscode.extensions.getExtension('gridls.gridls')!;
        await extension.activate();
        const known = new Set(await vscode.commands.getCommands());
        const declared = extension.packageJSON.contributes.commands as { command: string }[];
        assert.deepEqual(declared.filter(({ command }) => !known.has(command)), []);
        for (const { command } of extension.packageJSON.contributes.keybindings as { command: string }[])
            assert.ok(known.has(command), command);
    },

    async 'a workspace cannot set which program runs or where requests go'() {
        const settings = vscode.workspace.getConfiguration('gridls');
        for (const name of ['path', 'arguments', 'base_url', 'api_key_command', 'api_key_file', 'ignore',
                            'network.proxy', 'network.redirect_hosts', 'network.allow_http',
                            'privacy.redact_secrets'])
            await assert.rejects(async () => settings.update(name, 'x', vscode.ConfigurationTarget.Workspace), name);
        // What stands in its file all the same counts for nothing.
        assert.equal(settings.get('base_url'), 'https://api.thegrid.ai/v1');
        assert.equal(settings.inspect('base_url')?.workspaceValue, undefined);
        assert.equal(settings.get('instructions'), 'of the workspace');
    },

    async 'one daemon runs; one that dies is started again, and one that is turned off is not'() {
        const first = await one();
        process.kill(first, 'SIGKILL');
        const second = await one(first);
        await vscode.commands.executeCommand('gridls.restart');
        const third = await one(second);
        const settings = vscode.workspace.getConfiguration('gridls');
        await settings.update('enabled', false, vscode.ConfigurationTarget.Global);
        await until('no daemon', () => daemons().length === 0);
        await settings.update('enabled', undefined, vscode.ConfigurationTarget.Global);
        await one(third);
    },
});
