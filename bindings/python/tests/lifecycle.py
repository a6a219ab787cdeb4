"""Counts what a process holds."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path


def threads() -> int:
    """The threads of this process, also those that Python does not know."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208


def descriptors() -> int:
    """The open descriptors of this process, without the one that lists them."""
    return len(list(Path("/proc/self/fd").iterdir())) - 1


def held() -> tuple[int, int]:
    """Threads and descriptors."""
    return threads(), descriptors()


def settled(before: tuple[int, int], seconds: float = 20) -> tuple[int, int]:
    """What is held once it is no more than before, at the latest after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        gc.collect()
        now = held()
        if (now[0] <= before[0] and now[1] <= before[1]) or time.monotonic() > end:
            return now
        time.sleep(0.02)
