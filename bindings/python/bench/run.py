"""Measures Python's clients beside redis-py and Valkey GLIDE, and asserts nothing: `run.py PACKAGE ROUNDS`.

Contenders take turns within one process; what counts is their ratio within a round. `PACKAGE` is the folder
of a release build. Needs `redis-server`, with TLS. Writes `python.json` and `python.svg` to `target/bench`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import measures
import startup
import weight
from measures import Measure
from plot import plot
from rows import Row, rows, table
from servers import Servers, running
from turns import Figures

HERE = Path(__file__).parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[2] / "target"))


class Run:
    """What was measured so far."""

    def __init__(self, package: Path, rounds: int, servers: Servers) -> None:
        self.package = package
        self.rounds = rounds
        self.servers = servers
        self.rows: list[Row] = []
        self.results: list[dict[str, Any]] = []

    def all(self) -> None:
        """Everything there is to measure."""
        for measure in measures.SCENARIOS:
            self.note(measure, self.scenario(measure))
        package, rounds, plain = self.package, self.rounds, self.servers.plain
        self.note(measures.IMPORT, startup.imports(package, rounds))
        self.note(measures.PING, startup.pings(package, plain, rounds))
        self.note(measures.AWAITED_PING, startup.awaited_pings(package, plain, rounds))
        tls = self.servers.tls
        self.note(measures.CLIENT, weight.clients(package, plain, rounds, is_awaited=False))
        self.note(measures.TLS_CLIENT, weight.clients(package, tls, rounds, is_awaited=False))
        self.note(measures.AWAITED_CLIENT, weight.clients(package, plain, rounds, is_awaited=True))
        self.note(measures.AWAITED_TLS_CLIENT, weight.clients(package, tls, rounds, is_awaited=True))
        self.note(measures.PACKAGE, weight.package(package, TARGET))

    def scenario(self, measure: Measure) -> Figures:
        """Runs it in a process of its own; where one fails since a client lost its patience, once more."""
        try:
            return self._scenario(measure)
        except subprocess.CalledProcessError as error:
            print(f"\n{measure.title}: once more, {error}", file=sys.stderr)
            return self._scenario(measure)

    def _scenario(self, measure: Measure) -> Figures:
        every = os.sched_getaffinity(0)
        cores = {min(every)} if measure.is_pinned else every
        self.servers.run_on(cores)
        place = json.dumps(asdict(getattr(self.servers, measure.server)))
        program = [sys.executable, str(HERE / "scenarios.py")]
        ended = subprocess.run(
            [*program, measure.scenario, str(self.rounds), place, str(measure.length)],
            env={**os.environ, "PYTHONPATH": str(self.package)},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        self.servers.run_on(every)
        figures: Figures = json.loads(ended.stdout.splitlines()[-1])
        return figures

    def note(self, measure: Measure, figures: Figures) -> None:
        """Prints a measure's figures, and keeps them."""
        core = ", one core" if measure.is_pinned else ""
        print(f"\n{measure.title}{core}")
        for figure, contenders in figures.items():
            for name, values in contenders.items():
                spread = f"({min(values):,.1f} to {max(values):,.1f})"
                print(f"  {figure:12} {name:10} {median(values):14,.1f}   {spread}", flush=True)
        made = rows(measure, figures)
        self.rows += made
        kept = [{**asdict(row), "value": row.value, "met": row.is_met} for row in made]
        self.results.append({"measure": asdict(measure), "figures": figures, "rows": kept})

    def write(self) -> None:
        """The table, the file and the picture."""
        print(f"\n{table(self.rows)}")
        folder = TARGET / "bench"
        folder.mkdir(parents=True, exist_ok=True)
        whole = {"bench": "python", "rounds": self.rounds, "results": self.results}
        (folder / "python.json").write_text(json.dumps(whole) + "\n")
        (folder / "python.svg").write_text(plot(self.rows, self.rounds))


def main() -> None:
    """Measures."""
    package, rounds = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    with running() as servers:
        run = Run(package, rounds, servers)
        run.all()
    run.write()


if __name__ == "__main__":
    main()
