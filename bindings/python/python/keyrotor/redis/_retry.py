"""redis-py's retries, less those that would send a refused login again and again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from keyrotor.redis._errors import LoginError


class _Passing(Exception):  # noqa: N818
    """Carries an error past the retries, which know only some classes."""

    def __init__(self, error: LoginError) -> None:
        super().__init__()
        self.error = error


class Patience:
    """A `Retry` that lets `LoginError` pass at once; in everything else the one that it was made from."""

    def __init__(self, retry: Any) -> None:
        self._retry = retry

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_retry":
            # Asked for while a copy is being made, which has nothing yet.
            raise AttributeError(name)
        return getattr(self._retry, name)

    def call_with_retry(self, do: Callable[[], Any], *arguments: Any, **options: Any) -> Any:
        """As `Retry.call_with_retry`."""

        def attempt() -> Any:
            try:
                return do()
            except LoginError as error:
                raise _Passing(error) from None

        try:
            return self._retry.call_with_retry(attempt, *arguments, **options)
        except _Passing as passing:
            raise passing.error from passing.error.__cause__


class AsyncPatience(Patience):
    """The same for asyncio."""

    async def call_with_retry(self, do: Callable[[], Awaitable[Any]], *arguments: Any, **options: Any) -> Any:
        """As `redis.asyncio.retry.Retry.call_with_retry`."""

        async def attempt() -> Any:
            try:
                return await do()
            except LoginError as error:
                raise _Passing(error) from None

        try:
            return await self._retry.call_with_retry(attempt, *arguments, **options)
        except _Passing as passing:
            raise passing.error from passing.error.__cause__
