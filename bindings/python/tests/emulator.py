"""Runs `keyrotor emulate`, and the requests that lead to it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

from typing_extensions import Self

REPOSITORY = Path(__file__).parents[3]
SCENARIOS = REPOSITORY / "tests" / "scenarios"
VECTORS = REPOSITORY / "tests" / "vectors"
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "debug" / "keyrotor"
BASE: dict[str, Any] = json.loads((SCENARIOS / "base.json").read_text())

READY_SECONDS = 10


class Emulator:
    """A running emulator; leaving the `with` ends it."""

    def __init__(self, *arguments: str, region: str | None = None) -> None:
        base = list(BASE["emulator"])
        if region is not None:
            base[base.index("--region") + 1] = region
        self.arguments = [*base, *arguments]

    def __enter__(self) -> Self:
        if not BINARY.exists():
            raise RuntimeError(f"{BINARY} is missing; build it with: cargo build -p keyrotor-cli")
        self.process = subprocess.Popen(
            [BINARY, "emulate", *self.arguments, "--control", "127.0.0.1:0", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the emulator ended at once with {self.process.wait(READY_SECONDS)}")
        ready = json.loads(line)
        self.port = int(ready["address"].rpartition(":")[2])
        self.ca = Path(ready["ca"])
        self.control: str = ready["control"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(READY_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def request(self, patch: dict[str, Any] | None = None) -> dict[str, Any]:
        """The base's request with a patch (RFC 7396), on this emulator's port and CA."""
        filled: dict[str, Any] = self._fill(merge(BASE["request"], patch or {}))
        return filled

    def fault(self, name: str, body: dict[str, Any] | None = None) -> None:
        """Breaks something by name."""
        self._ask(f"/faults/{name}", json.dumps(body or {}).encode())

    def record(self) -> dict[str, Any]:
        """What the emulator saw so far."""
        return self._ask("/record")

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        address = self.control if "://" in self.control else f"http://{self.control}"
        with urllib.request.urlopen(address + path, body, timeout=READY_SECONDS) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
        return answer

    def _fill(self, value: Any) -> Any:
        match value:
            case dict():
                return {name: self._fill(member) for name, member in value.items()}
            case list():
                return [self._fill(member) for member in value]
            case "$PORT":
                return self.port
            case "$CA":
                return base64.b64encode(self.ca.read_bytes()).decode()
            case "$OTHER_CA":
                return base64.b64encode((SCENARIOS / "other-ca.pem").read_bytes()).decode()
            case _:
                return value


def merge(base: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(base) if isinstance(base, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged
