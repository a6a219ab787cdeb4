"""Logins that a caller asks for, and what is told of connections."""

from __future__ import annotations

import asyncio
import time

import keyrotor
import pytest
from emulator import Emulator
from keyrotor import AsyncClient, Client

LEASE = {"authenticationInfo": {"iamCredentials": {"leaseSeconds": 3600}}}


def test_c03_connections_are_told_of(emulator: Emulator) -> None:
    with Client.connect(emulator.request(LEASE)) as client:
        [one] = client.stats()["connections"]
        assert one["address"] == f"localhost:{emulator.port}"
        assert (one["role"], one["reauths"]) == ("shared", 0)
        assert 0 <= one["age"] < 60
        assert one["lease_left"] is not None
        assert 3500 < one["lease_left"] <= 3600
        client.reauthenticate_now()
        [one] = client.stats()["connections"]
        assert one["reauths"] == client.stats()["reauths"] == 1
        with client.pubsub():
            assert sorted(one["role"] for one in client.stats()["connections"]) == ["shared", "subscriber"]
    assert client.stats()["connections"] == []


def test_c03_a_forced_login_has_a_newer_token(emulator: Emulator) -> None:
    with Client.connect(emulator.request()) as client:
        before = client.status()
        credential = client.refresh()
        assert before is not None
        assert credential.generation == before["generation"] + 1
        client.reauthenticate_now()
        assert client.execute("PING") == b"PONG"
        status = client.status()
        assert status is not None
        assert status["generation"] >= credential.generation
        assert [login.accepted for login in emulator.logins()] == [True, True]


def test_c03_a_loop_forces_a_login(emulator: Emulator) -> None:
    async def work() -> None:
        async with await AsyncClient.connect(emulator.request(LEASE)) as client:
            assert (await client.refresh()).user == "iam-user-01"
            await asyncio.gather(client.reauthenticate_now(), client.execute("PING"))
            [one] = client.stats()["connections"]
            assert one["reauths"] == 1
            assert await client.execute("PING") == b"PONG"
            with pytest.raises(keyrotor.ConfigError):
                await client.update_password("something")

    asyncio.run(work())


def test_a_password_is_changed_on_a_live_client(emulator: Emulator) -> None:
    request = emulator.request()
    # The emulator takes as a password a token that somebody has made before.
    with keyrotor.TokenManager({"authenticationInfo": request["authenticationInfo"]}) as manager:
        first, second = manager.token(), manager.refresh().secret
    login = {"username": "iam-user-01", "password": first}
    request = emulator.request({"authenticationInfo": {"iamCredentials": None, "serverCredentials": login}})
    with Client.connect(request) as client:
        client.update_password("wrong")
        assert client.execute("PING") == b"PONG"
        client.update_password(second, immediately=True)
        assert client.execute("PING") == b"PONG"
        assert client.stats()["reauths"] == 1
        emulator.fault("kill")
        deadline = time.monotonic() + 20
        while client.stats()["reconnects"] == 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert client.execute("PING") == b"PONG"
    assert all(login.accepted for login in emulator.logins())


def test_who_has_no_login_has_none_to_renew(emulator: Emulator) -> None:
    with Client.connect(emulator.request()) as client, pytest.raises(keyrotor.ConfigError) as caught:
        client.update_password("something")
    assert caught.value.field == "authentication_info"
    for call in (client.reauthenticate_now, client.refresh):
        with pytest.raises(keyrotor.ClosedError):
            call()
