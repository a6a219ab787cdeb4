"""What one connection knows of its login."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import redis

from keyrotor.redis._answer import Answer, answer
from keyrotor.redis._lease import due_after

if TYPE_CHECKING:
    import keyrotor
    from keyrotor.redis._provider import CredentialProvider

NEVER = float("inf")
_PAUSE_SECONDS = 5.0
_PAUSE_SHARE = 0.02


class Session(redis.CredentialProvider):
    """The login of one connection: with which token, and until when the server honours it.

    It stands between the connection, which asks it for credentials, and the provider. Used by one thread at a
    time, as its connection is.
    """

    def __init__(
        self,
        provider: CredentialProvider | Session,
        *,
        clock: Callable[[], float] = time.monotonic,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.provider: CredentialProvider = provider.provider if isinstance(provider, Session) else provider
        self.clock = clock
        """What `due` is compared with."""
        self._dice = dice
        self._credential: keyrotor.Credential | None = None
        self._sent_at = 0.0
        self._generation = 0
        self._lease: float | None = None
        self._ends_at: float | None = None
        self.due = NEVER
        """When the connection should log in again before anything else."""

    @property
    def is_due(self) -> bool:
        """Whether it should now."""
        return self.clock() >= self.due

    @property
    def due_in(self) -> float:
        """Seconds until it should; infinite where it never has to."""
        return max(self.due - self.clock(), 0.0)

    @property
    def lease_left(self) -> float | None:
        """Seconds for which the server still honours the login; `None` for ever."""
        return None if self._ends_at is None else self._ends_at - self.clock()

    def get_credentials(self) -> Answer:
        """For a login on a new connection."""
        self.due = NEVER
        return self._sends(self.provider.credential())

    async def get_credentials_async(self) -> Answer:
        """The same without holding up the event loop."""
        self.due = NEVER
        return self._sends(await self.provider.credential_async())

    def get_newer_credentials(self) -> Answer:
        """For a login on a live connection: the token that it has would not prolong its session."""
        return self._sends(self.provider.credential(self._generation))

    async def get_newer_credentials_async(self) -> Answer:
        """The same without holding up the event loop."""
        return self._sends(await self.provider.credential_async(self._generation))

    def accepted(self) -> None:
        """The server took the credential that was handed out last."""
        if self._credential is None or self.provider.manager is None:
            return
        self.provider.manager.accept(self._credential.generation)
        self._generation = self._credential.generation
        self._lease = lease = self.provider.lease.seconds(self._credential)
        self._ends_at = None if lease is None else self._sent_at + lease
        self.due = NEVER if lease is None else self._sent_at + due_after(lease, self._dice())

    def refused(self) -> None:
        """The server refused it: nobody is to send it again."""
        if self._credential is not None and self.provider.manager is not None:
            self.provider.manager.reject(self._credential.generation)

    def postponed(self) -> None:
        """The server cannot take logins now; the one that it took before is good until its lease ends."""
        self.due = self.clock() + min(_PAUSE_SECONDS, (self._lease or NEVER) * _PAUSE_SHARE)

    def _sends(self, credential: keyrotor.Credential | None) -> Answer:
        # The server counts from when it reads the login, which is no sooner than now.
        self._credential, self._sent_at = credential, self.clock()
        return answer(credential)
