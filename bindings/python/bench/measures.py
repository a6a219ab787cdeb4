"""What is measured, and what is wanted of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OURS = "keyrotor"

Server = Literal["plain", "tls", "cluster"]


@dataclass(frozen=True)
class Limit:
    """A bound of one of our figures, or of its ratio to a peer's within a round."""

    figure: str
    bound: float
    peer: str | None = None
    is_least: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a median keeps it."""
        return value >= self.bound if self.is_least else value <= self.bound

    def __str__(self) -> str:
        """As the table has it."""
        sign, unit = (">=" if self.is_least else "<="), (" x" if self.peer else "")
        return f"{sign} {self.bound:g}{unit}"


@dataclass(frozen=True)
class Measure:
    """One comparison, in one process or in turns of several."""

    title: str
    scenario: str
    limits: tuple[Limit, ...]
    server: Server = "plain"
    length: int = 100
    is_pinned: bool = False
    """Client and server share one core: the steadiest figure there is, and the gate for calls in sequence."""


def most(figure: str, peer: str, bound: float) -> Limit:
    """At most so many times the peer's."""
    return Limit(figure, bound, peer)


def least(figure: str, peer: str, bound: float) -> Limit:
    """At least so many times the peer's."""
    return Limit(figure, bound, peer, is_least=True)


BLOCKING = (
    most("p50 us", "redis-py", 0.55),
    most("p50 us", "glide", 0.45),
    most("CPU us", "redis-py", 0.45),
)
AWAITED = (most("p50 us", "redis-py", 0.50), most("p50 us", "glide", 0.40))
CLUSTER = (least("ops/s", "redis-py", 1.5), least("ops/s", "glide", 1.0))
PROVIDED = (least("ops/s", "redis-py", 0.98),)

SCENARIOS = [
    Measure("blocking, 100 B", "sequential", BLOCKING, is_pinned=True),
    Measure("blocking, 16 KiB", "sequential", BLOCKING, length=16_384, is_pinned=True),
    Measure("blocking, 100 B, TLS", "sequential", BLOCKING, server="tls", is_pinned=True),
    Measure("blocking, 16 KiB, TLS", "sequential", BLOCKING, server="tls", length=16_384, is_pinned=True),
    Measure("asyncio, 100 B", "awaited-sequential", AWAITED, is_pinned=True),
    Measure(
        "asyncio, 100 B, TLS",
        "awaited-sequential",
        (most("p50 us", "redis-py", 0.40),),
        server="tls",
        is_pinned=True,
    ),
    Measure(
        "asyncio, 100 in flight",
        "awaited-at-once",
        (least("ops/s", "glide", 5), least("ops/s", "redis-py", 8)),
    ),
    Measure("8 threads on one client", "threads", (least("ops/s", "glide", 3),)),
    Measure("cluster, blocking", "sequential", CLUSTER, server="cluster", is_pinned=True),
    Measure("cluster, asyncio", "awaited-sequential", CLUSTER, server="cluster", is_pinned=True),
    Measure("cluster, asyncio, 100 in flight", "awaited-at-once", CLUSTER, server="cluster"),
    Measure("manager.token(), cached", "token", (Limit("ns", 200),)),
    Measure("signing afresh", "signing", (least("tokens/s", "botocore", 8),)),
    Measure("redis-py by our provider", "provider", PROVIDED, is_pinned=True),
    Measure("redis-py asyncio by our provider", "provider-awaited", PROVIDED, is_pinned=True),
]

IMPORT = Measure("import, without the interpreter", "import", (Limit("ms", 30),))
PING = Measure("start to first PING", "ping", (most("ms", "redis-py", 0.4),))
AWAITED_PING = Measure(
    "start to first PING, without asyncio's own start", "ping-awaited", (most("ms", "redis-py", 0.4),)
)
PACKAGE = Measure("the package", "package", (Limit("wheel MB", 7), Limit("unpacked MB", 16)))
LIGHT = (Limit("KiB", 64), Limit("threads", 0))
CLIENT = Measure("a further client", "client", LIGHT)
TLS_CLIENT = Measure("a further client, TLS", "client", LIGHT, server="tls")
AWAITED_CLIENT = Measure("a further client, asyncio", "client-awaited", LIGHT)
AWAITED_TLS_CLIENT = Measure("a further client, asyncio, TLS", "client-awaited", LIGHT, server="tls")
