"""The plan's faults, made at the emulator."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from emulator import Emulator

from chaos.plan import Fault, Step

PATIENCE = 60.0


def play(emulator: Emulator, step: Step) -> None:
    """Breaks what the step says, and mends it when its time is over."""
    end = time.monotonic() + step.lasts
    for fault in step.faults:
        _make(emulator, fault, step.node)
    time.sleep(max(0, end - time.monotonic()))
    emulator.faults.clear()


def _make(emulator: Emulator, fault: Fault, node: int | None) -> None:
    if fault.one_in:
        for connection in open_connections(emulator, node)[:: fault.one_in]:
            emulator.faults.set(fault.name, connection=connection)
    elif fault.name == "node":
        _die(emulator, fault.body["node"])
    elif fault.name == "failover":
        emulator.faults.set(fault.name, **fault.body)
    else:
        emulator.faults.set(fault.name, **fault.body, node=node)


def open_connections(emulator: Emulator, node: int | None = None) -> list[int]:
    """In the order in which they were made."""
    connections = emulator.record()["connections"]
    return [one["id"] for one in connections if one["closed"] is None and node in {None, one["node"]}]


def _die(emulator: Emulator, node: int) -> None:
    """Until the cluster has got over it."""
    before = _nodes(emulator)
    was = before[node]
    emulator.faults.set("node", node=node, up=False)
    if was["role"] == "primary":
        (heir,) = (n for n, one in enumerate(before) if one["shard"] == was["shard"] and n != node)
        _until(lambda: _nodes(emulator)[heir]["role"] == "primary")
    emulator.faults.set("node", node=node, up=True)
    _until(lambda: _nodes(emulator)[node]["role"] == "replica")


def _nodes(emulator: Emulator) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = emulator.ask("/cluster")["nodes"]
    return nodes


def _until(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < end, "the cluster does not get over it"
        time.sleep(0.05)
