"""Finds the pools of a client that registers with a streaming provider."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from redis.asyncio import connection as aio
from redis.connection import AbstractConnection


def adopted(callback: Callable[[Any], Any]) -> bool:
    """Whether the connections behind a callback of redis-py's are looked after one by one from now on.

    A client registers when it is made, and its pool makes connections later, of the class that the pool says.
    """
    listener = getattr(callback, "__self__", None)
    # No part of redis-py's API: where it changes, the callback is called as redis-py has it.
    pools = getattr(getattr(listener, "_event", None), "connection_pools", None)
    if not isinstance(pools, list) or not all(hasattr(pool, "connection_class") for pool in pools):
        return False
    outcomes = [_adopt(pool) for pool in pools]
    return all(outcomes)


def _adopt(pool: Any) -> bool:
    # Only now, since both are built on the provider that asks.
    from keyrotor.redis import _async_connection, _connection  # noqa: PLC0415

    made = pool.connection_class
    if not inspect.isclass(made):
        return False
    if issubclass(made, AbstractConnection):
        pool.connection_class = _connection.logged_in(made)
        return True
    if issubclass(made, aio.AbstractConnection):
        pool.connection_class = _async_connection.logged_in(made)
        return True
    return False
