import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemonSettings, type Inspected } from '../../../../editors/vscode/src/settings';

function settings(values: Record<string, Inspected>, isTrusted = true) {
    return daemonSettings(Object.keys(values), name => values[name], isTrusted);
}

test('unit: only what is set goes to the daemon, as the object that it takes', () => {
    assert.deepEqual(settings({
        'base_url': {},
        'completion.max_lines': { globalValue: 3 },
        'completion.ahead': { globalValue: false },
        'parameters.explain': { globalValue: { top_p: 0.5 } },
        'instructions': { globalValue: null },
    }), {
        completion: { max_lines: 3, ahead: false },
        parameters: { explain: { top_p: 0.5 } },
    });
});

test('unit: the extension\'s own settings do not go to the daemon', () => {
    assert.deepEqual(settings({ path: { globalValue: '/x' }, enabled: { globalValue: true } }), {});
});

test('unit: what a workspace sets wins where it is trusted, and else counts for nothing', () => {
    const values = { instructions: { globalValue: 'mine', workspaceValue: 'theirs' },
                     answer_language: { workspaceValue: 'tlh' } };
    assert.deepEqual(settings(values), { instructions: 'theirs', answer_language: 'tlh' });
    assert.deepEqual(settings(values, false), { instructions: 'mine' });
});
