"""SQLAlchemy before RDS and DSQL, with each driver: rotate, kill, use again."""

from __future__ import annotations

import asyncio
import configparser
import gc
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import asyncpg
import keyrotor
import keyrotor.sqlalchemy
import keyrotor.testing
import pytest
import sqlalchemy
from databases import KEY, REGION, SECRET, WHO, Front, run
from keyrotor._postgres import age
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BLOCKING = ["psycopg", "psycopg2"]
ASYNC = ["psycopg", "asyncpg"]
ROOM = Path(__file__).parents[2]


@pytest.fixture
def manager(rds: Front) -> Iterator[keyrotor.TokenManager]:
    with keyrotor.TokenManager(rds.credentials) as made:
        yield made


@pytest.fixture(autouse=True)
def entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installation writes down of `pyproject.toml`, which makes URLs know the plugin."""
    table = re.search(
        r'^\[project\.entry-points\."(sqlalchemy\.plugins)"\]\n((?:\w.*\n)+)',
        (ROOM / "pyproject.toml").read_text(),
        re.MULTILINE,
    )
    assert table is not None
    folder = tmp_path / "keyrotor-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: keyrotor\nVersion: 0\n")
    (folder / "entry_points.txt").write_text(f"[{table[1]}]\n{table[2].replace(chr(34), '')}")
    monkeypatch.syspath_prepend(tmp_path)
    assert "keyrotor" in metadata.entry_points(group="sqlalchemy.plugins").names


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS keys where AWS's default chain looks first."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY.secret_access_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)


def who(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(text(WHO)))


async def who_async(engine: AsyncEngine) -> str:
    async with engine.connect() as connection:
        return str(await connection.scalar(text(WHO)))


def tls_of(front: Front, driver: str) -> dict[str, Any]:
    """asyncpg takes its authorities as an object, or from the environment."""
    return {"connect_args": {"ssl": front.verified}} if driver == "asyncpg" else {}


@pytest.mark.parametrize("driver", BLOCKING)
def test_an_engine_outlives_its_tokens(rds: Front, manager: keyrotor.TokenManager, driver: str) -> None:
    engine = create_engine(rds.url(driver), pool_pre_ping=True)
    assert keyrotor.sqlalchemy.install(engine, manager) is manager
    for _ in range(3):
        assert who(engine) == rds.user
        assert rds.carried(manager.token())
        rds.revoke(manager.token())
        manager.refresh()
        rds.kill()
    assert who(engine) == rds.user
    assert rds.carried(manager.token())
    assert "refused" not in rds.outcomes()
    engine.dispose()


@pytest.mark.parametrize("driver", ASYNC)
def test_an_asyncio_engine_outlives_its_tokens(
    rds: Front, manager: keyrotor.TokenManager, driver: str
) -> None:
    async def use() -> None:
        engine = create_async_engine(rds.url(driver), pool_pre_ping=True, **tls_of(rds, driver))
        keyrotor.sqlalchemy.install(engine, manager)
        for _ in range(3):
            assert await who_async(engine) == rds.user
            assert rds.carried(manager.token())
            rds.revoke(manager.token())
            await asyncio.to_thread(manager.refresh)
            rds.kill()
        assert await who_async(engine) == rds.user
        await engine.dispose()

    run(use())
    assert rds.carried(manager.token())
    assert "refused" not in rds.outcomes()


@pytest.mark.parametrize("driver", BLOCKING)
def test_a_refused_token_is_replaced_at_once(rds: Front, manager: keyrotor.TokenManager, driver: str) -> None:
    engine = create_engine(rds.url(driver))
    keyrotor.sqlalchemy.install(engine, manager)
    rds.revoke(manager.token())
    assert who(engine) == rds.user
    assert rds.outcomes() == ["refused", "accepted"]
    assert manager.status()["counts"]["rejected"] == 1
    engine.dispose()


@pytest.mark.parametrize("driver", ASYNC)
def test_an_asyncio_engine_replaces_a_refused_token(
    rds: Front, manager: keyrotor.TokenManager, driver: str
) -> None:
    async def use() -> None:
        engine = create_async_engine(rds.url(driver), **tls_of(rds, driver))
        keyrotor.sqlalchemy.install(engine, manager)
        assert await who_async(engine) == rds.user
        await engine.dispose()

    rds.revoke(manager.token())
    run(use())
    assert rds.outcomes() == ["refused", "accepted"]


def causes(error: BaseException) -> list[BaseException]:
    found = [error]
    while found[-1].__cause__ is not None:
        found.append(found[-1].__cause__)
    return found


@pytest.mark.parametrize("driver", [*BLOCKING, "asyncpg"])
def test_a_lasting_refusal_says_what_to_do(rds: Front, manager: keyrotor.TokenManager, driver: str) -> None:
    async def use_async() -> str:
        engine = create_async_engine(rds.url(driver), **tls_of(rds, driver))
        keyrotor.sqlalchemy.install(engine, manager)
        return await who_async(engine)

    def use() -> str:
        if driver == "asyncpg":
            return run(use_async())
        engine = create_engine(rds.url(driver))
        keyrotor.sqlalchemy.install(engine, manager)
        return who(engine)

    rds.fault("refuse")
    # Until 2.1, SQLAlchemy lets what asyncpg raises at a connect pass as it is.
    with pytest.raises((DBAPIError, asyncpg.PostgresError), match="PAM authentication failed") as caught:
        use()
    advice = causes(caught.value)[-1]
    assert isinstance(advice, keyrotor.AuthError)
    assert "GRANT rds_iam" in str(advice)
    assert rds.outcomes() == ["refused", "refused"]
    with pytest.raises(DBAPIError):
        use()
    assert "X-Amz-Signature" not in str(caught.getrepr(style="long", chain=True))


@pytest.mark.parametrize("driver", [*BLOCKING, "asyncpg"])
def test_no_token_is_an_operational_error(rds: Front, driver: str) -> None:
    def locked() -> tuple[str, str]:
        raise PermissionError("the vault is locked")

    async def use_async() -> str:
        engine = create_async_engine(rds.url(driver), **tls_of(rds, driver))
        keyrotor.sqlalchemy.install(engine, keyrotor.Callback(locked))
        return await who_async(engine)

    def use() -> str:
        if driver == "asyncpg":
            return run(use_async())
        engine = create_engine(rds.url(driver))
        keyrotor.sqlalchemy.install(engine, keyrotor.Callback(locked))
        return who(engine)

    with pytest.raises(OperationalError) as caught:
        use()
    [*_, ours, theirs] = causes(caught.value)
    assert isinstance(ours, keyrotor.CredentialsError)
    assert isinstance(theirs, PermissionError)
    assert rds.logins() == []


def test_a_token_in_the_url_dies(rds: Front, manager: keyrotor.TokenManager) -> None:
    token = manager.token()
    url = sqlalchemy.make_url(rds.url("psycopg", sslmode="verify-full")).set(password=token)
    engine = create_engine(url, pool_pre_ping=True)
    assert who(engine) == rds.user
    rds.revoke(token)
    rds.kill()
    with pytest.raises(OperationalError, match="PAM authentication failed"):
        who(engine)
    engine.dispose()


def test_a_token_in_the_url_is_no_configuration(rds: Front, manager: keyrotor.TokenManager) -> None:
    # Alembic keeps `sqlalchemy.url` in a ConfigParser, to which a % is special.
    alembic = configparser.ConfigParser()
    alembic.add_section("alembic")
    url = sqlalchemy.make_url(rds.url("psycopg")).set(password=manager.token())
    with pytest.raises(ValueError, match="%"):
        alembic.set("alembic", "sqlalchemy.url", url.render_as_string(hide_password=False))
    with_plugin = rds.url("psycopg", plugin="keyrotor", keyrotor_region=REGION)
    alembic.set("alembic", "sqlalchemy.url", with_plugin)
    assert alembic.get("alembic", "sqlalchemy.url") == with_plugin


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("driver", BLOCKING)
def test_a_url_needs_no_code(rds: Front, driver: str) -> None:
    engine = create_engine(
        rds.url(driver, plugin="keyrotor", keyrotor_region=REGION, keyrotor_token_life_seconds="600"),
        pool_pre_ping=True,
    )
    assert who(engine) == rds.user
    # As if its time were over: it dies, and so do all connections.
    rds.fault("refuse", current=True)
    rds.kill()
    assert who(engine) == rds.user
    assert rds.outcomes() == ["accepted", "refused", "accepted"]
    engine.dispose()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("driver", ASYNC)
def test_a_url_needs_no_code_with_asyncio(rds: Front, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", rds.ca)

    async def use() -> None:
        engine = create_async_engine(
            rds.url(driver, plugin="keyrotor", keyrotor_region=REGION), pool_pre_ping=True
        )
        assert await who_async(engine) == rds.user
        rds.fault("refuse", current=True)
        rds.kill()
        assert await who_async(engine) == rds.user
        await engine.dispose()

    run(use())
    assert rds.outcomes() == ["accepted", "refused", "accepted"]


@pytest.mark.usefixtures("environment")
def test_an_engine_made_of_an_engines_url_logs_in_too(rds: Front) -> None:
    first = create_engine(rds.url("psycopg", plugin="keyrotor", keyrotor_region=REGION))
    second = create_engine(first.url.set(database="postgres"))
    assert who(second) == rds.user
    second.dispose()


@pytest.mark.usefixtures("environment")
def test_the_plugin_for_dsql(dsql: Front) -> None:
    engine = create_engine(
        dsql.url("psycopg", plugin="keyrotor", keyrotor_service="dsql", keyrotor_region=REGION)
    )
    assert who(engine) == dsql.user
    assert dsql.outcomes() == ["accepted"]
    engine.dispose()


@pytest.mark.usefixtures("environment")
def test_the_plugin_for_dsqls_admin(dsql: Front) -> None:
    dsql.user = "admin"
    engine = create_engine(
        dsql.url("psycopg", plugin="keyrotor", keyrotor_service="dsql", keyrotor_region=REGION)
    )
    assert who(engine) == "admin"
    engine.dispose()


@pytest.mark.usefixtures("environment")
def test_the_endpoint_behind_a_tunnel_is_what_is_signed(rds: Front) -> None:
    there = {"plugin": "keyrotor", "keyrotor_region": REGION}
    tunnel = rds.url("psycopg", **there, keyrotor_port=str(rds.port)).replace("localhost", "127.0.0.1")
    engine = create_engine(tunnel)
    with pytest.raises(OperationalError, match="PAM authentication failed"):
        who(engine)
    assert {login["check"] for login in rds.logins()} == {"E09"}
    engine.dispose()
    engine = create_engine(f"{tunnel}&keyrotor_host=localhost")
    assert who(engine) == rds.user
    engine.dispose()


@pytest.mark.parametrize("driver", BLOCKING)
def test_the_plugin_for_azure(azure: Front, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    identity = {f"keyrotor_{name}": value for name, value in azure.options.items()}
    engine = create_engine(azure.url(driver, plugin="keyrotor", **identity))
    assert who(engine) == azure.user
    assert azure.outcomes() == ["accepted"]
    # What the login of somebody else's role says, and what to do about it.
    role = "app1" if azure.user == "app0" else "app0"
    other = create_engine(engine.url.set(username=role))
    with pytest.raises(OperationalError, match=f"not valid for role {role}") as caught:
        who(other)
    assert "pgaadauth_create_principal" in str(causes(caught.value)[-1])
    engine.dispose()
    other.dispose()


@pytest.mark.parametrize("driver", ASYNC)
def test_an_engine_for_azure_on_an_event_loop(azure: Front, driver: str) -> None:
    async def use() -> None:
        engine = create_async_engine(azure.url(driver), **tls_of(azure, driver))
        manager = keyrotor.sqlalchemy.install(engine, azure.credentials)
        azure.revoke(await manager.token_async())
        assert await who_async(engine) == azure.user
        await engine.dispose()

    run(use())
    assert azure.outcomes() == ["refused", "accepted"]


@pytest.mark.parametrize(
    ("parameters", "name", "found"),
    [
        ({"keyrotor_servise": "dsql"}, "config-unknown-field", "servise"),
        ({"keyrotor_service": "mysql"}, "config-invalid", "rds, dsql and entra"),
        ({"keyrotor_token_life_seconds": "901"}, "config-invalid", "token_life_seconds"),
        ({"keyrotor_allow_plaintext": "maybe"}, "config-invalid", "allow_plaintext"),
    ],
)
def test_a_wrong_parameter_is_named(rds: Front, parameters: dict[str, str], name: str, found: str) -> None:
    with pytest.raises(keyrotor.ConfigError, match=found) as caught:
        create_engine(rds.url("psycopg", plugin="keyrotor", keyrotor_region=REGION, **parameters))
    assert caught.value.name == name


def test_another_driver_is_named() -> None:
    engine = create_engine("sqlite://")
    with pytest.raises(keyrotor.ConfigError, match="pysqlite"):
        keyrotor.sqlalchemy.install(engine, keyrotor.Password(password="made-up"))


@pytest.mark.parametrize("driver", BLOCKING)
def test_no_token_without_verified_tls(rds: Front, manager: keyrotor.TokenManager, driver: str) -> None:
    engine = create_engine(rds.url(driver, sslmode="require"))
    keyrotor.sqlalchemy.install(engine, manager)
    with pytest.raises(keyrotor.ConfigError, match="verify-full"):
        who(engine)
    assert rds.logins() == []


@pytest.mark.parametrize("longest", [None, timedelta(minutes=30)])
def test_connections_to_dsql_retire(
    dsql: Front, monkeypatch: pytest.MonkeyPatch, longest: timedelta | None
) -> None:
    now = 0.0
    monkeypatch.setattr(age, "monotonic", lambda: now)
    engine = create_engine(dsql.url("psycopg"))
    with keyrotor.sqlalchemy.install(engine, dsql.credentials, longest_age=longest):
        minutes = (longest or age.DSQL_LONGEST_AGE).total_seconds() / 60
        for passed, connections in [(0.0, 1), (minutes * 0.89, 1), (minutes, 2), (minutes * 1.5, 2)]:
            now = passed * 60
            assert who(engine) == dsql.user
            assert len(dsql.logins()) == connections
    engine.dispose()


def test_connections_to_rds_do_not_retire(
    rds: Front, manager: keyrotor.TokenManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(age, "monotonic", lambda: now)
    engine = create_engine(rds.url("psycopg"))
    keyrotor.sqlalchemy.install(engine, manager)
    for now in (0.0, 86_400.0):  # noqa: B007  # The clock reads it.
        assert who(engine) == rds.user
    assert len(rds.logins()) == 1
    engine.dispose()


def test_a_blocking_engine_on_a_loops_thread_waits_too(rds: Front) -> None:
    async def use() -> None:
        engine = create_engine(rds.url("psycopg"))
        keyrotor.sqlalchemy.install(engine, rds.credentials)
        assert who(engine) == rds.user
        engine.dispose()

    run(use())


def test_an_asyncio_engine_waits_without_stopping_the_loop(rds: Front) -> None:
    asked, may_answer = threading.Event(), threading.Event()
    inner = keyrotor.TokenManager(rds.credentials)

    def slow_login() -> tuple[str, str]:
        asked.set()
        assert may_answer.wait(30)
        return rds.user, inner.token()

    async def use() -> None:
        engine = create_async_engine(rds.url("asyncpg"), **tls_of(rds, "asyncpg"))
        with keyrotor.sqlalchemy.install(engine, keyrotor.Callback(slow_login)):
            asking = asyncio.create_task(who_async(engine))
            # Were the loop blocked, this would never be reached.
            await asyncio.to_thread(asked.wait, 30)
            may_answer.set()
            assert await asking == rds.user
        await engine.dispose()

    with inner:
        run(use())


def test_earlier_listeners_are_called(rds: Front, manager: keyrotor.TokenManager) -> None:
    engine = create_engine(rds.url("psycopg"))

    @event.listens_for(engine, "do_connect")
    def name_it(_dialect: object, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
        parameters["application_name"] = "named"

    keyrotor.sqlalchemy.install(engine, manager)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW application_name")) == "named"
    engine.dispose()


def test_an_engine_that_is_gone_leaves_no_manager(rds: Front) -> None:
    closed = keyrotor.TokenManager(rds.credentials)
    engine = create_engine(rds.url("psycopg"))
    manager = keyrotor.sqlalchemy.install(engine, rds.credentials)
    assert who(engine) == rds.user
    # Managers of one identity share what they fetched, for as long as one of them is there.
    assert closed.status()["generation"] == 1
    engine.dispose()
    closed.close()
    del engine, manager
    gc.collect()
    assert keyrotor.TokenManager(rds.credentials).status()["generation"] == 0
