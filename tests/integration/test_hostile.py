"""An upstream, or whoever answers in its place, that means harm or has gone mad: floods, drips, odd heads,
broken lengths, redirects to where nobody should go. One session takes all of it: each request gets one
answer, soon, and the next one is served as though nothing had been."""

import json
import unittest

from tests.support.fake_upstream import (
    DONE, Close, Cut, FakeUpstream, Pause, Stall, chunked, delta, event, finish, sse_head, stream)
from tests.support.lsp_client import Client
from tests.support.scratch import Scratch, gridls

WHOLE = {'start': {'line': 0, 'character': 0}, 'end': {'line': 1, 'character': 0}}
URI = 'file:///a.c'

HEAD = b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
CHUNKED = HEAD + b'Transfer-Encoding: chunked\r\n\r\n'
ANSWER = [delta('An int.'), finish(), DONE]
REDIRECT = b'HTTP/1.1 307 T\r\nContent-Length: 0\r\nLocation: '
DEEP = '{"choices":[{"delta":{"content":' + '[' * 20000 + ']' * 20000 + '}}]}'
WIDE = {'choices': [{'index': index, 'delta': {'content': 'x'}} for index in range(10000)]}

# What must come of it: a kind of failure, or (ok) a text that ends so.
KINDS = {
    # -- too much
    'a line of 10 MB': ([sse_head(), b'data: ' + b'x' * (10 << 20), b'\n\n', ANSWER], 'upstream'),
    'a comment of 10 MB': ([sse_head(), b':' + b'x' * (10 << 20), b'\n\n', ANSWER], 'upstream'),
    'a head of 400 KB': ([b'HTTP/1.1 200 OK\r\n', [b'X-A: ' + b'a' * 1000 + b'\r\n'] * 400, b'\r\n',
                          ANSWER], 'network'),
    'a head without an end': ([b'HTTP/1.1 200 OK\r\n', [b'X-A: ' + b'a' * 1000 + b'\r\n'] * 9999],
                              'network'),
    'an error without an end': ([b'HTTP/1.1 500 No\r\n\r\n', [b'z' * 65536] * 2000], 'upstream'),
    'nothing but 100s': ([[b'HTTP/1.1 100 Continue\r\n\r\n'] * 1000], 'network'),
    # -- too slow
    'a head that drips': ([b'HTTP/1.1 200 OK\r\n', [b'X: y\r\n', Pause(0.05)] * 100], 'timeout'),
    'an error that drips': ([b'HTTP/1.1 500 No\r\n\r\n{"error": "the words"}',
                             [b' ', Pause(0.05)] * 100], 'upstream'),
    'an error that stalls': ([b'HTTP/1.1 401 No\r\nContent-Length: 99\r\n\r\n{"error": "the words"}',
                              Stall()], 'unauthorized'),
    # -- no HTTP, or not what was asked for
    'a reset': ([Cut()], 'network'),
    'a reset behind the head': ([sse_head(), Cut()], 'network'),
    'an end behind the head': ([sse_head()], 'network'),
    'words': ([b'hello there\r\n'], 'upstream'),
    'HTTP/2': ([b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 'upstream'),
    'half a status': ([b'HTTP/1.1 20\r\n\r\n'], 'upstream'),
    'a status that is none': ([b'HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n'], 'upstream'),
    'another protocol': ([b'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n', ANSWER], 'network'),
    'gzip': ([HEAD + b'Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0junk'], 'upstream'),
    'gzip as a transfer coding': ([HEAD + b'Transfer-Encoding: gzip, chunked\r\n\r\n',
                                   chunked(*ANSWER)], 'network'),
    'a negative length': ([HEAD + b'Content-Length: -5\r\n\r\n', ANSWER], 'upstream'),
    'a chunk beyond counting': ([CHUNKED + b'FFFFFFFFFFFFFFFFF\r\n', ANSWER], 'network'),
    'a page that leads on': ([b'HTTP/1.1 200 OK\r\nRefresh: 0; url=http://evil.invalid\r\n\r\n'
                              b'<html><title>x</title>'], 'upstream'),
    # -- redirects
    'a place of 60 KB': ([REDIRECT + b'/' + b'a' * 60000 + b'\r\n\r\n'], 'upstream'),
    'a place with controls': ([REDIRECT + b'/a\x01\x7f b\r\n\r\n'], 'upstream'),
    'a place with backslashes': ([REDIRECT + b'http:\\\\evil.invalid\\x\r\n\r\n'], 'upstream'),
    'another host without a scheme': ([REDIRECT + b'//evil.invalid/x\r\n\r\n'], 'upstream'),
    'a host that is a user': ([REDIRECT + b'http://127.0.0.1:80@evil.invalid/\r\n\r\n'], 'upstream'),
}
TEXTS = {
    '100, 103 and then the answer': ([b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n'
                                      b'Link: x\r\n\r\n', sse_head(), ANSWER], 'An int.'),
    'a delta of 2 MB': ([sse_head(), delta('y' * (2 << 20)), ANSWER], 'yyAn int.'),
    'NUL bytes': ([sse_head(), event('{"choices":[{"delta":{"content":"a\\u0000b "}}]}'),
                   b'\0\0\n\n', ANSWER], 'a\ufffdb An int.'),
    'bytes that are no UTF-8': ([sse_head(), b'data: {"choices":[{"delta":{"content":"a\xff\xfeb "'
                                             b'}}]}\n\n', ANSWER], 'a\ufffd\ufffdb An int.'),
    'brackets within brackets': ([sse_head(), event(DEEP), ANSWER], 'An int.'),
    'choices without an end': ([sse_head(), event(WIDE), ANSWER], 'An int.'),
    'two kinds of length': ([HEAD + b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
                             chunked(*ANSWER)], 'An int.'),
    'fields at the end': ([CHUNKED, chunked(*ANSWER)[:-1], b'0\r\nX: y\r\n\r\n'], 'An int.'),
    'fields without an end at the end': ([CHUNKED, chunked(delta('An int.'), finish())[:-1],
                                          b'0\r\n', [b'X: y\r\n'] * 20000], 'An int.'),
    'a reset behind the last word': ([CHUNKED, chunked(delta('An int.'), finish())[:-1], Cut()],
                                     'An int.'),
    'other ways to come back': ([HEAD + b'Alt-Svc: h2="evil.invalid:443"\r\nSet-Cookie: a=b\r\n'
                                 b'Strict-Transport-Security: max-age=1\r\n\r\n', ANSWER], 'An int.'),
    'a redirect that stalls': ([b'HTTP/1.1 307 T\r\nLocation: /x\r\nContent-Length: 99\r\n\r\nabc',
                                Stall()], 'behind the redirect'),
    'a redirect without an end': ([b'HTTP/1.1 307 T\r\nLocation: /x\r\n\r\n', [b'z' * 65536] * 500],
                                  'behind the redirect'),
    'a line break in a place': ([REDIRECT + b'/a%0d%0aX:%20y\r\n\r\n'], 'behind the redirect'),
}


class HostileTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream()
        self.addCleanup(self.upstream.close)
        self.client = Client([gridls()], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key-of-the-test'),
            self.scratch.work)
        self.addCleanup(self.client.kill)
        self.client.initialize('file://' + self.scratch.work, initializationOptions={
            'network': {'retries': 0, 'idle_timeout_ms': 400}, 'explain': {'tools': False}})
        self.client.open(URI, 'int x;\n')
        self.last_id = 0

    def explain(self, steps):
        """What comes of it, and of an ordinary request behind it."""
        self.upstream.forget_rules()
        self.upstream.answer([steps, Close()])
        # A kept connection on which nothing comes is tried again once.
        self.upstream.answer(steps if isinstance(steps[0], Cut) else stream('behind the redirect'))
        first = self.ask()
        self.upstream.forget_rules()
        self.upstream.answer(stream('All is well.'))
        self.assertEqual(self.ask()['result']['text'], 'All is well.')
        return first

    def ask(self):
        self.last_id += 1
        number = self.last_id
        self.client.request(number, 'gridls/explain', {'textDocument': {'uri': URI}, 'range': WHOLE})
        return self.client.find(lambda message: message.get('id') == number, f'answer {number}')

    def end(self):
        self.assertEqual(self.client.shutdown(), 0)
        self.client.check_end()
        self.assertNotIn('evil', json.dumps([request.path for request in self.upstream.requests]))

    def test_failures_of_the_right_kind(self):
        for name, (steps, kind) in KINDS.items():
            with self.subTest(name):
                error = self.explain(steps)['error']
                self.assertEqual(error['data']['kind'], kind, error)
                self.assertLess(len(error['message']), 800)
        self.end()

    def test_answers_in_spite_of_it(self):
        for name, (steps, text) in TEXTS.items():
            with self.subTest(name):
                message = self.explain(steps)
                self.assertIn('result', message, message)
                self.assertTrue(message['result']['text'].endswith(text), message['result']['text'][-99:])
        self.end()


if __name__ == '__main__':
    unittest.main()
