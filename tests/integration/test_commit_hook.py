"""git's prepare-commit-msg hook: put into place by gridls, run by real commits."""

import os
import subprocess
import unittest

from tests.support.fake_upstream import FakeUpstream, Stall, error, response, sse_head, stream
from tests.support.scratch import Scratch, gridls

DEADLINE = 30


class HookTest(unittest.TestCase):
    def setUp(self):
        self.scratch = self.enterContext(Scratch())
        self.upstream = FakeUpstream(deadline=DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream.answer(response(200, {'object': 'list', 'data': []}), times=None, method='GET')
        self.scratch.git('init', '-q')
        self.scratch.write('a.txt', 'one\n')
        self.scratch.git('add', 'a.txt')

    def env(self, **more):
        env = self.scratch.env(THEGRID_BASE_URL=self.upstream.base_url, THEGRID_API_KEY='key')
        env['PATH'] = os.path.dirname(gridls()) + ':' + env['PATH']
        return env | more

    def run_in(self, *argv, **env):
        done = subprocess.run(argv, cwd=self.scratch.work, env=self.env(**env), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertNotIn('Sanitizer', done.stderr)
        return done

    def install(self, code=0, **env):
        done = self.run_in(gridls(), 'commit-message', '--install-hook', **env)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def commit(self, *arguments, **env):
        done = self.run_in('git', 'commit', '-q', *arguments, **({'GIT_EDITOR': 'true'} | env))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done

    def last_message(self):
        return self.scratch.git('log', '-1', '--format=%B').strip()

    def test_it_is_installed_and_works(self):
        self.assertIn('.git/hooks/prepare-commit-msg', self.install().stdout)
        self.upstream.answer(stream('Count to one\n\nSomebody has to begin.\n'))
        self.commit()
        self.assertEqual(self.last_message(), 'Count to one\n\nSomebody has to begin.')

    def test_again_is_no_fault(self):
        self.install()
        self.install()

    def test_another_hook_is_left_alone(self):
        hook = self.scratch.write('.git/hooks/prepare-commit-msg', '#!/bin/sh\nexit 0\n')
        done = self.install(1)
        self.assertIn('another hook', done.stderr)
        self.assertEqual(done.stderr.count('\n'), 1)
        self.assertEqual(self.scratch.read(hook), '#!/bin/sh\nexit 0\n')

    def test_a_link_to_nowhere_is_left_alone(self):
        hook = self.scratch.path('.git/hooks/prepare-commit-msg')
        os.makedirs(os.path.dirname(hook), exist_ok=True)
        os.symlink('nowhere', hook)
        self.install(1)
        self.assertEqual(os.readlink(hook), 'nowhere')

    def test_where_git_looks_for_hooks(self):
        self.scratch.git('config', 'core.hooksPath', 'own/hooks')
        self.assertIn('own/hooks/prepare-commit-msg', self.install().stdout)
        self.upstream.answer(stream('Count to one'))
        self.commit()
        self.assertEqual(self.last_message(), 'Count to one')

    def test_in_a_linked_worktree(self):
        self.scratch.git('commit', '-q', '-m', 'Begin')
        self.scratch.git('worktree', 'add', '-q', '-b', 'side', '../linked')
        done = subprocess.run([gridls(), 'commit-message', '--install-hook'],
                              cwd=self.scratch.folder + '/linked', env=self.env(), text=True,
                              capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(os.access(self.scratch.path('.git/hooks/prepare-commit-msg'), os.X_OK))

    def test_no_repository(self):
        done = subprocess.run([gridls(), 'commit-message', '--install-hook'],
                              cwd=self.scratch.home, env=self.env(), text=True,
                              capture_output=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertIn('no git repository', done.stderr)

    def test_not_on_the_path(self):
        """The hook names the program's place then; a shell must take it for one word."""
        self.install(PATH='/usr/bin:/bin')
        self.assertIn(f"'{gridls()}'", self.scratch.read('.git/hooks/prepare-commit-msg'))
        self.upstream.answer(stream('Count to one'))
        self.commit(PATH='/usr/bin:/bin')
        self.assertEqual(self.last_message(), 'Count to one')

    def test_gridls_is_gone(self):
        self.install()
        self.commit('-m', 'By hand', PATH='/usr/bin:/bin')
        self.assertEqual(self.last_message(), 'By hand')
        self.scratch.write('a.txt', 'two\n')
        self.scratch.git('add', 'a.txt')
        self.run_in('git', 'commit', '-q', PATH='/usr/bin:/bin',
                    GIT_EDITOR='sed -i "1iBy editor"')
        self.assertEqual(self.last_message(), 'By editor')

    def test_a_failing_upstream_stops_no_commit(self):
        self.install()
        self.upstream.answer(error(401, 'Bad key'))
        done = self.commit(GIT_EDITOR='sed -i "1iBy hand"')
        self.assertEqual(self.last_message(), 'By hand')
        self.assertIn('Bad key', done.stderr)

    def test_a_slow_upstream_is_not_waited_for(self):
        """Comments keep a call alive for longer than network.idle_timeout_ms: not a commit."""
        self.install()
        self.scratch.write('~/.config/gridls/config.json', '{"network": {"idle_timeout_ms": 1000}}')
        self.upstream.answer([sse_head(), b': still waiting\n\n', Stall()], times=None)
        done = self.commit(GIT_EDITOR='sed -i "1iBy hand"')
        self.assertEqual(self.last_message(), 'By hand')
        self.assertIn('took too long', done.stderr)
        self.assertEqual(self.upstream.count(method='POST'), 1)

    def test_no_key_and_broken_settings_stop_no_commit(self):
        self.install()
        self.commit(GIT_EDITOR='sed -i "1iNo key"', THEGRID_API_KEY='',
                    THEGRID_BASE_URL='https://example.invalid/v1')
        self.assertEqual(self.last_message(), 'No key')
        self.scratch.write('~/.config/gridls/config.json', '{ "base_url": ')
        self.scratch.write('a.txt', 'two\n')
        self.scratch.git('add', 'a.txt')
        self.upstream.answer(error(401, 'Bad key'), times=None)
        self.commit(GIT_EDITOR='sed -i "1iBroken"')
        self.assertEqual(self.last_message(), 'Broken')

    def test_amending_merging_squashing_and_rebasing_are_left_alone(self):
        self.install()
        self.commit('-m', 'Begin')
        self.commit('--amend', '--no-edit')
        self.scratch.git('checkout', '-q', '-b', 'side')
        self.scratch.write('b.txt', 'side\n')
        self.scratch.git('add', 'b.txt')
        self.commit('-m', 'Side')
        self.scratch.git('checkout', '-q', 'main')
        self.scratch.write('c.txt', 'main\n')
        self.scratch.git('add', 'c.txt')
        self.commit('-m', 'Main')
        merged = self.run_in('git', 'merge', '-q', '--no-ff', '--edit', 'side', GIT_EDITOR='true')
        self.assertEqual(merged.returncode, 0, merged.stderr)
        self.assertIn("Merge branch 'side'", self.last_message())
        self.scratch.git('reset', '-q', '--hard', 'HEAD^')
        self.run_in('git', 'merge', '-q', '--squash', 'side')
        self.commit()
        self.assertIn('Squashed commit', self.last_message())
        self.scratch.git('reset', '-q', '--hard', 'HEAD^')
        rebased = self.run_in('git', 'rebase', '-q', '-i', 'side', GIT_EDITOR='true',
                              GIT_SEQUENCE_EDITOR='sed -i s/^pick/reword/')
        self.assertEqual(rebased.returncode, 0, rebased.stderr)
        self.assertEqual(self.last_message(), 'Main')
        self.assertEqual(self.upstream.count(method='POST'), 0)

    def test_lines_that_git_takes_for_comments_stay(self):
        self.install()
        self.upstream.answer(stream('Count to one\n\nSee:\n#7 asks for it\n'))
        self.commit()
        self.assertIn('#7 asks for it', self.last_message())
        self.scratch.git('config', 'core.commentChar', ';')
        self.scratch.write('a.txt', 'two\n')
        self.scratch.git('add', 'a.txt')
        self.upstream.answer(stream('#8: count\n\n; as asked\n'))
        self.commit()
        self.assertEqual(self.last_message(), '#8: count\n\n ; as asked')

    def test_a_template_is_filled_in(self):
        self.install()
        self.scratch.write('.git/template', 'Subject\n\nTicket:\n# say which\n')
        self.scratch.git('config', 'commit.template', self.scratch.path('.git/template'))
        self.upstream.answer(stream('Count to one\n\nTicket: none\n'))
        self.commit()
        self.assertEqual(self.last_message(), 'Count to one\n\nTicket: none')

    def test_a_verbose_commit_keeps_its_diff_below(self):
        self.install()
        self.upstream.answer(stream('Count to one'))
        self.commit('-v', GIT_EDITOR='cp .git/COMMIT_EDITMSG seen; true')
        self.assertEqual(self.last_message(), 'Count to one')
        seen = self.scratch.read('seen')
        self.assertTrue(seen.startswith('Count to one\n'))
        self.assertIn('+one', seen[seen.index('>8'):])

    def test_options_that_do_not_go_together(self):
        done = self.run_in(gridls(), 'commit-message', '--install-hook', '--hook', 'x')
        self.assertEqual(done.returncode, 2)


if __name__ == '__main__':
    unittest.main()
