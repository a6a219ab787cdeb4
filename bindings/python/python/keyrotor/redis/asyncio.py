"""The asyncio half of `keyrotor.redis`.

    client = redis.asyncio.Redis(host="my-cache.example.com", ssl=True, credential_provider=provider(...))

needs nothing of this module. A pool of your own, and asyncio's cluster, do:

    pool = keyrotor.redis.asyncio.ConnectionPool.from_url("rediss://…", credential_provider=provider(...))
    client = redis.asyncio.Redis.from_pool(pool)
"""

from __future__ import annotations

from typing import Any

import redis.asyncio as aio

from keyrotor.redis._async_connection import logged_in
from keyrotor.redis._pool import check_provider
from keyrotor.redis._session import Session

__all__ = ["BlockingConnectionPool", "ConnectionPool", "RedisCluster", "logged_in"]


class ConnectionPool(aio.ConnectionPool):
    """`redis.asyncio.ConnectionPool` with `credential_provider=` of keyrotor's."""

    def __init__(self, connection_class: type[Any] = aio.Connection, **options: Any) -> None:
        check_provider(options)
        super().__init__(connection_class=logged_in(connection_class), **options)


class BlockingConnectionPool(aio.BlockingConnectionPool):
    """`redis.asyncio.BlockingConnectionPool`, likewise."""

    def __init__(self, *, connection_class: type[Any] = aio.Connection, **options: Any) -> None:
        check_provider(options)
        super().__init__(connection_class=logged_in(connection_class), **options)


class RedisCluster(aio.RedisCluster):
    """`redis.asyncio.RedisCluster` with `credential_provider=` of keyrotor's.

    Its nodes make their connections without a pool, so that they have to be told of ours.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        check_provider(options)
        # As one that does not stream: each connection makes its own of it, and the cluster leaves them alone.
        options["credential_provider"] = Session(options["credential_provider"])
        super().__init__(*arguments, **options)
        ours: Any = logged_in(self.connection_kwargs["connection_class"])
        self.connection_kwargs["connection_class"] = ours
        for node in self.nodes_manager.startup_nodes.values():
            node.connection_class = ours
