// The process behind it, the key, and what a workspace may say.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXTENSION, PACKAGE, Workbench, until } from '../support/workbench.mjs';
import { Upstream } from '../support/upstream.mjs';

const HOST = path.join(path.dirname(fileURLToPath(import.meta.url)), '../build/host/index.cjs');

let bench, upstream;

before(async () => {
    upstream = await Upstream.start();
    bench = await Workbench.start({ extension: PACKAGE, daemon: { ...upstream.settings, api_key: '' } });
});

after(async () => {
    await bench?.stop();
    await upstream?.stop();
});

const inWindow = Workbench.tests('daemon', () => bench.open(bench.workspace({})));

inWindow('the key that is set is used and stands in no file of settings', async window => {
    await window.seeStatus('Ready at');
    await window.command('gridls: Set the API Key');
    await window.see('.quick-input-widget input[type="password"]');
    await window.type('secret-key-of-the-test');
    await window.press('Enter');
    await window.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
    await window.edit('a.c', 'int a =');
    const asked = upstream.next('completion');
    await window.goTo(1);
    await window.type(' ');
    assert.equal((await asked).key, 'secret-key-of-the-test');
    assert.doesNotMatch(fs.readFileSync(bench.settingsFile, 'utf8'), /secret-key/);
});

test('daemon: within the extension host', async () => {
    const folder = bench.workspace({
        '.vscode/settings.json': JSON.stringify({
            'gridls.base_url': 'http://127.0.0.1:1/v1', 'gridls.path': '/bin/false',
            'gridls.instructions': 'of the workspace',
        }),
    });
    let said, code;
    const window = await bench.open(folder, {
        payload: [['extensionDevelopmentPath', EXTENSION], ['extensionTestsPath', HOST]],
        expose: {
            codeAutomationLog: (kind, args) => { said = JSON.stringify(args); },
            codeAutomationExit: value => { code = value; },
        },
    });
    try {
        await until('the end of the tests', () => code !== undefined, 90_000);
        assert.equal(code, 0, said);
    } catch (error) {
        await window.picture('failed-host');
        throw error;
    } finally {
        await window.close();
    }
});

const withoutIt = Workbench.tests('daemon', () => {
    const settings = JSON.parse(fs.readFileSync(bench.settingsFile, 'utf8'));
    bench.configure({ ...settings, 'gridls.path': '/nowhere/gridls' });
    return bench.open(bench.workspace({}));
});

withoutIt('where it is missing it says how to get it', async window => {
    await window.seeStatus('no executable file /nowhere/gridls');
    await window.see('.notification-toast:has-text("/nowhere/gridls"):has-text("How to Get It")');
    await window.picture('missing');
    await window.page.click('.notification-toast a:has-text("How to Get It")');
    await window.see('.getting-started-step:has-text("Get the daemon")');
    await window.picture('walkthrough');
});
