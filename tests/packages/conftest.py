"""The packages, each built once."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from environment import BUILD, ROOM, TARGET, Environment, run


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution. Its files are of now: cargo goes by their age."""
    folder = tmp_path_factory.mktemp("sdist")
    maturin = Path(sys.executable).with_name("maturin")
    line = [str(maturin), "sdist", "--out", str(folder)]
    run(line, cwd=ROOM, variables={"SOURCE_DATE_EPOCH": str(int(time.time()))})
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that pip makes of the source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    compiler = TARGET / "packages" / "rustc"
    compiler.parent.mkdir(parents=True, exist_ok=True)
    compiler.write_text('#!/bin/sh\nexec "$@"\n')
    compiler.chmod(0o755)
    builder = Environment(tmp_path_factory.mktemp("builder"), sys.executable)
    variables = {**BUILD, "RUSTC_WORKSPACE_WRAPPER": str(compiler)}
    builder.pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(sdist), variables=variables)
    [built] = folder.iterdir()
    return built


@pytest.fixture(scope="session")
def stranger(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Somebody who has the wheel and nothing else."""
    made = Environment(tmp_path_factory.mktemp("stranger"), sys.executable)
    made.pip("install", "--no-index", str(wheel))
    return made
