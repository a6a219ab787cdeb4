"""valkey-glide for Python: with its IAM configuration, where it signs by itself, and with tokens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from glide import (
    AdvancedGlideClientConfiguration,
    GlideClient,
    GlideClientConfiguration,
    GlideError,
    IamAuthConfig,
    NodeAddress,
    ProtocolVersion,
    ServerCredentials,
    ServiceType,
    TlsAdvancedConfiguration,
)
from tokens import botocore_token

from emulator import CLUSTER, KEY, REGION, SECRET, USER, Emulator, cache, common

PROTOCOLS = [ProtocolVersion.RESP2, ProtocolVersion.RESP3]
PATIENCE_MILLISECONDS = 20_000


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where GLIDE's own credential chain looks first."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


async def connect(
    emulator: Emulator, credentials: ServerCredentials, protocol: ProtocolVersion = ProtocolVersion.RESP3
) -> GlideClient:
    tls = TlsAdvancedConfiguration(root_pem_cacerts=Path(emulator.ca).read_bytes())
    advanced = AdvancedGlideClientConfiguration(connection_timeout=PATIENCE_MILLISECONDS, tls_config=tls)
    return await GlideClient.create(
        GlideClientConfiguration(
            [NodeAddress("localhost", emulator.port)],
            use_tls=True,
            credentials=credentials,
            protocol=protocol,
            request_timeout=PATIENCE_MILLISECONDS,
            advanced_config=advanced,
        )
    )


def iam(service: ServiceType = ServiceType.ELASTICACHE) -> ServerCredentials:
    return ServerCredentials(username=USER, iam_config=IamAuthConfig(CLUSTER, service, REGION))


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_its_iam_configuration_logs_in_and_works(emulator: Emulator, protocol: ProtocolVersion) -> None:
    client = await connect(emulator, iam(), protocol)
    await client.set("key", "value")
    assert await client.get("key") == b"value"
    assert await client.custom_command(["ACL", "WHOAMI"]) == USER.encode()
    await client.close()
    logins = emulator.record()["logins"]
    assert logins
    assert {(login["outcome"], login["access_key"]) for login in logins} == {("accepted", KEY)}


async def test_its_iam_configuration_logs_in_to_memorydb() -> None:
    with Emulator(common(cache=cache(service="memorydb"))) as emulator:
        client = await connect(emulator, iam(ServiceType.MEMORYDB))
        assert await client.ping() == b"PONG"
        await client.close()


async def test_its_iam_configuration_needs_a_switch_for_serverless_caches() -> None:
    """It never sends ResourceType, which AWS's other signers do."""
    with Emulator(common(cache=cache(serverless=True))) as strict:
        with pytest.raises(Exception, match=r"(?i)WRONGPASS|auth"):
            await connect(strict, iam())
        assert strict.record()["logins"][0]["check"] == "E10"
    switches = {"serverless_without_resource_type": True}
    with Emulator(common(cache=cache(serverless=True, switches=switches))) as loose:
        client = await connect(loose, iam())
        assert await client.ping() == b"PONG"
        await client.close()


async def test_a_refreshed_token_of_its_own_reaches_new_connections_only(emulator: Emulator) -> None:
    """GLIDE's refresh swaps the password that it keeps; a live connection does not log in with it."""
    client = await connect(emulator, iam())
    before = len(emulator.record()["logins"])
    await client.refresh_iam_token()
    assert await client.ping() == b"PONG"
    assert len(emulator.record()["logins"]) == before
    assert emulator.record()["totals"]["relogins"] == 0
    await client.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_logs_in_again_when_it_is_told_to(emulator: Emulator, protocol: ProtocolVersion) -> None:
    client = await connect(emulator, ServerCredentials(botocore_token(), USER), protocol)
    connections = emulator.record()["totals"]["connections"]
    await client.update_connection_password(botocore_token(expires=899), immediate_auth=True)
    assert await client.ping() == b"PONG"
    record = emulator.record()
    assert record["totals"]["relogins"] >= 1
    assert record["totals"]["connections"] == connections
    await client.close()


async def test_a_new_connection_after_a_kill_has_a_token(emulator: Emulator) -> None:
    client = await connect(emulator, iam())
    emulator.fault("faults/kill")
    async with asyncio.timeout(20):
        while True:
            try:
                assert await client.ping() == b"PONG"
                break
            except GlideError:
                await asyncio.sleep(0.05)
    assert emulator.record()["logins"][-1]["outcome"] == "accepted"
    await client.close()
