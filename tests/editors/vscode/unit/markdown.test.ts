import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inline, parse, type Block, type Inline } from '../../../../editors/vscode/src/view/markdown';

const text = (text: string): Inline => ({ type: 'text', text });
const paragraph = (...children: Inline[]): Block => ({ type: 'paragraph', children });

test('unit: markdown: paragraphs, headings, rules and quotes', () => {
    assert.deepEqual(parse('# One #\ntwo\nthree\n\n---\n> four\n> five\n'), [
        { type: 'heading', level: 1, children: [text('One')] },
        paragraph(text('two\nthree')),
        { type: 'rule' },
        { type: 'quote', children: [paragraph(text('four\nfive'))] },
    ]);
});

test('unit: markdown: a fence holds all that comes until it is closed', () => {
    const open: Block = { type: 'code', language: 'c', text: '# no heading\n- no list' };
    assert.deepEqual(parse('```c\n# no heading\n- no list'), [open]);
    assert.deepEqual(parse('```c\n# no heading\n- no list\n```\nx'), [open, paragraph(text('x'))]);
    assert.deepEqual(parse('````\n```\n````'), [{ type: 'code', language: '', text: '```' }]);
});

test('unit: markdown: lists hold paragraphs, code and lists', () => {
    assert.deepEqual(parse('3. a\n   b\n\n   ```\n   code\n   ```\n4. c\n   - d\n'), [{
        type: 'list', start: 3, items: [
            [paragraph(text('a\nb')), { type: 'code', language: '', text: 'code' }],
            [paragraph(text('c')), { type: 'list', start: undefined, items: [[paragraph(text('d'))]] }],
        ],
    }]);
    assert.deepEqual(parse('- a\nlazy\n\nafter'), [
        { type: 'list', start: undefined, items: [[paragraph(text('a\nlazy'))]] }, paragraph(text('after')),
    ]);
});

test('unit: markdown: tables', () => {
    assert.deepEqual(parse('| a | `b` |\n|---|:-:|\n| 1 | x\\|y |\n'), [{
        type: 'table', header: [[text('a')], [{ type: 'code', text: 'b' }]],
        rows: [[[text('1')], [text('x|y')]]],
    }]);
    assert.deepEqual(parse('a | b\nc'), [paragraph(text('a | b\nc'))]);
});

test('unit: markdown: code, emphasis and what only looks like it', () => {
    assert.deepEqual(inline('`a*b*` **bold `c`** *it* snake_case_name 2 * 3 * 4'), [
        { type: 'code', text: 'a*b*' }, text(' '),
        { type: 'strong', children: [text('bold '), { type: 'code', text: 'c' }] }, text(' '),
        { type: 'emphasis', children: [text('it')] }, text(' snake_case_name 2 * 3 * 4'),
    ]);
    assert.deepEqual(inline('``a`b`` `open \\*x\\*'), [{ type: 'code', text: 'a`b' }, text(' `open *x*')]);
});

test('unit: markdown: links and pictures are their text and address; HTML is text', () => {
    assert.deepEqual(inline('[here](https://example.com/a_(b)) ![p](x.png "t") [j](javascript:alert(1))'),
                     [text('here (https://example.com/a_(b)) p (x.png) j (javascript:alert(1))')]);
    assert.deepEqual(parse('<script>alert(1)</script>\n<img src=x onerror=alert(1)>'),
                     [paragraph(text('<script>alert(1)</script>\n<img src=x onerror=alert(1)>'))]);
});

test('unit: markdown: lines of the code are places', () => {
    assert.deepEqual(inline('See line 3, lines 4-6 and Lines 8 to 7; not outline 9'), [
        text('See '), { type: 'place', text: 'line 3', first: 3, last: 3 },
        text(', '), { type: 'place', text: 'lines 4-6', first: 4, last: 6 },
        text(' and '), { type: 'place', text: 'Lines 8 to 7', first: 8, last: 8 }, text('; not outline 9'),
    ]);
});

test('unit: markdown: every beginning of a text is taken, and nothing runs away', () => {
    const sample = '# H\n> - *a* **b\n> ```\n1. `x` [l](u) _e_\n\n|a|b|\n|-|-|\n|1|2|\n- - - -\n***\n\\\n  \n';
    for (let length = 0; length <= sample.length; length++)
        parse(sample.slice(0, length));
    const began = performance.now();
    for (const piece of ['> ', '- ', '*', '**a', '[', '`', '_a', '|', '![', '1. ', '\\', '(((', '~~~\n'])
        parse(piece.repeat(3000));
    assert.ok(performance.now() - began < 20_000); // a run away would take hours
});
