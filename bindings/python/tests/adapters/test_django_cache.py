"""Django's own Redis cache, and django-redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import django.conf
import django_redis.pool
import keyrotor
import pytest
import redis
from caches import USER, eventually, login, provider, relogins, rotate_and_kill
from django.conf import UserSettingsHolder, global_settings
from django.core.cache import CacheHandler
from django.core.exceptions import ImproperlyConfigured
from emulator import Emulator

CORE = "django.core.cache.backends.redis.RedisCache"
OURS = "keyrotor.django.cache.RedisCache"
DJANGO_REDIS = "django_redis.cache.RedisCache"
FACTORY = "keyrotor.django.django_redis.connection_factory"
KINDS = pytest.mark.parametrize("kind", ["core", "django-redis"])


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Django's defaults, for the time of one test."""
    lazy: Any = django.conf.settings
    before = lazy._wrapped  # noqa: SLF001
    lazy._wrapped = UserSettingsHolder(global_settings)  # noqa: SLF001
    monkeypatch.setattr("django_redis.pool.ConnectionFactory._pools", {})
    yield
    lazy._wrapped = before  # noqa: SLF001


def cache(backend: str, emulator: Emulator, user: str = "", **options: Any) -> Any:
    location = f"rediss://{user}localhost:{emulator.port}/0?ssl_ca_certs={emulator.ca}"
    handler = CacheHandler({"default": {"BACKEND": backend, "LOCATION": location, "OPTIONS": options}})
    return handler["default"]


def ours(kind: str, emulator: Emulator, **options: Any) -> Any:
    """The cache with our backend, or our factory."""
    if kind == "core":
        return cache(OURS, emulator, **options)
    return cache(DJANGO_REDIS, emulator, CONNECTION_FACTORY=FACTORY, **options)


class Naive(redis.CredentialProvider):
    """What one writes oneself."""

    def __init__(self, manager: keyrotor.TokenManager) -> None:
        self.manager = manager

    def get_credentials(self) -> tuple[str, str]:
        return USER, self.manager.token()


def naive(kind: str, emulator: Emulator, given: redis.CredentialProvider, **options: Any) -> Any:
    """The same without us."""
    if kind == "core":
        return cache(CORE, emulator, **options, credential_provider=given)
    pool = {"credential_provider": given}
    return cache(DJANGO_REDIS, emulator, **options, CONNECTION_POOL_KWARGS=pool)


def until_used(use: Callable[[], Any]) -> None:
    """redis-py retries nothing on the connections of a pool that is not told to."""

    def works() -> bool:
        try:
            use()
        except redis.AuthenticationError:
            raise
        except (redis.ConnectionError, ConnectionError):
            return False
        return True

    eventually(works)


@KINDS
def test_it_goes_on(kind: str, emulator: Emulator) -> None:
    given = provider()
    used = ours(kind, emulator, credential_provider=given)
    used.set("key", {"a": 1})
    rotate_and_kill(emulator, given)
    until_used(lambda: used.get("key"))
    assert used.get("key") == {"a": 1}
    assert used.add("count", 0)
    assert used.incr("count") == 1
    assert used.get_many(["key", "count"]) == {"key": {"a": 1}, "count": 1}
    tokens = [one.token_sha256 for one in emulator.logins() if one.accepted]
    assert tokens[0] != tokens[-1]
    given.close()


@KINDS
def test_with_a_configuration(kind: str, shared_emulator: Emulator) -> None:
    used = ours(kind, shared_emulator, credentials=login())
    used.set("key", "value", timeout=60)
    assert used.get("key") == "value"


@KINDS
def test_with_the_environment(kind: str, emulator: Emulator) -> None:
    with emulator.in_environment():
        used = ours(kind, emulator)
        used.set("key", "value")
        assert used.get("key") == "value"


@KINDS
def test_connections_log_in_again(kind: str, emulator: Emulator) -> None:
    patient = Naive(keyrotor.TokenManager(login()))
    used = naive(kind, emulator, patient)
    for _ in range(20):
        used.set("key", "value")
    assert relogins(emulator) == []
    patient.manager.close()

    # django-redis has one pool for a location, whatever the options.
    django_redis.pool.ConnectionFactory._pools.clear()  # noqa: SLF001
    given = provider(seconds=0.2)
    used = ours(kind, emulator, credential_provider=given)
    eventually(lambda: used.set("key", "value") or relogins(emulator))
    given.close()


@KINDS
def test_a_user_in_the_location_is_an_error_that_says_so(kind: str, shared_emulator: Emulator) -> None:
    patient = Naive(keyrotor.TokenManager(login()))
    where = f"rediss://{USER}:made-up@localhost:{shared_emulator.port}/0"
    backend = CORE if kind == "core" else DJANGO_REDIS
    options: dict[str, Any] = {"credential_provider": patient}
    theirs = {"BACKEND": backend, "LOCATION": where, "OPTIONS": options}
    if kind != "core":
        theirs["OPTIONS"] = {"CONNECTION_POOL_KWARGS": options}
    with pytest.raises(redis.DataError):
        CacheHandler({"default": theirs})["default"].get("key")
    patient.manager.close()

    django_redis.pool.ConnectionFactory._pools.clear()  # noqa: SLF001
    mine = {"BACKEND": OURS, "LOCATION": where, "OPTIONS": {"credentials": login()}}
    if kind != "core":
        mine |= {"BACKEND": DJANGO_REDIS, "OPTIONS": {"credentials": login(), "CONNECTION_FACTORY": FACTORY}}
    with pytest.raises(redis.DataError, match="take them out") as caught:
        CacheHandler({"default": mine})["default"].get("key")
    assert "made-up" not in str(caught.value)


def test_a_password_in_the_options_of_django_redis_is_one_too(shared_emulator: Emulator) -> None:
    patient = Naive(keyrotor.TokenManager(login()))
    with pytest.raises(redis.DataError):
        naive("django-redis", shared_emulator, patient, PASSWORD="made-up").get("key")
    patient.manager.close()
    with pytest.raises(ImproperlyConfigured, match="PASSWORD"):
        ours("django-redis", shared_emulator, credentials=login(), PASSWORD="made-up").get("key")


@KINDS
def test_a_provider_of_somebody_else_is_refused(kind: str, shared_emulator: Emulator) -> None:
    other = redis.UsernamePasswordCredentialProvider("user", "made-up")
    with pytest.raises(ImproperlyConfigured, match=r"keyrotor\.redis\.provider"):
        ours(kind, shared_emulator, credential_provider=other).get("key")
