import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applied, hunkAt, inNewText, shifted, type Hunk } from '../../../../editors/vscode/src/hunks';

const TEXT = 'one\ntwo\nthree\nfour\n';
const HUNKS: Hunk[] = [
    { start: 0, end: 4, text: 'ONE\nand\n' },  // a line is replaced by two
    { start: 8, end: 8, text: 'new\n' },       // an insertion before "three"
    { start: 14, end: 19, text: '' },          // "four" goes
];

test('unit: hunks are applied in order', () => {
    assert.equal(applied(TEXT, HUNKS), 'ONE\nand\ntwo\nnew\nthree\n');
    assert.equal(applied(TEXT, []), TEXT);
});

test('unit: a hunk is found in the new text', () => {
    const text = applied(TEXT, HUNKS);
    const places = HUNKS.map(hunk => inNewText(HUNKS, hunk));
    assert.deepEqual(places.map(({ start, end }) => text.slice(start, end)), ['ONE\nand\n', 'new\n', '']);
});

test('unit: hunks move with what is changed around them, whatever it is', () => {
    const changes = [
        { offset: 4, length: 0, text: 'more\n' }, { offset: 4, length: 3, text: '2' },
        { offset: 9, length: 4, text: '' }, { offset: 19, length: 0, text: 'end' },
    ];
    for (const change of changes) {
        const changed = TEXT.slice(0, change.offset) + change.text + TEXT.slice(change.offset + change.length);
        const moved = shifted(HUNKS, change);
        assert.equal(moved.length, 3);
        // The texts that are replaced are the same as before.
        assert.deepEqual(moved.map(hunk => changed.slice(hunk.start, hunk.end)), ['one\n', '', 'four\n']);
    }
});

test('unit: a hunk whose text is changed is gone, as is an insertion whose place is', () => {
    assert.deepEqual(shifted(HUNKS, { offset: 1, length: 1, text: 'N' }), HUNKS.slice(1));
    assert.deepEqual(shifted(HUNKS, { offset: 5, length: 6, text: '123456' }).map(hunk => hunk.start), [0, 14]);
    assert.deepEqual(shifted(HUNKS, { offset: 0, length: 19, text: '' }), []);
});

test('unit: accepting one moves the others as if it had been typed', () => {
    const [first, ...rest] = HUNKS as [Hunk, Hunk, Hunk];
    const change = { offset: first.start, length: first.end - first.start, text: first.text };
    assert.equal(applied(applied(TEXT, [first]), shifted(rest, change)), applied(TEXT, HUNKS));
});

test('unit: a line means the hunk that it lies in, else the next, else the last', () => {
    const starts = (text: string) => text.split('\n').slice(0, -1).map((_, line) =>
        text.split('\n').slice(0, line).join('\n').length + (line ? 1 : 0));
    const found = (isNew: boolean) => starts(isNew ? applied(TEXT, HUNKS) : TEXT)
        .map(start => HUNKS.indexOf(hunkAt(HUNKS, start, isNew)!));
    assert.deepEqual(found(false), [0, 1, 1, 2]);       // one two three four
    assert.deepEqual(found(true), [0, 0, 1, 1, 2]);     // ONE and two new three
    assert.equal(hunkAt([], 0, true), undefined);
});
