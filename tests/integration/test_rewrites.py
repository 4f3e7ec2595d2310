"""Rewrites of odd selections in odd texts, one or two at once, while their author goes on typing.

What comes is always the exact merge of all, or -32801; of two that overlap the second is refused.
The seed is printed with a failure; GRIDLS_REWRITES and GRIDLS_REWRITES_SEED change how many there are
(300) and which.
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


class Selection:
    """What is to be rewritten, what the model makes of it, and where it is by now."""

    def __init__(self, text, numbers, mark):
        self.numbers = numbers
        self.mark = mark
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
        self.anchor = (start, end)  # None once it was changed itself
        self.original = text.text[start:end]
        self.choose_answer()
        self.token = {'partialResultToken': mark} if numbers.random() < 0.5 else {}

    def choose_answer(self):
        """What the model says, the code in it, and whether that is what is there already."""
        numbers = self.numbers
        code = LINE_END.sub('\n', self.original)
        self.is_same = numbers.random() < 0.3 and bool(code.strip())
        if not self.is_same:
            lines = code.split('\n')
            for _ in range(numbers.randrange(1, 4)):
                at = numbers.randrange(len(lines) + 1)
                lines[at:at + numbers.choice((0, 0, 1, 2))] = numbers.choices(
                    LINES, k=numbers.randrange(3))
            code = '\n'.join(lines) if ''.join(lines).strip() else 'int y;'
        mark = '````'
        answer = f'{mark}c\n{code}' + ('' if code.endswith('\n') else '\n') + mark
        if not self.is_same and numbers.random() < 0.3:
            answer = numbers.choice(('Here it is:\n\n', '')) + answer + '\n\nThat is all.'
        if not self.is_same and numbers.random() < 0.2:
            answer = answer.replace('\n', '\r\n')
        self.answer, self.code = answer, code

    def follow(self, text, start, end, new):
        """The text is about to be changed there."""
        if not self.anchor:
            return
        self.anchor = follow(self.anchor, text, start, end, new)
        text = text[:start] + new + text[end:]
        if self.anchor and any(text[place - 1:place + 1] == '\r\n' and place
                               for place in self.anchor):
            self.anchor = None  # it would begin or end within a line end

    def overlaps(self, other):
        (start, end), (low, high) = self.anchor, other.anchor
        if start == end or low == high:
            return start <= high and low <= end
        return start < high and low < end


class Rewrite:
    """A text, what of it is rewritten, what is typed meanwhile."""

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
        self.selections = [Selection(self.text, numbers, f'{self.uri}#{number}')
                           for number in range(numbers.choice((1, 1, 2)))]

    def change(self, changes):
        """Changes of the text, each of what the one before it has left, told as one new version."""
        sends_all = len(changes) == 1 and self.numbers.random() < 0.1
        events = []
        for start, end, new in changes:
            text = self.text.text
            event = {'range': self.text.range(start, end), 'text': new}
            if sends_all:  # as some clients do with each change
                start, end, new = 0, len(text), self.text.replaced(start, end, new)
                event = {'text': new}
            events.append(event)
            for selection in self.selections:
                selection.follow(text, start, end, new)
            self.text.text = self.text.replaced(start, end, new)
        self.version += self.numbers.randrange(1, 3)
        self.test.client.notify('textDocument/didChange', {
            'textDocument': {'uri': self.uri, 'version': self.version}, 'contentChanges': events})

    def type_something(self):
        """One edit somewhere, often before, behind, or just at a selection."""
        numbers, text = self.numbers, self.text
        places = [text.place(numbers) for _ in range(2)]
        anchor = numbers.choice(self.selections).anchor
        if anchor and numbers.random() < 0.6:
            low, high = numbers.choice(((0, anchor[0]), (anchor[1], len(text.text))))
            places = [min(max(place, low), high) for place in places]
            places = [place - (text.text[place - 1:place + 1] == '\r\n' and place > 0)
                      for place in places]
        start, end = sorted(places)
        if numbers.random() < 0.6:
            end = start
        new = ''.join(numbers.choices(LINES + ('\n', '\n', 'a', '\r\n'), k=numbers.randrange(3)))
        self.change([(start, end, new)])

    def ask(self, selection):
        """Asks for a rewrite; false where one of an overlapping range makes that impossible."""
        test, numbers = self.test, self.numbers
        others = [other for other in self.selections if other is not selection]
        refused = self.selections.index(selection) > 0 and selection.overlaps(others[0])
        if not refused:
            cut = numbers.randrange(len(selection.answer) + 1)
            test.upstream.answer(stream(selection.answer[:cut], Wait(selection.mark),
                                        selection.answer[cut:]), method='POST')
        selection.number = test.next_number()
        test.client.request(selection.number, 'gridls/refactor', {
            'textDocument': {'uri': self.uri, 'version': self.version}, 'range': selection.range,
            'instruction': 'turn it round', **selection.token})
        if refused:
            test.assertEqual(self.answer(selection).get('error', {}).get('code'), -32801)
            return False
        test.upstream.expect(method='POST')
        return True

    def answer(self, selection):
        return self.test.client.find(lambda message: 'method' not in message
                                     and message['id'] == selection.number, 'the rewrite')

    def run(self):
        test, numbers = self.test, self.numbers
        test.client.open(self.uri, self.text.text, self.version)
        self.selections = [selection for selection in list(self.selections) if self.ask(selection)]
        for _ in range(numbers.choice((0, 0, 1, 2, 4))):
            self.type_something()
        for selection in numbers.sample(self.selections, len(self.selections)):
            test.client.call(test.next_number(), 'gridls/status')  # the daemon has seen all of it
            test.upstream.release(selection.mark)
            edits = self.check(selection, self.answer(selection))
            self.selections.remove(selection)
            if edits:  # as an editor does: the last first
                spans = [(self.text.offset(edit['range']['start']),
                          self.text.offset(edit['range']['end']), edit['newText'])
                         for edit in edits]
                self.change(sorted(spans, reverse=True))
        test.client.notify('textDocument/didClose', {'textDocument': {'uri': self.uri}})

    def check(self, selection, message):
        """Holds the answer against what it must be; its edits."""
        test, anchor, answer = self.test, selection.anchor, selection.answer
        if anchor is None:
            test.assertEqual(message.get('error', {}).get('code'), -32801, message)
            return []
        test.assertIn('result', message, answer)
        result = message['result']
        new = test.text_of(selection.mark) if selection.token else result['text']
        edits = []
        if result['edit']:
            change, = result['edit']['documentChanges']
            test.assertEqual(change['textDocument'], {'uri': self.uri, 'version': self.version})
            edits = change['edits']
        merged, applied = self.text.replaced(*anchor, new), self.text.applied(edits)
        before, after = anchor[0], len(self.text.text) - anchor[1]
        test.assertEqual(applied[:before], self.text.text[:before], (edits, answer))
        test.assertEqual(applied[len(applied) - after:], self.text.text[anchor[1]:])
        if selection.token:  # pieces come before it is known which lines say what they have said
            merged, applied = alike(merged), alike(applied)
        test.assertEqual(applied, merged, (edits, answer))
        test.assertEqual(said(new), said(selection.code), answer)
        if self.uniform:
            ends = set(LINE_END.findall(new))
            test.assertLessEqual(ends, {self.uniform}, new)
        if selection.is_same:
            test.assertIsNone(result['edit'], answer)
        if selection.original.strip():
            test.assertEqual(bool(LINE_END.search(new[-1:])),
                             bool(LINE_END.search(selection.original[-1:])), new)
        return edits


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
                                  ranges=[one.range for one in rewrite.selections]):
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
