"""The clients that take turns: each gives a way to GET one key, blocking or awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

import keyrotor
import redis
import redis.asyncio

KEY = "bench"
HOST = "127.0.0.1"

Get = Callable[[], object]
AsyncGet = Callable[[], Awaitable[object]]
Close = Callable[[], Awaitable[object]]


def blocking(port: int) -> dict[str, Get]:
    """Connected blocking clients; the peers' are left out where they are not installed."""
    ours = keyrotor.Client.connect(addresses=[(HOST, port)], tls_mode="NoTls", request_timeout=10_000)
    theirs = redis.Redis(host=HOST, port=port)
    clients: dict[str, Get] = {
        "keyrotor": lambda: ours.execute("GET", KEY),
        "redis-py": lambda: theirs.get(KEY),
    }
    if find_spec("glide_sync"):
        clients["glide"] = _glide_sync(port)
    return clients


async def awaited(port: int) -> tuple[dict[str, AsyncGet], list[Close]]:
    """Connected clients of the running loop, and how to close them."""
    ours = await keyrotor.AsyncClient.connect(
        addresses=[(HOST, port)], tls_mode="NoTls", request_timeout=10_000
    )
    theirs = redis.asyncio.Redis(host=HOST, port=port)
    clients: dict[str, AsyncGet] = {
        "keyrotor": lambda: ours.execute("GET", KEY),
        "redis-py": lambda: theirs.get(KEY),
    }
    closes: list[Close] = [ours.close, theirs.aclose]
    if find_spec("glide"):
        glide = await _glide(port)
        clients["glide"] = lambda: glide.get(KEY)
        closes.append(glide.close)
    return clients, closes


def _glide_sync(port: int) -> Get:
    from glide_sync import (  # noqa: PLC0415
        GlideClient,
        GlideClientConfiguration,
        NodeAddress,
    )

    configuration = GlideClientConfiguration([NodeAddress(HOST, port)], request_timeout=10_000)
    client = GlideClient.create(configuration)
    return lambda: client.get(KEY)


async def _glide(port: int) -> Any:
    from glide import (  # noqa: PLC0415
        GlideClient,
        GlideClientConfiguration,
        NodeAddress,
    )

    configuration = GlideClientConfiguration([NodeAddress(HOST, port)], request_timeout=10_000)
    return await GlideClient.create(configuration)
