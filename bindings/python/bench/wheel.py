"""Measures the wheel, and asserts nothing: `wheel.py PACKAGE`, the folder of a release build.

maturin packs only what it has built itself, a release build of minutes. So this packs the same files in the
same way, and reads off the compiled half which system they need. Writes `target/bench/wheel.json`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOM = Path(__file__).parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOM.parents[1] / "target"))
MEGABYTE = 1_000_000


def files(package: Path) -> list[Path]:
    """What a wheel has of the folder."""
    found = (path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(found)


def packed(package: Path) -> int:
    """The size of the wheel, in bytes."""
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in files(package):
                archive.write(path, path.relative_to(package.parent))
        return file.tell()


def oldest_glibc(library: Path) -> str | None:
    """The version that the library's symbols ask for; `None` where there is no saying."""
    try:
        told = subprocess.run(["objdump", "-T", library], capture_output=True, text=True, check=True).stdout  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return None
    versions = [(int(major), int(minor)) for major, minor in re.findall(r"\(GLIBC_(\d+)\.(\d+)", told)]
    return "{}.{}".format(*max(versions)) if versions else None


def main() -> None:
    """Prints a line for each figure."""
    [package] = (Path(argument).resolve() for argument in sys.argv[1:])
    library = package / "_native.abi3.so"
    sizes = {
        "wheel": packed(package),
        "unpacked": sum(path.stat().st_size for path in files(package)),
        "library": library.stat().st_size,
    }
    glibc = oldest_glibc(library)
    print("the wheel, packed here as maturin packs it")
    for name, wanted in (("wheel", "<= 7 MB"), ("unpacked", "<= 16 MB"), ("library", "")):
        print(f"  {name:<12}{sizes[name] / MEGABYTE:8.2f} MB   {wanted}".rstrip())
    print(f"  {'glibc':<12}{glibc or 'unknown':>8}      cp310-abi3, manylinux of that version")
    figures = {"bench": "wheel", "bytes": sizes, "glibc": glibc}
    (TARGET / "bench").mkdir(parents=True, exist_ok=True)
    (TARGET / "bench" / "wheel.json").write_text(json.dumps(figures) + "\n")


main()
