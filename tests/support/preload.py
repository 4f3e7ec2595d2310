"""Libraries of tests/faults/ that stand before all others in the daemon: what a bad machine does."""

import os
import subprocess

from tests.support.scratch import ROOT


def build(name, folder):
    """Compiles tests/faults/NAME.c into the folder; the library's path."""
    library = os.path.join(folder, name + '.so')
    subprocess.run([os.environ.get('CC', 'cc'), '-std=c11', '-D_GNU_SOURCE', '-Wall', '-Wextra',
                    '-Werror', '-O1', '-g', '-fPIC', '-shared', '-fno-builtin',
                    os.path.join(ROOT, 'tests', 'faults', name + '.c'), '-o', library, '-ldl'],
                   check=True)
    return library


def variables(library, options=''):
    """The daemon's environment. The runtime of the address sanitizer must not mind its place."""
    return {'LD_PRELOAD': library,
            'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0' + options}
