"""What the emulator remembers of a login."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Login:
    """One AUTH or HELLO … AUTH. Tokens appear by their hash only."""

    connection: int
    """The connection's number, counted from 1."""
    client_name: str | None
    """The name that the client had given itself by then."""
    command: str
    """`AUTH` or `HELLO`."""
    user: str
    """The user of the command; `default` where it names none."""
    token_sha256: str
    """SHA-256 of the token, in hex."""
    access_key: str | None
    """The access key id that the token names."""
    outcome: str
    """`accepted` or `refused`."""
    reason: str | None
    """Why it was refused: `wrong-cluster`."""
    check: str | None
    """The check behind the reason: `E09`."""
    found: str | None
    """What the token says where the check failed."""
    relogin: bool
    """Whether this connection had logged in before."""
    lease_left_seconds: float | None
    """How long the session lasts without another login."""

    @property
    def accepted(self) -> bool:
        """Whether the token was good."""
        return self.outcome == "accepted"


def login(entry: Mapping[str, Any]) -> Login:
    """A login of the record, which may say more than `Login` does."""
    return Login(**{one.name: entry.get(one.name) for one in fields(Login)})  # type: ignore[arg-type]
