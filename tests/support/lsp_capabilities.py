"""What a server may send depends on what the client has said that it can: those rules.

A View is made from the params of `initialize`, is told what the client says of its texts, and gives
what is wrong with a message, or None. Rules of the specification unless said otherwise.
"""


def _is_before(one, other):
    return (one['line'], one['character']) <= (other['line'], other['character'])


def _fault_of_edits(edits):
    """Edits are of one state of the text: none may overlap."""
    ranges = sorted((edit['range'] for edit in edits),
                    key=lambda range_: [(range_[end]['line'], range_[end]['character'])
                                        for end in ('start', 'end')])
    for range_ in ranges:
        if not _is_before(range_['start'], range_['end']):
            return 'an edit ends before it begins'
    for one, other in zip(ranges, ranges[1:]):
        if not _is_before(one['end'], other['start']):
            return 'two edits overlap'
    return None


class View:
    def __init__(self, params):
        capabilities = params.get('capabilities') if isinstance(params, dict) else None
        self.capabilities = capabilities if isinstance(capabilities, dict) else {}
        self.versions = {}   # URI -> the versions that the client has told of it
        self.commands = ()   # what the server has said that it executes

    def get(self, path):
        """The value of a capability by its path, or None."""
        value = self.capabilities
        for name in path.split('.'):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def sent(self, method, params):
        """What the client says; what is malformed is the server's to refuse."""
        if method not in ('textDocument/didOpen', 'textDocument/didChange'):
            return
        document = params.get('textDocument') if isinstance(params, dict) else None
        if isinstance(document, dict) and isinstance(document.get('uri'), str):
            self.versions.setdefault(document['uri'], set()).add(document.get('version'))

    # -- answers

    def fault_of_result(self, method, params, result):
        rule = {
            'initialize': self._initialize,
            'textDocument/inlineCompletion': self._inline_completion,
            'gridls/inlineCompletion': self._inline_completion,
            'textDocument/completion': self._completion,
            'textDocument/codeAction': self._code_actions,
            'codeAction/resolve': self._resolved,
            'gridls/refactor': lambda params, result: self._edit(result['edit']),
        }.get(method)
        return rule(params if isinstance(params, dict) else {}, result) if rule else None

    def _initialize(self, params, result):
        told = result['capabilities']
        offered = self.get('general.positionEncodings') or []
        if told.get('positionEncoding', 'utf-16') not in [*offered, 'utf-16']:
            return f'positionEncoding is {told["positionEncoding"]}, which was not offered'
        self.commands = told.get('executeCommandProvider', {}).get('commands', ())
        return None

    def _inline_completion(self, _, result):
        items = result['items'] if isinstance(result, dict) else result or []
        return next(filter(None, map(self.fault_of_item, items)), None)

    def fault_of_item(self, item):
        """Of an inline completion: the range is within a line; clients that show ghost text part
        its lines at \\n, so no \\r may be in it (our contract)."""
        if not isinstance(item['insertText'], str) or '\r' in item['insertText']:
            return 'insertText is no plain text with \\n line ends'
        if 'range' not in item:
            return 'an item has no range'
        if item['range']['start']['line'] != item['range']['end']['line']:
            return 'the range of an item is not within one line'
        return self._command(item.get('command'))

    def _completion(self, _, result):
        items = result['items'] if isinstance(result, dict) else result or []
        for item in items:
            if item.get('insertTextFormat') == 2 and not self.get(
                    'textDocument.completion.completionItem.snippetSupport'):
                return 'a snippet, which the client does not know'
            if 'textEdit' in item and 'range' not in item['textEdit']:
                if not self.get('textDocument.completion.completionItem.insertReplaceSupport'):
                    return 'an InsertReplaceEdit, which the client does not know'
        return None

    def _command(self, command):
        if command and command['command'] not in self.commands:
            return f'the command {command["command"]} is not one that was told'
        return None

    def _code_actions(self, params, result):
        only = (params.get('context') or {}).get('only')
        for action in result or []:
            if isinstance(action.get('command'), str):  # a Command
                fault = self._command(action)
            elif not self.get('textDocument.codeAction.codeActionLiteralSupport'):
                fault = 'a CodeAction, and the client knows nothing but commands'
            else:
                fault = self._code_action(action)
            kind = action.get('kind')
            if not fault and only and kind and not any(
                    wanted in ('', kind) or kind.startswith(wanted + '.') for wanted in only):
                fault = f'an action of the kind {kind}, where only {only} was asked for'
            if fault:
                return fault
        return None

    def _code_action(self, action):
        needs = {'data': 'dataSupport', 'disabled': 'disabledSupport',
                 'isPreferred': 'isPreferredSupport', 'tags': 'tagSupport'}
        for member, capability in needs.items():
            if member in action and not self.get(f'textDocument.codeAction.{capability}'):
                return f'{member} of a code action, without the client\'s {capability}'
        return self._edit(action.get('edit')) or self._command(action.get('command'))

    def _resolved(self, params, result):
        may_change = self.get('textDocument.codeAction.resolveSupport.properties') or []
        for name in set(params) | set(result):
            if params.get(name) != result.get(name) and name not in may_change:
                return f'{name} was changed, and the client resolves {may_change} only'
        return self._code_action(result)

    def _edit(self, edit):
        if edit is None:
            return None
        if 'changes' in edit and 'documentChanges' in edit:
            return 'an edit with both changes and documentChanges'
        if bool(self.get('workspace.workspaceEdit.documentChanges')) != ('documentChanges' in edit):
            return 'an edit in the form that the client does not prefer'
        faults = [_fault_of_edits(edits) for edits in (edit.get('changes') or {}).values()]
        faults += [self._document_change(change) for change in edit.get('documentChanges') or []]
        return next(filter(None, faults), None)

    def _document_change(self, change):
        if 'kind' in change:
            known = self.get('workspace.workspaceEdit.resourceOperations') or []
            return None if change['kind'] in known else f'{change["kind"]} of a file'
        document = change['textDocument']
        told = self.versions.get(document['uri'], {None})
        if document['version'] not in told:
            return f'an edit of version {document["version"]}; the client has told of {told}'
        for edit in change['edits']:
            if 'annotationId' in edit and not self.get(
                    'workspace.workspaceEdit.changeAnnotationSupport'):
                return 'an annotated edit, which the client does not know'
            if 'snippet' in edit and not self.get('workspace.workspaceEdit.snippetEditSupport'):
                return 'a snippet edit, which the client does not know'
        return _fault_of_edits(change['edits'])

    # -- what the server asks

    def fault_of_request(self, method, params):
        needed = {
            'window/showDocument': 'window.showDocument.support',
            'window/workDoneProgress/create': 'window.workDoneProgress',
            'workspace/configuration': 'workspace.configuration',
            # Not workspace/applyEdit: ALE says that it does not know it, and applies the edit.
        }.get(method)
        if needed and not self.get(needed):
            return f'{method}, without the client\'s {needed}'
        if method == 'workspace/applyEdit':
            if 'metadata' in params and not self.get('workspace.workspaceEdit.metadataSupport'):
                return 'metadata of an edit, which the client does not know'
            return self._edit(params['edit'])
        if method == 'client/registerCapability':
            for registration in params['registrations']:
                path = registration['method'].replace('/', '.') + '.dynamicRegistration'
                if not self.get(path):
                    return f'a registration without the client\'s {path}'
        return None
