"""Exit codes that the supervisor tells apart."""

STOPPED = 0
FAILED = 1
APP_DOES_NOT_LOAD = 3  # an app process's: the app's code cannot be imported, so starting it again is useless
INTERRUPTED = 130  # the shell's convention for a second Ctrl-C
