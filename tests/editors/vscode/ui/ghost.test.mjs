// Ghost text, as a person sees it and takes it.

import assert from 'node:assert/strict';
import { Suite } from '../support/suite.mjs';

const SOURCE = `int first(void)
{
    return 1;
}

int last(void)
{
    int
}
`;

const suite = new Suite();
const inWindow = suite.tests('ghost text');
let count = 0;

/** A test with the source in a file of its own. */
function ghost(name, function_) {
    inWindow(name, async window => {
        suite.upstream.completion = '';
        await window.seeStatus('Ready at');
        const file = `a${++count}.c`;
        await window.edit(file, SOURCE);
        await function_(window, file);
    });
}

ghost('it is seen while typing, and Tab accepts it', async (window, file) => {
    suite.upstream.completion = ' first() + 1;';
    await window.goTo(8);
    await window.type(' a =');
    await window.seeGhost(' first() + 1;');
    await window.picture('ghost');
    await window.press('Tab');
    await window.noGhost();
    await window.saveAs(file, /^ {4}int a = first\(\) \+ 1;$/m);
});

ghost('a word of it is accepted by Ctrl+Right, a line by Ctrl+Alt+Right', async (window, file) => {
    suite.upstream.completion = ' = first();\n    int b = a;\n    return b;';
    await window.goTo(8);
    await window.type(' a');
    await window.seeGhost('return b;');
    await window.press('Control+ArrowRight');
    await window.seeGhost('first();');
    await window.press('Control+Alt+ArrowRight');
    await window.seeGhost('int b = a;');
    await window.press('Escape');
    await window.noGhost();
    await window.saveAs(file, /^ {4}int a = first\(\);\n/m);
});

ghost('its first line is shown while the rest is being written, and then the rest', async (window, file) => {
    const asked = suite.upstream.next('completion');
    await window.goTo(8);
    await window.type(' ');
    const call = await asked;
    call.send('a = first();\n    int b');
    await window.seeGhost('a = first();');
    await window.picture('ghost-first-line');
    assert.doesNotMatch(await window.ghost(), /int b/);
    call.send(' = 2;\n    return a + b;').finish();
    await window.seeGhost('return a + b;');
    await window.picture('ghost-streamed');
    await window.press('Tab');
    await window.noGhost();
    await window.saveAs(file, /^ {4}int a = first\(\);\n {4}int b = 2;\n {4}return a \+ b;\n\n?}/m);
});

ghost('dismissing it while it is being written ends the call, and nothing comes back', async window => {
    const asked = suite.upstream.next('completion');
    await window.goTo(8);
    await window.type(' ');
    const call = await asked;
    call.send('a = first();\n    int b');
    await window.seeGhost('a = first();');
    await window.press('Escape');
    await call.closed;
    await window.noGhost();
});

ghost('typing what it says keeps the call, leaving the place ends it', async window => {
    const asked = suite.upstream.next('completion');
    await window.goTo(8);
    await window.type(' ');
    const call = await asked;
    await window.type('a = f');
    call.send('a = first();\n    int b');
    await window.seeGhost('irst();');
    await window.press('ArrowUp');
    await call.closed;
    await window.noGhost();
});

ghost('it is off where it was turned off, but may be asked for', async window => {
    suite.upstream.completion = 'one;';
    await window.command('gridls: Status and Switches');
    await window.see('.quick-input-widget:has-text("No Suggestions in This File")');
    await window.picture('menu');
    await window.press('Enter');
    await window.seeStatus('Suggestions are off here');
    await window.goTo(8);
    await window.type(' a = ');
    await window.press('Alt+\\');
    await window.seeGhost('one;');
    await window.press('Escape');
    await window.noGhost();
    await window.type('1 + ');
    await window.command('gridls: Status and Switches');
    await window.see('.quick-input-widget:has-text("Suggestions in This File")');
    await window.press('Enter');
    await window.seeStatus('Ready at');
    assert.equal(await window.ghost(), '');
    await window.goTo(8);
    await window.type('2 + ');
    await window.seeGhost('one;');
});

ghost('there are others to choose from where it is asked for', async (window, file) => {
    const asked = suite.upstream.next('completion');
    await window.goTo(8);
    await window.press('Alt+\\');
    const call = await asked;
    assert.equal(call.body.n, 3);
    call.send(' a;').send(' b;', 1).send(' c;', 2).finish();
    await window.seeGhost(' a;');
    for (const [key, next] of [[']', ' b;'], [']', ' c;'], [']', ' a;'], ['[', ' c;'], ['[', ' b;']]) {
        await window.press(`Alt+${key}`);
        await window.seeGhost(next);
    }
    await window.press('Tab');
    await window.saveAs(file, /^ {4}int b;$/m);
});

ghost('what comes by itself fails in silence, what was asked for says why', async window => {
    const asked = suite.upstream.next('completion');
    await window.goTo(8);
    await window.type(' ');
    (await asked).fail(401, 'no such key');
    await window.seeStatus('refused');
    assert.equal(await window.page.locator('.notification-toast').count(), 0);
    const again = suite.upstream.next('completion');
    await window.press('Alt+\\');
    (await again).fail(401, 'no such key');
    await window.see('.notification-toast:has-text("refused"):has-text("Set the API Key")');
    await window.picture('failure');
});
