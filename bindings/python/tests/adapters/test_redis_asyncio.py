"""redis-py under asyncio."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import keyrotor
import keyrotor.redis
import keyrotor.redis.asyncio
import pytest
import redis
import redis.asyncio
from caches import USER, address, eventually, login, provider, relogins, rotate_and_kill, url
from emulator import Emulator
from redis.credentials import StreamingCredentialProvider

STALL_SECONDS = 0.4


class Naive(redis.CredentialProvider):
    """Blocking only, as redis-py's documentation has it."""

    def __init__(self, manager: keyrotor.TokenManager) -> None:
        self.manager = manager

    def get_credentials(self) -> tuple[str, str]:
        return USER, self.manager.token()


async def until(holds: Any) -> None:
    """Waits until it holds."""
    end = time.monotonic() + 30
    while not await holds():
        assert time.monotonic() < end, "it never did"
        await asyncio.sleep(0.02)


def test_a_client_and_a_pool_go_on(emulator: Emulator) -> None:
    ours = provider()

    async def main() -> None:
        pool = keyrotor.redis.asyncio.ConnectionPool.from_url(url(emulator), credential_provider=ours)
        waiting = keyrotor.redis.asyncio.BlockingConnectionPool.from_url(
            url(emulator), credential_provider=ours
        )
        clients = [
            redis.asyncio.Redis(**address(emulator, credential_provider=ours)),
            redis.asyncio.Redis(**address(emulator, credential_provider=ours, protocol=2)),
            redis.asyncio.Redis.from_pool(pool),
            redis.asyncio.Redis.from_pool(waiting),
        ]
        for client in clients:
            assert await client.set("key", "value")
        await asyncio.to_thread(rotate_and_kill, emulator, ours)
        for client in clients:
            # Of a connection that has just been closed not every pool knows in time; that is redis-py's own.
            await until(lambda client=client: _works(client))
            assert await client.acl_whoami() in (USER, USER.encode())
            await client.aclose()

    asyncio.run(main())
    ours.close()


async def _works(client: Any) -> bool:
    try:
        return bool(await client.get("key") == b"value")
    except redis.AuthenticationError:
        raise
    except redis.ConnectionError:
        return False


def slow() -> tuple[str, str]:
    """A vault that takes its time."""
    time.sleep(STALL_SECONDS)
    return "default", "made-up"


async def refused_with_stall(emulator: Emulator, given: redis.CredentialProvider) -> tuple[Exception, float]:
    """The error of a first command, and the longest time for which the loop stood still."""
    longest, is_over = 0.0, False

    async def tick() -> None:
        nonlocal longest
        while not is_over:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - before)

    ticking = asyncio.create_task(tick())
    client = redis.asyncio.Redis(**address(emulator, credential_provider=given, retry=None))
    with pytest.raises((redis.AuthenticationError, keyrotor.CredentialsError)) as caught:
        await client.ping()
    await client.aclose()
    is_over = True
    await ticking
    return caught.value, longest


def test_a_provider_without_an_async_half(
    shared_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """redis-py warns at each connection, and calls the blocking half on the loop, where no manager waits."""
    with caplog.at_level(logging.WARNING, "redis"), keyrotor.TokenManager(keyrotor.Callback(slow)) as manager:
        error, _ = asyncio.run(refused_with_stall(shared_emulator, Naive(manager)))
    assert isinstance(error, keyrotor.CredentialsError)
    assert error.name == "credentials-pending"
    assert "backward compatibility" in caplog.text

    caplog.clear()
    ours = keyrotor.redis.provider(keyrotor.Callback(slow))
    with caplog.at_level(logging.WARNING, "redis"):
        error, stall = asyncio.run(refused_with_stall(shared_emulator, ours))
    # The login was there, after a while in which the loop went on; the server does not know it.
    assert "refused" in str(error)
    assert stall < STALL_SECONDS * 0.8
    assert "backward compatibility" not in caplog.text
    ours.close()


def test_a_blocking_client_on_a_loop_waits_for_its_token(shared_emulator: Emulator) -> None:
    ours = keyrotor.redis.provider(keyrotor.Callback(slow))

    async def main() -> None:
        with redis.Redis(**address(shared_emulator, credential_provider=ours)) as client:
            client.ping()

    with pytest.raises(keyrotor.redis.LoginError, match="refused"):
        asyncio.run(main())
    ours.close()


def test_a_refused_token_is_not_sent_again(emulator: Emulator) -> None:
    ours = provider(cluster="another")

    async def main() -> None:
        client = redis.asyncio.Redis(**address(emulator, credential_provider=ours))
        for _ in range(2):
            with pytest.raises(keyrotor.redis.LoginError):
                await client.ping()
        await client.aclose()

    asyncio.run(main())
    assert emulator.record()["totals"]["logins_refused"] <= 3
    ours.close()


def test_connections_log_in_again(emulator: Emulator) -> None:
    ours = provider(seconds=0.2)

    async def main() -> None:
        pooled = redis.asyncio.Redis(**address(emulator, credential_provider=ours))
        held = redis.asyncio.Redis(
            **address(emulator, credential_provider=ours, single_connection_client=True, retry=None)
        )

        async def both() -> bool:
            assert await pooled.ping()
            assert await held.ping()
            return len({relogin.connection for relogin in relogins(emulator)}) >= 2

        await until(both)
        # A refusal is followed by another token, on another connection.
        emulator.faults.refuse(1)
        accepted = len(relogins(emulator))

        async def more() -> bool:
            return await both() and len(relogins(emulator)) >= accepted + 2

        await until(more)
        await pooled.aclose()
        await held.aclose()

    asyncio.run(main())
    totals = emulator.record()["totals"]
    assert totals["logins_refused"] == 1
    assert totals["connections"] == 3
    ours.close()


def test_many_tasks_get_their_own_replies_while_connections_log_in(emulator: Emulator) -> None:
    ours = provider(seconds=0.05)

    async def main() -> None:
        client = redis.asyncio.Redis(**address(emulator, credential_provider=ours, max_connections=20))

        async def use(number: int) -> None:
            for count in range(20):
                assert await client.echo(f"{number}-{count}") == f"{number}-{count}".encode()

        async def all_use() -> bool:
            await asyncio.gather(*(use(number) for number in range(10)))
            return len(relogins(emulator)) >= 5

        await until(all_use)
        await client.aclose()

    asyncio.run(main())
    ours.close()


@pytest.mark.parametrize("protocol", [2, 3])
def test_subscribers_log_in_again(emulator: Emulator, protocol: int) -> None:
    ours = provider(seconds=0.3)
    read: list[bytes] = []

    async def main() -> None:
        client = redis.asyncio.Redis(**address(emulator, credential_provider=ours, protocol=protocol))
        publisher = redis.asyncio.Redis(**address(emulator, credential_provider=ours))
        async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
            await pubsub.subscribe("news")

            async def listen() -> None:
                async for message in pubsub.listen():
                    read.append(message["data"])
                    if message["data"] == b"end":
                        return

            listening = asyncio.create_task(listen())
            end = time.monotonic() + 1.5
            sent = 0
            while time.monotonic() < end:
                await publisher.publish("news", sent)
                sent += 1
                await asyncio.sleep(0.01)

            async def ended() -> bool:
                await publisher.publish("news", "end")
                return listening.done()

            await until(ended)
            await listening
        if protocol == 3:
            assert read[:sent] == [b"%d" % number for number in range(sent)]
            assert {one.connection for one in relogins(emulator)} >= {1}
        else:
            assert len(read) > sent / 10
            assert emulator.record()["totals"]["connections"] >= 4
        await client.aclose()
        await publisher.aclose()

    asyncio.run(main())
    ours.close()


def test_one_provider_serves_loops_and_threads_at_once(emulator: Emulator) -> None:
    ours = provider()

    async def main() -> None:
        client = redis.asyncio.Redis(**address(emulator, credential_provider=ours))
        for _ in range(20):
            assert await client.ping()
        await client.aclose()

    async def all_at_once() -> None:
        await asyncio.gather(*(asyncio.to_thread(asyncio.run, main()) for _ in range(4)))

    with redis.Redis(**address(emulator, credential_provider=ours)) as client:
        assert client.ping()
        asyncio.run(all_at_once())
    assert len({one.token_sha256 for one in emulator.logins()}) == 1
    ours.close()


class Blocking(Naive, StreamingCredentialProvider):
    """Streams to whoever listens, and knows of no more than that."""

    def on_next(self, callback: Any) -> None:
        pass

    def on_error(self, callback: Any) -> None:
        pass

    def is_streaming(self) -> bool:
        return True


def test_the_server_cuts_a_subscriber_that_does_not_log_in_again() -> None:
    with Emulator("--token-life", "60", "--session-limit", "5") as emulator:
        ours = provider(seconds=3, token_life_seconds=60)
        naive = Blocking(keyrotor.TokenManager(login(token_life_seconds=60)))

        async def main() -> None:
            async def listen(given: redis.CredentialProvider) -> None:
                client = redis.asyncio.Redis(**address(emulator, credential_provider=given, retry=None))
                async with client.pubsub() as pubsub:
                    await pubsub.subscribe("news")
                    try:
                        async for message in pubsub.listen():
                            if message["data"] == b"end":
                                return
                    finally:
                        await client.aclose()

            logging.disable(logging.WARNING)
            theirs, mine = asyncio.create_task(listen(naive)), asyncio.create_task(listen(ours))
            with pytest.raises(redis.ConnectionError):
                await theirs
            await asyncio.sleep(1)
            assert not mine.done()
            publisher = redis.asyncio.Redis(**address(emulator, credential_provider=ours))

            async def ended() -> bool:
                await publisher.publish("news", "end")
                return mine.done()

            await until(ended)
            await mine
            await publisher.aclose()

        try:
            asyncio.run(main())
        finally:
            logging.disable(logging.NOTSET)
        eventually(lambda: emulator.record()["totals"]["session_limit_cuts"] == 1)
        naive.manager.close()
        ours.close()
