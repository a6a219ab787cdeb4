"""The Python package: from the clone, from the source distribution, as a wheel."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest
import tomllib
from environment import BUILD, MINUTES, REPOSITORY, ROOM, TARGET, Environment, run

README = REPOSITORY / "README.md"
ROOMS_README = ROOM / "README.md"
HERE = Path(__file__).parent
OTHERS = [f"python3.{minor}" for minor in (10, 12, 13, 14) if minor != sys.version_info.minor]

SIGN = """
import json, keyrotor
key = keyrotor.AccessKey(access_key_id="AKIDEXAMPLE", secret_access_key="secret")
with keyrotor.TokenManager(
    keyrotor.ElastiCache(cluster_name="c", username="u", region="eu-west-1", access_key=key)
) as manager:
    print(json.dumps([keyrotor.__version__, manager.token()[:2], keyrotor.__file__]))
"""


def version() -> str:
    """The workspace's."""
    workspace = tomllib.loads((REPOSITORY / "Cargo.toml").read_text())
    return str(workspace["workspace"]["package"]["version"])


def works(environment: Environment) -> None:
    """It signs, from where it was installed, and its command runs."""
    told = json.loads(environment.python("-c", SIGN))
    assert told[:2] == [version(), "c/"]
    assert Path(told[2]).is_relative_to(environment.folder)
    for line in ([environment.program("keyrotor")], [environment.program("python"), "-m", "keyrotor"]):
        assert run([*line, "--version"]).strip() == f"keyrotor {version()}"


def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_string(archive.read(name).decode())


def test_it_installs_from_the_clone(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment", sys.executable)
    environment.pip("install", str(ROOM), variables=BUILD)
    works(environment)
    listed = json.loads(environment.pip("list", "--format=json"))
    assert {one["name"] for one in listed} <= {"keyrotor", "pip", "setuptools"}


def test_the_source_distribution_has_what_a_build_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    protos = {
        path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("proto/keyrotor/v1/*.proto")
    }
    assert protos
    assert names >= {"Cargo.lock", "Cargo.toml", "LICENSE", "PKG-INFO", "README.md", *protos}
    assert not {name for name in names if name.endswith((".so", ".pyc"))}


def test_the_wheel_is_one_for_all_pythons_and_says_what_it_runs_on(wheel: Path) -> None:
    tag = f"linux_{platform.machine()}"
    assert wheel.name == f"keyrotor-{version()}-cp310-abi3-{tag}.whl"


@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is not installed")
def test_a_wheel_for_others_says_which_glibc_it_needs(tmp_path: Path) -> None:
    maturin = Path(sys.executable).with_name("maturin")
    line = [str(maturin), "build", "--profile", "dev", "--strip", "--out", str(tmp_path)]
    run(line, cwd=ROOM, variables={"CARGO_TARGET_DIR": str(TARGET)}, seconds=20 * MINUTES)
    [built] = tmp_path.iterdir()
    with zipfile.ZipFile(built) as archive:
        library = archive.extract("keyrotor/_native.abi3.so", tmp_path)
    needed = re.findall(r"\(GLIBC_2\.(\d+)", run(["objdump", "-T", library]))
    tag = f"manylinux_2_{max(map(int, needed))}_{platform.machine()}"
    assert built.name == f"keyrotor-{version()}-cp310-abi3-{tag}.whl"


def test_the_wheel_has_types_a_licence_and_no_dependency(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for name in ("py.typed", "_native.pyi", "_native.abi3.so", "__main__.py", "testing/plugin.py"):
        assert f"keyrotor/{name}" in names
    assert {name.partition("/")[0] for name in names} == {"keyrotor", f"keyrotor-{version()}.dist-info"}
    assert f"keyrotor-{version()}.dist-info/licenses/LICENSE" in names
    needed = metadata(wheel).get_all("Requires-Dist") or []
    assert [one for one in needed if "extra ==" not in one] == []
    assert metadata(wheel)["Requires-Python"] == ">=3.10"


def test_the_wheel_alone_works(stranger: Environment) -> None:
    works(stranger)
    stranger.pip("check")


def test_the_wheel_alone_runs_the_quick_starts(stranger: Environment) -> None:
    said = stranger.python(str(HERE / "readme.py"), str(README), str(ROOMS_README), "--")
    counted = re.search(r"(\d+) blocks, (\d+) logins, 0 refused", said)
    assert counted, said
    assert int(counted[1]) >= 5
    assert int(counted[2]) >= 2


def test_the_quick_start_with_the_client_that_he_has(stranger: Environment) -> None:
    pins = (ROOM / "requirements-dev.txt").read_text()
    [redis] = re.findall(r"^redis==.*$", pins, re.MULTILINE)
    stranger.pip("install", redis)
    said = stranger.python(str(HERE / "readme.py"), str(README), "--", "redis")
    assert re.search(r"1 blocks, \d+ logins, 0 refused", said), said


@pytest.mark.parametrize("name", OTHERS)
def test_another_python_runs_the_same_wheel(name: str, wheel: Path, tmp_path: Path) -> None:
    found = shutil.which(name)
    if (
        found is None
        or subprocess.run([found, "--version"], check=False, capture_output=True).returncode != 0
    ):
        pytest.skip(f"{name} is not installed")
    environment = Environment(tmp_path / "environment", found)
    environment.pip("install", "--no-index", str(wheel))
    works(environment)
