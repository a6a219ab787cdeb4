"""What the servers, those who ask them and those who count have in common."""

from __future__ import annotations

from dataclasses import dataclass

CONTENDERS = ["keyrotor", "redis-py", "glide"]

HOST = "127.0.0.1"

USER = "bench"
"""Whom a server takes with any password."""

KEYS = {100: "bench:100", 16_384: "bench:16384"}
"""By the length of the value."""

CLUSTER_KEYS = [f"bench:{number}" for number in range(300)]
"""Of all nodes, each with a short value."""


@dataclass(frozen=True)
class Place:
    """Where a server listens."""

    port: int
    ca: str | None = None
    """The file of the authority's certificate, where it speaks TLS."""
    is_cluster: bool = False
