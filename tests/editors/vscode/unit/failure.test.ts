import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureOf, wantsKey } from '../../../../editors/vscode/src/failure';

test('unit: a failure is its sentence and what to do next, each once', () => {
    const error = { code: -32803, message: 'No key is set.', data: { kind: 'unconfigured', hint: 'Set one.' } };
    assert.deepEqual(failureOf(error), { message: 'No key is set. Set one.', kind: 'unconfigured' });
    const twice = { code: -32803, message: 'It is off. Wait.', data: { kind: 'network', hint: 'Wait.' } };
    assert.equal(failureOf(twice)?.message, 'It is off. Wait.');
    assert.equal(failureOf(new Error('plain'))?.message, 'plain');
    assert.equal(failureOf('text')?.message, 'text');
    assert.equal(failureOf(undefined)?.message, 'undefined');
});

test('unit: of what was cancelled nothing is told', () => {
    assert.equal(failureOf({ code: -32800, message: 'Cancelled.' }), undefined);
    assert.equal(failureOf(Object.assign(new Error('Canceled'), { name: 'Canceled' })), undefined);
});

test('unit: a key is asked for where one would help', () => {
    assert.ok(wantsKey({ message: '', kind: 'unauthorized' }));
    assert.ok(wantsKey({ message: '', kind: 'unconfigured' }));
    assert.ok(!wantsKey({ message: '', kind: 'rate_limited' }));
});
