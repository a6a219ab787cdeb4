"""Virtual environments that nothing was ever installed in, and what is run there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
ROOM = REPOSITORY / "bindings" / "python"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
MINUTES = 60

# A debug build, in the clone's own target.
BUILD = {"MATURIN_PEP517_ARGS": "--profile dev --strip", "CARGO_TARGET_DIR": str(TARGET)}


class Environment:
    """A fresh virtual environment of a Python."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        run([python, "-m", "venv", str(folder)])

    def program(self, name: str) -> str:
        """The path of a program in it."""
        return str(self.folder / "bin" / name)

    def pip(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """Runs pip, which may compile."""
        options = ["--disable-pip-version-check", "--no-input"]
        return run([self.program("pip"), *arguments, *options], variables=variables, seconds=20 * MINUTES)

    def python(self, *arguments: str) -> str:
        """Runs its Python, far from the clone."""
        return run([self.program("python"), *arguments], cwd=self.folder)


def run(
    line: list[str],
    *,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
    seconds: int = 5 * MINUTES,
) -> str:
    """Runs a command and returns what it printed; one that fails fails the test with it."""
    ours = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    environment = {**ours, **(variables or {})}
    ended = subprocess.run(
        line, env=environment, cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert ended.returncode == 0, f"{' '.join(line)}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout
