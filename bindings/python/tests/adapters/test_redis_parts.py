"""The parts of the redis adapter one by one, with a clock of the test's own."""

from __future__ import annotations

import asyncio
import copy
import doctest
import gc
import importlib
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import keyrotor
import keyrotor.redis
import pytest
import redis
from caches import login, provider
from keyrotor.redis._connection import logged_in
from keyrotor.redis._lease import Lease, lease_of
from keyrotor.redis._listeners import Listeners
from keyrotor.redis._retry import Patience
from keyrotor.redis._session import NEVER, Session
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection
from redis.retry import Retry

HOURS_12 = timedelta(hours=12)


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("dice", "due"), [(0.0, 0.80), (1.0, 0.92)])
def test_a_login_is_due_within_its_lease(dice: float, due: float) -> None:
    clock, given = Clock(), provider()
    session: Any = Session(given, clock=clock, dice=lambda: dice)
    assert session.due_in == NEVER
    session.get_credentials()
    clock.now += 5
    session.accepted()
    # From when it was sent, not from when the answer came.
    assert session.due_in == pytest.approx(43_200 * due - 5)
    clock.now += 43_200 * due - 6
    assert not session.is_due
    clock.now += 1
    assert session.is_due
    given.close()


def test_a_later_login_carries_a_newer_token_and_a_postponed_one_waits() -> None:
    clock, given = Clock(), provider(seconds=100)
    session: Any = Session(given, clock=clock, dice=lambda: 0.0)
    first = session.get_credentials()
    session.accepted()
    clock.now += 80
    assert session.is_due
    assert session.get_newer_credentials() != first
    session.postponed()
    assert not session.is_due
    # Of the login that the server took.
    assert session.lease_left == pytest.approx(20)
    clock.now += 2
    assert session.is_due
    session.accepted()
    assert session.due_in == pytest.approx(78)
    given.close()


def test_passwords_are_not_sent_again() -> None:
    given = keyrotor.redis.provider(keyrotor.Password(password="made-up"))
    session = Session(given)
    assert session.get_credentials() == ("made-up",)
    session.accepted()
    assert session.due_in == NEVER
    given.close()


def test_leases() -> None:
    assert lease_of(login()) == Lease(HOURS_12)
    assert lease_of(login(serverless=True)) == Lease(HOURS_12)
    assert lease_of(login(lease_seconds=20)) == Lease(timedelta(seconds=20))
    assert lease_of(keyrotor.Password(password="made-up")) == Lease()
    with keyrotor.TokenManager(login()) as manager:
        assert lease_of(manager) == Lease(HOURS_12)
        assert keyrotor.redis.provider(manager, lease=timedelta(hours=1)).lease == Lease(timedelta(hours=1))
        left = Lease(ends_with_token=True).seconds(manager.credential())
        assert left is not None
        assert 0 < left <= 900


class Listener:
    """What redis-py registers: a method of an object that its client holds."""

    def __init__(self) -> None:
        self.tokens: list[Any] = []
        self.told = threading.Event()

    def listen(self, token: Any) -> None:
        self.tokens.append(token)
        self.told.set()

    def fails(self, _token: Any) -> None:
        raise LookupError("the connection is gone")


def test_all_listeners_are_told_before_the_lease_ends_and_none_is_held(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    with keyrotor.TokenManager(login()) as manager:
        listeners = Listeners(manager, Lease(HOURS_12), clock=clock)
        one, other, gone = Listener(), Listener(), Listener()
        for listener in (one.fails, one.listen, other.listen, gone.listen):
            listeners.add(listener)
        del gone
        gc.collect()
        # Said here as well as by the manager, so that it is known when.
        listeners.told(manager.credential())
        clock.now += 10 * 3600
        listeners.told(manager.refresh())
        assert one.tokens == []
        clock.now += 1.5 * 3600
        newest = manager.refresh()
        listeners.told(newest)
        assert one.told.wait(30)
        assert other.told.wait(30)
        assert [token.get_value() for token in one.tokens] == [newest.secret]
        assert [token.try_get("oid") for token in other.tokens] == ["iam-user-01"]
        assert "could not log in again" in caplog.text
        clock.now += 3600
        listeners.told(manager.refresh())
        assert len(one.tokens) == 1


def test_an_async_listener_is_told_on_its_own_loop() -> None:
    clock = Clock()

    async def main() -> None:
        told = asyncio.Event()
        threads: list[int] = []

        async def listen(_token: Any) -> None:
            threads.append(threading.get_ident())
            told.set()

        with keyrotor.TokenManager(login()) as manager:
            listeners = Listeners(manager, Lease(HOURS_12), clock=clock)
            listeners.add(listen)
            listeners.told(await manager.credential_async())
            clock.now += 11.5 * 3600
            listeners.told(await manager.refresh_async())
            await asyncio.wait_for(told.wait(), 30)
            assert threads == [threading.get_ident()]

    asyncio.run(main())


def test_a_listener_of_ones_own_is_told_by_the_provider() -> None:
    given, listener = provider(seconds=1), Listener()
    given.get_credentials()
    given.on_next(listener.listen)
    given.on_error(listener.fails)
    assert given.is_streaming()
    assert given.manager is not None
    # Every token is later than a lease of one second has patience for.
    while not listener.told.wait(0.05):
        given.manager.refresh()
    assert isinstance(listener.tokens[0], keyrotor.redis.Token)
    given.close()


def test_a_token_in_redis_pys_form() -> None:
    with keyrotor.TokenManager(login()) as manager:
        credential = manager.credential()
        token = keyrotor.redis.Token(credential)
    assert token.try_get("oid") == "iam-user-01"
    assert token.try_get("sub") == ""
    assert token.get_value() == credential.secret
    assert not token.is_expired()
    assert 890_000 < token.ttl() <= 900_000
    assert token.get_expires_at_ms() - token.get_received_at_ms() == pytest.approx(900_000, abs=2000)
    now = datetime.now(timezone.utc).timestamp() * 1000
    assert token.get_received_at_ms() == pytest.approx(now, abs=30_000)
    assert credential.secret not in repr(token)
    with keyrotor.TokenManager(keyrotor.Password(password="made-up")) as manager:
        token = keyrotor.redis.Token(manager.credential())
    assert (token.get_expires_at_ms(), token.ttl(), token.is_expired()) == (-1, -1, False)


def test_retries_stop_at_a_refused_login_only() -> None:
    calls: list[type[Exception]] = []

    def fails(error: Exception) -> None:
        calls.append(type(error))
        raise error

    patience: Any = Patience(Retry(NoBackoff(), 3))
    with pytest.raises(keyrotor.redis.LoginError):
        patience.call_with_retry(lambda: fails(keyrotor.redis.LoginError("no")), lambda _error: None)
    assert len(calls) == 1
    with pytest.raises(redis.AuthenticationError):
        patience.call_with_retry(lambda: fails(redis.AuthenticationError("NOAUTH")), lambda _error: None)
    assert len(calls) == 5
    assert patience.get_retries() == 3
    assert copy.deepcopy(patience).get_retries() == 3


IAM = {"VALKEY_IAM_AUTH": "true", "VALKEY_CLUSTER_ID": "c", "VALKEY_USER": "app"}
READ = keyrotor.redis.credentials_from_environment


def test_a_class_of_ones_own_is_called_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Tracing(AbstractConnection):
        def send_command(self, *arguments: Any, **_: Any) -> None:
            seen.append(arguments[0])

    class Own(redis.Connection, Tracing):
        pass

    class Behind(logged_in(redis.Connection), Tracing):  # type: ignore[misc]
        pass

    class Before(Tracing, logged_in(redis.Connection)):  # type: ignore[misc]
        pass

    made: list[Any] = [logged_in(Own), Behind, Before]
    for connection_class in made:
        connection_class().send_command("GET")
    assert seen == ["GET"] * 3

    def patched(_: Any, *arguments: Any, **__: Any) -> None:
        seen.append(f"patched {arguments[0]}")

    monkeypatch.setattr(redis.Connection, "send_command", patched)
    made[0]().send_command("GET")
    assert seen[3:] == ["patched GET"]


def test_the_environment() -> None:
    assert READ(IAM) == keyrotor.ElastiCache(cluster_name="c", username="app", serverless=False)
    assert READ({**IAM, "VALKEY_HOST": "c.serverless.euw1.cache.amazonaws.com"}) == keyrotor.ElastiCache(
        cluster_name="c", username="app", serverless=True
    )
    memorydb = {**IAM, "VALKEY_HOST": "clustercfg.c.abc.memorydb.eu-west-1.amazonaws.com"}
    assert READ(memorydb) == keyrotor.MemoryDB(cluster_name="c", username="app")
    assert isinstance(READ({**memorydb, "KEYROTOR_SERVICE": "elasticache"}), keyrotor.ElastiCache)
    lives = {"KEYROTOR_TOKEN_LIFE_SECONDS": "60", "KEYROTOR_LEASE_SECONDS": "20"}
    read = READ({**IAM, **lives})
    assert isinstance(read, keyrotor.ElastiCache)
    assert (read.token_life_seconds, read.lease_seconds) == (60, 20)
    assert READ({"VALKEY_PASSWORD": "p"}) == keyrotor.Password(password="p")
    assert READ({"VALKEY_PASSWORD": "p", "VALKEY_USER": "u"}) == keyrotor.Password(password="p", username="u")
    assert isinstance(READ({**IAM, "VALKEY_PASSWORD": "p", "REQUIRE_IAM_AUTH": "1"}), keyrotor.ElastiCache)


@pytest.mark.parametrize(
    ("says", "name"),
    [
        ({"REQUIRE_IAM_AUTH": "true"}, "VALKEY_IAM_AUTH"),
        ({"REQUIRE_IAM_AUTH": "true", "VALKEY_PASSWORD": "p"}, "VALKEY_IAM_AUTH"),
        ({"VALKEY_IAM_AUTH": "maybe"}, "VALKEY_IAM_AUTH"),
        ({"VALKEY_IAM_AUTH": "true", "VALKEY_USER": "app"}, "VALKEY_CLUSTER_ID"),
        ({"USE_IAM_AUTH": "on", "VALKEY_CLUSTER_ID": "c"}, "VALKEY_USER"),
        ({**IAM, "KEYROTOR_SERVICE": "redis"}, "KEYROTOR_SERVICE"),
        ({**IAM, "KEYROTOR_LEASE_SECONDS": "soon"}, "KEYROTOR_LEASE_SECONDS"),
    ],
)
def test_an_environment_that_is_wrong_names_the_variable(says: dict[str, str], name: str) -> None:
    with pytest.raises(keyrotor.ConfigError, match=name) as caught:
        READ(says)
    assert caught.value.field == name


def test_an_environment_without_a_login(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("VALKEY_IAM_AUTH", "USE_IAM_AUTH", "REQUIRE_IAM_AUTH", "VALKEY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    given: Any = keyrotor.redis.EnvCredentialProvider()
    assert given.get_credentials() == ()
    assert asyncio.run(given.get_credentials_async()) == ()
    given.close()
    again = keyrotor.redis.EnvCredentialProvider()
    assert again.manager is None
    assert caplog.text.count("do not log in") <= 1


def test_keyrotor_imports_none_of_them() -> None:
    code = (
        "import keyrotor, sys; print([n for n in ('redis', 'celery', 'kombu', 'django') if n in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["_provider", "_connection", "_pool", "_environment"])
def test_the_examples_of_the_documentation(name: str) -> None:
    module = importlib.import_module(f"keyrotor.redis.{name}")
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
