// Rewrites with a preview, and fixes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Suite } from '../support/suite.mjs';
import { until } from '../support/workbench.mjs';

const SOURCE = 'int one = 1;\nint two = 2;\nint three = 3;\nint four = 4;\nint five = 5;\n';
const REWRITTEN = 'long one = 1;\nint two = 2;\nint three = 3;\nint four = 4;\nlong five = 5;\n';

const suite = new Suite();
const refactor = suite.tests('refactor');

/** Has the whole of a new file rewritten; gives the call. */
async function begin(window, name, instruction = 'make them long') {
    await window.seeStatus('Ready at');
    await window.edit(name, SOURCE);
    await window.press('Control+a');
    await window.see('.statusbar:has-text("selected")');
    const asked = suite.upstream.next('refactor');
    await window.command('gridls: Refactor');
    await window.see('.quick-input-widget:has-text("gridls: Refactor") input');
    // Enter at once, as fast as keys come: what is typed counts, not what the list has come to.
    await window.type(instruction);
    await window.press('Enter');
    const call = await asked;
    assert.match(call.prompt, new RegExp(`\\n${instruction}\\n`));
    return call;
}

async function preview(window, name) {
    const call = await begin(window, name);
    call.send('```c\n' + REWRITTEN + '```\n').finish();
    await window.see('.monaco-diff-editor');
    await until('two hunks', async () => await window.page.locator('.monaco-diff-editor .line-insert').count() === 2);
}

const seeText = (window, pattern) => until(`the text to match ${pattern}`, async () =>
    pattern.test((await window.page.locator('.monaco-editor .view-lines').allInnerTexts()).join('\n')
        .replaceAll('\u00a0', ' ')));

refactor('it is shown as a diff and accepted as one undo step', async window => {
    await preview(window, 'a.c');
    await window.picture('refactor');
    assert.equal(fs.readFileSync(path.join(window.folder, 'a.c'), 'utf8'), SOURCE);
    await window.page.click('.editor-actions a[aria-label^="Accept All Changes"]');
    await window.gone('.monaco-diff-editor');
    await window.saveAs('a.c', /^long one = 1;\nint two = 2;\nint three = 3;\nint four = 4;\nlong five = 5;\n$/);
    await window.press('Control+z');
    await window.saveAs('a.c', /^int one = 1;\n[^]*\nint five = 5;\n$/);
});

refactor('one change is accepted, the other rejected', async window => {
    await preview(window, 'b.c');
    await window.page.click('.editor-actions a[aria-label^="Accept This Change"]');
    await until('one hunk', async () => await window.page.locator('.monaco-diff-editor .line-insert').count() === 1);
    await window.picture('refactor-one-left');
    await window.page.click('.editor-actions a[aria-label^="Reject This Change"]');
    await window.gone('.monaco-diff-editor');
    await window.saveAs('b.c', /^long one = 1;\n[^]*\nint five = 5;\n$/);
});

refactor('all is rejected', async window => {
    await preview(window, 'c.c');
    await window.page.click('.editor-actions a[aria-label^="Reject All Changes"]');
    await window.gone('.monaco-diff-editor');
    await window.see('.tab.active[data-resource-name="c.c"]:not(.dirty)');
    assert.equal(fs.readFileSync(path.join(window.folder, 'c.c'), 'utf8'), SOURCE);
});

refactor('an instruction that was given before is offered', async window => {
    await window.edit('d.c', SOURCE);
    const asked = suite.upstream.next('refactor');
    await window.command('gridls: Refactor');
    await window.see('.quick-input-widget .monaco-list-row:has-text("make them long"):has-text("given before")');
    await window.picture('instruction');
    await window.press('ArrowDown', 'Enter');
    const call = await asked;
    assert.match(call.prompt, /\nmake them long\n/);
    call.send('```c\nint one = 1;\n```\n').finish();
    await window.see('.notification-toast:has-text("nothing to change")');
});

refactor('it is cancelled by its notice', async window => {
    const call = await begin(window, 'e.c', 'take long');
    call.send('```c\nlong one = 1;\nlong two = 2;\nlong three = 3;\n');
    await window.see('.notification-toast:has-text("take long"):has-text(" line")');
    await window.page.click('.notification-toast a:has-text("Cancel")');
    await call.closed;
    await window.gone('.notification-toast:has-text("take long")');
    assert.equal(await window.page.locator('.monaco-diff-editor').count(), 0);
});

refactor('a text that changes under it is not touched', async window => {
    const call = await begin(window, 'f.c', 'be late');
    await window.page.click('.monaco-editor .view-line:first-child');
    await window.type('unsigned ');
    call.send('```c\n' + REWRITTEN + '```\n').finish();
    await window.see('.notification-toast:has-text("changed")');
    assert.equal(await window.page.locator('.monaco-diff-editor').count(), 0);
    await window.press('Escape');
});

refactor('what a diagnostic says is fixed by the light bulb', async window => {
    await window.seeStatus('Ready at');
    await window.edit('g.json', '{\n  "a": 1,,\n  "b": 2\n}\n');
    await window.see('.squiggly-error');
    await window.goTo(2);
    await window.press('F8');
    await window.see('.marker-widget, .zone-widget');
    await window.press('Escape');
    await window.press('Control+.');
    await window.see('.action-widget:has-text("Fix:")');
    await window.picture('fix');
    const asked = suite.upstream.next('refactor');
    await window.press('Enter');
    const call = await asked;
    call.send('```json\n  "a": 1,\n```\n').finish();
    await seeText(window, /"a": 1,\s*\n\s*"b"/);
    await window.saveAs('g.json', /^\{\n {2}"a": 1,\n {2}"b": 2\n\}\n$/);
});
