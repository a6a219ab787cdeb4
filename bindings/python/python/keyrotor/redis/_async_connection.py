"""redis-py's asyncio connections, which log in again before the server's lease ends."""

from __future__ import annotations

import functools
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, NoReturn

import redis
from redis.asyncio.connection import AbstractConnection

from keyrotor.redis._connection import is_news
from keyrotor.redis._errors import LoginError
from keyrotor.redis._provider import CredentialProvider
from keyrotor.redis._retry import AsyncPatience
from keyrotor.redis._session import Session
from keyrotor.redis._transaction import TRANSACTIONS

_HAS_HEALTH = hasattr(AbstractConnection, "connect_check_health")


def logged_in(connection_class: type[AbstractConnection]) -> type[AbstractConnection]:
    """The same class of connections, looked after: for pools whose class you choose yourself."""
    if issubclass(connection_class, LoggedIn):
        return connection_class
    return type(f"LoggedIn{connection_class.__name__}", (LoggedIn, connection_class), {})


class LoggedIn(AbstractConnection):
    """Goes before one of redis-py's classes of asyncio connections; see its blocking twin.

    All that may wait for a token waits on another thread than the event loop's.
    """

    _session: Session | None = None
    _awaits_login = False
    _in_transaction = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.retry: Any = AsyncPatience(self.retry)
        if isinstance(self.credential_provider, CredentialProvider | Session):
            self._session = Session(self.credential_provider)
            self.credential_provider = self._session

    @property
    def lease_left(self) -> float | None:
        """Seconds for which the server still honours this connection's login; `None` for ever."""
        return None if self._session is None else self._session.lease_left

    # The first login.

    async def connect_check_health(self, *arguments: Any, **options: Any) -> None:
        """Connects and logs in; with another token where the server refuses the first."""
        connect = functools.partial(super().connect_check_health, *arguments, **options)
        await self._connected(connect)

    async def on_connect_check_health(self, *arguments: Any, **options: Any) -> None:
        """Logs in on a new socket."""
        await self._logged_in(functools.partial(super().on_connect_check_health, *arguments, **options))

    async def connect(self) -> None:
        """Called by pools, too, whenever they hand it out: no transaction outlasts that."""
        self._in_transaction = False
        if self.is_connected:
            # What redis-py itself finds out only inside its retries, at each command.
            return
        if _HAS_HEALTH:
            await super().connect()
        else:
            await self._connected(super().connect)

    async def on_connect(self) -> None:
        """Logs in on a new socket, for those who do that by themselves."""
        if _HAS_HEALTH:
            await super().on_connect()
        else:
            await self._logged_in(super().on_connect)

    async def _connected(self, connect: Callable[[], Awaitable[None]]) -> None:
        try:
            await connect()
        except LoginError:
            raise
        except redis.AuthenticationError:
            if self._session is None:
                raise
            try:
                await connect()
            except redis.AuthenticationError as error:
                raise LoginError.refused(error) from error

    async def _logged_in(self, log_in: Callable[[], Awaitable[None]]) -> None:
        try:
            await log_in()
        except LoginError:
            raise
        except redis.AuthenticationError:
            if self._session is not None:
                self._session.refused()
            raise
        self._in_transaction = self._awaits_login = False
        if self._session is not None:
            self._session.accepted()

    # Later logins.

    async def check_health(self) -> None:
        """redis-py's health check, and a login where it is due; in a transaction it is put off."""
        if self.health_check_interval:
            await super().check_health()
        session = self._session
        if session is not None and session.clock() >= session.due and not self._in_transaction:
            await self._log_in_again(session)

    def send_command(self, *arguments: Any, **options: Any) -> Coroutine[Any, Any, None]:
        """Sends it, after a login where that is due."""
        # Handed on as it is: one more coroutine for each command would be felt.
        sending = super().send_command(*arguments, **options)
        return self._noted(arguments[0], sending) if arguments[0] in TRANSACTIONS else sending

    async def _noted(self, command: str, sending: Awaitable[None]) -> None:
        await sending
        self._in_transaction = TRANSACTIONS[command]

    async def _log_in_again(self, session: Session) -> None:
        """On the live connection; where the server refuses, on a new one with another token."""
        if await self._offer(session):
            return
        # Some of redis-py's parsers give a refusal again and again: only a new socket has other replies.
        session.refused()
        await self.disconnect(nowait=True)
        await self.connect()

    async def _offer(self, session: Session) -> bool:
        """Whether a newer token is not refused; where there is none now, the old login has to do."""
        try:
            login = await session.get_newer_credentials_async()
        except LoginError:
            session.postponed()
            return True
        await self.send_command("AUTH", *login, check_health=False)
        try:
            reply = await super().read_response()
        except redis.AuthenticationError:
            return False
        except redis.ResponseError:
            session.postponed()
            return True
        except BaseException:
            # Its reply may still come, and must not be taken for another's.
            await self.disconnect(nowait=True)
            raise
        if reply not in (b"OK", "OK"):
            # In a MULTI that went unseen it is queued: the server drops both with the connection.
            await self.disconnect(nowait=True)
            raise redis.ConnectionError("a login was due inside a transaction; the connection is closed")
        session.accepted()
        return True

    # Pub/sub: redis-py reads there whatever comes, and sends nothing of its own accord.

    def read_response(self, *arguments: Any, **options: Any) -> Coroutine[Any, Any, Any]:
        """The next reply, or what was published; `None` in place of the answer to a subscriber's login."""
        session = self._session if options else None
        if session is None or not is_news(options):
            return super().read_response(*arguments, **options)
        read = functools.partial(super().read_response, *arguments, **options)
        return self._listened(session, read, options)

    async def _listened(
        self, session: Session, read: Callable[..., Awaitable[Any]], options: Mapping[str, Any]
    ) -> Any:
        await self._keep_listening(session)
        if self._awaits_login:
            return await self._answer_or_news(session, read)
        timeout = options.get("timeout", self.socket_timeout)
        if timeout in (None, math.inf) and session.due_in < math.inf:
            # `None` at its end, which redis-py's subscribers take for nothing, and read on.
            read = functools.partial(read, timeout=session.due_in)
        return await read()

    async def _keep_listening(self, session: Session) -> None:
        if self._awaits_login or not session.is_due or not self.is_connected:
            return
        if str(self.get_protocol()) != "3":
            # Such a connection takes no login while it is subscribed.
            await self._end("its login ends, and with RESP2 a subscriber cannot log in again")
        try:
            login = await session.get_newer_credentials_async()
        except LoginError:
            session.postponed()
            return
        await self.send_command("AUTH", *login, check_health=False)
        self._awaits_login = True

    async def _answer_or_news(self, session: Session, read: Callable[[], Awaitable[Any]]) -> Any:
        try:
            response = await read()
        except redis.AuthenticationError as error:
            session.refused()
            await self._end(f"a later login was refused: {error}")
        except redis.exceptions.NoPermissionError:
            raise
        except redis.ResponseError:
            session.postponed()
        else:
            if response not in (b"OK", "OK"):
                return response
            session.accepted()
        self._awaits_login = False
        return None

    async def _end(self, reason: str) -> NoReturn:
        """As if the server had: whoever subscribed does so anew, and knows that there was a gap."""
        await self.disconnect(nowait=True)
        raise redis.ConnectionError(f"the connection was closed: {reason}")
