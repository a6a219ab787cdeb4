"""Measures Python's clients beside redis-py and Valkey GLIDE, and asserts nothing: `run.py PACKAGE ROUNDS`.

Contenders take turns within one process; what counts is their ratio within a round. `PACKAGE` is the folder
of a release build. Needs `redis-server`. Writes `target/bench/python.json`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
PACKAGE = Path(sys.argv[1]).resolve()
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[2] / "target"))

# Name, what the figure is, whether client and server share one core (the steadiest there is), what is wanted.
SCENARIOS = [
    ("sequential", "blocking GET, 100 B, p50 in us", True, "<= 0.55 x redis-py, <= 0.45 x glide"),
    ("awaited-one-by-one", "asyncio GET, 100 B, p50 in us", True, "<= 0.50 x redis-py, <= 0.40 x glide"),
    ("awaited-at-once", "asyncio, 100 in flight, ops/s", False, ">= 8 x redis-py, >= 5 x glide"),
    ("threads", "8 threads on one client, ops/s", False, ">= 3 x glide"),
    ("token", "manager.token() at hand, ns", False, "<= 200"),
]
IMPORTS = {"keyrotor": "import keyrotor", "redis-py": "import redis", "python": "pass"}


@contextmanager
def server() -> Iterator[tuple[int, int]]:
    """A redis-server with the key; its port and process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 20
            while True:
                try:
                    with socket.create_connection(("127.0.0.1", port)) as connection:
                        connection.sendall(b"SET bench %s\r\n" % (b"x" * 100))
                        if connection.recv(16) == b"+OK\r\n":
                            break
                except OSError:
                    pass
                if time.monotonic() > end:
                    sys.exit("redis-server did not start")
                time.sleep(0.02)
            yield port, process.pid
        finally:
            process.terminate()


def measured(name: str, port: int, pid: int, rounds: int, *, is_pinned: bool) -> dict[str, list[float]]:
    """Runs a scenario."""
    cores = {min(os.sched_getaffinity(0))} if is_pinned else os.sched_getaffinity(0)
    os.sched_setaffinity(pid, cores)
    command = [sys.executable, str(HERE / "scenarios.py"), name, str(port), str(rounds)]
    ended = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    figures: dict[str, list[float]] = json.loads(ended.stdout.splitlines()[-1])
    return figures


def imports(rounds: int) -> dict[str, list[float]]:
    """Milliseconds from the start of the interpreter to the end of the import."""
    figures: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(rounds):
        for name, code in IMPORTS.items():
            before = time.perf_counter()
            environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
            subprocess.run([sys.executable, "-c", code], env=environment, check=True)
            figures[name].append((time.perf_counter() - before) * 1000)
    return figures


def report(title: str, figures: dict[str, list[float]], targets: str) -> dict[str, Any]:
    """Prints a scenario, and gives it back as it goes into the file."""
    print(f"\n{title}   (wanted: {targets})" if targets else f"\n{title}")
    ratios: dict[str, list[float]] = {}
    for name, values in figures.items():
        line = f"  {name:10} {median(values):12,.1f}   ({min(values):,.1f} to {max(values):,.1f})"
        if name != "keyrotor":
            ratios[name] = [ours / theirs for ours, theirs in zip(figures["keyrotor"], values, strict=True)]
            by_round = ratios[name]
            line += f"   keyrotor x {median(by_round):.2f} ({min(by_round):.2f} to {max(by_round):.2f})"
        print(line)
    return {"title": title, "figures": figures, "ratios": ratios}


def main() -> None:
    """All scenarios."""
    rounds = int(sys.argv[2])
    results = []
    with server() as (port, pid):
        for name, title, is_pinned, targets in SCENARIOS:
            results.append(report(title, measured(name, port, pid, rounds, is_pinned=is_pinned), targets))
    results.append(report("start and import, ms", imports(rounds), "import <= 30"))
    path = TARGET / "bench" / "python.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"bench": "python", "rounds": rounds, "results": results}) + "\n")


if __name__ == "__main__":
    main()
