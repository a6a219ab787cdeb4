"""The example and the README's part on databases run as they are shipped."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from databases import DATABASE, KEY, REGION, Front
from keyrotor.django.postgresql import base
from test_django_postgresql import opened, who
from test_lifecycle import run

ROOM = Path(__file__).parents[2]
KEYS = {"AWS_ACCESS_KEY_ID": KEY.access_key_id, "AWS_SECRET_ACCESS_KEY": KEY.secret_access_key}


def test_the_example_of_sqlalchemy(rds: Front) -> None:
    example = ROOM / "examples" / "sqlalchemy_rds.py"
    code = f"import runpy; runpy.run_path({str(example)!r}, run_name='__main__')"
    ended = run(code, "localhost", str(rds.port), DATABASE, rds.user, REGION, rds.ca, **KEYS)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "orders: 1",
        "orders: 2",
        f"logged in as {rds.user}",
        "tokens: 2",
    ]
    assert rds.outcomes() == ["accepted", "accepted"]


def test_the_readme(
    rds: Front,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    (tmp_path / "rds.pem").write_bytes(Path(rds.ca).read_bytes())
    monkeypatch.chdir(tmp_path)
    found = re.search(r"\n## Databases\n.*?\n(?=## )", (ROOM / "README.md").read_text(), re.DOTALL)
    assert found is not None
    blocks = re.findall(r"```python\n(.*?)```", found[0], re.DOTALL)
    names: dict[str, Any] = {}
    for block in blocks:
        # What a reader replaces.
        code = (
            block.replace("my-db.example.com", "localhost")
            .replace("5432", str(rds.port))
            .replace("//app@", f"//{rds.user}@")
            .replace('"app"', f'"{rds.user}"')
        )
        names = {"__name__": "readme"}
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102
        if "engine" in names:
            names["engine"].dispose()
    printed = capsys.readouterr().out.split()
    assert len([word for word in printed if rds.user in word]) == 4
    # The last one only says what Django is to do.
    described = {
        **names["DATABASES"]["default"],
        "PASSWORD": "",
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
    }
    described.update(AUTOCOMMIT=True, CONN_MAX_AGE=0)
    with opened(base.DatabaseWrapper(described, "readme")) as wrapper:
        assert who(wrapper) == rds.user
    assert set(rds.outcomes()) == {"accepted"}
    assert "keyrotor.asyncpg" in sys.modules
