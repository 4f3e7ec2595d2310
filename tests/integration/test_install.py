"""editors/install: plugins in their places and away again, and nothing else touched."""

import os
import pathlib
import subprocess
import unittest

from tests.support.scratch import ROOT, Scratch, gridls

DEADLINE = 60
INSTALL = os.path.join(ROOT, 'editors', 'install')


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.home = pathlib.Path(self.scratch.home)

    def run_install(self, *arguments, code=0, **env):
        env = self.scratch.env(XDG_DATA_HOME=str(self.home / 'data')) | env
        done = subprocess.run([INSTALL, *arguments], env=env, cwd=self.scratch.work, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=DEADLINE)
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def left(self):
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob('*')
                      if not path.is_dir() or path.is_symlink())

    def test_vim_finds_the_plugin(self):
        said = self.run_install('vim')
        link = self.home / '.vim/pack/gridls/start/gridls'
        self.assertIn(str(link), said)
        self.assertTrue(os.path.samefile(link, os.path.join(ROOT, 'editors/vim')))
        out = self.home / 'out'
        subprocess.run(
            ['vim', '-i', 'NONE', '-n', '-es', '-N', '--cmd', 'set nocp', '-c', 'runtime! plugin/**/*.vim',
             '-c', 'packloadall', '-c', f'call writefile([exists(":GridlsExplain")], "{out}")',
             '-c', 'qa!'],
            env=self.scratch.env(), stdin=subprocess.DEVNULL, timeout=DEADLINE, check=False)
        self.assertEqual(out.read_text(), '2\n')

    def test_again_and_away(self):
        for name in ('vim', 'nvim', 'emacs'):
            self.run_install(name)
            self.assertIn('is there already', self.run_install(name))
        self.assertEqual(self.left(), ['.emacs.d/lisp/gridls', '.vim/pack/gridls/start/gridls',
                                       'data/nvim/site/pack/gridls/start/gridls'])
        self.run_install('--uninstall', 'vim', 'nvim', 'emacs')
        self.assertEqual(self.left(), [])
        self.assertIn('nothing to take away', self.run_install('--uninstall', 'vim'))

    def test_what_is_not_ours_is_left_alone(self):
        place = self.home / '.vim/pack/gridls/start/gridls'
        place.mkdir(parents=True)
        (place / 'own').write_text('mine')
        self.assertIn('left alone', self.run_install('vim', code=1))
        self.assertIn('left alone', self.run_install('--uninstall', 'vim'))
        self.assertEqual((place / 'own').read_text(), 'mine')

    def test_emacs_loads_it_from_where_it_says(self):
        (self.home / '.config/emacs').mkdir(parents=True)
        said = self.run_install('emacs')
        lines = [line.strip() for line in said.splitlines() if line.strip().startswith('(')]
        self.assertIn('.config/emacs/lisp/gridls', lines[0])
        self.assertEqual(lines[1:], ["(require 'gridls)", '(global-gridls-mode)'])

    def test_the_daemon_is_asked_for_where_it_is_missing(self):
        self.assertIn('not on your PATH', self.run_install('vim', PATH='/usr/bin:/bin'))
        self.assertNotIn('not on your PATH', self.run_install(
            'vim', PATH=os.path.dirname(gridls()) + ':/usr/bin:/bin'))

    def test_wrong_usage(self):
        self.run_install('ed', code=2)


if __name__ == '__main__':
    unittest.main()
