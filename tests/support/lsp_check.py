"""Holds everything that the daemon writes against the rules that clients depend on.

A Checker is told each message that went to the daemon (`sent`) and is given each body that came from
it (`received`), in order. It returns the decoded message, or raises Fault with what is wrong with it:

- JSON: valid UTF-8, no byte order mark, no doubled keys (Vim drops the message), no lone surrogates
  (Emacs 28 drops it), nesting under 100.
- Envelope: "jsonrpc" is "2.0"; a response has exactly one of result and error; each request is
  answered once, under its own id with the type that it had; no answer to a notification.
- Requests of the daemon's own have integer ids from 2^30 up, each used once (vim#13133), and come
  only after `initialized`.
- Progress: every value is an object with a kind; begin, then report, then one end; what began is
  ended before the answer; nothing comes for a token of a request that is answered; a token of the
  daemon's own has been created first, and the client has said yes.
- Nothing but answers comes before `initialize` is answered, and once `shutdown` is.
- Shapes (lsp_shapes.py): every result, error and params has the members that the protocol or ours
  gives it, of the right types, and no others. The text of an answer is in its result or in the
  partial results before it, never in both.
- What the client can (lsp_capabilities.py): nothing is sent that it has not said it knows.
"""

import json

from tests.support import lsp_shapes
from tests.support.lsp_capabilities import View

OWN_IDS_FROM = 2 ** 30
DEEPEST = 100
ENVELOPE = {'id': {'or': ['integer', 'string', 'null']}, 'method': 'string', 'error': {'members': {
    'code': 'integer', 'message': 'string', 'data?': 'any'}}}


class Fault(Exception):
    """The daemon has written what no client should have to read."""


def _raise_if(fault):
    if fault:
        raise Fault(fault)


def _object(pairs):
    keys = [key for key, _ in pairs]
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise Fault(f'doubled keys: {", ".join(sorted(doubled))}')
    return dict(pairs)


def _constant(name):
    raise Fault(f'{name} is no JSON')


def decode(body):
    """One body as JSON, with all that a strict client looks at."""
    try:
        text = body.decode('utf-8')
    except UnicodeDecodeError as error:
        raise Fault(f'invalid UTF-8: {error}') from None
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except ValueError as error:
        raise Fault(f'invalid JSON: {error}') from None
    _check_value(value, 0)
    return value


def _check_value(value, depth):
    if depth > DEEPEST:
        raise Fault(f'nested more than {DEEPEST} deep')
    if isinstance(value, str):
        if any('\ud800' <= character <= '\udfff' for character in value):
            raise Fault(f'a lone surrogate in {value!r}')
        if '\0' in value:
            raise Fault(f'a NUL in {value!r}')
    elif isinstance(value, list):
        for item in value:
            _check_value(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_value(key, depth + 1)
            _check_value(item, depth + 1)


def _key(value):
    """An id or a token as a key: 1 and "1" are two."""
    return (type(value).__name__, value)


class _Token:
    def __init__(self, role, request):
        self.role = role        # 'work done', 'partial result' or 'own'
        self.request = request  # the key of the client's request; None for an own token
        self.state = 'new'      # begun, ended, dead (the request is answered)
        self.created = role != 'own'


class Checker:
    def __init__(self):
        self.open = {}          # the client's requests without an answer: key -> (method, params)
        self.view = View({})    # what the client can
        self.answered = set()
        self.own = {}           # the daemon's requests without an answer: id -> message
        self.own_ids = set()
        self.tokens = {}        # key -> list of _Token; one token may have both roles
        self.answered_initialize = False
        self.initialized = False
        self.shut_down = False

    # -- what goes to the daemon

    def sent(self, message):
        if not isinstance(message, dict):
            return
        method, params = message.get('method'), message.get('params')
        if 'method' in message and isinstance(message.get('id'), (int, str)):
            self._sent_request(_key(message['id']), method, params)
        elif method == 'initialized':
            self.initialized = True
        elif 'method' in message:
            self.view.sent(method, params)
        elif 'id' in message and 'method' not in message:
            self._sent_response(message)

    def _sent_request(self, key, method, params):
        if method == '$/cancelRequest':  # sent with an id by mistake, as old Vim documents it
            return
        if method == 'initialize' and not self.view.commands:
            self.view = View(params)
        self.open[key] = (method, params)
        self.answered.discard(key)
        if isinstance(params, dict):
            for name, role in (('workDoneToken', 'work done'),
                               ('partialResultToken', 'partial result')):
                if isinstance(params.get(name), (int, str)):
                    self.tokens.setdefault(_key(params[name]), []).append(_Token(role, key))

    def _sent_response(self, message):
        request = self.own.pop(message['id'], None)
        if request and request['method'] == 'window/workDoneProgress/create':
            if 'result' in message:
                self.tokens[_key(request['params']['token'])][0].created = True

    # -- what comes from it

    def received(self, body):
        message = decode(body)
        if not isinstance(message, dict):
            raise Fault('a message is an object')
        if message.get('jsonrpc') != '2.0':
            raise Fault('"jsonrpc" is not "2.0"')
        unknown = set(message) - {'jsonrpc', 'id', 'method', 'params', 'result', 'error'}
        if unknown:
            raise Fault(f'unknown members: {", ".join(sorted(unknown))}')
        for name, shape in ENVELOPE.items():
            if name in message:
                _raise_if(lsp_shapes.fault(message[name], shape, name))
        if 'method' not in message:
            self._response(message)
        elif 'id' in message:
            self._request(message)
        else:
            self._notification(message)
        return message

    def _response(self, message):
        if ('result' in message) == ('error' in message):
            raise Fault('a response has exactly one of result and error')
        if 'id' not in message:
            raise Fault('a response has an id')
        if 'error' in message and message['id'] is None:
            _raise_if(lsp_shapes.fault_of_error(message['error']))
            return  # What could not be read had no id.
        key = _key(message['id'])
        if key in self.answered:
            raise Fault(f'a second answer to {message["id"]!r}')
        if key not in self.open:
            raise Fault(f'an answer to {message["id"]!r}, which was not asked')
        method, params = self.open.pop(key)
        self.answered.add(key)
        _raise_if(lsp_shapes.fault_of_error(message['error']) if 'error' in message
                  else self._fault_of_result(method, params, message['result']))
        if 'result' in message:
            self.answered_initialize |= method == 'initialize'
            self.shut_down |= method == 'shutdown'
        for tokens in self.tokens.values():
            for token in tokens:
                if token.request == key:
                    if token.state == 'begun':
                        raise Fault(f'the progress of {message["id"]!r} has begun and not ended')
                    token.state = 'dead'

    def _fault_of_result(self, method, params, result):
        if method is None:
            return None  # A test wrote its bytes by hand.
        fault = lsp_shapes.fault_of_result(method, result)
        if fault or result is None:
            return fault
        if method in ('gridls/explain', 'gridls/refactor', 'gridls/commitMessage'):
            if ('text' in result) == (params.get('partialResultToken') is not None):
                return 'the text is in the result and was streamed, or in neither'
        return self.view.fault_of_result(method, params, result)

    def _request(self, message):
        own_id = message['id']
        if not isinstance(own_id, int) or own_id < OWN_IDS_FROM:
            raise Fault(f'the id of our own request is {own_id!r}, not an integer from 2^30 up')
        if own_id in self.own_ids:
            raise Fault(f'the id {own_id} is used twice')
        if not self.initialized:
            raise Fault(f'{message["method"]} was sent before `initialized`')
        if self.shut_down:
            raise Fault(f'{message["method"]} was sent after the answer to shutdown')
        _raise_if(lsp_shapes.fault_of_params(message['method'], message.get('params'))
                  or self.view.fault_of_request(message['method'], message['params']))
        self.own_ids.add(own_id)
        self.own[own_id] = message
        if message['method'] == 'window/workDoneProgress/create':
            key = _key(message['params']['token'])
            if key in self.tokens:
                raise Fault(f'the token {message["params"]["token"]!r} is created twice')
            self.tokens[key] = [_Token('own', None)]

    def _notification(self, message):
        if self.shut_down:
            raise Fault(f'{message["method"]} was sent after the answer to shutdown')
        if not self.answered_initialize:
            raise Fault(f'{message["method"]} was sent before the answer to initialize')
        params = message.get('params')
        _raise_if(lsp_shapes.fault_of_params(message['method'], params))
        if message['method'] == '$/progress':
            if 'item' in params['value']:
                _raise_if(self.view.fault_of_item(params['value']['item']))
            self._progress(params['token'], params['value']['kind'])

    def _progress(self, name, kind):
        tokens = self.tokens.get(_key(name))
        if not tokens:
            raise Fault(f'progress for {name!r}, which nobody has made')
        wanted = ('partial result',) if kind == 'partial' else ('work done', 'own')
        token = next((token for token in reversed(tokens) if token.role in wanted), None)
        if not token:
            raise Fault(f'progress of kind {kind} for the {tokens[-1].role} token {name!r}')
        if token.state == 'dead':
            raise Fault(f'progress for {name!r} after the answer')
        if not token.created:
            raise Fault(f'progress for {name!r}, which the client has not agreed to')
        if kind == 'partial':
            return
        follows = {'begin': ('new', 'begun'), 'report': ('begun', 'begun'), 'end': ('begun', 'ended')}
        if kind not in follows:
            raise Fault(f'progress of kind {kind!r}')
        before, after = follows[kind]
        if token.state != before:
            raise Fault(f'progress {kind} for {name!r}, which is {token.state}')
        token.state = after

    def finish(self):
        """The session is over: nothing may be open but what was sent after the daemon had ended."""
        left = [f'{key[1]!r} ({method})' for key, (method, _) in self.open.items()]
        if left:
            raise Fault(f'never answered: {", ".join(left)}')
