// Makes the README's picture of VS Code: the real one on the sandbox, in a headless browser.
//
//     GRIDLS=build/daemon/gridls node tests/pictures/vscode.mjs
//
// Writes vscode.png beside this file. Needs what tests/editors/vscode/run installs and the package it makes.

import fs from 'node:fs';
import { PACKAGE, Workbench } from '../editors/vscode/support/workbench.mjs';

const here = name => new URL(name, import.meta.url);
const source = fs.readFileSync(here('../../daemon/conversation.c'), 'utf8');
const place = source.split('\n').findIndex(line => line.startsWith('static struct conversation *add(')) + 1;

const bench = await Workbench.start({ extension: PACKAGE, settings: { 'gridls.arguments': ['--sandbox'] } });
try {
    const window = await bench.open(bench.workspace({}));
    await window.seeStatus('sandbox');
    await window.press('Control+b');
    await window.edit('conversation.c', source);
    await window.goTo(place, 1);
    for (let line = 0; line < 9; line++)
        await window.press('Shift+ArrowDown');
    await window.command('gridls: Explain');
    const view = await window.frameWith('#answers');
    await view.waitForSelector('article.done');
    await window.page.click('.tab:has-text("conversation.c")');
    await window.goTo(place + 9);
    await window.press('Enter');
    await window.type('conversations->first = ');
    await window.seeGhost('gridls sandbox');
    await window.page.screenshot({ path: here('vscode.png').pathname });
} finally {
    await bench.stop();
}
