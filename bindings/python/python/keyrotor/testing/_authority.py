"""One certificate authority for all emulators of a process: TLS libraries read theirs once and keep them."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

_made: tuple[int, str] | None = None


def folder() -> str:
    """The folder that keeps it, which ends with the process; a forked child has its own."""
    global _made  # noqa: PLW0603
    if _made is None or _made[0] != os.getpid():
        _made = (os.getpid(), tempfile.mkdtemp(prefix="keyrotor-testing-"))
        atexit.register(_remove, *_made)
    return _made[1]


def _remove(process: int, path: str) -> None:
    # A forked child inherits what is registered.
    if process == os.getpid():
        shutil.rmtree(path, ignore_errors=True)
