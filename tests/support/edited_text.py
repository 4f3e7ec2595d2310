"""A text as an editor sees it: places by LSP's positions, edits of its answers applied."""

import re

LINE_END = re.compile('\r\n|\n|\r')
UNITS = {'utf-8': lambda text: len(text.encode()),
         'utf-16': lambda text: len(text.encode('utf-16-le')) // 2,
         'utf-32': len}


class EditedText:
    """A text in the editor's view, in one position encoding."""

    def __init__(self, text, encoding):
        self.text = text
        self.units = UNITS[encoding]

    def place(self, numbers):
        """An offset that has a position: not within a line end."""
        offset = numbers.randrange(len(self.text) + 1)
        return offset - (offset > 0 and self.text[offset - 1:offset + 1] == '\r\n')

    def lines(self):
        """Where each line starts and ends, without its line end."""
        start = 0
        for end in LINE_END.finditer(self.text):
            yield start, end.start()
            start = end.end()
        yield start, len(self.text)

    def position(self, offset):
        for line, (start, end) in enumerate(self.lines()):
            if offset <= end:
                return {'line': line, 'character': self.units(self.text[start:offset])}
        raise AssertionError(f'offset {offset} of {len(self.text)}')

    def offset(self, position):
        """The offset of a position of the daemon's, which must be one exactly."""
        start, end = list(self.lines())[position['line']]
        for offset in range(start, end + 1):
            if self.units(self.text[start:offset]) == position['character']:
                return offset
        raise AssertionError(f'{position} is no place in the text')

    def range(self, start, end):
        return {'start': self.position(start), 'end': self.position(end)}

    def replaced(self, start, end, new):
        return self.text[:start] + new + self.text[end:]

    def applied(self, edits):
        """The text after the edits of a WorkspaceEdit, all of which are of this state."""
        spans = sorted((self.offset(edit['range']['start']), self.offset(edit['range']['end']),
                        edit['newText']) for edit in edits)
        for (_, end, _), (start, _, _) in zip(spans, spans[1:]):
            if start < end:
                raise AssertionError(f'edits overlap: {edits}')
        text = self.text
        for start, end, new in reversed(spans):
            text = text[:start] + new + text[end:]
        return text
