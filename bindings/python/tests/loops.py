"""Runs coroutines on each kind of event loop, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
import uvloop

_Result = TypeVar("_Result")

Loop = Callable[[], asyncio.AbstractEventLoop]

every_loop = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])


def run(loop: Loop, work: Coroutine[Any, Any, _Result]) -> _Result:
    """As `asyncio.run` does, on a loop of this kind; Python 3.10 has no `asyncio.Runner`."""
    running = loop()
    try:
        return running.run_until_complete(work)
    finally:
        running.run_until_complete(running.shutdown_asyncgens())
        running.close()
