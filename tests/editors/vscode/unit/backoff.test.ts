import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../../../../editors/vscode/src/backoff';

test('unit: a daemon that keeps dying is started ever later, and in the end no more', () => {
    let now = 0;
    const backoff = new Backoff(() => now);
    const waits = [];
    for (;;) {
        backoff.started();
        now += 500;
        const wait = backoff.next();
        waits.push(wait);
        if (wait === undefined)
            break;
        assert.ok(waits.length < 20);
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, undefined]);
});

test('unit: one that has lived long is started soon, as is one that a person starts', () => {
    let now = 0;
    const backoff = new Backoff(() => now);
    backoff.started();
    assert.equal(backoff.next(), 1000);
    assert.equal(backoff.next(), 2000);
    backoff.started();
    now += 60_000;
    assert.equal(backoff.next(), 1000);
    assert.equal(backoff.next(), 1000); // the same clock: still a minute old
    backoff.started();
    assert.equal(backoff.next(), 2000);
    backoff.reset();
    assert.equal(backoff.next(), 1000);
});
