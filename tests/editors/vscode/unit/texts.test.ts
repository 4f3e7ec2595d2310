import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appearance } from '../../../../editors/vscode/src/appearance';
import { joined, remembered, typedEnd } from '../../../../editors/vscode/src/texts';

test('unit: a commit message goes behind what is typed, never over it', () => {
    assert.equal(joined('', 'Add x'), 'Add x');
    assert.equal(joined('Fix #1\n\n', 'Add x'), 'Fix #1\n\nAdd x');
    assert.equal(typedEnd('\n# comment\n'), 0);
    assert.equal(typedEnd('Fix it\n\n# comment\nno # comment\n'), 6);
    assert.equal(typedEnd('Fix it'), 6);
});

test('unit: instructions are remembered once each, the latest first, and not for ever', () => {
    assert.deepEqual(remembered(['a', 'b', 'c'], 'b'), ['b', 'a', 'c']);
    assert.equal(remembered(Array.from({ length: 50 }, (_, index) => String(index)), 'x').length, 20);
});

test('unit: the status bar tells how things are, and the tokens used', () => {
    const usage = { requests: 1, promptTokens: 40, completionTokens: 2 };
    const running = { name: 'running' } as const;
    const ready = appearance(running, { state: 'ready', message: 'Ready at X.', usage }, true);
    assert.equal(ready.tooltip, 'Ready at X.\n1 request; tokens: 40 sent, 2 received.');
    assert.ok(!ready.isWarning);
    assert.match(appearance(running, { state: 'ready', message: 'R', usage }, false).tooltip, /off here/);
    assert.ok(appearance(running, { state: 'unconfigured', message: 'No key.', usage }, true).isWarning);
    assert.equal(appearance({ name: 'missing', fault: 'Gone.' }, undefined, true).tooltip, 'Gone.');
    const icons = (['ready', 'working', 'limited', 'offline', 'unconfigured'] as const)
        .map(state => appearance(running, { state, message: '', usage }, true).text);
    assert.equal(new Set(icons).size, 5);
});
