"""Rewrites of odd selections in odd texts while their author goes on typing.

What comes is always the exact merge of both, or -32801. The seed is printed with a failure;
GRIDLS_REWRITES and GRIDLS_REWRITES_SEED change how many there are (300) and which.
"""

import os
import random
import re
import unittest

from tests.support.edited_text import LINE_END, UNITS, EditedText
from tests.support.fake_upstream import FakeUpstream, Wait, response, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

REWRITES = int(os.environ.get('GRIDLS_REWRITES', 300))
SEED = int(os.environ.get('GRIDLS_REWRITES_SEED', 20261125))
DEADLINE = 30
LINES = ('int x = 1;', '    if (x) {', '\treturn "é";', '    }', '', '', '  // 😀 note', '}', 'x\u2028y',
         '        deep(x);', '\t\t', '/* ```c */', 'ß = "\u0301";')
FAR = 4000000  # a line or character that no text here has


def alike(text):
    """With one kind of line end, and nothing in lines of blanks."""
    return '\n'.join(line if line.strip(' \t') else '' for line in LINE_END.split(text))


def said(text):
    """What a text's lines hold, the blanks round it apart."""
    return [line.strip(' \t') for line in LINE_END.split(text) if line.strip(' \t')]


def follow(anchor, old, start, end, new):
    """The range after an edit of the text, None where the edit is within it."""
    while start < end and new and old[start] == new[0]:
        start, new = start + 1, new[1:]
    while start < end and new and old[end - 1] == new[-1]:
        end, new = end - 1, new[:-1]
    if start == end and not new:
        return anchor
    grown = len(new) - (end - start)
    if end <= anchor[0]:
        return anchor[0] + grown, anchor[1] + grown
    return anchor if start >= anchor[1] else None


class Rewrite:
    """One rewrite: its text, its selection, the answer, what is typed meanwhile."""

    def __init__(self, test, encoding, numbers):
        self.test = test
        self.numbers = numbers
        self.encoding = encoding
        ends = numbers.choice((('\n',), ('\n',), ('\r\n',), ('\r',), ('\n', '\r\n', '\r')))
        count = numbers.choice((0, 1, 2, 5, 12))
        text = ''.join(numbers.choice(LINES) + numbers.choice(ends) for _ in range(count))
        if count and numbers.random() < 0.4:
            text = text[:-len(LINE_END.search(text[-2:]).group())]
        found = set(LINE_END.findall(text))
        self.uniform = found.pop() if len(found) == 1 else None
        self.uri = f'file:///rewrites/{test.next_number()}.c'
        self.text = EditedText(text, encoding)
        self.version = 1
        self.choose_selection()

    def choose_selection(self):
        numbers, text = self.numbers, self.text
        start, end = sorted(text.place(numbers) for _ in range(2))
        kind = numbers.random()
        if kind < 0.4:  # whole lines
            lines = list(text.lines())
            first, last = sorted(numbers.randrange(len(lines)) for _ in range(2))
            start = lines[first][0]
            end = lines[last + 1][0] if last + 1 < len(lines) else len(text.text)
        elif kind < 0.5:  # all
            start, end = 0, len(text.text)
        self.range = text.range(start, end)
        if kind < 0.5 and numbers.random() < 0.3 and end == len(text.text):
            self.range['end'] = {'line': FAR, 'character': FAR}
        if numbers.random() < 0.2:
            self.range = {'start': self.range['end'], 'end': self.range['start']}
        if start == end:  # the line that it is in
            lines = list(text.lines())
            line = next(line for line, (_, line_end) in enumerate(lines) if start <= line_end)
            start = lines[line][0]
            end = lines[line + 1][0] if line + 1 < len(lines) else len(text.text)
        self.anchor = (start, end)
        self.original = text.text[start:end]

    def choose_answer(self):
        """What the model says, the code in it, and whether that is what is there already."""
        numbers = self.numbers
        code = LINE_END.sub('\n', self.original)
        is_same = numbers.random() < 0.3 and bool(code.strip())
        if not is_same:
            lines = code.split('\n')
            for _ in range(numbers.randrange(1, 4)):
                at = numbers.randrange(len(lines) + 1)
                lines[at:at + numbers.choice((0, 0, 1, 2))] = numbers.choices(
                    LINES, k=numbers.randrange(3))
            code = '\n'.join(lines) if ''.join(lines).strip() else 'int y;'
        mark = '````'
        answer = f'{mark}c\n{code}' + ('' if code.endswith('\n') else '\n') + mark
        if not is_same and numbers.random() < 0.3:
            answer = numbers.choice(('Here it is:\n\n', '')) + answer + '\n\nThat is all.'
        if not is_same and numbers.random() < 0.2:
            answer = answer.replace('\n', '\r\n')
        return answer, code, is_same

    def type_something(self):
        """One edit somewhere; follows the range, which is None once the edit was within it."""
        numbers, text = self.numbers, self.text
        places = [text.place(numbers) for _ in range(2)]
        if self.anchor and numbers.random() < 0.6:  # before, behind, or just at the range
            low, high = numbers.choice(((0, self.anchor[0]), (self.anchor[1], len(text.text))))
            places = [min(max(place, low), high) for place in places]
            places = [place - (text.text[place - 1:place + 1] == '\r\n' and place > 0)
                      for place in places]
        start, end = sorted(places)
        if numbers.random() < 0.6:
            end = start
        new = ''.join(numbers.choices(LINES + ('\n', '\n', 'a', '\r\n'), k=numbers.randrange(3)))
        change = {'range': text.range(start, end), 'text': new}
        if numbers.random() < 0.1:  # a client that sends all of its text
            change = {'text': text.replaced(start, end, new)}
        if self.anchor and 'range' in change:
            self.anchor = follow(self.anchor, text.text, start, end, new)
        elif self.anchor:
            self.anchor = follow(self.anchor, text.text, 0, len(text.text), change['text'])
        text.text = text.replaced(start, end, new)
        if self.anchor and any(text.text[place - 1:place + 1] == '\r\n' and place
                               for place in self.anchor):
            self.anchor = None  # it would begin or end within a line end
        self.version += numbers.randrange(1, 3)
        self.test.client.notify('textDocument/didChange', {
            'textDocument': {'uri': self.uri, 'version': self.version}, 'contentChanges': [change]})

    def run(self):
        test, numbers = self.test, self.numbers
        client, upstream = test.client, test.upstream
        answer, code, is_same = self.choose_answer()
        cut = numbers.randrange(len(answer) + 1)
        mark = self.uri
        upstream.answer(stream(answer[:cut], Wait(mark), answer[cut:]), method='POST')
        client.open(self.uri, self.text.text, self.version)
        token = {'partialResultToken': mark} if numbers.random() < 0.5 else {}
        number = test.next_number()
        client.request(number, 'gridls/refactor', {
            'textDocument': {'uri': self.uri, 'version': self.version}, 'range': self.range,
            'instruction': 'turn it round', **token})
        upstream.expect(method='POST')
        for _ in range(numbers.choice((0, 0, 1, 2, 4))):
            self.type_something()
        client.call(test.next_number(), 'gridls/status')  # the daemon has seen all of it
        upstream.release(mark)
        message = client.find(lambda message: 'method' not in message
                              and message['id'] == number, 'the rewrite')
        client.notify('textDocument/didClose', {'textDocument': {'uri': self.uri}})
        self.check(message, answer, code, is_same, mark if token else None)

    def check(self, message, answer, code, is_same, token):
        test = self.test
        if self.anchor is None:
            test.assertEqual(message.get('error', {}).get('code'), -32801, message)
            return
        test.assertIn('result', message, answer)
        result = message['result']
        new = test.text_of(token) if token else result['text']
        edits = []
        if result['edit']:
            change, = result['edit']['documentChanges']
            test.assertEqual(change['textDocument'], {'uri': self.uri, 'version': self.version})
            edits = change['edits']
        merged, applied = self.text.replaced(*self.anchor, new), self.text.applied(edits)
        before, after = self.anchor[0], len(self.text.text) - self.anchor[1]
        test.assertEqual(applied[:before], self.text.text[:before], (edits, answer))
        test.assertEqual(applied[len(applied) - after:], self.text.text[self.anchor[1]:])
        if token:  # pieces come before it is known which lines say what they have said
            merged, applied = alike(merged), alike(applied)
        test.assertEqual(applied, merged, (edits, answer))
        test.assertEqual(said(new), said(code), answer)
        if self.uniform:
            ends = set(LINE_END.findall(new))
            test.assertLessEqual(ends, {self.uniform}, new)
        if is_same:
            test.assertIsNone(result['edit'], answer)
        if self.original.strip():
            test.assertEqual(bool(LINE_END.search(new[-1:])),
                             bool(LINE_END.search(self.original[-1:])), (self.original, new))


class RewritesTest(unittest.TestCase):
    def next_number(self):
        self.number += 1
        return self.number

    def text_of(self, token):
        return ''.join(message['params']['value']['text'] for kind, message in self.client.log
                       if kind == '<' and message.get('method') == '$/progress'
                       and message['params']['token'] == token)

    def start(self, encoding):
        self.number = 0
        scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.client = Client([gridls()], scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key'), scratch.work,
            deadline=DEADLINE)
        self.addCleanup(self.client.kill)
        self.client.initialize(None, capabilities={
            'general': {'positionEncodings': [encoding]},
            'workspace': {'workspaceEdit': {'documentChanges': True}}})

    def test_a_rewrite_is_merged_exactly_or_not_at_all(self):
        for index, encoding in enumerate(UNITS):
            self.start(encoding)
            for number in range(REWRITES // len(UNITS)):
                seed = SEED + number * len(UNITS) + index
                rewrite = Rewrite(self, encoding, random.Random(seed))
                with self.subTest(encoding=encoding, seed=seed, text=rewrite.text.text,
                                  range=rewrite.range):
                    rewrite.run()
            self.assertEqual(self.client.shutdown(), 0)
            self.client.check_end()
            self.assertEqual(self.upstream.faults, [])

    def test_a_line_of_a_large_text(self):
        self.start('utf-16')
        line = '    value = "é😀";\n'
        count = (1 << 20) // len(line.encode())
        self.client.open('file:///large.py', line * count)
        for number, at in enumerate((0, count // 2, count - 1), 1):
            self.upstream.answer(stream('```\n    value = 1\n```'), method='POST')
            span = {'start': {'line': at, 'character': 0}, 'end': {'line': at + 1, 'character': 0}}
            result = self.client.call(number, 'gridls/refactor', {
                'textDocument': {'uri': 'file:///large.py', 'version': 1}, 'range': span,
                'instruction': 'one'})
            span = {'start': {'line': at, 'character': 12}, 'end': {'line': at, 'character': 18}}
            self.assertEqual(result['edit']['documentChanges'][0]['edits'],
                             [{'range': span, 'newText': '1'}])
            self.assertLess(len(self.upstream.expect(method='POST').body), 200 << 10)
        self.assertEqual(self.client.shutdown(), 0)
        self.client.check_end()


if __name__ == '__main__':
    unittest.main()
