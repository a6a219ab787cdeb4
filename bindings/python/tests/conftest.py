"""What all tests share: the built binary, and a fresh emulator for whoever asks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import AZURE, Databases, Front
from emulator import Emulator

PACKAGE = Path(__file__).parents[1] / "python"

if not any((PACKAGE / "keyrotor").glob("_native.*so")) and "keyrotor" not in sys.modules:
    try:
        import keyrotor  # noqa: F401  # An installed wheel will do.
    except ImportError:
        pytest.exit(
            "keyrotor._native is missing. Build it:\n"
            "  cargo build -p keyrotor-python\n"
            "  cp target/debug/libkeyrotor_python.so bindings/python/python/keyrotor/_native.abi3.so\n"
            "and run: PYTHONPATH=bindings/python/python python -m pytest bindings/python",
            returncode=3,
        )


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A fresh emulator with the arguments of `base.json`."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def shared_emulator() -> Iterator[Emulator]:
    """One emulator for the tests of a file that change nothing in it."""
    with Emulator() as running:
        yield running


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """RDS, DSQL and Azure, one PostgreSQL for each, for all tests: they start slowly."""
    with Databases() as running:
        yield running


@pytest.fixture
def rds(databases: Databases) -> Iterator[Front]:
    """A user of RDS whom no other test knows."""
    front = databases.front("rds")
    yield front
    front.recover()


@pytest.fixture
def dsql(databases: Databases) -> Iterator[Front]:
    """A user of DSQL whom no other test knows."""
    front = databases.front("dsql")
    yield front
    front.recover()


@pytest.fixture
def azure(databases: Databases) -> Iterator[Front]:
    """A user of Azure's PostgreSQL whom no other test knows."""
    front = databases.front(AZURE)
    yield front
    front.recover()
