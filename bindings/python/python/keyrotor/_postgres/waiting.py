"""Asks a manager for its credential, wherever one is asked from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from keyrotor._native import Credential, TokenManager
from keyrotor.errors import CredentialsError


def credential(manager: TokenManager) -> Credential:
    """Waits for a credential, on an event loop's thread too: a blocking driver stops that loop anyway."""
    try:
        return manager.credential()
    except CredentialsError as error:
        if error.name != "credentials-pending":
            raise
    elsewhere = ThreadPoolExecutor(1, "keyrotor-wait")
    try:
        return elsewhere.submit(manager.credential).result()
    finally:
        # Who is interrupted does not wait for the rest.
        elsewhere.shutdown(wait=False)


async def credential_async(manager: TokenManager) -> Credential:
    """The same for a task, which stops nobody else."""
    return await manager.credential_async()
