"""redis-py, blocking: what goes wrong with a provider of one's own is provoked, then shown cured."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import keyrotor
import keyrotor.redis
import pytest
import redis
from caches import (
    PATIENCE_SECONDS,
    USER,
    address,
    eventually,
    login,
    provider,
    relogins,
    rotate_and_kill,
    url,
)
from emulator import Emulator
from redis.backoff import NoBackoff
from redis.credentials import StreamingCredentialProvider
from redis.retry import Retry

# Three more attempts, without a pause.
SOON = {"retry": Retry(NoBackoff(), 3)}


class Naive(redis.CredentialProvider):
    """What a user of redis-py writes."""

    def __init__(self, manager: keyrotor.TokenManager) -> None:
        self.manager = manager
        self.asked = 0

    def get_credentials(self) -> tuple[str, str]:
        self.asked += 1
        return USER, self.manager.token()


class NaiveStream(Naive, StreamingCredentialProvider):
    """A streaming provider with room for one callback, as redis-entraid's."""

    def on_next(self, callback: Callable[[Any], None]) -> None:
        self.callback = callback

    def on_error(self, callback: Callable[[Exception], None]) -> None:
        pass

    def is_streaming(self) -> bool:
        return True


def test_a_static_token_dies_and_a_provider_goes_on(emulator: Emulator) -> None:
    ours = provider()
    assert ours.manager is not None
    with (
        redis.Redis(**address(emulator, username=USER, password=ours.manager.token(), **SOON)) as static,
        redis.Redis(**address(emulator, credential_provider=ours)) as client,
    ):
        assert static.ping()
        assert client.set("key", "value")
        rotate_and_kill(emulator, ours)
        with pytest.raises(redis.AuthenticationError):
            static.ping()
        assert client.get("key") == b"value"
        assert client.acl_whoami() == USER
    ours.close()


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_pool_from_a_url_goes_on(emulator: Emulator, protocol: int) -> None:
    ours = provider()
    pool = keyrotor.redis.ConnectionPool.from_url(
        url(emulator), credential_provider=ours, protocol=protocol, **SOON
    )
    with redis.Redis.from_pool(pool) as client:
        assert client.set("key", "value")
        rotate_and_kill(emulator, ours)
        assert client.get("key") == b"value"
    ours.close()


def test_a_client_from_a_url_alone_is_not_looked_after(shared_emulator: Emulator) -> None:
    """redis-py tells a provider only of the clients that are given it: of `from_url`'s pool it does not."""
    ours = provider()
    with (
        redis.Redis.from_url(url(shared_emulator), credential_provider=ours) as unknown,
        redis.Redis(**address(shared_emulator, credential_provider=ours)) as known,
    ):
        assert unknown.ping()
        assert known.ping()
        assert unknown.connection_pool.connection_class is redis.SSLConnection
        assert known.connection_pool.connection_class.__name__ == "LoggedInSSLConnection"
    ours.close()


def test_user_and_provider_together_are_an_error(shared_emulator: Emulator) -> None:
    ours = provider()
    with pytest.raises(redis.DataError, match="credential_provider"):
        redis.Redis(**address(shared_emulator, username=USER, credential_provider=ours)).ping()
    ours.close()


def test_our_pools_want_our_provider() -> None:
    with pytest.raises(TypeError, match=r"keyrotor\.redis\.provider"):
        keyrotor.redis.ConnectionPool(credential_provider=redis.UsernamePasswordCredentialProvider("u", "p"))
    with pytest.raises(TypeError, match="NoneType"):
        keyrotor.redis.BlockingConnectionPool()


def refused_by(emulator: Emulator) -> int:
    return sum(not one.accepted for one in emulator.logins())


def test_a_refused_token_is_sent_eleven_times_by_redis_py_and_twice_by_us(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis.retry.sleep", lambda _seconds: None)
    naive = Naive(keyrotor.TokenManager(login(cluster="another")))
    with (
        naive.manager,
        redis.Redis(**address(emulator, credential_provider=naive)) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()
    assert naive.asked == 11
    assert refused_by(emulator) == 11
    assert len({one.token_sha256 for one in emulator.logins()}) < 5

    ours = provider(cluster="another")
    with redis.Redis(**address(emulator, credential_provider=ours)) as client:
        before = refused_by(emulator)
        with pytest.raises(keyrotor.redis.LoginError, match="invalid username-password"):
            client.ping()
        assert refused_by(emulator) - before == 2
        tokens = [one.token_sha256 for one in emulator.logins()[-2:]]
        assert len(set(tokens)) == 2
        # Until the pause is over nothing is sent.
        with pytest.raises(keyrotor.redis.LoginError):
            client.ping()
        assert refused_by(emulator) - before <= 3
    ours.close()


def test_one_refused_token_costs_one_refusal(emulator: Emulator) -> None:
    ours = provider()
    with redis.Redis(**address(emulator, credential_provider=ours, retry=None)) as client:
        assert client.ping()
        emulator.faults.refuse(current=True)
        client.connection_pool.disconnect()
        assert client.ping()
    assert [one.accepted for one in emulator.logins()] == [True, False, True]
    ours.close()


def test_without_a_token_it_fails_fast_and_says_why(shared_emulator: Emulator) -> None:
    def fails() -> tuple[str, str]:
        raise LookupError("the vault is sealed")

    before = shared_emulator.record()["totals"]["logins_refused"]
    ours = keyrotor.redis.provider(keyrotor.Callback(fails))
    with redis.Redis(**address(shared_emulator, credential_provider=ours)) as client:
        with pytest.raises(keyrotor.redis.LoginError, match="LookupError") as caught:
            client.ping()
        assert isinstance(caught.value.__cause__, keyrotor.CredentialsError)
    assert shared_emulator.record()["totals"]["logins_refused"] == before
    ours.close()


def test_a_forgotten_login_is_made_again(emulator: Emulator) -> None:
    ours = provider()
    with redis.Redis(**address(emulator, credential_provider=ours)) as client:
        assert client.ping()
        emulator.faults.forget()
        assert client.ping()
    ours.close()


def test_two_clients_on_one_provider(emulator: Emulator) -> None:
    naive = NaiveStream(keyrotor.TokenManager(login()))
    with (
        naive.manager,
        redis.Redis(**address(emulator, credential_provider=naive)) as one,
        redis.Redis(**address(emulator, credential_provider=naive)) as other,
    ):
        assert one.ping()
        assert other.ping()
        naive.callback(keyrotor.redis.Token(naive.manager.refresh()))
        assert one.ping()
        assert other.ping()
    assert len(relogins(emulator)) == 1

    ours = provider(seconds=0.2)
    with (
        redis.Redis(**address(emulator, credential_provider=ours)) as one,
        redis.Redis(**address(emulator, credential_provider=ours)) as other,
    ):
        first = emulator.record()["totals"]["connections"]

        def use() -> set[int]:
            assert one.ping()
            assert other.ping()
            return {relogin.connection for relogin in relogins(emulator)}

        eventually(lambda: {first + 1, first + 2} <= use())
    ours.close()


def test_a_connection_that_is_held_logs_in_again(emulator: Emulator) -> None:
    """redis-py logs in again only those that go back to the pool."""
    naive = NaiveStream(keyrotor.TokenManager(login()))
    with naive.manager, redis.Redis(**address(emulator, credential_provider=naive)) as client:
        held = client.connection_pool.get_connection()
        naive.callback(keyrotor.redis.Token(naive.manager.refresh()))
        held.send_command("PING")
        assert held.read_response() == b"PONG"
        assert relogins(emulator) == []
        client.connection_pool.release(held)
        assert len(relogins(emulator)) == 1

    ours = provider(seconds=0.2)
    single = address(emulator, credential_provider=ours, single_connection_client=True)
    with redis.Redis(**single) as client:
        eventually(lambda: client.ping() and len(relogins(emulator)) >= 3)
    ours.close()


def test_a_login_falls_beside_transactions(emulator: Emulator) -> None:
    ours = provider(seconds=0.05)
    with redis.Redis(**address(emulator, credential_provider=ours)) as client:
        client.set("key", 0)
        for count in range(60):
            with client.pipeline() as pipeline:
                pipeline.watch("key")
                value = int(pipeline.get("key"))
                pipeline.multi()
                pipeline.set("key", value + 1)
                time.sleep(0.005)
                assert pipeline.execute() == [True], count
        assert client.get("key") == b"60"
    assert len(relogins(emulator)) >= 5
    ours.close()


def test_a_login_waits_for_the_end_of_a_transaction_by_hand(emulator: Emulator) -> None:
    ours = provider(seconds=0.05)
    options = address(emulator, credential_provider=ours, single_connection_client=True, retry=None)
    with redis.Redis(**options) as client:
        client.execute_command("MULTI")
        before = len(relogins(emulator))
        client.execute_command("INCR", "key")
        time.sleep(0.06)
        client.execute_command("INCR", "key")
        assert client.execute_command("EXEC") == [1, 2]
        assert len(relogins(emulator)) == before
        time.sleep(0.06)
        assert client.ping()
        assert len(relogins(emulator)) == before + 1
    ours.close()


def test_a_login_inside_a_transaction_that_went_unseen_breaks_it_off(emulator: Emulator) -> None:
    ours = provider(seconds=0.05)
    options = address(emulator, credential_provider=ours, single_connection_client=True, retry=None)
    with redis.Redis(**options) as client:
        connection: Any = client.connection
        connection.send_packed_command(connection.pack_command("MULTI"))
        assert connection.read_response() == b"OK"
        time.sleep(0.06)
        with pytest.raises(redis.ConnectionError, match="transaction"):
            client.incr("key")
        assert client.get("key") is None
    ours.close()


@pytest.mark.parametrize("fault", ["throttle", "iam_outage"])
def test_a_live_connection_outlasts_an_outage(emulator: Emulator, fault: str) -> None:
    ours = provider(seconds=1)
    with redis.Redis(**address(emulator, credential_provider=ours)) as client:
        assert client.ping()
        getattr(emulator.faults, fault)()
        eventually(lambda: client.ping() and emulator.record()["totals"]["logins_refused"] >= 2)
        emulator.faults.clear()
        eventually(lambda: client.ping() and relogins(emulator))
    assert emulator.record()["totals"]["connections"] == 1
    ours.close()


def test_a_refused_later_login_is_followed_by_another_connection(emulator: Emulator) -> None:
    ours = provider(seconds=0.3)
    with redis.Redis(**address(emulator, credential_provider=ours, retry=None)) as client:
        assert client.ping()
        emulator.faults.refuse(1)
        eventually(lambda: client.ping() and len(emulator.logins()) >= 3)
    assert [one.accepted for one in emulator.logins()[:3]] == [True, False, True]
    tokens = [one.token_sha256 for one in emulator.logins()[:3]]
    assert tokens[2] != tokens[1]
    assert emulator.record()["totals"]["connections"] == 2
    ours.close()


class Reader(threading.Thread):
    """Listens to `news` until it has read the last of it, or fails."""

    def __init__(self, client: redis.Redis, last: bytes = b"end") -> None:
        super().__init__(daemon=True)
        self.pubsub: Any = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self.pubsub.subscribe("news")
        self.last = last
        self.read: list[bytes] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            for message in self.pubsub.listen():
                self.read.append(message["data"])
                if message["data"] == self.last:
                    break
        except redis.RedisError as error:
            self.error = error


@pytest.mark.parametrize("protocol", [2, 3])
def test_subscribers_log_in_again(emulator: Emulator, protocol: int) -> None:
    ours = provider(seconds=0.3)
    with (
        redis.Redis(**address(emulator, credential_provider=ours, protocol=protocol)) as client,
        redis.Redis(**address(emulator, credential_provider=ours)) as publisher,
    ):
        reader = Reader(client)
        reader.start()
        sent = 0
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            publisher.publish("news", sent)
            sent += 1
            time.sleep(0.01)
        # A subscriber with RESP2 may be about to subscribe anew.
        eventually(lambda: publisher.publish("news", "end") and not reader.is_alive())
        assert reader.error is None
        if protocol == 3:
            assert reader.read[:-1][:sent] == [b"%d" % number for number in range(sent)]
            assert {one.connection for one in relogins(emulator)} >= {1}
        else:
            assert len(reader.read) > sent / 10
            assert emulator.record()["totals"]["connections"] >= 4
    ours.close()


def test_the_server_cuts_sessions_of_others_and_not_ours() -> None:
    """Real sessions of 6 s: subscribers, held connections, and one that waits without end."""
    with Emulator("--token-life", "60", "--session-limit", "6") as emulator:
        naive = Naive(keyrotor.TokenManager(login(token_life_seconds=60)))
        ours = provider(seconds=4, token_life_seconds=60)
        no_retry = {"retry": None, "single_connection_client": True}
        with (
            naive.manager,
            redis.Redis(**address(emulator, credential_provider=naive, **no_retry)) as theirs,
            redis.Redis(**address(emulator, credential_provider=ours, **no_retry)) as held,
            redis.Redis(**address(emulator, credential_provider=ours)) as client,
            redis.Redis(**address(emulator, credential_provider=ours, protocol=2)) as with_resp2,
            redis.Redis(**address(emulator, credential_provider=ours, socket_timeout=None)) as waiting,
        ):
            readers = [Reader(client), Reader(with_resp2)]
            popped: list[Any] = []
            popper = threading.Thread(target=lambda: popped.append(waiting.brpop(["queue"])), daemon=True)
            for thread in [*readers, popper]:
                thread.start()

            def still_uses() -> bool:
                client.publish("news", "some")
                return bool(held.ping() and theirs.ping())

            with pytest.raises(redis.ConnectionError):
                eventually(lambda: not still_uses())
            eventually(lambda: held.ping() and emulator.record()["totals"]["session_limit_cuts"] >= 2)
            # The one that waited was cut as well, and redis-py's own retry sent its command again.
            eventually(lambda: client.lpush("queue", "found") and not popper.is_alive())
            assert [list(found) for found in popped] == [[b"queue", b"found"]]
            # Said until it is heard: one of them may be about to subscribe anew.
            eventually(lambda: client.publish("news", "end") and not any(one.is_alive() for one in readers))
            assert [reader.error for reader in readers] == [None, None]
        assert emulator.record()["totals"]["session_limit_cuts"] == 2
        ours.close()


HANGS = """
import asyncio
from redis.auth.idp import IdentityProviderInterface
from redis.auth.token import SimpleToken
from redis.auth.token_manager import CredentialsListener, RetryPolicy, TokenManager, TokenManagerConfig

class Platform(IdentityProviderInterface):
    def request_token(self, force_refresh=False):
        return SimpleToken("token", 9e15, 0, {"oid": "user"})

async def main():
    TokenManager(Platform(), TokenManagerConfig(0.7, 0, 100, RetryPolicy(3, 3))).start(CredentialsListener())

asyncio.run(main())
"""

RETURNS = """
import asyncio, keyrotor, keyrotor.redis

async def main():
    given = keyrotor.redis.provider(keyrotor.Password(username="user", password="token"))
    assert given.get_credentials() == ("user", "token")
    assert await given.get_credentials_async() == ("user", "token")

asyncio.run(main())
"""


def test_a_blocking_provider_inside_an_event_loop() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", HANGS], timeout=2, check=True)
    subprocess.run([sys.executable, "-c", RETURNS], timeout=30, check=True)


FORKS = """
import os, sys, redis, keyrotor.redis
client = redis.Redis(
    host="localhost", port=int(sys.argv[1]), ssl=True, ssl_ca_certs=sys.argv[2],
    credential_provider=keyrotor.redis.EnvCredentialProvider(),
)
assert client.ping()
child = os.fork()
assert client.incr("key") in (1, 2)
if child:
    assert os.waitpid(child, 0)[1] == 0
    assert client.get("key") == b"2"
"""


def test_a_forked_child_logs_in_by_itself(emulator: Emulator) -> None:
    with emulator.in_environment():
        command = [sys.executable, "-c", FORKS, str(emulator.port), str(emulator.ca)]
        subprocess.run(command, timeout=PATIENCE_SECONDS, check=True)
    assert [one.accepted for one in emulator.logins()] == [True, True]
