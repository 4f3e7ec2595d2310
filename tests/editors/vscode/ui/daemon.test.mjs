// The process behind it, the key, and what a workspace may say.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Suite } from '../support/suite.mjs';

const suite = new Suite({ daemon: { api_key: '' } });

const inWindow = suite.tests('daemon');

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
    assert.doesNotMatch(fs.readFileSync(suite.bench.settingsFile, 'utf8'), /secret-key/);
});

suite.hostTest('daemon: within the extension host', 'daemon', options => suite.open({
    '.vscode/settings.json': JSON.stringify({
        'gridls.base_url': 'http://127.0.0.1:1/v1', 'gridls.path': '/bin/false',
        'gridls.instructions': 'of the workspace',
    }),
}, options));

const withoutIt = suite.tests('daemon', () => {
    const settings = JSON.parse(fs.readFileSync(suite.bench.settingsFile, 'utf8'));
    suite.bench.configure({ ...settings, 'gridls.path': '/nowhere/gridls' });
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
