"""The cases of tests/corpus/, through the language server and through `git apply`."""

import glob
import os
import random
import re
import subprocess
import unittest
import urllib.parse

from tests.support.edited_text import EditedText
from tests.support.fake_upstream import FakeUpstream, response, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEADLINE = 30
SIGNS = {'␍': '\r', '⇥': '\t', '␣': ' '}
FAR = 4000000


class Case:
    """One case of a file."""

    def __init__(self, name, lines):
        self.name = name
        self.file, self.select = 'a.c', ''
        self.answers, self.outcome, self.wanted = [], None, None
        sections = re.split('^--- (.*)\n', ''.join(lines), flags=re.MULTILINE)
        for option in sections[0].split('\n'):
            kind, _, value = option.partition(' ')
            if kind in ('file', 'select'):
                setattr(self, kind, value.replace('␣', ' '))
            elif option.strip():
                raise AssertionError(f'{name}: what is "{option}"?')
        for kind, body in zip(sections[1::2], sections[2::2]):
            self.take(kind, self.read(body))
        if None in (getattr(self, 'text', None), self.outcome) or not self.answers:
            raise AssertionError(f'{name}: has no text, no answer or no result')

    @staticmethod
    def read(body):
        body = re.sub('\n+$', '\n', body)
        for sign, char in SIGNS.items():
            body = body.replace(sign, char)
        if body.endswith(('∅\n', '∅»\n', '\n»\n')):
            body = body[:-1].replace('∅', '')
        return body

    def take(self, kind, body):
        if kind == 'text':
            before, selection, after = re.split('[«»]', body)
            self.text = before + selection + after
            self.start, self.end = len(before), len(before) + len(selection)
        elif kind == 'answer':
            self.answers.append(body)
        elif kind == 'result':
            self.outcome, self.wanted = 'result', body
        elif kind == 'unchanged':
            self.outcome, self.wanted = 'unchanged', self.text
        elif kind.startswith('refused '):
            self.outcome, self.wanted = 'refused', kind.partition(' ')[2]
        else:
            raise AssertionError(f'{self.name}: what is "--- {kind}"?')

    def lines(self):
        """First and last line of the selection, from 1; None where it is not of whole lines."""
        text = self.text
        is_whole = self.start < self.end and (
            self.start == 0 or text[self.start - 1] == '\n') and (
            self.end == len(text) or text[self.end - 1] == '\n')
        if not is_whole or re.search('\r(?!\n)', text):
            return None
        first = text.count('\n', 0, self.start) + 1
        return first, first + text.count('\n', self.start, self.end - 1)


def read_cases():
    for path in sorted(glob.glob(os.path.join(TOP, 'corpus', '*.txt'))):
        with open(path, encoding='utf-8', newline='\n') as file:
            parts = re.split('^### (.*)\n', file.read(), flags=re.MULTILINE)
        for name, body in zip(parts[1::2], parts[2::2]):
            yield Case(f'{os.path.basename(path)}: {name}', body.splitlines(keepends=True))


class CorpusTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None,
                             method='GET')
        self.env = self.scratch.env(THEGRID_BASE_URL=self.upstream.base_url,
                                    THEGRID_API_KEY='key')

    def expect(self, case, numbers=None):
        """The upstream's answers, cut into pieces where numbers are given."""
        for index, answer in enumerate(case.answers):
            is_last = index + 1 == len(case.answers)
            if not is_last:  # the limit leaves no line end behind
                answer = answer.removesuffix('\n')
            pieces = [answer]
            if numbers:
                cuts = sorted(numbers.sample(range(len(answer) + 1), min(5, len(answer) + 1)))
                pieces = [answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)])]
            self.upstream.answer(stream(*pieces, finish_reason='stop' if is_last else 'length'),
                                 method='POST')

    def test_by_the_language_server(self):
        client = Client([gridls()], self.env, self.scratch.work, deadline=DEADLINE)
        self.addCleanup(client.kill)
        client.initialize(None, capabilities={
            'workspace': {'workspaceEdit': {'documentChanges': True}}})
        for number, case in enumerate(read_cases(), 1):
            with self.subTest(case=case.name):
                self.play(client, number, case)
        self.assertEqual(client.shutdown(), 0)
        client.check_end()
        self.assertEqual(self.upstream.faults, [])

    def play(self, client, number, case):
        text = EditedText(case.text, 'utf-16')
        uri = f'file:///corpus/{number}/{urllib.parse.quote(case.file)}'
        self.expect(case, random.Random(number))
        language = 'markdown' if case.file.endswith('.md') else 'c'
        client.open(uri, case.text, 1, language)
        span = text.range(case.start, case.end)
        if case.select == 'beyond':
            span['end'] = {'line': FAR, 'character': FAR}
        if case.select == 'backwards':
            span = {'start': span['end'], 'end': span['start']}
        client.request(number, 'gridls/refactor', {
            'textDocument': {'uri': uri, 'version': 1}, 'range': span, 'instruction': 'better'})
        for _ in case.answers:
            self.upstream.expect(method='POST')
        message = client.find(lambda message: 'method' not in message
                              and message['id'] == number, 'the rewrite')
        if case.outcome == 'refused':
            self.assertEqual(message['error']['data']['kind'], case.wanted)
            return
        self.assertIn('result', message)
        edit = message['result']['edit']
        if case.outcome == 'unchanged':
            self.assertIsNone(edit)
            return
        self.assertIsNotNone(edit)
        change, = edit['documentChanges']
        self.assertEqual(text.applied(change['edits']), case.wanted)
        self.assertEqual(text.replaced(case.start, case.end, message['result']['text']),
                         case.wanted)

    def test_by_git_apply(self):
        for number, case in enumerate(read_cases(), 1):
            if case.lines():
                with self.subTest(case=case.name):
                    self.patch(number, case)

    def patch(self, number, case):
        folder = self.scratch.path(f'case-{number}')
        os.mkdir(folder)
        path = os.path.join(folder, case.file)
        with open(path, 'w', encoding='utf-8', newline='') as file:
            file.write(case.text)
        self.expect(case)
        first, last = case.lines()
        done = subprocess.run(
            [gridls(), 'refactor', f'{case.file}:{first}-{last}', '--instruction', 'better'],
            env=self.env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=DEADLINE, check=False)
        for _ in case.answers:
            self.upstream.expect(method='POST')
        if case.outcome == 'refused':
            self.assertEqual((done.returncode, done.stdout), (1, b''), done.stderr)
            return
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout == b'', case.outcome == 'unchanged')
        if done.stdout:
            subprocess.run(['git', 'apply', '-p0', '--whitespace=nowarn'], cwd=folder,
                           input=done.stdout, env=self.env, check=True, timeout=DEADLINE)
        with open(path, encoding='utf-8', newline='') as file:
            self.assertEqual(file.read(), case.wanted)


if __name__ == '__main__':
    unittest.main()
