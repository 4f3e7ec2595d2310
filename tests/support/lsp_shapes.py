"""Holds values against the shapes that the protocol gives them, and gridls's own requests theirs.

    fault_of_result('textDocument/codeAction', value)    None, or what is wrong and where
    fault_of_params('window/showMessage', value)
    fault_of_error(error)

The protocol's shapes are in lsp_shapes.json, which `node tests/counterparties/shapes.mjs` reads off
the declarations of npm's vscode-languageserver-protocol (a test of the part `clients` holds it against
them); that script says what a shape is. Those of gridls/… are here, and stand in protocol/README.md
for people. A member that a shape does not name is a fault: clients that decode strictly refuse it.
"""

import json
import os
import re

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lsp_shapes.json'),
          encoding='utf-8') as _file:
    TABLE = json.load(_file)

LARGEST = 2 ** 31 - 1  # of integer and uinteger
COUNT = 2 ** 53        # of numbers of our own, which JSON keeps exactly


def _one_of(*values):
    return {'or': [{'literal': value} for value in values]}


OWN_TYPES = {
    'gridls.Usage': {'or': ['null', {'members': {
        'promptTokens': 'count', 'completionTokens': 'count'}}]},
    'gridls.Finish': {'or': ['null', _one_of(
        'stop', 'length', 'tool_calls', 'content_filter', 'error')]},
    'gridls.Answer': {'members': {
        'text?': 'string', 'finishReason': 'gridls.Finish', 'instrument': 'string',
        'usage': 'gridls.Usage'}},
    'gridls.Status': {'members': {
        'state': _one_of('ready', 'working', 'limited', 'offline', 'unconfigured'),
        'message': 'string',
        'usage': {'members': {
            'requests': 'count', 'promptTokens': 'count', 'completionTokens': 'count'}}}},
    'gridls.Failure': {'members': {
        'kind': _one_of('unconfigured', 'unauthorized', 'payment_required', 'unknown_instrument',
                        'rate_limited', 'upstream', 'network', 'timeout', 'truncated', 'filtered',
                        'ignored', 'nothing_staged', 'not_a_repository'),
        'status?': 'uinteger', 'retryAfterMs?': 'count', 'hint': 'string'}},
}
RESULTS = {
    **TABLE['results'],
    # Any value is allowed; ours says that the command has begun.
    'workspace/executeCommand': 'null',
    'gridls/explain': {'and': ['gridls.Answer', {'members': {
        'conversation': {'or': ['string', 'null']}}}]},
    'gridls/refactor': {'and': ['gridls.Answer', {'members': {
        'edit': {'or': ['WorkspaceEdit', 'null']}}}]},
    'gridls/commitMessage': {'and': ['gridls.Answer', {'members': {'template?': 'string'}}]},
    'gridls/inlineCompletion': TABLE['results']['textDocument/inlineCompletion'],
    'gridls/status': 'gridls.Status',
}
PARAMS = {
    **TABLE['params'],
    'gridls/status': 'gridls.Status',
    '$/progress': {'members': {'token': {'or': ['integer', 'string']}, 'value': {'or': [
        'WorkDoneProgressBegin', 'WorkDoneProgressReport', 'WorkDoneProgressEnd',
        {'members': {'kind': {'literal': 'partial'}, 'text': 'string'}},
        {'members': {'kind': {'literal': 'partial'}, 'item': 'InlineCompletionItem'}}]}}},
}
TYPES = {**TABLE['types'], **OWN_TYPES}

REQUEST_FAILED = -32803
CODES = {-32700, -32600, -32601, -32602, -32603, -32002, -32800, -32801, REQUEST_FAILED}

_URI = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\s"<>\\^`{|}]*\Z')


def _is_integer(value, least, largest):
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= largest


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


PRIMITIVES = {
    'any': lambda value: True,
    'null': lambda value: value is None,
    'boolean': lambda value: isinstance(value, bool),
    'string': lambda value: isinstance(value, str),
    'URI': lambda value: isinstance(value, str) and bool(_URI.match(value)),
    'integer': lambda value: _is_integer(value, -LARGEST - 1, LARGEST),
    'uinteger': lambda value: _is_integer(value, 0, LARGEST),
    'count': lambda value: _is_integer(value, 0, COUNT),
    'decimal': _is_number,
    'number': _is_number,
    'object': lambda value: isinstance(value, dict),
}


def _shown(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + '…'


def _members_of(shape):
    """The members of a shape that is an object with names, of all its parts; else None."""
    if isinstance(shape, str):
        return _members_of(TYPES[shape]) if shape in TYPES else None
    if 'members' in shape:
        return shape['members']
    if 'and' in shape:
        parts = [_members_of(part) for part in shape['and']]
        if None not in parts:
            return {name: value for part in parts for name, value in part.items()}
    return None


def fault(value, shape, path=''):
    """What is wrong with the value, or None."""
    where = path or 'it'
    if isinstance(shape, str):
        if shape in PRIMITIVES:
            return None if PRIMITIVES[shape](value) else f'{where} is no {shape}: {_shown(value)}'
        return fault(value, TYPES[shape], path)
    if 'literal' in shape:
        same = type(value) is type(shape['literal']) and value == shape['literal']
        return None if same else f'{where} is not {_shown(shape["literal"])}: {_shown(value)}'
    if 'or' in shape:
        return _fault_of_choice(value, shape['or'], path)
    if 'array' in shape or 'tuple' in shape:
        return _fault_of_list(value, shape, path)
    if 'map' in shape:
        if not isinstance(value, dict):
            return f'{where} is no object: {_shown(value)}'
        faults = (fault(item, shape['map'], f'{path}.{name}') for name, item in value.items())
        return next(filter(None, faults), None)
    return _fault_of_object(value, _members_of(shape), path)


def _fault_of_choice(value, choices, path):
    """The fault of the choice that comes nearest: the one whose fault lies deepest."""
    faults = [fault(value, choice, path) for choice in choices]
    if None in faults:
        return None
    return max(faults, key=lambda text: (len(text.split(' ')[0]), -len(text)))


def _fault_of_list(value, shape, path):
    if not isinstance(value, list):
        return f'{path or "it"} is no list: {_shown(value)}'
    shapes = shape.get('tuple') or [shape['array']] * len(value)
    if len(shapes) != len(value):
        return f'{path or "it"} has {len(value)} items, not {len(shapes)}'
    faults = (fault(item, one, f'{path}[{number}]')
              for number, (item, one) in enumerate(zip(value, shapes)))
    return next(filter(None, faults), None)


def _fault_of_object(value, members, path):
    where = path or 'it'
    if not isinstance(value, dict):
        return f'{where} is no object: {_shown(value)}'
    known = {name.rstrip('?'): shape for name, shape in members.items()}
    for name in value:
        if name not in known:
            return f'{path}.{name} is no member of the protocol'
    for name in members:
        if not name.endswith('?') and name not in value:
            return f'{path}.{name} is missing'
    faults = (fault(item, known[name], f'{path}.{name}') for name, item in value.items())
    return next(filter(None, faults), None)


def fault_of_result(method, value):
    if method not in RESULTS:
        return f'{method} has a result, and no shape is known for it'
    return fault(value, RESULTS[method], 'result')


def fault_of_params(method, value):
    if method not in PARAMS:
        return f'{method} was sent, and no shape is known for it'
    return fault(value, PARAMS[method], 'params')


def fault_of_error(error):
    if error['code'] not in CODES:
        return f'{error["code"]} is no error of the protocol, or none that a server may give here'
    if not error['message'] or '\n' in error['message']:
        return f'the message is no line: {_shown(error["message"])}'
    if error['code'] == REQUEST_FAILED:
        return fault(error.get('data'), 'gridls.Failure', 'data')
    return 'an error of this code has no data' if 'data' in error else None
