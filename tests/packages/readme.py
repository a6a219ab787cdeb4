"""Runs the Python of READMEs as written, but for the server's address. Run by the stranger's own Python.

readme.py README.md... -- words that a block has to have, or with a minus must not have
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


def wanted(block: str, words: list[str]) -> bool:
    """Whether it has these words, and not those after a minus."""
    return all((word.lstrip("-") in block) != word.startswith("-") for word in words)


def here(block: str, port: int) -> str:
    """The block with this server's address in place of the example's."""
    block = block.replace('("my-cache.example.com", 6379)', f'("localhost", {port})')
    block = block.replace("    port=6379,\n", "")
    return block.replace('host="my-cache.example.com"', f'host="localhost", port={port}')


def main() -> None:
    """Prints how many blocks ran."""
    split = sys.argv.index("--")
    readmes, words = sys.argv[1:split], sys.argv[split + 1 :]
    chosen = [block for readme in readmes for block in blocks(Path(readme)) if wanted(block, words)]
    with Emulator({"region": "eu-west-1", "cache": CACHE}) as emulator, emulator.in_environment():
        os.chdir(emulator.ca.parent)
        for block in chosen:
            exec(compile(here(block, emulator.port), "README.md", "exec"), {"__name__": "readme"})
        logins = emulator.logins()
    accepted = sum(login.accepted for login in logins)
    print(f"{len(chosen)} blocks, {accepted} logins, {len(logins) - accepted} refused")


main()
