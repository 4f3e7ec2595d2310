"""A Chat Completions server that does exactly what a test tells it to, byte by byte.

    with FakeUpstream() as upstream:
        upstream.answer(stream('Hello', Wait('more'), ' world'))
        ... start what is tested with upstream.base_url ...
        request = upstream.expect(model='code-prime')
        assert request.json['stream'] is True
        ... look at what the first piece did ...
        upstream.release('more')
        request.wait_ended()

The server listens on a port of its own on 127.0.0.1 and has one thread for each connection. It reads
a whole request, looks for a rule, and runs that rule's steps. Connections are kept open between
requests, as real servers do.

Rules. `answer(steps, times=1, **match)` adds one. A request takes the oldest rule that has uses left
and whose `match` fits: `method`, `path` and `model` are compared for equality; `where` is a function
of the request. `times=None` never runs out, so give such a rule last. A request that no rule fits is
answered with a 500 and is a fault.

Steps. A list (nested lists are flattened) of:

    bytes          written as they are, in one send
    Wait(name)     goes on once the test has called release(name); each name is released for good
    Stall()        sends nothing more; ends when the client leaves or the server is closed
    Pause(seconds) a server that takes its time; a test must not count on how much it was
    Close()        closes the connection in order (FIN), the end of an answer without a length
    Cut()          resets the connection (RST), whatever is still on its way
    a function     called with the request; returns further steps, which run in its place

The helpers `response`, `sse_head`, `event`, `delta`, `finish`, `usage`, `stream`, `error`, `redirect`
and `chunked` make the bytes of usual answers; a test that wants odd bytes writes them itself.

Requests. `expect(**match)` returns the next request that has arrived, fits and was not returned
before; it waits for it. `requests` lists all that have arrived. A request has `method`, `path`,
`headers` (names in lower case; of doubled ones the last), `body` (bytes), `json` (the decoded body or
None), `connection` (1, 2, …: which connection it came on). `wait_ended()` waits until its answer is
over; `wait_gone()` until the client has left before the answer's end, which is what a cancel looks
like from here. `gone` says which of the two it was.

Deadlines. Every wait fails with AssertionError after `deadline` seconds. What goes wrong inside the
server's threads (a request that no rule fits, a Wait never released) is kept in `faults`; leaving
the `with` block raises them unless the test has failed already.
"""

import json
import select
import socket
import struct
import threading
import time

DEADLINE = 20.0
HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 16 * 1024 * 1024


# ---- steps ---------------------------------------------------------------------------------------

class Wait:
    def __init__(self, name):
        self.name = name


class Stall:
    pass


class Pause:
    def __init__(self, seconds):
        self.seconds = seconds


class Close:
    pass


class Cut:
    pass


class _ClientLeft(Exception):
    """The client closed its side before the answer was over."""


class _ConnectionOver(Exception):
    """The script, or closing the server, has ended this connection."""


# ---- bytes of usual answers ----------------------------------------------------------------------

REASONS = {200: 'OK', 307: 'Temporary Redirect', 400: 'Bad Request', 401: 'Unauthorized',
           402: 'Payment Required', 404: 'Not Found', 408: 'Request Timeout',
           422: 'Unprocessable Entity', 429: 'Too Many Requests', 500: 'Internal Server Error',
           502: 'Bad Gateway', 503: 'Service Unavailable'}


def head(status, headers):
    """A status line and headers; `headers` is a dict or a list of pairs."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines = [f'HTTP/1.1 {status} {REASONS.get(status, "Status")}']
    lines += [f'{name}: {value}' for name, value in pairs]
    return ('\r\n'.join(lines) + '\r\n\r\n').encode()


def response(status, body=b'', headers=None, content_type='application/json'):
    """A whole answer with a Content-Length; a body that is no bytes or str is sent as JSON."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    fields = {'Content-Type': content_type, 'Content-Length': str(len(body)), **(headers or {})}
    return head(status, fields) + body


def error(status, detail, headers=None):
    """An error in The Grid's own shape."""
    return response(status, {'errors': {'detail': detail}}, headers)


def redirect(location, status=307):
    """A redirect as The Grid sends it, with a small HTML page as its body."""
    return response(status, b'<html><body>You are being redirected</body></html>',
                    {'Location': location}, content_type='text/html')


def sse_head(length_by='close', headers=None):
    """The head of an event stream whose end is told by `close` or by `chunked` coding."""
    fields = {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache'}
    if length_by == 'chunked':
        fields['Transfer-Encoding'] = 'chunked'
    else:
        fields['Connection'] = 'close'
    return head(200, {**fields, **(headers or {})})


def event(value):
    """One event: a JSON value, or text such as '[DONE]' that is sent as it stands."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f'data: {text}\n\n'.encode()


def _chunk_object(choices, model, **more):
    return {'id': 'chatcmpl-fake', 'object': 'chat.completion.chunk', 'created': 1795577926,
            'model': model, 'choices': choices, **more}


def delta(text, model='fake', index=0, **fields):
    """A piece of the answer; further `fields` (reasoning_content=…) join `content` in the delta.
    `index` counts the answers where several were asked for."""
    content = {} if text is None else {'content': text}
    return event(_chunk_object(
        [{'index': index, 'delta': {**content, **fields}, 'finish_reason': None}], model))


def finish(reason='stop', model='fake'):
    return event(_chunk_object([{'index': 0, 'delta': {}, 'finish_reason': reason}], model))


def usage(prompt=7, completion=5, model='fake'):
    return event(_chunk_object([], model, usage={
        'prompt_tokens': prompt, 'completion_tokens': completion,
        'total_tokens': prompt + completion}))


DONE = event('[DONE]')


def chunked(*parts):
    """Each bytes step as one chunk of the chunked coding, then the last chunk; others as they are."""
    steps = [b'%x\r\n%s\r\n' % (len(part), part) if isinstance(part, bytes) else part
             for part in _flatten(parts)]
    return steps + [b'0\r\n\r\n']


def stream(*pieces, finish_reason='stop', tokens=(7, 5), length_by='chunked'):
    """A whole streamed answer. A str is one delta; bytes and other steps go in as they are."""
    events = [delta('', role='assistant')]
    events += [delta(piece) if isinstance(piece, str) else piece for piece in pieces]
    events += [finish(finish_reason)] + ([usage(*tokens)] if tokens else []) + [DONE]
    if length_by == 'chunked':
        return [sse_head('chunked'), chunked(*events)]
    return [sse_head('close'), *events, Close()]


def _flatten(steps):
    if not isinstance(steps, (list, tuple)):
        yield steps
        return
    for step in steps:
        yield from _flatten(step)


# ---- requests and rules --------------------------------------------------------------------------

class Request:
    def __init__(self, method, path, headers, body, connection, deadline):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.connection = connection
        self.gone = False
        self._deadline = deadline
        self._ended = threading.Event()
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    @property
    def model(self):
        return self.json.get('model') if isinstance(self.json, dict) else None

    @property
    def prompt(self):
        """The text of all messages, one after another: what has left the machine."""
        messages = self.json.get('messages', []) if isinstance(self.json, dict) else []
        return '\n'.join(str(message.get('content')) for message in messages)

    def fits(self, method=None, path=None, model=None, where=None):
        return ((method is None or method == self.method)
                and (path is None or path == self.path)
                and (model is None or model == self.model)
                and (where is None or bool(where(self))))

    @property
    def ended(self):
        return self._ended.is_set()

    def wait_ended(self, timeout=None):
        """Waits until the answer is over, whichever side ended it."""
        if not self._ended.wait(timeout or self._deadline):
            raise AssertionError(f'the answer to {self} has not ended')

    def wait_gone(self, timeout=None):
        """Waits until the client has left in the middle of the answer."""
        self.wait_ended(timeout)
        if not self.gone:
            raise AssertionError(f'the client took the whole answer to {self}')

    def end(self, gone):
        self.gone = gone
        self._ended.set()

    def __str__(self):
        return f'{self.method} {self.path} (model {self.model})'


class _Rule:
    def __init__(self, steps, times, match):
        self.steps = steps
        self.times = times
        self.match = match

    def take(self, request):
        if self.times == 0 or not request.fits(**self.match):
            return False
        if self.times is not None:
            self.times -= 1
        return True


# ---- server --------------------------------------------------------------------------------------

class FakeUpstream:
    def __init__(self, deadline=DEADLINE):
        self.deadline = deadline
        self.faults = []
        self.requests = []
        self._fetched = set()
        self._rules = []
        self._released = set()
        self._connections = []
        self._closing = False
        self._changed = threading.Condition()
        self._listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        self.origin = f'http://127.0.0.1:{self.port}'
        self.base_url = self.origin + '/v1'
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()
        if kind is None and self.faults:
            raise AssertionError('the upstream: ' + '; '.join(self.faults))

    def answer(self, steps, times=1, **match):
        with self._changed:
            self._rules.append(_Rule(steps, times, match))

    def forget_rules(self):
        """Takes all rules back; answers that have begun go on."""
        with self._changed:
            self._rules.clear()

    def release(self, name):
        with self._changed:
            self._released.add(name)
            for connection in self._connections:
                connection.wake()

    def expect(self, timeout=None, **match):
        def find():
            for request in self.requests:
                if id(request) not in self._fetched and request.fits(**match):
                    self._fetched.add(id(request))
                    return request
            return None

        end = time.monotonic() + (timeout or self.deadline)
        with self._changed:
            while True:
                request = find()
                if request:
                    return request
                left = end - time.monotonic()
                if left <= 0:
                    seen = ', '.join(str(request) for request in self.requests) or 'nothing'
                    raise AssertionError(f'no request {match} has come; seen: {seen}')
                self._changed.wait(left)

    def count(self, **match):
        """How many requests that fit have arrived so far."""
        with self._changed:
            return sum(request.fits(**match) for request in self.requests)

    def unseen(self, **match):
        """The requests that fit and that no expect() has returned."""
        with self._changed:
            return [request for request in self.requests
                    if id(request) not in self._fetched and request.fits(**match)]

    def stop_listening(self):
        """From here on connections are refused; those that are open go on."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()

    def close(self):
        with self._changed:
            self._closing = True
            for connection in self._connections:
                connection.wake()
        self.stop_listening()
        for thread in self._threads:
            thread.join(self.deadline)

    # -- used by the connections' threads

    def is_released(self, name):
        with self._changed:
            return name in self._released

    def is_closing(self):
        with self._changed:
            return self._closing

    def fault(self, text):
        with self._changed:
            self.faults.append(text)

    def arrived(self, request):
        """Records a request and returns the steps of the rule that it takes."""
        with self._changed:
            self.requests.append(request)
            rule = next((rule for rule in self._rules if rule.take(request)), None)
            self._changed.notify_all()
            if rule:
                return rule.steps
            self.faults.append(f'no rule fits {request}')
        return error(500, 'the test has no answer for this request')

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                if self._closing:
                    sock.close()
                    return
                connection = _Connection(self, sock, len(self._connections) + 1)
                self._connections.append(connection)
                thread = threading.Thread(target=connection.run, daemon=True)
                self._threads.append(thread)
            thread.start()


class _Connection:
    def __init__(self, upstream, sock, number):
        self.upstream = upstream
        self.sock = sock
        self.number = number
        self.pending = b''
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def wake(self):
        try:
            self._waker.send(b'.')
        except OSError:
            pass  # The thread is awake, or gone.

    def run(self):
        try:
            while True:
                request = self._read_request()
                steps = self.upstream.arrived(request)
                try:
                    self._run_steps(request, steps)
                except _ConnectionOver:
                    request.end(gone=False)
                    raise
                except (_ClientLeft, OSError):
                    request.end(gone=True)
                    raise
                request.end(gone=False)
        except (_ConnectionOver, _ClientLeft, OSError):
            pass
        except Exception as failure:
            self.upstream.fault(f'{type(failure).__name__}: {failure}')
        finally:
            for sock in (self.sock, self._woken, self._waker):
                sock.close()

    def _run_steps(self, request, steps):
        for step in _flatten(steps):
            if isinstance(step, bytes):
                self._send(step)
            elif isinstance(step, Wait):
                self._wait(lambda: self.upstream.is_released(step.name),
                           f'{request}: "{step.name}" was never released')
            elif isinstance(step, Stall):
                self._wait(lambda: False, None)
            elif isinstance(step, Pause):
                end = time.monotonic() + step.seconds
                self._wait(lambda: time.monotonic() >= end, None, step.seconds)
            elif isinstance(step, Close):
                self.sock.shutdown(socket.SHUT_WR)
                raise _ConnectionOver
            elif isinstance(step, Cut):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack('ii', 1, 0))
                raise _ConnectionOver
            elif callable(step):
                self._run_steps(request, step(request))
            else:
                raise TypeError(f'{step!r} is no step')

    def _send(self, data):
        """Sends all; a client that does not read is waited for, until it leaves or we close."""
        self.sock.setblocking(False)
        view = memoryview(data)
        while view:
            self._leave_if_closing()
            _, writable, _ = select.select([self._woken], [self.sock], [], self.upstream.deadline)
            self._drain()
            if writable:
                view = view[self.sock.send(view):]

    def _wait(self, ready, complaint, look_after=None):
        """Until ready(), watching the client. No complaint: as long as it takes."""
        end = time.monotonic() + self.upstream.deadline
        watched = [self._woken, self.sock]
        self.sock.setblocking(False)
        while not ready():
            self._leave_if_closing()
            left = end - time.monotonic()
            if complaint and left <= 0:
                self.upstream.fault(complaint)
                raise _ConnectionOver
            readable, _, _ = select.select(watched, [], [], left if complaint else look_after)
            self._drain()
            if self.sock in readable:
                data = self.sock.recv(65536)
                if not data:
                    raise _ClientLeft
                self.pending += data  # A next request that came early.

    def _leave_if_closing(self):
        if self.upstream.is_closing():
            raise _ConnectionOver

    def _drain(self):
        try:
            while self._woken.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _receive(self):
        """Adds to `pending`; raises when the client has closed or the server is closing."""
        self.sock.setblocking(False)
        while True:
            self._leave_if_closing()
            readable, _, _ = select.select([self._woken, self.sock], [], [])
            self._drain()
            if self.sock in readable:
                data = self.sock.recv(65536)
                if not data:
                    raise _ClientLeft
                self.pending += data
                return

    def _read_request(self):
        while b'\r\n\r\n' not in self.pending:
            if len(self.pending) > HEAD_LIMIT:
                raise ValueError('the head of a request has no end')
            self._receive()
        text, self.pending = self.pending.split(b'\r\n\r\n', 1)
        lines = text.decode('latin-1').split('\r\n')
        method, path, _ = lines[0].split(' ', 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(':')
            headers[name.strip().lower()] = value.strip()
        if headers.get('expect', '').lower() == '100-continue':
            self._send(b'HTTP/1.1 100 Continue\r\n\r\n')
        if headers.get('transfer-encoding', '').lower() == 'chunked':
            body = self._read_chunked()
        else:
            body = self._take(int(headers.get('content-length', '0')))
        return Request(method, path, headers, body, self.number, self.upstream.deadline)

    def _take(self, size):
        if size > BODY_LIMIT:
            raise ValueError('the body of a request is too large')
        while len(self.pending) < size:
            self._receive()
        data, self.pending = self.pending[:size], self.pending[size:]
        return data

    def _read_chunked(self):
        body = b''
        while True:
            while b'\r\n' not in self.pending:
                self._receive()
            line, self.pending = self.pending.split(b'\r\n', 1)
            size = int(line.split(b';')[0], 16)
            data = self._take(size + 2)[:size]
            if size == 0:
                return body
            body += data
