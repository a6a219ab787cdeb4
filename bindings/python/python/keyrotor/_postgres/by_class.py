"""psycopg connections that log in with a token, as classes: whatever connects by a class works with them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from keyrotor._postgres.login import Login, Words

_Connection = TypeVar("_Connection", bound="psycopg.Connection[Any]")
_AsyncConnection = TypeVar("_AsyncConnection", bound="psycopg.AsyncConnection[Any]")


def blocking(login: Login, base: type[_Connection]) -> type[_Connection]:
    """One built on `psycopg.Connection` or a class of it."""
    return type(f"Token{base.__name__}", (Blocking, base), {"login": login})


def for_tasks(login: Login, base: type[_AsyncConnection]) -> type[_AsyncConnection]:
    """One built on `psycopg.AsyncConnection` or a class of it."""
    return type(f"Token{base.__name__}", (ForTasks, base), {"login": login})


class Blocking:
    """Before a class of connections: its `connect` with a token."""

    login: ClassVar[Login]

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> Any:
        """Connects with these parameters, but for user and password."""
        given = secured(cls.login, conninfo, parameters)

        def dial(words: Words) -> Any:
            return super(Blocking, cls).connect(conninfo, **{**given, **words})  # type: ignore[misc]

        return cls.login.connect(dial)


class ForTasks:
    """The same for tasks."""

    login: ClassVar[Login]

    @classmethod
    async def connect(cls, conninfo: str = "", **parameters: Any) -> Any:
        """Connects with these parameters, but for user and password."""
        given = secured(cls.login, conninfo, parameters)

        def dial(words: Words) -> Awaitable[Any]:
            connecting: Awaitable[Any] = super(ForTasks, cls).connect(  # type: ignore[misc]
                conninfo, **{**given, **words}
            )
            return connecting

        return await cls.login.connect_async(dial)


def secured(login: Login, conninfo: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters with the TLS that a token needs."""
    given = {**conninfo_to_dict(conninfo), **parameters}
    return {**parameters, **login.tls.libpq(given, pq.version())}
