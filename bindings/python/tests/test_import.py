"""What `import keyrotor` loads, and that nothing is missing of what it does not."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import keyrotor
import pytest

PACKAGE = Path(keyrotor.__file__ or "").parent


def child(code: str) -> str:
    """What this prints in an interpreter of its own."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def test_the_import_loads_nothing_that_takes_long() -> None:
    slow = ["asyncio", "dataclasses", "inspect", "json", "logging", "typing"]
    code = "import sys; before = {*sys.modules}; import keyrotor; print({*sys.modules} - before)"
    loaded: set[str] = ast.literal_eval(child(code))
    assert "keyrotor._native" in loaded
    assert not loaded & {*slow, "keyrotor.config"}


def test_all_that_is_exported_is_there() -> None:
    missing = child("import keyrotor; print([n for n in keyrotor.__all__ if not hasattr(keyrotor, n)])")
    assert missing.strip() == "[]"
    assert child("from keyrotor import *; print(ElastiCache.__name__, Gap.__name__)").split() == [
        "ElastiCache",
        "Gap",
    ]
    assert not {*keyrotor.__all__} - {*dir(keyrotor)}


def test_its_modules_are_there_as_attributes() -> None:
    assert child("import keyrotor; print(keyrotor.config.Rds is keyrotor.Rds)").strip() == "True"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = keyrotor.nothing  # type: ignore[attr-defined]


def test_what_the_threads_of_keyrotor_need_is_loaded_before_they_do() -> None:
    code = (
        "import sys, keyrotor; keyrotor.TokenManager(keyrotor.Password(password='x'));"
        "print('keyrotor._events' in sys.modules)"
    )
    assert child(code).strip() == "True"


def test_a_request_loads_only_what_it_needs() -> None:
    slow = ["asyncio", "dataclasses", "datetime", "inspect", "logging", "typing"]
    request = {"authentication_info": {"server_credentials": {"password": "made up"}}}
    code = (
        "import sys; before = {*sys.modules}; import keyrotor;"
        f"manager = keyrotor.TokenManager({request}); assert manager.token() == 'made up';"
        "print({*sys.modules} - before)"
    )
    assert not ast.literal_eval(child(code)) & {*slow, "keyrotor.callbacks", "keyrotor.config"}


# A source that is not there, and then one that is.
WITHOUT_LOGGING = """
import sys, time, keyrotor

login = {"username": "app", "clusterName": "c", "region": "eu-west-1", "keySource": "none"}
request = {"authenticationInfo": {"iamCredentials": login}}
manager = keyrotor.TokenManager(request, callbacks={"none": lambda: None})
try:
    manager.token()
except keyrotor.Error as error:
    print(error.name)
keyrotor.TokenManager({"authenticationInfo": {"serverCredentials": {"password": "made up"}}}).token()
time.sleep(0.5)  # The thread that writes has come and gone.
print("logging" in sys.modules)
"""


def test_t20_without_logging_what_is_amiss_is_written_to_stderr_and_nothing_else() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_LOGGING],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        check=True,
        text=True,
    )
    code, is_loaded = ended.stdout.split()
    assert (code, is_loaded) == ("credentials-fetch-failed", "False")
    first, *_ = lines = ended.stderr.splitlines()
    assert first.startswith("elasticache-iam: token not refreshed (generation 0): credentials-fetch-failed: ")
    assert not any("token refreshed" in line for line in lines)


def test_checkers_and_the_interpreter_see_the_same_names() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    branches = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for branch in branches for node in branch.body if isinstance(node, ast.ImportFrom)]
    seen = {name.name: node.module for node in imports for name in node.names}
    assert seen == keyrotor._HOMES  # noqa: SLF001
