#!/usr/bin/env python3
"""Runs the unit tests of a build and counts the cases.

    tests/support/run_unit.py BUILD_DIR [NAME…]

Meson runs one executable for each test_NAME.c; each tells its cases in TAP, which is counted here. An
executable that ends badly without a failed case (a leak, a signal, a timeout) counts as one failure.
Executables that failed have their output shown.
"""

import json
import os
import re
import subprocess
import sys

CASE = re.compile(r'^\s*(not )?ok \d+ (.*)$')


def count(output):
    """(passed, failed, skipped); cmocka marks a skipped case `not ok N # SKIP name`."""
    passed = failed = skipped = 0
    for line in output.splitlines():
        if match := CASE.match(line):
            if '# SKIP' in match[2]:
                skipped += 1
            elif match[1]:
                failed += 1
            else:
                passed += 1
    return passed, failed, skipped


def main():
    build, names = sys.argv[1], sys.argv[2:]
    log = os.path.join(build, 'meson-logs', 'testlog.json')
    if os.path.exists(log):
        os.remove(log)
    run = subprocess.run(['meson', 'test', '-C', build, '--no-rebuild', '--suite', 'unit', *names],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    if not os.path.exists(log):
        print(run.stdout)
        print('0 passed, 1 failed, 0 skipped')
        sys.exit(1)

    total = [0, 0, 0]
    with open(log, encoding='utf-8') as file:
        results = [json.loads(line) for line in file]
    for result in sorted(results, key=lambda result: result['name']):
        output = result.get('stdout') or ''
        counts = count(output)
        good = result['result'] == 'OK'
        if not good and counts[1] == 0:
            counts = (counts[0], 1, counts[2])
        name = result['name'].split('/')[-1]
        print(f'{"ok  " if good else "FAIL"} unit: {name} ({counts[0]} cases)')
        if not good:
            print(f'     {result["result"]}, exit code {result["returncode"]}')
            for line in (output + (result.get('stderr') or '')).splitlines()[-200:]:
                print(f'     {line}')
        total = [a + b for a, b in zip(total, counts)]
    print('{} passed, {} failed, {} skipped'.format(*total))
    sys.exit(1 if total[1] or not total[0] else 0)


if __name__ == '__main__':
    main()
