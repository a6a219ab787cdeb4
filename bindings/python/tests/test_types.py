"""What type checkers make of the public names: mypy and pyright read this file too."""

from __future__ import annotations

import asyncio
from typing import Any

import keyrotor
from typing_extensions import assert_type

POLICY: keyrotor.RefreshPolicy = {"margin": "2s", "retry": {"max_attempts": 1}}


def test_a_manager_has_types() -> None:
    password = keyrotor.Password(password="p", username="u")
    with keyrotor.TokenManager(password, refresh=POLICY, lazy_refresh=False) as manager:
        assert_type(manager, keyrotor.TokenManager)
        assert_type(manager.token(), str)
        assert_type(manager.credential(), keyrotor.Credential)
        assert_type(manager.credential().user, str)
        assert_type(manager.status()["generation"], int)
        subscription = manager.subscribe(lambda credential: assert_type(credential, keyrotor.Credential))
        assert_type(subscription, keyrotor.Subscription)


async def awaits(manager: keyrotor.TokenManager) -> list[str]:
    assert_type(await manager.credential_async(), keyrotor.Credential)
    assert_type(await manager.refresh_async(), keyrotor.Credential)
    assert_type(await asyncio.wait_for(manager.token_async(), 5), str)
    task = asyncio.create_task(manager.token_async())
    assert_type(task, "asyncio.Task[str]")
    return [await task]


def test_coroutines_have_types() -> None:
    with keyrotor.TokenManager(keyrotor.Callback(lambda: ("u", "p"))) as manager:
        assert asyncio.run(awaits(manager)) == ["p"]


def test_a_whole_request_has_types() -> None:
    request: dict[str, Any] = {"authenticationInfo": {"serverCredentials": {"password": "p"}}}
    with keyrotor.TokenManager(request) as manager:
        assert_type(manager.token(), str)
