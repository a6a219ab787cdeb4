"""Runs `keyrotor emulate` with a configuration, and asks its control API."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

REPOSITORY = Path(__file__).parents[2]
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "debug" / "keyrotor"
READY_SECONDS = 30

REGION = "eu-west-1"
KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
USER = "iam-user-01"
CLUSTER = "my-cluster"


def common(**sections: Any) -> dict[str, Any]:
    """A configuration of these sections, with the key and region that the tests use."""
    return {"region": REGION, "keys": [{"id": KEY, "secret": SECRET}], **sections}


def cache(**settings: Any) -> dict[str, Any]:
    """The section of a cache with one user."""
    return {"cluster": CLUSTER, "users": [USER], **settings}


class Emulator:
    """A running emulator; leaving the `with` ends it."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def __enter__(self) -> Self:
        if not BINARY.exists():
            raise RuntimeError(f"{BINARY} is missing; build it with: cargo build -p keyrotor-cli")
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(self.config, file)
            file.flush()
            self.process = subprocess.Popen(
                [BINARY, "emulate", "--config", file.name, "--control", "127.0.0.1:0", "--json"],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the emulator ended at once with {self.process.wait(READY_SECONDS)}")
        self.ready: dict[str, Any] = json.loads(line)
        self.ca: str = self.ready["ca"]
        self.control: str = self.ready["control"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(READY_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def port(self) -> int:
        """The cache's port."""
        return int(self.ready["address"].rpartition(":")[2])

    @property
    def entra(self) -> dict[str, Any]:
        """What the ready line says of Entra: authority, tenant, http, proxy, environments."""
        found: dict[str, Any] = self.ready["entra"]
        return found

    def fault(self, path: str, **body: Any) -> dict[str, Any]:
        """Breaks something: `path` is that of the control API, as in `faults/kill`."""
        return self.ask(path, body)

    def record(self) -> dict[str, Any]:
        """What the emulator saw so far."""
        return self.ask("record")

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """GET, or POST where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(f"http://{self.control}/{path}", data, READY_SECONDS) as response:
                answer: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path}: {error.code} {error.read().decode()}") from error
        return answer
