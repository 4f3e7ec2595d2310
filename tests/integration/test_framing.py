"""Raw bytes on the daemon's input: headers as clients write them, and messages as none should."""

import json
import subprocess
import unittest

from tests.integration.test_stdio import body
from tests.support.lsp_client import frame
from tests.support.scratch import Scratch, gridls

DEADLINE = 20
STATUS = {'id': 2, 'method': 'gridls/status'}
INITIALIZE = {'id': 1, 'method': 'initialize',
              'params': {'processId': None, 'rootUri': None, 'capabilities': {}}}
SHUTDOWN = {'id': 9, 'method': 'shutdown'}
EXIT = {'method': 'exit'}

# A frame around a body, as some client spells it: %d is the length.
HEADERS = (
    b'Content-Length: %d\r\n\r\n',
    b'content-length: %d\r\n\r\n',
    b'CONTENT-LENGTH:%d\r\n\r\n',
    b'Content-Length :  %d  \r\n\r\n',
    b'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n',
    b'Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\n\r\n',
    b'content-type: application/vim-jsonrpc; charset="UTF-8"\r\ncontent-length: %d\r\n\r\n',
    b'X-Odd: a: b\r\nContent-Length: %d\r\nX-Empty:\r\n\r\n',
    b'Content-Length: 000%d\r\n\r\n',
)

# What cannot be repaired: nobody knows where the next message begins.
BROKEN = (
    b'Content-Length: -5\r\n\r\n{}',
    b'Content-Length: 2a\r\n\r\n{}',
    b'Content-Length: \r\n\r\n{}',
    b'Content-Length: 0x10\r\n\r\n{}',
    b'Content-Length: 99999999999999999999999999\r\n\r\n{}',
    b'Content-Length: 268435457\r\n\r\n{}',
    b'Content-Type: application/json\r\n\r\n{}',
    b'Content-Length: 2\r\nContent-Type: application/json; charset=utf-16\r\n\r\n{}',
    b'\r\n\r\n{}',
    b'a library has printed this\n' + b'Content-Length: 2\r\n\r\n{}',
    b'X: ' + b'x' * 9000 + b'\r\n\r\n',
    b'X: y\r\n' * 2000,
    b'\x00' * 9000,
)

# Bodies that are answered under null, and the session goes on.
NO_MESSAGES = (
    (b'', -32700),
    (b'{"jsonrpc":"2.0","id":7,"method":"gridls/sta', -32700),
    (b'{} {}', -32700),
    (b'\xef\xbb\xbf', -32700),
    (b'[' * 100000, -32700),
    (b'{"a":' * 5000 + b'1' + b'}' * 5000, -32700),
    (b'[]', -32600),
    (body(STATUS).join((b'[', b']')), -32600),
    (b'null', -32600),
    (b'{}', -32600),
    (b'{"jsonrpc":"2.0","method":5}', -32600),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"gridls/status"}', -32600),
    (b'{"jsonrpc":"2.0","id":[1],"method":"gridls/status"}', -32600),
)


class FramingTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())

    def run_gridls(self, sent):
        """(exit code, messages but notifications, stderr)"""
        done = subprocess.run([gridls()], env=self.scratch.env(), cwd=self.scratch.work, input=sent,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=DEADLINE)
        self.assertNotIn(b'Sanitizer', done.stderr)
        self.assertNotIn(b'runtime error', done.stderr)
        messages, rest = [], done.stdout
        while rest:
            head, _, rest = rest.partition(b'\r\n\r\n')
            self.assertRegex(head, rb'\AContent-Length: [1-9][0-9]*\Z')
            length = int(head.split(b': ')[1])
            messages.append(json.loads(rest[:length].decode('utf-8')))
            rest = rest[length:]
        return done.returncode, [message for message in messages if 'id' in message], done.stderr

    def session(self, *frames):
        return self.run_gridls(b''.join([frame(body(INITIALIZE)), *frames, frame(body(SHUTDOWN)),
                                         frame(body(EXIT))]))

    def test_headers_of_any_spelling(self):
        message = body(STATUS)
        for header in HEADERS:
            with self.subTest(header=header):
                code, answers, _ = self.session(header % len(message) + message)
                self.assertEqual((code, [answer['id'] for answer in answers]), (0, [1, 2, 9]))
                self.assertIn('result', answers[1])

    def test_broken_framing_ends_the_session(self):
        for broken in BROKEN:
            with self.subTest(broken=broken[:60]):
                code, answers, stderr = self.run_gridls(frame(body(INITIALIZE)) + broken)
                self.assertEqual((code, [answer['id'] for answer in answers]), (1, [1]))
                self.assertIn(b'the session ends: ', stderr)

    def test_no_messages_are_answered_and_passed_over(self):
        for sent, expected in NO_MESSAGES:
            with self.subTest(body=sent[:60]):
                code, answers, _ = self.session(frame(sent), frame(body(STATUS)))
                self.assertEqual([answer['id'] for answer in answers], [1, None, 2, 9])
                self.assertEqual(answers[1]['error']['code'], expected)
                self.assertEqual(code, 0)

    def test_invalid_utf_8_and_lone_surrogates_come_back_as_replacements(self):
        for method in (b'\xff\xfe/x', b'\xed\xa0\x80', b'\\ud800', b'\\udc00\\ud800', b'\\u0000'):
            with self.subTest(method=method):
                code, answers, _ = self.session(
                    frame(b'{"jsonrpc":"2.0","id":"' + method + b'","method":"' + method + b'"}'))
                self.assertEqual(len(answers), 3)
                self.assertEqual(answers[1]['error']['code'], -32601)
                # Nobody may get back half a pair, whatever it called its request.
                self.assertNotRegex(json.dumps(answers[1], ensure_ascii=False), '[\ud800-\udfff]')
                self.assertEqual(code, 0)

    def test_an_id_that_is_still_open(self):
        """The second request is refused; the first is answered once, here as cancelled."""
        slow = {'id': 5, 'method': 'gridls/explain', 'params': {
            'textDocument': {'uri': 'untitled:a', 'version': 9}}}
        opened = {'method': 'textDocument/didOpen', 'params': {'textDocument': {
            'uri': 'untitled:a', 'languageId': '', 'version': 1, 'text': ''}}}
        code, answers, _ = self.session(*[frame(body(message)) for message in (
            opened, slow, {**STATUS, 'id': 5}, {**STATUS, 'id': '5'})])
        self.assertEqual([answer['id'] for answer in answers], [1, 5, '5', 5, 9])
        self.assertEqual(answers[1]['error']['code'], -32600)
        self.assertEqual(answers[3]['error']['code'], -32800)
        self.assertEqual(code, 0)

    def test_a_cancel_in_one_piece_with_its_request(self):
        explain = {'id': 5, 'method': 'gridls/explain', 'params': {
            'textDocument': {'uri': 'untitled:a', 'version': 9}}}
        opened = {'method': 'textDocument/didOpen', 'params': {'textDocument': {
            'uri': 'untitled:a', 'languageId': '', 'version': 1, 'text': ''}}}
        cancel = {'method': '$/cancelRequest', 'params': {'id': 5}}
        code, answers, _ = self.session(*[frame(body(message)) for message in (
            cancel, opened, explain, cancel, cancel, {**STATUS, 'id': 5})])
        self.assertEqual([answer['id'] for answer in answers], [1, 5, 5, 9])
        self.assertEqual(answers[1]['error']['code'], -32800)
        self.assertIn('result', answers[2])
        self.assertEqual(code, 0)

    def test_exit_in_every_state(self):
        initialize, status = frame(body(INITIALIZE)), frame(body(STATUS))
        shutdown, leave = frame(body(SHUTDOWN)), frame(body(EXIT))
        for sent, code, ids in ((leave, 1, []), (leave + status, 1, []),
                                (initialize + leave, 1, [1]),
                                (initialize + status + leave, 1, [1, 2]),
                                (shutdown + leave, 1, [9]),
                                (initialize + shutdown + leave + status, 0, [1, 9]),
                                (initialize + shutdown + status + leave, 0, [1, 9, 2])):
            with self.subTest(sent=sent):
                ended, answers, _ = self.run_gridls(sent)
                self.assertEqual((ended, [answer['id'] for answer in answers]), (code, ids))


if __name__ == '__main__':
    unittest.main()
