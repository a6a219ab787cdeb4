"""Transactions over watched keys, scripts, and where a command goes."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterator

import keyrotor
import pytest
from emulator import Emulator
from keyrotor import AsyncClient, Client, Routing, Script
from loops import Loop, every_loop, run
from test_interrupt import ends_soon

INCREMENT = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")

# Takes the server a fifth of a second, so that whoever gives it up does so in time.
BUSY = """
local function now() local time = redis.call('TIME') return time[1] * 1000000 + time[2] end
local start = now()
while now() - start < 200000 do end
"""


@pytest.fixture(scope="module")
def client(shared_emulator: Emulator) -> Iterator[Client]:
    with Client.connect(shared_emulator.request()) as connected:
        yield connected


def test_c09_a_transaction_over_watched_keys_runs_only_if_nobody_wrote(client: Client) -> None:
    client.execute("SET", "stock", 3)
    with client.watch("stock", "other") as watch:
        assert watch.execute("GET", "stock") == b"3"
        pipeline = client.pipeline(atomic=True).execute("DECR", "stock").execute("GET", "stock")
        assert watch.exec(pipeline) == [2, b"2"]
        assert len(pipeline) == 0
    with client.watch("stock") as watch:
        assert watch.execute("GET", "stock") == b"2"
        client.execute("SET", "stock", 10)
        assert watch.exec(client.pipeline().execute("DECR", "stock")) is None
    assert client.execute("GET", "stock") == b"10"


def test_c09_a_watch_that_is_over_does_nothing_more(client: Client) -> None:
    watch = client.watch("stock")
    watch.discard()
    watch.discard()
    for call in (
        lambda: watch.execute("GET", "stock"),
        lambda: watch.exec(client.pipeline().execute("DEL", "stock")),
    ):
        with pytest.raises(keyrotor.ClosedError, match="watch is over"):
            call()
    with client.watch("stock") as watch:
        watch.execute("GET", "stock")
    assert "over" in repr(watch)
    with pytest.raises(ZeroDivisionError), client.watch("stock"):
        _ = 1 // 0


def test_c09_one_connection_serves_one_watch_after_the_other(emulator: Emulator) -> None:
    with Client.connect(emulator.request()) as client:
        for turn in range(5):
            with client.watch("key") as watch:
                assert watch.exec(client.pipeline().execute("SET", "key", turn)) == [b"OK"]
        roles = [one["role"] for one in client.stats()["connections"]]
        assert sorted(roles) == ["own", "shared"]


def test_c09_no_login_falls_into_a_watch(emulator: Emulator) -> None:
    with Client.connect(emulator.request()) as client:
        client.execute("SET", "key", 1)
        with client.watch("key") as watch:
            for _ in range(3):
                client.reauthenticate_now()
                assert watch.execute("GET", "key") == b"1"
            assert watch.exec(client.pipeline().execute("INCR", "key")) == [2]
        for one in client.stats()["connections"]:
            assert one["reauths"] == (3 if one["role"] == "shared" else 0)


def test_c09_a_transaction_that_the_server_refuses_is_an_error(client: Client) -> None:
    watch = client.watch("key")
    with pytest.raises(keyrotor.ServerError):
        watch.exec(client.pipeline().execute("SET", "key", 1).execute("GET"))
    with pytest.raises(keyrotor.RequestError):
        client.watch("key").execute("BLPOP", "key", 0)


def test_b06_ctrl_c_ends_a_wait_in_a_watch_and_the_watch(emulator: Emulator) -> None:
    with Client.connect(emulator.request({"requestTimeout": 20_000})) as client:
        unused = [client.watch("key"), client.watch("key")]
        used = []

        def wait() -> None:
            used.append(unused.pop())
            used[-1].execute("GET", "key")

        emulator.fault("stall", {"milliseconds": 1500})
        assert ends_soon(wait)
        emulator.fault("clear")
        for watch in used:
            with pytest.raises(keyrotor.ClosedError, match="given up"):
                watch.exec(client.pipeline().execute("SET", "key", 1))
        assert client.execute("EXISTS", "key") == 0


def test_b06_ctrl_c_ends_a_wait_at_the_server_and_takes_nothing(client: Client) -> None:
    client.execute("DEL", "queue")
    assert ends_soon(lambda: client.execute("BLPOP", "queue", 0))
    deadline = time.monotonic() + 20
    while b"\r\nblocked_clients:0\r\n" not in client.execute("INFO", "clients"):
        assert time.monotonic() < deadline
    client.execute("RPUSH", "queue", "one")
    assert client.execute("BLPOP", "queue", 20) == [b"queue", b"one"]
    assert client.execute("BLPOP", "queue", 0.05) is None


@every_loop
def test_c09_a_loop_watches_keys(shared_emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request(), decode=True) as client:
            await client.execute("SET", "stock", 3)
            async with await client.watch("stock") as watch:
                assert await watch.execute("GET", "stock") == "3"
                pipeline = client.pipeline(atomic=True).execute("DECR", "stock")
                assert await watch.exec(pipeline) == [2]
                assert len(pipeline) == 0
            async with await client.watch("stock") as watch:
                await client.execute("SET", "stock", 10)
                assert await watch.exec(client.pipeline().execute("DECR", "stock")) is None
            watch = await client.watch("stock")
            await watch.discard()
            await watch.discard()
            with pytest.raises(keyrotor.ClosedError):
                await watch.execute("GET", "stock")
            with pytest.raises(ZeroDivisionError):
                async with await client.watch("stock"):
                    _ = 1 // 0
            # A call that is given up ends its watch.
            watch = await client.watch("stock")
            reading = asyncio.ensure_future(watch.execute("EVAL", BUSY, 0))
            await asyncio.sleep(0)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            with pytest.raises(keyrotor.ClosedError):
                await watch.exec(client.pipeline().execute("DEL", "stock"))
            assert await client.execute("GET", "stock") == "10"

    run(loop, work())


@every_loop
def test_c09_a_call_that_is_cancelled_ends_its_watch_though_its_reply_has_come(
    shared_emulator: Emulator, loop: Loop
) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            while True:
                watch = await client.watch("key")
                before = client.stats()["commands"]
                reading = asyncio.ensure_future(watch.execute("SET", "key", "read"))
                await asyncio.sleep(0)
                if not reading.done():
                    break
                # On a busy machine the reply may be there before anybody waits.
                await watch.discard()
            # The loop stands still meanwhile, so that nobody is told of the reply.
            while client.stats()["commands"] == before or client.stats()["in_flight"]:
                pass
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert "over" in repr(watch)
            with pytest.raises(keyrotor.ClosedError, match="watch is over"):
                await watch.exec(client.pipeline().execute("SET", "key", "written"))
            assert await client.execute("GET", "key") == b"read"
            while any(one["role"] == "own" for one in client.stats()["connections"]):
                await asyncio.sleep(0.01)

    run(loop, work())


def test_scripts_go_by_their_digest_and_whole_where_the_server_lost_them(client: Client) -> None:
    client.execute("DEL", "n")
    client.execute("SCRIPT", "FLUSH")
    assert client.execute_script(INCREMENT, ["n"], [5]) == 5
    assert client.execute_script(INCREMENT, keys=(b"n",), args=iter("2")) == 7
    assert client.execute("SCRIPT", "EXISTS", INCREMENT.sha1) == [1]
    client.execute("SCRIPT", "FLUSH")
    assert client.execute_script(INCREMENT, ["n"], ["1"]) == 8
    assert client.execute_script(Script("return {ok='FINE'}")) == b"FINE"
    with pytest.raises(keyrotor.ServerError):
        client.execute_script(Script("return redis.error_reply('MY text')"))
    with pytest.raises(keyrotor.RequestError, match="one text"):
        client.execute_script(INCREMENT, "n", [1])


def test_a_script_is_its_text() -> None:
    text = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
    assert hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() == INCREMENT.sha1
    assert {INCREMENT, Script(text), Script("return 1")} == {INCREMENT, Script("return 1")}


@every_loop
def test_b09_a_loop_runs_scripts_and_gives_them_up(emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(emulator.request({"requestTimeout": 400})) as client:
            assert await client.execute_script(INCREMENT, ["n"], [5]) == 5
            replies = await asyncio.gather(*(client.execute_script(INCREMENT, ["n"], [1]) for _ in range(20)))
            assert sorted(replies) == list(range(6, 26))
            emulator.fault("stall", {"milliseconds": 1200})
            with pytest.raises(keyrotor.RequestError) as caught:
                await client.execute_script(INCREMENT, ["n"], [1])
            assert caught.value.name == "request-timeout"
            given_up = client.execute_script(INCREMENT, ["n"], [1])
            given_up.cancel()
            emulator.fault("clear")
            while client.stats()["in_flight"]:
                await asyncio.sleep(0.01)

    run(loop, work())


def test_a_caller_may_say_where_a_command_goes(client: Client) -> None:
    for routing in (Routing.random(), Routing.all_nodes(), Routing.key("k"), Routing.slot(7)):
        assert client.execute_on(routing, "PING") == b"PONG"
    with pytest.raises(keyrotor.RequestError, match="not an address of this client"):
        client.execute_on(Routing.address("elsewhere", 1), "PING")
    assert Routing.slot(7) == Routing.slot(7) != Routing.slot(8)


def test_of_a_cluster() -> None:
    with Emulator("--shards", "3") as emulator:
        request = emulator.request({"clusterModeEnabled": True})
        with Client.connect(request) as client:
            assert client.execute_script(INCREMENT, ["n"], [5]) == 5
            with client.watch("n") as watch:
                assert watch.execute("GET", "n") == b"5"
                assert watch.exec(client.pipeline(atomic=True).execute("INCR", "n")) == [6]
            with client.pubsub() as pubsub:
                pubsub.subscribe("news")
                client.execute("PUBLISH", "news", "hello")
                assert pubsub.get(timeout=20) == keyrotor.Message(b"news", None, b"hello")
            sizes = client.execute_on(Routing.all_primaries(), "CONFIG", "GET", "port")
            assert len(sizes) == 3
            addresses = {one["address"] for one in client.stats()["connections"] if one["role"] == "shared"}
            assert len(addresses) == 3

        async def work() -> None:
            async with await AsyncClient.connect(request) as client:
                assert await client.execute_script(INCREMENT, ["n"], [1]) == 7
                async with await client.watch("n") as watch:
                    assert await watch.exec(client.pipeline(atomic=True).execute("INCR", "n")) == [8]
                assert await client.execute_on(Routing.key("n"), "GET", "n") == b"8"

        asyncio.run(work())
