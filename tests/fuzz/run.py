#!/usr/bin/env python3
"""Runs the fuzz targets of a build, two at a time, and counts them.

    tests/fuzz/run.py [--seconds N] BUILD [NAME…]

Without --seconds BUILD is any build, whose targets go through the corpora and through simple changes
of them: the same every time. With it BUILD was set up with -Dfuzz=true, and libFuzzer looks for more
for so long. What makes a target fail is kept in tests/output/, to be put into tests/fuzz/found/NAME/
with a name that says what it was.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import corpus

HERE = os.path.dirname(os.path.abspath(__file__))
OUTPUT = os.path.join(corpus.ROOT, 'tests', 'output')
LONGEST = {'session': 16384, 'diff': 2048, 'position': 1024, 'answer': 4096, 'config': 2048}


def command(options, name, scratch, artifacts):
    """What runs one target, over its corpus and what was found before."""
    folders = [os.path.join(scratch, name)]
    found = os.path.join(HERE, 'found', name)
    if os.path.isdir(found):
        folders.append(found)
    executable = os.path.join(options.build, 'tests', 'fuzz', f'fuzz_{name}')
    if not options.seconds:
        return [executable, *folders]
    new = os.path.join(scratch, f'{name}-new')
    os.mkdir(new)
    return [executable, f'-max_total_time={options.seconds}', '-timeout=20', '-rss_limit_mb=2048',
            f'-max_len={LONGEST.get(name, 8192)}', f'-dict={os.path.join(scratch, "words")}',
            f'-artifact_prefix={artifacts}/{name}-', '-print_final_stats=1', '-verbosity=1',
            new, *folders]


def run(options, name, scratch, artifacts):
    """(ok, the last lines of its output)"""
    result = subprocess.run(command(options, name, scratch, artifacts), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = result.stdout.decode('utf-8', 'backslashreplace').splitlines()
    return result.returncode == 0, lines


def runs_of(lines):
    for line in lines:
        if line.startswith('stat::number_of_executed_units:'):
            return f' ({line.split()[-1]} inputs)'
    return ''


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--seconds', type=int, default=0)
    parser.add_argument('build')
    parser.add_argument('names', nargs='*')
    options = parser.parse_args()
    names = options.names or corpus.targets()
    os.makedirs(OUTPUT, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        artifacts = os.path.join(scratch, 'artifacts')
        os.mkdir(artifacts)
        subprocess.run([sys.executable, os.path.join(HERE, 'corpus.py'), scratch], check=True)
        results = pool.map(lambda name: run(options, name, scratch, artifacts), names)
        for name, (ok, lines) in zip(names, results):
            print(f'{"ok  " if ok else "FAIL"} fuzz: {name}{runs_of(lines)}', flush=True)
            if not ok:
                failed += 1
                print('\n'.join('     ' + line[:400] for line in lines[-60:]), flush=True)
        for name in sorted(os.listdir(artifacts)):
            shutil.copy(os.path.join(artifacts, name), OUTPUT)
            print(f'     kept: tests/output/{name}')
    print(f'{len(names) - failed} passed, {failed} failed')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
