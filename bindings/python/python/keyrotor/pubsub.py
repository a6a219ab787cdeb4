"""What comes to a subscriber: messages, and what is to be known of those that did not come."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from keyrotor.errors import ClosedError, Error

if TYPE_CHECKING:
    from keyrotor._native import AsyncPubSub


class Message(NamedTuple):
    """A message: where it was published, the pattern that it came by, and what was published.

    Texts are `bytes`, or `str` where the client decodes. `pattern` is `None` where the channel itself is
    subscribed.
    """

    channel: Any
    pattern: Any
    payload: Any


class Gap(NamedTuple):
    """The subscriptions hold again, or messages were dropped since nobody took them.

    What was published between `last_message` (`None`: there was none) and `subscribed` was not seen.
    `dropped` counts messages that came and were dropped, since more than 65,536 of them, or 64 MiB, waited.
    """

    last_message: datetime | None
    subscribed: datetime
    dropped: int


class Interrupted(NamedTuple):
    """The connection was lost, or could not be subscribed again, and is being replaced. Once an outage."""

    error: Error


async def _next(pubsub: AsyncPubSub) -> Message | Gap | Interrupted:
    """For `async for`."""
    try:
        return await _following(pubsub)
    except ClosedError:
        raise StopAsyncIteration from None


async def _get(pubsub: AsyncPubSub, timeout: float | None) -> Message | Gap | Interrupted | None:
    event = pubsub.take()
    if event is not None or timeout is None:
        return event or await _following(pubsub)
    import asyncio  # noqa: PLC0415  # Whoever waits on a loop has it; whoever does not need not pay for it.

    try:
        return await asyncio.wait_for(_following(pubsub), timeout)
    except asyncio.TimeoutError:
        return None


async def _following(pubsub: AsyncPubSub) -> Message | Gap | Interrupted:
    """The next event. Between its taking and its return nothing is awaited, so that cancelling loses none."""
    while True:
        event = pubsub.take()
        if event is not None:
            return event
        await pubsub.arrival()
