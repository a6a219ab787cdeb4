"""The `keyrotor` command: `python -m keyrotor --help`."""

from __future__ import annotations

import signal
import sys

from keyrotor import _native


def main() -> int:
    """Runs the command that the process's arguments name; the outcome is its exit status."""
    # Python's own handler only notes the signal, for code that is not running now: Ctrl-C is to end the
    # command.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.main(["keyrotor", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
