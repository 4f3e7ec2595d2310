#!/usr/bin/python3
"""Drives real Neovim in a terminal, with the tests of Vim, and what is its own.

The plugin needs Neovim 0.10; on an older one it says so. There it is let loose all the same, by
g:gridls_old_neovim, so that most of it is tested: not text within a line, which an old one shows over
what stands there, nor what only newer ones have.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_nvim.py
"""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import test_vim  # noqa: E402
from test_vim import PLUGIN, SOURCE, stream  # noqa: E402

VIMRC = """
set background=dark nomodeline shortmess=filnxtToOI laststatus=2 noruler noshowcmd shiftwidth=4
set expandtab nosmarttab backspace=indent,eol,start
set notimeout ttimeout ttimeoutlen=50 noswapfile
set statusline=%f\\ %{v:lua.require'gridls'.statusline()}
let g:gridls_command = [$GRIDLS]
let g:gridls_settings = {'completion': {'debounce_ms': 0}}
let g:gridls_old_neovim = 1
set runtimepath^=$GRIDLS_PLUGIN
"""


def version():
    done = subprocess.run(['nvim', '--version'], stdout=subprocess.PIPE, text=True, check=True)
    return tuple(map(int, done.stdout.split()[1].lstrip('v').split('-')[0].split('.')))


class Nvim:
    """To be put before a class of test_vim."""

    def vim_command(self, extra='', after=''):
        vimrc = self.folder / 'vimrc'
        vimrc.write_text(VIMRC + extra + '\nfiletype plugin indent on\n')
        command = ['nvim', '-u', str(vimrc), '-i', 'NONE', '-n']
        return command + (['-c', after] if after else [])


# An old Neovim shows text within a line over what stands there.
needs_inline_text = unittest.skipIf(version() < (0, 10), 'text within a line needs Neovim 0.10')


class GhostTextTest(Nvim, test_vim.GhostTextTest):
    test_ghost_text_before_the_rest_of_a_line = needs_inline_text(
        test_vim.GhostTextTest.test_ghost_text_before_the_rest_of_a_line)


class ExplainTest(Nvim, test_vim.ExplainTest):
    pass


class RefactorTest(Nvim, test_vim.RefactorTest):
    pass


class PreviewTest(Nvim, test_vim.PreviewTest):
    pass


class ProjectTest(Nvim, test_vim.ProjectTest):
    pass


class CommitTest(Nvim, test_vim.CommitTest):
    pass


class DaemonTest(Nvim, test_vim.DaemonTest):
    pass


class FixTest(Nvim, test_vim.VimTest):
    TEXT = 'int a\nint b;\n'

    def test_what_a_diagnostic_says(self):
        self.upstream.answer(stream('int a;\n'), model='code-prime')
        terminal = self.vim(text=self.TEXT, after=(
            "lua vim.diagnostic.set(vim.api.nvim_create_namespace('test'), 0, {{lnum=0, col=5, "
            "end_lnum=0, end_col=5, severity=1, message='expected a semicolon', source='cc', code='E7'}})"))
        terminal.type(':GridlsFix\r')
        terminal.wait_for('int a;')
        self.assertEqual(self.save(terminal), 'int a;\nint b;\n')
        self.assertIn('expected a semicolon', self.upstream.expect(method='POST').prompt)

    def test_nothing_is_wrong(self):
        terminal = self.vim(text=self.TEXT)
        terminal.type(':GridlsFix\r')
        terminal.wait_for('there is no diagnostic on this line')


class OldNeovimTest(Nvim, test_vim.VimTest):
    @unittest.skipIf(version() >= (0, 10), 'this Neovim is new enough')
    def test_it_says_that_it_needs_a_newer_one(self):
        terminal = self.vim(extra='unlet g:gridls_old_neovim\nset statusline=%f')
        for command in ('GridlsStatus', 'GridlsExplain why', '1,2GridlsRefactor! make them long'):
            terminal.type(f':{command}\r')
            terminal.wait_for('gridls: this Neovim is too old; it needs 0.10 or newer.')
            terminal.keys('Escape')
            terminal.type(':echo "next"\r')
            terminal.wait_for('next')
        terminal.type('ix')
        terminal.keys('Tab')
        self.assertEqual(self.save(terminal), 'x       ' + SOURCE)
        self.assertEqual(self.daemons(terminal), [])

    def test_health(self):
        self.upstream.answer(stream('ready'), times=None, method='POST')
        terminal = self.vim(height=40)
        terminal.type(':checkhealth gridls\r')
        terminal.wait_for('The daemon is gridls ')
        terminal.wait_for('key: accepted')


class FitTest(unittest.TestCase):
    """The pure parts, on cases of which an old one can show only some."""

    def lua(self, code):
        done = subprocess.run(
            ['nvim', '--headless', '-u', 'NONE', '-i', 'NONE', '-n', '--cmd', f'set rtp^={PLUGIN}',
             '-c', f'lua {code}', '-c', 'qa!'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=20, check=False)
        self.assertEqual(done.stdout.strip(), '', code)

    def test_units(self):
        self.lua("""local u = require('gridls.units')
            local line = 'aä€😀b'
            local bytes = {0, 1, 3, 6, 10, 11}
            local units = {['utf-8'] = bytes, ['utf-16'] = {0, 1, 2, 3, 5, 6}, ['utf-32'] = {0, 1, 2, 3, 4, 5}}
            for encoding, wanted in pairs(units) do
              for i, byte in ipairs(bytes) do
                assert(u.of_byte(line, byte, encoding) == wanted[i], encoding .. i)
                assert(u.to_byte(line, wanted[i], encoding) == byte, encoding .. i)
              end
            end
            assert(u.to_byte(line, 99, 'utf-16') == #line)
            assert(u.to_byte(line, 4, 'utf-16') == 6, 'within a pair')""")

    def test_rest(self):
        self.lua("""local fit = require('gridls.fit')
            local item = {text = 'foo(x)', head = 'a = ', tail = ';'}
            assert(fit.rest(item, 'a = ;', 4) == 'foo(x)')
            assert(fit.rest(item, 'a = fo;', 6) == 'o(x)')
            assert(fit.rest(item, 'a = fx;', 6) == '')
            assert(fit.rest(item, 'b = ;', 4) == '')
            assert(fit.rest(item, 'a = )', 4) == '', 'another tail')
            assert(fit.rest(item, 'a = ;', 3) == '', 'before its start')""")

    def test_parts(self):
        self.lua("""local fit = require('gridls.fit')
            assert(fit.word(' foo_1(x)') == ' foo_1')
            assert(fit.word('->x') == '->')
            assert(fit.word('\\n  äb c') == '\\n  äb')
            assert(fit.line('a\\nb') == 'a')
            assert(fit.line('\\nb\\nc') == '\\nb')""")

    def test_accepting_part_leaves_the_rest(self):
        self.lua("""local fit = require('gridls.fit')
            local item = {text = 'foo(x)\\n  y', head = '', tail = ';'}
            local all = fit.accept(item, ');', 0, item.text)
            assert(vim.deep_equal(all.lines, {'foo(x)', '  y;'}) and all.item == nil)
            assert(all.row == 1 and all.column == 3)
            local part = fit.accept(item, ');', 0, 'foo')
            assert(vim.deep_equal(part.lines, {'foo);'}) and part.column == 3)
            assert(fit.rest(part.item, 'foo);', 3) == '(x)\\n  y')""")



if __name__ == '__main__':
    unittest.main()
