"""What a credential provider answers."""

from __future__ import annotations

from typing import cast

import keyrotor

Answer = tuple[str, str] | tuple[str]
"""What redis-py sends as AUTH: a user and a secret, or a secret alone."""


def answer(credential: keyrotor.Credential | None) -> Answer:
    """A credential as redis-py wants it."""
    if credential is None:
        # Not in its types, but what it checks: it then sends no AUTH.
        return cast("Answer", ())
    return (credential.user, credential.secret) if credential.user else (credential.secret,)
