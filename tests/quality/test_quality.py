"""What stands in the file when a completion has been accepted, in holes cut from real code.

The daemon is asked for each hole of holes/ against an upstream that knows the text that was there, and
answers with it: as it is, or with one of the mistakes that models make. README.md tells the rest.
QUALITY_SHOW=1 prints every case that goes wrong.
"""

import collections
import glob
import os
import random
import re
import unittest

from tests.support.fake_upstream import FakeUpstream, response, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

HOLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'holes')
MARKS = re.compile('⟦(.*?)⟧', re.DOTALL)
LEAST_HOLES, LEAST_LANGUAGES = 300, 10
SHARE_OF_MISTAKEN = 0.98
OVERRUN_LINES = 6


class Hole:
    def __init__(self, path, text, start, end, count):
        self.language = os.path.basename(os.path.dirname(path))
        self.name = f'{count}.{os.path.basename(path)[:-len(".txt")]}'
        self.text = text
        self.before, self.truth, self.after = text[:start], text[start:end], text[end:]
        self.line_before = self.before.rpartition('\n')[2]
        self.indent = re.match(r'[ \t]*', self.line_before).group()

    @property
    def position(self):
        return {'line': self.before.count('\n'), 'character': len(self.line_before)}


def read_holes():
    for path in sorted(glob.glob(os.path.join(HOLES, '*', '*.txt'))):
        with open(path, encoding='utf-8', newline='\n') as file:
            marked = file.read()
        text = MARKS.sub(r'\1', marked)
        for count, found in enumerate(MARKS.finditer(marked)):
            start = found.start() - 2 * count
            yield Hole(path, text, start, start + len(found.group(1)), count)


# ---- models: what each answers; None where its mistake cannot be made ----------------------------

def perfect(hole):
    return hole.truth


def echo_of_line(hole):
    return hole.line_before + hole.truth if hole.line_before else None


def echo_of_lines(hole):
    above = hole.before[:len(hole.before) - len(hole.line_before)].rstrip().rpartition('\n')[2]
    return f'{above}\n{hole.line_before}{hole.truth}' if above else None


def fence(hole):
    return f'```{hole.language}\n{hole.truth}\n```'


def talk(hole):
    return (f'Here is the completed code:\n\n```{hole.language}\n{hole.truth}\n```\n\n'
            'This completes the statement at the cursor.')


def over_run(hole):
    return hole.truth + ''.join(hole.after.splitlines(True)[:OVERRUN_LINES])


def doubled_indent(hole):
    is_blank = hole.line_before and not hole.line_before.strip()
    return hole.line_before + hole.truth if is_blank else None


def lost_indent(hole):
    first, *more = hole.truth.split('\n')
    if not hole.indent or not more or not all(
            line.startswith(hole.indent) for line in more if line):
        return None
    return '\n'.join([first, *(line[len(hole.indent):] for line in more)])


MISTAKEN = (echo_of_line, echo_of_lines, fence, talk, over_run, doubled_indent,
            lost_indent)


# ---- the daemon ----------------------------------------------------------------------------------

def pieces(answer, numbers):
    """The answer as it streams: cut anywhere."""
    while answer:
        length = numbers.choice((1, 3, 5, 8, 40))
        yield answer[:length]
        answer = answer[length:]


def accepted(hole, result):
    """The text when the offer has been taken; the text without the hole where there is none."""
    if not result or not result['items']:
        return hole.before + hole.after
    item = result['items'][0]
    start, end = item['range']['start'], item['range']['end']
    if start != hole.position or end['line'] != start['line']:
        raise AssertionError(f'{hole.name}: not a range from the cursor on: {item["range"]}')
    return hole.before + item['insertText'] + hole.after[end['character'] - start['character']:]


class QualityTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.upstream.answer([lambda request: stream(*self.pieces)], times=None, method='POST')
        self.client = Client([gridls()], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key-of-the-test'),
            self.scratch.work)
        self.addCleanup(self.client.kill)
        self.client.initialize(
            self.scratch.root, capabilities={'general': {'positionEncodings': ['utf-32']}},
            initializationOptions={'completion': {'debounce_ms': 0}})
        self.last_id = 0
        self.holes = list(read_holes())

    def ask(self, hole, model, answer):
        """What is offered at a hole when the model answers this."""
        uri = f'{self.scratch.root}/{model}-{hole.name}'
        self.last_id += 1
        self.pieces = list(pieces(answer, random.Random(self.last_id)))
        self.client.open(uri, hole.before + hole.after, language=hole.language)
        result = self.client.call(self.last_id, 'textDocument/inlineCompletion', {
            'textDocument': {'uri': uri}, 'position': hole.position,
            'context': {'triggerKind': 2}})
        self.client.notify('textDocument/didClose', {'textDocument': {'uri': uri}})
        return accepted(hole, result)

    def play(self, model):
        """How many holes the mistake can be made in, and those that are not filled right."""
        asked, wrong = 0, []
        for hole in self.holes:
            answer = model(hole)
            if answer is not None:
                asked += 1
                text = self.ask(hole, model.__name__, answer)
                if text != hole.text:
                    wrong.append((hole, answer, text))
        print(f'     {model.__name__}: {asked - len(wrong)} of {asked} '
              f'({100 * (asked - len(wrong)) / asked:.1f} %)', flush=True)
        if os.environ.get('QUALITY_SHOW'):
            for hole, answer, text in wrong:
                self.show(hole, answer, text)
        return asked, wrong

    @staticmethod
    def show(hole, answer, text):
        there = len(os.path.commonprefix([hole.before, text]))
        got = text[there:len(text) - len(hole.after)] if text.endswith(hole.after) else text[there:]
        above = '\n'.join(hole.before.split('\n')[-3:])
        below = '\n'.join(hole.after.split('\n')[:3])
        print(f'==== {hole.language} {hole.name}\n{above}⟦{hole.truth}⟧{below}\n---- answer\n'
              f'{answer}\n---- got\n{got[:400]}\n')

    def check(self, model, share):
        asked, wrong = self.play(model)
        names = ', '.join(f'{hole.language}/{hole.name}' for hole, _, _ in wrong)
        self.assertGreaterEqual((asked - len(wrong)) / asked, share, names)

    def test_holes_are_enough(self):
        count = collections.Counter(hole.language for hole in self.holes)
        self.assertGreaterEqual(len(self.holes), LEAST_HOLES)
        self.assertGreaterEqual(len(count), LEAST_LANGUAGES)

    def test_models(self):
        for model in (perfect, *MISTAKEN):
            with self.subTest(model.__name__):
                self.check(model, 1 if model is perfect else SHARE_OF_MISTAKEN)
        self.assertEqual(self.client.shutdown(), 0)
        self.client.check_end()
        self.assertEqual(self.upstream.faults, [])


if __name__ == '__main__':
    unittest.main()
