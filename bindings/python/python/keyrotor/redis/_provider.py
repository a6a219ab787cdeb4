"""The credential provider that redis-py asks at each new connection."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from redis.credentials import StreamingCredentialProvider

import keyrotor
from keyrotor.config import Credentials
from keyrotor.redis import _adoption
from keyrotor.redis._answer import Answer, answer
from keyrotor.redis._environment import credentials_from_environment
from keyrotor.redis._errors import LoginError
from keyrotor.redis._lease import Lease, lease_of
from keyrotor.redis._listeners import Listeners


class CredentialProvider(StreamingCredentialProvider):
    """Gives redis-py the token of the moment, and looks after the connections of the clients it is given to.

    Any number of clients, threads and event loops may share one. `provider` makes it.
    """

    def __init__(self, manager: keyrotor.TokenManager | None, *, lease: Lease) -> None:
        self.manager = manager
        """The token manager; `None` where the environment asks for no login."""
        self.lease = lease
        """How long the server honours a login."""
        self._listeners = Listeners(manager, lease) if manager is not None else None

    def get_credentials(self) -> Answer:
        """User and token. Waits (without the GIL) where a token has to be fetched first.

        Raises `LoginError` where there is none.
        """
        return answer(self.credential())

    async def get_credentials_async(self) -> Answer:
        """The same without holding up the event loop."""
        return answer(await self.credential_async())

    def credential(self, after: int = 0) -> keyrotor.Credential | None:
        """The current credential, of a later generation than `after`; `None` where no login is wanted."""
        if self.manager is None:
            return None
        try:
            current = _waited_for(self.manager.credential)
            return current if current.generation > after else _waited_for(self.manager.refresh)
        except keyrotor.Error as error:
            raise LoginError(str(error)) from error

    async def credential_async(self, after: int = 0) -> keyrotor.Credential | None:
        """The same without holding up the event loop."""
        if self.manager is None:
            return None
        try:
            current = await self.manager.credential_async()
            return current if current.generation > after else await self.manager.refresh_async()
        except keyrotor.Error as error:
            raise LoginError(str(error)) from error

    def on_next(self, callback: Callable[[Any], Any]) -> None:
        """redis-py's way to be told of new tokens.

        Connections of its pools are looked after one by one instead. Whoever else listens is held weakly, and
        told of a token that is newer than the last one before the lease ends.
        """
        if _adoption.adopted(callback) or self._listeners is None:
            return
        self._listeners.add(callback)

    def on_error(self, callback: Callable[[Exception], Any]) -> None:
        """Nobody is called: `manager.status()`, its events and the logger `keyrotor` tell of failures.

        redis-py's own callback only raises, in the thread that looks for tokens.
        """

    def is_streaming(self) -> bool:
        """Always: it never waits for a first token."""
        return True

    def close(self) -> None:
        """Ends the token manager, also one that was handed over. Connections that are there live on."""
        if self.manager is not None:
            self.manager.close()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} {self.lease}>"


class EnvCredentialProvider(CredentialProvider):
    """Configured by the environment, for whoever can only name a class: `credentials_from_environment`.

    Any number of them share their tokens.
    """

    def __init__(self) -> None:
        credentials = credentials_from_environment()
        if credentials is None:
            super().__init__(None, lease=Lease())
            return
        super().__init__(keyrotor.TokenManager(credentials), lease=lease_of(credentials))


def provider(
    credentials: Credentials | keyrotor.TokenManager, *, lease: timedelta | None = None
) -> CredentialProvider:
    """A credential provider for redis-py, from a configuration or from a manager that you have.

    `lease` is how long the server honours a login. Unset, it is what the configuration says
    (`lease_seconds`), else 12 hours for ElastiCache and MemoryDB, the life of a token for Azure, and for
    ever for passwords.

    >>> import keyrotor, redis
    >>> login = provider(keyrotor.ElastiCache(cluster_name="my-cache", username="app", region="eu-west-1"))
    >>> client = redis.Redis(host="my-cache.example.com", ssl=True, credential_provider=login)
    >>> login.lease
    Lease(duration=datetime.timedelta(seconds=43200), ends_with_token=False)
    """
    known = Lease(lease) if lease is not None else lease_of(credentials)
    if isinstance(credentials, Credentials):
        credentials = keyrotor.TokenManager(credentials)
    return CredentialProvider(credentials, lease=known)


def _waited_for(call: Callable[[], keyrotor.Credential]) -> keyrotor.Credential:
    try:
        return call()
    except keyrotor.CredentialsError as error:
        if error.name != "credentials-pending":
            raise
    # On an event loop's own thread no manager waits. A blocking client does there, whatever it is asked.
    with ThreadPoolExecutor(1, "keyrotor-redis") as elsewhere:
        return elsewhere.submit(call).result()
