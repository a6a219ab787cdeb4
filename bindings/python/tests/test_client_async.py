"""`AsyncClient`: read by the event loop itself, on asyncio and uvloop."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import weakref
from collections.abc import Coroutine
from typing import Any

import keyrotor
import pytest
from emulator import Emulator
from keyrotor import AsyncClient
from lifecycle import descriptors, settled
from loops import Loop, every_loop, run

Work = Coroutine[Any, Any, None]


class Unwatching(asyncio.SelectorEventLoop):
    """A loop that cannot watch descriptors, as the one of Windows."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError


@every_loop
def test_commands_pipelines_and_errors(shared_emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            assert await client.execute("SET", "key", memoryview(b"value")) == b"OK"
            replies = (
                await client.pipeline().execute("GET", "key").execute("NOSUCH").execute("INCR", "n").run()
            )
            assert replies[0] == b"value"
            assert isinstance(replies[1], keyrotor.ServerError)
            assert replies[2] == int(await client.execute("GET", "n"))
            assert await client.pipeline().run() == []
            counted = await client.pipeline(atomic=True).execute("INCR", "a").execute("DEL", "a").run()
            assert counted == [1, 1]
            with pytest.raises(keyrotor.ServerError):
                await client.execute("INCR", "key")
            with pytest.raises(keyrotor.RequestError):
                await client.execute("SUBSCRIBE", "news")
        with pytest.raises(keyrotor.ClosedError):
            await client.execute("PING")

    run(loop, work())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, Unwatching])
def test_many_tasks_share_a_connection_whatever_the_loop_can(shared_emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request(), decode=True) as client:

            async def echo(number: int) -> None:
                for turn in range(20):
                    text = f"{number}-{turn}"
                    assert await client.execute("ECHO", text) == text

            await asyncio.gather(*map(echo, range(50)))
            large = "x" * 3_000_000
            assert await asyncio.gather(*(client.execute("ECHO", large) for _ in range(3))) == [large] * 3
            assert client.stats()["in_flight"] == 0

    run(loop, work())


def no_login() -> tuple[str, str]:
    """A source that takes its time, in vain."""
    time.sleep(0.1)
    raise RuntimeError


@pytest.mark.parametrize("credentials", [None, keyrotor.Callback(no_login)])
def test_b04_connecting_never_blocks_the_loop(credentials: keyrotor.Callback | None) -> None:
    async def work(address: tuple[str, int]) -> list[float]:
        fields: dict[str, Any] = {} if credentials is None else {"credentials": credentials}
        connecting = asyncio.ensure_future(
            AsyncClient.connect(addresses=[address], tls_mode="SecureTls", connection_timeout=150, **fields)
        )
        turns = []
        while not connecting.done():
            before = time.monotonic()
            await asyncio.sleep(0.001)
            turns.append(time.monotonic() - before)
        with pytest.raises(keyrotor.NetworkError if credentials is None else keyrotor.CredentialsError):
            await connecting
        return turns

    with socket.create_server(("127.0.0.1", 0)) as silent:
        # A starved machine stalls by itself, but not each time.
        for _ in range(20):
            turns = asyncio.run(work(("127.0.0.1", silent.getsockname()[1])))
            if max(turns) < 0.02:
                return
    pytest.fail("the loop stalled each time")


@every_loop
def test_b05_loops_of_several_threads_do_not_disturb_each_other(
    shared_emulator: Emulator, loop: Loop
) -> None:
    wrong: list[object] = []

    async def work(name: int) -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            for turn in range(200):
                reply = await client.execute("ECHO", f"{name}-{turn}")
                if reply != f"{name}-{turn}".encode():
                    wrong.append(reply)

    threads = [threading.Thread(target=lambda name=name: run(loop, work(name))) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_b05_a_client_belongs_to_its_loop(shared_emulator: Emulator) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            with pytest.raises(keyrotor.RequestError, match="event loop of another thread"):
                await asyncio.to_thread(client.execute, "PING")
            assert await client.execute("PING") == b"PONG"

    asyncio.run(work())


@every_loop
def test_b09_cancelled_calls_free_their_places_and_replies_stay_with_their_calls(
    emulator: Emulator, loop: Loop
) -> None:
    async def work() -> None:
        request = emulator.request({"requestTimeout": 20_000, "inflightRequestsLimit": 10})
        async with await AsyncClient.connect(request) as client:
            emulator.fault("stall", {"milliseconds": 400})
            given_up = [client.execute("ECHO", number) for number in range(10)]
            with pytest.raises(keyrotor.RequestError, match="10 requests are in flight"):
                await client.execute("PING")
            for future in given_up:
                future.cancel()
            assert await asyncio.gather(*(client.execute("ECHO", f"later-{n}") for n in range(5))) == [
                f"later-{n}".encode() for n in range(5)
            ]
            assert client.stats()["in_flight"] == 0

    run(loop, work())


def test_b09_a_call_whose_time_is_over_leaves_its_reply_to_nobody(emulator: Emulator) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(emulator.request({"requestTimeout": 300})) as client:
            emulator.fault("stall", {"milliseconds": 900})
            with pytest.raises(keyrotor.RequestError) as caught:
                await client.execute("ECHO", "late")
            assert caught.value.name == "request-timeout"
            emulator.fault("clear")
            deadline = time.monotonic() + 20
            while True:
                try:
                    assert await client.execute("ECHO", "next") == b"next"
                except keyrotor.RequestError:
                    assert time.monotonic() < deadline
                else:
                    break

    asyncio.run(work())


def test_b09_calls_end_in_their_time_however_long_nothing_was_under_way(emulator: Emulator) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(emulator.request({"requestTimeout": 300})) as client:
            for pause in (0.0, 0.2, 0.7):
                emulator.fault("stall", {"milliseconds": 20_000})
                await asyncio.sleep(pause)
                begun = time.monotonic()
                first = client.execute("ECHO", "first")
                await asyncio.sleep(0.1)
                outcomes = await asyncio.gather(
                    first, *(client.execute("ECHO", n) for n in range(5)), return_exceptions=True
                )
                took = time.monotonic() - begun
                assert {getattr(outcome, "name", outcome) for outcome in outcomes} == {"request-timeout"}
                assert 0.35 < took < 5
                emulator.fault("clear")
                while [*await asyncio.gather(client.execute("PING"), return_exceptions=True)] != [b"PONG"]:
                    pass

    asyncio.run(work())


def test_c11_a_wait_at_the_server_delays_nobody_and_ends_with_its_task(shared_emulator: Emulator) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request()) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.execute("BLPOP", "nothing", 0), 0.2)
            waiting = client.execute("BLPOP", "queue", 20)
            assert await client.execute("PING") == b"PONG"
            assert await client.execute("RPUSH", "queue", "one") == 1
            assert await waiting == [b"queue", b"one"]

    asyncio.run(work())


@every_loop
def test_c07_a_forgotten_login_is_healed_and_nobody_sees_it(emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(emulator.request()) as client:
            for turn in range(5):
                emulator.fault("forget")
                replies = await asyncio.gather(*(client.execute("ECHO", f"{turn}-{n}") for n in range(20)))
                assert replies == [f"{turn}-{n}".encode() for n in range(20)]
            assert client.stats()["reconnects"] == 0
            assert client.stats()["failures"] == 0

    run(loop, work())


@every_loop
def test_c17_a_lost_connection_fails_what_was_under_way_and_is_replaced(
    emulator: Emulator, loop: Loop
) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(emulator.request({"requestTimeout": 20_000})) as client:
            for _ in range(3):
                emulator.fault("cut", {"after_bytes": 1, "count": 1})
                with pytest.raises(keyrotor.NetworkError) as caught:
                    await client.execute("INCR", "counter")
                assert caught.value.name == "network-disconnected"
                assert await client.execute("PING") == b"PONG"
            assert client.stats()["reconnects"] == 3

    run(loop, work())


def test_c18_rotation_under_load_is_invisible(emulator: Emulator) -> None:
    async def work() -> None:
        request = emulator.request({"authenticationInfo": {"iamCredentials": {"leaseSeconds": 5}}})
        async with await AsyncClient.connect(request) as client:
            end = time.monotonic() + 6

            async def load(name: int) -> None:
                turn = 0
                while time.monotonic() < end:
                    turn += 1
                    assert await client.execute("ECHO", f"{name}-{turn}") == f"{name}-{turn}".encode()

            await asyncio.gather(*map(load, range(5)))
            stats = client.stats()
            assert stats["reauths"] >= 1
            assert (stats["failures"], stats["reconnects"]) == (0, 0)

    asyncio.run(work())


def test_c03_an_idle_connection_logs_in_again(emulator: Emulator) -> None:
    async def work() -> None:
        request = emulator.request({"authenticationInfo": {"iamCredentials": {"leaseSeconds": 5}}})
        async with await AsyncClient.connect(request) as client:
            # The loop itself is busy, too: logins do not wait for it.
            time.sleep(5.2)
            await asyncio.sleep(0)
            assert client.stats()["reauths"] >= 1
            assert client.stats()["reconnects"] == 0
            assert await client.execute("PING") == b"PONG"

    asyncio.run(work())


@every_loop
def test_t18_nothing_is_left_of_a_client_that_was_closed_or_dropped(
    shared_emulator: Emulator, loop: Loop
) -> None:
    async def work() -> None:
        keeper = await AsyncClient.connect(shared_emulator.request())
        await keeper.execute("PING")
        before = descriptors()
        for _ in range(10):
            client = await AsyncClient.connect(shared_emulator.request())
            await client.execute("PING")
            await client.close()
            await client.close()
        dropped = await AsyncClient.connect(shared_emulator.request())
        pending = dropped.execute("BLPOP", "nothing", 0)
        gone = weakref.ref(dropped)
        del dropped
        # The thread that handed it over may have to let go of it yet.
        while gone() is not None:
            gc.collect()
            await asyncio.sleep(0.001)
        with pytest.raises(keyrotor.Error):
            await pending
        deadline = time.monotonic() + 20
        while descriptors() > before and time.monotonic() < deadline:
            await keeper.execute("PING")
            await asyncio.sleep(0.02)
        assert descriptors() <= before
        await keeper.close()

    run(loop, work())


def test_t18_a_connect_that_is_cancelled_leaves_nothing() -> None:
    async def work(address: tuple[str, int]) -> None:
        connecting = asyncio.ensure_future(
            AsyncClient.connect(addresses=[address], tls_mode="SecureTls", connection_timeout=20_000)
        )
        await asyncio.sleep(0.1)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ("127.0.0.1", silent.getsockname()[1])
        asyncio.run(work(address))
        before = settled((0, 0), 1)
        for _ in range(5):
            asyncio.run(work(address))
        after = settled(before, 1)
        # What is let go of by a thread without Python's lock waits for the next call.
        assert after[1] <= before[1] + 2
