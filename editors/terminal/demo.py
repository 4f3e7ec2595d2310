#!/usr/bin/env python3
"""Plays a session with the gridls daemon through its JSON-RPC, for people without an editor at hand.

    demo.py TOP GRIDLS [OPTION…]

TOP is the project's folder, GRIDLS the daemon. Shows an explanation as it streams, a completion, a
rewrite as a diff and a commit message; exits with 0 only if all four have come.
"""

import difflib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap

SOURCE = 'daemon/offers.c'
# Where the completion is asked for: this line of the source is cut behind the first part.
TYPED, CUT = '    buffer_init(&place->', 'after, BUFFER_CAP);\n'


class Daemon:
    """The daemon as a child; one request at a time."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.last_id = 0

    def send(self, message):
        body = json.dumps({'jsonrpc': '2.0', **message}).encode()
        self.process.stdin.write(b'Content-Length: %d\r\n\r\n' % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method, params):
        self.send({'method': method, 'params': params})

    def read(self):
        length = 0
        while (line := self.process.stdout.readline()) != b'\r\n':
            if not line:
                raise EOFError('the daemon has ended')
            name, _, value = line.partition(b':')
            if name.lower() == b'content-length':
                length = int(value)
        return json.loads(self.process.stdout.read(length))

    def request(self, method, params, on_text=None):
        """The result; partial texts go to on_text. Raises RuntimeError with the daemon's sentence."""
        self.last_id += 1
        token = {'partialResultToken': self.last_id} if on_text else {}
        self.send({'id': self.last_id, 'method': method, 'params': {**params, **token}})
        while True:
            message = self.read()
            if message.get('method') == '$/progress' and on_text:
                on_text(message['params']['value'].get('text', ''))
            elif 'method' in message and 'id' in message:
                self.send({'id': message['id'], 'result': None})
            elif message.get('id') == self.last_id and 'method' not in message:
                if 'error' in message:
                    hint = message['error'].get('data', {}).get('hint', '')
                    raise RuntimeError(f'{message["error"]["message"]} {hint}'.strip())
                return message['result']

    def end(self):
        try:
            self.request('shutdown', {})
            self.notify('exit', {})
            self.process.stdin.close()
            self.process.wait(5)
        except (EOFError, OSError, RuntimeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def heading(text):
    print(f'\n\033[1m{text}\033[0m\n' if sys.stdout.isatty() else f'\n== {text}\n', flush=True)


def show(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def range_of(first, last):
    """Whole lines, from 0, the last one excluded."""
    return {'start': {'line': first, 'character': 0}, 'end': {'line': last, 'character': 0}}


def lines_of_function(text, name):
    """The lines of a C function from the one that names it to its closing brace."""
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if f' {name}(' in line)
    last = next(number for number, line in enumerate(lines) if number > first and line == '}')
    return first, last + 1


def apply_edit(text, edit):
    lines = text.splitlines(keepends=True) + ['']
    changes = edit['documentChanges'][0]['edits'] if edit else []
    for change in sorted(changes, key=lambda change: -change['range']['start']['line']):
        start, end = change['range']['start'], change['range']['end']
        before = lines[start['line']][:start['character']]
        after = lines[end['line']][end['character']:]
        lines[start['line']:end['line'] + 1] = [before + change['newText'] + after]
    return ''.join(lines)


def explain(daemon, uri, text):
    first, last = lines_of_function(text, 'offers_find')
    heading(f'An explanation of {SOURCE}, lines {first + 1} to {last}, as it comes')
    parts = []

    def take(piece):
        parts.append(piece)
        show(piece)

    daemon.request('gridls/explain', {'textDocument': {'uri': uri}, 'range': range_of(first, last)},
                   take)
    print()
    return ''.join(parts)


def complete(daemon, uri, text):
    heading('A completion; what was offered stands between the brackets')
    at = text.index(TYPED + CUT) + len(TYPED)
    shorter = text[:at] + '\n' + text[at + len(CUT):]
    daemon.notify('textDocument/didChange', {
        'textDocument': {'uri': uri, 'version': 2}, 'contentChanges': [{'text': shorter}]})
    line = text[:at].count('\n')
    result = daemon.request('textDocument/inlineCompletion', {
        'textDocument': {'uri': uri}, 'position': {'line': line, 'character': len(TYPED)},
        'context': {'triggerKind': 1}})
    daemon.notify('textDocument/didChange', {
        'textDocument': {'uri': uri, 'version': 3}, 'contentChanges': [{'text': text}]})
    if not result or not result['items']:
        return ''
    offered = result['items'][0]['insertText']
    before = text[:at].splitlines()[-3:]
    print(textwrap.indent('\n'.join(before) + f'⟦{offered}⟧', '  '))
    return offered


def rewrite(daemon, uri, text):
    heading('A rewrite, as a diff')
    untidy = text.replace('    return a < b ? a : b;\n', '    return a < b ? a : b;   \n\n\n\n')
    daemon.notify('textDocument/didChange', {
        'textDocument': {'uri': uri, 'version': 4}, 'contentChanges': [{'text': untidy}]})
    first, last = lines_of_function(untidy, 'least')
    result = daemon.request('gridls/refactor', {
        'textDocument': {'uri': uri, 'version': 4}, 'range': range_of(first, last),
        'instruction': 'Tidy the white space and say in a comment what it returns.'})
    diff = ''.join(difflib.unified_diff(
        untidy.splitlines(keepends=True), apply_edit(untidy, result['edit']).splitlines(keepends=True),
        SOURCE, SOURCE))
    show(diff)
    return diff


def make_repository(folder):
    """A repository of a moment, with something staged in it."""
    environment = {**os.environ, 'GIT_CONFIG_GLOBAL': os.devnull, 'GIT_CONFIG_NOSYSTEM': '1'}

    def git(*arguments):
        subprocess.run(['git', *arguments], cwd=folder, env=environment, check=True,
                       stdout=subprocess.DEVNULL)

    (folder / 'greet.c').write_text('#include <stdio.h>\n\nint main(void)\n{\n    puts("Hello");\n}\n')
    (folder / 'README').write_text('Says hello.\n')
    git('init', '--quiet')
    git('add', '.')


def commit_message(daemon):
    with tempfile.TemporaryDirectory(prefix='gridls-try-') as folder:
        folder = pathlib.Path(folder).resolve()
        make_repository(folder)
        heading('A commit message for what is staged in a small repository (greet.c, README)')
        result = daemon.request('gridls/commitMessage', {'root': folder.as_uri()})
    print(textwrap.indent(result['text'], '  '))
    return result['text']


def main():
    top, *argv = sys.argv[1:]
    path = pathlib.Path(top).resolve() / SOURCE
    text = path.read_text()
    uri = path.as_uri()
    daemon = Daemon(argv)
    try:
        daemon.request('initialize', {
            'processId': os.getpid(), 'rootUri': pathlib.Path(top).resolve().as_uri(),
            'clientInfo': {'name': 'editors/try'},
            'capabilities': {'general': {'positionEncodings': ['utf-32']},
                             'workspace': {'workspaceEdit': {'documentChanges': True}}}})
        daemon.notify('initialized', {})
        daemon.notify('textDocument/didOpen', {'textDocument': {
            'uri': uri, 'languageId': 'c', 'version': 1, 'text': text}})
        came = [explain(daemon, uri, text), complete(daemon, uri, text),
                rewrite(daemon, uri, text), commit_message(daemon)]
    except (EOFError, RuntimeError) as error:
        print(f'\neditors/try: {error}', file=sys.stderr)
        return 1
    finally:
        daemon.end()
    if not all(came):
        print('\neditors/try: one of the four answers was empty.', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
