"""What weighs: a package, and a further client of a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

from places import CONTENDERS, Place
from turns import Figures, Turn, in_turn

FURTHER_CLIENT = Path(__file__).parent / "further_client.py"
WHEEL = Path(__file__).parent / "wheel.py"


def clients(package: Path, place: Place, rounds: int, *, is_awaited: bool) -> Figures:
    """KiB and threads of one further client, each time in a process of its own."""
    kind = "awaited" if is_awaited else "blocking"

    def weigh(name: str) -> Turn:
        ended = subprocess.run(
            [sys.executable, str(FURTHER_CLIENT), name, kind, json.dumps(asdict(place))],
            env={**os.environ, "PYTHONPATH": str(package)},
            stdout=subprocess.PIPE,
            check=True,
        )
        turn: Turn = json.loads(ended.stdout)
        return turn

    return in_turn(rounds, 1, {name: partial(weigh, name) for name in CONTENDERS})


def package(folder: Path, target: Path) -> Figures:
    """MB of the wheel, and of what it unpacks to."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    subprocess.run([sys.executable, str(WHEEL), str(folder / "keyrotor")], env=environment, check=True)
    sizes = json.loads((target / "bench" / "wheel.json").read_text())["bytes"]
    return {f"{name} MB": {"keyrotor": [sizes[name] / 1e6]} for name in ("wheel", "unpacked")}
