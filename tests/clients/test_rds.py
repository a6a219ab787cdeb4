"""psql, psycopg and asyncpg, with tokens of botocore, before the RDS and DSQL fronts."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from databases import (
    PATIENCE_SECONDS,
    Place,
    RefusedError,
    boto,
    by_asyncpg,
    by_psql,
    by_psycopg,
    connect_asyncpg,
    rds_token,
)
from psycopg import pq

from emulator import KEY, SECRET, Emulator, common

Login = Callable[[Place], str]
each_client = pytest.mark.parametrize("login", [by_psql, by_psycopg, by_asyncpg])

USERS = {"users": ["app"], "passwords": {"legacy": "it's secret"}}
SESSION_TOKEN = "abc/+==" * 250
PAM = 'PAM authentication failed for user "app"'


def started(**sections: Any) -> Emulator:
    """An emulator of these sections that knows a temporary key too."""
    keys = [
        {"id": KEY, "secret": SECRET},
        {"id": "ASIDEXAMPLE", "secret": SECRET, "session_token": SESSION_TOKEN},
    ]
    return Emulator(common(keys=keys, **sections))


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    """One run for all tests that leave it as it was."""
    with started(rds=USERS, dsql={"users": ["app"], "session_limit": 5}) as running:
        yield running


@pytest.fixture
def rds(shared: Emulator) -> Iterator[Emulator]:
    """The same, without faults afterwards."""
    yield shared
    shared.fault("faults/clear")


def last_login(emulator: Emulator, front: str = "rds") -> dict[str, Any]:
    """The newest entry of the record."""
    login: dict[str, Any] = emulator.record()[front]["logins"][-1]
    return login


def refusal(login: Login, place: Place, text: str, sqlstate: str) -> None:
    """Asserts what the client is told."""
    with pytest.raises(RefusedError) as caught:
        login(place)
    assert text in caught.value.text
    if login is by_asyncpg:
        assert caught.value.sqlstate == sqlstate


@each_client
def test_logs_in_with_a_token(rds: Emulator, login: Login) -> None:
    assert login(Place(rds, "app", rds_token(rds, "app"))) == "app"
    entry = last_login(rds)
    assert (entry["outcome"], entry["method"], entry["access_key"]) == ("accepted", "iam", KEY)
    assert entry["tls"] in ("TLSv1.2", "TLSv1.3")


@each_client
def test_a_token_of_several_kilobytes_passes(rds: Emulator, login: Login) -> None:
    token = rds_token(rds, "app", SESSION_TOKEN)
    assert len(token) > 3000
    assert login(Place(rds, "app", token)) == "app"
    assert last_login(rds)["access_key"] == "ASIDEXAMPLE"


@each_client
def test_a_malformed_token_is_refused(rds: Emulator, login: Login) -> None:
    for secret in ["secret", rds_token(rds, "app") + "0", "https://" + rds_token(rds, "app")]:
        refusal(login, Place(rds, "app", secret), PAM, "28000")
        entry = last_login(rds)
        assert (entry["outcome"], entry["sqlstate"]) == ("refused", "28000")
        assert "Error Code: InvalidToken" in entry["log"]


@each_client
def test_e08_a_token_for_another_user_is_refused(rds: Emulator, login: Login) -> None:
    refusal(login, Place(rds, "app", rds_token(rds, "other")), PAM, "28000")
    assert last_login(rds)["check"] == "E08"


@each_client
def test_a_token_without_tls_is_refused(rds: Emulator, login: Login) -> None:
    place = Place(rds, "app", rds_token(rds, "app"), tls=False)
    text = 'no pg_hba.conf entry for host "127.0.0.1", user "app", database "postgres", no encryption'
    refusal(login, place, text, "28000")
    assert last_login(rds)["reason"] == "no-tls"


@each_client
def test_a_user_without_rds_iam_has_a_password(rds: Emulator, login: Login) -> None:
    assert login(Place(rds, "legacy", "it's secret")) == "legacy"
    assert last_login(rds)["method"] == "password"
    for secret in ["wrong", rds_token(rds, "legacy")]:
        text = 'password authentication failed for user "legacy"'
        refusal(login, Place(rds, "legacy", secret), text, "28P01")
    entry = last_login(rds)
    assert (entry["reason"], entry["sqlstate"], entry["token_sha256"]) == ("backend", "28P01", None)


@each_client
def test_an_unknown_database_is_postgresqls_own_error(rds: Emulator, login: Login) -> None:
    place = Place(rds, "app", rds_token(rds, "app"), database="nowhere")
    refusal(login, place, 'database "nowhere" does not exist', "3D000")


@pytest.mark.parametrize(
    ("minutes", "check", "code"), [(20, "E24", "ExpiredToken"), (-20, "E23", "InvalidToken")]
)
def test_a_token_of_another_time_is_refused(minutes: int, check: str, code: str) -> None:
    clock = datetime.now(UTC) + timedelta(minutes=minutes)
    with started(rds=USERS, clock=clock.strftime("%Y-%m-%dT%H:%M:%SZ")) as emulator:
        for login in [by_psql, by_psycopg, by_asyncpg]:
            refusal(login, Place(emulator, "app", rds_token(emulator, "app")), PAM, "28000")
            entry = last_login(emulator)
            assert entry["check"] == check
            assert code in entry["log"]


async def test_a_connection_survives_its_token() -> None:
    with started(rds={**USERS, "token_life": 8}) as emulator:
        place = Place(emulator, "app", rds_token(emulator, "app"))
        connection = await connect_asyncpg(place)
        with psycopg.connect(place.conninfo, password=place.password) as other:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while last_login(emulator)["check"] != "E24":
                assert time.monotonic() < deadline
                try:
                    (await connect_asyncpg(place)).terminate()
                except asyncpg.InvalidAuthorizationSpecificationError as error:
                    assert PAM in str(error)
                await asyncio.sleep(0.2)
            assert await connection.fetchval("SELECT current_user") == "app"
            assert other.execute("SELECT current_user").fetchone() == ("app",)
        await connection.close()


@each_client
def test_faults_of_a_login(rds: Emulator, login: Login) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    faults: list[tuple[str, dict[str, int | None], str, str]] = [
        ("refuse", {"count": 1}, "fault-refuse", "InvalidToken"),
        ("throttle", {"milliseconds": None}, "throttled", "ThrottlingException"),
        ("iam-outage", {}, "iam-outage", "InternalError"),
    ]
    for path, body, reason, code in faults:
        rds.fault(f"rds/faults/{path}", **body)
        refusal(login, place, PAM, "28000")
        entry = last_login(rds)
        assert entry["reason"] == reason
        assert code in entry["log"]
        rds.fault("faults/clear")
        assert login(place) == "app"


@each_client
def test_a_login_that_is_cut_off(rds: Emulator, login: Login) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    rds.fault("rds/faults/cut", count=1)
    with pytest.raises(Exception, match=r"clos|reset|lost|EOF|eof") as caught:
        login(place)
    assert "PAM" not in str(caught.value)
    assert last_login(rds)["reason"] == "fault-cut"
    assert login(place) == "app"


@each_client
def test_nobody_listens(rds: Emulator, login: Login) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    before = rds.record()["rds"]["totals"]["connections"]
    rds.fault("rds/faults/listen", open=False)
    with pytest.raises(Exception, match=r"clos|reset|lost|EOF"):
        login(place)
    rds.fault("rds/faults/listen", open=True)
    assert rds.record()["rds"]["totals"]["connections"] == before
    assert login(place) == "app"


def test_e27_policies_are_asked_at_each_login(rds: Emulator) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    with psycopg.connect(place.conninfo, password=place.password) as connection:
        rds.ask("rds/policies", {"policies": []})
        try:
            refusal(by_psycopg, place, PAM, "28000")
            assert last_login(rds)["check"] == "E27"
            assert "is not authorized to perform `rds-db:connect`" in last_login(rds)["log"]
            assert connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            rds.ask("rds/policies", {"policies": None})
    assert by_psycopg(place) == "app"


def test_a_killed_connection_breaks_off(rds: Emulator) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    with psycopg.connect(place.conninfo, password=place.password) as connection:
        number = last_login(rds)["connection"]
        assert rds.fault("rds/faults/kill", connection=number)["connections"] == 1
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_what_is_held_back_comes_later(rds: Emulator) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    with psycopg.connect(place.conninfo, password=place.password) as connection:
        rds.fault("rds/faults/stall", milliseconds=300)
        begun = time.monotonic()
        connection.execute("SELECT 1")
        assert time.monotonic() - begun >= 0.25


def test_a_restart_drops_sessions_and_keeps_data(rds: Emulator) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    with psycopg.connect(place.conninfo, password=place.password) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.commit()
        rds.fault("rds/faults/restart-backend")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert by_psql(place, "SELECT count(*) FROM kept") == "0"


def test_a_query_can_be_cancelled(rds: Emulator) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    cancels = rds.record()["rds"]["totals"]["cancels"]
    with (
        psycopg.connect(place.conninfo, password=place.password) as sleeper,
        psycopg.connect(place.conninfo, password=place.password, autocommit=True) as other,
    ):
        ended: list[Exception] = []

        def sleep() -> None:
            try:
                sleeper.execute("SELECT pg_sleep(600)")
            except psycopg.errors.QueryCanceled as error:
                ended.append(error)

        thread = threading.Thread(target=sleep)
        thread.start()
        asked = (
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        )
        while other.execute(asked).fetchone() != (1,):
            assert thread.is_alive()
        sleeper.cancel_safe()
        thread.join(PATIENCE_SECONDS)
        assert len(ended) == 1
    deadline = time.monotonic() + PATIENCE_SECONDS
    while rds.record()["rds"]["totals"]["cancels"] == cancels:
        assert time.monotonic() < deadline


@pytest.mark.skipif(pq.version() < 170000, reason="libpq begins with TLS from version 17 on")
def test_tls_can_come_first(rds: Emulator) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    direct = f"{place.conninfo} sslnegotiation=direct"
    with psycopg.connect(direct, password=place.password) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("app",)


def test_an_authority_that_is_not_known_ends_it(rds: Emulator) -> None:
    place = Place(rds, "app", rds_token(rds, "app"))
    conninfo = place.conninfo.replace(rds.ca, "/etc/ssl/certs/ca-certificates.crt")
    with pytest.raises(psycopg.OperationalError, match="certificate"):
        psycopg.connect(conninfo, password=place.password)


@each_client
def test_a_proxy_has_texts_of_its_own(login: Login) -> None:
    with started(rds={**USERS, "proxy": True}) as emulator:
        token = rds_token(emulator, "app")
        text = (
            "The IAM authentication failed for the role app. Check the IAM token for this role and try again."
        )
        refusal(login, Place(emulator, "app", token + "0"), text, "28000")
        plain = Place(emulator, "app", token, tls=False)
        refusal(login, plain, "IAM authentication is allowed only with SSL connections.", "28000")
        emulator.fault("rds/faults/throttle")
        text = "The IAM authentication failed because of too many competing requests."
        refusal(login, Place(emulator, "app", token), text, "28000")


def test_the_endpoint_may_have_another_name() -> None:
    name = "mydb.123456789012.eu-west-1.rds.amazonaws.com"
    with started(rds={**USERS, "host": name, "port": 5432}) as emulator:
        token = boto("rds").generate_db_auth_token(name, 5432, "app")
        conninfo = Place(emulator, "app", token).conninfo.replace(
            "host=localhost", f"host={name} hostaddr=127.0.0.1"
        )
        with psycopg.connect(conninfo, password=token) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("app",)
        refusal(by_psycopg, Place(emulator, "app", rds_token(emulator, "app")), PAM, "28000")
        assert last_login(emulator)["check"] == "E09"


@each_client
def test_dsql_logs_in(rds: Emulator, login: Login) -> None:
    dsql = boto("dsql")
    plain = dsql.generate_db_connect_auth_token("localhost")
    admin = dsql.generate_db_connect_admin_auth_token("localhost", ExpiresIn=604_800)
    assert login(Place(rds, "app", plain, "dsql")) == "app"
    assert login(Place(rds, "admin", admin, "dsql")) == "admin"
    for user, token in [("app", admin), ("admin", plain)]:
        refusal(login, Place(rds, user, token, "dsql"), "unable to accept connection, access denied", "28000")
        assert last_login(rds, "dsql")["check"] == "E07"


def test_dsql_ends_a_session_at_its_limit(rds: Emulator) -> None:
    token = boto("dsql").generate_db_connect_auth_token("localhost")
    place = Place(rds, "app", token, "dsql")
    cuts = rds.record()["dsql"]["totals"]["session_limit_cuts"]
    begun = time.monotonic()
    with (
        psycopg.connect(place.conninfo, password=token, autocommit=True) as connection,
        pytest.raises(psycopg.OperationalError),
    ):
        connection.execute("SELECT pg_sleep(600)")
    assert time.monotonic() - begun >= 4.5
    assert rds.record()["dsql"]["totals"]["session_limit_cuts"] == cuts + 1
    assert by_psql(place) == "app"


def test_faults_are_checked(rds: Emulator) -> None:
    wrong: list[tuple[str, dict[str, int | str], str]] = [
        ("rds/faults/forget", {}, "404"),
        ("dsql/faults/stall", {}, "milliseconds"),
        ("rds/faults/cut", {"count": -1}, "count"),
        ("rds/faults/kill", {"conection": 1}, "conection"),
        ("rds/policies", {"policies": "all"}, "policies"),
    ]
    for path, body, problem in wrong:
        with pytest.raises(RuntimeError, match=problem):
            rds.fault(path, **body)


def test_a_killed_emulator_takes_postgresql_with_it() -> None:
    with started(rds=USERS) as emulator:
        place = Place(emulator, "app", rds_token(emulator, "app"))
        connection = psycopg.connect(place.conninfo, password=place.password)
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        status = Path(f"/proc/{row[0]}/status").read_text()
        (parent,) = (line.split()[1] for line in status.splitlines() if line.startswith("PPid:"))
        server = Path(f"/proc/{parent}")
        folder = (server / "cwd").readlink().parent
        assert folder.exists()
        emulator.process.kill()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while server.exists() or folder.exists():
            assert time.monotonic() < deadline
        connection.close()
