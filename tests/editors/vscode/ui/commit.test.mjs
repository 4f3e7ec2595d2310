// Commit messages in the Source Control view.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Suite } from '../support/suite.mjs';
import { until } from '../support/workbench.mjs';

const suite = new Suite();
const commit = suite.tests('commit', async () => {
    const folder = suite.bench.workspace({ 'a.c': 'int a;\n' });
    suite.bench.git(folder, 'init', '-q');
    suite.bench.git(folder, 'add', '.');
    const window = await suite.bench.open(folder);
    await window.seeStatus('Ready at');
    await window.press('Control+Shift+g');
    await window.see('.scm-view .scm-editor');
    await window.see('.scm-view .monaco-list-row:has-text("a.c")');
    return window;
});

const BUTTON = '.pane-header a[aria-label^="Write the Commit Message"], ' +
    '.title-actions a[aria-label^="Write the Commit Message"]';
const STOP = 'a[aria-label^="Stop Writing the Commit Message"]';

const message = async window => (await window.page.locator('.scm-editor .view-line').evaluateAll(lines =>
    lines.map(line => [parseInt(line.style.top, 10), line.textContent]).sort((a, b) => a[0] - b[0])
        .map(([, text]) => text).join('\n'))).replaceAll('\u00a0', ' ').trimEnd();

const seeMessage = async (window, text) => {
    let seen;
    await until('', async () => (seen = await message(window)) === text)
        .catch(() => { throw new Error(`in vain: the message "${text}", but it was "${seen}"`); });
};

async function clear(window) {
    await window.page.click('.scm-editor .monaco-editor');
    await window.press('Control+a', 'Delete');
    await seeMessage(window, '');
}

async function press(window) {
    const asked = suite.upstream.next('commit');
    await window.page.locator(BUTTON).first().click();
    return asked;
}

commit('the button writes it into the box as it comes', async window => {
    const call = await press(window);
    assert.match(call.prompt, /int a;/);
    call.send('Add a declaration\n\nIt is needed.\n\nIt ');
    await seeMessage(window, 'Add a declaration\n\nIt is needed.');
    await window.see(STOP);
    await window.picture('commit');
    call.send('was missing.').finish();
    await seeMessage(window, 'Add a declaration\n\nIt is needed.\n\nIt was missing.');
    await window.gone(STOP);
});

commit('what is typed stays in front of it, and is a hint', async window => {
    await clear(window);
    await window.type('Fix #7');
    await seeMessage(window, 'Fix #7');
    const call = await press(window);
    assert.match(call.prompt, /Fix #7/);
    call.send('Declare a').finish();
    await seeMessage(window, 'Fix #7\n\nDeclare a');
});

commit('typing meanwhile ends it, and nothing is written over', async window => {
    await clear(window);
    const call = await press(window);
    call.send('Add a\n\nBecause.\n\n');
    await seeMessage(window, 'Add a\n\nBecause.');
    await window.page.click('.scm-editor .monaco-editor');
    await window.press('Control+Home');
    await window.type('X');
    await seeMessage(window, 'XAdd a\n\nBecause.');
    await window.reachHost();
    call.send('Of that.\n\n');
    await call.closed;
    await window.see('.notification-toast:has-text("You have changed the message")');
    assert.equal(await message(window), 'XAdd a\n\nBecause.');
});

commit('it stops when it is told to', async window => {
    await clear(window);
    const call = await press(window);
    call.send('Add a\n\nAnd.\n\n');
    await seeMessage(window, 'Add a\n\nAnd.');
    await window.page.locator(STOP).first().click();
    await call.closed;
    await window.gone(STOP);
    assert.equal(await message(window), 'Add a\n\nAnd.');
});

commit('in the document that git opens it goes above the comments', async window => {
    fs.writeFileSync(path.join(window.folder, '.git/COMMIT_EDITMSG'), '\n# Please enter the message\n');
    await window.page.keyboard.press('Control+p');
    await window.type(path.join(window.folder, '.git/COMMIT_EDITMSG'));
    await window.see('.quick-input-widget .monaco-list-row:has-text("COMMIT_EDITMSG")');
    await window.press('Enter');
    await window.see('.tab.active[data-resource-name="COMMIT_EDITMSG"]');
    const asked = suite.upstream.next('commit');
    await window.command('gridls: Write the Commit Message');
    const call = await asked;
    call.send('Add a\n');
    call.send('\nIt was missing.').finish();
    await window.saveAs('.git/COMMIT_EDITMSG', /^Add a\n\nIt was missing\.\n+# Please enter the message\n$/);
    await window.press('Control+z');
    await window.saveAs('.git/COMMIT_EDITMSG', /^\n# Please enter the message\n$/);
});

commit('with nothing staged it says so', async window => {
    await clear(window).catch(() => undefined);
    suite.bench.git(window.folder, '-c', 'user.name=A', '-c', 'user.email=a@example.com', 'commit', '-qm', 'x');
    await window.command('gridls: Write the Commit Message');
    await window.see('.notification-toast:has-text("staged")');
});
