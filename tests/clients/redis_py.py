"""redis-py as the tests use it: over TLS, and without retries that would hide what happened."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from tokens import botocore_token

from emulator import USER, Emulator

PATIENCE_SECONDS = 20


def connect(
    emulator: Emulator, password: str | None = None, *, user: str = USER, protocol: int = 3, **options: Any
) -> redis.Redis:
    """A client that logs in at its first command; without a password with a fresh token."""
    if password is None and "credential_provider" not in options:
        password = botocore_token(user=user)
    login = {} if "credential_provider" in options else {"username": user, "password": password}
    settings: dict[str, Any] = {"socket_timeout": PATIENCE_SECONDS, **login, **options}
    return redis.Redis(
        host="localhost",
        port=emulator.port,
        ssl=True,
        ssl_ca_certs=emulator.ca,
        protocol=protocol,
        retry=Retry(NoBackoff(), 0),
        **settings,
    )


def call(client: redis.Redis, *args: str) -> Any:
    """A command by its words: redis-py leaves the method without types."""
    return client.execute_command(*args)  # type: ignore[no-untyped-call]
