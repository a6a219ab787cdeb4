"""Functions of yours that give credentials, and what they may answer."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar
from weakref import WeakValueDictionary

from keyrotor.config import _SECRET, AccessKey, Credentials, _Message

if TYPE_CHECKING:
    import asyncio

Expiry: TypeAlias = datetime | float | None
"""When a secret ends: a datetime with a time zone, or seconds since 1970. `None`: it does not."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Login(_Message):
    """What to log in with. Printing it shows `***`."""

    user: str
    secret: str = field(metadata=_SECRET)
    expires_at: Expiry = None


@dataclass(frozen=True, kw_only=True, repr=False)
class TemporaryKey(AccessKey):
    """AWS keys that end. Printing them shows `***`."""

    expires_at: Expiry = None


LoginAnswer: TypeAlias = Login | tuple[str, str] | tuple[str, str, Expiry]
"""A `Login`, or its fields in their order."""

KeyAnswer: TypeAlias = (
    AccessKey | tuple[str, str] | tuple[str, str, str | None] | tuple[str, str, str | None, Expiry]
)
"""A `TemporaryKey` or an `AccessKey`, or the fields of a `TemporaryKey` in their order."""

LoginFunction: TypeAlias = Callable[[], LoginAnswer | Awaitable[LoginAnswer]]
KeyFunction: TypeAlias = Callable[[], KeyAnswer | Awaitable[KeyAnswer]]

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, repr=False)
class Callback(Credentials):
    """A function that gives logins, or with `key_source` AWS keys. It may be async.

    It runs on a thread of keyrotor's, one call at a time, under no lock; what it raises is the `__cause__` of
    the error, and it is asked again. A call that outlasts the source's budget is not waited for, and the next
    one waits for it. An async function runs on an event loop of its own for each call, or on `loop`: whoever
    waits for a token on that loop's own thread then waits for himself, up to the budget.

    >>> with TokenManager(Callback(lambda: ("app", "from the vault"))) as manager:
    ...     manager.credential()
    Credential(user="app", secret=***, generation=1, expires_at=None)

    Managers and clients that are given the same function (or method of the same object) share its answers.
    """

    arm: ClassVar[str] = "callback_credentials"

    function: LoginFunction | KeyFunction
    loop: asyncio.AbstractEventLoop | None = field(default=None, kw_only=True)

    def __repr__(self) -> str:
        # The function's own repr may show arguments that are bound to it.
        return f"Callback({HostFunction.of(self.function, self.loop).name})"


# Failures whose errors may still be on their way to whoever waits.
_FAILURES_KEPT = 8


class HostFunction:
    """One function, the same for all who hand it over, so that they share its answers. Not API.

    Python's collector sees what it holds: the core knows it weakly only, by its number.
    """

    _known: ClassVar[WeakValueDictionary[tuple[int, int, int], HostFunction]] = WeakValueDictionary()
    _numbers: ClassVar = count(1)

    def __init__(self, function: Callable[[], object], loop: asyncio.AbstractEventLoop | None) -> None:
        self.number: int = next(self._numbers)
        self.name: str = getattr(function, "__qualname__", type(function).__qualname__)
        self._function = function
        self._loop = loop
        self._failures: deque[tuple[int, BaseException]] = deque(maxlen=_FAILURES_KEPT)
        self._failed = count(1)

    @classmethod
    def given(cls, function: Any) -> HostFunction:
        """The one of a function, or of a `Callback`."""
        if isinstance(function, Callback):
            return cls.of(function.function, function.loop)
        if callable(function):
            return cls.of(function, None)
        raise TypeError(f"a function is expected, not {type(function).__name__}")

    @classmethod
    def of(cls, function: Callable[[], object], loop: asyncio.AbstractEventLoop | None) -> HostFunction:
        """The one of this function, or of this method of this object; `loop` runs it where it is async."""
        owner = getattr(function, "__self__", None)
        # It keeps all three alive, so nobody else takes their addresses.
        key = (id(owner), id(getattr(function, "__func__", function)), id(loop))
        known = cls._known.get(key)
        if known is None:
            known = cls._known.setdefault(key, cls(function, loop))
        return known

    def login(self) -> tuple[str, str, float | None]:
        """Asks for a login."""
        answer = self._ask()
        if isinstance(answer, Login):
            answer = (answer.user, answer.secret, answer.expires_at)
        match answer:
            case (str(user), str(secret)):
                return user, secret, None
            case (str(user), str(secret), end):
                return user, secret, _seconds(end)
        raise TypeError(
            f"(user, secret), the same with an expiry, or a Login is expected, not {_shape(answer)}"
        )

    def key(self) -> tuple[str, str, str | None, float | None]:
        """Asks for AWS keys."""
        answer = self._ask()
        if isinstance(answer, AccessKey):
            end = getattr(answer, "expires_at", None)
            answer = (answer.access_key_id, answer.secret_access_key, answer.session_token, end)
        match answer:
            case (str(key_id), str(secret)):
                return key_id, secret, None, None
            case (str(key_id), str(secret), (str() | None) as token):
                return key_id, secret, token, None
            case (str(key_id), str(secret), (str() | None) as token, end):
                return key_id, secret, token, _seconds(end)
        raise TypeError(
            "(id, secret), (id, secret, session token), the same with an expiry, an AccessKey or "
            f"a TemporaryKey is expected, not {_shape(answer)}"
        )

    def keep(self, failure: BaseException) -> tuple[int, str]:
        """Keeps what a call raised, for the error about it: its number, and what that error may say."""
        number = next(self._failed)
        self._failures.append((number, failure))
        return number, type(failure).__name__

    def failure(self, number: int) -> BaseException | None:
        """The failure of this number, unless it is long past."""
        return next((failure for kept, failure in list(self._failures) if kept == number), None)

    def _ask(self) -> object:
        answer = self._function()
        if not isinstance(answer, Awaitable):
            return answer
        import asyncio  # noqa: PLC0415  # A process without async functions need not load it.

        if self._loop is None:
            return asyncio.run(_awaited(answer))
        return asyncio.run_coroutine_threadsafe(_awaited(answer), self._loop).result()


async def _awaited(answer: Awaitable[_Answer]) -> _Answer:
    return await answer


def _seconds(end: object) -> float | None:
    match end:
        case None:
            return None
        case datetime():
            if end.tzinfo is None:
                raise ValueError("the expiry has no time zone; datetime.now(timezone.utc) has one")
            return end.timestamp()
        case bool():
            pass
        case int() | float():
            if not math.isfinite(end):
                raise ValueError("the expiry is not a finite number of seconds")
            return float(end)
    raise TypeError(f"an expiry is a datetime, seconds since 1970 or None, not {type(end).__name__}")


def _shape(answer: object) -> str:
    """The types alone: the values may be secrets."""
    if isinstance(answer, tuple):
        return f"({', '.join(type(part).__name__ for part in answer)})"
    return type(answer).__name__
