"""What child processes do with what they inherit. They import it, however they were started."""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

import keyrotor

PATIENCE_SECONDS = 30

REQUEST: dict[str, Any] = json.loads(os.environ.get("KEYROTOR_TEST_REQUEST", "{}"))
MANAGER: keyrotor.TokenManager | None = None


def manager() -> keyrotor.TokenManager:
    """The process's manager, made at the first call; a forked child has its parent's."""
    global MANAGER  # noqa: PLW0603
    if MANAGER is None:
        MANAGER = keyrotor.TokenManager({"authenticationInfo": REQUEST["authenticationInfo"]})
    return MANAGER


def work(number: int) -> tuple[int, int, bytes]:
    """Uses all of it: the number, who did it, and what the server has."""
    credential = manager().refresh()
    assert manager().token() == credential.secret
    with keyrotor.Client.connect(REQUEST) as client:
        client.execute("SET", f"work:{number}", number)
        return number, os.getpid(), client.execute("GET", f"work:{number}")


def forked(child: Callable[[], None]) -> tuple[int, float]:
    """Forks, and says who the child is and how long that took."""
    begun = time.monotonic()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child()
            status = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(status)
    return pid, time.monotonic() - begun


def outcome(pid: int) -> int:
    """The child's exit status; one that hangs is ended with SIGKILL."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
