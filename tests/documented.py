#!/usr/bin/env python3
"""Fails when the method table, what `initialize` advertises and protocol/README.md disagree.

    tests/documented.py GRIDLS
"""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def read(name):
    with open(os.path.join(ROOT, name), encoding='utf-8') as file:
        return file.read()


def rows(text, pattern):
    """The first cells of the Markdown rows that fit."""
    return {match[1] for match in re.finditer(r'^\| `([^`]+)` \|', text, re.M)
            if re.fullmatch(pattern, match[1])}


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


def check_methods(_):
    methods = set(re.findall(r'"(gridls/\w+)"', read('daemon/method.c')))
    return differences('method', methods, rows(read('protocol/README.md'), r'gridls/\w+'),
                       'daemon/method.c', 'protocol/README.md')


def check_standard_methods(_):
    readme = read('protocol/README.md')
    methods = set(re.findall(r'"((?:textDocument|codeAction|workspace)/\w+)"',
                             read('daemon/method.c')))
    requests = {name for name in methods if '/did' not in name}
    return [f'{name} is in daemon/method.c, not in protocol/README.md'
            for name in sorted(requests) if name not in readme]


def check_commands(told):
    commands = set(told['executeCommandProvider']['commands'])
    return differences('command', commands, rows(read('protocol/README.md'), r'gridls\.\w+'),
                       'executeCommandProvider', 'protocol/README.md')


def check_providers(told):
    """What is advertised has a row in the table, and the other way round."""
    methods = read('daemon/method.c')
    providers = {'inlineCompletionProvider': 'textDocument/inlineCompletion',
                 'completionProvider': 'textDocument/completion',
                 'codeActionProvider': 'textDocument/codeAction',
                 'executeCommandProvider': 'workspace/executeCommand'}
    faults = [f'{name} is advertised, and this test does not know its method'
              for name in told if name.endswith('Provider') and name not in providers]
    for name, method in providers.items():
        if (name in told) != (f'"{method}"' in methods):
            faults.append(f'{name} and the row of {method} do not agree')
    return faults


def check_failures(_):
    kinds = set(re.findall(r'\[FAILURE_\w+\] = "(\w+)"', read('daemon/failure.c')))
    section = read('protocol/README.md').split('## Errors')[1].split('\n## ')[0]
    return differences('kind', kinds, rows(section, r'\w+'), 'daemon/failure.c',
                       'protocol/README.md')


CHECKS = {
    'our methods': check_methods,
    'standard methods': check_standard_methods,
    'commands': check_commands,
    'providers': check_providers,
    'kinds of failures': check_failures,
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
