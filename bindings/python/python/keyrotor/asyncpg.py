"""asyncpg: each new connection to RDS, Aurora, DSQL or Azure's PostgreSQL logs in with a fresh token.

    manager = keyrotor.TokenManager(keyrotor.Rds(host="db.abc…", port=5432, username="app"))
    pool = await keyrotor.asyncpg.create_pool(manager, host="db.abc…", database="orders")

`ssl` is `verify-full` unless the arguments say otherwise (asyncpg finds the authority in `PGSSLROOTCERT`,
or takes an `ssl.SSLContext`); they must verify the server too, or it is a `keyrotor.ConfigError`. Where the
server refuses a token, the manager is told and the next one is tried once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from keyrotor._postgres import age
from keyrotor._postgres.login import Login, Tokens, Words
from keyrotor._postgres.tls import take_flags

__all__ = ["connect", "create_pool", "password"]


def password(tokens: Tokens, /) -> Callable[[], Awaitable[str]]:
    """A function for asyncpg's argument `password`, which asks it for each connection.

    It is not told what the server makes of the token, and leaves user and TLS to you: `connect` and
    `create_pool` see to all three.
    """
    login = Login.of(tokens)

    async def token() -> str:
        return (await login.words_async())["password"]

    return token


async def connect(tokens: Tokens, dsn: str | None = None, /, **arguments: Any) -> Any:
    """`asyncpg.connect`, logged in with a token; takes `allow_plaintext` and `allow_unverified_tls` too."""
    return await _connect(Login.of(tokens, take_flags(arguments)), dsn, arguments)


def create_pool(
    tokens: Tokens, dsn: str | None = None, /, *, longest_age: timedelta | None = None, **arguments: Any
) -> Any:
    """`asyncpg.create_pool` (0.30 or newer) of such connections; the arguments are its own, and `connect`'s.

    Within `longest_age` all connections are replaced, each when it is free. Unset: 55 minutes for DSQL, which
    ends each session after 60, else never.
    """
    login = Login.of(tokens, take_flags(arguments), longest_age)
    renewal = _Renewal(login.longest_age)

    async def connected(dsn: str | None = None, **arguments: Any) -> Any:
        connection = await _connect(login, dsn, arguments)
        renewal.begin()
        return connection

    pool = asyncpg.create_pool(dsn, connect=connected, **arguments)
    renewal.pool = pool
    return pool


async def _connect(login: Login, dsn: str | None, arguments: dict[str, Any]) -> Any:
    secured = {**arguments, "ssl": _ssl(login, dsn, arguments)}

    async def dial(words: Words) -> Any:
        return await asyncpg.connect(dsn, **{**secured, **words})

    return await login.connect_async(dial)


def _ssl(login: Login, dsn: str | None, arguments: dict[str, Any]) -> object:
    parts = urlsplit(dsn or "")
    query = parse_qs(parts.query)
    host = arguments.get("host") or parts.hostname or next(iter(query.get("host", [])), None)
    mode = next(iter(query.get("sslmode", [])), None)
    return login.tls.asyncpg(arguments.get("ssl"), host, mode)


class _Renewal:
    """Expires a pool's connections in time. asyncpg itself looks at how long one was idle, not at its age."""

    pool: Any

    def __init__(self, longest: timedelta | None) -> None:
        self._longest = longest
        self._has_begun = False

    def begin(self) -> None:
        """Begins with the first connection."""
        if self._longest is not None and not self._has_begun:
            self._has_begun = True
            self._arm(self._longest)

    def _arm(self, longest: timedelta) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(age.spread(longest), self._renew, loop, longest)

    def _renew(self, loop: asyncio.AbstractEventLoop, longest: timedelta) -> None:
        if self.pool.is_closing():
            return
        self._expiring = loop.create_task(self.pool.expire_connections())
        self._arm(longest)
