"""Logs in to the emulator's databases with psql, psycopg and asyncpg, and says how it went."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
from dataclasses import dataclass
from typing import Any

import asyncpg
import boto3
import psycopg

from emulator import KEY, REGION, SECRET, Emulator

PATIENCE_SECONDS = 60


class RefusedError(Exception):
    """A login was refused; `sqlstate` is None where the client does not tell."""

    def __init__(self, text: str, sqlstate: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.sqlstate = sqlstate


@dataclass(frozen=True)
class Place:
    """Where to log in, as whom, and with what."""

    emulator: Emulator
    user: str
    password: str
    front: str = "rds"
    database: str = "postgres"
    tls: bool = True

    @property
    def port(self) -> int:
        """The front's port."""
        return port(self.emulator, self.front)

    @property
    def conninfo(self) -> str:
        """libpq's way to say it, but for the password."""
        tls = f"sslmode=verify-full sslrootcert={self.emulator.ca}" if self.tls else "sslmode=disable"
        place = f"host=localhost port={self.port} dbname={self.database} user={self.user}"
        return f"{place} {tls} gssencmode=disable connect_timeout={PATIENCE_SECONDS}"


def port(emulator: Emulator, front: str = "rds") -> int:
    """The port that a front listens on."""
    return int(emulator.ready[front]["address"].rpartition(":")[2])


def boto(service: str, session_token: str | None = None) -> Any:
    """A client of boto3 with the key of the tests, or the temporary one."""
    key = KEY if session_token is None else "ASIDEXAMPLE"
    return boto3.client(
        service,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=SECRET,
        aws_session_token=session_token,
    )


def rds_token(emulator: Emulator, user: str, session_token: str | None = None) -> str:
    """A token of botocore for the RDS front."""
    token: str = boto("rds", session_token).generate_db_auth_token("localhost", port(emulator), user)
    return token


def by_psql(place: Place, sql: str = "SELECT current_user") -> str:
    """What psql prints."""
    ended = subprocess.run(
        ["psql", "--no-psqlrc", "--no-align", "--tuples-only", "--no-password", "-c", sql, place.conninfo],
        check=False,
        env={**os.environ, "PGPASSWORD": place.password},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    if ended.returncode != 0:
        raise RefusedError(ended.stderr)
    return ended.stdout.strip()


def by_psycopg(place: Place, sql: str = "SELECT current_user") -> str:
    """What psycopg gets."""
    try:
        with psycopg.connect(place.conninfo, password=place.password) as connection:
            row = connection.execute(sql).fetchone()
    except psycopg.OperationalError as error:
        raise RefusedError(str(error), error.sqlstate) from error
    assert row is not None
    return str(row[0])


def by_asyncpg(place: Place, sql: str = "SELECT current_user") -> str:
    """What asyncpg gets."""
    return asyncio.run(ask_asyncpg(place, sql))


async def ask_asyncpg(place: Place, sql: str) -> str:
    """What asyncpg gets, within a loop."""
    try:
        connection = await connect_asyncpg(place)
    except asyncpg.PostgresError as error:
        raise RefusedError(str(error), error.sqlstate) from error
    except ConnectionError as error:
        raise RefusedError(str(error)) from error
    try:
        return str(await connection.fetchval(sql))
    finally:
        await connection.close()


async def connect_asyncpg(place: Place) -> asyncpg.Connection:
    """A connection of asyncpg."""
    return await asyncpg.connect(
        host="localhost",
        port=place.port,
        user=place.user,
        password=place.password,
        database=place.database,
        ssl=ssl.create_default_context(cafile=place.emulator.ca) if place.tls else False,
        timeout=PATIENCE_SECONDS,
    )
