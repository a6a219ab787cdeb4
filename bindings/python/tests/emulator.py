"""The emulator of these tests, and the requests that lead to it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import keyrotor.testing

REPOSITORY = Path(__file__).parents[3]
SCENARIOS = REPOSITORY / "tests" / "scenarios"
VECTORS = REPOSITORY / "tests" / "vectors"
BASE: dict[str, Any] = json.loads((SCENARIOS / "base.json").read_text())


class Emulator(keyrotor.testing.Emulator):
    """An emulator with the arguments of `base.json`; leaving the `with` ends it."""

    def __init__(self, *arguments: str, region: str | None = None) -> None:
        base = list(BASE["emulator"])
        if region is not None:
            base[base.index("--region") + 1] = region
        super().__init__(arguments=[*base, *arguments])

    def request(self, patch: dict[str, Any] | None = None) -> dict[str, Any]:
        """The base's request with a patch (RFC 7396), on this emulator's port and CA."""
        filled: dict[str, Any] = self._fill(merge(BASE["request"], patch or {}))
        return filled

    def fault(self, name: str, body: dict[str, Any] | None = None) -> None:
        """Breaks something by name."""
        self.faults.set(name, **(body or {}))

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
