"""gridls against an upstream and a gateway that nobody here wrote: every task, every failure."""

import json
import subprocess
import unittest
import urllib.request

from tests.support.counterparties import Program
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

DEADLINE = 30
SUM = 'int add(int a, int b)\n{\n    int sum = a + b;\n    return sum;\n}\n'


class Upstreams:
    """What holds for both; the subclasses say which."""

    base, prefix = None, ''

    @classmethod
    def setUpClass(cls):
        cls.program = Program('upstreams.mjs')
        cls.told = cls.program.told

    @classmethod
    def tearDownClass(cls):
        cls.program.close()

    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.path = self.scratch.write('a.c', SUM)

    def settings(self, model, key=None, retries=0):
        """One model for all tasks, in the user's file."""
        model = model if ',' in model else self.prefix + model
        self.scratch.write('~/.config/gridls/config.json', json.dumps({
            'base_url': self.told[self.base], 'api_key': key or self.told['key'],
            'instruments': {task: model for task in ('completion', 'explain', 'refactor', 'commit')},
            'completion': {'debounce_ms': 0}, 'network': {'retries': retries}}))

    def run_gridls(self, model, *arguments, **more):
        self.settings(model, **more)
        done = subprocess.run([gridls(), *arguments], env=self.scratch.env(),
                              cwd=self.scratch.work, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE)
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        self.assertNotIn(self.told['key'], done.out + done.err)
        self.assertNotIn('Sanitizer', done.err)
        return done

    def assert_says(self, done, text):
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(done.out, text)

    def start(self, model, **more):
        self.settings(model, **more)
        client = Client([gridls()], self.scratch.env(), self.scratch.work, deadline=DEADLINE)
        self.addCleanup(client.kill)
        client.initialize(self.scratch.root)
        self.uri = self.scratch.root + '/a.c'
        client.open(self.uri, SUM)
        return client

    def ask(self, model, **more):
        """gridls/explain: the answer as a whole message, and the pieces that came before it."""
        client = self.start(model, **more)
        client.request(1, 'gridls/explain', {'textDocument': {'uri': self.uri},
                                             'partialResultToken': 'p'})
        answer = client.find(lambda message: message.get('id') == 1 and 'method' not in message)
        pieces = [message['params']['value']['text'] for way, message in client.log
                  if way == '<' and message.get('method') == '$/progress']
        self.assertEqual(client.shutdown(), 0)
        client.check_end()
        return answer, pieces

    def assert_fails(self, model, kind, status=None, words=(), **more):
        """Both ways: an error of that kind for editors, one line for a terminal."""
        answer, _ = self.ask(model, **more)
        error = answer['error']
        self.assertEqual((error['code'], error['data']['kind']), (-32803, kind), error)
        self.assertEqual(error['data'].get('status'), status, error)
        self.assertNotIn('\n', error['message'])
        self.assertLess(len(error['message']), 500)
        done = self.run_gridls(model, 'explain', 'a.c', **more)
        self.assertEqual(done.returncode, 1, done.err)
        self.assertRegex(done.err, r'\Agridls: [^\n]+\n\Z')
        for word in words:
            self.assertIn(word, error['message'])
            self.assertIn(word, done.err)
        for word in ('node_modules', '    at ', '{"error'):
            self.assertNotIn(word, done.err + error['message'])
        return error['data']

    # -- the four tasks

    def test_explain(self):
        self.assert_says(self.run_gridls('plain', 'explain', 'a.c'), self.told['text'] + '\n')

    def test_complete(self):
        self.scratch.write('a.c', 'int add(int a, int b)\n{\n    return')
        self.assert_says(self.run_gridls('complete', 'complete', 'a.c:3:11'), ' a + b;\n')

    def test_refactor(self):
        done = self.run_gridls('rewrite', 'refactor', 'a.c', '--instruction', 'shorter', '--write')
        self.assertEqual(done.returncode, 0, done.err)
        self.assertEqual(self.scratch.read('a.c'),
                         'int add(int a, int b)\n{\n    return a + b;\n}\n')

    def test_commit_message(self):
        self.scratch.git('init')
        self.scratch.git('add', 'a.c')
        self.assert_says(self.run_gridls('commit', 'commit-message'),
                         'Add a sum\n\nIt is needed.\n')

    # -- streams

    def test_pieces_come_while_it_is_written(self):
        answer, pieces = self.ask('slow')
        self.assertGreater(len(pieces), 10)
        self.assertEqual(''.join(pieces), self.told['text'] * 20)
        self.assertEqual(answer['result']['finishReason'], 'stop')

    def test_usage(self):
        answer, _ = self.ask('plain')
        self.assertEqual(answer['result']['usage'], {'promptTokens': 11, 'completionTokens': 22})

    def test_a_cancel_in_the_middle(self):
        client = self.start('slow')
        client.request(1, 'gridls/explain', {'textDocument': {'uri': self.uri},
                                             'partialResultToken': 'p'})
        client.find(lambda message: message.get('method') == '$/progress')
        client.notify('$/cancelRequest', {'id': 1})
        answer = client.find(lambda message: message.get('id') == 1 and 'method' not in message)
        self.assertEqual(answer['error']['code'], -32800)
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def test_reasoning_is_not_part_of_the_answer(self):
        answer, pieces = self.ask('thinks')
        self.assertEqual(''.join(pieces), self.told['text'])
        self.assertNotIn('SECRET-THOUGHT', str(answer))

    def test_an_answer_at_its_limit_says_so(self):
        answer, pieces = self.ask('short')
        self.assertEqual((''.join(pieces), answer['result']['finishReason']), ('It adds', 'length'))

    def test_a_rewrite_at_its_limit_is_not_applied(self):
        done = self.run_gridls('short', 'refactor', 'a.c', '--instruction', 'x', '--write')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.scratch.read('a.c'), SUM)

    def test_text_beside_tool_calls(self):
        answer, pieces = self.ask('text-and-tools')
        self.assertEqual(''.join(pieces), self.told['text'])
        self.assertEqual(answer['result']['finishReason'], 'tool_calls')

    def test_a_model_that_reads_a_file_first(self):
        """A tool call, its result in the next request, the answer; the server demands what is in it."""
        self.scratch.git('init')
        self.scratch.write('b.h', '/* NEEDLE */\n')
        answer, pieces = self.ask('reads')
        self.assertTrue(''.join(pieces).endswith(self.told['text']), pieces)
        self.assertEqual(answer['result']['finishReason'], 'stop')

    def test_a_model_that_does_nothing_but_call_tools(self):
        self.scratch.write('b.h', '/* nothing */\n')
        self.assert_fails('reads-on', 'upstream')

    def test_looking_at_files_before_the_answer(self):
        self.scratch.write('b.c', 'int twice(int x);\n')
        client = self.start('looks')
        client.request(1, 'gridls/explain', {'textDocument': {'uri': self.uri},
                                             'workDoneToken': 'w'})
        answer = client.answer(1)
        notes = [message['params']['value']['message'] for way, message in client.log
                 if way == '<' and message.get('method') == '$/progress'
                 and message['params']['value']['kind'] == 'report']
        self.assertEqual(client.shutdown(), 0)
        client.check_end()
        self.assertEqual(answer['text'], 'I look again.\n\n' + self.told['text'])
        self.assertEqual(answer['finishReason'], 'stop')
        self.assertEqual(notes, ['listing files', 'reading b.c', 'searching for "twice"'])

    def test_a_content_filter(self):
        self.assert_fails('filtered', 'filtered')

    # -- failures

    def test_a_wrong_key(self):
        self.assert_fails(*self.refused, 'unauthorized', 401)

    def test_no_such_model(self):
        self.assert_fails('missing', 'unknown_instrument', 404, ['No model of that name'])

    def test_no_balance(self):
        self.assert_fails('broke', 'payment_required', 402)

    def test_a_limit(self):
        data = self.assert_fails('limited', 'rate_limited', 429)
        self.assertEqual(data.get('retryAfterMs'), self.retry_after_ms)

    def test_a_limit_that_passes(self):
        answer, pieces = self.ask('busy', retries=1)
        self.assertEqual(''.join(pieces), self.told['text'], answer)

    def test_a_server_that_fails(self):
        self.assert_fails('down', 'upstream', 500)

    def test_what_is_no_json(self):
        self.assert_fails('malformed', 'upstream', 200)

    def test_a_stream_that_breaks_off(self):
        self.assert_fails('cut', 'truncated')

    def test_completions_fail_in_silence(self):
        client = self.start('limited')
        position = {'line': 2, 'character': 20}
        for number, trigger in ((1, 2), (2, 2)):
            self.assertIsNone(client.call(number, 'textDocument/inlineCompletion', {
                'textDocument': {'uri': self.uri}, 'position': position,
                'context': {'triggerKind': trigger}}))
        self.assertEqual(client.call(3, 'gridls/status')['state'], 'limited')
        self.assertEqual(client.shutdown(), 0)
        client.check_end()


class MockTest(Upstreams, unittest.TestCase):
    base = 'mock'
    refused = ('plain',)
    retry_after_ms = 7000

    def assert_fails(self, model, kind, status=None, words=(), **more):
        if kind == 'unauthorized':
            more['key'] = 'another-key'
        return super().assert_fails(model, kind, status, words, **more)

    def test_a_server_that_hangs_up(self):
        self.assert_fails('hangup', 'network')

    def test_what_it_has_heard(self):
        """Its own journal: the request as an independent server reads it."""
        self.run_gridls('plain', 'explain', 'a.c', '--question', 'WHAT-FOR')
        origin = self.told['mock'].removesuffix('/v1')
        request = urllib.request.Request(f'{origin}/__aimock/journal', headers={
            'Authorization': f'Bearer {self.told["key"]}'})
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            entry = json.load(answer)[-1]
        body = entry['body']
        self.assertEqual((entry['method'], entry['path']), ('POST', '/v1/chat/completions'))
        self.assertTrue(body['stream'] and body['stream_options']['include_usage'])
        self.assertEqual([message['role'] for message in body['messages']], ['system', 'user'])
        self.assertIn('WHAT-FOR', body['messages'][1]['content'])
        self.assertIn('int sum = a + b;', body['messages'][1]['content'])


class GatewayTest(Upstreams, unittest.TestCase):
    base = 'gateway'
    prefix = 'mock,'
    refused = ('locked,plain',)
    retry_after_ms = None  # It keeps the header to itself.


if __name__ == '__main__':
    unittest.main()
