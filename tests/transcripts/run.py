#!/usr/bin/env python3
"""Plays transcripts: what the editor says, what the upstream answers, what the editor must get.

    tests/transcripts/run.py [--parallel N] [FILE…]

The README.md beside this file describes their form. The daemon is $GRIDLS, else that of build-test/.
"""

import argparse
import contextlib
import glob
import json
import os
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))

from tests.support import fake_upstream as fake  # noqa: E402
from tests.support.lsp_client import QUIET, Client  # noqa: E402
from tests.support.pattern import Pattern, PatternError  # noqa: E402
from tests.support.scratch import Scratch, gridls  # noqa: E402
from tests.transcripts.upstream_script import answer_steps  # noqa: E402

KEY = 'tg-key-canary-5e1f0c7d-never-shown'
LANGUAGES = {'.c': 'c', '.py': 'python', '.md': 'markdown', '': 'gitcommit', '.txt': 'plaintext',
             '.env': 'dotenv'}
SETUP = ('env', 'args', 'file', 'git')


class Mismatch(AssertionError):
    """Something is not as the transcript says."""


class Step:
    """One line of a transcript with the indented lines below it."""

    def __init__(self, number, line):
        self.number = number
        self.word, _, rest = line.partition(' ')
        self.rest = rest.strip()
        self.block = []

    def text(self):
        """The whole as one text, as JSON over several lines is read."""
        return '\n'.join([self.rest, *self.block]).strip()


def parse(path):
    steps = []
    with open(path, encoding='utf-8', newline='\n') as file:
        for number, line in enumerate(file.read().split('\n'), 1):
            if line.startswith('  ') and steps:
                steps[-1].block.append(line[2:])
            elif not line and steps:
                steps[-1].block.append('')
            elif line and not line.startswith('#'):
                steps.append(Step(number, line))
    for step in steps:
        while step.block and not step.block[-1]:
            step.block.pop()
    return answers_first(steps)


def answers_first(steps):
    """What the upstream says to a message of the editor stands behind it, and must be known before: also
    what it says in further rounds, which the daemon begins by itself."""
    ordered = []
    last = None  # the editor's message that only answers, and looks at what was asked, have followed
    for step in steps:
        if step.word == 'upstream>' and last is not None:
            ordered.insert(last, step)
            last += 1
        else:
            ordered.append(step)
            if step.word == 'editor>':
                last = len(ordered) - 1
            elif step.word != 'upstream?':
                last = None
    return ordered


def take_word(text):
    word, *rest = text.split(None, 1) or ['']
    return word, rest[0].strip() if rest else ''


def take_json(text):
    """A JSON value at the start of a text, and what follows it."""
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except ValueError as error:
        raise PatternError(f'{error}: {text}') from None
    return value, text[end:].strip()


def block_text(step, rest):
    """A text that is given as a JSON string on the line, or as the block below it."""
    if rest.startswith('"'):
        return take_json(rest)[0]
    return ''.join(line + '\n' for line in step.block)


class Player:
    def __init__(self, scratch, upstream, dead):
        self.scratch = scratch
        self.upstream = upstream
        self.variables = {
            'upstream': upstream.base_url, 'origin': upstream.origin,
            'elsewhere': f'http://localhost:{upstream.port}', 'dead': dead,
            'root': scratch.root, 'folder': scratch.work, 'key': KEY}
        self.env = {'THEGRID_BASE_URL': upstream.base_url, 'THEGRID_API_KEY': KEY}
        self.args = []
        self.client = None
        self.last_request = None   # of the daemon's, for `respond`
        self.upstream_request = None
        self.answers = 0
        self.never = []
        self.unsent = []
        self.not_in_stderr = []
        self.exit_code = None

    def fill(self, text):
        def value(match):
            if match[1] not in self.variables:
                return match[0]
            variable = self.variables[match[1]]
            return variable if isinstance(variable, str) else json.dumps(variable)
        return re.sub(r'\{(\w+)\}', value, text)

    def play(self, steps):
        for step in steps:
            step.rest = self.fill(step.rest)
            step.block = [self.fill(line) for line in step.block]
            try:
                if step.word not in SETUP and not self.client and step.word != 'upstream>':
                    self.start()
                self.run(step)
            except (AssertionError, PatternError) as error:
                raise Mismatch(f'line {step.number}: {error}') from None
        self.finish()

    def start(self):
        self.never.append(self.variables['key'])
        self.client = Client([gridls(), *self.args], self.scratch.env(**self.env),
                             self.scratch.work)

    def run(self, step):
        handlers = {
            'env': self.set_env, 'args': self.set_args, 'file': self.write_file, 'git': self.run_git,
            'editor>': self.editor, 'daemon>': self.expect_next, 'daemon~': self.expect_anywhere,
            'daemon!': self.expect_none, 'upstream>': self.add_answer,
            'upstream?': self.expect_upstream, 'signal': self.signal, 'never': self.add_never,
            'unsent': self.add_unsent,
            'stderr?': self.expect_stderr, 'stderr!': self.add_not_in_stderr,
            'exit': self.expect_exit}
        if step.word not in handlers:
            raise PatternError(f'"{step.word}" is no step')
        handlers[step.word](step)

    # -- setting up

    def set_env(self, step):
        name, _, value = step.rest.partition('=')
        self.env[name] = value
        if name == 'THEGRID_API_KEY' and value:
            self.variables['key'] = value

    def set_args(self, step):
        self.args = step.rest.split()

    def write_file(self, step):
        name, rest = take_word(step.rest)
        self.scratch.write(name, block_text(step, rest))

    def run_git(self, step):
        self.scratch.git(*step.rest.split())

    # -- the editor's side

    def editor(self, step):
        text = step.text()
        if text[:1] in '{[':
            self.client.send_text(text)
            return
        word, rest = take_word(text)
        method = getattr(self, 'editor_' + word, None)
        if not method:
            raise PatternError(f'the editor has no "{word}"')
        method(step, rest)

    def editor_initialize(self, step, rest):
        self.client.initialize(self.scratch.root, **(take_json(rest)[0] if rest else {}))

    def editor_text(self, step, rest):
        self.client.send_text(rest)

    def editor_raw(self, step, rest):
        """raw [ID] "bytes": the bytes as they stand; ID is of the request that they end, if any."""
        if not rest.startswith('"'):
            request_id, rest = take_json(rest)
            self.client.note_sent({'id': request_id, 'method': None})
        self.client.send_raw(take_json(rest)[0].encode())

    def editor_request(self, step, rest):
        request_id, rest = take_json(rest)
        method, rest = take_word(rest)
        self.client.request(request_id, method, take_json(rest)[0] if rest else None)

    def editor_notify(self, step, rest):
        method, rest = take_word(rest)
        self.client.notify(method, take_json(rest)[0] if rest else None)

    def editor_respond(self, step, rest):
        if not self.last_request:
            raise Mismatch('the daemon has asked for nothing')
        self.client.respond(self.last_request['id'], take_json(rest)[0])

    def editor_refuse(self, step, rest):
        if not self.last_request:
            raise Mismatch('the daemon has asked for nothing')
        self.client.send({'id': self.last_request['id'],
                          'error': {'code': take_json(rest)[0], 'message': 'no'}})

    def editor_cancel(self, step, rest):
        self.client.notify('$/cancelRequest', {'id': take_json(rest)[0]})

    def uri(self, name):
        return name if ':' in name else f'{self.scratch.root}/{name}'

    def editor_open(self, step, rest):
        """open NAME [VERSION] ["text"], or the text as the block below."""
        name, rest = take_word(step.rest.partition(' ')[2])
        version = 1
        if rest[:1].isdigit():
            version, rest = take_json(rest)
        language = LANGUAGES.get(os.path.splitext(name)[1], '')
        self.client.open(self.uri(name), block_text(step, rest), version, language)

    def editor_change(self, step, rest):
        """change NAME VERSION LINE:CHARACTER-LINE:CHARACTER "text"; from 0, as in the protocol."""
        match = re.fullmatch(r'(\S+) (\d+) (\d+):(\d+)-(\d+):(\d+) (".*")', rest)
        if not match:
            raise PatternError('change NAME VERSION LINE:CHARACTER-LINE:CHARACTER "text"')
        line, character, end_line, end_character = map(int, match.groups()[2:6])
        self.client.notify('textDocument/didChange', {
            'textDocument': {'uri': self.uri(match[1]), 'version': int(match[2])},
            'contentChanges': [{'range': {'start': {'line': line, 'character': character},
                                          'end': {'line': end_line, 'character': end_character}},
                                'text': json.loads(match[7])}]})

    def editor_end(self, step, rest):
        self.client.close_input()

    def editor_exit(self, step, rest):
        self.client.notify('exit')

    # -- what the daemon must say

    def pattern(self, step):
        """The expected message, from JSON or one of the short forms."""
        text = step.text()
        if text.startswith(('{', 'exactly')):
            return Pattern(text)
        word, rest = take_word(text)
        if word in ('result', 'error'):
            request_id, rest = take_json(rest)
            head = f'"id":{json.dumps(request_id)}'
            if word == 'result':
                return _with_exactly(rest or '<any>', '{%s,"result":%%s,"error":<absent>}' % head)
            code, rest = take_json(rest)
            return _with_exactly('{"code":%d%s' % (code, rest.replace('{', ',', 1) if rest else '}'),
                                 '{%s,"error":%%s,"result":<absent>}' % head)
        if word in ('notify', 'request'):
            method, rest = take_word(rest)
            present = '<absent>' if word == 'notify' else '<int>'
            return _with_exactly(rest or '<any>', '{"method":%s,"id":%s%s}' % (
                json.dumps(method), present, ',"params":%s' if rest else ''))
        raise PatternError(f'the daemon has no "{word}"')

    def note(self, message):
        if 'method' in message and 'id' in message:
            self.last_request = message

    def capture(self, pattern, message):
        pattern.differences(message, self.variables)
        self.note(message)

    def expect_next(self, step):
        word, rest = take_word(step.text())
        if word == 'partial':
            self.expect_partials(rest)
            return
        pattern = self.pattern(step)
        skipped = []
        while True:
            try:
                message = self.client.next(step.text())
            except AssertionError as error:
                raise Mismatch(self.explain(str(error), pattern, skipped)) from None
            differences = pattern.differences(message)
            if not differences:
                self.capture(pattern, message)
                return
            skipped.append(message)
            if message.get('method') not in QUIET:
                raise Mismatch(self.explain('something else has come', pattern, skipped[-1:]))
            self.client.pass_over(message)

    def explain(self, what, pattern, messages):
        lines = [what]
        for message in messages[-3:]:
            lines.append('got ' + json.dumps(message, ensure_ascii=False))
            lines += [f'  {path}: wanted {wanted}, got {value}'
                      for path, wanted, value in pattern.differences(message)[:8]]
        return '\n'.join(lines)

    def expect_partials(self, rest):
        """The texts of a token's partial results, which together are this."""
        token, rest = take_json(rest)
        wanted = take_json(rest)[0]
        text = ''
        while text != wanted:
            message = self.client.next(f'more partial text than {text!r}, up to {wanted!r}')
            params = message.get('params')
            if (message.get('method') == '$/progress' and params['token'] == token
                    and params['value']['kind'] == 'partial'):
                text += params['value']['text']
                if not wanted.startswith(text):
                    raise Mismatch(f'wanted the text {wanted!r}\ngot {text!r}')
            elif message.get('method') in QUIET:
                self.client.pass_over(message)
            else:
                raise Mismatch(f'wanted the text {wanted!r}, had {text!r}\n'
                               f'got {json.dumps(message, ensure_ascii=False)}')

    def expect_anywhere(self, step):
        pattern = self.pattern(step)
        try:
            message = self.client.find(lambda message: not pattern.differences(message),
                                       step.text())
        except AssertionError as error:
            raise Mismatch(self.explain(str(error), pattern, self.client.pending())) from None
        self.capture(pattern, message)

    def expect_none(self, step):
        pattern = self.pattern(step)
        for message in self.client.taken + self.client.pending():
            if not pattern.differences(message):
                raise Mismatch(f'this must not have come: {json.dumps(message, ensure_ascii=False)}')

    # -- the upstream

    def add_answer(self, step):
        self.answers += 1
        self.upstream.answer(answer_steps(step.rest, step.block), method='POST')

    def signal(self, step):
        self.upstream.release(step.rest)

    def expect_upstream(self, step):
        if step.rest in ('gone', 'ended'):
            if not self.upstream_request:
                raise Mismatch('no request of the upstream has been looked at yet')
            wait = {'gone': self.upstream_request.wait_gone,
                    'ended': self.upstream_request.wait_ended}
            wait[step.rest]()
            return
        method, path, *_ = *step.rest.split(), None, None
        method = method or 'POST'
        request = self.upstream.expect(method=method)
        self.upstream_request = request
        if path and request.path != path:
            raise Mismatch(f'the path is {request.path}, wanted {path}')
        for line in _joined(step.block):
            self.check_request(request, *take_word(line))

    def check_request(self, request, word, rest):
        if word == 'header':
            name, _, value = rest.partition(':')
            if request.headers.get(name.lower()) != value.strip():
                raise Mismatch(f'{name} is {request.headers.get(name.lower())!r}')
        elif word == 'without':
            if rest.lower() in request.headers:
                raise Mismatch(f'{rest} is {request.headers[rest.lower()]!r}')
        elif word == 'body':
            if differences := Pattern(rest).differences(request.json):
                raise Mismatch('\n'.join(f'body {path}: wanted {wanted}, got {value}'
                                         for path, wanted, value in differences))
        elif word in ('says', 'hides'):
            text = take_json(rest)[0]
            if (text in request.prompt) != (word == 'says'):
                raise Mismatch(f'the prompt {"lacks" if word == "says" else "holds"} {text!r}\n'
                               f'{request.prompt}')
        else:
            raise PatternError(f'"{word}" is no expectation of a request')

    # -- stderr, exit

    def expect_stderr(self, step):
        self.client.wait_for(lambda: re.search(step.rest, self.client.stderr),
                             f'{step.rest} on stderr')

    def add_not_in_stderr(self, step):
        self.not_in_stderr.append(step.rest)

    def add_never(self, step):
        self.never.append(step.rest)

    def add_unsent(self, step):
        self.unsent.append(step.rest)

    def expect_exit(self, step):
        self.exit_code = self.client.wait_exit()
        if self.exit_code != int(step.rest):
            raise Mismatch(f'exit code {self.exit_code}')

    # -- the end

    def finish(self):
        if self.exit_code is None:
            code = self.client.shutdown()
            if code != 0:
                raise Mismatch(f'at the end: exit code {code}')
        self.client.check_end()
        left = [message for message in self.client.pending()
                if message.get('method') not in QUIET]
        if left:
            raise Mismatch('at the end: also came ' + json.dumps(left[0], ensure_ascii=False))
        self.check_secrets()
        if unseen := self.upstream.unseen(method='POST'):
            raise Mismatch(f'at the end: the upstream was also asked {unseen[0]}')
        if self.upstream.count(method='POST') < self.answers:
            raise Mismatch('at the end: the upstream has answers that nobody asked for')

    def check_secrets(self):
        for pattern in self.not_in_stderr:
            if found := re.search(pattern, self.client.stderr):
                raise Mismatch(f'at the end: stderr holds {found[0]!r}')
        said = [json.dumps(message, ensure_ascii=False)
                for way, message in self.client.log if way == '<']
        for text in self.never:
            for place in [self.client.stderr, *said]:
                if text in place:
                    raise Mismatch(f'at the end: {text!r} is shown: {place}')
        for text in self.unsent:
            for request in self.upstream.requests:
                if text.encode() in request.body:
                    raise Mismatch(f'at the end: {text!r} was sent: {request.body.decode()}')


def _with_exactly(pattern, around):
    """Puts a pattern into a larger one; a leading `exactly` goes to the front of all."""
    if pattern.startswith('exactly'):
        return Pattern('exactly ' + _put(around.replace(',"error":<absent>', '').replace(
            ',"result":<absent>', '').replace('{', '{"jsonrpc":"2.0",', 1),
            pattern[len('exactly'):]))
    return Pattern(_put(around, pattern))


def _put(around, pattern):
    return around.replace('%s', pattern, 1)


def _joined(block):
    """The lines of a block, with deeper indented ones joined to those above."""
    lines = []
    for line in block:
        if line.startswith(' ') and lines:
            lines[-1] += ' ' + line.strip()
        else:
            lines.append(line)
    return lines


@contextlib.contextmanager
def stage(player_class=Player):
    """A player with a folder, an upstream and a refusing port of its own, and nothing left at the end."""
    with Scratch() as scratch, socket.socket() as dead:
        dead.bind(('127.0.0.1', 0))  # bound and not listening: connections are refused
        upstream = fake.FakeUpstream(deadline=10)
        upstream.answer(fake.response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        player = player_class(scratch, upstream, 'http://127.0.0.1:%d' % dead.getsockname()[1])
        try:
            yield player
        finally:
            if player.client:
                player.client.kill()
            upstream.close()


def play(path):
    """Plays one transcript. Returns what went wrong, None where nothing did."""
    with stage() as player:
        try:
            player.play(parse(path))
            player.upstream.close()
            return '; '.join(player.upstream.faults) or None
        except (AssertionError, PatternError, OSError) as error:
            return describe(error, player)


def describe(error, player):
    lines = [f'{error}']
    lines += [f'the upstream: {fault}' for fault in player.upstream.faults]
    if player.client:
        for way, message in player.client.log[-12:]:
            text = json.dumps(message, ensure_ascii=False)
            lines.append(f'{way} {text[:600]}{"…" if len(text) > 600 else ""}')
        lines += ['stderr: ' + line for line in player.client.stderr.splitlines()[-40:]]
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--parallel', type=int, default=2, metavar='N')
    parser.add_argument('files', nargs='*')
    options = parser.parse_args()
    files = options.files or sorted(glob.glob(os.path.join(HERE, '*.transcript')))
    failed = 0
    with ThreadPoolExecutor(options.parallel) as pool:
        for path, fault in zip(files, pool.map(play, files)):
            name = os.path.basename(path)[:-len('.transcript')]
            print(f'{"FAIL" if fault else "ok  "} transcript: {name}', flush=True)
            if fault:
                failed += 1
                print('\n'.join('     ' + line for line in fault.splitlines()), flush=True)
    print(f'{len(files) - failed} passed, {failed} failed')
    sys.exit(1 if failed or not files else 0)


if __name__ == '__main__':
    main()
