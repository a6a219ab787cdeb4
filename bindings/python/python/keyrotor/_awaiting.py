"""The coroutine around a call of the core, on whatever event loop runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from keyrotor._native import Call


async def outcome(call: Call) -> Any:
    """What the call ends with. However this coroutine ends, the call ends with it."""
    try:
        ready = call.poll()
        if ready is not None:
            return ready[0]
        import asyncio  # noqa: PLC0415  # Whoever waits on a loop has it; whoever does not need not pay for it.

        loop = asyncio.get_running_loop()
        future = loop.create_future()
        call.start(loop, future)
        return await future
    finally:
        call.end()


async def outcome_or_end(call: Call, end: Callable[[], object]) -> Any:
    """The same, and `end` is called where whoever waits gives up, be the outcome on its way already."""
    try:
        return await outcome(call)
    except Exception:
        raise
    except BaseException:
        end()
        raise


def give(future: asyncio.Future[Any], value: object) -> None:
    """Settles it, unless whoever waited has given up."""
    if not future.done():
        future.set_result(value)


def fail(future: asyncio.Future[Any], error: BaseException) -> None:
    """Fails it, unless whoever waited has given up."""
    if not future.done():
        future.set_exception(error)
