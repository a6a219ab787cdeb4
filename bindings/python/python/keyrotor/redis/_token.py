"""A token in the form that redis-py's streaming API has for it."""

from __future__ import annotations

from datetime import datetime, timezone

from redis.auth.token import TokenInterface

import keyrotor

_NEVER = -1.0


class Token(TokenInterface):
    """One token. redis-py asks for the user to log in as under the name `oid`, whoever gave the token."""

    def __init__(self, credential: keyrotor.Credential) -> None:
        self._credential = credential

    def try_get(self, key: str) -> str:
        """The user, for `oid`; nothing else is known."""
        return self._credential.user if key == "oid" else ""

    def get_value(self) -> str:
        """The token itself."""
        return self._credential.secret

    def get_expires_at_ms(self) -> float:
        """When it ends, in milliseconds since 1970; -1 for never."""
        end = self._credential.expires_at
        return _NEVER if end is None else end.timestamp() * 1000

    def get_received_at_ms(self) -> float:
        """When it was made, likewise."""
        return self._credential.issued_at.timestamp() * 1000

    def ttl(self) -> float:
        """How many milliseconds are left of it; -1 for ever."""
        end = self.get_expires_at_ms()
        return end if end == _NEVER else end - datetime.now(timezone.utc).timestamp() * 1000

    def is_expired(self) -> bool:
        """Whether it has ended."""
        return self.get_expires_at_ms() != _NEVER and self.ttl() <= 0

    def __repr__(self) -> str:
        return f"Token({self._credential!r})"
