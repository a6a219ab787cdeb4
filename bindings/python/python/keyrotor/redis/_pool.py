"""redis-py's pools, of connections that log in again."""

from __future__ import annotations

from typing import Any

import redis

from keyrotor.redis._connection import logged_in
from keyrotor.redis._provider import CredentialProvider


class ConnectionPool(redis.ConnectionPool):
    """`redis.ConnectionPool` with a `credential_provider=` of keyrotor's, for clients made from a pool.

    >>> from keyrotor import Password
    >>> from keyrotor.redis import provider
    >>> login = provider(Password(username="app", password="made-up"))
    >>> pool = ConnectionPool.from_url("rediss://localhost:6379", credential_provider=login)
    >>> pool.connection_class.__name__
    'LoggedInSSLConnection'
    """

    def __init__(self, connection_class: type[Any] = redis.Connection, **options: Any) -> None:
        check_provider(options)
        super().__init__(connection_class=logged_in(connection_class), **options)


class BlockingConnectionPool(redis.BlockingConnectionPool):
    """`redis.BlockingConnectionPool`, likewise."""

    def __init__(self, *, connection_class: type[Any] = redis.Connection, **options: Any) -> None:
        check_provider(options)
        super().__init__(connection_class=logged_in(connection_class), **options)


def check_provider(options: dict[str, Any]) -> None:
    """Raises where the options hold no credential provider of keyrotor's, or a login beside it."""
    given = options.get("credential_provider")
    if not isinstance(given, CredentialProvider):
        raise TypeError(
            f"credential_provider is {type(given).__name__}, not keyrotor's: "
            "keyrotor.redis.provider(...) or keyrotor.redis.EnvCredentialProvider()"
        )
    if options.get("username") or options.get("password"):
        raise redis.DataError(
            "the URL or the options have a user or password beside the credential_provider: take them out"
        )
