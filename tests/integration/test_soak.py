"""Thousands of random things that an editor and an upstream can do, and the answers counted.

An editor types, asks, cancels, closes, changes its settings and stops reading for a while; an upstream
answers, fails, stalls, cuts. Every request must be answered once, the daemon's texts must be the
editor's, and nothing may be left at the end: the daemon itself makes sure that its loop is empty.
There are two sessions for each position encoding, all at the same time.

The seed is printed with a failure. In the environment:

    GRIDLS_SOAK_REQUESTS  how many are sent in all (10000)
    GRIDLS_SOAK_SEED      another run
    GRIDLS_SOAK_PLAIN     $GRIDLS has no sanitizers: its memory must stay flat
    GRIDLS_SOAK_VALGRIND  $GRIDLS has no sanitizers and is run under valgrind
"""

import os
import random
import re
import shutil
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from tests.support.fake_upstream import (
    Close, Cut, FakeUpstream, Stall, chunked, delta, error, finish, response, sse_head, stream)
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

REQUESTS = int(os.environ.get('GRIDLS_SOAK_REQUESTS', 10000))
SEED = int(os.environ.get('GRIDLS_SOAK_SEED', 20261125))
VALGRIND = bool(os.environ.get('GRIDLS_SOAK_VALGRIND'))
PLAIN = bool(os.environ.get('GRIDLS_SOAK_PLAIN'))
FLAT_MIB = 4  # what the last three quarters may add; the first fills what is kept
DEADLINE = 120 if VALGRIND else 60
OPEN_REQUESTS = (0, 2, 5, 10, 10, 10, 10)  # with more than one of these it waits for answers
LONGEST = 8000      # characters of a text
PIECES = ('int x;\n', 'é', '😀', '\t', '}\n', '// note', '\r\n', '\r', 'return 1;', '', '#', 'aaaa',
          '\n', 'if (x)\r\n\tx = 2;\r\n', '\u2028', 'ß')
LINE_END = re.compile('\r\n|\n|\r')
UNITS = {'utf-8': lambda text: len(text.encode()),
         'utf-16': lambda text: len(text.encode('utf-16-le')) // 2,
         'utf-32': len}
SESSIONS = 2 * tuple(UNITS)


def command_line():
    if not VALGRIND:
        return [gridls()]
    return [shutil.which('valgrind'), '--quiet', '--error-exitcode=99', '--leak-check=full',
            '--errors-for-leak-kinds=definite', gridls()]


def in_prompt(text):
    """A text as prompts show it: every line end is \\n, that of the last line does not show."""
    return LINE_END.sub('\n', text).rstrip('\n')


def selection_of(prompt):
    return prompt.rpartition('<selection>\n')[2].partition('</selection>')[0].rstrip('\n')


class Document:
    """What the text is, in the editor's view."""

    def __init__(self, uri, units):
        self.uri = uri
        self.units = units
        self.text = ''
        self.version = 0
        self.is_open = False

    def place(self, random_numbers):
        """An offset that has a position: not within a line end."""
        offset = random_numbers.randrange(len(self.text) + 1)
        return offset - (self.text[offset - 1:offset + 1] == '\r\n' and offset > 0)

    def position(self, offset):
        line, start = 0, 0
        for line, end in enumerate(LINE_END.finditer(self.text), 1):
            if end.end() > offset:
                line -= 1
                break
            start = end.end()
        return {'line': line, 'character': self.units(self.text[start:offset])}

    def range(self, start, end):
        return {'start': self.position(start), 'end': self.position(end)}


class Soak:
    def __init__(self, client, upstream, encoding, seed):
        self.random = random.Random(seed)
        self.upstream_random = random.Random(seed + 1)
        self.upstream_lock = threading.Lock()
        self.client = client
        self.upstream = upstream
        self.last_id = 0
        self.asked = []          # requests that may be open, by id
        self.checks = {}         # what marks a prompt -> the text that must be in it
        self.checked = 0
        self.wrong = []
        self.documents = [Document(f'file:///soak/{name}.c', UNITS[encoding]) for name in 'abc']
        self.documents.append(Document('untitled:Untitled-1', UNITS[encoding]))

    # -- what the upstream does with one request

    def answer(self, request):
        if request.method == 'GET':
            return [response(200, {'object': 'list', 'data': []})]
        with self.upstream_lock:
            for mark in [mark for mark in self.checks if mark in request.prompt]:
                self.checked += 1
                wanted, got = self.checks.pop(mark), selection_of(request.prompt)
                if got != wanted:
                    self.wrong.append(f'{mark}: the text is {got!r}, in the editor {wanted!r}')
            return self.choose_answer(self.upstream_random)

    @staticmethod
    def choose_answer(numbers):
        words = [numbers.choice(PIECES) for _ in range(numbers.randrange(12))]
        kind = numbers.random()
        if kind < 0.45:
            return stream(*words)
        if kind < 0.48:
            return [sse_head('chunked'), chunked(*[delta(word) for word in words], Stall())]
        if kind < 0.58:
            return [sse_head('close'), *[delta(word) for word in words], Cut()]
        if kind < 0.70:
            return [sse_head('close'), *[delta(word) for word in words], Close()]
        if kind < 0.76:
            return [error(numbers.choice((400, 401, 402, 404, 422, 500, 503)), 'no')]
        if kind < 0.80:
            return [error(429, 'slow down', {'Retry-After': '0'})]
        if kind < 0.84:
            return [response(200, '<html><title>Hello</title></html>', content_type='text/html')]
        if kind < 0.88:
            return [response(200, {'choices': [{'message': {'content': 'whole'},
                                                'finish_reason': 'stop'}]})]
        if kind < 0.92:
            return [sse_head('close'), b'data: {"choices":[{"del', Cut()]
        if kind < 0.96:
            return stream(*['word ' * 200] * 100)
        return [sse_head('chunked'), chunked(delta('x' * 20000), finish('length'))]

    # -- what an editor does

    def run(self, requests):
        early = None
        while self.last_id < requests:
            self.act()
            if PLAIN and early is None and self.last_id >= requests // 4:
                early = self.resident()
        if early is not None and self.resident() > early + FLAT_MIB:
            raise AssertionError(f'{early:.1f} MiB early, {self.resident():.1f} MiB in the end')

    def resident(self):
        with open(f'/proc/{self.client.process.pid}/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGESIZE') / 2 ** 20

    def act(self):
        document = self.random.choice(self.documents)
        if not document.is_open:
            self.open(document)
            return
        self.random.choices(
            (self.edit, self.complete, self.explain, self.refactor, self.code_action, self.status,
             self.cancel, self.cancel_progress, self.close, self.replace, self.settings,
             self.command, self.commit, self.check, self.read_or_not, self.save),
            (30, 20, 6, 6, 4, 3, 8, 4, 3, 1, 1, 3, 1, 3, 3, 1))[0](document)
        self.hold_back()

    def hold_back(self):
        """An editor waits for its answers now and then; it does not ask without end."""
        most = self.random.choice(OPEN_REQUESTS)

        def has_room():
            return len(self.client.checker.open) <= most

        if has_room():
            return
        self.client.may_read.set()
        if self.random.random() < 0.2:
            for request_id in self.asked[:-3]:
                self.client.notify('$/cancelRequest', {'id': request_id})
        self.asked = self.asked[-6:]
        self.client.wait_for(has_room, 'answers')

    def open(self, document):
        document.is_open = True
        document.version += 1
        document.text = ''.join(self.random.choices(PIECES, k=self.random.randrange(60)))
        self.client.open(document.uri, document.text, document.version)

    def close(self, document):
        document.is_open = False
        self.client.notify('textDocument/didClose', {'textDocument': {'uri': document.uri}})

    def replace(self, document):
        """Opened anew without having been closed: it counts as closed."""
        self.open(document)

    def save(self, document):
        self.client.notify('textDocument/didSave', {'textDocument': {'uri': document.uri}})

    def edit(self, document):
        changes = []
        for _ in range(self.random.choice((1, 1, 1, 2, 5))):
            start, end = sorted(document.place(self.random) for _ in range(2))
            if self.random.random() < 0.8:
                end = start
            piece = ''.join(self.random.choices(PIECES, k=self.random.randrange(3)))
            if len(document.text) > LONGEST:
                start, end = 0, len(document.text)
            if self.random.random() < 0.03:
                changes.append({'text': piece})
                document.text = piece
                continue
            span = document.range(start, end)
            if self.random.random() < 0.05:
                span = {'start': span['end'], 'end': span['start']}
            changes.append({'range': span, 'text': piece})
            document.text = document.text[:start] + piece + document.text[end:]
        document.version += self.random.randrange(1, 4)
        self.client.notify('textDocument/didChange', {
            'textDocument': {'uri': document.uri, 'version': document.version},
            'contentChanges': changes})

    def request(self, method, params):
        self.last_id += 1
        # Ids come again as soon as they are free; some are strings.
        number = self.last_id % 40
        request_id = f'{number:04}' if number % 5 == 0 else number
        if (type(request_id).__name__, request_id) in self.client.checker.open:
            request_id = 1000 + self.last_id
        self.asked.append(request_id)
        self.client.request(request_id, method, params)
        return request_id

    def tokens(self):
        tokens = {}
        if self.random.random() < 0.5:
            tokens['partialResultToken'] = f'partial-{self.last_id}'
        if self.random.random() < 0.5:
            tokens['workDoneToken'] = f'work-{self.last_id}'
        return tokens

    def selection(self, document):
        return document.range(*sorted(document.place(self.random) for _ in range(2)))

    def identifier(self, document):
        identifier = {'uri': document.uri}
        if self.random.random() < 0.7:
            identifier['version'] = document.version
        return identifier

    def complete(self, document):
        method = self.random.choice(('textDocument/inlineCompletion', 'gridls/inlineCompletion'))
        tokens = self.tokens() if method.startswith('gridls') else {}
        self.request(method, {
            'textDocument': self.identifier(document),
            'position': document.position(document.place(self.random)),
            'context': {'triggerKind': self.random.choice((1, 2))}, **tokens})

    def explain(self, document):
        self.request('gridls/explain', {'textDocument': {'uri': document.uri},
                                        'range': self.selection(document), **self.tokens()})

    def refactor(self, document):
        self.request('gridls/refactor', {
            'textDocument': self.identifier(document), 'range': self.selection(document),
            'instruction': 'turn it round', **self.tokens()})

    def commit(self, _):
        self.request('gridls/commitMessage', {'root': 'file://' + os.getcwd(), **self.tokens()})

    def check(self, document):
        """Asks for a rewrite of the whole text, to see it in the prompt."""
        mark = f'check-{self.last_id}-'
        with self.upstream_lock:
            self.checks[mark] = in_prompt(document.text)
        self.request('gridls/refactor', {
            'textDocument': {'uri': document.uri, 'version': document.version},
            'instruction': mark, **self.tokens()})

    def code_action(self, document):
        self.request('textDocument/codeAction', {
            'textDocument': {'uri': document.uri}, 'range': self.selection(document),
            'context': {'diagnostics': [{'range': self.selection(document), 'message': 'no'}]}})

    def command(self, document):
        name = self.random.choice(('gridls.refactor', 'gridls.explain', 'gridls.commitMessage'))
        self.request('workspace/executeCommand', {
            'command': name, 'arguments': [{
                'textDocument': {'uri': document.uri}, 'range': self.selection(document),
                'instruction': 'turn it round'}]})

    def status(self, _):
        self.request('gridls/status', None)

    def cancel(self, _):
        if self.asked:
            self.client.notify('$/cancelRequest', {'id': self.random.choice(self.asked[-8:])})

    def cancel_progress(self, _):
        tokens = [f'work-{max(0, self.last_id - self.random.randrange(9))}']
        tokens += [params['token'] for params in self.own_tokens()][-3:]
        self.client.notify('window/workDoneProgress/cancel', {'token': self.random.choice(tokens)})

    def own_tokens(self):
        return [message['params'] for message in self.client.pending()
                if message.get('method') == 'window/workDoneProgress/create']

    def settings(self, _):
        self.client.notify('workspace/didChangeConfiguration', {'settings': {'gridls': {
            'completion': {'debounce_ms': self.random.randrange(3)},
            'network': {'idle_timeout_ms': self.random.choice((100, 100, 300)),
                        'retries': self.random.randrange(2),
                        'max_in_flight': self.random.randrange(1, 5)}}}})

    def read_or_not(self, _):
        if self.random.random() < 0.5:
            self.client.may_read.clear()
        else:
            self.client.may_read.set()

    # -- the end

    def finish(self):
        self.client.may_read.set()
        if self.random.random() < 0.5:
            self.client.wait_for(lambda: not self.client.checker.open, 'all answers')
        if self.client.shutdown() != 0:
            raise AssertionError('the exit code is not 0')
        self.client.check_end()
        for request in self.upstream.requests:
            request.wait_ended()
        if self.wrong or self.upstream.faults:
            raise AssertionError('; '.join(self.wrong + self.upstream.faults))


class SoakTest(unittest.TestCase):
    def soak(self, encoding, seed):
        scratch = self.enterContext(Scratch())
        upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(upstream.close)
        client = Client(command_line(), scratch.env(
            THEGRID_BASE_URL=upstream.base_url, THEGRID_API_KEY='key-of-the-soak'),
            scratch.work, deadline=DEADLINE)
        self.addCleanup(client.kill)
        soak = Soak(client, upstream, encoding, seed)
        upstream.answer([soak.answer], times=None)
        client.initialize('file://' + scratch.work, capabilities={
            'general': {'positionEncodings': [encoding]},
            'window': {'workDoneProgress': True, 'showDocument': {'support': True}},
            'workspace': {'workspaceEdit': {'documentChanges': True}, 'applyEdit': True},
            'textDocument': {'codeAction': {'codeActionLiteralSupport': {
                'codeActionKind': {'valueSet': []}}}}})
        soak.settings(None)
        try:
            soak.run(REQUESTS // len(SESSIONS))
            soak.finish()
        except AssertionError as failure:
            raise AssertionError(f'seed {seed}: {failure}\n{client.stderr[-3000:]}') from None
        self.assertGreaterEqual(soak.checked, REQUESTS // 1000)

    def test_every_request_is_answered_once_whatever_happens(self):
        with ThreadPoolExecutor(len(SESSIONS)) as pool:
            runs = {pool.submit(self.soak, encoding, SEED + number): encoding
                    for number, encoding in enumerate(SESSIONS)}
            for run, encoding in runs.items():
                with self.subTest(encoding=encoding):
                    run.result()


if __name__ == '__main__':
    unittest.main()
