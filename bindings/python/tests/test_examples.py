"""The examples run as they are shipped."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import keyrotor
import keyrotor.testing
import pytest
from emulator import Emulator
from fastapi.testclient import TestClient
from test_lifecycle import run
from test_requests import protobuf

ROOM = Path(__file__).parents[1]
EXAMPLES = ROOM / "examples"


def demo(request: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    code = f"import runpy, sys; runpy.run_path({str(EXAMPLES / 'demo.py')!r}, run_name='__main__')"
    return run(code, str(request), str(seconds))


def test_the_demo(emulator: Emulator, tmp_path: Path) -> None:
    request = tmp_path / "request"
    request.write_bytes(protobuf("ConnectionRequest", emulator.request()).SerializeToString())
    ended = demo(request, 1)
    assert (ended.returncode, ended.stderr) == (0, "")
    [line] = ended.stdout.splitlines()
    outcome = json.loads(line)
    commands = outcome.pop("commands")
    assert commands > 50
    assert outcome == {"host": "python", "failures": 0, "rotations": 0, "reauths": 0, "reconnects": 0}
    with keyrotor.Client.connect(emulator.request()) as client:
        assert client.execute("GET", "demo:python") == str(commands).encode()


def test_a_demo_that_cannot_connect(tmp_path: Path) -> None:
    request = tmp_path / "request"
    request.write_bytes(b"\xff")
    ended = demo(request, 1)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "config-malformed" in ended.stderr


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_redis_py_example(
    shared_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in shared_emulator.environment.items():
        monkeypatch.setenv(name, value)
    address = f"localhost:{shared_emulator.port}"
    loaded(EXAMPLES / "redis_py.py").main(address, "my-cluster", "iam-user-01", "eu-west-1")
    assert capsys.readouterr().out.startswith("True\n")


def test_the_health_of_the_fastapi_example(emulator: Emulator) -> None:
    with emulator.in_environment():
        app = loaded(EXAMPLES / "fastapi_health.py").app
        with TestClient(app) as client:
            answer = client.get("/health/redis")
            assert answer.status_code == 200, answer.text
            report = answer.json()
            assert 43_000 < report.pop("lease_left_seconds") <= 43_200
            assert datetime.fromisoformat(report.pop("token_expires_at")) > datetime.now(timezone.utc)
            assert report == {
                "auth": "elasticache-iam",
                "token": "fresh",
                "ping": True,
                "identity": "iam-user-01",
            }
            emulator.faults.refuse()
            emulator.faults.kill()
            answer = client.get("/health/redis")
            assert answer.status_code == 503
            assert "refused" in answer.json()["error"]


def test_the_celery_example(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with emulator.in_environment():
        monkeypatch.syspath_prepend(str(EXAMPLES))
        command = ["-m", "celery", "-A", "celery_worker", "worker", "-P", "solo", "--without-mingle"]
        path = os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")])
        with subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as worker:
            try:
                module = loaded(EXAMPLES / "celery_worker.py")
                assert module.app.send_task("celery_worker.add", (1, 2)).get(timeout=30) == 3
            finally:
                worker.terminate()
    assert {login.user for login in emulator.logins()} == {"iam-user-01"}


APPLICATION: dict[str, Any] = {
    "client_id": "00000000-aaaa-0000-0000-00000000c11e",
    "object_id": "00000000-aaaa-0000-0000-000000000b1e",
    "secrets": ["my-secret"],
}


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The id of an Entra tenant that knows the application."""
    with keyrotor.testing.Emulator({"entra": {"applications": [APPLICATION]}}) as emulator:
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", emulator.ready["entra"]["http"])
        yield emulator.ready["entra"]["tenant"]


def test_the_code_of_the_readme(
    shared_emulator: Emulator,
    tenant: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = shared_emulator.request()["authenticationInfo"]["iamCredentials"]["accessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["accessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["secretAccessKey"])
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.chdir(shared_emulator.ca.parent)
    # The part on databases is tried before databases.
    readme = re.sub(r"\n## Databases\n.*?\n(?=## )", "", (ROOM / "README.md").read_text(), flags=re.DOTALL)
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        # What a reader replaces.
        code = (
            block.replace("my-cache.example.com", "localhost")
            .replace("6379", str(shared_emulator.port))
            .replace('"my-cache"', '"my-cluster"')
            .replace('"app"', '"iam-user-01"')
            .replace("my-tenant", tenant)
            .replace("my-app", APPLICATION["client_id"])
            .replace("ca.pem", shared_emulator.ca.name)
        )
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})  # noqa: S102
    assert "keyrotor" in sys.modules
    printed = capsys.readouterr().out
    assert "value" in printed
    assert APPLICATION["object_id"] in printed


def test_a_wrapper_of_ones_own(shared_emulator: Emulator) -> None:
    key = shared_emulator.request()["authenticationInfo"]["iamCredentials"]["accessKey"]
    code = f"import runpy; runpy.run_path({str(EXAMPLES / 'wrapper.py')!r}, run_name='__main__')"
    place = ("localhost", str(shared_emulator.port), "my-cluster", "iam-user-01", "eu-west-1")
    ended = run(
        code,
        *place,
        str(shared_emulator.ca),
        AWS_ACCESS_KEY_ID=key["accessKeyId"],
        AWS_SECRET_ACCESS_KEY=key["secretAccessKey"],
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "greeting: b'hello'",
        "counted: [1, 1]",
        "logged in as b'iam-user-01'",
    ]
    named = [one for one in shared_emulator.record()["connections"] if one["client_name"] == "wrapper"]
    assert [one["relogins"] for one in named] == [0]
