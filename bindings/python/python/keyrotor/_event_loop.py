"""Connecting a client on the event loop that awaits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keyrotor._native import AsyncClient, Opening


async def connect(opening: Opening) -> AsyncClient:
    """The client, logged in. However this ends without it, nothing is left."""
    import asyncio  # noqa: PLC0415  # Whoever waits on a loop has it; whoever does not need not pay for it.

    opening.begin(asyncio.get_running_loop())
    try:
        return await opening.client()
    except BaseException:
        opening.abandon()
        raise
