#!/usr/bin/python3
"""What an old Neovim says, editors/try, and the pure parts of the plugin, headless. test_nvim_trixie.py and
test_nvim_forky.py run the plugin in newer ones.

    GRIDLS=build/daemon/gridls python3 tests/editors/test_nvim.py
"""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from nvim_case import Nvim  # noqa: E402
from vim_case import PLUGIN, SOURCE, TESTS  # noqa: E402
from support import later_debian  # noqa: E402
from support.scratch import Scratch  # noqa: E402
from support.terminal import Terminal  # noqa: E402


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


class TryTest(unittest.TestCase):
    @unittest.skipIf(later_debian.missing('trixie'), 'needs a newer Neovim')
    def test_editors_try_opens_it_on_its_own_source(self):
        scratch = self.enterContext(Scratch())
        path = later_debian.programs('trixie') + ':' + os.environ['PATH']
        terminal = self.enterContext(Terminal(
            [str(TESTS.parent / 'editors' / 'try'), 'nvim'], scratch.env(PATH=path), scratch.work, 100, 32))
        terminal.wait_for('Press Enter to begin', 300)  # It builds, on a machine that may be busy.
        self.assertIn('the sandbox answers', terminal.screen())
        terminal.keys('Enter')
        terminal.wait_for('struct offer_place')
        terminal.type(':39\ro    return offer_')
        terminal.wait_for('gridls sandbox')
        terminal.keys('Tab', 'Escape')
        terminal.type(':Keys\r')
        terminal.wait_for('what is offered stands in grey')
        terminal.keys('Escape')
        terminal.type(':qa!\r')
        terminal.wait_closed()


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

    def test_edits(self):
        self.lua("""local u = require('gridls.units')
            local function edit(text, l1, c1, l2, c2)
              return { newText = text, range = { start = { line = l1, character = c1 },
                ['end'] = { line = l2, character = c2 } } }
            end
            local function check(edits, wanted)
              local after = u.edit({'a😀b', '', 'c'}, edits, 'utf-16')
              assert(vim.deep_equal(after, wanted), vim.inspect(after))
            end
            check({}, {'a😀b', '', 'c'})
            check({edit('x', 0, 3, 0, 4)}, {'a😀x', '', 'c'})
            check({edit('y\\r\\nz', 2, 0, 2, 1), edit('', 0, 0, 1, 0)}, {'', 'y', 'z'})
            check({edit('1', 0, 1, 0, 1), edit('2', 0, 1, 0, 1)}, {'a12😀b', '', 'c'})
            check({edit('d\\n', 3, 0, 3, 0)}, {'a😀b', '', 'c', 'd'})
            check({edit('d', 2, 99, 2, 99)}, {'a😀b', '', 'cd'})
            check({edit('', 0, 0, 3, 0)}, {''})""")

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
