"""What the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator import Emulator, cache, common


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A fresh cache of one user, in front of a server of its own."""
    with Emulator(common(cache=cache())) as running:
        yield running
