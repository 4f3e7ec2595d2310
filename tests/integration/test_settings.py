"""Settings that change while the daemon runs, and those that are wrong."""

import os
import unittest

from tests.support.fake_upstream import FakeUpstream, response, stream
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

FILE = '~/.config/gridls/config.json'
WHOLE = {'start': {'line': 0, 'character': 0}, 'end': {'line': 1, 'character': 0}}


class UserFileTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')

    def start(self):
        client = Client([gridls()], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key-of-the-test'),
            self.scratch.work)
        self.addCleanup(client.kill)
        client.initialize('file://' + self.scratch.work)
        return client

    def told(self, client, words):
        return client.find(lambda message: message.get('method') == 'window/showMessage'
                           and words in message['params']['message'], f'a message of {words}')

    def model_asked_for(self, client, request_id):
        self.upstream.answer(stream('An answer.'), method='POST')
        client.call(request_id, 'gridls/explain', {
            'textDocument': {'uri': 'file:///a.c'}, 'range': WHOLE})
        return self.upstream.expect(method='POST').json['model']

    def end(self, client):
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def test_a_change_takes_effect_without_a_restart(self):
        self.scratch.write(FILE, '{"instruments": {"explain": "text-prime"}}')
        client = self.start()
        client.open('file:///a.c', 'int x;\n')
        self.assertEqual(self.model_asked_for(client, 1), 'text-prime')
        # As editors do: a new file takes the old one's place. The unknown name makes the moment seen.
        new = self.scratch.write(FILE + '.new', '{"instruments": {"explain": "text-max"}, "colour": 1}')
        os.replace(new, self.scratch.path(FILE))
        self.told(client, 'colour')
        self.assertEqual(self.model_asked_for(client, 2), 'text-max')
        self.end(client)

    def test_what_is_wrong_is_told_in_the_editor(self):
        self.scratch.write(FILE, '{"completion": {"debounce_ms": "soon"}, "base_ur": "x"}')
        client = self.start()
        message = self.told(client, 'completion.debounce_ms')
        self.assertIn('base_ur', message['params']['message'])
        self.end(client)

    def test_a_broken_file_is_told_with_its_line(self):
        self.scratch.write(FILE, '{\n  "instructions": "x",\n  oops\n}\n')
        client = self.start()
        message = self.told(client, 'config.json')
        self.assertRegex(message['params']['message'], r'\b3\b')
        self.end(client)


if __name__ == '__main__':
    unittest.main()
