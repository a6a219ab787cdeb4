"""How long a server honours a login."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import keyrotor
from keyrotor.config import Credentials

SERVICE_LEASE = timedelta(hours=12)
"""ElastiCache and MemoryDB end a connection 12 hours after its last login (AWS: Authenticating with IAM)."""

EARLIEST, LATEST = 0.80, 0.92
"""Where in the lease a connection logs in again; the rest is for waiting for its next command."""

_FOR_EVER = {"password", "callback"}


@dataclass(frozen=True)
class Lease:
    """How long a server honours a login: for ever, for so long, or until its token ends."""

    duration: timedelta | None = None
    ends_with_token: bool = False

    def seconds(self, credential: keyrotor.Credential) -> float | None:
        """How long a login with this token lasts from now on; `None` is for ever."""
        if self.ends_with_token and credential.expires_at is not None:
            return (credential.expires_at - datetime.now(timezone.utc)).total_seconds()
        return None if self.duration is None else self.duration.total_seconds()


def due_after(lease: float, dice: float) -> float:
    """How many seconds after a login the next one is due; `dice` is a number from 0 to 1."""
    return lease * (EARLIEST + (LATEST - EARLIEST) * dice)


def lease_of(credentials: Credentials | keyrotor.TokenManager) -> Lease:
    """The lease that a configuration sets, else that of the service which takes its tokens."""
    if isinstance(credentials, keyrotor.TokenManager):
        return _lease_at(credentials.status()["source"])
    seconds = getattr(credentials, "lease_seconds", None)
    if seconds is not None:
        return Lease(timedelta(seconds=seconds))
    with keyrotor.TokenManager(credentials) as idle:
        return lease_of(idle)


def _lease_at(source: str) -> Lease:
    if source in _FOR_EVER:
        return Lease()
    if source.startswith(("elasticache", "memorydb")):
        return Lease(SERVICE_LEASE)
    # Azure's caches end a connection with its token. With any other, to log in too often does no harm.
    return Lease(ends_with_token=True)
