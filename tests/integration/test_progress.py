"""Progress of commands: the daemon's own tokens, which a client grants, refuses, or says nothing about."""

import unittest

from tests.support.fake_upstream import FakeUpstream, Stall, Wait, delta, finish, response, sse_head
from tests.support.lsp_client import PROGRESS_CREATE, Client
from tests.support.scratch import Scratch, gridls

DEADLINE = 20
URI = 'file:///a.c'


class ProgressTest(unittest.TestCase):
    def setUp(self):
        scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.client = Client([gridls()], scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key'), scratch.work,
            deadline=DEADLINE)
        self.addCleanup(self.client.kill)
        self.client.grant_progress = False
        self.client.initialize(None, capabilities={
            'window': {'workDoneProgress': True, 'showDocument': {'support': True}}})
        self.client.open(URI, 'int x;\n')

    def explain(self, *steps):
        """Starts the command; the request for a token, and what the upstream is asked."""
        self.upstream.answer([sse_head(), *steps])
        self.client.request(1, 'workspace/executeCommand', {
            'command': 'gridls.explain', 'arguments': [{'textDocument': {'uri': URI}}]})
        create = self.client.find(lambda message: message.get('method') == PROGRESS_CREATE)
        self.assertIsNone(self.client.answer(1))
        return create, self.upstream.expect(method='POST')

    def progress(self, token):
        return [message['params']['value']['kind'] for kind, message in self.client.log
                if kind == '<' and message.get('method') == '$/progress'
                and message['params']['token'] == token]

    def shown(self):
        return self.client.find(lambda message: message.get('method') == 'window/showDocument')

    def end(self):
        self.assertEqual(self.client.shutdown(), 0)
        self.client.check_end()

    def test_a_token_that_was_granted_late(self):
        create, _ = self.explain(delta('It'), Wait('more'), delta(' is.'), finish())
        token = create['params']['token']
        self.assertEqual(self.progress(token), [])
        self.client.respond(create['id'], None)
        self.client.find(lambda message: message.get('method') == '$/progress')
        self.upstream.release('more')
        self.shown()
        self.assertEqual(self.progress(token)[0], 'begin')
        self.assertEqual(self.progress(token)[-1], 'end')
        self.end()

    def test_a_token_that_was_refused_is_never_used(self):
        create, _ = self.explain(delta('It'), Wait('more'), delta(' is.'), finish())
        self.client.send({'id': create['id'], 'error': {'code': -32603, 'message': 'no'}})
        self.assertIn('state', self.client.call(2, 'gridls/status'))
        self.upstream.release('more')
        self.shown()
        self.assertEqual(self.progress(create['params']['token']), [])
        self.end()

    def test_a_token_that_nobody_speaks_of_is_never_used(self):
        create, _ = self.explain(delta('It is.'), finish())
        self.shown()
        self.assertEqual(self.progress(create['params']['token']), [])
        self.client.respond(create['id'], None)  # too late
        self.assertIn('state', self.client.call(2, 'gridls/status'))
        self.assertEqual(self.progress(create['params']['token']), [])
        self.end()

    def test_a_command_is_cancelled_by_its_token(self):
        create, request = self.explain(delta('It'), Stall())
        token = create['params']['token']
        self.client.respond(create['id'], None)
        self.client.find(lambda message: message.get('method') == '$/progress')
        self.client.notify('window/workDoneProgress/cancel', {'token': token})
        request.wait_gone()
        self.client.find(lambda message: message.get('method') == '$/progress'
                         and message['params']['value']['kind'] == 'end')
        self.client.notify('window/workDoneProgress/cancel', {'token': token})
        self.end()


if __name__ == '__main__':
    unittest.main()
