"""The daemon as a child, and the editor's side of its pipes.

Everything that the daemon writes goes through lsp_check.Checker on its way; the first thing wrong is
raised from whichever method comes to it. Waits have a deadline and end in an AssertionError.
"""

import json
import os
import signal
import subprocess
import threading
import time

from tests.support.lsp_check import Checker, Fault

DEADLINE = 10.0
PROGRESS_CREATE = 'window/workDoneProgress/create'
# What may come at any time and need not be looked at.
QUIET = ('$/progress', 'gridls/status', 'window/logMessage', PROGRESS_CREATE)


class Timeout(AssertionError):
    """What was waited for has not come."""


class Closed(AssertionError):
    """What was waited for will not come: the daemon has closed its output."""


def frame(body):
    return b'Content-Length: %d\r\n\r\n%s' % (len(body), body)


class Client:
    def __init__(self, argv, env, cwd, deadline=DEADLINE, stdin=subprocess.PIPE):
        self.deadline = deadline
        self.checker = Checker()
        self.grant_progress = True  # says yes to each token that the daemon wants to use
        self.may_read = threading.Event()  # an editor that is busy does not read
        self.may_read.set()
        self.log = []             # ('>' or '<', message) in order
        self.taken = []           # what came and has been looked at
        self._messages = []       # what came and has not
        self._passed = []         # what was passed over, in pass_over()
        self._fault = None
        self._stderr = b''
        self._stdout_over = False
        self._changed = threading.Condition()
        self._lock = threading.Lock()
        # A session of its own, so that children that are left behind can be told.
        self.process = subprocess.Popen(argv, env=env, cwd=cwd, stdin=stdin,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        self._threads = [threading.Thread(target=run, daemon=True)
                         for run in (self._read_messages, self._read_stderr)]
        for thread in self._threads:
            thread.start()

    # -- from the daemon

    def _read_messages(self):
        stream = self.process.stdout
        try:
            while True:
                self.may_read.wait()
                header = stream.readline()
                if not header:
                    break
                name, _, length = header.partition(b': ')
                if (name != b'Content-Length' or not length.strip().isdigit()
                        or length != b'%d\r\n' % int(length) or stream.readline() != b'\r\n'):
                    raise Fault(f'not the header that strict clients read: {header!r}')
                body = stream.read(int(length))
                if len(body) != int(length):
                    raise Fault('a message is cut')
                message = self._take(body)
                if self.grant_progress and message.get('method') == PROGRESS_CREATE:
                    self._grant(message['id'])
        except Fault as fault:
            with self._changed:
                self._fault = fault
        finally:
            with self._changed:
                self._stdout_over = True
                self._changed.notify_all()
            while stream.read(65536):
                pass  # A daemon that still writes must not be held up by what was found.

    def _grant(self, request_id):
        try:
            self.respond(request_id, None)
        except (BrokenPipeError, ValueError):
            pass  # the daemon is gone, or the test has closed its input

    def _take(self, body):
        with self._changed:
            try:
                message = self.checker.received(body)
            except Fault as fault:
                raise Fault(f'{fault}\n{body.decode("utf-8", "backslashreplace")}') from None
            self.log.append(('<', message))
            self._messages.append(message)
            self._changed.notify_all()
            return message

    def _read_stderr(self):
        while data := os.read(self.process.stderr.fileno(), 65536):
            with self._changed:
                self._stderr += data
                self._changed.notify_all()

    @property
    def stderr(self):
        with self._changed:
            return self._stderr.decode('utf-8', 'replace')

    def wait_for(self, ready, what, timeout=None):
        """Until ready() is true, which is asked under the lock whenever something has come."""
        end = time.monotonic() + (timeout or self.deadline)
        with self._changed:
            while True:
                if self._fault:
                    raise AssertionError(f'the daemon wrote: {self._fault}')
                value = ready()
                if value:
                    return value
                left = end - time.monotonic()
                if left <= 0:
                    raise Timeout(f'{what}: nothing in {timeout or self.deadline} s')
                self._changed.wait(left)

    def next(self, what='a message'):
        """The next message, whatever it is."""
        def ready():
            if self._messages:
                return [self._messages.pop(0)]
            if self._stdout_over:
                raise Closed(f'{what}: the daemon has closed its output')
            return None

        message = self.wait_for(ready, what)[0]
        self.taken.append(message)
        return message

    def pass_over(self, message):
        """A message of next() that was not wanted then; find() may want it."""
        with self._changed:
            self._passed.append(message)

    def find(self, fits, what='a message', timeout=None):
        """The first message that fits of those that were passed over or not looked at; others stay."""
        def ready():
            for messages in (self._passed, self._messages):
                for position, message in enumerate(messages):
                    if fits(message):
                        return [messages.pop(position)]
            if self._stdout_over:
                raise Closed(f'{what}: the daemon has closed its output')
            return None

        message = self.wait_for(ready, what, timeout)[0]
        self.taken.append(message)
        return message

    def pending(self):
        with self._changed:
            return list(self._messages)

    # -- to the daemon

    def send_raw(self, data):
        with self._lock:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def send_text(self, text):
        """One body as it is written, which need not be JSON."""
        body = text.encode('utf-8', 'surrogatepass')
        try:
            self.note_sent(json.loads(text))
        except ValueError:
            pass
        self.send_raw(frame(body))

    def send(self, message):
        message = {'jsonrpc': '2.0', **message}
        self.note_sent(message)
        self.send_raw(frame(json.dumps(message, ensure_ascii=False).encode()))

    def note_sent(self, message):
        with self._changed:
            self.checker.sent(message)
            self.log.append(('>', message))

    def request(self, request_id, method, params=None):
        message = {'id': request_id, 'method': method}
        if params is not None:
            message['params'] = params
        self.send(message)

    def notify(self, method, params=None):
        self.send({'method': method, **({} if params is None else {'params': params})})

    def respond(self, request_id, result):
        self.send({'id': request_id, 'result': result})

    def answer(self, request_id):
        """The response to a request, looking past all else. Its result; an error is raised."""
        message = self.find(lambda message: 'method' not in message
                            and message.get('id') == request_id, f'the answer to {request_id!r}')
        if 'error' in message:
            raise AssertionError(f'the answer to {request_id!r} is {message["error"]}')
        return message['result']

    def call(self, request_id, method, params=None):
        self.request(request_id, method, params)
        return self.answer(request_id)

    def initialize(self, root, **params):
        """initialize and initialized, as a client of few capabilities; the result."""
        result = self.call(0, 'initialize', {
            'processId': None, 'rootUri': root, 'capabilities': {},
            'workspaceFolders': None if root is None else [{'uri': root, 'name': 'w'}], **params})
        self.notify('initialized', {})
        return result

    def open(self, uri, text, version=1, language='c'):
        self.notify('textDocument/didOpen', {'textDocument': {
            'uri': uri, 'languageId': language, 'version': version, 'text': text}})

    # -- the end

    def close_input(self):
        with self._lock:
            try:
                self.process.stdin.close()
            except OSError:
                pass

    def wait_exit(self, what='the end of the daemon'):
        try:
            code = self.process.wait(self.deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'{what}: it still runs after {self.deadline} s') from None
        for thread in self._threads:
            thread.join(self.deadline)
        return code

    def check_end(self):
        """After the exit: no fault was left unseen, all was answered, no child is left."""
        if self._fault:
            raise AssertionError(f'the daemon wrote: {self._fault}')
        try:
            self.checker.finish()
        except Fault as fault:
            raise AssertionError(str(fault)) from None
        if 'Sanitizer' in self.stderr or 'runtime error:' in self.stderr:
            raise AssertionError('a sanitizer has spoken')
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return
        raise AssertionError('a child of the daemon is left')

    def shutdown(self):
        """shutdown, exit, and the exit code."""
        self.call('shutdown', 'shutdown')
        self.notify('exit')
        self.close_input()
        return self.wait_exit()

    def kill(self):
        """Takes all that is left; for the end of a test that has failed."""
        self.may_read.set()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for thread in self._threads:
            thread.join(self.deadline)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                if stream:
                    stream.close()
            except OSError:
                pass
