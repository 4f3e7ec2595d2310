#!/usr/bin/env python3
"""Makes the corpora of the fuzz targets: a folder for each in FOLDER.

    tests/fuzz/corpus.py FOLDER

They come from what there is: the transcripts (what the editor and the upstream say), the recorded
answers of real servers, the texts in the unit tests. tests/fuzz/found/NAME/ holds what a fuzzer has
found once, and is used beside them.
"""

import ast
import glob
import hashlib
import json
import os
import re
import sys
import types

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT)

from tests.support import fake_upstream as fake  # noqa: E402
from tests.support.lsp_client import Client, frame  # noqa: E402
from tests.support.pattern import PatternError  # noqa: E402
from tests.transcripts import run as transcripts  # noqa: E402

FILE_AT_MOST = 24 * 1024
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
ONE_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
ESCAPE = re.compile(rb'\\(x[0-9A-Fa-f]+|[0-7]{1,3}|.)')
ESCAPES = {b'n': b'\n', b'r': b'\r', b't': b'\t', b'a': b'\a', b'b': b'\b', b'f': b'\f', b'v': b'\v'}


# ---- transcripts ---------------------------------------------------------------------------------

class Recorder(Client):
    """An editor whose words are kept."""

    def __init__(self):
        self.bodies = []
        self.raw = b''

    def send(self, message):
        self.send_text(json.dumps({'jsonrpc': '2.0', **message}, ensure_ascii=False))

    def send_text(self, text):
        body = text.encode('utf-8', 'surrogatepass')
        self.bodies.append(body)
        self.raw += frame(body)

    def send_raw(self, data):
        self.raw += data

    def note_sent(self, message):
        pass

    def call(self, request_id, method, params=None):
        self.request(request_id, method, params)

    def close_input(self):
        pass


class Script(transcripts.Player):
    """Reads a transcript without a daemon."""

    def __init__(self):
        scratch = types.SimpleNamespace(root='file:///w', work='/w')
        upstream = types.SimpleNamespace(base_url='http://127.0.0.1:9/v1',
                                         origin='http://127.0.0.1:9', port=9)
        super().__init__(scratch, upstream, 'http://127.0.0.1:1')
        self.client = Recorder()
        self.last_request = {'id': 2 ** 30}
        self.answers_said = []

    def run(self, step):
        if step.word == 'editor>':
            self.editor(step)
        elif step.word == 'upstream>':
            steps = transcripts.answer_steps(step.rest, step.block)
            self.answers_said.append(b''.join(flat_bytes(steps)))

    def read(self, path):
        for step in transcripts.parse(path):
            step.rest = self.fill(step.rest)
            step.block = [self.fill(line) for line in step.block]
            try:
                self.run(step)
            except (PatternError, AssertionError):
                pass  # what only a running daemon could have told
        return self


def flat_bytes(steps):
    for step in steps:
        if isinstance(step, bytes):
            yield step
        elif isinstance(step, list):
            yield from flat_bytes(step)


def without_head(answer):
    head, separator, body = answer.partition(b'\r\n\r\n')
    return body if separator and head.startswith(b'HTTP/') else answer


def read_transcripts():
    # The bodies are wanted as the decoder sees them, which is without the chunks.
    fake.chunked = lambda *steps: list(steps)
    for path in sorted(glob.glob(os.path.join(ROOT, 'tests', 'transcripts', '*.transcript'))):
        yield Script().read(path)


# ---- recorded answers, unit tests ----------------------------------------------------------------

def read_captures():
    for path in sorted(glob.glob(os.path.join(ROOT, 'tests', 'captures', '*.txt'))):
        with open(path, 'rb') as file:
            data = file.read()
        start = data.find(b'HTTP/1.1')
        if start >= 0:
            yield without_head(data[start:])


def unescape(text):
    def value(match):
        code = match[1]
        if code[:1] == b'x':
            return bytes([int(code[1:], 16) & 255])
        if code.isdigit():
            return bytes([int(code, 8) & 255])
        return ESCAPES.get(code, code)
    return ESCAPE.sub(value, text.encode())


def literals(*names):
    """The strings of tests/unit/test_NAME.c, as C joins them."""
    found = []
    for name in names:
        with open(os.path.join(ROOT, 'tests', 'unit', f'test_{name}.c'), encoding='utf-8') as file:
            source = re.sub(r'^\s*#.*$', '', file.read(), flags=re.M)
        for match in LITERAL.finditer(source):
            text = b''.join(unescape(part) for part in ONE_LITERAL.findall(match[0]))
            if text and text not in found:
                found.append(text)
    return found


# ---- the corpora ---------------------------------------------------------------------------------

def texts_of(bodies):
    """The texts that the editor has told of its documents."""
    for body in bodies:
        try:
            params = json.loads(body).get('params') or {}
            yield params['textDocument']['text'].encode('utf-8', 'surrogatepass')
        except (ValueError, AttributeError, KeyError, TypeError):
            pass


def make(corpora):
    bodies, texts, answers = [], [], list(read_captures())
    for script in read_transcripts():
        spoken = script.client
        corpora['session'].append(b'\n'.join(body.replace(b'\n', b' ') for body in spoken.bodies))
        corpora['session'].append(spoken.raw)
        corpora['frame'].append(spoken.raw)
        bodies += [body for body in spoken.bodies if len(body) < 2000]
        texts += texts_of(spoken.bodies)
        answers += [without_head(answer) for answer in script.answers_said]
    corpora['frame'] += literals('frame')
    corpora['rpc'] += bodies + literals('rpc', 'lsp')
    corpora['json'] += bodies + literals('json', 'json_fields', 'config')
    corpora['sse'] += answers + literals('sse')
    corpora['chat'] += answers + literals('chat_decoder', 'chat_tools', 'chat_chunk', 'chat_think')
    corpora['errors'] += answers + literals('chat_error', 'chat_models', 'retry_after', 'oneline')
    corpora['config'] += literals('config', 'config_table', 'config_key')
    corpora['base_url'] += literals('base_url', 'url')
    corpora['uri'] += literals('uri')
    make_of_texts(corpora, texts)


def make_of_texts(corpora, texts):
    corpora['position'] += texts + literals('position')
    for number, text in enumerate(texts + literals('text', 'document')):
        edits = b''.join(bytes([line, line * 3, line % 2, 9, 5]) + b'x\r\n\xc3\xa9' for line in range(5))
        corpora['text'].append(bytes([number]) + text + b'\0' + edits)
    answers = literals('answer_markdown', 'answer_rewrite', 'answer_commit', 'answer_completion')
    for one, other in zip(texts + answers, answers[1:] + texts):
        corpora['diff'].append(one + b'\0' + other)
    for number, answer in enumerate(answers):
        place = [answers[number - 1], b'    x = f(', b')', answer]
        corpora['answer'].append(b'\0'.join(place))
    corpora['diff'] += [b'\0'.join(pair) for pair in zip(literals('diff'), literals('diff')[1:])]
    rules = literals('ignore')
    for number, rule in enumerate(rules):
        corpora['ignore'].append(b'\0'.join([rules[number - 1], rule, rules[number - 2]]))
    for text in literals('redact') + texts:
        corpora['redact'].append(b'sk-made-up-123456\0' + text)


def write(folder, corpora):
    for name, inputs in corpora.items():
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        for data in {data for data in inputs if 0 < len(data) <= FILE_AT_MOST}:
            path = os.path.join(folder, name, hashlib.sha1(data).hexdigest()[:16])
            with open(path, 'wb') as file:
                file.write(data)


def words():
    """A dictionary: what messages and answers are made of."""
    found = set()
    for source in ('daemon/method.c', 'protocol/lsp.c', 'protocol/chat_chunk.c',
                   'protocol/chat_tools.c', 'protocol/chat_error.c', 'daemon/config_table.c'):
        with open(os.path.join(ROOT, source), encoding='utf-8') as file:
            found |= set(re.findall(r'"([\w$/.-]{2,40})"', file.read()))
    found |= {'jsonrpc', '2.0', 'Content-Length: ', 'data: ', 'data: [DONE]', '<think>', '</think>',
              '```', 'true', 'false', 'null', '[{', '}]', '\\u0000', '\\ud83d', '\\udc00'}
    return sorted(found)


def targets():
    """The names in meson's list."""
    with open(os.path.join(ROOT, 'tests', 'fuzz', 'meson.build'), encoding='utf-8') as file:
        return ast.literal_eval(re.search(r'fuzz_targets = (\[.*?\])', file.read(), re.S)[1])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    corpora = {name: [] for name in targets()}
    make(corpora)
    write(sys.argv[1], corpora)
    with open(os.path.join(sys.argv[1], 'words'), 'w', encoding='utf-8') as file:
        for word in words():
            file.write('"%s"\n' % word.replace('\\', '\\\\').replace('"', '\\"'))


if __name__ == '__main__':
    main()
