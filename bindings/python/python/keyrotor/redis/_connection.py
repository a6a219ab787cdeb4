"""redis-py's connections, which log in again before the server's lease ends."""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

import redis
from redis.connection import AbstractConnection

from keyrotor.redis._errors import LoginError
from keyrotor.redis._provider import CredentialProvider
from keyrotor.redis._retry import Patience
from keyrotor.redis._session import Session
from keyrotor.redis._transaction import TRANSACTIONS

# redis-py before 6.2 has one way to connect only.
_HAS_HEALTH = hasattr(AbstractConnection, "connect_check_health")


def logged_in(connection_class: type[AbstractConnection]) -> type[AbstractConnection]:
    """The same class of connections, looked after: for pools whose class you choose yourself.

    >>> import redis
    >>> logged_in(redis.SSLConnection).__mro__[2] is redis.SSLConnection
    True
    """
    if issubclass(connection_class, LoggedIn):
        return connection_class
    name = f"LoggedIn{connection_class.__name__}"
    # kombu's own subclass: a socket that is replaced behind its event loop is never read again.
    has_a_poller = connection_class.__module__ == "kombu.transport.redis"
    return type(name, (LoggedIn, connection_class), {"_has_a_poller": has_a_poller})


class LoggedIn(AbstractConnection):
    """Goes before one of redis-py's classes of connections.

    It logs in again where redis-py makes its health checks: just before a command, when no reply is awaited.
    """

    _base: type[Any]
    """All that it goes before, as one class. `super()` would look through them anew at each command."""

    _session: Session | None = None
    _subscriber: weakref.ref[Any] | None = None
    _listens = False
    _awaits_login = False
    _in_transaction = False
    _has_a_poller = False
    _pushed: Any = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._base = type("Base", cls.__mro__[cls.__mro__.index(LoggedIn) + 1 : -1], {})

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.retry: Any = Patience(self.retry)
        if isinstance(self.credential_provider, CredentialProvider | Session):
            self._session = Session(self.credential_provider)
            self.credential_provider = self._session

    @property
    def lease_left(self) -> float | None:
        """Seconds for which the server still honours this connection's login; `None` for ever."""
        return None if self._session is None else self._session.lease_left

    # The first login.

    def connect_check_health(self, *arguments: Any, **options: Any) -> None:
        """Connects and logs in; with another token where the server refuses the first."""
        self._connected(functools.partial(super().connect_check_health, *arguments, **options))

    def on_connect_check_health(self, *arguments: Any, **options: Any) -> None:
        """Logs in on a new socket."""
        self._logged_in(functools.partial(super().on_connect_check_health, *arguments, **options))

    def connect(self) -> None:
        """Called by pools, too, whenever they hand it out: no transaction outlasts that."""
        self._in_transaction = False
        sock: Any = self._sock
        if sock is not None:
            # What redis-py itself finds out only inside its retries, at each command.
            return
        if _HAS_HEALTH:
            super().connect()
        else:
            self._connected(super().connect)

    def on_connect(self) -> None:
        """Logs in on a new socket, for those who do that by themselves."""
        if _HAS_HEALTH:
            super().on_connect()
        else:
            self._logged_in(super().on_connect)

    def _connected(self, connect: Callable[[], None]) -> None:
        try:
            connect()
        except LoginError:
            raise
        except redis.AuthenticationError:
            if self._session is None:
                raise
            try:
                connect()
            except redis.AuthenticationError as error:
                raise LoginError.refused(error) from error

    def _logged_in(self, log_in: Callable[[], None]) -> None:
        try:
            log_in()
        except LoginError:
            raise
        except redis.AuthenticationError:
            if self._session is not None:
                self._session.refused()
            raise
        self._in_transaction = self._listens = self._awaits_login = False
        if self._session is not None:
            self._session.accepted()

    # Later logins.

    def check_health(self) -> None:
        """redis-py's health check, and a login where it is due; in a transaction it is put off."""
        if self.health_check_interval:
            super().check_health()
        session = self._session
        if session is not None and session.clock() >= session.due and not self._in_transaction:
            self._log_in_again(session)

    def send_command(self, *arguments: Any, **options: Any) -> None:
        """Sends it, after a login where that is due."""
        self._base.send_command(self, *arguments, **options)
        if arguments[0] in TRANSACTIONS:
            self._in_transaction = TRANSACTIONS[arguments[0]]

    def _log_in_again(self, session: Session) -> None:
        """On the live connection; where the server refuses, on a new one with another token."""
        if self._offer(session):
            return
        # Some of redis-py's parsers give a refusal again and again: only a new socket has other replies.
        session.refused()
        if self._has_a_poller:
            self._end("a later login was refused")
        self.disconnect()
        self.connect()

    def _offer(self, session: Session) -> bool:
        """Whether a newer token is not refused; where there is none now, the old login has to do."""
        try:
            login = session.get_newer_credentials()
        except LoginError:
            session.postponed()
            return True
        self.send_command("AUTH", *login, check_health=False)
        try:
            reply = self.read_response()
        except redis.AuthenticationError:
            return False
        except redis.ResponseError:
            session.postponed()
            return True
        except BaseException:
            self.disconnect()
            raise
        if reply not in (b"OK", "OK"):
            # In a MULTI that went unseen it is queued: the server drops both with the connection.
            self.disconnect()
            raise redis.ConnectionError("a login was due inside a transaction; the connection is closed")
        session.accepted()
        return True

    # kombu holds its connections for as long as it runs, and looks here now and then whether to log them in.

    @property
    def _re_auth_token(self) -> Any:
        if self._session is not None:
            return self._session if self._session.is_due else None
        return self._pushed

    @_re_auth_token.setter
    def _re_auth_token(self, token: Any) -> None:
        self._pushed = token

    def re_auth(self) -> None:
        """Called by kombu between two commands; and by pools, which need not be held up."""
        if self._session is None:
            super().re_auth()
        elif self._has_a_poller and self._session.is_due:
            self._log_in_again(self._session)

    # Pub/sub: redis-py reads there whatever comes, and sends nothing of its own accord.

    def register_connect_callback(self, callback: Any) -> None:
        """Called by most of those who subscribe on this connection."""
        super().register_connect_callback(callback)
        self._subscriber = weakref.ref(callback.__self__)

    def can_read(self, timeout: float | None = 0) -> bool:
        """Whether there is something to read within so many seconds; a subscriber logs in where it is due."""
        if self._listens and self._session is not None:
            self._keep_listening(self._session)
        # It takes `None` for ever, whatever its types say.
        can_read: bool = self._base.can_read(self, timeout)
        return can_read

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """The next reply, or what was published; `None` in place of the answer to a subscriber's login."""
        if not options:
            return self._base.read_response(self, *arguments)
        session = self._session
        if session is None or not is_news(options):
            return self._base.read_response(self, *arguments, **options)
        self._listens = True
        if options.get("timeout", self.socket_timeout) is None:
            self._wait_for_news(session)
        if not self._awaits_login:
            return super().read_response(*arguments, **options)
        return self._answer_or_news(session, functools.partial(super().read_response, *arguments, **options))

    def _wait_for_news(self, session: Session) -> None:
        """Until there is something to read, past a login that falls due meanwhile."""
        self._keep_listening(session)
        while not super().can_read(self._patience_for_news(session)):  # type: ignore[arg-type]
            self._keep_listening(session)

    def _patience_for_news(self, session: Session) -> float | None:
        return None if self._awaits_login or session.due_in == math.inf else session.due_in

    def _keep_listening(self, session: Session) -> None:
        sock: Any = self._sock
        if self._awaits_login or not session.is_due or sock is None:
            return
        if str(self.get_protocol()) != "3":
            # Such a connection takes no login while it is subscribed; kombu replaces it by itself.
            if not self._has_a_poller:
                self._end("its login ends, and with RESP2 a subscriber cannot log in again")
            return
        try:
            login = session.get_newer_credentials()
        except LoginError:
            session.postponed()
            return
        with self._lock_of_subscriber():
            self.send_command("AUTH", *login, check_health=False)
        self._awaits_login = True

    def _answer_or_news(self, session: Session, read: Callable[[], Any]) -> Any:
        try:
            response = read()
            if isinstance(response, Exception):
                # Its parsers hand out an error that `can_read` has come upon.
                raise response
        except redis.AuthenticationError as error:
            session.refused()
            self._end(f"a later login was refused: {error}")
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

    def _end(self, reason: str) -> NoReturn:
        """As if the server had: whoever subscribed does so anew, and knows that there was a gap."""
        self.disconnect()
        raise redis.ConnectionError(f"the connection was closed: {reason}")

    def _lock_of_subscriber(self) -> AbstractContextManager[Any]:
        # Other threads subscribe under it.
        lock: AbstractContextManager[Any] | None = getattr(
            self._subscriber and self._subscriber(), "_lock", None
        )
        return nullcontext() if lock is None else lock


def is_news(options: dict[str, Any]) -> bool:
    """Whether these are the options with which redis-py's subscribers read, and nobody else."""
    return bool(options.get("push_request")) and options.get("disconnect_on_error") is False
