// The package that people install.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EXTENSION, PACKAGE, PICTURES } from './support/workbench.mjs';

const npx = (...args) => spawnSync(process.execPath, args, { cwd: EXTENSION, encoding: 'utf8' });
const bin = name => path.join(EXTENSION, 'node_modules', name);

test('package: the types of all modules agree', () => {
    for (const project of ['.', 'src/view']) {
        const told = npx(bin('typescript/bin/tsc'), '--noEmit', '-p', project);
        assert.equal(told.status, 0, told.stdout);
    }
});

test('package: vsce makes it without a warning, of what it needs and nothing else', () => {
    fs.mkdirSync(PICTURES, { recursive: true });
    const told = npx(bin('@vscode/vsce/vsce'), 'package', '--no-dependencies', '--allow-missing-repository',
                     '--out', PACKAGE);
    assert.equal(told.status, 0, told.stderr);
    assert.doesNotMatch(told.stdout + told.stderr, /warn/i);
    const files = execFileSync('python3', ['-c', 'import sys, zipfile\n' +
        'print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))', PACKAGE], { encoding: 'utf8' });
    const names = files.trim().split('\n').filter(name => name.startsWith('extension/'));
    for (const name of ['LICENSE.txt', 'readme.md', 'package.json', 'dist/extension.js',
                        'dist/page.js', 'dist/NOTICES.txt', 'media/answer.css', 'media/icon.png'])
        assert.ok(names.includes(`extension/${name}`), `${name} is missing`);
    assert.deepEqual(names.filter(name => /node_modules|\.ts$|\.map$|\.sh$|lock/.test(name)), []);
    assert.ok(fs.statSync(PACKAGE).size < 400_000, 'it has grown large');
});

test('package: its licence is the project\'s', () => {
    const read = name => fs.readFileSync(path.join(EXTENSION, name), 'utf8');
    assert.equal(read('LICENSE'), read('../../LICENSE'));
});
