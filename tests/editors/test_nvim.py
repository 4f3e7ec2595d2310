#!/usr/bin/python3
"""What an old Neovim says, and the pure parts of the plugin, headless. test_nvim_trixie.py and
test_nvim_forky.py run the plugin in newer ones.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_nvim.py
"""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from nvim_case import Nvim  # noqa: E402
from vim_case import PLUGIN, SOURCE  # noqa: E402


def version():
    done = subprocess.run(['nvim', '--version'], stdout=subprocess.PIPE, text=True, check=True)
    return tuple(map(int, done.stdout.split()[1].lstrip('v').split('-')[0].split('.')))


@unittest.skipIf(version() >= (0, 10), 'this Neovim is new enough')
class OldNeovimTest(Nvim):
    def test_it_says_that_it_needs_a_newer_one(self):
        terminal = self.vim(extra='set statusline=%f')
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
        terminal = self.vim(height=40, extra='set statusline=%f')
        terminal.type(':checkhealth gridls\r')
        terminal.wait_for('This Neovim is too old; the plugin needs 0.10 or newer.')


class FitTest(unittest.TestCase):
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
