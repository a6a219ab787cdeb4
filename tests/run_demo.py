"""Runs the demo: one emulator, one client in each language, and a table counted from both sides.

Every client gets the same protobuf bytes. What a client says of itself is compared with what the emulator
recorded of the connection that carried the client's name.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ROOT = Path(__file__).resolve().parent.parent
TOKEN_LIFE, SESSION_LIMIT = 10, 20
LEAST_ROTATIONS, LEAST_SESSION_LIMITS = 5, 2
# What a re-AUTH has left of its session at the latest moment, in seconds.
LONGEST_GAP = 1.0

CLIENTS = {
    "rust": ["target/debug/examples/demo"],
    "python": [".venv/bin/python", "bindings/python/examples/demo.py"],
    "node": ["node", "bindings/node/examples/demo.mjs"],
    "c": ["target/demo/demo-c"],
}


def base() -> dict[str, Any]:
    scenario: dict[str, Any] = json.loads((ROOT / "tests/scenarios/base.json").read_text())
    return scenario


@contextmanager
def emulator() -> Iterator[dict[str, str]]:
    """A running emulator, and where it is."""
    lives = ["--token-life", str(TOKEN_LIFE), "--session-limit", str(SESSION_LIMIT)]
    command = [
        "target/debug/keyrotor",
        "emulate",
        "--json",
        "--control",
        "127.0.0.1:0",
        *lives,
        *base()["emulator"],
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def request_bytes(port: int, ca: str) -> bytes:
    """The request that all clients share, made by Google's own protobuf library from the shipped schema."""
    request = base()["request"]
    request["addresses"][0]["port"] = port
    request["rootCerts"] = [base64.b64encode(Path(ca).read_bytes()).decode()]
    credentials = request["authenticationInfo"]["iamCredentials"]
    credentials.update(tokenLifeSeconds=TOKEN_LIFE, leaseSeconds=SESSION_LIMIT)
    pool = descriptor_pool.DescriptorPool()
    schema = descriptor_pb2.FileDescriptorSet.FromString(
        (ROOT / "proto/src/gen/keyrotor.v1.bin").read_bytes()
    )
    for file in schema.file:
        pool.Add(file)
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName("keyrotor.v1.ConnectionRequest"))()
    json_format.ParseDict(request, message)
    data: bytes = message.SerializeToString()
    return data


class Stopwatch(threading.Thread):
    """Notices when the machine stands still: nothing that runs on it can keep a limit of seconds then."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0

    def run(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(0.05)
            now = time.monotonic()
            self.longest = max(self.longest, now - last)
            last = now


def run_clients(request: Path, seconds: int) -> dict[str, dict[str, Any]]:
    """Runs all clients at once; what each says of itself, or why it says nothing."""
    running = {
        host: subprocess.Popen(
            [*command, str(request), str(seconds)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT / "bindings/python/python")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for host, command in CLIENTS.items()
    }
    reports: dict[str, dict[str, Any]] = {}
    for host, process in running.items():
        try:
            out, errors = process.communicate(timeout=seconds + 60)
        except subprocess.TimeoutExpired:
            process.kill()
            out, errors = process.communicate()
        lines = out.strip().splitlines()
        if process.returncode == 0 and lines:
            reports[host] = json.loads(lines[-1])
        else:
            reports[host] = {"error": f"exit status {process.returncode}: {errors.strip()[-500:]}"}
    return reports


def problems_of(host: str, report: dict[str, Any], record: dict[str, Any], seconds: int) -> list[str]:
    """Where a client's own count is not good enough, or the emulator counted something else."""
    if "error" in report:
        return [report["error"]]
    connections = [c for c in record["connections"] if c["client_name"] == f"demo-{host}"]
    if len(connections) != 1:
        return [f"the emulator saw {len(connections)} connections of its name"]
    seen = connections[0]
    ids = {seen["id"]}
    logins = [
        login for login in record["logins"] if login["connection"] in ids and login["outcome"] == "accepted"
    ]
    tokens = {login["token_sha256"] for login in logins}
    checks = {
        f"{report['failures']} commands failed": report["failures"] != 0,
        f"{report['reconnects']} reconnects": report["reconnects"] != 0,
        f"{report['rotations']} rotations": report["rotations"] < LEAST_ROTATIONS * seconds // 60,
        f"the emulator counted {seen['relogins']} re-AUTHs, not {report['reauths']}": seen["relogins"]
        != report["reauths"],
        f"{seen['relogins']} session limits outlived": seen["relogins"]
        < LEAST_SESSION_LIMITS * seconds // 60,
        "a token was used twice": len(tokens) != len(logins),
        f"the emulator passed {seen['commands_forwarded']} commands": seen["commands_forwarded"]
        < report["commands"],
        f"closed by {seen['why']}": seen["why"] != "client",
    }
    return [problem for problem, is_so in checks.items() if is_so]


def by_use(connections: list[dict[str, Any]]) -> tuple[int, list[dict[str, Any]]]:
    """How many connections carried something, and those that did not: dials given up before a login."""
    unused = [seen for seen in connections if seen["logins"] + seen["commands_forwarded"] == 0]
    return len(connections) - len(unused), unused


def print_table(reports: dict[str, dict[str, Any]], problems: dict[str, list[str]]) -> None:
    columns = ("commands", "rotations", "reauths", "reconnects", "failures")
    print(f"{'host':<8}" + "".join(f"{column:>12}" for column in columns))
    for host, report in reports.items():
        cells = "".join(f"{report.get(column, '-'):>12}" for column in columns)
        print(f"{host:<8}{cells}{'' if problems[host] else '   ok'}")
        for problem in problems[host]:
            print(f"{'':<8}  {problem}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long commands flow (default 60)")
    seconds = parser.parse_args().seconds
    stopwatch = Stopwatch()
    stopwatch.start()
    if run(seconds):
        return 0
    if stopwatch.longest < LONGEST_GAP:
        return 1
    print(f"this machine stood still for {stopwatch.longest:.1f} s; once more")
    return 0 if run(seconds) else 1


def run(seconds: int) -> bool:
    """Runs the demo once and prints its table; whether nothing failed."""
    with emulator() as server, tempfile.TemporaryDirectory() as folder:
        port = int(server["address"].rsplit(":", 1)[1])
        request = Path(folder, "request.bin")
        request.write_bytes(request_bytes(port, server["ca"]))
        print(f"tokens of {TOKEN_LIFE} s, sessions of {SESSION_LIMIT} s, commands for {seconds} s …")
        reports = run_clients(request, seconds)
        with urllib.request.urlopen(f"http://{server['control']}/record", timeout=10) as answer:
            record = json.load(answer)
    problems = {host: problems_of(host, report, record, seconds) for host, report in reports.items()}
    print_table(reports, problems)
    totals = record["totals"]
    expected = {
        "logins_refused": 0,
        "session_limit_cuts": 0,
        "commands_refused": 0,
    }
    disagreements = [
        f"{name} is {totals[name]}, not {value}" for name, value in expected.items() if totals[name] != value
    ]
    used, unused = by_use(record["connections"])
    if used != len(CLIENTS):
        disagreements.append(f"{used} connections were used, not {len(CLIENTS)}")
    print("emulator: " + ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in totals.items()))
    for connection in unused:
        print(f"  connection {connection['id']} was opened and never used: {json.dumps(connection)}")
    for disagreement in disagreements:
        print(f"  {disagreement}")
    failed = bool(disagreements) or any(problems.values())
    print("FAILED" if failed else "all commands succeeded, and the emulator agrees")
    return not failed


if __name__ == "__main__":
    sys.exit(main())
