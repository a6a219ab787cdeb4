"""The servers that the clients are measured with: one plain, one with TLS, a cluster of three primaries."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import redis
from certificates import Certificates, write_certificates
from places import CLUSTER_KEYS, HOST, KEYS, USER, Place

PATIENCE_SECONDS = 20
SLOTS = 16384
PRIMARIES = 3


@dataclass
class Servers:
    """The places to connect to, and who listens there."""

    plain: Place
    tls: Place
    cluster: Place
    pids: list[int] = field(default_factory=list)

    def run_on(self, cores: set[int]) -> None:
        """From now on they run on these cores."""
        for pid in self.pids:
            os.sched_setaffinity(pid, cores)


@contextmanager
def running() -> Iterator[Servers]:
    """All of them, with the keys in place, until the end of the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificates = write_certificates(folder)
        free = _free_ports(2 + 2 * PRIMARIES)
        plain, tls = Place(port=free[0]), Place(port=free[1], ca=str(certificates.ca))
        nodes, buses = free[2 : 2 + PRIMARIES], free[2 + PRIMARIES :]
        servers = Servers(plain, tls, Place(port=nodes[0], is_cluster=True))
        arguments = [["--port", str(plain.port)], _speaking_tls(tls.port, certificates)]
        arguments += [_in_cluster(port, bus) for port, bus in zip(nodes, buses, strict=True)]
        for each in arguments:
            servers.pids.append(stack.enter_context(_process(each, folder)).pid)
        _fill(plain)
        _fill(tls)
        _join(nodes, buses)
        _fill_cluster(servers.cluster)
        yield servers


def _speaking_tls(port: int, certificates: Certificates) -> list[str]:
    return [
        *("--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificates.certificate), "--tls-key-file", str(certificates.key)),
        *("--tls-ca-cert-file", str(certificates.ca)),
    ]


def _in_cluster(port: int, bus: int) -> list[str]:
    return [
        *("--port", str(port), "--cluster-enabled", "yes", "--cluster-port", str(bus)),
        *("--cluster-config-file", f"nodes-{port}.conf"),
    ]


@contextmanager
def _process(arguments: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    common = ["--bind", HOST, "--dir", str(folder), "--save", "", "--appendonly", "no"]
    program = which("redis-server") or sys.exit("redis-server is missing: run scripts/setup")
    with subprocess.Popen([program, *common, *arguments], stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


def administrator(place: Place) -> Any:
    """redis-py, without a pool's worth of options."""
    tls = {"ssl": True, "ssl_ca_certs": place.ca} if place.ca else {}
    return redis.Redis(host=HOST, port=place.port, **tls)  # type: ignore[arg-type]


def _eventually(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if holds():
                return
        except redis.RedisError:
            pass
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def _fill(place: Place) -> None:
    with administrator(place) as server:
        _eventually(server.ping, f"redis-server did not start: {place}")
        # Tokens are passwords that this server cannot check: it takes any.
        server.execute_command("ACL", "SETUSER", USER, "on", "nopass", "~*", "&*", "+@all")
        for length, key in KEYS.items():
            server.set(key, b"x" * length)


def _join(nodes: list[int], buses: list[int]) -> None:
    each = -(-SLOTS // len(nodes))
    for number, port in enumerate(nodes):
        with administrator(Place(port=port)) as node:
            _eventually(node.ping, f"redis-server did not start: {port}")
            first = number * each
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, min(first + each, SLOTS) - 1)
            node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number:
                node.execute_command("CLUSTER", "MEET", HOST, nodes[0], buses[0])
    for port in nodes:
        with administrator(Place(port=port)) as node:

            def knows_all(node: Any = node) -> bool:
                info = node.execute_command("CLUSTER INFO")
                return bool(info["cluster_state"] == "ok" and int(info["cluster_known_nodes"]) == len(nodes))

            _eventually(knows_all, "the cluster did not come together")


def _fill_cluster(place: Place) -> None:
    cluster: Any = redis.RedisCluster(host=HOST, port=place.port)
    for key in CLUSTER_KEYS:
        cluster.set(key, b"x" * min(KEYS))
    cluster.close()
