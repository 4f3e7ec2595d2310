"""What tests share.

A shell that starts the tests in the background has them ignore the signals of the keyboard (POSIX), and
what is ignored stays so across exec: the processes under test would not hear them. Every test imports
something from here before it starts one.
"""

import signal

for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)
