"""What weighs: a package, and a further client of a process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

from places import CONTENDERS, Place
from turns import Figures, Turn, in_turn

PROGRAM = Path(__file__).parent / "further_client.py"


def clients(package: Path, place: Place, rounds: int, *, is_awaited: bool) -> Figures:
    """KiB and threads of one further client, each time in a process of its own."""
    kind = "awaited" if is_awaited else "blocking"

    def weigh(name: str) -> Turn:
        ended = subprocess.run(
            [sys.executable, str(PROGRAM), name, kind, str(place.port)],
            env={**os.environ, "PYTHONPATH": str(package)},
            stdout=subprocess.PIPE,
            check=True,
        )
        turn: Turn = json.loads(ended.stdout)
        return turn

    return in_turn(rounds, 1, {name: partial(weigh, name) for name in CONTENDERS})


def package(folder: Path) -> Figures:
    """MB of the package, and of the same in an archive, as a wheel is one."""
    archive = io.BytesIO()
    unpacked = 0
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                packed.write(path, path.relative_to(folder))
                unpacked += path.stat().st_size
    sizes = {"packed MB": len(archive.getvalue()) / 1e6, "unpacked MB": unpacked / 1e6}
    return {figure: {"keyrotor": [size]} for figure, size in sizes.items()}
