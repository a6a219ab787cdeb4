"""The fixtures that pytest finds where keyrotor is installed.

Without an installation, say so in `conftest.py`: `pytest_plugins = ["keyrotor.testing.plugin"]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from keyrotor.testing import Emulator


@pytest.fixture(scope="session")
def keyrotor_config() -> dict[str, Any]:
    """What the emulators of the other fixtures play. Define your own fixture of this name to change it."""
    return {"cache": {}}


@pytest.fixture
def keyrotor_emulator(keyrotor_config: dict[str, Any]) -> Iterator[Emulator]:
    """A cache that checks tokens, fresh for each test."""
    with Emulator(keyrotor_config) as emulator:
        yield emulator


@pytest.fixture
def keyrotor_environment(keyrotor_emulator: Emulator) -> Iterator[dict[str, str]]:
    """The variables that make an application use `keyrotor_emulator`, set for the time of the test."""
    with keyrotor_emulator.in_environment() as environment:
        yield environment
