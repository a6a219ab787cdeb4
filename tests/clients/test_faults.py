"""Each fault of the cache, seen by redis-py."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import redis
import redis_py
from redis_py import call
from tokens import botocore_token

from emulator import REPOSITORY, USER, Emulator

UNAVAILABLE = "service is not available"
HERE = Path(__file__).parent
EMULATOR = REPOSITORY / "tests/emulator/src"


def connect(emulator: Emulator, password: str | None = None, **options: Any) -> redis.Redis:
    """A client of one connection, which it opens at once."""
    return redis_py.connect(emulator, password, single_connection_client=True, **options)


def log_in_again(client: redis.Redis) -> object:
    return call(client, "AUTH", USER, botocore_token())


def test_refuse_counts(emulator: Emulator) -> None:
    emulator.fault("faults/refuse", count=1)
    with pytest.raises(redis.AuthenticationError, match="invalid username-password pair"):
        connect(emulator).ping()
    assert connect(emulator).ping()
    reasons = [login["reason"] for login in emulator.record()["logins"]]
    assert reasons == ["fault-refuse", None]


def test_refuse_aims_at_a_token(emulator: Emulator) -> None:
    token, other = botocore_token(), botocore_token(expires=899)
    assert connect(emulator, token).ping()
    emulator.fault("faults/refuse", current=True)
    with pytest.raises(redis.AuthenticationError):
        connect(emulator, token).ping()
    assert connect(emulator, other).ping()
    hashes = emulator.record()["logins"][-1]["token_sha256"]
    emulator.fault("faults/refuse", token_sha256=hashes)
    with pytest.raises(redis.AuthenticationError):
        connect(emulator, other).ping()
    assert connect(emulator, token).ping()


def test_kill_closes_one_or_all(emulator: Emulator) -> None:
    one, two = connect(emulator), connect(emulator)
    assert one.ping()
    assert two.ping()
    assert emulator.fault("faults/kill", connection=1)["connections"] == 1
    with pytest.raises(redis.ConnectionError):
        one.ping()
    assert two.ping()
    assert emulator.fault("faults/kill")["connections"] == 1
    with pytest.raises(redis.ConnectionError):
        two.ping()


def test_forget_answers_noauth_until_the_next_login(emulator: Emulator) -> None:
    client = connect(emulator)
    assert client.set("key", "value")
    emulator.fault("faults/forget", connection=1)
    with pytest.raises(redis.AuthenticationError, match="Authentication required"):
        client.get("key")
    log_in_again(client)
    assert client.get("key") == b"value"
    assert emulator.record()["connections"][0]["commands_refused"] == 1


def test_stall_holds_replies_back(emulator: Emulator) -> None:
    client = connect(emulator, socket_timeout=0.3)
    assert client.ping()
    emulator.fault("faults/stall", milliseconds=60_000)
    with pytest.raises(redis.TimeoutError):
        client.ping()
    emulator.fault("faults/clear")
    assert connect(emulator).ping()


def test_unavailable_turns_first_logins_away(emulator: Emulator) -> None:
    client = connect(emulator)
    assert client.ping()
    emulator.fault("faults/unavailable", milliseconds=60_000)
    with pytest.raises(redis.ResponseError, match=UNAVAILABLE):
        connect(emulator).ping()
    log_in_again(client)
    emulator.fault("faults/clear")
    assert connect(emulator).ping()


@pytest.mark.parametrize(
    ("fault", "reason", "text"),
    [
        ("faults/throttle", "throttled", "Exceeded limit of IAM Authentication requests"),
        ("faults/iam-outage", "iam-outage", "IAM Authentication service is not available"),
    ],
)
def test_outages_keep_live_connections(emulator: Emulator, fault: str, reason: str, text: str) -> None:
    client = connect(emulator)
    assert client.ping()
    emulator.fault(fault)
    with pytest.raises(redis.ResponseError, match=f"^{text}$"):
        log_in_again(client)
    assert client.ping(), "the connection is kept"
    with pytest.raises(redis.ResponseError, match=f"^{UNAVAILABLE}$"):
        connect(emulator).ping()
    assert [login["reason"] for login in emulator.record()["logins"]] == [None, reason, reason]
    emulator.fault("faults/clear")
    log_in_again(client)


def test_listen_closes_the_door(emulator: Emulator) -> None:
    client = connect(emulator)
    assert client.ping()
    emulator.fault("faults/listen", open=False)
    with pytest.raises(redis.ConnectionError):
        connect(emulator).ping()
    assert client.ping()
    emulator.fault("faults/listen", open=True)
    assert connect(emulator).ping()


def test_restart_backend_empties_and_cuts(emulator: Emulator) -> None:
    client = connect(emulator)
    assert client.set("key", "value")
    emulator.fault("faults/restart-backend")
    with pytest.raises(redis.ConnectionError):
        client.get("key")
    assert connect(emulator).get("key") is None


def test_policies_refuse_later_logins_and_cut_nobody(emulator: Emulator) -> None:
    client = connect(emulator)
    assert client.ping()
    emulator.ask("policies", {"policies": []})
    assert client.ping()
    with pytest.raises(redis.AuthenticationError):
        connect(emulator).ping()
    emulator.ask("policies", {"policies": None})
    assert connect(emulator).ping()


def test_users_that_leave_the_group_are_cut(emulator: Emulator) -> None:
    client = connect(emulator)
    assert client.ping()
    assert emulator.ask("users/remove", {"user": USER})["connections"] == 1
    with pytest.raises(redis.ConnectionError):
        client.ping()
    with pytest.raises(redis.AuthenticationError):
        connect(emulator).ping()
    emulator.ask("users/add", {"user": USER})
    assert connect(emulator).ping()
    deadline = time.monotonic() + 10
    while emulator.record()["connections"][0]["why"] is None and time.monotonic() < deadline:
        pass
    assert emulator.record()["connections"][0]["why"] == "user-removed"


def test_every_fault_has_a_test_with_a_client_that_is_not_ours() -> None:
    """The pages of the control API and of the fronts name all paths; the tests here call them by name."""
    pages = "".join(path.read_text() for path in EMULATOR.rglob("*.rs"))
    documented = set(re.findall(r"^//! curl .*\$C/([\w/-]+)", pages, re.MULTILINE)) - {"health", "record"}
    assert {"faults/refuse", "faults/clear"} <= documented
    tests = [*HERE.glob("test_*.py"), *HERE.glob("node/*.test.mjs")]
    sources = [path.read_text() for path in tests]
    missing = {path for path in documented if not any(calls(source, path) for source in sources)}
    assert sorted(missing) == []


def calls(source: str, path: str) -> bool:
    """Whether a test names the path, as a whole or as its front and, elsewhere in the file, its last part."""
    front, _, name = path.rpartition("/")
    quoted = rf"""["'`]{re.escape(name)}["'`]"""
    whole = re.search(rf"""["'`]/?{re.escape(path)}["'`]""", source)
    return bool(whole or (f"{front}/{{" in source.replace("${", "{") and re.search(quoted, source)))
