#!/usr/bin/env python3
"""Types real code at a language server as a person does, and measures what they see.

    tests/bench/replay.py GRIDLS [PEERS]

GRIDLS is the executable, PEERS the folder in which npm has installed peers/package.json, for
tabby-agent (its textDocument/completion, as it has no other); without it gridls is measured alone. The
same traces go to both.

Each session is a file of tests/quality/holes/ from which a stretch of lines was taken: these lines
are typed again, key by key, in real time. They stand in for the added lines of commits. Gaps between
keys are drawn from a seeded distribution (see gap()), not recorded. A request goes out with each key,
as editors send it. The upstream's model answers with what really comes next, after a fixed time to the
first token and then at 60 tokens a second; a token is four bytes. Ghost text that is what comes next is
accepted when it has stood for 400 ms. What agrees with the keys that are typed stays, as in editors; a
wait is measured from the last key to ghost text where none stood. An offer for a text that had changed
50 ms before or more is stale; a client that numbers its requests does not show it. Calls for what is asked
ahead are among the calls.
"""

import asyncio
import json
import os
import random
import re
import statistics
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support.scratch import Scratch  # noqa: E402  pylint: disable=wrong-import-position

HOLES = os.path.join(ROOT, 'tests', 'quality', 'holes')
SOURCES = ('c/crawler.c', 'c/http2-serverpush.c', 'python/sched.py', 'python/cmd.py',
           'javascript/event-target.js', 'javascript/plugin.js')
LATENCIES_MS = (300, 1200)
TYPED = 500           # characters of a session, up to the end of a line
TOKEN = 4             # bytes
TOKENS_PER_SECOND = 60
ANSWER_LINES, ANSWER_BYTES = 4, 256
STOOD = 0.4           # seconds until ghost text is accepted
WORTH_ACCEPTING = 3   # characters; fewer are typed
PIPE = 0.05           # seconds that an offer may have been under way when a key came
SESSION_MOST = 300    # seconds
CURSOR = '<|cursor|>'


def gap(numbers, before, char):
    """Seconds between two keys: log-normal, longer at the ends of words, longest at those of lines."""
    if char == '\n':
        return numbers.lognormvariate(-0.1, 0.5)      # 0.9 s
    if re.match(r'\W', before) and re.match(r'\w', char):
        if numbers.random() < 0.08:
            return numbers.lognormvariate(0.2, 0.4)   # 1.2 s: what next?
        return numbers.lognormvariate(-1.5, 0.4)      # 0.22 s
    return numbers.lognormvariate(-1.95, 0.35)        # 0.14 s


class Trace:
    """A file, and the stretch of it that is typed."""

    def __init__(self, source):
        self.name = os.path.basename(source)
        self.language = os.path.dirname(source)
        with open(os.path.join(HOLES, source + '.txt'), encoding='utf-8', newline='\n') as file:
            self.text = re.sub('[⟦⟧]', '', file.read())
        starts = [found.end() for found in re.finditer('\n', self.text)]
        start = min(starts, key=lambda at: abs(at - len(self.text) // 2))
        # The line that it begins with is there, and indented.
        self.start = re.compile('[ \t]*').match(self.text, start).end()
        self.end = self.text.index('\n', self.start + TYPED)

    def next_text(self, at):
        """What the model answers: the real text up to a blank line, of bounded length."""
        lines = re.split('\n[ \t]*\n', self.text[at:at + 4000])[0].split('\n')
        text = '\n'.join(lines[:ANSWER_LINES])
        return text if len(text) <= ANSWER_BYTES else text[:ANSWER_BYTES].rpartition('\n')[0] or text

    def key(self, at):
        """What the next key inserts: one character, or a line end with the indentation behind it."""
        found = re.compile('\n[ \t]*|.', re.DOTALL).match(self.text, at, self.end)
        return found.group()


# ---- upstream ------------------------------------------------------------------------------------

class Upstream:
    """Chat Completions, and the part of Tabby's API that tabby-agent needs."""

    def __init__(self, session):
        self.session = session
        self.calls = self.prompt_bytes = self.answer_bytes = 0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, '127.0.0.1', 0)
        return f'http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}'

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b'\r\n\r\n')).decode('latin-1').lower()
                length = re.search(r'\ncontent-length: *(\d+)', head)
                body = await reader.readexactly(int(length.group(1))) if length else b''
                await self.answer(head.split(' ')[1], body, reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, path, body, reader, writer):
        if path.endswith('/chat/completions'):
            prompt = [message['content'] for message in json.loads(body)['messages']]
            self.calls += 1
            self.prompt_bytes += len(''.join(prompt).encode())
            before = prompt[-1].rpartition(CURSOR)[0]
            await self.stream(self.session.trace.next_text(self.place(before)), writer)
        elif path.endswith('/v1/completions'):
            segments = json.loads(body)['segments']
            self.calls += 1
            self.prompt_bytes += len(json.dumps(segments, ensure_ascii=False).encode())
            text = self.session.trace.next_text(self.place(segments['prefix']))
            await self.whole(text, reader, writer)
        elif path.endswith('/health'):
            self.send(writer, {'model': 'replay', 'device': 'cpu', 'arch': 'x86_64',
                               'cpu_info': '', 'cpu_count': 1, 'version': {}})
        elif path.endswith('/server_setting'):
            self.send(writer, {'disable_client_side_telemetry': True})
        else:
            self.send(writer, {'object': 'list', 'data': []})

    def place(self, before):
        """Where in the text a prompt ends: where the person is, or was when it was built."""
        tail = before[-200:]
        for back in range(self.session.at - self.session.trace.start + 1):
            at = self.session.at - back
            if self.session.trace.text[:at].endswith(tail):
                return at
        raise AssertionError(f'no such place: {tail!r}')

    @staticmethod
    def send(writer, value):
        body = json.dumps(value).encode()
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
                     b'Content-Length: %d\r\n\r\n%s' % (len(body), body))

    async def stream(self, text, writer):
        def event(value):
            data = f'data: {value if isinstance(value, str) else json.dumps(value)}\n\n'.encode()
            writer.write(b'%x\r\n%s\r\n' % (len(data), data))

        def choice(**fields):
            return {'choices': [{'index': 0, **fields}]}

        await asyncio.sleep(self.session.latency)
        if writer.is_closing():
            return
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
                     b'Transfer-Encoding: chunked\r\n\r\n')
        for at in range(0, len(text), TOKEN):
            self.answer_bytes += len(text[at:at + TOKEN].encode())
            event(choice(delta={'content': text[at:at + TOKEN]}, finish_reason=None))
            await writer.drain()
            await asyncio.sleep(1 / TOKENS_PER_SECOND)
            if writer.is_closing():
                return
        event(choice(delta={}, finish_reason='stop'))
        event('[DONE]')
        writer.write(b'0\r\n\r\n')

    async def whole(self, text, reader, writer):
        """An answer in one piece; a client that leaves before ends it."""
        end = time.monotonic() + self.session.latency + len(text) / TOKEN / TOKENS_PER_SECOND
        while time.monotonic() < end:
            await asyncio.sleep(1 / TOKENS_PER_SECOND)
            if reader.at_eof():
                done = time.monotonic() - (end - len(text) / TOKEN / TOKENS_PER_SECOND)
                self.answer_bytes += max(0, int(done * TOKENS_PER_SECOND * TOKEN))
                raise ConnectionError
        self.answer_bytes += len(text.encode())
        self.send(writer, {'id': 'replay', 'choices': [{'index': 0, 'text': text}]})


# ---- servers -------------------------------------------------------------------------------------

class Server:
    """A language server on pipes. `on_offer(request, text)` is called with what is to be shown."""

    def __init__(self, on_offer):
        self.on_offer = on_offer
        self.waiting = {}
        self.places = {}  # of requests: line, character
        self.last_id = 0

    async def start(self, scratch, url):
        argv, env = self.command(scratch, url)
        self.process = await asyncio.create_subprocess_exec(
            *argv, env=env, cwd=scratch.work, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
        self.reading = asyncio.create_task(self.read())
        await self.call('initialize', {
            'processId': None, 'rootUri': scratch.root, 'clientInfo': {'name': 'replay'},
            'workspaceFolders': [{'uri': scratch.root, 'name': 'w'}], 'capabilities': {}})
        self.send({'method': 'initialized', 'params': {}})

    async def read(self):
        stream = self.process.stdout
        try:
            while True:
                head = await stream.readuntil(b'\r\n\r\n')
                body = await stream.readexactly(int(re.search(rb'Length: *(\d+)', head).group(1)))
                self.take(json.loads(body))
        except asyncio.IncompleteReadError:
            pass

    def take(self, message):
        if 'method' in message and 'id' in message:
            self.send({'id': message['id'], 'result': None})
        elif message.get('method') == '$/progress':
            self.progress(message['params'])
        elif message.get('id') in self.waiting:
            self.waiting.pop(message['id'])(message.get('result'))

    def progress(self, params):
        value = params['value']
        if params['token'] in self.places and value['kind'] == 'partial':
            self.on_offer(params['token'], self.text_of(params['token'], value['item']))

    def send(self, message):
        body = json.dumps({'jsonrpc': '2.0', **message}).encode()
        self.process.stdin.write(b'Content-Length: %d\r\n\r\n%s' % (len(body), body))

    async def call(self, method, params):
        self.last_id += 1
        future = asyncio.get_running_loop().create_future()
        self.waiting[self.last_id] = future.set_result
        self.send({'id': self.last_id, 'method': method, 'params': params})
        return await asyncio.wait_for(future, 30)

    def notify(self, method, params):
        self.send({'method': method, 'params': params})

    def ask(self, uri, position):
        """A request; its number."""
        self.last_id += 1
        number = self.last_id
        self.places[number] = position
        self.waiting[number] = lambda result: self.on_offer(
            number, self.text_of(number, ((result or {}).get('items') or [None])[0]))
        self.send({'id': number, 'method': self.method,
                   'params': {'textDocument': {'uri': uri}, 'position': position, **self.more(number)}})
        return number

    async def stop(self):
        await self.call('shutdown', None)
        self.send({'method': 'exit'})
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except asyncio.TimeoutError:
            self.process.kill()
        await self.reading


class Gridls(Server):
    executable = None
    method = 'gridls/inlineCompletion'

    def command(self, scratch, url):
        return [self.executable], scratch.env(THEGRID_BASE_URL=url + '/v1', THEGRID_API_KEY='replay')

    @staticmethod
    def more(number):
        return {'context': {'triggerKind': 2}, 'partialResultToken': number}

    @staticmethod
    def text_of(_, item):
        return item['insertText'] if item else ''


class Tabby(Server):
    folder = None
    method = 'textDocument/completion'

    def command(self, scratch, url):
        scratch.write('~/.tabby-client/agent/config.toml',
                      f'[server]\nendpoint = "{url}"\ntoken = "replay"\n'
                      '[anonymousUsageTracking]\ndisable = true\n')
        return (['node', os.path.join(self.folder, 'node_modules', 'tabby-agent', 'dist', 'cli.js'),
                 '--lsp', '--stdio'], scratch.env(NODE_ENV='production'))

    @staticmethod
    def more(_):
        return {'context': {'triggerKind': 1}}

    def text_of(self, number, item):
        if not item:
            return ''
        edit = item['textEdit']
        return edit['newText'][self.places[number]['character'] - edit['range']['start']['character']:]


# ---- sessions ------------------------------------------------------------------------------------

class Session:
    """One person, one file, one server."""

    def __init__(self, kind, trace, latency_ms):
        self.trace = trace
        self.latency = latency_ms / 1000
        self.at = trace.start
        self.server = kind(self.on_offer)
        self.upstream = Upstream(self)
        self.numbers = random.Random(f'{trace.name} {latency_ms}')
        self.ghost, self.ghost_since = '', None
        self.request, self.asked_at = None, 0
        self.total = self.offered = self.shown = self.stale = self.accepted = self.wrong = 0
        self.waits = []
        self.changed = asyncio.Event()

    def on_offer(self, request, text):
        now = time.monotonic()
        if self.request is None:
            return
        if request != self.request:
            self.shown += bool(text)
            self.stale += bool(text) and now - self.asked_at > PIPE
            return
        if text and not self.ghost:
            self.waits.append(now - self.asked_at)
        self.shown += bool(text)
        rest = self.trace.text[self.at:self.trace.end]
        if text and not (rest.startswith(text) or text.startswith(rest)):
            self.wrong += 1
            text = ''
        text = text[:len(rest)]
        if not text or not (self.ghost and (
                text.startswith(self.ghost) or self.ghost.startswith(text))):
            self.ghost_since = now
        self.ghost = text
        self.changed.set()

    def position(self):
        before = self.trace.text[:self.at]
        return {'line': before.count('\n'), 'character': len(before.rpartition('\n')[2])}

    def insert(self, text):
        """A key, or ghost text that is accepted."""
        start = self.position()
        standing = len(os.path.commonprefix([self.ghost, text]))
        self.total += len(text)
        self.offered += standing
        self.ghost = self.ghost[len(text):] if standing == len(text) else ''
        self.at += len(text)
        self.version += 1
        self.asked_at = time.monotonic()
        self.server.notify('textDocument/didChange', {
            'textDocument': {'uri': self.uri, 'version': self.version},
            'contentChanges': [{'range': {'start': start, 'end': start}, 'text': text}]})
        self.request = self.server.ask(self.uri, self.position())

    async def pause(self, seconds):
        """Until the next key is due; true where ghost text is accepted before."""
        due = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            worth = len(self.ghost.strip()) >= WORTH_ACCEPTING
            ripe = self.ghost_since + STOOD if worth else None
            if ripe is not None and ripe <= now:
                return True
            if now >= due:
                return False
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(),
                                       max(0.001, min(due, ripe or due) - now))
            except asyncio.TimeoutError:
                pass

    async def run(self):
        with Scratch() as scratch:
            url = await self.upstream.start()
            await self.server.start(scratch, url)
            self.uri = f'{scratch.root}/{self.trace.name}'
            text = self.trace.text
            self.version = 1
            self.server.notify('textDocument/didOpen', {'textDocument': {
                'uri': self.uri, 'languageId': self.trace.language, 'version': 1,
                'text': text[:self.trace.start] + text[self.trace.end:]}})
            await asyncio.sleep(1)  # a file that has just been opened is looked at first
            while self.at < self.trace.end:
                key = self.trace.key(self.at)
                if await self.pause(gap(self.numbers, text[self.at - 1], key[0])):
                    self.accepted += 1
                    self.insert(self.ghost)
                else:
                    self.insert(key)
            self.request = None
            await self.server.stop()
            self.upstream.server.close()


async def measure(kind, traces, latency_ms):
    sessions = [Session(kind, trace, latency_ms) for trace in traces]
    await asyncio.wait_for(asyncio.gather(*(session.run() for session in sessions)), SESSION_MOST)

    def total(get):
        return sum(get(session) for session in sessions)

    typed = total(lambda session: session.total)
    waits = [wait for session in sessions for wait in session.waits]
    return {
        'calls per 1,000 characters': total(lambda s: s.upstream.calls) * 1000 / typed,
        'prompt tokens per 1,000 characters':
            total(lambda s: s.upstream.prompt_bytes) / TOKEN * 1000 / typed,
        'answer tokens per 1,000 characters':
            total(lambda s: s.upstream.answer_bytes) / TOKEN * 1000 / typed,
        'characters that stood as ghost text before, %':
            total(lambda s: s.offered) * 100 / typed,
        'median wait for new ghost text, ms': statistics.median(waits) * 1000 if waits else 0,
        '90th percentile of these waits, ms': sorted(waits)[len(waits) * 9 // 10] * 1000
                                              if waits else 0,
        'offers that came when stale, %':
            total(lambda s: s.stale) * 100 / max(1, total(lambda s: s.shown)),
        'offers that are not what comes next, %':
            total(lambda s: s.wrong) * 100 / max(1, total(lambda s: s.shown)),
        'accepted per 1,000 characters': total(lambda s: s.accepted) * 1000 / typed,
    }


async def measure_all(kind, traces):
    return await asyncio.gather(*(measure(kind, traces, latency) for latency in LATENCIES_MS))


def main():
    Gridls.executable = os.path.abspath(sys.argv[1])
    kinds = [('gridls', Gridls)]
    if len(sys.argv) > 2 and os.path.exists(os.path.join(sys.argv[2], 'node_modules', 'tabby-agent')):
        Tabby.folder = os.path.abspath(sys.argv[2])
        kinds.append(('tabby-agent', Tabby))
    traces = [Trace(source) for source in SOURCES]
    results = [asyncio.run(measure_all(kind, traces)) for _, kind in kinds]
    print(f'replay of typing: {sum(trace.end - trace.start for trace in traces)} characters of '
          f'{len(traces)} files, {TOKENS_PER_SECOND} tokens a second, gaps drawn')
    for at, latency in enumerate(LATENCIES_MS):
        print(f'  first token after {latency} ms'.ljust(50)
              + ''.join(name.rjust(14) for name, _ in kinds))
        for row in results[0][at]:
            print(f'    {row}'.ljust(50) + ''.join(f'{result[at][row]:14.1f}' for result in results))
    if len(kinds) == 1:
        print('  tabby-agent is not installed: gridls alone')


if __name__ == '__main__':
    main()
