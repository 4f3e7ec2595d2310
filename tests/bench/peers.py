#!/usr/bin/env python3
"""What gridls costs beside language servers of the same kind, on the same work, in one run.

    tests/bench/peers.py GRIDLS FLOOR

The peers are what tests/bench/peers/package.json pins. Nothing is asserted: machines differ. All of it
runs without a network (a namespace of its own, with a loopback): no peer can call home, and each is
measured as it stands by itself. A cell is `-` where a program cannot do that, and says so where it
took too long.
"""

import ctypes
import fcntl
import http.server
import json
import os
import queue
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(HERE, 'peers', 'node_modules')
GIVE_UP_S = 600        # for all of it
ANSWER_S = 120         # for one answer
CLOSE_S = 3            # for the end of a cancelled transfer
EDITS = 5000
URI = 'file:///nonexistent/bench.c'
LINE = '    total = combine(total, {});\n'
TEXT = ''.join(LINE.format(number) for number in range((1 << 20) // 36))
SMALL = 'int add(int a, int b)\n{\n    return\n}\n'


class TookTooLong(Exception):
    pass


# ---- a network without a way out -----------------------------------------------------------------

def raise_loopback():
    """A new namespace has one, which is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack('16sh14x', b'lo', 0x1)  # IFF_UP
        fcntl.ioctl(sock, 0x8914, request)            # SIOCSIFFLAGS


class Upstream:
    """Takes a request for an answer and gives none; knows when it was left. It is Chat Completions to
    gridls, and Tabby's server to tabby-agent."""

    HEALTH = {'model': 'bench', 'device': 'cpu', 'arch': '', 'cpu_info': '', 'cpu_count': 1,
              'cuda_devices': [], 'version': {'build_date': '', 'build_timestamp': '', 'git_sha': '',
                                              'git_describe': 'v0.9.0'}, 'data': []}

    def __init__(self):
        self.asked = queue.Queue()
        self.left = queue.Queue()
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                self.rfile.read(int(self.headers.get('content-length', 0)))
                if 'completions' in self.path:
                    upstream.asked.put(time.monotonic())
                    try:
                        self.connection.recv(1)
                    except OSError:
                        pass
                    upstream.left.put(time.monotonic())
                    self.close_connection = True
                    return
                body = json.dumps(Upstream.HEALTH).encode()
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # Peers are killed in the middle of a transfer.
        self.url = f'http://127.0.0.1:{self.server.server_port}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


# ---- a program that is measured ------------------------------------------------------------------

class Subject:
    """A language server with all that it starts, in a session of its own."""

    def __init__(self, argv, home, upstream):
        environment = {'HOME': home, 'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8',
                       'THEGRID_BASE_URL': upstream.url + '/v1', 'THEGRID_API_KEY': 'made-up',
                       'GRIDLS_LOG': 'error'}
        self.began = time.monotonic()
        self.process = subprocess.Popen(argv, env=environment, cwd=home, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        self.answers = queue.Queue()
        self.next_id = -1
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        stream = self.process.stdout
        while True:
            length = None
            while (line := stream.readline()).strip():
                if line.lower().startswith(b'content-length:'):
                    length = int(line.split(b':')[1])
            if length is None:
                self.answers.put({})
                return
            message = json.loads(stream.read(length))
            if 'method' not in message:
                self.answers.put(message)
            elif 'id' in message:  # none of them gets what it asks for, and all get an answer
                self.send({'id': message['id'], 'result': None})

    @staticmethod
    def frame(message):
        body = json.dumps({'jsonrpc': '2.0', **message}).encode()
        return b'Content-Length: %d\r\n\r\n%s' % (len(body), body)

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        self.write(self.frame(message))

    def request(self, method, params=None):
        self.next_id += 1
        self.send({'id': self.next_id, 'method': method, **({'params': params} if params else {})})
        return self.next_id

    def answer(self, number):
        end = time.monotonic() + ANSWER_S
        while True:
            try:
                message = self.answers.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise TookTooLong from None
            if message.get('id') == number:
                return message
            if not message:
                raise TookTooLong  # it has ended

    def call(self, method, params=None):
        return self.answer(self.request(method, params))

    def initialize(self):
        self.call('initialize', {'processId': None, 'rootUri': None, 'capabilities': {},
                                 'initializationOptions': {'completion': {'debounce_ms': 0}}})
        took = time.monotonic() - self.began
        self.send({'method': 'initialized', 'params': {}})
        return took * 1e3

    def open(self, text):
        self.send({'method': 'textDocument/didOpen', 'params': {'textDocument': {
            'uri': URI, 'languageId': 'c', 'version': 1, 'text': text}}})

    def _processes(self):
        for name in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{name}/stat', encoding='utf-8') as file:
                    fields = file.read().rpartition(')')[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid:  # its session
                yield int(name)

    def resident_mib(self):
        total = 0
        for pid in self._processes():
            with open(f'/proc/{pid}/statm', encoding='utf-8') as file:
                total += int(file.read().split()[1])
        return total * os.sysconf('SC_PAGESIZE') / (1 << 20)

    def cpu_ms(self):
        total = 0
        for pid in self._processes():
            for task in os.listdir(f'/proc/{pid}/task'):
                with open(f'/proc/{pid}/task/{task}/schedstat', encoding='utf-8') as file:
                    total += int(file.read().split()[0])
        return total / 1e6

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def cell(value):
    return f'{value:.{0 if value >= 100 else 1}f}'


# ---- the work ------------------------------------------------------------------------------------

def time_starts(start, count):
    times, sizes = [], []
    for _ in range(count):
        subject = start()
        times.append(subject.initialize())
        sizes.append(subject.resident_mib())
        subject.stop()
    return statistics.median(times), statistics.median(sizes)


def time_edits(start):
    """CPU of the edits, time of a request behind them that nobody knows, resident afterwards."""
    subject = start()
    try:
        subject.initialize()
        subject.open(TEXT)
        subject.call('bench/nothing')
        middle = TEXT.count('\n') // 2
        frames = b''.join(subject.frame({'method': 'textDocument/didChange', 'params': {
            'textDocument': {'uri': URI, 'version': number + 2},
            'contentChanges': [{'text': 'x', 'range': {
                'start': {'line': middle, 'character': 4 + number},
                'end': {'line': middle, 'character': 4 + number}}}]}}) for number in range(EDITS))
        before = subject.cpu_ms()
        began = time.monotonic()
        subject.write(frames)
        try:
            subject.call('bench/nothing')
            more = ''
        except TookTooLong:
            more = '> '  # until now
        return (more + cell(subject.cpu_ms() - before),
                more + cell((time.monotonic() - began) * 1e3), cell(subject.resident_mib()))
    finally:
        subject.stop()


def time_cancel(start, method, upstream):
    """From the cancel to the upstream's knowledge that the request was left."""
    subject = start()
    try:
        subject.initialize()
        subject.open(SMALL)
        subject.call('bench/nothing')
        number = subject.request(method, {
            'textDocument': {'uri': URI}, 'position': {'line': 2, 'character': 10},
            'context': {'triggerKind': 1}})
        upstream.asked.get(timeout=ANSWER_S)
        began = time.monotonic()
        subject.send({'method': '$/cancelRequest', 'params': {'id': number}})
        return (upstream.left.get(timeout=CLOSE_S) - began) * 1e3
    except queue.Empty:
        raise TookTooLong from None
    finally:
        subject.stop()


def subjects(gridls, floor, folder, upstream):
    """Name, command, how often it is started, whether it does more than start, what it completes by."""
    yield 'gridls', [gridls], 15, True, 'textDocument/inlineCompletion'
    yield 'floor', [floor], 15, False, None
    tabby = os.path.join(MODULES, 'tabby-agent', 'dist', 'cli.js')
    if os.path.exists(tabby) and shutil.which('node'):
        settings = os.path.join(folder, '.tabby-client', 'agent')
        os.makedirs(settings)
        with open(os.path.join(settings, 'config.toml'), 'w', encoding='utf-8') as file:
            file.write(f'[server]\nendpoint = "{upstream.url}"\ntoken = "made-up"\n'
                       '[anonymousUsageTracking]\ndisable = true\n')
        yield 'tabby-agent', ['node', tabby, '--lsp', '--stdio'], 3, True, 'textDocument/completion'
    copilot = os.path.join(MODULES, '@github', 'copilot-language-server-linux-x64',
                           'copilot-language-server')
    if os.path.exists(copilot):
        # What it completes by wants an account.
        yield 'copilot', [copilot, '--stdio'], 3, True, None


ROWS = ('start to the answer to initialize', 'resident after it', 'CPU of 5,000 edits in 1 MiB',
        'a request behind them', 'resident after that', 'a cancel, to the upstream closed')
UNITS = ('ms', 'MiB', 'ms', 'ms', 'MiB', 'ms')


def attempt(work, count):
    """What the work gives, as cells."""
    try:
        values = work()
    except TookTooLong:
        return ['too long'] * count
    except (OSError, ValueError) as error:
        print(f'     {error}', file=sys.stderr)
        return ['failed'] * count
    return [value if isinstance(value, str) else cell(value) for value in values]


def measure(argv, starts, works, method, folder, upstream):
    def start():
        return Subject(argv, folder, upstream)

    cells = attempt(lambda: time_starts(start, starts), 2)
    cells += attempt(lambda: time_edits(start), 3) if works else ['-'] * 3
    return cells + (attempt(lambda: [time_cancel(start, method, upstream)], 1) if method else ['-'])


def main():
    if os.environ.get('GRIDLS_BENCH_OFFLINE') != '1':
        os.execvpe('unshare', ['unshare', '--map-root-user', '--net', sys.executable, *sys.argv],
                   {**os.environ, 'GRIDLS_BENCH_OFFLINE': '1'})
    raise_loopback()
    signal.alarm(GIVE_UP_S)
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: what a peer leaves is waited for
    table = {}
    with tempfile.TemporaryDirectory(prefix='gridls-') as folder:
        upstream = Upstream()
        for name, argv, starts, works, method in subjects(*sys.argv[1:], folder, upstream):
            table[name] = measure(argv, starts, works, method, folder, upstream)
    print(f'{"":36}' + ''.join(f'{name:>13}' for name in table))
    for number, (row, unit) in enumerate(zip(ROWS, UNITS)):
        print(f'{row + ", " + unit:36}' + ''.join(f'{cells[number]:>13}' for cells in table.values()))
    print(f'\nMedians of starts; all processes of a peer together; no network. An answer may take '
          f'{ANSWER_S} s,\nthe end of a transfer {CLOSE_S} s.')


if __name__ == '__main__':
    main()
