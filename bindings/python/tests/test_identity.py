"""Whose login the server says it is."""

from __future__ import annotations

import asyncio
import logging

import keyrotor
import pytest
from emulator import Emulator
from keyrotor import AsyncClient, Client


def told(client: Client | AsyncClient) -> tuple[str, list[str]]:
    status = client.status()
    assert status is not None
    return status["identity"], [one["identity"] for one in client.stats()["connections"]]


def test_c01_an_identity_is_verified_where_it_is_asked_for(emulator: Emulator) -> None:
    with Client.connect(emulator.request()) as client:
        assert told(client) == ("unchecked", ["unchecked"])
    with Client.connect(emulator.request({"requireIdentity": True})) as client:
        assert told(client) == ("verified", ["verified"])


def test_c01_who_may_not_ask_is_unknown_or_refused(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    with Client.connect(emulator.request()) as client:
        client.execute("ACL", "SETUSER", "iam-user-01", "-acl|whoami")

    async def work() -> None:
        async with await AsyncClient.connect(emulator.request({"verifyIdentity": True})) as client:
            assert await client.execute("PING") == b"PONG"
            await client.reauthenticate_now()
            assert told(client) == ("unknown", ["unknown"])

    with caplog.at_level(logging.WARNING, "keyrotor"):
        asyncio.run(work())
        with pytest.raises(keyrotor.AuthError) as caught:
            Client.connect(emulator.request({"requireIdentity": True}))
    assert caught.value.name == "auth-identity-unknown"
    assert (caught.value.server_text or "").startswith("NOPERM")
    said = [record for record in caplog.records if "does not say whose logins" in record.getMessage()]
    assert len(said) == 1
