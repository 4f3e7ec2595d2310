// The process behind it, the key, and what a workspace may say.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Suite } from '../support/suite.mjs';
import { GRIDLS } from '../support/workbench.mjs';

const suite = new Suite({ daemon: { api_key: '' } });

const inWindow = suite.tests('daemon');

// It is given up after half a minute, which goes by while the other tests run.
let mortalWindow, mortalProgram;
const mortal = new Suite({
    async begin() {
        mortalProgram = path.join(mortal.bench.folder, 'mortal');
        fs.writeFileSync(mortalProgram, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
        mortal.bench.configure({ ...mortal.bench.settings, 'gridls.path': mortalProgram });
        mortalWindow = await mortal.open();
    },
});

const isOff = window => window.seeStatus('Suggestions are off here');

inWindow('a language is turned off and on, and gridls wholly', async window => {
    await window.seeStatus('Ready at');
    await window.edit('a.c', 'int a =');
    await window.choose('No Suggestions in All "c" Files');
    await isOff(window);
    await window.edit('b.json', '{}');
    await window.seeStatus('Ready at', 'Suggestions are off here');
    await window.edit('b.c', 'int b =');
    await isOff(window);
    await window.choose('Suggestions in All "c" Files');
    await window.seeStatus('Ready at', 'Suggestions are off here');
    await window.choose('Turn gridls Off');
    await window.seeStatus('gridls is off.');
    await window.choose('Turn gridls On');
    await window.seeStatus('Ready at');
});

inWindow('the key that is set is used and stands in no file of settings', async window => {
    await window.seeStatus('Ready at');
    await window.command('gridls: Set the API Key');
    await window.see('.quick-input-widget input[type="password"]');
    await window.type('secret-key-of-the-test');
    await window.press('Enter');
    await window.page.waitForSelector('.quick-input-widget', { state: 'hidden' });
    await window.edit('a.c', 'int a =');
    const asked = suite.upstream.next('completion');
    await window.goTo(1);
    await window.type(' ');
    assert.equal((await asked).key, 'secret-key-of-the-test');
    for (const file of fs.readdirSync(suite.bench.folder, { recursive: true, withFileTypes: true })) {
        if (file.isFile())
            assert.doesNotMatch(fs.readFileSync(path.join(file.parentPath ?? file.path, file.name), 'latin1'),
                                /secret-key/, file.name);
    }
    const without = suite.upstream.next('completion');
    await window.command('gridls: Remove the API Key');
    await window.goTo(1);
    await window.type('1 + ');
    assert.equal((await without).key, undefined);
});

suite.hostTest('daemon: within the extension host', 'daemon', options => suite.open({
    '.vscode/settings.json': JSON.stringify({
        'gridls.base_url': 'http://127.0.0.1:1/v1', 'gridls.path': '/bin/false',
        'gridls.instructions': 'of the workspace',
    }),
}, options));

suite.hostTest('daemon: with several roots', 'roots', options => {
    const folder = suite.bench.workspace(Object.fromEntries(
        ['one', 'two', 'three'].map(root => [`${root}/deep/x.c`, 'int x;\n'])));
    const file = path.join(folder, 'all.code-workspace');
    suite.bench.write(file, JSON.stringify({ folders: [{ path: 'one' }, { path: 'two' }] }));
    return suite.bench.open(file, options);
});

const withoutIt = suite.tests('daemon', () => {
    suite.bench.configure({ ...suite.bench.settings, 'gridls.path': '/nowhere/gridls' });
    return suite.open();
});

withoutIt('where it is missing it says how to get it', async window => {
    await window.seeStatus('no executable file /nowhere/gridls');
    await window.see('.notification-toast:has-text("/nowhere/gridls"):has-text("How to Get It")');
    await window.picture('missing');
    await window.page.click('.notification-toast a:has-text("How to Get It")');
    await window.see('.getting-started-step:has-text("Get the daemon")');
    await window.picture('walkthrough');
});

const dying = mortal.tests('daemon', () => mortalWindow);

dying('one that keeps dying is given up with one message, and comes back when it is told to', async window => {
    await window.seeStatus('keeps ending unexpectedly');
    await window.see('.statusbar-item.warning-kind [aria-label*="keeps ending"]');
    await window.command('Notifications: Show Notifications');
    await window.see('.notifications-center .monaco-list-row:has-text("is not started again")');
    assert.equal(await window.page.locator('.notifications-center .monaco-list-row').count(), 1);
    await window.picture('given-up');
    fs.writeFileSync(mortalProgram, `#!/bin/sh\nexec '${GRIDLS}' "$@"\n`);
    await window.page.click('.notifications-center a:has-text("Restart")');
    await window.seeStatus('Ready at');
});
