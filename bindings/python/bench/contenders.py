"""The clients that take turns: each gives a way to GET a key, blocking or awaited."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keyrotor
import keyrotor.redis
import redis
import redis.asyncio
from bare import BareSocket
from places import CONTENDERS, HOST, USER, Place

PATIENCE_SECONDS = 10
"""Of all of them, so that a machine that stands still for a moment stops none."""
KEY = keyrotor.AccessKey(
    access_key_id="AKIDEXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)
LOGIN = keyrotor.ElastiCache(cluster_name="my-cluster", username=USER, region="eu-west-1", access_key=KEY)

Get = Callable[[str], object]
AsyncGet = Callable[[str], Awaitable[object]]


def blocking_client(name: str, place: Place) -> Get:
    """A blocking client; it connects at the latest when it is first used."""
    match name:
        case "keyrotor":
            return partial(keyrotor.Client.connect(**_ours(place)).execute, "GET")
        case "redis-py":
            # Without, it is not the peer that the targets name.
            find_spec("hiredis") or sys.exit("hiredis is missing: run scripts/setup")
            kind: Any = redis.RedisCluster if place.is_cluster else redis.Redis
            return kind(**_redis_py(place)).get  # type: ignore[no-any-return]
        case _:
            return _glide_sync(place).get  # type: ignore[no-any-return]


async def awaited_client(name: str, place: Place, stack: AsyncExitStack) -> AsyncGet:
    """A client of the running loop; the stack closes it."""
    match name:
        case "keyrotor":
            ours = await keyrotor.AsyncClient.connect(**_ours(place))
            stack.push_async_callback(ours.close)
            return partial(ours.execute, "GET")
        case "redis-py":
            kind: Any = redis.asyncio.RedisCluster if place.is_cluster else redis.asyncio.Redis
            theirs = kind(**_redis_py(place))
            stack.push_async_callback(theirs.aclose)
            return theirs.get  # type: ignore[no-any-return]
        case _:
            client = await _glide(place)
            stack.push_async_callback(client.close)
            return client.get  # type: ignore[no-any-return]


def blocking(place: Place) -> dict[str, Get]:
    """One of each."""
    return {name: blocking_client(name, place) for name in CONTENDERS}


def bare(place: Place) -> dict[str, Get]:
    """None at all, where there is one server."""
    return {} if place.is_cluster else {"no client": BareSocket(place, PATIENCE_SECONDS).get}


async def awaited(place: Place, stack: AsyncExitStack) -> dict[str, AsyncGet]:
    """One of each, on the running loop."""
    return {name: await awaited_client(name, place, stack) for name in CONTENDERS}


def with_passwords(place: Place) -> dict[str, Get]:
    """redis-py, with our provider and with a password that stays."""
    provided = redis.Redis(credential_provider=keyrotor.redis.provider(LOGIN), **_redis_py(place))
    static = redis.Redis(username=USER, password="static", **_redis_py(place))
    return {"keyrotor": provided.get, "redis-py": static.get}


async def with_passwords_awaited(place: Place, stack: AsyncExitStack) -> dict[str, AsyncGet]:
    """The same of redis-py's asyncio."""
    given = keyrotor.redis.provider(LOGIN)
    provided: Any = redis.asyncio.Redis(credential_provider=given, **_redis_py(place))
    static: Any = redis.asyncio.Redis(username=USER, password="static", **_redis_py(place))
    for close in (provided.aclose, static.aclose):
        stack.push_async_callback(close)
    return {"keyrotor": provided.get, "redis-py": static.get}


def _ours(place: Place) -> Any:
    fields: dict[str, object] = {
        "addresses": [(HOST, place.port)],
        "tls_mode": "NoTls",
        "request_timeout": PATIENCE_SECONDS * 1000,
        "cluster_mode_enabled": place.is_cluster,
    }
    if place.ca:
        fields |= {"tls_mode": "SecureTls", "root_certs": Path(place.ca).read_bytes()}
    return fields


def _redis_py(place: Place) -> dict[str, Any]:
    tls = {"ssl": True, "ssl_ca_certs": place.ca} if place.ca else {}
    patience = {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    return {"host": HOST, "port": place.port, **patience, **tls}


def _glide_sync(place: Place) -> Any:
    import glide_sync  # noqa: PLC0415

    kind: Any = glide_sync.GlideClusterClient if place.is_cluster else glide_sync.GlideClient
    return kind.create(_glide_configuration(place))


async def _glide(place: Place) -> Any:
    import glide  # noqa: PLC0415

    kind: Any = glide.GlideClusterClient if place.is_cluster else glide.GlideClient
    return await kind.create(_glide_configuration(place))


def _glide_configuration(place: Place) -> Any:
    import glide_shared.config as glide  # noqa: PLC0415

    kind: Any = glide.GlideClientConfiguration
    advanced: Any = glide.AdvancedGlideClientConfiguration
    if place.is_cluster:
        kind, advanced = glide.GlideClusterClientConfiguration, glide.AdvancedGlideClusterClientConfiguration
    options = {}
    if place.ca:
        roots = glide.TlsAdvancedConfiguration(root_pem_cacerts=Path(place.ca).read_bytes())
        options = {"use_tls": True, "advanced_config": advanced(tls_config=roots)}
    addresses = [glide.NodeAddress(HOST, place.port)]
    return kind(addresses, request_timeout=PATIENCE_SECONDS * 1000, **options)
