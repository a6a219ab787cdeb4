"""asyncpg before RDS, DSQL and Azure: rotate, kill, use again."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import keyrotor
import keyrotor.asyncpg
import pytest
from databases import WHO, Databases, Front, run
from keyrotor._postgres import age

PATIENCE = 30.0


@pytest.fixture
def manager(rds: Front) -> Iterator[keyrotor.TokenManager]:
    with keyrotor.TokenManager(rds.credentials) as made:
        yield made


def place(front: Front) -> dict[str, Any]:
    return {"host": "localhost", "port": front.port, "database": front.database, "ssl": front.verified}


async def who(pool: Any) -> str:
    """Asks the pool; a connection that was killed meanwhile is found out by using it."""
    for _ in range(100):
        with contextlib.suppress(asyncpg.ConnectionDoesNotExistError, ConnectionError):
            return str(await asyncio.wait_for(pool.fetchval(WHO), PATIENCE))
    raise AssertionError("no connection was good")


def test_a_connection(rds: Front, manager: keyrotor.TokenManager) -> None:
    async def use() -> None:
        connection = await keyrotor.asyncpg.connect(manager, **place(rds))
        assert await connection.fetchval(WHO) == rds.user
        await connection.close()

    run(use())
    assert rds.carried(manager.token())


def test_azure(azure: Front) -> None:
    async def use() -> None:
        with keyrotor.TokenManager(azure.credentials) as manager:
            azure.revoke(await manager.token_async())
            async with keyrotor.asyncpg.create_pool(manager, **place(azure), min_size=1, max_size=1) as pool:
                assert await who(pool) == azure.user
                await manager.refresh_async()
                await asyncio.to_thread(azure.kill)
                assert await who(pool) == azure.user
            assert azure.carried(await manager.token_async())

    run(use())
    assert azure.outcomes() == ["refused", "accepted", "accepted"]


def test_a_dsn(rds: Front, manager: keyrotor.TokenManager) -> None:
    dsn = f"postgresql://nobody@localhost:{rds.port}/{rds.database}?sslmode=verify-full&sslrootcert={rds.ca}"

    async def use() -> None:
        connection = await keyrotor.asyncpg.connect(manager, dsn)
        assert await connection.fetchval(WHO) == rds.user
        await connection.close()
        with pytest.raises(keyrotor.ConfigError, match="verify-full"):
            await keyrotor.asyncpg.connect(manager, dsn.replace("verify-full", "require"))

    run(use())


def test_verified_tls_is_the_default(
    rds: Front, manager: keyrotor.TokenManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", rds.ca)
    there = {**place(rds), "ssl": None}

    async def use() -> None:
        connection = await keyrotor.asyncpg.connect(manager, **there)
        assert await connection.fetchval(WHO) == rds.user
        await connection.close()

    run(use())
    assert rds.logins()[-1]["tls"].startswith("TLS")


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    return context


@pytest.mark.parametrize("given", [False, "prefer", "require", unverified()])
def test_no_token_without_verified_tls(rds: Front, manager: keyrotor.TokenManager, given: object) -> None:
    with pytest.raises(keyrotor.ConfigError) as caught:
        run(keyrotor.asyncpg.connect(manager, **{**place(rds), "ssl": given}))
    assert (caught.value.name, caught.value.field) == ("config-insecure", "ssl")
    assert rds.logins() == []


def test_a_refused_token_is_replaced_at_once(rds: Front, manager: keyrotor.TokenManager) -> None:
    async def use() -> None:
        connection = await keyrotor.asyncpg.connect(manager, **place(rds))
        await connection.close()

    rds.revoke(manager.token())
    run(use())
    assert rds.outcomes() == ["refused", "accepted"]
    assert manager.status()["counts"]["rejected"] == 1


def test_a_lasting_refusal_says_what_to_do(rds: Front, manager: keyrotor.TokenManager) -> None:
    rds.fault("refuse")
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError) as caught:
        run(keyrotor.asyncpg.connect(manager, **place(rds)))
    assert isinstance(caught.value.__cause__, keyrotor.AuthError)
    assert "GRANT rds_iam" in str(caught.value.__cause__)
    assert rds.outcomes() == ["refused", "refused"]


def test_a_pool_with_a_static_password_dies_with_its_token(
    rds: Front, manager: keyrotor.TokenManager
) -> None:
    async def use() -> None:
        token = manager.token()
        login = {"user": rds.user, "password": token}
        async with asyncpg.create_pool(**place(rds), **login, min_size=1) as pool:
            assert await who(pool) == rds.user
            rds.revoke(token)
            rds.kill()
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await who(pool)

    run(use())


@pytest.mark.parametrize("by", ["ours", "password"])
def test_a_pool_outlives_its_tokens(rds: Front, manager: keyrotor.TokenManager, by: str) -> None:
    async def use() -> None:
        pool = (
            keyrotor.asyncpg.create_pool(manager, **place(rds), min_size=1)
            if by == "ours"
            else asyncpg.create_pool(
                **place(rds), user=rds.user, password=keyrotor.asyncpg.password(manager), min_size=1
            )
        )
        async with pool:
            for _ in range(3):
                assert await who(pool) == rds.user
                assert rds.carried(manager.token())
                rds.revoke(manager.token())
                await asyncio.to_thread(manager.refresh)
                rds.kill()
            assert await who(pool) == rds.user

    run(use())
    assert rds.carried(manager.token())


def test_a_pool_replaces_a_refused_token(rds: Front, manager: keyrotor.TokenManager) -> None:
    async def use() -> None:
        async with keyrotor.asyncpg.create_pool(manager, **place(rds), min_size=1) as pool:
            assert await who(pool) == rds.user
            rds.revoke(manager.token())
            rds.kill()
            assert await who(pool) == rds.user

    run(use())
    # The pool may try two connections at once.
    assert sorted(set(rds.outcomes())) == ["accepted", "refused"]
    assert manager.status()["counts"]["rejected"] == 1


def test_waiting_for_a_token_stops_no_loop(rds: Front) -> None:
    asked, may_answer = threading.Event(), threading.Event()
    inner = keyrotor.TokenManager(rds.credentials)

    def slow_login() -> tuple[str, str]:
        asked.set()
        assert may_answer.wait(PATIENCE)
        return rds.user, inner.token()

    async def use() -> None:
        with keyrotor.TokenManager(keyrotor.Callback(slow_login)) as manager:
            connecting = asyncio.create_task(keyrotor.asyncpg.connect(manager, **place(rds)))
            # Were the loop blocked, this would never be reached.
            await asyncio.to_thread(asked.wait, PATIENCE)
            may_answer.set()
            connection = await connecting
            assert await connection.fetchval(WHO) == rds.user
            await connection.close()

    with inner:
        run(use())


def test_a_pool_for_dsql_renews_its_connections(dsql: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[timedelta] = []

    def at_once(longest: timedelta) -> float:
        limits.append(longest)
        return 0.0

    monkeypatch.setattr(age, "spread", at_once)

    async def use() -> None:
        async with keyrotor.asyncpg.create_pool(dsql.credentials, **place(dsql), min_size=1) as pool:
            first = await pool.fetchval("SELECT pg_backend_pid()")
            while await pool.fetchval("SELECT pg_backend_pid()") == first:
                pass
            assert await who(pool) == dsql.user

    run(use())
    assert limits[0] == age.DSQL_LONGEST_AGE


def test_a_pool_for_rds_keeps_its_connections(databases: Databases) -> None:
    rds = databases.front("rds")

    async def use() -> None:
        async with keyrotor.asyncpg.create_pool(rds.credentials, **place(rds), min_size=1) as pool:
            first = await pool.fetchval("SELECT pg_backend_pid()")
            assert await pool.fetchval("SELECT pg_backend_pid()") == first

    run(use())
    assert len(rds.logins()) == 1
