"""A WSGI application that used keyrotor before the server forks its workers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

import keyrotor
import processes

PARENT = os.getpid()
FIRST = processes.manager().credential()
CLIENT = keyrotor.Client.connect(processes.REQUEST)
CLIENT.execute("PING")
REFRESHED: list[int] = []


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Logs in anew with a token of this process, and says who it is."""
    if not REFRESHED:
        REFRESHED.append(processes.manager().refresh().generation)
    with keyrotor.Client.connect(processes.REQUEST, decode=True) as client:
        client.execute("SET", f"worker:{os.getpid()}", os.getpid())
        got = client.execute("GET", f"worker:{os.getpid()}")
    start_response("200 OK", [("Content-Type", "application/json")])
    said = {"parent": PARENT, "pid": os.getpid(), "generation": REFRESHED[0], "got": got}
    return [json.dumps(said).encode()]
