"""The daemon's two pipes: how they end, how they are cut, and an editor that does not read."""

import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from tests.support.fake_upstream import FakeUpstream, Stall, delta, response, sse_head, stream
from tests.support.lsp_client import Client, frame
from tests.support.scratch import Scratch, gridls

DEADLINE = 20
WHOLE = {'start': {'line': 0, 'character': 0}, 'end': {'line': 1, 'character': 0}}


def body(message):
    return json.dumps({'jsonrpc': '2.0', **message}).encode()


def initialize_and_status():
    """The bytes of a short session that ends in an orderly way."""
    messages = [{'id': 1, 'method': 'initialize', 'params': {
                    'processId': None, 'rootUri': None, 'capabilities': {}}},
                {'method': 'initialized', 'params': {}},
                {'id': 2, 'method': 'gridls/status'},
                {'id': 3, 'method': 'shutdown'},
                {'method': 'exit'}]
    return b''.join(frame(body(message)) for message in messages)


def read_answers(output):
    """The answers in a whole output, by id."""
    answers = {}
    while output:
        head, _, output = output.partition(b'\r\n\r\n')
        length = int(head.split(b': ')[1])
        message = json.loads(output[:length])
        output = output[length:]
        if 'method' not in message:
            answers[message['id']] = message
    return answers


class StdioTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')

    def env(self):
        return self.scratch.env(THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key')

    def client(self):
        client = Client([gridls(), '--stdio'], self.env(), self.scratch.work, deadline=DEADLINE)
        self.addCleanup(client.kill)
        return client

    def popen(self, **streams):
        process = subprocess.Popen([gridls()], env=self.env(), cwd=self.scratch.work,
                                   stderr=subprocess.PIPE, **streams)
        # A deadlock shows as a write or read that never ends; this ends it.
        watchdog = threading.Timer(3 * DEADLINE, process.kill)
        watchdog.start()
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(watchdog.cancel)
        return process

    def assert_short_session(self, output):
        answers = read_answers(output)
        self.assertEqual(sorted(answers), [1, 2, 3])
        self.assertIn('capabilities', answers[1]['result'])
        self.assertEqual(answers[2]['result']['state'], 'ready')
        self.assertIsNone(answers[3]['result'])

    # -- how the input comes

    def test_input_from_a_file(self):
        path = self.scratch.write('session', initialize_and_status())
        with open(path, 'rb') as file:
            process = self.popen(stdin=file, stdout=subprocess.PIPE)
            output = process.communicate(timeout=DEADLINE)[0]
        self.assertEqual(process.returncode, 0)
        self.assert_short_session(output)

    def test_input_that_cannot_be_read(self):
        folder = os.open(self.scratch.work, os.O_RDONLY)
        self.addCleanup(os.close, folder)
        process = self.popen(stdin=folder, stdout=subprocess.PIPE)
        _, error = process.communicate(timeout=DEADLINE)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b'the session ends: the input cannot be read', error)

    def test_output_to_a_file(self):
        path = self.scratch.path('answers')
        with open(path, 'wb') as file:
            process = self.popen(stdin=subprocess.PIPE, stdout=file)
            process.communicate(initialize_and_status(), timeout=DEADLINE)
        self.assertEqual(process.returncode, 0)
        with open(path, 'rb') as file:
            self.assert_short_session(file.read())

    def test_one_socket_for_both_ways(self):
        ours, theirs = socket.socketpair()
        with ours:
            process = self.popen(stdin=theirs, stdout=theirs)
            theirs.close()
            ours.settimeout(DEADLINE)
            ours.sendall(initialize_and_status())
            output = b''
            while data := ours.recv(65536):
                output += data
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assert_short_session(output)

    def test_byte_by_byte(self):
        process = self.popen(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            for byte in initialize_and_status():
                os.write(process.stdin.fileno(), bytes([byte]))
            output = process.stdout.read()
        finally:
            process.stdin.close()
        self.assertEqual(process.wait(DEADLINE), 0)
        process.stdout.close()
        self.assert_short_session(output)

    def test_all_messages_in_one_write(self):
        process = self.popen(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        output = process.communicate(initialize_and_status(), timeout=DEADLINE)[0]
        self.assertEqual(process.returncode, 0)
        self.assert_short_session(output)

    def test_five_megabytes_in_one_document(self):
        client = self.client()
        client.initialize(None)
        line = 'int value_of_something = 1; /* é 😀 */\n'
        text = line * (5_000_000 // len(line.encode()))
        client.open('file:///big.c', text)
        self.upstream.answer(stream('It is large.'))
        client.request(1, 'gridls/explain', {'textDocument': {'uri': 'file:///big.c'},
                                             'range': WHOLE})
        self.assertEqual(client.answer(1)['text'], 'It is large.')
        self.assertEqual(client.shutdown(), 0)
        client.check_end()

    # -- how it ends

    def test_end_of_input_without_exit(self):
        client = self.client()
        client.initialize(None)
        client.close_input()
        self.assertEqual(client.wait_exit(), 1)
        client.check_end()

    def test_end_of_input_after_shutdown(self):
        client = self.client()
        client.initialize(None)
        client.call(1, 'shutdown')
        client.close_input()
        self.assertEqual(client.wait_exit(), 0)
        client.check_end()

    def test_end_of_input_before_anything(self):
        client = self.client()
        client.close_input()
        self.assertEqual(client.wait_exit(), 1)
        client.check_end()

    def test_end_of_input_within_a_message(self):
        client = self.client()
        client.initialize(None)
        client.send_raw(b'Content-Length: 100\r\n\r\n{"jsonrpc"')
        client.close_input()
        self.assertEqual(client.wait_exit(), 1)
        client.check_end()

    def test_end_of_input_ends_the_transfer(self):
        client = self.client()
        request = self.start_endless_explanation(client)
        client.close_input()
        request.wait_gone()
        self.assertEqual(client.wait_exit(), 1)

    def test_end_of_input_drops_the_progress(self):
        client = self.client()
        client.initialize(None)
        client.open('file:///a.c', 'int x;\n')
        self.upstream.answer([sse_head(), delta('It'), Stall()])
        client.request(1, 'gridls/explain', {'textDocument': {'uri': 'file:///a.c'},
                                             'workDoneToken': 'w', 'partialResultToken': 'p'})
        request = self.upstream.expect(method='POST')
        client.close_input()
        request.wait_gone()
        self.assertEqual(client.wait_exit(), 1)
        self.assertNotIn('Sanitizer', client.stderr)

    def test_sigterm(self):
        client = self.client()
        request = self.start_endless_explanation(client)
        client.process.send_signal(signal.SIGTERM)
        request.wait_gone()
        code = client.wait_exit()
        self.assertIn(code, (0, 1, -signal.SIGTERM, 128 + signal.SIGTERM))
        self.assertNotIn('Sanitizer', client.stderr)

    def test_output_closed_by_the_editor(self):
        reading, writing = os.pipe()
        process = self.popen(stdin=subprocess.PIPE, stdout=writing)
        os.close(writing)
        os.close(reading)
        try:
            process.stdin.write(frame(body({'id': 1, 'method': 'gridls/status'})))
            process.stdin.flush()
            code = process.wait(DEADLINE)
        finally:
            process.stdin.close()
        self.assertEqual(code, 1)

    def test_output_closed_while_an_answer_streams(self):
        reading, writing = os.pipe()
        process = self.popen(stdin=subprocess.PIPE, stdout=writing)
        os.close(writing)
        self.upstream.answer(stream(*['word '] * 1000, *['w' * 1000] * 1000))
        self.send_explanation(process)
        self.upstream.expect(method='POST')
        os.close(reading)
        self.assertEqual(process.wait(DEADLINE), 1)
        process.stdin.close()

    def test_stderr_closed(self):
        reading, writing = os.pipe()
        process = subprocess.Popen([gridls(), '--log-level', 'trace'], env=self.env(),
                                   cwd=self.scratch.work, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=writing)
        os.close(writing)
        os.close(reading)
        output = process.communicate(initialize_and_status(), timeout=DEADLINE)[0]
        self.assertEqual(process.returncode, 0)
        self.assert_short_session(output)

    # -- how the output goes

    def test_each_message_is_written_in_one_piece(self):
        """Vim drops what is stalled for a moment. A pipe of packets keeps pieces apart."""
        reading, writing = os.pipe2(os.O_DIRECT)
        self.addCleanup(os.close, reading)
        process = self.popen(stdin=subprocess.PIPE, stdout=writing)
        os.close(writing)
        process.communicate(initialize_and_status(), timeout=DEADLINE)
        packets = []
        while packet := os.read(reading, 65536):
            packets.append(packet)
        for packet in packets:
            head, _, rest = packet.partition(b'\r\n\r\n')
            self.assertEqual(head, b'Content-Length: %d' % len(rest))
        self.assert_short_session(b''.join(packets))

    # -- an editor that does not read

    def test_an_editor_that_does_not_read_loses_nothing(self):
        """It sends and sends while an answer of several megabytes comes, and only then reads."""
        process = self.popen(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pieces = [f'{number:07} ' + 'x' * 1000 + '\n' for number in range(4000)]
        self.upstream.answer(stream(*pieces))
        self.send_explanation(process)
        request = self.upstream.expect(method='POST')
        line = 'y' * 1000 + '\n'
        for version in range(2, 600):
            self.send(process, {'method': 'textDocument/didChange', 'params': {
                'textDocument': {'uri': 'file:///b.c', 'version': version},
                'contentChanges': [{'text': line * 4}]}})
        self.send(process, {'id': 7, 'method': 'gridls/status'})
        text, answers = self.read_until(process, 1, 7)
        self.assertEqual(text, ''.join(pieces).rstrip('\n'))
        self.assertEqual(answers[1]['result']['finishReason'], 'stop')
        self.assertIn('state', answers[7]['result'])
        request.wait_ended()
        process.stdin.close()
        self.assertEqual(process.wait(DEADLINE), 1)
        process.stdout.close()

    def test_an_editor_that_reads_byte_by_byte(self):
        process = self.popen(stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        pieces = [f'{number:07} ' + 'é' * 60 + '\n' for number in range(1500)]
        self.upstream.answer(stream(*pieces))
        self.send_explanation(process)
        text, message = '', {}
        while 'result' not in message or message['id'] != 1:
            message = self.read_slowly(process.stdout)
            if message.get('method') == '$/progress':
                text += message['params']['value']['text']
        self.assertEqual(text, ''.join(pieces).rstrip('\n'))
        process.stdin.close()
        self.assertEqual(process.wait(DEADLINE), 1)
        process.stdout.close()

    def test_a_cancel_reaches_a_daemon_whose_output_is_full(self):
        process = self.popen(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.upstream.answer(stream(*['x' * 1000] * 20000))
        self.send_explanation(process)
        request = self.upstream.expect(method='POST')
        self.send(process, {'method': '$/cancelRequest', 'params': {'id': 1}})
        request.wait_ended()
        answers = self.read_until(process, 1)[1]
        self.assertEqual(answers[1]['error']['code'], -32800)
        process.stdin.close()
        self.assertEqual(process.wait(DEADLINE), 1)
        process.stdout.close()

    # -- helpers

    @staticmethod
    def read_slowly(pipe):
        head, body = b'', b''
        while not head.endswith(b'\r\n\r\n'):
            head += os.read(pipe.fileno(), 1)
        for _ in range(int(head.split(b': ')[1])):
            body += os.read(pipe.fileno(), 1)
        return json.loads(body)

    def start_endless_explanation(self, client):
        client.initialize(None)
        client.open('file:///a.c', 'int x;\n')
        self.upstream.answer([sse_head(), delta('It'), Stall()])
        client.request(1, 'gridls/explain', {'textDocument': {'uri': 'file:///a.c'}, 'range': WHOLE})
        return self.upstream.expect(method='POST')

    def send(self, process, message):
        process.stdin.write(frame(body(message)))
        process.stdin.flush()

    def send_explanation(self, process):
        """A session up to a request with id 1 that streams under the token "p"."""
        self.send(process, {'id': 0, 'method': 'initialize', 'params': {
            'processId': None, 'rootUri': None, 'capabilities': {}}})
        self.send(process, {'method': 'initialized', 'params': {}})
        self.send(process, {'method': 'textDocument/didOpen', 'params': {'textDocument': {
            'uri': 'file:///a.c', 'languageId': 'c', 'version': 1, 'text': 'int x;\n'}}})
        self.send(process, {'method': 'textDocument/didOpen', 'params': {'textDocument': {
            'uri': 'file:///b.c', 'languageId': 'c', 'version': 1, 'text': ''}}})
        self.send(process, {'id': 1, 'method': 'gridls/explain', 'params': {
            'textDocument': {'uri': 'file:///a.c'}, 'range': WHOLE, 'partialResultToken': 'p'}})

    def read_until(self, process, *ids):
        """Reads until all these are answered: the partial text, and the answers."""
        text, answers = [], {}
        while not set(ids) <= set(answers):
            header = process.stdout.readline()
            self.assertTrue(header, 'the daemon has closed its output')
            process.stdout.readline()
            message = json.loads(process.stdout.read(int(header.split(b': ')[1])))
            if 'method' not in message:
                answers[message['id']] = message
            elif message['method'] == '$/progress':
                text.append(message['params']['value']['text'])
        return ''.join(text), answers


if __name__ == '__main__':
    unittest.main()
