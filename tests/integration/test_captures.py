"""Every recorded answer of tests/captures, as it went over the wire, to a daemon that asked for it.

tests/unit/test_captures.c holds what each says; here, that a session takes one after the other and that
each request gets its one answer, of the right kind."""

import os
import re
import unittest

from tests.support.fake_upstream import Close, Cut, FakeUpstream, chunked
from tests.support.lsp_client import Client
from tests.support.scratch import ROOT, Scratch, gridls

FOLDER = os.path.join(ROOT, 'tests', 'captures')
WHOLE = {'start': {'line': 0, 'character': 0}, 'end': {'line': 1, 'character': 0}}
URI = 'file:///a.c'

KINDS = {400: 'upstream', 401: 'unauthorized', 404: 'unknown_instrument', 429: 'rate_limited',
         500: 'upstream'}
# What is no answer in spite of its status.
ODD = {
    'aimock-chaos-disconnect': 'network', 'aimock-truncate': 'network',
    'aimock-chaos-malformed': 'upstream', 'aimock-cutoff': 'truncated',
    # Calls that no one offered tools for.
    'aimock-tools-nonstream': 'upstream', 'aimock-tools-stream': 'upstream',
    'portkey-aimock-tools-nonstream': 'upstream',
    'llama-server-tools-nonstream': 'upstream', 'llama-server-tools-stream': 'upstream',
    # Lists of models.
    'aimock-models': 'upstream', 'llama-server-models': 'upstream',
    'portkey-llama-models': 'upstream',
}


def read(name):
    """Head and body of a capture; the head is empty where the connection was just closed. See the
    README.md there."""
    with open(os.path.join(FOLDER, name), 'rb') as file:
        text = file.read()
    start = re.search(rb'^HTTP/', text, re.M)
    if not start:
        return b'', b''
    head, _, body = text[start.start():].partition(b'\r\n\r\n')
    return head, re.sub(rb'# curl exit \d+\s*.*\Z', b'', body, flags=re.S)


def steps(name):
    head, body = read(name)
    if not head:
        return [Close()]
    if re.search(rb'(?i)^transfer-encoding: chunked', head, re.M) and '-raw-chunked' not in name:
        pieces = chunked(*[body[at:at + 100] for at in range(0, len(body), 100)])
        cut = name == 'aimock-cutoff.txt'
        return [head + b'\r\n\r\n', pieces[:-1] if cut else pieces, [Cut()] if cut else []]
    # What the head says of its length is right for the recorder's own connection.
    return [head + b'\r\n\r\n' + body, Close()]


class CapturesTest(unittest.TestCase):
    def test_all_are_answered(self):
        scratch = self.enterContext(Scratch())
        upstream = self.enterContext(FakeUpstream())
        client = Client([gridls()], scratch.env(
            THEGRID_BASE_URL=upstream.base_url, THEGRID_API_KEY='key-of-the-test'), scratch.work)
        self.addCleanup(client.kill)
        client.initialize('file://' + scratch.work, initializationOptions={
            'network': {'retries': 0}, 'explain': {'tools': False}})
        client.open(URI, 'int x;\n')
        names = sorted(name for name in os.listdir(FOLDER) if name.endswith('.txt'))
        self.assertGreater(len(names), 50)
        for number, name in enumerate(names, 1):
            with self.subTest(name):
                # Silence on a kept connection is asked again once.
                upstream.forget_rules()
                upstream.answer(steps(name), times=2 if not read(name)[0] else 1)
                client.request(number, 'gridls/explain',
                               {'textDocument': {'uri': URI}, 'range': WHOLE})
                message = client.find(lambda message: message.get('id') == number, name)
                self.check(name, message)
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    def check(self, name, message):
        head, _ = read(name)
        status = int(head.split()[1]) if head else 0
        kind = ODD.get(name.removesuffix('.txt')) or KINDS.get(status)
        if not kind:
            self.assertTrue(message['result']['text'], name)
            return
        error = message['error']
        self.assertEqual(error['data']['kind'], kind, error)
        self.assertNotIn('<html', error['message'])
        self.assertLess(len(error['message']), 700)


if __name__ == '__main__':
    unittest.main()
