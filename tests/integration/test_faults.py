"""A session in which one allocation fails, for one allocation after the other.

The daemon may answer with an error or end the session; it may not crash, hang, leak, or write what no
client should have to read. Some forty places are tried, evenly spread and others each day. With
GRIDLS_FAULTS=all it is every one, which takes minutes, with GRIDLS_FAULTS=N[-M] those, and with
GRIDLS_FAULTS_ROW=N so many fail in a row. With GRIDLS_FAULTS_TRACE=1 a failure tells the place in the
program, but leaks are not looked for.
"""

import datetime
import json
import os
import tempfile
import unittest

from tests.support import preload
from tests.support.fake_upstream import FakeUpstream, Stall, delta, error, response, sse_head, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

WHICH = os.environ.get('GRIDLS_FAULTS', 'some')
ROW = os.environ.get('GRIDLS_FAULTS_ROW', '1')
TRACE = {'TRACE_ALLOCATION': '1'} if os.environ.get('GRIDLS_FAULTS_TRACE') else {}
RUNS = 40
DEADLINE = 10
CAPABILITIES = {
    'general': {'positionEncodings': ['utf-8']},
    'window': {'workDoneProgress': True, 'showDocument': {'support': True}},
    'workspace': {'workspaceEdit': {'documentChanges': True, 'resourceOperations': ['create'],
                                    'changeAnnotationSupport': {'groupsOnLabel': True}},
                  'applyEdit': True,
                  'configuration': True},
    'textDocument': {'codeAction': {'codeActionLiteralSupport': {'codeActionKind': {'valueSet': []}},
                                    'dataSupport': True,
                                    'resolveSupport': {'properties': ['edit']}}}}
TEXT = 'int main(void)\n{\n    return 0;\n}\n'


class Ended(Exception):
    """The daemon has ended the session, which it may."""


def span(first, last):
    return {'start': {'line': first, 'character': 0}, 'end': {'line': last, 'character': 0}}


class Session:
    """What an editor says, step by step; each request is answered before the next step."""

    def __init__(self, client, upstream, scratch):
        self.client = client
        self.upstream = upstream
        self.scratch = scratch
        self.uri = f'file://{scratch.work}/src/a.c'
        self.last_id = 0

    def say(self, send, *arguments):
        try:
            send(*arguments)
        except (BrokenPipeError, ValueError):  # ValueError: the pipe is closed on our side too
            raise Ended from None

    def wait(self, request_id):
        try:
            return self.client.find(lambda message: 'method' not in message
                                    and message.get('id') == request_id, f'answer {request_id}')
        except AssertionError as failure:
            if 'has closed its output' in str(failure):
                raise Ended from None
            raise

    def ask(self, method, params=None):
        self.last_id += 1
        self.say(self.client.request, self.last_id, method, params)
        return self.wait(self.last_id)

    def tell(self, method, params):
        self.say(self.client.notify, method, params)

    def document(self, **more):
        return {'textDocument': {'uri': self.uri}, **more}

    def run(self):
        answer = self.ask('initialize', {
            'processId': None, 'rootUri': self.scratch.root, 'capabilities': CAPABILITIES,
            'initializationOptions': {'completion': {'debounce_ms': 0},
                                      'network': {'idle_timeout_ms': 500}}})
        if 'error' in answer:
            raise Ended
        self.tell('initialized', {})
        self.tell('textDocument/didOpen', {'textDocument': {
            'uri': self.uri, 'languageId': 'c', 'version': 1, 'text': TEXT}})
        self.tell('textDocument/didChange', {
            'textDocument': {'uri': self.uri, 'version': 2},
            'contentChanges': [{'range': span(0, 0), 'text': '/* é */\n'}]})
        self.ask('gridls/status')
        self.explain()
        self.rewrite()
        self.complete()
        self.ask('workspace/executeCommand', {
            'command': 'gridls.explain', 'arguments': [self.document(range=span(1, 2))]})
        self.ask('gridls/commitMessage', {'root': self.scratch.root, 'hint': 'short'})
        self.rewrite_all()
        self.cancel()
        self.tell('textDocument/didClose', self.document())
        answer = self.ask('shutdown')
        self.tell('exit', None)
        if 'error' in answer:
            raise Ended

    def explain(self):
        answer = self.ask('gridls/explain', self.document(
            range=span(1, 3), question='why?', workDoneToken='w', partialResultToken='p'))
        conversation = answer.get('result', {}).get('conversation')
        if conversation:
            self.ask('gridls/explain', {'conversation': conversation, 'question': 'and then?'})

    def rewrite(self):
        self.ask('gridls/refactor', self.document(range=span(1, 5), instruction='shorter'))
        actions = self.ask('textDocument/codeAction', self.document(
            range=span(1, 5), context={'diagnostics': [{'range': span(2, 2), 'message': 'no'}]}))
        if actions.get('result'):
            self.ask('codeAction/resolve', actions['result'][0])

    def rewrite_all(self):
        """Cut off and gone on with; edits of several files, the first of which do not fit."""
        self.upstream.forget_rules()
        self.upstream.answer(stream('```c\nint', finish_reason='length'), method='POST')
        self.upstream.answer(stream('int x;\n```\n'), method='POST')
        self.ask('gridls/refactor', self.document(range=span(1, 5), instruction='shorter'))
        edits = [{'path': path, 'search': search, 'replace': 'int start(void)'}
                 for path, search in (('src/a.c', 'int main(void)'), ('src/b.c', 'no such line'))]
        files = [{'path': 'src/c.c', 'text': 'int start(void);\n'}]
        for answer in ({'summary': 'Done.', 'edits': edits, 'new_files': files},
                       {'edits': [{'path': 'src/b.c', 'search': 'main()', 'replace': 'start()'}]}):
            self.upstream.answer(stream(json.dumps(answer)), method='POST')
        self.ask('gridls/refactor', self.document(
            scope='workspace', instruction='rename main to start', workDoneToken='r'))

    def complete(self):
        self.ask('gridls/inlineCompletion', self.document(
            position={'line': 3, 'character': 4}, context={'triggerKind': 1},
            partialResultToken='c'))

    def cancel(self):
        self.upstream.forget_rules()
        self.upstream.answer([sse_head(), delta('It'), Stall()], times=None)
        self.last_id += 1
        self.say(self.client.request, self.last_id, 'gridls/explain', self.document())
        self.tell('$/cancelRequest', {'id': self.last_id})
        self.wait(self.last_id)


class FaultsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.library = preload.build('failing_malloc', folder)
        cls.count_file = os.path.join(folder, 'count')

    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.scratch.write('src/a.c', TEXT)
        self.scratch.write('src/b.c', 'int go(void) { return main(); }\n')
        self.scratch.write('.gridlsignore', '*.pem\n')
        self.scratch.write('.gridls.json', '{"instructions": "Be brief."}')
        self.scratch.git('init')
        self.scratch.git('add', '.')

    def env(self, upstream, **more):
        # Looking for the place leaks a little itself.
        preloaded = preload.variables(self.library, ':detect_leaks=0' if TRACE else '')
        return self.scratch.env(THEGRID_BASE_URL=upstream.base_url, THEGRID_API_KEY='key',
                                **preloaded, **TRACE, **more)

    def play(self, **env):
        """One session; whether it came to its end."""
        upstream = FakeUpstream(deadline=DEADLINE)
        upstream.answer(response(200, {'object': 'list', 'data': [{'id': 'code-prime'}]}),
                        times=None, method='GET')
        upstream.answer(error(500, 'busy', {'Retry-After': '0'}), method='POST')
        upstream.answer(stream('```c\nint x;', '\n', '/* é 😀 */\n```\n'), times=None)
        client = Client([gridls()], self.env(upstream, **env), self.scratch.work, deadline=DEADLINE)
        whole = True
        try:
            try:
                Session(client, upstream, self.scratch).run()
            except Ended:
                whole = False
            client.close_input()
            code = client.wait_exit()
            # `exit` may be the message that there was no memory for.
            must_be_clean = whole and 'the session ends:' not in client.stderr
            self.assertIn(code, (0,) if must_be_clean else (0, 1, 2), client.stderr)
            if whole:
                client.check_end()
            self.assertNotIn('Sanitizer', client.stderr)
            self.assertNotIn('runtime error', client.stderr)
            return whole
        except AssertionError as failure:
            raise AssertionError(f'{failure}\n{client.stderr[-6000:]}') from None
        finally:
            client.kill()
            upstream.close()

    def choose(self, count):
        if WHICH == 'all':
            return range(1, count + 1)
        if WHICH != 'some':
            low, _, high = WHICH.partition('-')
            return range(int(low), int(high or low) + 1)
        step = max(1, count // RUNS)
        return range(1 + datetime.date.today().toordinal() % step, count + 1, step)

    def test_each_allocation_may_fail(self):
        self.assertTrue(self.play(COUNT_ALLOCATIONS=self.count_file))
        with open(self.count_file, encoding='ascii') as file:
            count = int(file.read())
        self.assertGreater(count, 500)
        for number in self.choose(count):
            with self.subTest(allocation=number):
                self.play(FAIL_ALLOCATION=str(number), FAIL_ALLOCATIONS=ROW)


if __name__ == '__main__':
    unittest.main()
