import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findExecutable } from '../../../../editors/vscode/src/find';

function find(setting: string, path: string, ...files: string[]) {
    return findExecutable(setting, { path, home: '/home/me', isExecutable: file => files.includes(file) });
}

test('unit: the daemon is found on the PATH, in its order', () => {
    assert.deepEqual(find('gridls', '/a:/b:/c', '/b/gridls', '/c/gridls'), { file: '/b/gridls' });
    assert.deepEqual(find('  ', '/a:/b', '/b/gridls'), { file: '/b/gridls' });
});

test('unit: the daemon is taken from an absolute path, and from the home folder', () => {
    assert.deepEqual(find('/opt/gridls', '/a', '/opt/gridls'), { file: '/opt/gridls' });
    assert.deepEqual(find('~/bin/g', '/a', '/home/me/bin/g'), { file: '/home/me/bin/g' });
});

test('unit: nothing relative is followed: it would be a file of the open folder', () => {
    assert.ok('fault' in find('./gridls', '/a', './gridls', '/a/./gridls', '/a/gridls'));
    assert.ok('fault' in find('bin/gridls', '/a', 'bin/gridls', '/a/bin/gridls'));
    assert.ok('fault' in find('gridls', '.::bin', 'gridls', './gridls', 'bin/gridls'));
});

test('unit: what is missing is named', () => {
    assert.match(JSON.stringify(find('gridls', '/a')), /The program gridls is not on the PATH/);
    assert.match(JSON.stringify(find('/opt/gridls', '/a')), /no executable file \/opt\/gridls/);
});
