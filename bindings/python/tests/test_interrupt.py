"""Waiting: without the GIL, and until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keyrotor
import pytest
from emulator import Emulator


@pytest.fixture
def silent_chain(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS keys that would come from an address where nobody answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/keys"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
        yield


LIMIT = 0.2
"""Seconds that a call may go on after Ctrl-C."""


def ends_soon(call: Callable[[], object]) -> bool:
    """Whether Ctrl-C ends the call in time; the second attempt is for a machine that did something else."""
    return interrupted(call) < LIMIT or interrupted(call) < LIMIT


def interrupted(call: Callable[[], object]) -> float:
    """Presses Ctrl-C during a call, and says how long the call went on after it."""
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.3, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        call()
    ended = time.monotonic()
    timer.join()
    return ended - pressed[0]


@pytest.mark.parametrize("call", ["token", "credential", "refresh"])
def test_b06_ctrl_c_ends_the_wait_for_a_token(silent_chain: None, call: str) -> None:
    configuration = keyrotor.ElastiCache(cluster_name="c", username="u", region="r")
    with keyrotor.TokenManager(configuration) as manager:
        assert ends_soon(getattr(manager, call))


def test_b06_ctrl_c_ends_the_wait_for_a_reply(emulator: Emulator) -> None:
    with keyrotor.Client.connect(emulator.request({"requestTimeout": 20_000})) as client:
        emulator.fault("stall", {"milliseconds": 1500})
        assert ends_soon(lambda: client.execute("SET", "key", 1))
        emulator.fault("stall", {"milliseconds": 1500})
        assert ends_soon(lambda: client.pipeline().execute("INCR", "key").run())
        emulator.fault("clear")
        assert client.execute("SET", "key", 7) == b"OK"
        assert client.execute("GET", "key") == b"7"


def test_b06_ctrl_c_ends_a_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ("127.0.0.1", silent.getsockname()[1])
        assert ends_soon(
            lambda: keyrotor.Client.connect(
                addresses=[address], tls_mode="SecureTls", connection_timeout=20_000
            )
        )


def command_goes_on_for() -> float:
    """How long `python -m keyrotor ping` does after Ctrl-C, which comes when it waits for the server."""
    paths = str(Path(keyrotor.__file__).parents[1])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        request = {
            "addresses": [{"host": "127.0.0.1", "port": silent.getsockname()[1]}],
            "tlsMode": "SecureTls",
            "connectionTimeout": 20_000,
        }
        line = [sys.executable, "-m", "keyrotor", "ping", "--request", "/dev/stdin"]
        with subprocess.Popen(line, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}) as ping:
            assert ping.stdin is not None
            ping.stdin.write(json.dumps(request).encode())
            ping.stdin.close()
            with silent.accept()[0]:
                pressed = time.monotonic()
                ping.send_signal(signal.SIGINT)
                assert ping.wait() == -signal.SIGINT
                return time.monotonic() - pressed


def test_b06_ctrl_c_ends_the_command() -> None:
    assert command_goes_on_for() < LIMIT or command_goes_on_for() < LIMIT


def test_a_handler_that_raises_nothing_ends_nothing(emulator: Emulator) -> None:
    handled: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: handled.append(number))
    try:
        with keyrotor.Client.connect(emulator.request({"requestTimeout": 20_000})) as client:
            emulator.fault("stall", {"milliseconds": 600})
            timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
            timer.start()
            assert client.execute("PING") == b"PONG"
            timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert handled == [signal.SIGUSR1]


def test_others_run_while_one_waits(emulator: Emulator) -> None:
    with keyrotor.Client.connect(emulator.request({"requestTimeout": 20_000})) as client:
        emulator.fault("stall", {"milliseconds": 500})
        thread = threading.Thread(target=client.execute, args=("PING",))
        thread.start()
        steps = 0
        while thread.is_alive():
            steps += 1
            time.sleep(0.001)
        assert steps > 50
