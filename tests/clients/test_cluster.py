"""A cluster and the faults of nodes and wires, seen by redis-py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import redis_py
from forge import Draft
from redis.cluster import RedisCluster
from tokens import botocore_token

from emulator import USER, Emulator, cache, common

PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def cluster() -> Iterator[Emulator]:
    """Three primaries, each with a replica."""
    with Emulator(common(cache=cache(shards=3, replicas=1))) as running:
        yield running


@pytest.fixture
def client(cluster: Emulator) -> Iterator[RedisCluster]:
    """A client that has seen the whole cluster."""
    client = RedisCluster(
        host="localhost",
        port=cluster.port,
        username=USER,
        password=botocore_token(),
        ssl=True,
        ssl_ca_certs=cluster.ca,
        socket_timeout=PATIENCE_SECONDS,
    )
    yield client
    client.close()


def eventually(attempt: Callable[..., Any], *arguments: str) -> Any:
    """What an attempt gives once it meets no error: a cluster takes a moment to agree."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return attempt(*arguments)
        except (redis.RedisError, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def nodes(cluster: Emulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.ask("cluster")["nodes"]
    return found


def fill(client: RedisCluster) -> dict[str, str]:
    values = {f"key-{number}": str(number) for number in range(100)}
    for key, value in values.items():
        assert eventually(client.set, key, value)
    return values


def test_every_node_is_logged_in_to(cluster: Emulator, client: RedisCluster) -> None:
    values = fill(client)
    assert [client.get(key) for key in values] == [value.encode() for value in values.values()]
    logins = [login for login in cluster.record()["logins"] if login["outcome"] == "accepted"]
    assert {login["node"] for login in logins} >= {0, 1, 2}


def test_slots_move_while_the_client_goes_on(cluster: Emulator, client: RedisCluster) -> None:
    values = fill(client)
    moved = cluster.ask("cluster/reshard", {"slots": 1000, "from": 0, "to": 1})
    assert moved["keys"] > 0
    found = [eventually(client.get, key) for key in values]
    assert found == [value.encode() for value in values.values()]


def test_a_replica_takes_over(cluster: Emulator, client: RedisCluster) -> None:
    values = fill(client)
    primary = cluster.ask("faults/failover", {"shard": 0})["primary"]
    eventually(lambda: _assert(nodes(cluster)[primary]["role"] == "primary"))
    found = [eventually(client.get, key) for key in values]
    assert found == [value.encode() for value in values.values()]
    cluster.ask("faults/failover", {"shard": 0})


def test_a_node_that_is_down_is_replaced(cluster: Emulator, client: RedisCluster) -> None:
    fill(client)
    cluster.fault("faults/node", node=2, up=False)
    assert not nodes(cluster)[2]["up"]
    for key in ("a", "b", "c", "d", "e", "f"):
        assert eventually(client.set, key, "after")
    cluster.fault("faults/node", node=2, up=True)
    eventually(lambda: _assert(nodes(cluster)[2]["up"]))


def test_cut_breaks_replies_off(emulator: Emulator) -> None:
    with redis_py.connect(emulator, single_connection_client=True) as client:
        assert client.set("key", "x" * 1000)
        emulator.fault("faults/cut", after_bytes=100, count=1)
        with pytest.raises(redis.ConnectionError):
            client.get("key")
    with redis_py.connect(emulator) as client:
        assert client.get("key") == b"x" * 1000
    assert emulator.record()["connections"][0]["why"] == "cut"


@pytest.mark.parametrize(
    ("kind", "words"), [("expired", "certificate has expired"), ("other-name", "Hostname mismatch")]
)
def test_certificate_is_a_bad_one(emulator: Emulator, kind: str, words: str) -> None:
    with redis_py.connect(emulator, single_connection_client=True) as old:
        assert old.ping()
        emulator.fault("faults/certificate", kind=kind)
        with redis_py.connect(emulator) as client, pytest.raises(redis.ConnectionError, match=words):
            client.ping()
        assert old.ping()
    emulator.fault("faults/certificate", kind="good")
    with redis_py.connect(emulator) as client:
        assert client.ping()


@pytest.mark.parametrize(("seconds", "check"), [(-600, "E23"), (960, "E24")])
def test_clock_is_wrong(emulator: Emulator, seconds: int, check: str) -> None:
    emulator.fault("faults/clock", seconds=seconds)
    with redis_py.connect(emulator, Draft().sign()) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    assert emulator.record()["logins"][0]["check"] == check
    emulator.fault("faults/clear")
    with redis_py.connect(emulator) as client:
        assert client.ping()


def _assert(holds: object) -> None:
    assert holds
