"""Runs the Python of READMEs as written, but for the server's address. Run by the stranger's own Python.

readme.py README.md... -- packages that the blocks to run import beside keyrotor
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from keyrotor.testing import Emulator

CACHE = {"cluster": "my-cache", "users": ["app"]}


def blocks(readme: Path) -> list[str]:
    """The Python in it."""
    return re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)


def others(block: str) -> set[str]:
    """The packages that it imports, or that adapters of keyrotor's do, beside what Python brings."""
    imported = re.findall(r"^(?:import|from) (?:keyrotor\.)?(\w+)", block, re.MULTILINE)
    return set(imported) - set(sys.stdlib_module_names) - {"keyrotor", "testing"}


def here(block: str, port: int) -> str:
    """The block with this server's address in place of the example's."""
    block = block.replace('("my-cache.example.com", 6379)', f'("localhost", {port})')
    block = block.replace("    port=6379,\n", "")
    return block.replace('host="my-cache.example.com"', f'host="localhost", port={port}')


def main() -> None:
    """Prints how many blocks ran."""
    split = sys.argv.index("--")
    readmes, packages = sys.argv[1:split], set(sys.argv[split + 1 :])
    found = [block for readme in readmes for block in blocks(Path(readme))]
    # Entra's application needs a tenant, which is not here.
    chosen = [block for block in found if others(block) == packages and "EntraId" not in block]
    with Emulator({"region": "eu-west-1", "cache": CACHE}) as emulator, emulator.in_environment():
        os.chdir(emulator.ca.parent)
        for block in chosen:
            exec(compile(here(block, emulator.port), "README.md", "exec"), {"__name__": "readme"})
        logins = emulator.logins()
    accepted = sum(login.accepted for login in logins)
    print(f"{len(chosen)} blocks, {accepted} logins, {len(logins) - accepted} refused")


main()
