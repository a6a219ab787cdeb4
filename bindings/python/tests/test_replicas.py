"""Reads go to the replicas of a primary without cluster mode, from threads and from event loops."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyrotor
import pytest
from keyrotor import AsyncClient, Client

PASSWORD = "made up"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fields(*ports: int) -> dict[str, Any]:
    return {
        "addresses": [("127.0.0.1", port) for port in ports],
        "credentials": {"server_credentials": {"password": PASSWORD}},
        "request_timeout": 10_000,
    }


def says(port: int, section: str, text: str) -> bool:
    try:
        with Client.connect(**fields(port), decode=True) as client:
            return text in client.execute("INFO", section)
    except keyrotor.Error:  # It starts, or loads what its primary sends.
        return False


def until_it_says(port: int, section: str, text: str) -> None:
    end = time.monotonic() + 30
    while not says(port, section, text):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """A primary and a replica in sync with it."""
    primary, replica = free_port(), free_port()
    common = ["--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD, "--masterauth", PASSWORD]
    common += ["--dir", str(tmp_path), "--repl-diskless-sync-delay", "0"]
    commands = [
        ["redis-server", "--port", str(primary), *common],
        ["redis-server", "--port", str(replica), *common, "--replicaof", "127.0.0.1", str(primary)],
    ]
    servers = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    try:
        until_it_says(replica, "replication", "master_link_status:up")
        yield primary, replica
    finally:
        for server in servers:
            server.kill()
            server.wait()


def test_c14_a_replica_is_read_from_and_becomes_the_primary(pair: tuple[int, int]) -> None:
    primary, replica = pair

    async def work() -> None:
        async with await AsyncClient.connect(
            **fields(replica, primary), read_from="PreferReplica", decode=True
        ) as client:
            await client.execute("SET", "key", "value")
            while await client.execute("GET", "key") != "value":
                await asyncio.sleep(0.01)
            assert await asyncio.gather(*(client.execute("GET", "key") for _ in range(20))) == ["value"] * 20
            assert says(replica, "commandstats", "cmdstat_get:")
            assert not says(primary, "commandstats", "cmdstat_get:")
            with Client.connect(**fields(primary)) as old, Client.connect(**fields(replica)) as new:
                new.execute("REPLICAOF", "NO", "ONE")
                old.execute("REPLICAOF", "127.0.0.1", replica)
            assert [await client.execute("INCR", "counter") for _ in range(3)] == [1, 2, 3]
            assert client.stats()["failures"] == 0

    asyncio.run(work())


def test_c14_a_thread_reads_from_the_replica_itself(pair: tuple[int, int]) -> None:
    primary, replica = pair
    with Client.connect(**fields(replica, primary), read_from="PreferReplica", decode=True) as client:
        client.execute("SET", "key", "value")
        while client.execute("GET", "key") != "value":
            time.sleep(0.01)
        assert not says(primary, "commandstats", "cmdstat_get:")
        assert client.pipeline().execute("SET", "other", 1).execute("GET", "other").run() == ["OK", "1"]
        assert says(primary, "commandstats", "cmdstat_get:")
