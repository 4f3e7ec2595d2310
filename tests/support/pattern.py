"""JSON with blanks to be filled in, and where a value differs from it.

A pattern is JSON text. An object stands for every object that has at least its members; a list for a
list of the same length. Besides, unquoted:

    <any> <string> <int> <object> <list>   whatever is of that type
    <absent>                               the member is not there
    <rest>                                 last in a list: and any further items
    <=NAME>                                whatever it is, kept under NAME

and within strings `…` stands for any text, so "…" is any string. `exactly` before the pattern takes
objects as they stand, with no further members.
"""

import json
import re

_MARK = '\ue000'
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|<(=?\w+)>')
_TYPES = {'string': str, 'int': int, 'object': dict, 'list': list}


class PatternError(Exception):
    """The pattern itself is wrong."""


def _replace(match):
    return json.dumps(_MARK + match[1]) if match[1] else match[0]


class Pattern:
    def __init__(self, text):
        text = text.strip()
        self.exact = text.startswith('exactly')
        if self.exact:
            text = text[len('exactly'):]
        try:
            self.value = json.loads(_PARTS.sub(_replace, text))
        except ValueError as error:
            raise PatternError(f'{error}: {text}') from None

    def differences(self, value, captures=None):
        """[(path, what was wanted, what is there)], empty where the value fits."""
        found = []
        self._compare(self.value, value, '', {} if captures is None else captures, found)
        return found

    def _compare(self, wanted, value, path, captures, found):
        if isinstance(wanted, str):
            self._compare_text(wanted, value, path, captures, found)
        elif isinstance(wanted, dict) and isinstance(value, dict):
            self._compare_objects(wanted, value, path, captures, found)
        elif isinstance(wanted, list) and isinstance(value, list):
            self._compare_lists(wanted, value, path, captures, found)
        elif type(wanted) is not type(value) or wanted != value:
            found.append((path or 'all', show(wanted), show(value)))

    def _compare_text(self, wanted, value, path, captures, found):
        if not wanted.startswith(_MARK):
            if not isinstance(value, str) or not _text_fits(wanted, value):
                found.append((path or 'all', show(wanted), show(value)))
            return
        word = wanted[1:]
        if word.startswith('='):
            captures[word[1:]] = value
        elif word in _TYPES:
            if not isinstance(value, _TYPES[word]) or isinstance(value, bool):
                found.append((path or 'all', f'<{word}>', show(value)))
        elif word != 'any':
            raise PatternError(f'<{word}> is no pattern here')

    def _compare_objects(self, wanted, value, path, captures, found):
        for key, item in wanted.items():
            below = f'{path}.{key}' if path else key
            if item == _MARK + 'absent':
                if key in value:
                    found.append((below, 'nothing', show(value[key])))
            elif key in value:
                self._compare(item, value[key], below, captures, found)
            else:
                found.append((below, show(item), 'nothing'))
        if self.exact:
            for key in value:
                if key not in wanted:
                    found.append((f'{path}.{key}' if path else key, 'nothing', show(value[key])))

    def _compare_lists(self, wanted, value, path, captures, found):
        open_end = wanted and wanted[-1] == _MARK + 'rest'
        items = wanted[:-1] if open_end else wanted
        if len(value) < len(items) or (len(value) > len(items) and not open_end):
            found.append((path or 'all', f'{len(items)} items', f'{len(value)}: {show(value)}'))
            return
        for position, (item, part) in enumerate(zip(items, value)):
            self._compare(item, part, f'{path}[{position}]', captures, found)


def _text_fits(wanted, value):
    if '…' not in wanted:
        return wanted == value
    return re.fullmatch('.*'.join(map(re.escape, wanted.split('…'))), value, re.S) is not None


def show(value):
    text = json.dumps(value, ensure_ascii=False)
    return re.sub(f'"{_MARK}([^"]*)"', r'<\1>', text)
