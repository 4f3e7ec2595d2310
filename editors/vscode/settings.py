#!/usr/bin/env python3
"""Writes the daemon's settings into package.json, as the daemon's own table has them.

    editors/vscode/settings.py GRIDLS           writes them
    editors/vscode/settings.py --check GRIDLS   fails where package.json does not agree with the table
"""

import json
import os
import subprocess
import sys

MANIFEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'package.json')
TITLE = 'gridls: the daemon'
SHORT = 120


def is_for_workspaces(row):
    """Whether a workspace may set it, too. Not `ignore`, which could give secrets free."""
    return row['project'] and row['name'] != 'ignore'


def description(row):
    text = row['description'][0].upper() + row['description'][1:] + '.'
    built_in = json.dumps(row['default'], separators=(',', ':'))
    # Of these the value is added to what is built in, so it is not their default.
    if row['type'] in ('array', 'object') and row['default'] and len(built_in) <= SHORT:
        text += f' Built in: `{built_in}`.'
    return text


def property_of(row, order):
    found = {key: row[key] for key in ('type', 'items', 'enum', 'minimum', 'maximum') if key in row}
    if row['type'] in ('array', 'object'):
        found['default'] = [] if row['type'] == 'array' else {}
    elif row['default'] is None:
        found.update(type=[row['type'], 'null'], default=None)
    else:
        found['default'] = row['default']
    if row['name'] == 'instructions':
        found['editPresentation'] = 'multilineText'
    found.update(scope='window' if is_for_workspaces(row) else 'machine', order=order,
                 markdownDescription=description(row))
    return found


def with_settings(manifest, table):
    """The manifest as it should be. A key has no setting: it lies in the secret storage."""
    rows = [row for row in table if not row['secret']]
    groups = [group for group in manifest['contributes']['configuration'] if group['title'] != TITLE]
    groups.append({'title': TITLE, 'properties': {
        f'gridls.{row["name"]}': property_of(row, order) for order, row in enumerate(rows)}})
    manifest['contributes']['configuration'] = groups
    manifest['capabilities']['untrustedWorkspaces']['restrictedConfigurations'] = [
        f'gridls.{row["name"]}' for row in rows if is_for_workspaces(row)]
    return manifest


def main():
    gridls = sys.argv[-1]
    table = json.loads(subprocess.run([gridls, 'config', '--table'], check=True, timeout=30,
                                      stdout=subprocess.PIPE).stdout)
    with open(MANIFEST, encoding='utf-8') as file:
        before = file.read()
    after = json.dumps(with_settings(json.loads(before), table), indent=2, ensure_ascii=False) + '\n'
    if '--check' in sys.argv:
        if before != after:
            sys.exit('editors/vscode/package.json is out of date: run editors/vscode/settings.py GRIDLS')
        return
    with open(MANIFEST, 'w', encoding='utf-8') as file:
        file.write(after)


if __name__ == '__main__':
    main()
