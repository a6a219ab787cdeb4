"""From the start of an interpreter to the end of an import, and to the first PING."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from places import HOST, Place
from turns import Figures, in_turn

TURNS = 3
BARE = "python"

IMPORTS = {
    "keyrotor": "import keyrotor",
    "redis-py": "import redis",
    "glide": "import glide_sync",
    BARE: "",
}
PINGS = {
    "keyrotor": """
import keyrotor
keyrotor.Client.connect(addresses=[("{host}", {port})], tls_mode="NoTls").execute("PING")
""",
    "redis-py": """
import redis
redis.Redis(host="{host}", port={port}).ping()
""",
    "glide": """
import glide_sync as glide
addresses = [glide.NodeAddress("{host}", {port})]
glide.GlideClient.create(glide.GlideClientConfiguration(addresses)).ping()
""",
}
AWAITED_PINGS = {
    BARE: """
import asyncio
async def main():
    done()
asyncio.run(main())
""",
    "keyrotor": """
import asyncio, keyrotor
async def main():
    client = await keyrotor.AsyncClient.connect(addresses=[("{host}", {port})], tls_mode="NoTls")
    await client.execute("PING")
    done()
asyncio.run(main())
""",
    "redis-py": """
import asyncio, redis.asyncio
async def main():
    await redis.asyncio.Redis(host="{host}", port={port}).ping()
    done()
asyncio.run(main())
""",
    "glide": """
import asyncio, glide
async def main():
    addresses = [glide.NodeAddress("{host}", {port})]
    client = await glide.GlideClient.create(glide.GlideClientConfiguration(addresses))
    await client.ping()
    done()
asyncio.run(main())
""",
}
# The clock is the machine's, so that both processes read the same. What comes after it is not counted.
PROGRAM = """
import os, time
def done():
    print(time.monotonic(), flush=True)
    os._exit(0)
{code}
done()
"""


def imports(package: Path, rounds: int) -> Figures:
    """Milliseconds; of an import, without what the bare interpreter takes."""
    return _without_bare(_started(package, rounds, IMPORTS))


def pings(package: Path, place: Place, rounds: int) -> Figures:
    """Milliseconds from the start of the interpreter."""
    return _started(package, rounds, _at(place, PINGS))


def awaited_pings(package: Path, place: Place, rounds: int) -> Figures:
    """Milliseconds, without what an interpreter takes that only runs an event loop."""
    return _without_bare(_started(package, rounds, _at(place, AWAITED_PINGS)))


def _at(place: Place, codes: dict[str, str]) -> dict[str, str]:
    return {name: code.format(host=HOST, port=place.port) for name, code in codes.items()}


def _without_bare(figures: Figures) -> Figures:
    bare = figures["ms"].pop(BARE)
    for name, values in figures["ms"].items():
        figures["ms"][name] = [value - without for value, without in zip(values, bare, strict=True)]
    return figures


def _started(package: Path, rounds: int, codes: dict[str, str]) -> Figures:
    environment = {**os.environ, "PYTHONPATH": str(package)}

    def run(code: str) -> dict[str, float]:
        command = [sys.executable, "-c", PROGRAM.format(code=code)]
        before = time.monotonic()
        ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        return {"ms": (float(ended.stdout) - before) * 1000}

    return in_turn(rounds, TURNS, {name: partial(run, code) for name, code in codes.items()})
