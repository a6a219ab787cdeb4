"""A real Celery worker: its broker and its results."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keyrotor
import keyrotor.celery
import pytest
import redis
from caches import PATIENCE_SECONDS, eventually
from emulator import Emulator
from kombu.connection import Connection

PROGRAMS = Path(__file__).parent / "programs"
LIVES = {"KEYROTOR_TOKEN_LIFE_SECONDS": "60", "KEYROTOR_LEASE_SECONDS": "5"}


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Sessions end after 10 s, and the environment leads there."""
    with Emulator("--token-life", "60", "--session-limit", "10") as emulator, emulator.in_environment():
        for name, value in LIVES.items():
            monkeypatch.setenv(name, value)
        monkeypatch.syspath_prepend(str(PROGRAMS))
        yield emulator
    sys.modules.pop("worker", None)


def started(app: str, log: Path) -> subprocess.Popen[bytes]:
    """A worker with a pool of two processes."""
    command = ["-m", "celery", "-A", f"worker:{app}", "worker", "-P", "prefork", "-c", "2", "-l", "INFO"]
    path = os.pathsep.join([str(PROGRAMS), os.environ.get("PYTHONPATH", "")])
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, *command, "-n", f"{app}@localhost"],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": path},
        )


@contextmanager
def workers(logs: dict[str, Path]) -> Iterator[None]:
    """Workers from when all are ready, to their end."""
    processes = {app: started(app, log) for app, log in logs.items()}
    try:
        for app, process in processes.items():
            eventually(lambda: "ready." in logs[app].read_text() or process.poll() is not None)  # noqa: B023
            assert process.poll() is None, logs[app].read_text()
        yield
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def test_a_worker_outlasts_its_sessions(emulator: Emulator, tmp_path: Path) -> None:
    logs = {app: tmp_path / app for app in ("ours", "theirs")}
    with workers(logs):
        from worker import add  # noqa: PLC0415

        def sum_of(one: int, other: int) -> int:
            total, process = add.delay(one, other).get(timeout=PATIENCE_SECONDS)
            assert process != os.getpid()
            return int(total)

        assert sum_of(1, 2) == 3
        # One that kombu holds is cut, and its worker begins anew.
        eventually(lambda: "Connection to broker lost" in logs["theirs"].read_text())
        time.sleep(1)
        assert "Connection to broker lost" not in logs["ours"].read_text()
        assert len({one.connection for one in emulator.logins() if one.relogin}) >= 2
        assert sum_of(3, 4) == 7

        # Rotate, kill, use again.
        emulator.faults.refuse(current=True)
        emulator.faults.kill()
        assert sum_of(5, 6) == 11
        emulator.faults.clear()


class NeedsManager(redis.CredentialProvider):
    """What cannot be named in a URL."""

    def __init__(self, manager: keyrotor.TokenManager) -> None:
        self.manager = manager


def broker(emulator: Emulator, provider: str) -> str:
    return f"rediss://localhost:{emulator.port}/0?credential_provider={provider}&ssl_cert_reqs=required"


def test_kombu_calls_a_class_without_arguments(emulator: Emulator) -> None:
    trust = {"ssl": {"ssl_ca_certs": str(emulator.ca), "ssl_cert_reqs": "required"}}

    def send(provider: str) -> Any:
        with Connection(broker(emulator, provider), **trust) as connection:  # type: ignore[no-untyped-call]
            queue = connection.SimpleQueue("kombu")
            queue.put("message")
            message = queue.get(timeout=PATIENCE_SECONDS)
            message.ack()
            queue.close()
            return message.payload

    with pytest.raises(TypeError, match="manager"):
        send(f"{__name__}.NeedsManager")
    assert send("keyrotor.redis.EnvCredentialProvider") == "message"
    assert send("keyrotor.celery.CredentialProvider") == "message"


def test_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALKEY_HOST", "my-cache.example.com")
    monkeypatch.setenv("VALKEY_PORT", "6380")
    monkeypatch.setenv("KEYROTOR_CA", "/etc/ca.pem")
    made = keyrotor.celery.settings(database=2)
    assert made == {
        "broker_url": "rediss://my-cache.example.com:6380/2?ssl_cert_reqs=required&ssl_ca_certs=%2Fetc%2Fca.pem"
        "&credential_provider=keyrotor.celery.CredentialProvider",
        "result_backend": "keyrotor.celery.Backend+rediss://my-cache.example.com:6380/2"
        "?ssl_cert_reqs=required&ssl_ca_certs=%2Fetc%2Fca.pem",
    }
    monkeypatch.setenv("VALKEY_SSL", "false")
    assert keyrotor.celery.settings()["broker_url"].startswith("redis://my-cache.example.com:6380/0?")
