"""The `upstream>` blocks of a transcript, as the steps of a fake upstream. See README.md."""

import json

from tests.support import fake_upstream as fake
from tests.support.pattern import PatternError


def answer_steps(head, block):
    """The steps of one answer, from what stands behind `upstream>` and the lines below it."""
    kind, _, rest = head.partition(' ')
    headers, lines = [], []
    for line in block:
        word, _, value = line.partition(' ')
        if word == 'header':
            name, _, text = value.partition(':')
            headers.append((name, text.strip()))
        elif line:
            lines.append((word, value))
    if kind == 'says':
        return fake.stream(*_texts(rest))
    if kind == 'stream':
        return _stream(rest, headers, [step for line in lines for step in _steps(*line)])
    if kind == 'raw':
        return [step for line in lines for step in _steps(*line)]
    if kind.isdigit():
        return [_response(int(kind), rest, dict(headers)),
                *[step for line in lines for step in _steps(*line)]]
    raise PatternError(f'the upstream has no "{kind}"')


def _texts(text):
    """JSON strings with blanks between them."""
    texts, decoder = [], json.JSONDecoder()
    while text := text.strip():
        value, end = decoder.raw_decode(text)
        texts.append(value)
        text = text[end:]
    return texts


def _response(status, rest, headers):
    """STATUS {json}, STATUS URL for a redirect, STATUS TYPE "body"; with a Content-Length."""
    if 300 <= status < 400 and rest:
        return fake.redirect(rest, status)
    if rest.startswith(('{', '[')):
        return fake.response(status, rest, headers)
    content_type, _, body = rest.partition(' ')
    return fake.response(status, json.loads(body) if body else b'', headers,
                         content_type or 'text/plain')


def _stream(rest, headers, steps):
    """An event stream whose end is told by its last chunk, or (`close`) by closing."""
    if rest == 'close':
        return [fake.sse_head('close', dict(headers)), *steps, fake.Close()]
    ends = any(isinstance(step, (fake.Cut, fake.Close, fake.Stall)) for step in steps)
    body = fake.chunked(*steps)
    return [fake.sse_head('chunked', dict(headers)), body[:-1] if ends else body]


def _steps(word, value):
    if word == 'delta':
        return [fake.delta(text) for text in _texts(value)]
    if word == 'reasoning':
        return [fake.delta(None, reasoning_content=text) for text in _texts(value)]
    if word == 'call':
        call, name, arguments = value.split(' ', 2)
        return [fake.delta(None, tool_calls=[{
            'id': call, 'type': 'function', 'function': {'name': name, 'arguments': arguments}}])]
    if word == 'finish':
        return [fake.finish(value)]
    if word == 'usage':
        return [fake.usage(*map(int, value.split()))]
    if word == 'done':
        return [fake.DONE]
    if word == 'event':
        return [fake.event(value)]
    if word == 'send':
        return [_bytes(text) for text in _texts(value)]
    if word == 'each':
        return [bytes([byte]) for text in _texts(value) for byte in _bytes(text)]
    if word == 'wait':
        return [fake.Wait(value)]
    plain = {'cut': fake.Cut, 'close': fake.Close, 'stall': fake.Stall}
    if word in plain:
        return [plain[word]()]
    raise PatternError(f'"{word}" is no line of an answer')


def _bytes(text):
    """A text as UTF-8; the characters U+0080 to U+00FF after \\u00XX of a test are left as they are."""
    return text.encode('utf-8')
