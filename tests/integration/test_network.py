"""A network at its worst: names that are never found, servers that refuse before they have listened."""

import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from tests.support import preload
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

DEADLINE = 20
URI = 'file:///a.c'


class NetworkTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.last_id = 0

    def preload(self, name):
        return preload.variables(preload.build(
            name, self.enterContext(tempfile.TemporaryDirectory())))

    def start(self, base_url, network=None, **environment):
        client = Client([gridls()], self.scratch.env(
            THEGRID_API_KEY='key-of-the-test', THEGRID_BASE_URL=base_url, **environment),
            self.scratch.work)
        self.addCleanup(client.kill)
        client.initialize('file://' + self.scratch.work, initializationOptions={
            'network': {'retries': 0, 'allow_http': True, **(network or {})},
            'explain': {'tools': False}, 'completion': {'debounce_ms': 0}})
        client.open(URI, 'int x;\n')
        return client

    def explain(self, client):
        self.last_id += 1
        client.request(self.last_id, 'gridls/explain', {'textDocument': {'uri': URI}})
        return self.last_id

    def error(self, client, request_id):
        return client.find(lambda message: message.get('id') == request_id
                           and 'method' not in message, f'the answer to {request_id}')['error']


class NameTest(NetworkTest):
    """libcurl asks for names in a thread, which nothing can end. Whoever waited for it would hang here."""

    def setUp(self):
        super().setUp()
        self.pipe = self.scratch.path('looked-up')
        os.mkfifo(self.pipe)
        self.lookups = os.open(self.pipe, os.O_RDWR | os.O_CLOEXEC)
        self.addCleanup(os.close, self.lookups)
        self.environment = {'LOOKED_UP': self.pipe, **self.preload('hanging_resolver')}

    def wait_for_a_lookup(self):
        timer = threading.Timer(DEADLINE, os.write, (self.lookups, b'x'))
        timer.start()
        self.assertEqual(os.read(self.lookups, 1), b'\0', 'no name was looked up')
        timer.cancel()

    def start(self, **network):
        return super().start('http://api.hangs.invalid/v1', network, **self.environment)

    def test_a_cancel_does_not_wait_for_a_name(self):
        client = self.start()
        asked = self.explain(client)
        self.wait_for_a_lookup()
        client.notify('$/cancelRequest', {'id': asked})
        self.assertEqual(self.error(client, asked)['code'], -32800)
        self.assertEqual(client.call(100, 'gridls/status')['state'], 'ready')
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def test_the_end_does_not_wait_for_a_name(self):
        client = self.start()
        asked = self.explain(client)
        self.wait_for_a_lookup()
        self.assertEqual(client.shutdown(), 0)
        self.assertEqual(self.error(client, asked)['code'], -32800)
        client.check_end()

    def test_a_signal_does_not_wait_for_a_name(self):
        client = self.start()
        asked = self.explain(client)
        self.wait_for_a_lookup()
        client.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.error(client, asked)['code'], -32800)
        client.process.wait(DEADLINE)
        client.check_end()

    def test_a_name_that_is_not_found_in_time(self):
        client = self.start(connect_timeout_ms=100)
        error = self.error(client, self.explain(client))
        self.assertEqual(error['data']['kind'], 'network')
        self.assertIn('api.hangs.invalid', error['message'])
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def check(self, settings):
        self.scratch.write('~/.config/gridls/config.json', json.dumps(settings))
        process = subprocess.Popen([gridls(), 'check'], stdout=subprocess.PIPE, text=True,
                                   env=self.scratch.env(**self.environment), cwd=self.scratch.work)
        self.addCleanup(process.kill)
        self.wait_for_a_lookup()
        return process

    def test_check_tells_of_a_name_that_is_not_found_in_time(self):
        process = self.check({'base_url': 'https://api.hangs.invalid/v1', 'api_key': 'some-key-or-other',
                              'network': {'connect_timeout_ms': 100}})
        told, _ = process.communicate(timeout=DEADLINE)
        self.assertIn('problem  name: api.hangs.invalid: no answer within 0.1 s', told)
        self.assertEqual(process.returncode, 1)

    def test_a_signal_ends_a_check_that_waits_for_a_name(self):
        process = self.check({'base_url': 'https://api.hangs.invalid/v1',
                              'api_key': 'some-key-or-other'})
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)


class Refuser:
    """Reads the head of a request, answers, and resets the connection."""

    def __init__(self, answer):
        self.answer = answer
        self.heads = []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.base_url = 'http://127.0.0.1:%d/v1' % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                head = b''
                while b'\r\n\r\n' not in head:
                    piece = connection.recv(1)
                    if not piece:
                        break
                    head += piece
                self.heads.append(head)
                connection.sendall(self.answer)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(DEADLINE)


class RefusalTest(NetworkTest):
    def refuse(self, status, **environment):
        body = b'{"error": {"message": "early words"}}'
        refuser = Refuser(b'HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s'
                          % (status, len(body), body))
        self.addCleanup(refuser.close)
        client = self.start(refuser.base_url, **environment)
        return client, refuser

    def test_a_refusal_before_the_request_was_read(self):
        client, refuser = self.refuse(b'401 Unauthorized', **self.preload('late_body'))
        error = self.error(client, self.explain(client))
        self.assertEqual(error['data']['kind'], 'unauthorized')
        self.assertIn('early words', error['message'])
        # The second time the body waits for a word on the head, and none of it is sent.
        first, second = refuser.heads
        self.assertNotIn(b'Expect', first)
        self.assertIn(b'\r\nExpect: 100-continue\r\n', second)
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def test_a_completion_hears_it_too(self):
        client, _ = self.refuse(b'401 Unauthorized', **self.preload('late_body'))
        place = {'textDocument': {'uri': URI}, 'position': {'line': 0, 'character': 6},
                 'context': {'triggerKind': 1}}
        client.request(1, 'textDocument/inlineCompletion', place)
        self.assertEqual(self.error(client, 1)['data']['kind'], 'unauthorized')
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def test_refusals_are_heard_however_the_race_ends(self):
        client, _ = self.refuse(b'413 Content Too Large')
        for _ in range(30):
            error = self.error(client, self.explain(client))
            self.assertEqual(error['data'].get('status'), 413, error)
        self.assertEqual(client.shutdown(), 0)
        client.check_end()


if __name__ == '__main__':
    unittest.main()
