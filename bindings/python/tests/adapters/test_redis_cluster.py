"""redis-py's cluster clients, before a cluster of real servers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import keyrotor.redis
import keyrotor.redis.asyncio
import pytest
import redis.asyncio
from caches import address, eventually, provider, relogins, rotate_and_kill
from emulator import Emulator

KEYS = [f"key-{number}" for number in range(30)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Emulator]:
    """Three primaries."""
    with Emulator("--shards", "3") as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def ours(cluster: Emulator) -> Iterator[keyrotor.redis.CredentialProvider]:
    """Its connections log in again and again."""
    given = provider(seconds=0.3)
    yield given
    cluster.faults.clear()
    given.close()


def logged_in_again(cluster: Emulator) -> Callable[[], bool]:
    """Whether three connections did, of those that there are from now on."""
    first = cluster.record()["totals"]["connections"]
    return lambda: len({one.connection for one in relogins(cluster) if one.connection > first}) >= 3


def test_a_blocking_cluster(cluster: Emulator, ours: keyrotor.redis.CredentialProvider) -> None:
    done = logged_in_again(cluster)
    with redis.RedisCluster(**address(cluster, credential_provider=ours)) as client:

        def use() -> bool:
            for key in KEYS:
                assert client.set(key, "value")
            return done()

        eventually(use)
        rotate_and_kill(cluster, ours)
        assert [client.get(key) for key in KEYS] == [b"value"] * len(KEYS)


def test_an_asyncio_cluster(cluster: Emulator, ours: keyrotor.redis.CredentialProvider) -> None:
    async def main() -> None:
        done = logged_in_again(cluster)
        client: Any = keyrotor.redis.asyncio.RedisCluster(**address(cluster, credential_provider=ours))
        end = time.monotonic() + 30
        while not done():
            assert time.monotonic() < end
            for key in KEYS:
                assert await client.set(key, "value")
        await asyncio.to_thread(rotate_and_kill, cluster, ours)
        assert [await client.get(key) for key in KEYS] == [b"value"] * len(KEYS)
        await client.aclose()

    asyncio.run(main())


def test_an_asyncio_cluster_of_redis_py_alone_goes_on(
    cluster: Emulator,
) -> None:
    patient = provider()

    async def main() -> None:
        client: Any = redis.asyncio.RedisCluster(**address(cluster, credential_provider=patient))
        for key in KEYS:
            assert await client.set(key, "value")
        await asyncio.to_thread(rotate_and_kill, cluster, patient)
        assert [await client.get(key) for key in KEYS] == [b"value"] * len(KEYS)
        await client.aclose()

    asyncio.run(main())
    patient.close()


def test_a_refused_cluster_fails_after_two_tokens(cluster: Emulator) -> None:
    another = provider(cluster="another")
    before = cluster.record()["totals"]["logins_refused"]
    with pytest.raises(redis.exceptions.RedisClusterException, match="two tokens"):
        redis.RedisCluster(**address(cluster, credential_provider=another))
    assert cluster.record()["totals"]["logins_refused"] - before == 2
    another.close()
