"""`AsyncClient` on a cluster: commands go to their nodes from the loop itself, and on from there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import keyrotor
import pytest
from emulator import Emulator
from keyrotor import AsyncClient, Routing
from loops import Loop, every_loop, run

KEYS = [f"key-{number}" for number in range(300)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Emulator]:
    with Emulator("--shards", "3") as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def healthy(cluster: Emulator) -> Iterator[None]:
    yield
    cluster.faults.clear()


async def connect(cluster: Emulator) -> AsyncClient:
    return await AsyncClient.connect(cluster.request({"cluster_mode_enabled": True}))


async def together(call: Callable[[str], Awaitable[Any]]) -> list[Any]:
    return await asyncio.gather(*(call(key) for key in KEYS))


async def owners(client: AsyncClient, slot: int) -> tuple[list[tuple[Routing, bytes]], int]:
    """The primaries with their ids, and which of them has the slot."""
    nodes = []
    owner = 0
    for first, last, (host, port, name, *_), *_ in await client.execute("CLUSTER", "SLOTS"):
        nodes.append((Routing.address(host.decode(), port), name))
        if first <= slot <= last:
            owner = len(nodes) - 1
    return nodes, owner


@every_loop
def test_b09_each_reply_goes_to_its_caller(cluster: Emulator, loop: Loop) -> None:
    async def main() -> None:
        async with await connect(cluster) as client:
            await together(lambda key: client.execute("SET", key, key))
            assert await together(lambda key: client.execute("GET", key)) == [key.encode() for key in KEYS]
            assert await client.execute("MGET", *KEYS[:9]) == [key.encode() for key in KEYS[:9]]
            assert await client.execute("PING") == b"PONG"

    run(loop, main())


def test_c14_a_slot_that_moves_is_followed(cluster: Emulator) -> None:
    async def main() -> None:
        async with await connect(cluster) as client:
            slot = await client.execute("CLUSTER", "KEYSLOT", "moving")
            nodes, owner = await owners(client, slot)
            (_, name) = nodes[(owner + 1) % 3]
            for node, _ in nodes:
                await client.execute_on(node, "CLUSTER", "SETSLOT", slot, "NODE", name)
            replies = [client.execute("INCR", "moving") for _ in range(100)]
            # Which of them ran first is for the nodes to say: some were sent on.
            assert sorted(await asyncio.gather(*replies)) == list(range(1, 101))
            assert await client.execute("GET", "moving") == b"100"

    asyncio.run(main())


def test_c14_a_key_that_has_moved_on_is_asked_for_where_it_went(cluster: Emulator) -> None:
    async def main() -> None:
        async with await connect(cluster) as client:
            slot = await client.execute("CLUSTER", "KEYSLOT", "halfway")
            nodes, owner = await owners(client, slot)
            (source, source_name), (target, target_name) = nodes[owner], nodes[(owner + 1) % 3]
            await client.execute_on(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", source_name)
            await client.execute_on(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", target_name)
            for expected in (1, 2):
                assert await client.execute("INCR", "halfway") == expected
            for node in (target, source):
                await client.execute_on(node, "CLUSTER", "SETSLOT", slot, "NODE", target_name)
            assert await client.execute("INCR", "halfway") == 3

    asyncio.run(main())


def test_c07_a_login_that_a_node_forgot_is_healed(cluster: Emulator) -> None:
    async def main() -> None:
        async with await connect(cluster) as client:
            await together(lambda key: client.execute("SET", key, 0))
            for count in (1, 2):
                assert cluster.faults.forget() >= 3
                assert await together(lambda key: client.execute("INCR", key)) == [count] * len(KEYS)

    asyncio.run(main())


def test_c17_what_was_under_way_when_all_nodes_dropped_fails_or_ran_once(cluster: Emulator) -> None:
    async def main() -> None:
        async with await connect(cluster) as client:
            await together(lambda key: client.execute("SET", key, 0))
            calls = [asyncio.ensure_future(client.execute("INCR", key)) for key in KEYS]
            await asyncio.sleep(0)
            cluster.faults.kill()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            for outcome in outcomes:
                assert outcome == 1 or isinstance(outcome, keyrotor.NetworkError), outcome
            counts = [int(count) for count in await together(lambda key: client.execute("GET", key))]
            assert {*counts} <= {0, 1}
            done = [count for count, outcome in zip(counts, outcomes, strict=True) if outcome == 1]
            assert done == [1] * len(done)

    asyncio.run(main())
