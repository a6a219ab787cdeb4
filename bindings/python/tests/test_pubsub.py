"""Subscriptions as iterators, for threads and for event loops."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import keyrotor
import pytest
from emulator import Emulator
from keyrotor import AsyncClient, AsyncPubSub, Client, Gap, Interrupted, Message, PubSub
from loops import Loop, every_loop, run
from test_interrupt import ends_soon

NEWS_AND_PATTERN = {
    "channelsOrPatternsByType": {
        "0": {"channelsOrPatterns": ["bmV3cw=="]},
        "1": {"channelsOrPatterns": ["cCo="]},
    }
}


@pytest.fixture(scope="module")
def client(shared_emulator: Emulator) -> Iterator[Client]:
    with Client.connect(shared_emulator.request(), decode=True) as connected:
        yield connected


def text(message: object) -> Any:
    assert isinstance(message, Message)
    return message.payload


def test_c10_messages_of_channels_and_patterns_come_in_order(client: Client) -> None:
    with client.pubsub() as pubsub:
        pubsub.subscribe("news", "weather")
        pubsub.psubscribe("sport.*")
        assert client.execute("PUBLISH", "news", "one") == 1
        assert client.execute("PUBLISH", "sport.football", "two") == 1
        assert pubsub.get(timeout=20) == Message("news", None, "one")
        assert pubsub.get() == Message("sport.football", "sport.*", "two")
        pubsub.unsubscribe("news")
        pubsub.punsubscribe("sport.*")
        assert client.execute("PUBLISH", "news", "nobody") == 0
        assert client.execute("PUBLISH", "sport.football", "nobody") == 0
        assert client.execute("PUBLISH", "weather", "three") == 1
        assert text(next(pubsub)) == "three"
        assert pubsub.get(timeout=0) is None
        assert pubsub.get(timeout=0.05) is None


def test_c10_payloads_are_bytes_where_nothing_is_decoded(shared_emulator: Emulator) -> None:
    with Client.connect(shared_emulator.request()) as client, client.pubsub() as pubsub:
        pubsub.subscribe(b"raw")
        client.execute("PUBLISH", "raw", b"\x00\xff")
        assert pubsub.get(timeout=20) == Message(b"raw", None, b"\x00\xff")


def test_c10_an_iteration_ends_with_its_subscriber_when_all_was_taken(client: Client) -> None:
    pubsub = client.pubsub()
    pubsub.subscribe("end")
    taken: list[str] = []
    is_waiting = threading.Event()

    def read() -> None:
        for message in pubsub:
            taken.append(text(message))
            is_waiting.set()

    thread = threading.Thread(target=read)
    thread.start()
    client.execute("PUBLISH", "end", "last")
    assert is_waiting.wait(20)
    pubsub.close()
    pubsub.close()
    thread.join(20)
    assert not thread.is_alive()
    assert taken == ["last"]
    for timeout in (None, 0, 1):
        with pytest.raises(keyrotor.ClosedError):
            pubsub.get(timeout)


def test_c10_a_subscriber_ends_with_its_client(shared_emulator: Emulator) -> None:
    with Client.connect(shared_emulator.request()) as client:
        pubsub = client.pubsub()
        pubsub.subscribe("news")
    assert list(pubsub) == []
    with pytest.raises(keyrotor.ClosedError):
        pubsub.subscribe("more")


def test_c10_a_subscriber_keeps_the_client_that_made_it(shared_emulator: Emulator, client: Client) -> None:
    pubsub = Client.connect(shared_emulator.request()).pubsub()
    pubsub.subscribe("kept")
    assert client.execute("PUBLISH", "kept", "hello") == 1
    assert text(pubsub.get(timeout=20)) == b"hello"


def test_c10_subscriptions_of_the_request_are_there_from_the_start(shared_emulator: Emulator) -> None:
    request = shared_emulator.request({"pubsubSubscriptions": NEWS_AND_PATTERN})
    with Client.connect(request, decode=True) as client:
        assert client.execute("PUBLISH", "news", "hello") == 1
        subscriptions = client.subscriptions
        assert subscriptions is not None
        assert subscriptions.get(timeout=20) == Message("news", None, "hello")
        del subscriptions
        assert client.execute("PUBLISH", "pq", "still") == 1
        subscriptions = client.subscriptions
        assert subscriptions is not None
        assert subscriptions.get(timeout=20) == Message("pq", "p*", "still")
    with Client.connect(shared_emulator.request()) as client:
        assert client.subscriptions is None


@pytest.mark.parametrize("protocol", ["RESP3", "RESP2"])
def test_c10_a_lost_connection_is_told_and_subscribed_again(emulator: Emulator, protocol: str) -> None:
    request = emulator.request({"protocol": protocol})
    with Client.connect(request, decode=True) as client, client.pubsub() as pubsub:
        pubsub.subscribe("news")
        client.execute("PUBLISH", "news", "before")
        assert text(pubsub.get(timeout=20)) == "before"
        emulator.faults.close_listener()
        emulator.fault("kill")
        event = pubsub.get(timeout=20)
        assert isinstance(event, Interrupted)
        assert isinstance(event.error, keyrotor.NetworkError)
        emulator.faults.open_listener()
        gap = pubsub.get(timeout=20)
        assert isinstance(gap, Gap)
        assert gap.dropped == 0
        assert gap.last_message is not None
        assert gap.last_message < gap.subscribed <= datetime.now(timezone.utc)
        deadline = time.monotonic() + 20
        while client.execute("PUBLISH", "news", "after") != 1:
            assert time.monotonic() < deadline
        assert text(pubsub.get(timeout=20)) == "after"


def test_c10_every_message_comes_over_forced_logins(emulator: Emulator) -> None:
    with Client.connect(emulator.request(), decode=True) as client, client.pubsub() as pubsub:
        pubsub.subscribe("numbers")

        def publish() -> None:
            for number in range(1, 301):
                client.execute("PUBLISH", "numbers", number)
                if number % 30 == 0:
                    client.reauthenticate_now()

        thread = threading.Thread(target=publish)
        thread.start()
        assert [text(pubsub.get(timeout=20)) for _ in range(300)] == [str(n) for n in range(1, 301)]
        thread.join()
        roles = {one["role"]: one for one in client.stats()["connections"]}
        assert roles["subscriber"]["reauths"] >= 10
        assert client.stats()["reconnects"] == 0


def test_c10_a_refused_channel_is_an_error_and_harms_nothing(emulator: Emulator) -> None:
    with Client.connect(emulator.request(), decode=True) as client, client.pubsub() as pubsub:
        pubsub.subscribe("news")
        client.execute("ACL", "SETUSER", "iam-user-01", "resetchannels", "&news")
        with pytest.raises(keyrotor.ServerError, match="NOPERM"):
            pubsub.subscribe("secret")
        client.execute("PUBLISH", "news", "still")
        assert text(pubsub.get(timeout=20)) == "still"


def test_b06_ctrl_c_ends_the_wait_for_a_message_and_loses_none(client: Client) -> None:
    with client.pubsub() as pubsub:
        pubsub.subscribe("interrupted")
        for wait in (lambda: next(pubsub), pubsub.get, lambda: pubsub.get(timeout=20)):
            assert ends_soon(wait)
        client.execute("PUBLISH", "interrupted", "here")
        assert text(pubsub.get(timeout=20)) == "here"


def test_b05_threads_share_a_subscriber_and_each_message_goes_to_one(client: Client) -> None:
    with client.pubsub() as pubsub:
        pubsub.subscribe("shared")
        taken: list[str] = []

        def read() -> None:
            taken.extend(text(message) for message in pubsub)

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        for number in range(200):
            client.execute("PUBLISH", "shared", number)
        deadline = time.monotonic() + 20
        while len(taken) < 200 and time.monotonic() < deadline:
            time.sleep(0.01)
        pubsub.close()
        for reader in readers:
            reader.join(20)
        assert sorted(map(int, taken)) == list(range(200))


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_what_is_no_time(client: Client, timeout: float) -> None:
    with client.pubsub() as pubsub, pytest.raises(keyrotor.RequestError, match="seconds"):
        pubsub.get(timeout=timeout)


@every_loop
def test_c10_a_loop_awaits_messages(shared_emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(shared_emulator.request(), decode=True) as client:
            async with await client.pubsub() as pubsub:
                await pubsub.subscribe("loop")
                await pubsub.psubscribe("many.*")
                assert await pubsub.get(timeout=0) is None
                assert await pubsub.get(timeout=0.05) is None
                assert pubsub.take() is None
                for number in range(100):
                    await client.execute("PUBLISH", f"many.{number}", number)
                await client.execute("PUBLISH", "loop", "end")
                came: list[Any] = []
                async for event in pubsub:
                    came.append(event)
                    if event == Message("loop", None, "end"):
                        break
                assert [event.payload for event in came] == [*map(str, range(100)), "end"]
                await pubsub.unsubscribe("loop")
                await pubsub.punsubscribe("many.*")
                assert await client.execute("PUBLISH", "loop", "nobody") == 0
            assert [event async for event in pubsub] == []
            with pytest.raises(keyrotor.ClosedError):
                await pubsub.get()

    run(loop, work())


async def published(client: AsyncClient, count: int) -> None:
    for number in range(count):
        await client.execute("PUBLISH", "numbers", number)


async def taken_by(waiting: asyncio.Future[Any]) -> list[str]:
    """What came to it, if it was not cancelled before."""
    try:
        return [text(await waiting)]
    except asyncio.CancelledError:
        return []


@every_loop
def test_b09_a_cancelled_wait_loses_no_message(shared_emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        client = await AsyncClient.connect(shared_emulator.request(), decode=True)
        async with client, await client.pubsub() as pubsub:
            await pubsub.subscribe("numbers")
            publishing = asyncio.ensure_future(published(client, 200))
            taken: list[str] = []
            cancelled = 0
            while len(taken) < 200:
                waiting = asyncio.ensure_future(pubsub.get())
                # Given up before, while and after a message comes.
                for _ in range((len(taken) + cancelled) % 5):
                    await asyncio.sleep(0)
                waiting.cancel()
                came = await taken_by(waiting)
                cancelled += not came
                taken += came
            assert taken == [str(number) for number in range(200)]
            assert cancelled > 0
            await publishing

    run(loop, work())


@every_loop
def test_b09_a_cancelled_wait_leaves_the_message_to_another(shared_emulator: Emulator, loop: Loop) -> None:
    async def work() -> None:
        client = await AsyncClient.connect(shared_emulator.request(), decode=True)
        async with client, await client.pubsub() as pubsub:
            await pubsub.subscribe("numbers")
            for turn in range(50):
                leaving = asyncio.ensure_future(pubsub.get())
                staying = asyncio.ensure_future(pubsub.get(timeout=20))
                await asyncio.sleep(0)
                await client.execute("PUBLISH", "numbers", turn)
                for _ in range(turn % 5):
                    await asyncio.sleep(0)
                leaving.cancel()
                came = await taken_by(leaving)
                if came:
                    staying.cancel()
                assert came + await taken_by(staying) == [str(turn)]

    run(loop, work())


def test_c10_a_loop_hears_of_an_outage_and_of_the_requests_own_subscriptions(emulator: Emulator) -> None:
    async def work() -> None:
        request = emulator.request({"pubsubSubscriptions": NEWS_AND_PATTERN})
        async with await AsyncClient.connect(request, decode=True) as client:
            pubsub = client.subscriptions
            assert pubsub is not None
            await client.execute("PUBLISH", "news", "before")
            assert await pubsub.get(timeout=20) == Message("news", None, "before")
            emulator.fault("kill")
            assert isinstance(await pubsub.get(timeout=20), Gap)
            await client.execute("PUBLISH", "pq", "after")
            assert await pubsub.get(timeout=20) == Message("pq", "p*", "after")

    asyncio.run(work())


def test_t18_waits_for_messages_end_with_their_client_and_leave_nothing(shared_emulator: Emulator) -> None:
    async def work() -> None:
        client = await AsyncClient.connect(shared_emulator.request())
        pubsub = await client.pubsub()
        assert isinstance(pubsub, AsyncPubSub)
        await pubsub.subscribe("news")
        waiting = asyncio.ensure_future(pubsub.get())
        await asyncio.sleep(0.05)
        await client.close()
        with pytest.raises(keyrotor.ClosedError):
            await waiting

    asyncio.run(work())


def test_b01_a_subscriber_is_made_by_its_client_only() -> None:
    for made in (PubSub, AsyncPubSub, keyrotor.Watch, keyrotor.AsyncWatch):
        with pytest.raises(TypeError):
            made()
