"""A folder of its own for each test: home, runtime and workspace, and an environment that knows no other.

    with Scratch() as scratch:
        scratch.write('a.c', 'int x;\\n')
        run([...], env=scratch.env(THEGRID_API_KEY='k'), cwd=scratch.work)

With GRIDLS_TESTS_KEEP set the folder stays and its name is printed.
"""

import os
import shutil
import stat
import subprocess
import tempfile

# Passed on: what the sanitizers and the search for programs need.
KEPT = ('PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS', 'LD_LIBRARY_PATH')

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def gridls():
    """The executable under test: $GRIDLS, else that of build-test/."""
    return os.path.abspath(os.environ.get('GRIDLS')
                           or os.path.join(ROOT, 'build-test', 'daemon', 'gridls'))


class Scratch:
    def __init__(self):
        # Short, as the paths of sockets are bounded; resolved, as a path may be compared.
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix='gridls-'))
        self.home = os.path.join(self.folder, 'home')
        self.runtime = os.path.join(self.folder, 'run')
        self.work = os.path.join(self.folder, 'w')
        for folder in (self.home, self.runtime, self.work):
            os.mkdir(folder, stat.S_IRWXU)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if os.environ.get('GRIDLS_TESTS_KEEP'):
            print(f'     kept: {self.folder}')
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def env(self, **more):
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env.update(
            HOME=self.home, XDG_CONFIG_HOME=os.path.join(self.home, '.config'),
            XDG_CACHE_HOME=os.path.join(self.home, '.cache'),
            XDG_STATE_HOME=os.path.join(self.home, '.state'), XDG_RUNTIME_DIR=self.runtime,
            TMPDIR=self.runtime, LANG='C.UTF-8', TZ='UTC',
            GIT_CONFIG_NOSYSTEM='1', GIT_AUTHOR_NAME='A', GIT_AUTHOR_EMAIL='a@example.com',
            GIT_COMMITTER_NAME='A', GIT_COMMITTER_EMAIL='a@example.com')
        env.update(more)
        return env

    def path(self, name):
        """In the workspace; `~/…` in the home."""
        if name.startswith('~/'):
            return os.path.join(self.home, name[2:])
        return os.path.join(self.work, name)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return path

    def read(self, name):
        with open(self.path(name), 'rb') as file:
            return file.read().decode()

    def git(self, *arguments):
        return subprocess.run(['git', '-c', 'init.defaultBranch=main', *arguments], cwd=self.work,
                              env=self.env(), check=True, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    @property
    def root(self):
        """The workspace as a URI."""
        return 'file://' + self.work
