"""redis-py's retries, less those that would send a refused login again and again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from redis.asyncio.retry import Retry as AsyncRetry
from redis.retry import Retry

from keyrotor.redis._errors import LoginError

# Since redis-py 8.
_CAN_BE_ASKED = "with_failure_count" in inspect.signature(Retry.call_with_retry).parameters


class Patience(Retry):
    """The retries of another `Retry`, which `LoginError` passes at once."""

    def __init__(self, retry: Retry) -> None:
        super().__init__(retry._backoff, retry._retries, retry._supported_errors)  # noqa: SLF001

    if _CAN_BE_ASKED:

        def call_with_retry(
            self,
            do: Any,
            fail: Any,
            is_retryable: Callable[[Exception], bool] | None = None,
            with_failure_count: bool = False,  # noqa: FBT001, FBT002
        ) -> Any:
            """As redis-py's."""
            # At each command, so that it does without `super()`.
            return Retry.call_with_retry(self, do, fail, is_retryable or _is_retryable, with_failure_count)

    else:

        def call_with_retry(self, do: Any, fail: Any, *arguments: Any, **options: Any) -> Any:  # type: ignore[misc]
            """As redis-py's."""

            def attempt() -> Any:
                try:
                    return do()
                except LoginError as error:
                    raise _Passing(error) from None

            try:
                return super().call_with_retry(attempt, fail, *arguments, **options)
            except _Passing as passing:
                raise passing.error from passing.error.__cause__


class AsyncPatience(AsyncRetry):
    """The same for asyncio."""

    def __init__(self, retry: AsyncRetry) -> None:
        super().__init__(retry._backoff, retry._retries, retry._supported_errors)  # noqa: SLF001

    if _CAN_BE_ASKED:

        async def call_with_retry(
            self,
            do: Any,
            fail: Any,
            is_retryable: Callable[[Exception], bool] | None = None,
            with_failure_count: bool = False,  # noqa: FBT001, FBT002
        ) -> Any:
            """As redis-py's."""
            return await super().call_with_retry(do, fail, is_retryable or _is_retryable, with_failure_count)

    else:

        async def call_with_retry(self, do: Any, fail: Any, *arguments: Any, **options: Any) -> Any:  # type: ignore[misc]
            """As redis-py's."""

            async def attempt() -> Any:
                try:
                    return await do()
                except LoginError as error:
                    raise _Passing(error) from None

            try:
                return await super().call_with_retry(attempt, fail, *arguments, **options)
            except _Passing as passing:
                raise passing.error from passing.error.__cause__


class _Passing(Exception):  # noqa: N818
    """Carries an error past the retries, which know only some classes."""

    def __init__(self, error: LoginError) -> None:
        super().__init__()
        self.error = error


def _is_retryable(error: Exception) -> bool:
    return not isinstance(error, LoginError)
