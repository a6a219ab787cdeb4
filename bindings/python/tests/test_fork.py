"""B03: a forked child of a process that used keyrotor goes on, and the parent notices nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from emulator import Emulator
from processes import PATIENCE_SECONDS
from test_lifecycle import run

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"

FORK = """
import json, os, sys
import keyrotor
from processes import forked, outcome

request = json.loads(sys.argv[1])
login = {"authenticationInfo": request["authenticationInfo"]}
manager = keyrotor.TokenManager(login)
client = keyrotor.Client.connect(request)
first = manager.credential()
client.execute("SET", "key", "value")
pubsub = client.pubsub()
pubsub.subscribe("news")
watch, unused = client.watch("key"), client.watch("key")

def refused(call):
    try:
        call()
    except keyrotor.ClosedError as error:
        assert "fork" in str(error), error
    else:
        raise AssertionError("the parent's connection was used")

def child():
    assert manager.credential().secret == first.secret
    assert manager.refresh().generation == first.generation + 1
    refused(lambda: client.execute("PING"))
    refused(pubsub.get)
    refused(lambda: pubsub.get(timeout=1))
    refused(lambda: pubsub.subscribe("more"))
    refused(lambda: watch.execute("GET", "key"))
    refused(lambda: unused.exec(client.pipeline().execute("DEL", "key")))
    assert list(pubsub) == []
    pubsub.close()
    with keyrotor.Client.connect(request) as own:
        assert own.execute("GET", "key") == b"value"
    manager.close()
    client.close()

print("child", outcome(forked(child)[0]))
assert client.execute("GET", "key") == b"value"
client.execute("PUBLISH", "news", "hello")
assert pubsub.get(timeout=20) == keyrotor.Message(b"news", None, b"hello")
for mine in (watch, unused):
    assert mine.execute("GET", "key") == b"value"
    assert mine.exec(client.pipeline().execute("GET", "key")) == [b"value"]
assert manager.refresh().generation == first.generation + 1
print("reconnects", client.stats()["reconnects"])
"""


def test_b03_a_forked_child_goes_on_and_the_parent_notices_nothing(emulator: Emulator) -> None:
    ended = run(FORK, json.dumps(emulator.request()))
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["child 0", "reconnects 0"]
    assert ended.returncode == 0
    assert emulator.record()["totals"]["connections"] == 5


# Both go on with the same event loop, once with nothing under way and once with a call that the server has
# yet to answer.
FORK_IN_A_LOOP = """
import asyncio, json, os, sys
import keyrotor

async def refused(client):
    try:
        await client.execute("SET", "key", "of the child")
    except keyrotor.ClosedError as error:
        return "fork" in str(error)
    return False

async def main():
    client = await keyrotor.AsyncClient.connect(json.loads(sys.argv[1]))
    await client.execute("SET", "key", "value")
    for is_busy in (False, True):
        under_way = None
        if is_busy:
            await client.execute("CLIENT", "PAUSE", 300, "ALL")
            under_way = client.execute("INCR", "counter")
        child = os.fork()
        if child == 0:
            os._exit(0 if await refused(client) else 1)
        _, status = await asyncio.get_running_loop().run_in_executor(None, os.waitpid, child, 0)
        print("child", status, "counter", under_way and await under_way)
        assert await client.execute("GET", "key") == b"value"
    print("reconnects", client.stats()["reconnects"])

asyncio.run(main())
"""


def test_b03_a_forked_child_sends_nothing_on_its_parents_event_loop(emulator: Emulator) -> None:
    ended = run(FORK_IN_A_LOOP, json.dumps(emulator.request()))
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["child 0 counter None", "child 0 counter 1", "reconnects 0"]


# As uWSGI does by default: none of Python's own functions for a fork are called.
FORK_BY_THE_SYSTEM = """
import ctypes, json, os, sys, traceback
import keyrotor
from processes import outcome

request = json.loads(sys.argv[1])
manager = keyrotor.TokenManager({"authenticationInfo": request["authenticationInfo"]})
client = keyrotor.Client.connect(request)
first = manager.credential()
pid = ctypes.PyDLL(None).fork()
if pid == 0:
    status = 1
    try:
        try:
            client.execute("PING")
        except keyrotor.ClosedError as error:
            assert "fork" in str(error), error
        else:
            raise AssertionError("the parent's connection was used")
        assert manager.refresh().generation == first.generation + 1
        with keyrotor.Client.connect(request) as own:
            assert own.execute("SET", "key", "value") == b"OK"
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)
print("child", outcome(pid))
assert client.execute("GET", "key") == b"value"
print("reconnects", client.stats()["reconnects"])
"""


def test_b03_a_fork_that_python_hears_nothing_of(emulator: Emulator) -> None:
    ended = run(FORK_BY_THE_SYSTEM, json.dumps(emulator.request()))
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["child 0", "reconnects 0"]
    assert ended.returncode == 0


# Threads send commands, force refreshes, are told of tokens and read the log, while another forks.
UNDER_LOAD = """
import itertools, json, logging, os, sys, threading, time
import keyrotor
from processes import forked, outcome

request, forks = json.loads(sys.argv[1]), int(sys.argv[2])
numbers, seen, failures, is_over = itertools.count(), [], [], threading.Event()

class Log(logging.Handler):
    def emit(self, record):
        seen.append(record.getMessage())

logging.getLogger("keyrotor").addHandler(Log())
logging.getLogger("keyrotor").setLevel(logging.DEBUG)
manager = keyrotor.TokenManager({"authenticationInfo": request["authenticationInfo"]})
vault = keyrotor.TokenManager(keyrotor.Callback(lambda: ("app", f"secret-{next(numbers)}")))
client = keyrotor.Client.connect(request)
manager.subscribe(seen.append)

def busy(work):
    while not is_over.wait(0.0005):
        try:
            work()
        except keyrotor.Error as error:
            failures.append(repr(error))

def child():
    before = manager.credential().generation
    assert manager.refresh().generation > before
    vault.refresh()
    told = threading.Event()
    with vault.subscribe(lambda _: told.set()):
        assert told.wait(20)
    with keyrotor.Client.connect(request) as own:
        assert own.execute("PING") == b"PONG"
    # Some let go of what they inherited, some merely end.
    if os.getpid() % 2:
        for inherited in (manager, vault, client):
            inherited.close()

works = [lambda: client.execute("INCR", "load"), manager.refresh, vault.refresh, manager.token]
threads = [threading.Thread(target=busy, args=(work,), daemon=True) for work in works]
for thread in threads:
    thread.start()
time.sleep(0.2)
children, durations = [], []
for _ in range(forks):
    pid, took = forked(child)
    durations.append(took)
    children.append(outcome(pid))
is_over.set()
for thread in threads:
    thread.join()
stats = client.stats()
print(json.dumps({
    "children": sorted(set(children)),
    "failures": failures[:3] + [stats["failures"], stats["reconnects"]],
    "slowest": max(durations),
    "busy": len(seen) > forks and stats["commands"] > forks,
}))
"""


def under_load(emulator: Emulator) -> float:
    """Forks under load; how long the slowest fork took."""
    ended = run(UNDER_LOAD, json.dumps(emulator.request()), "20")
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(ended.stdout)
    assert told.pop("slowest") is not None
    assert told == {"children": [0], "failures": [0, 0], "busy": True}
    return float(json.loads(ended.stdout)["slowest"])


def test_b03_forks_under_load_return_soon_and_hurt_nobody(shared_emulator: Emulator) -> None:
    # One repeat: what is measured is the machine too.
    assert under_load(shared_emulator) < 0.05 or under_load(shared_emulator) < 0.05


HELD = """
import json, sys, time
import keyrotor
from processes import forked, outcome

client = keyrotor.Client.connect(json.loads(sys.argv[1]))
client.execute("PING")

def child():
    sys.stdin.read()

pid, _ = forked(child)
client.close()
print("closed", flush=True)
sys.stdin.close()
print("child", outcome(pid))
"""


def test_b03_a_child_does_not_keep_its_parents_connections(emulator: Emulator) -> None:
    with held(HELD, json.dumps(emulator.request())) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "closed\n"
        end = time.monotonic() + PATIENCE_SECONDS
        while emulator.record()["connections"][0]["closed"] is None:
            assert time.monotonic() < end, "the server still has the connection, since the child holds it"
            time.sleep(0.02)
        out, _ = running.communicate("", PATIENCE_SECONDS)
    assert (running.returncode, out) == (0, "child 0\n")


# A request for AWS keys is under way when the process forks; a pair of sockets is the program's own.
UNDER_WAY = """
import os, socket, sys
import keyrotor
from processes import forked, outcome

server = socket.create_server(("127.0.0.1", 0))
own = socket.socketpair()
ready, say = os.pipe()

def opened():
    numbers = [number for number in os.listdir("/proc/self/fd") if os.path.lexists("/proc/self/fd/" + number)]
    return {number: os.readlink("/proc/self/fd/" + number) for number in numbers}

before = opened()
port = server.getsockname()[1]
os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://127.0.0.1:{port}/keys"
manager = keyrotor.TokenManager(keyrotor.ElastiCache(cluster_name="c", username="u", region="r"))
manager.start()
asked, _ = server.accept()
assert asked.recv(9999).startswith(b"GET /keys")

def child():
    now = opened()
    assert all(now[number] == before[number] for number in map(str, (own[0].fileno(), server.fileno(), say)))
    del now[str(asked.fileno())]
    new = [name for number, name in now.items() if before.get(number) != name and name[:6] != "/proc/"]
    os.write(1, f"{sorted(name.partition(':')[0] for name in new)}\\n".encode())
    os.write(say, b"1")
    sys.stdin.read()

pid, _ = forked(child)
os.read(ready, 1)
manager.close()
asked.settimeout(20)
print("the request ends:", asked.recv(9999), flush=True)
print("child", outcome(pid))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no names for descriptors")
def test_b03_a_child_keeps_nothing_of_its_parents_runtime_and_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with held(UNDER_WAY) as running:
        assert running.stdout is not None
        # Its event, its epoll set under two numbers, the mark, the request, and one of a pair of sockets
        # that tokio has for signals; the pair itself stays.
        kept = running.stdout.readline()
        assert kept == f"{['/dev/null'] * 6 + ['socket'] * 2}\n"
        assert running.stdout.readline() == "the request ends: b''\n"
        out, _ = running.communicate("", PATIENCE_SECONDS)
    assert (running.returncode, out) == (0, "child 0\n")


@contextmanager
def held(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Code in an interpreter of its own, whose input stays open until `communicate`."""
    paths = os.pathsep.join([str(Path(sys.modules["keyrotor"].__file__ or "").parents[1]), str(HERE)])
    environment = {**os.environ, "PYTHONPATH": paths}
    line = [sys.executable, "-c", code, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, env=environment, stdin=pipe, stdout=pipe, text=True) as running:
        yield running


SIBLINGS = """
import os, sys
import keyrotor
from processes import forked, outcome

key = keyrotor.AccessKey(access_key_id="AKIDEXAMPLE", secret_access_key="secret")
manager = keyrotor.TokenManager(
    keyrotor.ElastiCache(cluster_name="c", username="u", region="eu-west-1", access_key=key)
)
manager.token()

def child():
    manager.start()
    os.write(1, (manager.status()["next_refresh_at"] + "\\n").encode())

for _ in range(8):
    assert outcome(forked(child)[0]) == 0
"""


def test_t06_b03_siblings_renew_the_token_that_they_inherit_at_moments_of_their_own() -> None:
    ended = run(SIBLINGS)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(ended.stdout.splitlines()) == 8
    assert len(set(ended.stdout.splitlines())) == 8


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_b03_pools_of_multiprocessing(method: str, shared_emulator: Emulator) -> None:
    ended = program("pool.py", shared_emulator, method)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == {"done": 12, "elsewhere": True, "reconnects": 0}


def test_b03_a_prefork_pool_as_celery_has_it(shared_emulator: Emulator) -> None:
    ended = program("billiard_pool.py", shared_emulator)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == {"done": 12, "elsewhere": True, "reconnects": 0}


def program(name: str, emulator: Emulator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of the tests' in an interpreter of its own."""
    code = f"import runpy; runpy.run_path({str(PROGRAMS / name)!r}, run_name='__main__')"
    return run(code, *arguments, KEYROTOR_TEST_REQUEST=json.dumps(emulator.request()))


@contextmanager
def gunicorn(emulator: Emulator, port: int) -> Iterator[subprocess.Popen[str]]:
    """An application that is loaded, and used, before the workers are forked."""
    paths = [str(Path(sys.modules["keyrotor"].__file__ or "").parents[1]), str(HERE), str(PROGRAMS)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "KEYROTOR_TEST_REQUEST": json.dumps(emulator.request()),
    }
    line = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--no-control-socket"]
    line += ["--bind", f"127.0.0.1:{port}", "--log-level", "warning", "preloaded:application"]
    running = subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.terminate()
        running.communicate(timeout=PATIENCE_SECONDS)


def answer(port: int) -> dict[str, object]:
    """What a worker says, once one does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_SECONDS) as response:
                said: dict[str, object] = json.load(response)
                return said
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def test_b03_gunicorn_with_preload(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with gunicorn(emulator, port) as running:
        workers: set[object] = set()
        end = time.monotonic() + PATIENCE_SECONDS
        while len(workers) < 2:
            assert time.monotonic() < end, "only one worker ever answered"
            said = answer(port)
            assert said.pop("generation") == 2, "the parent's token, and one of its own"
            worker = said.pop("pid")
            assert said == {"parent": running.pid, "got": str(worker)}
            workers.add(worker)
        # One that dies in the midst is replaced, and its successor works too.
        os.kill(int(str(workers.pop())), signal.SIGKILL)
        while answer(port)["pid"] in workers:
            assert time.monotonic() < end, "the worker that died was not replaced"
    assert running.returncode == 0
