"""B03, the part that holds: a forked child of a process that used keyrotor goes on, and hurts nobody."""

from __future__ import annotations

import json

from emulator import Emulator
from test_lifecycle import run

FORK = """
import json, os, sys, time, traceback
import keyrotor

request = json.loads(sys.argv[1])
login = {"authenticationInfo": request["authenticationInfo"]}
manager = keyrotor.TokenManager(login)
client = keyrotor.Client.connect(request)
first = manager.credential()
client.execute("SET", "key", "value")

def child():
    assert manager.credential().secret == first.secret
    assert manager.refresh().generation == first.generation + 1
    try:
        client.execute("PING")
    except keyrotor.ClosedError as error:
        assert "fork" in str(error), error
    else:
        raise AssertionError("the parent's connection was used")
    with keyrotor.Client.connect(request) as own:
        assert own.execute("GET", "key") == b"value"
    manager.close()
    client.close()

start = time.monotonic()
pid = os.fork()
if pid == 0:
    try:
        child()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
print("fast" if time.monotonic() - start < 0.05 else "slow")
print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
assert client.execute("GET", "key") == b"value"
assert manager.refresh().generation == first.generation + 1
print("reconnects", client.stats()["reconnects"])
"""


def test_b03_a_forked_child_goes_on_and_the_parent_notices_nothing(emulator: Emulator) -> None:
    ended = run(FORK, json.dumps(emulator.request()))
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["fast", "child 0", "reconnects 0"]
    assert ended.returncode == 0
    assert emulator.record()["totals"]["connections"] == 2
