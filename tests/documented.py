#!/usr/bin/env python3
"""Fails when the code, what `initialize` advertises and the READMEs of the two layers disagree.

    tests/documented.py GRIDLS
"""

import ast
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

import manual

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(name):
    with open(os.path.join(ROOT, name), encoding='utf-8') as file:
        return file.read()


def table(text, heading):
    """The rows of the Markdown tables below a heading: the first cell's name, the other cells."""
    section = text.split(f'\n## {heading}\n')[1].split('\n## ')[0]
    found = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip('|').split(' | ')]
        if match := re.fullmatch(r'`([^`]+)`', cells[0]):
            found[match[1]] = cells[1:]
    return found


def names_in(cell):
    """The members that a cell of params names, the marks of optional ones taken off."""
    return {name.rstrip('?') for name in re.findall(r'`([^`]+)`', cell)}


def capabilities(gridls):
    """What a client is told that asks for all there is."""
    body = json.dumps({'jsonrpc': '2.0', 'id': 1, 'method': 'initialize', 'params': {
        'processId': None, 'rootUri': None, 'capabilities': {},
        'initializationOptions': {'completion': {'menu': True}}}}).encode()
    output = subprocess.run([gridls], input=b'Content-Length: %d\r\n\r\n' % len(body) + body,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30).stdout
    return json.loads(output.split(b'\r\n\r\n', 1)[1].split(b'Content-Length')[0])['result'][
        'capabilities']


def differences(what, first, second, first_name, second_name):
    return [f'{what} {name} is in {first_name}, not in {second_name}'
            for name in sorted(first - second)] + [
            f'{what} {name} is in {second_name}, not in {first_name}'
            for name in sorted(second - first)]


def methods():
    """The rows of the method table: name, and whether it is a request or a notification."""
    rows = re.findall(r'(?:(REQUEST|ABOUT_DOCUMENT|NOTIFICATION)\("([^"]+)"|'
                      r'\{\.name = "([^"]+)"(.*?)\},)',
                      read('daemon/method.c'), re.S)
    kinds = {'REQUEST': 'request', 'ABOUT_DOCUMENT': 'request', 'NOTIFICATION': 'notification'}
    return {macro_name or name: (kinds.get(macro) or
                                 ('request' if '.on_request' in rest else 'notification'))
            for macro, macro_name, name, rest in rows}


def check_methods(_):
    documented = table(read('protocol/README.md'), 'What an editor may send')
    known = methods()
    faults = differences('method', set(known), set(documented),
                         'daemon/method.c', 'protocol/README.md')
    for name, cells in documented.items():
        if not name.startswith('gridls/') and known.get(name) != cells[0]:
            faults.append(f'{name} is a {known.get(name)}, documented as a {cells[0]}')
    return faults


def check_params(_):
    """What a request of ours takes, by its field table; tokens are documented for all at once."""
    fields = dict(re.findall(r'json_field lsp_(\w+)_fields\[\] = \{(.*?)END',
                             read('protocol/lsp.c'), re.S))
    documented = table(read('protocol/README.md'), 'What an editor may send')
    faults = []
    for name in ('explain', 'refactor', 'commit_message'):
        taken = set(re.findall(r'(?:ROW|FLAT)\("(\w+)"', fields[name])) - {
            'workDoneToken', 'partialResultToken'}
        method = 'gridls/' + re.sub(r'_(\w)', lambda match: match[1].upper(), name)
        faults += differences(f'{method}:', taken, names_in(documented.get(method, [''])[0]),
                              'protocol/lsp.c', 'protocol/README.md')
    return faults


def check_states(_):
    states = set(re.findall(r'\[UPSTREAM_\w+\] = "(\w+)"', read('daemon/upstream.c')))
    documented = set(table(read('protocol/README.md'), 'States'))
    return differences('state', states, documented, 'daemon/upstream.c', 'protocol/README.md')


def check_sent(_):
    """What gridls sends by itself; cli_client.c is a client."""
    sent = set()
    for path in glob.glob(os.path.join(ROOT, 'daemon', '**', '*.c'), recursive=True):
        if os.path.basename(path) != 'cli_client.c':
            sent |= set(re.findall(r'(?:rpc_begin_notification|outgoing_begin)\([^;"]*"([^"]+)"',
                                   read(os.path.relpath(path, ROOT))))
    documented = table(read('protocol/README.md'), 'What gridls sends')
    return differences('message', sent, set(documented), 'daemon/', 'protocol/README.md')


def check_files(_):
    """Each source is named by the table of its layer's README, alone, by `NAME*` or by its folder,
    and each name there is of a source."""
    faults = []
    for layer in ('protocol', 'daemon'):
        first_table = re.search(r'(?:^\|.*\n)+', read(f'{layer}/README.md'), re.M)[0]
        patterns = {name.removesuffix('.c') for line in first_table.splitlines()
                    for name in re.findall(r'`([\w/*.]+)`', line.split(' | ')[0])}
        sources = {os.path.relpath(path, os.path.join(ROOT, layer))[:-len('.c')]
                   for path in glob.glob(os.path.join(ROOT, layer, '**', '*.c'), recursive=True)}
        used = {pattern: [source for source in sources if fnmatch.fnmatchcase(
                    source, pattern + '*' if pattern.endswith('/') else pattern)]
                for pattern in patterns}
        faults += [f'{layer}/README.md names {pattern}, which is no source'
                   for pattern, found in sorted(used.items()) if not found and pattern not in
                   ('services', 'session')]
        named = {source for found in used.values() for source in found}
        faults += [f'{layer}/{source}.c is in no row of {layer}/README.md'
                   for source in sorted(sources - named)]
    return faults


def check_commands(told):
    commands = set(told['executeCommandProvider']['commands'])
    return differences('command', commands, set(table(read('protocol/README.md'), 'Commands')),
                       'executeCommandProvider', 'protocol/README.md')


def check_providers(told):
    """What is advertised has a row in the table, and the other way round."""
    sync = told['textDocumentSync']
    advertised = {
        'textDocument/didOpen': sync['openClose'],
        'textDocument/didClose': sync['openClose'],
        'textDocument/didChange': sync['change'],
        'textDocument/didSave': 'save' in sync,
        'textDocument/inlineCompletion': 'inlineCompletionProvider' in told,
        'textDocument/completion': 'completionProvider' in told,
        'textDocument/codeAction': 'codeActionProvider' in told,
        'codeAction/resolve': told.get('codeActionProvider', {}).get('resolveProvider'),
        'workspace/executeCommand': 'executeCommandProvider' in told,
        'workspace/didChangeWorkspaceFolders':
            told['workspace']['workspaceFolders']['changeNotifications'],
    }
    served = {name for name in methods()
              if name.startswith(('textDocument/', 'codeAction/', 'workspace/'))}
    served.discard('workspace/didChangeConfiguration')  # registered for later
    faults = [f'{name} is advertised, and this test does not know its method' for name in told
              if name.endswith('Provider') and name not in (
                  'inlineCompletionProvider', 'completionProvider', 'codeActionProvider',
                  'executeCommandProvider')]
    return faults + differences('method', {name for name, is_told in advertised.items() if is_told},
                                served, 'the capabilities', 'daemon/method.c')


def check_failures(_):
    kinds = set(re.findall(r'\[FAILURE_\w+\] = "(\w+)"', read('daemon/failure.c')))
    return differences('kind', kinds, set(table(read('protocol/README.md'), 'Errors')),
                       'daemon/failure.c', 'protocol/README.md')


def check_manual(_):
    return manual.faults()


def check_vscode_settings(_):
    done = subprocess.run([sys.executable, os.path.join(ROOT, 'editors/vscode/settings.py'), '--check',
                           sys.argv[1]], stderr=subprocess.PIPE, text=True, timeout=30)
    return done.stderr.splitlines() if done.returncode else []


def find_tests(name):
    """The files of a name below tests/."""
    return glob.glob(os.path.join(ROOT, 'tests', '**', name), recursive=True)


def has_method(path, name):
    """Whether a Python file has Class.method; a base class in the same file counts."""
    with open(path, encoding='utf-8') as file:
        classes = {node.name: node for node in ast.parse(file.read()).body
                   if isinstance(node, ast.ClassDef)}
    waiting, (_, _, method) = [name.partition('.')[0]], name.partition('.')
    while waiting:
        node = classes.get(waiting.pop())
        if not node:
            continue
        if method in [item.name for item in node.body if isinstance(item, ast.FunctionDef)]:
            return True
        waiting += [base.id for base in node.bases if isinstance(base, ast.Name)]
    return False


def is_test(name):
    """`x.transcript`, `fuzz_x.c`, `test_x.c function` or `test_x.py Class.method`."""
    file, _, inner = name.partition(' ')
    paths = find_tests(file)
    if file.endswith('.py'):
        return any(has_method(path, inner) for path in paths)
    if inner:
        return any(re.search(rf'(?:cmocka_unit_test\w*|TEST)\({re.escape(inner)}\b',
                             read(os.path.relpath(path, ROOT))) for path in paths)
    return bool(paths) and not file.startswith('test_')


def check_traces(_):
    """Each row of the tables of what others do ends with the tests that hold us to it."""
    faults = []
    for path in sorted(glob.glob(os.path.join(ROOT, 'tests', '*.md'))):
        name = os.path.basename(path)
        for number, line in enumerate(read(os.path.relpath(path, ROOT)).splitlines(), 1):
            if not line.startswith('| ') or re.match(r'\| (?:-|.* \| tests? \|$)', line):
                continue
            tests = re.findall(r'`([^`]+)`', line.strip('| ').split(' | ')[-1])
            if not tests:
                faults.append(f'tests/{name}:{number} names no test')
            faults += [f'tests/{name}:{number} names {test}, which is no test'
                       for test in tests if not is_test(test)]
    return faults


CHECKS = {
    'methods': check_methods,
    'params': check_params,
    'states': check_states,
    'messages sent': check_sent,
    'commands': check_commands,
    'providers': check_providers,
    'kinds of failures': check_failures,
    'files': check_files,
    'settings of VS Code': check_vscode_settings,
    'manual page': check_manual,
    'traces': check_traces,
}


def main():
    told = capabilities(sys.argv[1])
    failed = 0
    for name, check in CHECKS.items():
        faults = check(told)
        print(f'{"FAIL" if faults else "ok  "} documented: {name}')
        for fault in faults:
            print(f'     {fault}')
        failed += bool(faults)
    print(f'{len(CHECKS) - failed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
