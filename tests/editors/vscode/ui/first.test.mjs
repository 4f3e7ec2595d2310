// Before all is set: in a folder that is not trusted, and without a key.

import assert from 'node:assert/strict';
import { Suite } from '../support/suite.mjs';

const suite = new Suite({
    daemon: { api_key: '' },
    settings: { 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never' },
});

const restricted = suite.tests('restricted mode', () => suite.open({
    '.vscode/settings.json': JSON.stringify({
        'gridls.instructions': 'WORKSPACE', 'gridls.completion.max_tokens': 7,
    }),
}));

/** Types at the end of a file; gives the completion's call. */
async function typeAfter(window, text) {
    const asked = suite.upstream.next('completion');
    await window.goTo(1);
    await window.type(text);
    return asked;
}

restricted('it works, and nothing that the workspace sets counts', async window => {
    await window.seeStatus('Ready at');
    await window.see('.statusbar:has-text("Restricted Mode")');
    await window.edit('a.c', 'int a =');
    const call = await typeAfter(window, ' ');
    assert.doesNotMatch(call.prompt, /WORKSPACE/);
    assert.notEqual(call.body.max_tokens, 7);
    call.send('1;').finish();
    await window.seeGhost('1;');
    await window.picture('restricted');
});

restricted('there is no message box, and it says why', async window => {
    await window.command('gridls: Write the Commit Message');
    await window.see('.notification-toast:has-text("Restricted Mode")');
});

restricted('once it is trusted what it sets counts, with no restart', async window => {
    await window.command('Workspaces: Manage Workspace Trust');
    await window.page.click('.workspace-trust-editor a:has-text("Trust"):not(:has-text("Don\'t"))');
    await window.gone('.statusbar-item:has-text("Restricted Mode")');
    await window.edit('b.c', 'int b =');
    const call = await typeAfter(window, ' ');
    assert.match(call.prompt, /WORKSPACE/);
    assert.equal(call.body.max_tokens, 7);
    call.finish();
});

const keyless = suite.tests('without a key', () => {
    suite.bench.configure({ ...suite.bench.settings, 'gridls.base_url': 'https://api.thegrid.ai/v1' });
    return suite.open();
});

keyless('it says so once, and in the status bar, and shows how to begin', async window => {
    await window.seeStatus('No API key is set for The Grid.');
    await window.see('.statusbar-item.warning-kind [aria-label*="No API key"]');
    await window.see('.notification-toast:has-text("No API key"):has-text("Set the API Key")');
    await window.picture('keyless');
    assert.equal(await window.page.locator('.notification-toast').count(), 1);
    await window.page.click('.notification-toast a:has-text("How to Begin")');
    await window.see('.getting-started-step:has-text("Give it a key")');
    await window.picture('walkthrough-key');
});

keyless('nothing more comes by itself, and what is asked for offers to set it', async window => {
    await window.edit('a.c', 'int a =');
    await window.goTo(1);
    await window.type(' ');
    await window.reachHost();
    assert.equal(await window.page.locator('.notification-toast').count(), 0);
    await window.goTo(1);
    await window.press('Alt+\\');
    await window.page.click('.notification-toast a:has-text("Set the API Key")');
    await window.type('a-key-of-the-test');
    await window.press('Enter');
    await window.seeStatus('Ready at https://api.thegrid.ai/v1', 'No API key');
});
