#!/usr/bin/python3
"""Drives real Vim in a terminal, with real keys, against the real daemon and a scripted upstream.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_vim.py
"""

import json
import os
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from plugin_cases import (CommitCases, DaemonCases, ExplainCases, GhostTextCases,  # noqa: E402
                          PreviewCases, RefactorCases)
from vim_case import PLUGIN, SOURCE, VimTest  # noqa: E402
from support.fake_upstream import Wait, stream  # noqa: E402
from support.terminal import wait_until  # noqa: E402


class GhostTextTest(GhostTextCases, VimTest):
    def test_tab_is_a_tab_where_nothing_is_shown(self):
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('O')
        terminal.keys('Tab')
        terminal.type('x')
        self.assertEqual(self.save(terminal), '        x\n' + SOURCE)

    def test_tab_expands_an_abbreviation_where_nothing_is_shown(self):
        self.complete_with_nothing_more()
        terminal = self.vim(extra='iabbrev teh the')
        terminal.type('Oteh')
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), 'the     \n' + SOURCE)

    def test_tab_does_what_another_map_did(self):
        self.complete_with('int shown;')
        self.complete_with_nothing_more()
        terminal = self.vim(extra='inoremap <expr> <Tab> pumvisible() ? "\\<C-n>" : "<mapped>"')
        terminal.type('O')
        terminal.wait_for('int shown;')
        terminal.keys('Tab')
        terminal.wait_cursor(10, 0)
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), 'int shown;<mapped>\n' + SOURCE)

    def test_a_call_in_flight_is_kept_while_typing(self):
        self.upstream.answer(stream(Wait('go'), 'total = first();'), model='code-standard')
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('jo')
        self.upstream.expect(method='POST')
        for typed in ('t', 'to', 'tot'):
            terminal.type(typed[-1])
            terminal.wait_for(lambda screen, typed=typed: f'    {typed}\n' in screen)
        self.upstream.release('go')
        terminal.wait_for('    total = first();')
        self.assertEqual(self.upstream.count(method='POST'), 1)

    def test_an_umlaut_is_not_a_key_of_ours(self):
        self.complete_with_nothing_more()
        terminal = self.vim()
        terminal.type('O// ÜÝÛ')
        self.assertEqual(self.save(terminal), '// ÜÝÛ\n' + SOURCE)

    def test_off_means_no_call(self):
        terminal = self.vim()
        terminal.type(':GridlsToggle\r')
        terminal.wait_for('ghost text is off')
        terminal.type('Oint x;')
        self.assertEqual(self.save(terminal), 'int x;\n' + SOURCE)
        self.assertEqual(self.upstream.count(method='POST'), 0)


class ExplainTest(ExplainCases, VimTest):
    def test_places_in_an_answer_lead_there(self):
        self.upstream.answer(stream('See a.c:6 for the end.'), model='code-prime')
        terminal = self.vim()
        terminal.type(':GridlsExplain\r')
        terminal.wait_for('See a.c:6')
        terminal.keys('C-w', 'j')
        terminal.type('/a.c:6\rgf')
        terminal.wait_for(
            lambda screen: screen.split('\n')[terminal.cursor()[1]] == 'int last(void);')
        terminal.type('x')
        self.assertEqual(self.save(terminal), SOURCE.replace('int last', 'nt last'))


class RefactorTest(RefactorCases, VimTest):
    def test_a_change_inside_ends_it(self):
        self.upstream.answer(stream('long a;\n', Wait('more'), 'long b;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT)
        terminal.type(':1,2GridlsRefactor make them long\r')
        self.upstream.expect(method='POST')
        terminal.type('ggdw')
        terminal.wait_for(lambda screen: screen.startswith('a;'))
        self.upstream.release('more')
        terminal.wait_for('the text has changed meanwhile')
        self.assertEqual(self.save(terminal), 'a;\nint b;\n\nint tail;\n')

    def test_without_an_instruction_it_asks_for_one(self):
        self.upstream.answer(stream('long a;\n'), times=2, model='code-prime')
        terminal = self.vim(text=self.TEXT)
        terminal.type(':1GridlsRefactor\r')
        terminal.wait_for('Rewrite:')
        terminal.type('make it long\r')
        terminal.wait_for('long a;\nint b;')
        self.assertIn('make it long', self.upstream.expect(method='POST').prompt)
        terminal.type('u:1GridlsRefactor\r')
        terminal.keys('Up')
        terminal.wait_for('Rewrite: make it long')
        terminal.keys('Escape')
        terminal.wait_for(lambda screen: 'Rewrite:' not in screen)
        self.assertEqual(self.upstream.count(method='POST'), 1)


class PreviewTest(PreviewCases, VimTest):
    def test_lines_at_the_end(self):
        self.upstream.answer(stream('int a;\nint b;\nint c;\n'), model='code-prime')
        terminal = self.vim(text='int a;\nint b;\n', extra='let g:gridls_preview = 1')
        terminal.type(':%GridlsRefactor add one\r')
        terminal.wait_for('+int c;')
        terminal.type('a')
        terminal.wait_for(lambda screen: '@@' not in screen)
        self.assertEqual(self.save(terminal), 'int a;\nint b;\nint c;\n')


class ProjectTest(VimTest):
    def test_several_files_are_shown_and_taken(self):
        self.complete_with_nothing_more()
        self.write('b.c', 'int b(void)\r\n{\r\n    return total(1);\r\n}\r\n')
        self.upstream.answer(stream(json.dumps({
            'summary': 'Renamed.',
            'edits': [
                {'path': 'a.c', 'search': 'int total(int x)\n', 'replace': 'int sum(int x)\n'},
                {'path': 'b.c', 'search': '    return total(1);\n',
                 'replace': '    return\n        sum(1);\n'},
            ],
            'new_files': []})), model='code-prime')
        terminal = self.vim(text='int total(int x)\n{\n    return x;\n}\n', height=40)
        terminal.type(':GridlsProject rename total to sum\r')
        terminal.wait_for('+int sum(int x)')
        terminal.wait_for('+        sum(1);')
        self.assertNotIn('^M', terminal.screen())
        terminal.type('A')
        terminal.wait_for(lambda screen: screen.startswith('int sum(') and '@@' not in screen)
        terminal.type(':wall\r')
        wait_until(lambda: b'sum' in (self.work / 'b.c').read_bytes(), 'b.c is written')
        self.assertEqual((self.work / 'b.c').read_bytes(),
                         b'int b(void)\r\n{\r\n    return\r\n        sum(1);\r\n}\r\n')
        self.assertEqual(self.save(terminal), 'int sum(int x)\n{\n    return x;\n}\n')


class FixTest(VimTest):
    TEXT = 'int a\nint b;\n'

    def fixed(self, said='', **setup):
        """What the model is asked by :GridlsFix, which must have had its effect."""
        self.upstream.answer(stream('int a;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT, **setup)
        terminal.type(f':GridlsFix {said}\r')
        terminal.wait_for('int a;')
        self.assertEqual(self.save(terminal), 'int a;\nint b;\n')
        return self.upstream.expect(method='POST').prompt

    def test_what_the_quickfix_list_says(self):
        entry = "[{'bufnr': bufnr(), 'lnum': 1, 'col': 6, 'text': \"expected ';'\", 'type': 'E'}]"
        self.assertIn("expected ';'", self.fixed(after=f'call setqflist({entry})'))

    def test_what_ale_says(self):
        item = ("{'lnum': 1, 'col': 6, 'text': 'no semicolon', 'type': 'E', 'linter_name': 'cc', "
                "'code': 'E7'}")
        self.assertIn('no semicolon', self.fixed(
            after=f"let g:ale_buffer_info = {{bufnr(): {{'loclist': [{item}]}}}}"))

    def test_what_a_function_of_the_person_says(self):
        self.assertIn('half a line', self.fixed(extra="let g:Gridls_diagnostics = "
                                                "{bufnr -> [{'lnum': 1, 'text': 'half a line'}]}\n"))

    def test_what_a_person_says(self):
        self.assertIn('a semicolon is missing', self.fixed('a semicolon is missing'))

    def test_nothing_is_wrong(self):
        terminal = self.vim(text=self.TEXT)
        terminal.type(':GridlsFix\r')
        terminal.wait_for('there is no diagnostic on this line')
        self.assertEqual(self.upstream.count(method='POST'), 0)


class CommitTest(CommitCases, VimTest):
    pass


class DaemonTest(DaemonCases, VimTest):
    def test_a_missing_daemon_is_one_message(self):
        terminal = self.vim(after='let g:gridls_command = ["/nowhere/gridls"]')
        terminal.type('Ox')
        terminal.wait_for("there is no program '/nowhere/gridls'")
        self.assertEqual(self.save(terminal), 'x\n' + SOURCE)
        terminal.type('oy')
        terminal.keys('Escape')
        terminal.type(':messages\r')
        terminal.wait_for(lambda screen: ':messages' not in screen
                          and screen.count('there is no program') == 1)

    def test_a_killed_daemon_is_started_again(self):
        self.upstream.answer(stream('It returns ', Wait('never'), 'one.'))
        self.upstream.answer(stream('It works.'))
        terminal = self.vim()
        terminal.type(':GridlsExplain\r')
        terminal.wait_for('It returns')
        daemon, = self.daemons(terminal)
        os.kill(daemon, signal.SIGKILL)
        terminal.wait_for('the daemon has ended')
        wait_until(lambda: self.daemons(terminal) not in ([], [daemon]), 'another daemon runs')
        terminal.type(':GridlsExplain\r')
        terminal.wait_for('It works.')
        terminal.type(':only\r:messages\r')
        terminal.wait_for(lambda screen: 'started again' in screen and screen.count('gridls:') == 1)

    def test_a_message_does_not_stop_the_next_command(self):
        """Without our statusline, so that it is the command by which the plugin's scripts are loaded."""
        self.write('b.c', SOURCE)
        terminal = self.vim(extra='set statusline=%f')
        self.status(terminal)
        terminal.wait_for('gridls: ready')
        terminal.type(':edit b.c\r')
        # A hit-enter prompt would wait with the statusline, too.
        terminal.wait_for(lambda screen: screen.rstrip().split('\n')[-2].strip() == 'b.c')


if __name__ == '__main__':
    unittest.main()
