// Explanations beside the code.

import assert from 'node:assert/strict';
import { Suite } from '../support/suite.mjs';
import { until } from '../support/workbench.mjs';

const SOURCE = 'int first(void)\n{\n    return 1;\n}\n\nint last(void)\n{\n    return 2;\n}\n';

const suite = new Suite();
const explain = suite.tests('explain');

/** Opens the source, selects lines 6 to 9 and has them explained; gives the call and the view. */
async function begin(window, name) {
    await window.seeStatus('Ready at');
    await window.edit(name, SOURCE);
    await window.goTo(6, 1);
    await window.press('Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Shift+ArrowDown');
    const asked = suite.upstream.next('explain');
    await window.command('gridls: Explain');
    const call = await asked;
    const view = await window.frameWith('#answers');
    await view.waitForSelector(`#place:has-text("${name}:6-9")`);
    return { call, view };
}

explain('it streams into a view beside the code, as text and never as HTML', async window => {
    const { call, view } = await begin(window, 'a.c');
    await view.waitForSelector('.note:has-text("Waiting for the answer")');
    call.send('It **returns** two');
    await view.waitForSelector('strong:has-text("returns")');
    call.send(' in line 8.\n\n<img src=x onerror="document.title=1"> <b>no</b> [l](https://example.com)\n\n');
    call.send('```c\nreturn 2;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n');
    await view.waitForSelector('td:has-text("2")');
    assert.equal(await view.locator('#answers img, #answers b, #answers a').count(), 0);
    assert.match(await view.locator('#answers').innerText(), /<b>no<\/b> l \(https:\/\/example\.com\)/);
    assert.equal(await view.locator('pre code').innerText(), 'return 2;');
    call.finish();
    await view.waitForSelector('article.done');
    await window.picture('explain');
    const policy = await view.getAttribute('meta[http-equiv="Content-Security-Policy"]', 'content');
    assert.match(policy, /^default-src 'none';/);
    assert.doesNotMatch(policy, /unsafe|https?:\/\/(?!\S*vscode)|script-src (?!'nonce-)/);
});

explain('a line that it names is a link to the code', async window => {
    const { call, view } = await begin(window, 'b.c');
    call.send('Look at lines 2-4.').finish();
    await view.click('button:has-text("lines 2-4")');
    await until('the lines to be selected', async () =>
        /Ln 4, Col 2 \(\d+ selected\)/.test(await window.page.locator('.statusbar').innerText()));
    await view.click('#place');
    await until('the place to be selected', async () =>
        /Ln 10, Col 1 \(\d+ selected\)/.test(await window.page.locator('.statusbar').innerText()));
});

explain('questions are asked in the box under the answer', async window => {
    const { call, view } = await begin(window, 'c.c');
    call.send('The first answer.').finish();
    await view.waitForSelector('article.done');
    const asked = suite.upstream.next('explain');
    await view.locator('#question').fill('And why?');
    await view.locator('#question').press('Enter');
    const next = await asked;
    assert.match(next.prompt, /The first answer\./);
    assert.match(next.prompt, /And why\?/);
    next.send('Because of **that**.').finish();
    await view.waitForSelector('article.done strong:has-text("that")');
    assert.equal(await view.locator('article').count(), 2);
    assert.equal(await view.locator('.question').innerText(), 'And why?');
    assert.equal(await view.locator('#question').inputValue(), '');
    await window.picture('explain-question');
});

explain('it stops when it is told to, and may be asked on', async window => {
    const { call, view } = await begin(window, 'd.c');
    call.send('It goes on and');
    await view.waitForSelector('p:has-text("It goes on and")');
    await view.click('#stop');
    await call.closed;
    await view.waitForSelector('.note:has-text("Stopped.")');
    const asked = suite.upstream.next('explain');
    await view.locator('#question').fill('So?');
    await view.locator('#question').press('Enter');
    const next = await asked;
    assert.match(next.prompt, /So\?/);
    next.send('So.').finish();
    await view.waitForSelector('article.done p:has-text("So.")');
});

explain('closing the view ends the call; what is hidden is there again when it is shown', async window => {
    const { call, view } = await begin(window, 'f.c');
    call.send('The first piece.');
    await view.waitForSelector('p:has-text("The first piece.")');
    // The editor's own group is the active one: the view has left the focus there.
    await window.page.click('.tab:has-text("gridls: Explanation")');
    await window.command('File: New Untitled Text File');
    await window.page.waitForSelector('.tab.active:has-text("Untitled-1")');
    call.send(' The second.');
    await window.page.click('.tab:has-text("gridls: Explanation")');
    const again = await window.frameWith('#answers article');
    await again.waitForSelector('p:has-text("The first piece. The second.")');
    await window.page.click('.tab:has-text("gridls: Explanation") .codicon-close');
    await call.closed;
});

// The last: the status tells of a failure until something has gone well.
explain('a failure is told in the view, where the answer would be', async window => {
    const { call, view } = await begin(window, 'e.c');
    call.fail(400, 'that was too much');
    await view.waitForSelector('article.failed .note:has-text("that was too much")');
    assert.equal(await window.page.locator('.notification-toast').count(), 0);
});
