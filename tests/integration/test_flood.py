"""More than the other side takes: an editor that does not read, or writes without end, or both."""

import array
import fcntl
import json
import os
import signal
import termios
import threading
import unittest

from tests.support.fake_upstream import (
    DONE, FakeUpstream, chunked, delta, finish, response, sse_head, stream)
from tests.support.lsp_client import Client, frame
from tests.support.scratch import Scratch, gridls
from tests.support.terminal import wait_until

DEADLINE = 60
MEBIBYTE = 1 << 20
PIECE = ('0123456789abcde ' * 256)[:-1] + '\n'  # 4 KiB
URI = 'file:///flood/a.c'


def body(message):
    return json.dumps({'jsonrpc': '2.0', **message}).encode()


def waiting_in(pipe):
    """Bytes that nobody has read yet."""
    count = array.array('i', [0])
    fcntl.ioctl(pipe, termios.FIONREAD, count)
    return count[0]


class FloodTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        # What the sanitizer keeps of freed memory is none of the daemon's.
        options = os.environ.get('ASAN_OPTIONS', '') + ':quarantine_size_mb=8'
        self.client = Client([gridls()], self.scratch.env(
            THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key', ASAN_OPTIONS=options),
            self.scratch.work, deadline=DEADLINE)
        self.addCleanup(self.client.kill)
        self.client.initialize(None)
        self.client.open(URI, 'int x;\n')

    def resident(self):
        with open(f'/proc/{self.client.process.pid}/status', encoding='ascii') as file:
            line = next(line for line in file if line.startswith('VmRSS:'))
        return int(line.split()[1]) * 1024

    def explain(self, request_id):
        self.client.request(request_id, 'gridls/explain', {
            'textDocument': {'uri': URI}, 'partialResultToken': f'p{request_id}'})
        return self.upstream.expect(method='POST')

    def text_of(self, token):
        """What has come under a token so far, in one."""
        return ''.join(message['params']['value']['text'] for kind, message in self.client.log
                       if kind == '<' and message.get('method') == '$/progress'
                       and message['params']['token'] == token
                       and message['params']['value']['kind'] == 'partial')

    def end(self):
        self.assertEqual(self.client.shutdown(), 0)
        self.client.check_end()
        self.assertEqual(self.upstream.faults, [])

    def test_an_editor_that_stops_reading_holds_the_upstream_back(self):
        """Nothing is lost, and what is held is far less than what comes."""
        count = 14 * MEBIBYTE // len(PIECE)
        all_sent = threading.Event()

        def note(_):
            all_sent.set()
            return []

        # Only sending tells how much was taken: the pieces go out one by one.
        self.upstream.answer([sse_head('close'), [delta(PIECE)] * count, note, finish(), DONE])
        before = self.resident()
        self.client.may_read.clear()
        request = self.explain(1)
        self.assertFalse(all_sent.wait(2), 'the upstream could send all to an editor that reads none')
        self.assertLess(self.resident() - before, 24 * MEBIBYTE)
        self.client.may_read.set()
        self.assertEqual(self.client.answer(1)['finishReason'], 'stop')
        request.wait_ended()
        self.assertEqual(self.text_of('p1'), (PIECE * count).rstrip('\n'))
        self.end()

    def test_an_editor_writes_a_hundred_megabytes_and_does_not_read(self):
        """All the while an answer streams that it does not read either."""
        self.upstream.answer(stream(*[PIECE] * 512), times=None)
        before = self.resident()
        self.client.may_read.clear()
        self.explain(1)
        text = ('y' * 1023 + '\n') * 1024
        for version in range(2, 102):
            self.client.send_raw(frame(body({'method': 'textDocument/didChange', 'params': {
                'textDocument': {'uri': URI, 'version': version},
                'contentChanges': [{'text': f'/* {version} */\n{text}'}]}})))
            self.client.request(version, 'gridls/status')
        self.assertLess(self.resident() - before, 48 * MEBIBYTE)
        self.client.may_read.set()
        self.assertEqual(self.client.answer(1)['finishReason'], 'stop')
        for version in range(2, 102):
            self.assertIn('state', self.client.answer(version))
        self.assertEqual(self.text_of('p1'), (PIECE * 512).rstrip('\n'))
        self.client.request(200, 'gridls/refactor', {
            'textDocument': {'uri': URI, 'version': 101}, 'instruction': 'shorter',
            'range': {'start': {'line': 0, 'character': 0}, 'end': {'line': 0, 'character': 99}}})
        self.assertIn('/* 101 */', self.upstream.expect(method='POST').prompt)
        self.client.answer(200)
        self.end()

    def test_many_small_answers_wait_for_an_editor(self):
        self.client.may_read.clear()
        for request_id in range(1, 5001):
            self.client.request(request_id, 'gridls/status')
        self.client.may_read.set()
        self.client.wait_for(lambda: not self.client.checker.open, 'all answers')
        self.end()

    def test_cancels_reach_a_daemon_that_cannot_write(self):
        self.upstream.answer(stream(*[PIECE] * 3000), times=None)
        self.client.may_read.clear()
        requests = [self.explain(number) for number in range(1, 4)]
        for number in range(1, 4):
            self.client.notify('$/cancelRequest', {'id': number})
        for request in requests:
            request.wait_gone()
        self.client.may_read.set()
        self.client.wait_for(lambda: not self.client.checker.open, 'all answers')
        self.end()

    def test_both_directions_are_full_at_once(self):
        """The daemon finds a full pipe when it wakes, and answers into one that nobody reads."""
        self.client.may_read.clear()
        self.client.process.send_signal(signal.SIGSTOP)
        count = 20000
        writer = threading.Thread(target=lambda: [
            self.client.request(number, 'gridls/status') for number in range(1, count + 1)])
        writer.start()
        descriptor = self.client.process.stdin.fileno()
        size = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
        wait_until(lambda: waiting_in(descriptor) > size - 4096, 'the pipe is full', DEADLINE)
        self.client.process.send_signal(signal.SIGCONT)
        writer.join(DEADLINE)
        self.assertFalse(writer.is_alive(), 'the daemon has stopped reading')
        self.client.may_read.set()
        self.client.wait_for(lambda: not self.client.checker.open, 'all answers')
        self.end()

    def test_an_editor_that_never_reads_ends_the_session(self):
        """Not before there is as much as EDITOR_QUEUE_CAP for it, and not much later."""
        before = self.resident()
        self.client.may_read.clear()
        most = 0
        with self.assertRaises(BrokenPipeError):
            for number in range(1000):
                most = max(most, self.resident() - before)
                self.client.send_raw(frame(body({'id': f'{number} ' + 'i' * MEBIBYTE,
                                                 'method': 'gridls/status'})))
        self.assertGreater(most, 128 * MEBIBYTE)
        self.assertLess(most, 512 * MEBIBYTE)
        self.client.may_read.set()
        self.assertEqual(self.client.wait_exit(), 1)


if __name__ == '__main__':
    unittest.main()
