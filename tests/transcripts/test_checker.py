"""The check that every message of the daemon goes through: it lets a good session pass, and each thing
that is wrong with one message is found."""

import copy
import json
import unittest

from tests.support import lsp_shapes
from tests.support.lsp_check import Checker, Fault

URI = 'file:///w/a.c'
START, END = {'line': 0, 'character': 0}, {'line': 0, 'character': 3}
EDIT = {'documentChanges': [{
    'textDocument': {'uri': URI, 'version': 1},
    'edits': [{'range': {'start': START, 'end': END}, 'newText': 'x'}]}]}
USAGE = {'promptTokens': 1, 'completionTokens': 2}
ANSWER = {'text': 't', 'finishReason': 'stop', 'instrument': 'm', 'usage': USAGE}
STATUS = {'state': 'ready', 'message': 'Ready.',
          'usage': {'requests': 0, 'promptTokens': 0, 'completionTokens': 0}}
OWN = 2 ** 30
ABLE = {
    'general': {'positionEncodings': ['utf-8']},
    'window': {'showDocument': {'support': True}, 'workDoneProgress': True},
    'workspace': {'applyEdit': True, 'configuration': True,
                  'didChangeConfiguration': {'dynamicRegistration': True},
                  'workspaceEdit': {'documentChanges': True}},
    'textDocument': {'codeAction': {
        'codeActionLiteralSupport': {'codeActionKind': {'valueSet': []}}, 'dataSupport': True,
        'resolveSupport': {'properties': ['edit']}}},
}
CAPABILITIES = {
    'positionEncoding': 'utf-8', 'textDocumentSync': {'openClose': True, 'change': 2},
    'inlineCompletionProvider': {}, 'codeActionProvider': {'resolveProvider': True},
    'executeCommandProvider': {'commands': ['gridls.explain']}}
ACTION = {'title': 'Simplify', 'kind': 'refactor.rewrite', 'data': {'n': 1}}


def request(number, method, params=None):
    return ('>', {'id': number, 'method': method, 'params': params})


def result(number, value):
    return ('<', {'id': number, 'result': value})


def error(number, code, message='It is so.', **more):
    return ('<', {'id': number, 'error': {'code': code, 'message': message, **more}})


def told(method, params):
    return ('<', {'method': method, 'params': params})


def asked(number, method, params):
    return ('<', {'id': OWN + number, 'method': method, 'params': params})


def progress(token, **value):
    return told('$/progress', {'token': token, 'value': value})


def begin(capabilities=None):
    return [
        request(0, 'initialize', {'capabilities': ABLE if capabilities is None else capabilities}),
        result(0, {'capabilities': CAPABILITIES if capabilities is None else {
            'executeCommandProvider': {'commands': ['gridls.explain']}},
            'serverInfo': {'name': 'gridls', 'version': '1'}}),
        ('>', {'method': 'initialized', 'params': {}}),
        ('>', {'method': 'textDocument/didOpen', 'params': {
            'textDocument': {'uri': URI, 'version': 1, 'languageId': 'c', 'text': 'int'}}}),
    ]


def item(**more):
    return {'insertText': 'x', 'range': {'start': START, 'end': START}, **more}


GOOD = begin() + [
    told('gridls/status', STATUS),
    told('window/showMessage', {'type': 2, 'message': 'm'}),
    asked(0, 'workspace/configuration', {'items': [{'section': 'gridls'}]}),
    ('>', {'id': OWN, 'result': [None]}),
    asked(1, 'client/registerCapability', {'registrations': [
        {'id': 'a', 'method': 'workspace/didChangeConfiguration'}]}),
    asked(2, 'window/workDoneProgress/create', {'token': OWN + 2}),
    ('>', {'id': OWN + 2, 'result': None}),
    progress(OWN + 2, kind='begin', title='t', cancellable=True),
    progress(OWN + 2, kind='report', message='m', percentage=3),
    progress(OWN + 2, kind='end'),
    asked(3, 'workspace/applyEdit', {'label': 'l', 'edit': EDIT}),
    asked(4, 'window/showDocument', {'uri': 'file:///w/a%20b.md', 'takeFocus': False}),
    request('e', 'gridls/explain', {'workDoneToken': 'w', 'partialResultToken': 'p'}),
    progress('w', kind='begin', title='t'),
    progress('p', kind='partial', text='t'),
    progress('w', kind='end'),
    result('e', {name: value for name, value in ANSWER.items() if name != 'text'}
           | {'conversation': '1'}),
    request(1, 'gridls/refactor', {}), result(1, {**ANSWER, 'edit': EDIT}),
    request(2, 'gridls/refactor', {}), result(2, {**ANSWER, 'edit': None, 'usage': None}),
    request(3, 'gridls/commitMessage', {}), result(3, {**ANSWER, 'finishReason': None}),
    request(4, 'gridls/status'), result(4, STATUS),
    request(5, 'textDocument/inlineCompletion', {}), result(5, {'items': [item()]}),
    request(6, 'textDocument/inlineCompletion', {}), result(6, None),
    request(7, 'gridls/inlineCompletion', {'partialResultToken': 7}),
    progress(7, kind='partial', item=item()), result(7, {'items': []}),
    request(8, 'textDocument/codeAction', {'context': {'only': ['refactor']}}),
    result(8, [ACTION]),
    request(9, 'codeAction/resolve', ACTION), result(9, {**ACTION, 'edit': EDIT}),
    request(10, 'workspace/executeCommand', {}), result(10, None),
    request(11, 'textDocument/completion', {}), result(11, {
        'isIncomplete': True, 'items': [{'label': 'l', 'kind': 15, 'textEdit': {
            'range': {'start': START, 'end': START}, 'newText': 'x'}}]}),
    request(12, 'gridls/explain', {}),
    error(12, -32803, data={'kind': 'rate_limited', 'status': 429, 'retryAfterMs': 7000, 'hint': 'h'}),
    request(13, 'unknown'), error(13, -32601),
    request(14, 'shutdown'), result(14, None),
]


def run(session):
    checker = Checker()
    for way, message in session:
        message = {'jsonrpc': '2.0', **message}
        if way == '>':
            checker.sent(message)
        else:
            checker.received(json.dumps(message).encode())
    checker.finish()


class CheckerTest(unittest.TestCase):
    def assert_fault(self, words, session):
        with self.assertRaisesRegex(Fault, words):
            run(session)

    def test_a_good_session(self):
        run(GOOD)

    def test_no_member_can_be_lost_or_of_another_type(self):
        """Each member of each message of the daemon in turn: another type, an unknown name, and gone
        where the protocol asks for it."""
        for number, (way, message) in enumerate(GOOD):
            if way == '>':
                continue
            for path in list(self.paths(message)):
                for change in (self.spoil, self.rename):
                    session = copy.deepcopy(GOOD)
                    if change(session[number][1], path):
                        with self.subTest(message=message, path=path, change=change.__name__):
                            with self.assertRaises(Fault):
                                run(session)

    # What may be anything, and members whose loss or change leaves another good message.
    FREE = ('data', 'registerOptions')

    def paths(self, value, path=()):
        for key, inner in (value.items() if isinstance(value, dict) else enumerate(value)):
            if key in self.FREE and 'error' not in path:
                continue
            yield path + (key,)
            if isinstance(inner, (dict, list)):
                yield from self.paths(inner, path + (key,))

    @staticmethod
    def holder(message, path):
        for key in path[:-1]:
            message = message[key]
        return message, path[-1]

    def spoil(self, message, path):
        """A value that no member of the protocol may have."""
        holder, key = self.holder(message, path)
        holder[key] = [{'no': 1.5}] if isinstance(holder[key], dict) else {'no': 1.5}
        return True

    def rename(self, message, path):
        holder, key = self.holder(message, path)
        if isinstance(holder, list):
            return False
        holder[f'{key}X'] = holder.pop(key)
        return True

    def test_numbers_and_texts(self):
        for value, shape in ((True, 'integer'), (1.0, 'uinteger'), (-1, 'uinteger'),
                             (2 ** 31, 'uinteger'), (2 ** 53 + 1, 'count'), ('a b', 'URI'),
                             ('/a', 'URI'), (1, {'literal': True}), (5, 'DiagnosticSeverity'),
                             (None, 'string'), ([1], {'tuple': ['integer'] * 2})):
            with self.subTest(value=value, shape=shape):
                self.assertIsNotNone(lsp_shapes.fault(value, shape))
        for value, shape in ((0, 'uinteger'), (1, 'decimal'), ('untitled:Untitled-1', 'URI'),
                             ({}, {'map': 'string'}), ([1, 2], {'tuple': ['integer'] * 2})):
            with self.subTest(value=value, shape=shape):
                self.assertIsNone(lsp_shapes.fault(value, shape))

    def test_errors(self):
        ask = begin() + [request(1, 'gridls/explain', {})]
        failure = {'kind': 'network', 'hint': 'h'}
        self.assert_fault('no error of the protocol', ask + [error(1, -32000)])
        self.assert_fault('no line', ask + [error(1, -32602, 'two\nlines')])
        self.assert_fault('no line', ask + [error(1, -32602, '')])
        self.assert_fault('has no data', ask + [error(1, -32602, data=failure)])
        self.assert_fault('data is no object', ask + [error(1, -32803)])
        self.assert_fault('data.kind', ask + [error(1, -32803, data={**failure, 'kind': 'odd'})])
        self.assert_fault('data.hint is missing', ask + [error(1, -32803, data={'kind': 'network'})])

    def test_where_the_text_is(self):
        told_twice = {**ANSWER, 'conversation': '1'}
        nowhere = {name: value for name, value in told_twice.items() if name != 'text'}
        self.assert_fault('was streamed', begin() + [
            request(1, 'gridls/explain', {'partialResultToken': 1}), result(1, told_twice)])
        self.assert_fault('in neither', begin() + [
            request(1, 'gridls/explain', {}), result(1, nowhere)])

    def test_unknown_to_the_table(self):
        self.assert_fault('no shape is known', begin() + [told('gridls/news', {})])
        self.assert_fault('no shape is known', begin() + [asked(1, 'window/showMessageRequest', {})])
        self.assert_fault('no shape is known', begin() + [
            request(1, 'textDocument/hover', {}), result(1, None)])

    def test_inline_completions(self):
        def offered(one):
            return begin() + [request(1, 'textDocument/inlineCompletion', {}),
                              result(1, {'items': [one]})]

        self.assert_fault('no plain text', offered(item(insertText='a\r\nb')))
        self.assert_fault('no plain text', offered(item(
            insertText={'kind': 'snippet', 'value': 'x'})))
        self.assert_fault('within one line', offered(item(
            range={'start': START, 'end': {'line': 1, 'character': 0}})))
        self.assert_fault('has no range', offered({'insertText': 'x'}))
        self.assert_fault('not one that was told', offered(item(
            command={'title': 't', 'command': 'other'})))
        self.assert_fault('no plain text', begin() + [
            request(7, 'gridls/inlineCompletion', {'partialResultToken': 7}),
            progress(7, kind='partial', item=item(insertText='\r\n'))])

    def test_edits(self):
        def applied(edit, capabilities=None):
            return begin(capabilities) + [asked(1, 'workspace/applyEdit', {'edit': edit})]

        def with_edits(*edits, version=1):
            return {'documentChanges': [{'textDocument': {'uri': URI, 'version': version},
                                         'edits': list(edits)}]}

        one = {'range': {'start': START, 'end': END}, 'newText': 'x'}
        plain = {'changes': {URI: [one]}}
        run(applied(plain, {'workspace': {'applyEdit': True}})[:-1])
        self.assert_fault('does not prefer', applied(plain))
        self.assert_fault('does not prefer', applied(EDIT, {'workspace': {'applyEdit': True}}))
        self.assert_fault('both changes', applied({**EDIT, **plain}))
        self.assert_fault('overlap', applied(with_edits(one, one)))
        self.assert_fault('before it begins', applied(with_edits(
            {'range': {'start': END, 'end': START}, 'newText': ''})))
        self.assert_fault('version 2', applied(with_edits(one, version=2)))
        self.assert_fault('version None', applied(with_edits(one, version=None)))
        self.assert_fault('annotated', applied(with_edits({**one, 'annotationId': 'a'})))
        self.assert_fault('snippet', applied(with_edits(
            {'range': one['range'], 'snippet': {'kind': 'snippet', 'value': 'x'}})))
        self.assert_fault('create of a file', applied({'documentChanges': [
            {'kind': 'create', 'uri': URI}]}))
        self.assert_fault('metadata', begin() + [asked(1, 'workspace/applyEdit', {
            'edit': EDIT, 'metadata': {'isRefactoring': True}})])

    def test_code_actions(self):
        def offered(action, capabilities=None, **context):
            return begin(capabilities) + [
                request(1, 'textDocument/codeAction', {'context': context}), result(1, [action])]

        literal = {'textDocument': {'codeAction': {
            'codeActionLiteralSupport': {'codeActionKind': {'valueSet': []}}}}}
        self.assert_fault('nothing but commands', offered(ACTION, {}))
        self.assert_fault('dataSupport', offered(ACTION, literal))
        self.assert_fault('disabledSupport', offered({**ACTION, 'disabled': {'reason': 'r'}}))
        self.assert_fault('isPreferredSupport', offered({**ACTION, 'isPreferred': True}))
        self.assert_fault('tagSupport', offered({**ACTION, 'tags': [1]}))
        self.assert_fault('where only', offered(ACTION, only=['quickfix']))
        self.assert_fault('not one that was told', offered({'title': 't', 'command': 'other'}))
        self.assert_fault('title was changed', begin() + [
            request(1, 'codeAction/resolve', ACTION), result(1, {**ACTION, 'title': 'Other'})])
        self.assert_fault('data was changed', begin() + [
            request(1, 'codeAction/resolve', ACTION), result(1, {'title': 'Simplify', 'edit': EDIT,
                                                                'kind': 'refactor.rewrite'})])

    def test_completions(self):
        def offered(**more):
            return begin() + [request(1, 'textDocument/completion', {}),
                              result(1, [{'label': 'l', **more}])]

        here = {'start': START, 'end': START}
        self.assert_fault('snippet', offered(insertTextFormat=2, insertText='x'))
        self.assert_fault('InsertReplaceEdit', offered(
            textEdit={'newText': 'x', 'insert': here, 'replace': here}))

    def test_what_the_client_cannot(self):
        for method, params in (('window/showDocument', {'uri': URI}),
                               ('window/workDoneProgress/create', {'token': 1}),
                               ('workspace/configuration', {'items': []}),
                               ('client/registerCapability', {'registrations': [
                                   {'id': 'a', 'method': 'workspace/didChangeConfiguration'}]})):
            with self.subTest(method=method):
                self.assert_fault("without the client's", begin({}) + [asked(1, method, params)])
        self.assert_fault('was not offered', [
            request(0, 'initialize', {'capabilities': {}}),
            result(0, {'capabilities': {'positionEncoding': 'utf-8'}})])

    def test_envelope(self):
        ask = begin() + [request(1, 'gridls/status')]
        checker = Checker()
        for body, words in ((b'\xff', 'UTF-8'), (b'{"a":1,"a":2}', 'doubled'), (b'{', 'invalid JSON'),
                            (b'[]', 'is an object'), (b'{"jsonrpc":"1.0"}', '2.0'),
                            (b'{"jsonrpc":"2.0","id":1,"resul":1}', 'unknown members'),
                            (b'"\\ud800"', 'surrogate'), (b'"\\u0000"', 'NUL'), (b'NaN', 'no JSON'),
                            (b'[' * 120 + b']' * 120, 'deep')):
            with self.subTest(body=body), self.assertRaisesRegex(Fault, words):
                checker.received(body)
        self.assert_fault('exactly one', ask + [('<', {'id': 1})])
        self.assert_fault('exactly one', ask + [('<', {'id': 1, 'result': STATUS,
                                                    'error': {'code': 1, 'message': 'm'}})])
        self.assert_fault('second answer', ask + [result(1, STATUS), result(1, STATUS)])
        self.assert_fault('was not asked', ask + [result('1', STATUS)])
        self.assert_fault('never answered', ask)
        self.assert_fault('not an integer from', begin() + [
            ('<', {'id': 5, 'method': 'workspace/configuration', 'params': {'items': []}})])
        self.assert_fault('before `initialized`', begin()[:2] + [
            asked(1, 'workspace/configuration', {'items': []})])
        self.assert_fault('before the answer to initialize', begin()[:1] + [
            told('gridls/status', STATUS)])
        self.assert_fault('after the answer to shutdown', GOOD + [told('gridls/status', STATUS)])

    def test_progress(self):
        ask = begin() + [request(1, 'gridls/explain', {'workDoneToken': 'w'})]
        started = ask + [progress('w', kind='begin', title='t')]
        answer = result(1, {**ANSWER, 'conversation': '1'})
        self.assert_fault('which is new', ask + [progress('w', kind='report')])
        self.assert_fault('which is begun', started + [progress('w', kind='begin', title='t')])
        self.assert_fault('has begun and not ended', started + [answer])
        self.assert_fault('after the answer', started + [
            progress('w', kind='end'), answer, progress('w', kind='end')])
        self.assert_fault('nobody has made', ask + [progress('x', kind='begin', title='t')])
        self.assert_fault('has not agreed', begin() + [
            asked(2, 'window/workDoneProgress/create', {'token': 9}),
            progress(9, kind='begin', title='t')])


if __name__ == '__main__':
    unittest.main()
