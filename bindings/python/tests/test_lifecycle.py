"""T12: nothing runs before the first use. T18: nothing is left after the last."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import keyrotor
import pytest
from emulator import BASE, Emulator
from lifecycle import held, settled

REQUEST = {"authenticationInfo": BASE["request"]["authenticationInfo"]}
ROUNDS = 1000

IDLE = """
from lifecycle import held
before = held()
import keyrotor
assert held() == before, ("import", before, held())
managers = [
    keyrotor.TokenManager(keyrotor.ElastiCache(cluster_name="c", username="u")),
    keyrotor.TokenManager(keyrotor.MemoryDB(cluster_name="c", username="u", profile="p")),
    keyrotor.TokenManager(keyrotor.Rds(host="h", port=1, username="u", region="r")),
    keyrotor.TokenManager(keyrotor.Dsql(host="h", region="r")),
    keyrotor.TokenManager(keyrotor.Password(password="p")),
    keyrotor.TokenManager(keyrotor.EntraId(system_assigned_managed_identity=True)),
]
assert [manager.status()["state"] for manager in managers] == ["idle"] * 6
repr(managers)
assert held() == before, ("construction", before, held())
print("idle")
managers[2].start()
assert held() > before, ("start", before, held())
print("started")
"""


def run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code in an interpreter of its own."""
    paths = [str(Path(keyrotor.__file__).parents[1]), str(Path(__file__).parent)]
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_t12_nothing_runs_before_the_first_use(tmp_path: Path) -> None:
    # Whoever opens a pipe that nobody writes to waits for ever; so a read of a file would not go unseen.
    for name in ("config", "credentials"):
        os.mkfifo(tmp_path / name)
    with socket.create_server(("127.0.0.1", 0)) as metadata:
        ended = run(
            IDLE + "import os; os._exit(0)",
            AWS_CONFIG_FILE=str(tmp_path / "config"),
            AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
            AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{metadata.getsockname()[1]}",
        )
        metadata.setblocking(False)
        with pytest.raises(BlockingIOError):
            metadata.accept()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("idle\n")


def closed_manager() -> None:
    with keyrotor.TokenManager(REQUEST) as manager:
        subscription = manager.subscribe(lambda _: None)
        manager.token()
        subscription.close()


def dropped_manager() -> None:
    manager = keyrotor.TokenManager(REQUEST)
    manager.subscribe(lambda _: manager)
    manager.refresh()


@pytest.mark.parametrize("use", [closed_manager, dropped_manager])
def test_t18_managers_leave_nothing(use: Callable[[], None]) -> None:
    # From the first use on, a process keeps a pair of sockets: tokio's, for signals.
    before, pair = held(), 2
    for _ in range(ROUNDS):
        use()
    allowed = (before[0], before[1] + pair)
    assert settled(allowed) <= allowed


@pytest.mark.parametrize("how", ["closed", "dropped"])
def test_t18_clients_leave_nothing(shared_emulator: Emulator, how: str) -> None:
    request = shared_emulator.request()
    before = held()
    for _ in range(ROUNDS):
        client = keyrotor.Client.connect(request)
        assert client.execute("PING") == b"PONG"
        if how == "closed":
            client.close()
        del client
    assert settled(before) <= before


def test_t18_a_closed_client_has_no_connection(emulator: Emulator) -> None:
    before = held()
    client = keyrotor.Client.connect(emulator.request())
    assert held() > before
    client.close()
    end = time.monotonic() + 5
    while emulator.record()["connections"][0]["closed"] is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    with pytest.raises(keyrotor.ClosedError):
        client.execute("PING")
    del client
    assert settled(before) <= before


def test_t18_a_closed_client_that_is_kept_holds_nothing(emulator: Emulator) -> None:
    # The first runtime of a process opens a pair of sockets for signals, which tokio keeps.
    alone = held()
    keyrotor.Client.connect(emulator.request()).close()
    before = settled((alone[0], alone[1] + 2))
    client = keyrotor.Client.connect(emulator.request())
    client.close()
    assert settled(before, 2) <= before
    del client


def test_t18_failed_connects_leave_nothing(shared_emulator: Emulator) -> None:
    request = shared_emulator.request({"requestTimeout": 100, "rootCerts": None})
    before = held()
    for _ in range(20):
        with pytest.raises(keyrotor.NetworkError):
            keyrotor.Client.connect(request)
    assert settled(before) <= before


def test_close_ends_the_calls_that_wait(emulator: Emulator) -> None:
    client = keyrotor.Client.connect(emulator.request({"requestTimeout": 3000}))
    emulator.fault("stall", {"milliseconds": 3000})
    outcome: list[BaseException] = []

    def wait() -> None:
        try:
            client.execute("PING")
        except keyrotor.Error as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    while client.stats()["in_flight"] == 0:
        time.sleep(0.01)
    time.sleep(0.2)  # It is counted before it is sent.
    client.close()
    closed = time.monotonic()
    thread.join(5)
    assert not thread.is_alive()
    assert time.monotonic() - closed < 1
    assert [type(error) for error in outcome] == [keyrotor.ClosedError]


UNTIDY = """
import json, sys, threading, time
import keyrotor
client = keyrotor.Client.connect(sys.argv[1])
manager = keyrotor.TokenManager(keyrotor.ElastiCache(cluster_name="c", username="u", region="r",
    access_key=keyrotor.AccessKey(access_key_id="A", secret_access_key="S")))
def busy(work):
    while True:
        work()
manager.subscribe(lambda credential: time.sleep(0.001))
for work in (lambda: client.execute("INCR", "untidy"), manager.token, manager.refresh):
    threading.Thread(target=busy, args=(work,), daemon=True).start()
time.sleep(0.3)
print("done")
"""


# When the interpreter ends, coroutines on a loop of another thread wait for tokens that a function gives.
UNTIDY_LOOP = """
import asyncio, itertools, sys, threading, time
import keyrotor
numbers = itertools.count()
def login():
    time.sleep(0.002)
    return "app", f"secret-{next(numbers)}"
manager = keyrotor.TokenManager(keyrotor.Callback(login))
async def busy():
    while True:
        await manager.refresh_async()
async def main():
    await asyncio.gather(*(busy() for _ in range(10)))
threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()
time.sleep(0.3)
print("done")
"""


@pytest.mark.parametrize("code", [UNTIDY, UNTIDY_LOOP])
def test_an_interpreter_that_ends_in_the_midst_ends_quietly(shared_emulator: Emulator, code: str) -> None:
    for _ in range(5):
        ended = run(code, json.dumps(shared_emulator.request()))
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


SUBINTERPRETER = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
if sys.argv[1] == "main first":
    import keyrotor
code = '''
try:
    import keyrotor
except ImportError as error:
    assert "interpreter" in str(error), error
else:
    raise AssertionError("it was imported")
'''
for _ in range(2):
    other = interpreters.create()
    failed = interpreters.run_string(other, code)
    assert failed is None, failed
    interpreters.destroy(other)
import keyrotor
with keyrotor.TokenManager(keyrotor.Password(password="p")) as manager:
    print(manager.token())
"""


@pytest.mark.parametrize("first", ["main first", "other first"])
def test_b01_another_interpreter_of_the_process_is_refused(first: str) -> None:
    ended = run(SUBINTERPRETER, first)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "p\n", "")
