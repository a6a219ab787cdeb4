"""The lowest versions that each extra allows: with exactly these, the adapters' own tests pass.

They come from the network, and take minutes: where KEYROTOR_LOWEST is set, as by `scripts/test --soak`.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import tomllib
from environment import MINUTES, ROOM, Environment, run

TESTS = {
    "asyncpg": ["test_asyncpg.py"],
    "celery": ["test_celery.py"],
    "django": ["test_django_cache.py", "test_django_postgresql.py"],
    "psycopg": ["test_psycopg.py"],
    "redis": [
        "test_redis.py",
        "test_redis_asyncio.py",
        "test_redis_azure.py",
        "test_redis_cluster.py",
        "test_redis_parts.py",
    ],
    "sqlalchemy": ["test_sqlalchemy.py"],
}
# What the tests of an extra need beside it: other extras, and packages that pip chooses.
BESIDE = {
    "celery": ["billiard"],
    "django": ["redis", "psycopg", "psycopg2-binary", "django-redis"],
    "sqlalchemy": ["psycopg", "asyncpg", "psycopg2-binary"],
}
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOM / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]


def lowest(name: str) -> list[str]:
    """The requirements of an extra, each at its lowest version; of a package, itself."""
    if name not in EXTRAS:
        return [name]
    pinned = [one.replace(">=", "==") for one in EXTRAS[name]]
    # There is no libpq but the one that its wheels bring.
    return [re.sub(r"^psycopg==", "psycopg[binary]==", one) for one in pinned]


def pin(name: str) -> str:
    """The version that all other tests run with."""
    [line] = re.findall(rf"^{name}==.*$", (ROOM / "requirements-dev.txt").read_text(), re.MULTILINE)
    return str(line)


def test_every_extra_is_tried() -> None:
    assert TESTS.keys() == EXTRAS.keys()
    assert all(">=" in one for extra in EXTRAS.values() for one in extra)


@pytest.mark.skipif("KEYROTOR_LOWEST" not in os.environ, reason="KEYROTOR_LOWEST is not set")
@pytest.mark.parametrize("extra", sorted(TESTS))
def test_the_lowest_versions_do(extra: str, wheel: Path, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment", sys.executable)
    needed = [one for name in [extra, *BESIDE.get(extra, [])] for one in lowest(name)]
    of_tests = [pin(name) for name in ("cryptography", "protobuf", "pytest", "typing-extensions", "uvloop")]
    environment.pip("install", str(wheel), *needed, *of_tests)
    tests = [str(ROOM / "tests" / "adapters" / name) for name in TESTS[extra]]
    # What an old version warns of is its own.
    line = [environment.program("python"), "-m", "pytest", "-q", "-W", "default", *tests]
    run(line, cwd=ROOM, seconds=20 * MINUTES)
