"""psycopg and psycopg_pool before RDS, DSQL and Azure: rotate, kill, use again."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any, NoReturn

import keyrotor
import keyrotor.psycopg
import psycopg
import pytest
from databases import SESSION_LIMIT, WHO, Front
from psycopg_pool import AsyncConnectionPool, ConnectionPool, PoolTimeout

PATIENCE = 30.0


@pytest.fixture
def manager(rds: Front) -> Iterator[keyrotor.TokenManager]:
    with keyrotor.TokenManager(rds.credentials) as made:
        yield made


def who(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute(WHO).fetchone()
    assert row is not None
    return str(row[0])


def static(rds: Front, token: str) -> dict[str, str]:
    return {"user": rds.user, "password": token, "sslmode": "verify-full"}


def test_a_connection(rds: Front, manager: keyrotor.TokenManager) -> None:
    with keyrotor.psycopg.connect(manager, rds.conninfo, autocommit=True) as connection:
        assert who(connection) == rds.user
        assert connection.autocommit
    assert rds.outcomes() == ["accepted"]


def test_credentials_will_do(rds: Front) -> None:
    with keyrotor.psycopg.connect(rds.credentials, rds.conninfo, user="nobody") as connection:
        assert who(connection) == rds.user


def test_dsql_without_a_user_logs_in_as_who_is_asked_for(dsql: Front) -> None:
    credentials = keyrotor.Dsql(host="localhost", region="eu-west-1", access_key=dsql.key)
    with keyrotor.psycopg.connect(credentials, dsql.conninfo, user=dsql.user) as connection:
        assert who(connection) == dsql.user


def test_azure_replaces_a_refused_token_too(azure: Front) -> None:
    with keyrotor.TokenManager(azure.credentials) as manager:
        azure.revoke(manager.token())
        with keyrotor.psycopg.connect(manager, azure.conninfo) as connection:
            assert who(connection) == azure.user
        assert azure.outcomes() == ["refused", "accepted"]
        assert manager.status()["counts"]["rejected"] == 1


def test_what_azure_says_is_explained(azure: Front) -> None:
    assert isinstance(azure.credentials, keyrotor.EntraId)
    for_redis = dataclasses.replace(azure.credentials, scope="https://redis.azure.com/.default")
    with (
        keyrotor.TokenManager(for_redis) as manager,
        pytest.raises(psycopg.OperationalError, match="valid audience claim") as caught,
    ):
        keyrotor.psycopg.connect(manager, azure.conninfo)
    advice = caught.value.__cause__
    assert isinstance(advice, keyrotor.AuthError)
    assert "ossrdbms-aad.database.windows.net/.default" in advice.message


def test_a_pool_for_azure_outlives_its_tokens(azure: Front) -> None:
    with keyrotor.TokenManager(azure.credentials) as manager, our_pool(azure, manager) as pool:
        for turn in range(2):
            with pool.connection(PATIENCE) as connection:
                assert who(connection) == azure.user
            assert azure.carried(manager.token())
            if turn == 0:
                azure.revoke(manager.token())
                manager.refresh()
                azure.kill()
    assert "refused" not in azure.outcomes()


def test_a_refused_token_is_replaced_at_once(rds: Front, manager: keyrotor.TokenManager) -> None:
    rds.revoke(manager.token())
    with keyrotor.psycopg.connect(manager, rds.conninfo) as connection:
        assert who(connection) == rds.user
    assert rds.outcomes() == ["refused", "accepted"]
    assert manager.status()["counts"]["rejected"] == 1


def test_a_lasting_refusal_says_what_to_do(rds: Front, manager: keyrotor.TokenManager) -> None:
    rds.fault("refuse")
    with pytest.raises(psycopg.OperationalError, match="PAM authentication failed") as caught:
        keyrotor.psycopg.connect(manager, rds.conninfo)
    advice = caught.value.__cause__
    assert isinstance(advice, keyrotor.AuthError)
    assert "GRANT rds_iam" in str(advice)
    assert "PAM authentication failed" in str(advice.server_text)
    # The manager's pause holds the next ones back.
    for _ in range(20):
        with pytest.raises((keyrotor.AuthError, psycopg.OperationalError)):
            keyrotor.psycopg.connect(manager, rds.conninfo)
    assert rds.outcomes().count("refused") <= 4


def test_what_dsql_says_is_explained(dsql: Front) -> None:
    dsql.fault("refuse")
    with pytest.raises(psycopg.OperationalError, match="access denied") as caught:
        keyrotor.psycopg.connect(dsql.credentials, dsql.conninfo)
    assert "dsql:DbConnect" in str(caught.value.__cause__)


def test_an_unknown_authority_is_explained(rds: Front, manager: keyrotor.TokenManager) -> None:
    with pytest.raises(psycopg.OperationalError, match="root certificate file") as caught:
        keyrotor.psycopg.connect(manager, rds.conninfo, sslrootcert="/nowhere/ca.pem")
    assert "global-bundle.pem" in str(caught.value.__cause__)
    assert rds.logins() == []
    assert manager.status()["counts"]["rejected"] == 0


@pytest.mark.parametrize("sslmode", ["disable", "prefer", "require", "verify-ca"])
def test_no_token_without_verified_tls(rds: Front, manager: keyrotor.TokenManager, sslmode: str) -> None:
    with pytest.raises(keyrotor.ConfigError, match="verify-full") as caught:
        keyrotor.psycopg.connect(manager, f"{rds.conninfo} sslmode={sslmode}")
    assert (caught.value.name, caught.value.field) == ("config-insecure", "sslmode")
    assert rds.logins() == []


def test_unverified_tls_on_request(rds: Front, manager: keyrotor.TokenManager) -> None:
    parameters = {"sslmode": "require", "sslrootcert": "/nowhere"}
    with keyrotor.psycopg.connect(
        manager, rds.conninfo, allow_unverified_tls=True, **parameters
    ) as connection:
        assert who(connection) == rds.user


def test_a_pool_with_a_static_password_dies_with_its_token(
    rds: Front, manager: keyrotor.TokenManager
) -> None:
    token = manager.token()
    with ConnectionPool(rds.conninfo, kwargs=static(rds, token), min_size=1, timeout=PATIENCE) as pool:
        with pool.connection() as connection:
            assert who(connection) == rds.user
        rds.revoke(token)
        rds.kill()
        with pytest.raises((psycopg.OperationalError, PoolTimeout)), pool.connection() as connection:
            who(connection)
        with pytest.raises(PoolTimeout):
            pool.getconn(timeout=0.5)
    assert "refused" in rds.outcomes()


def asks_a_function() -> None:
    """Not before 3.3 a pool's `kwargs` may be a function."""
    version = tuple(map(int, metadata.version("psycopg-pool").split(".")[:2]))
    if version < (3, 3):
        pytest.skip(f"psycopg_pool {version} asks no function")


def pool_by_class(rds: Front, manager: keyrotor.TokenManager) -> ConnectionPool[Any]:
    return ConnectionPool(
        rds.conninfo,
        connection_class=keyrotor.psycopg.connection_class(manager),
        check=ConnectionPool.check_connection,
        min_size=1,
        open=True,
    )


def pool_by_function(rds: Front, manager: keyrotor.TokenManager) -> ConnectionPool[Any]:
    asks_a_function()
    return ConnectionPool(
        rds.conninfo,
        kwargs=keyrotor.psycopg.pool_kwargs(manager),
        check=ConnectionPool.check_connection,
        min_size=1,
        open=True,
    )


def our_pool(rds: Front, manager: keyrotor.TokenManager) -> ConnectionPool[Any]:
    return keyrotor.psycopg.pool(
        manager, rds.conninfo, check=ConnectionPool.check_connection, min_size=1, open=True
    )


@pytest.mark.parametrize("made", [our_pool, pool_by_class, pool_by_function])
def test_a_pool_outlives_its_tokens(
    rds: Front,
    manager: keyrotor.TokenManager,
    made: Callable[[Front, keyrotor.TokenManager], ConnectionPool[Any]],
) -> None:
    with made(rds, manager) as pool:
        for _ in range(3):
            with pool.connection(PATIENCE) as connection:
                assert who(connection) == rds.user
            assert rds.carried(manager.token())
            rds.revoke(manager.token())
            manager.refresh()
            rds.kill()
        with pool.connection(PATIENCE) as connection:
            assert who(connection) == rds.user
    assert rds.carried(manager.token())
    assert "refused" not in rds.outcomes()


def test_a_pool_replaces_a_refused_token(rds: Front, manager: keyrotor.TokenManager) -> None:
    with our_pool(rds, manager) as pool:
        with pool.connection(PATIENCE) as connection:
            assert who(connection) == rds.user
        rds.revoke(manager.token())
        rds.kill()
        with pool.connection(PATIENCE) as connection:
            assert who(connection) == rds.user
    assert rds.outcomes() == ["accepted", "refused", "accepted"]


def test_a_pool_for_dsql_is_told_of_the_session_limit(dsql: Front, rds: Front) -> None:
    with contextlib.ExitStack() as opened:
        pools = [
            opened.enter_context(keyrotor.psycopg.pool(front.credentials, front.conninfo, open=False))
            for front in (dsql, rds)
        ]
        assert [pool.max_lifetime for pool in pools] == [55 * 60, 60 * 60]


def test_a_session_of_dsql_ends_in_use_and_a_younger_pool_does_not_notice(dsql: Front) -> None:
    def use_both() -> NoReturn:
        while True:
            with pool.connection(PATIENCE) as connection:
                connection.execute("SELECT pg_sleep(0.2)")
            held.execute("SELECT pg_sleep(0.2)")

    with (
        keyrotor.TokenManager(dsql.credentials) as manager,
        keyrotor.psycopg.connect(manager, dsql.conninfo) as held,
        keyrotor.psycopg.pool(
            manager, dsql.conninfo, max_lifetime=SESSION_LIMIT / 3, min_size=1, open=True
        ) as pool,
    ):
        with pytest.raises(psycopg.OperationalError):
            use_both()
        assert held.broken
        with pool.connection(PATIENCE) as connection:
            assert who(connection) == dsql.user
    assert len(dsql.logins()) > 3
    assert "refused" not in dsql.outcomes()


def test_asyncio(rds: Front, manager: keyrotor.TokenManager) -> None:
    async def use() -> None:
        async with await keyrotor.psycopg.connect_async(manager, rds.conninfo) as connection:
            assert (await (await connection.execute(WHO)).fetchone()) == (rds.user,)
        rds.revoke(manager.token())
        async with await keyrotor.psycopg.connect_async(manager, rds.conninfo) as connection:
            assert (await (await connection.execute(WHO)).fetchone()) == (rds.user,)

    asyncio.run(use())
    assert rds.outcomes() == ["accepted", "refused", "accepted"]


@pytest.mark.parametrize("by", ["ours", "class", "function"])
def test_an_asyncio_pool_outlives_its_tokens(rds: Front, manager: keyrotor.TokenManager, by: str) -> None:
    common: dict[str, Any] = {
        "check": AsyncConnectionPool.check_connection,
        "min_size": 1,
        "open": False,
    }

    def made() -> AsyncConnectionPool[Any]:
        if by == "ours":
            return keyrotor.psycopg.pool_async(manager, rds.conninfo, **common)
        if by == "class":
            kind = keyrotor.psycopg.async_connection_class(manager)
            return AsyncConnectionPool(rds.conninfo, connection_class=kind, **common)
        asks_a_function()
        kwargs = keyrotor.psycopg.pool_kwargs_async(manager)
        return AsyncConnectionPool(rds.conninfo, kwargs=kwargs, **common)

    async def use() -> None:
        async with made() as pool:
            for _ in range(2):
                async with pool.connection(PATIENCE) as connection:
                    assert (await (await connection.execute(WHO)).fetchone()) == (rds.user,)
                rds.revoke(manager.token())
                await asyncio.to_thread(manager.refresh)
                rds.kill()
            async with pool.connection(PATIENCE) as connection:
                assert (await (await connection.execute(WHO)).fetchone()) == (rds.user,)

    asyncio.run(use())
    assert "refused" not in rds.outcomes()
