"""psycopg 3 and psycopg_pool: each new connection to RDS, Aurora, DSQL or Azure's PostgreSQL has a token.

    manager = keyrotor.TokenManager(keyrotor.Rds(host="db.abc…", port=5432, username="app"))
    with keyrotor.psycopg.connect(manager, "host=db.abc… sslrootcert=global-bundle.pem") as connection:
        connection.execute("SELECT current_user")

    pool = keyrotor.psycopg.pool(manager, "host=db.abc… dbname=orders", min_size=2, open=True)

User and password of the parameters are replaced, the user only where the tokens are for one. `sslmode` is
`verify-full` unless the parameters say otherwise; they must verify the server too, or it is a
`keyrotor.ConfigError`. Where the server refuses a token, the manager is told and the next one is tried once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from keyrotor._postgres import by_class
from keyrotor._postgres.login import Login, Tokens
from keyrotor._postgres.tls import Flags, take_flags

if TYPE_CHECKING:
    from psycopg.rows import TupleRow
    from psycopg_pool import AsyncConnectionPool, ConnectionPool
    from typing_extensions import Unpack

__all__ = [
    "async_connection_class",
    "connect",
    "connect_async",
    "connection_class",
    "pool",
    "pool_async",
    "pool_kwargs",
    "pool_kwargs_async",
]

_Connection = TypeVar("_Connection", bound="psycopg.Connection[Any]")
_AsyncConnection = TypeVar("_AsyncConnection", bound="psycopg.AsyncConnection[Any]")


def connect(tokens: Tokens, conninfo: str = "", /, **parameters: Any) -> psycopg.Connection[TupleRow]:
    """`psycopg.connect`, logged in with a token. Takes `allow_plaintext` and `allow_unverified_tls` too."""
    login = Login.of(tokens, take_flags(parameters))
    return by_class.blocking(login, psycopg.Connection).connect(conninfo, **parameters)


async def connect_async(
    tokens: Tokens, conninfo: str = "", /, **parameters: Any
) -> psycopg.AsyncConnection[TupleRow]:
    """`psycopg.AsyncConnection.connect`, likewise."""
    login = Login.of(tokens, take_flags(parameters))
    return await by_class.for_tasks(login, psycopg.AsyncConnection).connect(conninfo, **parameters)


def pool(
    tokens: Tokens, conninfo: str = "", /, **options: Any
) -> ConnectionPool[psycopg.Connection[TupleRow]]:
    """A `psycopg_pool.ConnectionPool` of such connections; the options are its own, and those of `connect`.

    For DSQL, which ends each session after 60 minutes, `max_lifetime` is 55 minutes unless it is given.
    """
    from psycopg_pool import ConnectionPool  # noqa: PLC0415  # psycopg does without.

    login = Login.of(tokens, take_flags(options))
    base = options.pop("connection_class", psycopg.Connection)
    return ConnectionPool(conninfo, connection_class=by_class.blocking(login, base), **_aged(login, options))


def pool_async(
    tokens: Tokens, conninfo: str = "", /, **options: Any
) -> AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]:
    """A `psycopg_pool.AsyncConnectionPool`, likewise."""
    from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415  # psycopg does without.

    login = Login.of(tokens, take_flags(options))
    base = options.pop("connection_class", psycopg.AsyncConnection)
    return AsyncConnectionPool(
        conninfo, connection_class=by_class.for_tasks(login, base), **_aged(login, options)
    )


def connection_class(
    tokens: Tokens, base: type[_Connection] | None = None, /, **flags: Unpack[Flags]
) -> type[Any]:
    """A class whose `connect` logs in with a token, for whatever makes connections by a class: any pool's
    `connection_class`. `base` is what it is built on.
    """
    return by_class.blocking(Login.of(tokens, flags), base or psycopg.Connection)


def async_connection_class(
    tokens: Tokens, base: type[_AsyncConnection] | None = None, /, **flags: Unpack[Flags]
) -> type[Any]:
    """The same of `psycopg.AsyncConnection`."""
    return by_class.for_tasks(Login.of(tokens, flags), base or psycopg.AsyncConnection)


def pool_kwargs(tokens: Tokens, /, **parameters: Any) -> Callable[[], dict[str, Any]]:
    """A function for the `kwargs` of psycopg_pool ≥ 3.3, which asks it for each connection.

    It gives a token and the parameters, but is not told what the server makes of it: `pool` and
    `connection_class` are, and replace a token that the server refused.
    """
    login = Login.of(tokens, take_flags(parameters))
    secured = by_class.secured(login, "", parameters)
    return lambda: {**secured, **login.words()}


def pool_kwargs_async(tokens: Tokens, /, **parameters: Any) -> Callable[[], Awaitable[dict[str, Any]]]:
    """The same for `AsyncConnectionPool`."""
    login = Login.of(tokens, take_flags(parameters))
    secured = by_class.secured(login, "", parameters)

    async def kwargs() -> dict[str, Any]:
        return {**secured, **await login.words_async()}

    return kwargs


def _aged(login: Login, options: dict[str, Any]) -> dict[str, Any]:
    if login.longest_age is None:
        return options
    return {"max_lifetime": login.longest_age.total_seconds(), **options}
