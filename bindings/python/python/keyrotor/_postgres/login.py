"""Logs connections in with a manager's tokens, and tells it what the server made of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypeVar

from keyrotor._native import Credential, TokenManager
from keyrotor._postgres import waiting
from keyrotor._postgres.age import DSQL_LONGEST_AGE
from keyrotor._postgres.refusal import explain, is_refusal
from keyrotor._postgres.tls import Flags, Tls
from keyrotor.config import Credentials

Tokens: TypeAlias = TokenManager | Credentials
"""A manager, or what one is made of."""

Words: TypeAlias = dict[str, str]
"""`password`, and `user` where the token is for one: parameters that all drivers name so."""

_DSQL = "dsql-iam"
_Connection = TypeVar("_Connection")


@dataclass(frozen=True)
class Login:
    """What all connections of one pool log in with. Threads and tasks may share it."""

    manager: TokenManager
    source: str
    tls: Tls
    longest_age: timedelta | None

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        flags: Flags | None = None,
        longest_age: timedelta | None = None,
    ) -> Login:
        """A login with these tokens; unless `longest_age` says otherwise, DSQL's retire in time."""
        manager = tokens if isinstance(tokens, TokenManager) else TokenManager(tokens)
        source = manager.status()["source"]
        tls = Tls(**(flags or {}), has_public_authority=source == _DSQL)
        if longest_age is None and source == _DSQL:
            longest_age = DSQL_LONGEST_AGE
        return cls(manager, source, tls, longest_age)

    def words(self) -> Words:
        """What to log in with now."""
        return _words(waiting.credential(self.manager))

    async def words_async(self) -> Words:
        """The same for a task."""
        return _words(await waiting.credential_async(self.manager))

    def connect(
        self, dial: Callable[[Words], _Connection], ask: Callable[[], Credential] | None = None
    ) -> _Connection:
        """A connection that `dial` makes. Where the server refuses the token, the next one is tried once."""

        def once() -> _Connection:
            credential = ask() if ask else waiting.credential(self.manager)
            with self._verdict(credential):
                return dial(_words(credential))

        try:
            return once()
        except Exception as error:
            if not is_refusal(error):
                raise
            return once()

    async def connect_async(self, dial: Callable[[Words], Awaitable[_Connection]]) -> _Connection:
        """The same for a task."""

        async def once() -> _Connection:
            credential = await waiting.credential_async(self.manager)
            with self._verdict(credential):
                return await dial(_words(credential))

        try:
            return await once()
        except Exception as error:
            if not is_refusal(error):
                raise
            return await once()

    @contextmanager
    def _verdict(self, credential: Credential) -> Iterator[None]:
        """Tells the manager how the login ended, and whoever sees the error what to do."""
        try:
            yield
        except Exception as error:
            if is_refusal(error):
                self.manager.reject(credential.generation)
            explain(error, self.source)
            raise
        self.manager.accept(credential.generation)


def _words(credential: Credential) -> Words:
    words = {"password": credential.secret}
    if credential.user:
        words["user"] = credential.user
    return words
