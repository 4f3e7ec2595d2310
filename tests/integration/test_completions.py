"""Inline completion over a whole session: pauses, neighbours, what must never be read."""

import os
import time
import unittest

from tests.support.fake_upstream import FakeUpstream, error, response, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

AUTOMATIC = {'triggerKind': 2}


class CompletionsTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.last_id = 0

    def start(self, *arguments):
        client = Client([gridls(), *arguments], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key-of-the-test'),
            self.scratch.work)
        self.addCleanup(client.kill)
        client.initialize('file://' + self.scratch.work,
                          initializationOptions={'completion': {'debounce_ms': 0}})
        return client

    def uri(self, name):
        return f'file://{self.scratch.work}/{name}'

    def write(self, name, text):
        path = os.path.join(self.scratch.work, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def complete(self, client, name, line, character, context=None):
        self.last_id += 1
        return client.call(self.last_id, 'textDocument/inlineCompletion', {
            'textDocument': {'uri': self.uri(name)},
            'position': {'line': line, 'character': character}, 'context': context or AUTOMATIC})

    def asked(self):
        """The texts of the last prompt."""
        posts = [request for request in self.upstream.requests if request.method == 'POST']
        return '\n'.join(message['content'] for message in posts[-1].json['messages'])

    def posts(self):
        return self.upstream.count(method='POST')

    def end(self, client):
        self.assertEqual(client.shutdown(), 0)
        client.check_end()
        self.assertEqual(self.upstream.faults, [])

    def status(self, client, state):
        return client.find(lambda message: message.get('method') == 'gridls/status'
                           and message['params']['state'] == state, f'the state {state}')

    def test_a_limit_pauses_it_and_it_comes_back_by_itself(self):
        client = self.start()
        client.open(self.uri('a.c'), 'int a = \nint b = \nint c = \n')
        self.status(client, 'ready')
        self.upstream.answer(error(429, 'slow down', {'Retry-After': '1'}))
        self.assertIsNone(self.complete(client, 'a.c', 0, 8))
        self.status(client, 'limited')
        # As long as it lasts nobody is asked, and the person hears no more of it.
        for line in (1, 2, 1):
            self.assertIsNone(self.complete(client, 'a.c', line, 8))
        self.assertEqual(self.posts(), 1)
        self.status(client, 'ready')
        self.upstream.answer(stream('2;'))
        self.assertEqual(self.complete(client, 'a.c', 1, 8)['items'][0]['insertText'], '2;')
        told = [message['params']['state'] for message in client.pending()
                if message.get('method') == 'gridls/status']
        self.assertNotIn('limited', told)
        self.assertNotIn('window/showMessage', [message.get('method') for message in client.pending()])
        self.end(client)

    def test_an_outage_is_told_once_and_over_with_the_first_answer(self):
        client = self.start()
        client.open(self.uri('a.c'), 'int a = \n')
        self.status(client, 'ready')
        self.upstream.answer(error(503, 'away', {'Retry-After': '1'}), times=2)
        self.upstream.answer(stream('1;'))
        answer = None
        deadline = time.monotonic() + 30
        while answer is None and time.monotonic() < deadline:  # As keys come while a person types.
            answer = self.complete(client, 'a.c', 0, 8)
        self.assertEqual(answer['items'][0]['insertText'], '1;')
        self.assertEqual(self.posts(), 3)
        self.status(client, 'offline')
        self.status(client, 'ready')
        self.assertFalse([message for message in client.pending()
                          if message.get('method') == 'gridls/status'])
        self.end(client)

    def test_a_link_out_of_the_project_is_not_read(self):
        outside = os.path.join(self.scratch.home, 'private.h')
        with open(outside, 'w', encoding='utf-8') as file:
            file.write('int private_open(int canary);\n')
        os.symlink(outside, os.path.join(self.scratch.work, 'link.h'))
        self.write('near.h', 'int near_open(int flags);\n')
        os.symlink('near.h', os.path.join(self.scratch.work, 'inside.h'))
        client = self.start('--log-level', 'debug')
        client.open(self.uri('a.c'), '#include "link.h"\n#include "inside.h"\n'
                    'int x = private_open(1) + near_open(\n')
        client.wait_for(lambda: 'inside.h, which is imported' in client.stderr, 'inside.h is read')
        self.upstream.answer(stream('2);'))
        self.complete(client, 'a.c', 2, 36)
        self.assertIn('int near_open(int flags);', self.asked())
        self.assertNotIn('canary', self.asked())
        self.assertNotIn('link.h, which', client.stderr)
        self.end(client)

    def test_what_is_ignored_from_now_on_is_shown_no_more(self):
        client = self.start()
        client.open(self.uri('one.c'), 'int shared_open(int canary);\n')
        client.open(self.uri('two.c'), 'int x = shared_open(\nint y = shared_open(\n')
        self.upstream.answer(stream('1;'), times=None)
        self.complete(client, 'one.c', 0, 28)  # Its rules are known when this is answered.
        self.complete(client, 'two.c', 0, 20)
        self.assertIn('canary', self.asked())
        self.write('.gridlsignore', 'one.c\n')
        client.notify('textDocument/didSave', {'textDocument': {'uri': self.uri('.gridlsignore')}})
        self.complete(client, 'two.c', 1, 20)
        self.assertEqual(self.posts(), 3)
        self.assertNotIn('canary', self.asked())
        self.end(client)

    def test_closed_documents_are_no_neighbours(self):
        client = self.start()
        client.open(self.uri('one.c'), 'int shared_open(int canary);\n')
        client.open(self.uri('two.c'), 'int x = shared_open(\n')
        self.upstream.answer(stream('1;'), times=None)
        self.complete(client, 'one.c', 0, 28)
        client.notify('textDocument/didChange', {
            'textDocument': {'uri': self.uri('one.c'), 'version': 2},
            'contentChanges': [{'text': 'int shared_open(int canary, int more);\n'}]})
        client.notify('textDocument/didClose', {'textDocument': {'uri': self.uri('one.c')}})
        self.complete(client, 'two.c', 0, 20)
        self.assertNotIn('canary', self.asked())
        self.end(client)


if __name__ == '__main__':
    unittest.main()
