"""What happens to tokens and logins, in `logging`."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import keyrotor
import pytest
from emulator import Emulator
from identities import alone
from test_lifecycle import run

SECRET = "hunter2"


class Records(logging.Handler):
    """Hands on what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.all: queue.Queue[logging.LogRecord] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.all.put(record)

    def until(self, holds: Callable[[keyrotor.Event], bool]) -> logging.LogRecord:
        while True:
            record = self.all.get(timeout=20)
            if holds(event(record)):
                return record

    def kinds_until(self, last: str, source: str) -> list[tuple[str, str, str]]:
        """Logger, level and kind of what is logged of a source, up to the first of a kind."""
        seen: list[tuple[str, str, str]] = []
        while not seen or seen[-1][2] != last:
            record = self.until(lambda event: event["source"] == source)
            seen.append((record.name, record.levelname, event(record)["kind"]))
        return seen


def event(record: logging.LogRecord) -> keyrotor.Event:
    return cast("keyrotor.Event", record.__dict__["keyrotor"])


@pytest.fixture
def records() -> Iterator[Records]:
    # What others did before is not this test's.
    until_all_is_told()
    handler, logger = Records(), logging.getLogger("keyrotor")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(before)
    logger.removeHandler(handler)


def test_t20_a_tokens_life_is_logged(records: Records) -> None:
    works = threading.Event()
    works.set()

    def login() -> tuple[str, str]:
        if works.is_set():
            return "app", SECRET
        raise OSError

    quick: keyrotor.RefreshPolicy = {
        "retry": {"max_attempts": 1, "initial_delay": "0.010s", "max_delay": "0.020s"}
    }
    with keyrotor.TokenManager(keyrotor.Callback(login), refresh=quick) as manager:
        manager.token()
        assert records.kinds_until("fetched", "callback") == [("keyrotor.refresh", "INFO", "fetched")]
        works.clear()
        with pytest.raises(keyrotor.CredentialsError):
            manager.refresh()
        failed = records.until(lambda event: event["kind"] == "fetch_failed")
        assert failed.levelname == "WARNING"
        detail = event(failed)["error"]
        assert detail is not None
        assert (detail["name"], detail["source"]) == ("credentials-fetch-failed", "callback")
        assert "OSError" in failed.getMessage()
        degraded = records.until(lambda event: event["kind"] == "degraded")
        assert (degraded.name, degraded.levelname) == ("keyrotor.refresh", "WARNING")
        works.set()
        recovered = records.until(lambda event: event["kind"] == "recovered")
        assert (recovered.name, recovered.levelname) == ("keyrotor.refresh", "INFO")
        assert recovered.threadName is not None
    for record in (failed, degraded, recovered):
        assert SECRET not in record.getMessage() + json.dumps(event(record))


def test_t09_a_refusal_is_logged(records: Records) -> None:
    with keyrotor.TokenManager(alone()) as manager:
        first = manager.credential()
        manager.reject(first.generation)
        record = records.until(lambda event: event["kind"] == "rejected")
        assert (record.name, record.levelname) == ("keyrotor.login", "WARNING")
        assert event(record)["generation"] == first.generation
        second = records.until(lambda event: event["kind"] == "fetched")
        assert event(second)["generation"] == first.generation + 1
        assert event(second)["expires_at"] is not None
        assert event(second)["at"] is not None
        secrets = (first.secret, manager.token())
    for said in (record, second):
        text = said.getMessage() + json.dumps(event(said))
        assert [secret for secret in secrets if secret in text] == []


def test_an_expired_token_is_logged_as_an_error(records: Records) -> None:
    logins = iter([("app", SECRET, time.time() + 2)])
    quick: keyrotor.RefreshPolicy = {
        "margin": "0.1s",
        "retry": {"max_attempts": 1, "initial_delay": "0.010s", "max_delay": "0.050s"},
    }
    with keyrotor.TokenManager(keyrotor.Callback(lambda: next(logins)), refresh=quick) as manager:
        manager.token()
        record = records.until(lambda event: event["kind"] == "expired")
        assert (record.name, record.levelname) == ("keyrotor.refresh", "ERROR")
        assert manager.status()["state"] == "expired"


def test_logins_of_clients_are_logged(records: Records, emulator: Emulator) -> None:
    lease = {"authenticationInfo": {"iamCredentials": {"leaseSeconds": 5}}}
    with keyrotor.Client.connect(emulator.request(lease)):
        record = records.until(lambda event: event["kind"] == "reauthenticated")
        assert (record.name, record.levelname) == ("keyrotor.login", "INFO")


def test_t05_managers_of_one_identity_log_one_fetch_once(records: Records) -> None:
    request = alone()
    managers = [keyrotor.TokenManager(request) for _ in range(20)]
    for manager in managers:
        manager.token()
    managers[0].refresh()
    records.until(lambda event: event["generation"] == 1)
    records.until(lambda event: event["generation"] == 2)
    managers[1].refresh()
    assert event(records.all.get(timeout=20))["generation"] == 3
    for manager in managers:
        manager.close()


class Hanging(logging.Handler):
    """Hangs until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = threading.Event()
        self.go_on = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.hangs.set()
        self.go_on.wait(20)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    handler, logger = Hanging(), logging.getLogger("keyrotor.refresh")
    logger.addHandler(handler)
    yield handler
    handler.go_on.set()
    logger.removeHandler(handler)


def test_t11_a_log_that_hangs_delays_no_token(records: Records, hanging: Hanging) -> None:
    numbers = itertools.count()
    login = keyrotor.Callback(lambda: ("app", f"{SECRET}-{next(numbers)}"))
    with keyrotor.TokenManager(login) as manager:
        manager.token()
        assert hanging.hangs.wait(20)
        assert len({manager.refresh().secret for _ in range(600)}) == 600
        hanging.go_on.set()
        # What did not fit into the queue is counted, not lost in silence.
        while not (missed := event(records.all.get(timeout=20))["missed"]):
            pass
        assert missed > 100


def test_t20_a_rush_is_logged_in_order_by_one_thread_that_goes(records: Records, hanging: Hanging) -> None:
    with keyrotor.TokenManager(alone()) as manager:
        first = manager.credential().generation
        assert hanging.hangs.wait(20)
        for _ in range(200):
            manager.refresh()
        assert tellers() == 1
        hanging.go_on.set()
        told = [records.all.get(timeout=20) for _ in range(201)]
    assert [event(record)["generation"] for record in told] == [first + n for n in range(201)]
    assert {record.thread for record in told} == {told[0].thread}
    assert records.all.empty()
    until_all_is_told()


def test_t20_a_level_that_is_set_meanwhile_counts_and_is_asked_for_once_for_many(
    records: Records, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, asked = logging.getLogger("keyrotor.refresh"), itertools.count()

    def is_enabled(level: int) -> bool:
        next(asked)
        return logging.Logger.isEnabledFor(logger, level)

    with keyrotor.TokenManager(alone()) as manager:
        manager.token()
        assert hanging.hangs.wait(20)
        for _ in range(100):
            manager.refresh()
        logger.setLevel(logging.WARNING)
        try:
            monkeypatch.setattr(logger, "isEnabledFor", is_enabled)
            hanging.go_on.set()
            # Told last: by then nothing of the rush is left.
            manager.reject(manager.credential().generation)
            records.until(lambda event: event["kind"] == "rejected")
            assert next(asked) <= 10, "it is asked for the events one by one"
        finally:
            logger.setLevel(logging.NOTSET)
        manager.refresh()
        seen = event(records.until(lambda event: event["kind"] == "fetched"))["generation"]
        assert seen > 101, "an event of a time when nobody wanted it"


def test_t20_in_a_rush_what_is_amiss_is_kept_and_what_was_lost_is_counted(
    records: Records, hanging: Hanging
) -> None:
    def reject_one() -> None:
        with keyrotor.TokenManager(alone()) as other:
            other.reject(other.credential().generation)

    logger = logging.getLogger("keyrotor.refresh")
    with keyrotor.TokenManager(alone()) as manager:
        manager.token()
        assert hanging.hangs.wait(20)
        logger.setLevel(logging.WARNING)
        try:
            for _ in range(5):
                reject_one()
                for _ in range(200):
                    manager.refresh()
            hanging.go_on.set()
            rejected = [records.until(lambda event: event["kind"] == "rejected") for _ in range(5)]
            reject_one()
            rejected.append(records.until(lambda event: event["kind"] == "rejected"))
        finally:
            logger.setLevel(logging.NOTSET)
    assert sum(event(record)["missed"] for record in rejected) > 500


def test_t20_a_log_that_is_set_up_late_is_still_open_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    ended = run(LATE_LOG, str(path))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert path.read_text().count("token refreshed") == 21


LATE_LOG = """
import sys, keyrotor
key = keyrotor.AccessKey(access_key_id="AKIDEXAMPLE", secret_access_key="made up")
manager = keyrotor.TokenManager(
    keyrotor.ElastiCache(cluster_name="late", username="app", region="eu-west-1", access_key=key)
)
import logging, time
logging.basicConfig(filename=sys.argv[1], filemode="w", level=logging.INFO)
manager.token()
time.sleep(0.05)
for _ in range(20):
    manager.refresh()
"""


def test_refreshes_one_after_the_other_leave_the_loop_its_turns() -> None:
    async def refresh_for_ever(manager: keyrotor.TokenManager) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            await manager.refresh_async()

    async def main() -> None:
        with keyrotor.TokenManager(alone()) as manager:
            await asyncio.wait_for(refresh_for_ever(manager), 0.1)

    begun = time.monotonic()
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(main())
    assert time.monotonic() - begun < 10


def until_all_is_told() -> None:
    end = time.monotonic() + 20
    while tellers():
        assert time.monotonic() < end
        time.sleep(0.02)


def tellers() -> int:
    """Threads that hand events to Python."""
    names = []
    for task in Path("/proc/self/task").iterdir():
        try:
            names.append((task / "comm").read_text())
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile.
    return names.count("keyrotor-log\n")


FAILING = """
import keyrotor
def login():
    raise OSError
policy = {"retry": {"max_attempts": 1, "initial_delay": "0.010s"}}
with keyrotor.TokenManager(keyrotor.Callback(login), refresh=policy) as manager:
    try:
        manager.token()
    except keyrotor.Error:
        pass
with keyrotor.TokenManager(keyrotor.Password(password="made up")) as manager:
    manager.reject(manager.credential().generation)
"""


def test_t20_who_configures_no_log_sees_all_warnings_on_standard_error_up_to_the_end() -> None:
    ended = run(FAILING)
    assert ended.returncode == 0
    assert "callback: token not refreshed" in ended.stderr
    assert "password: the server refused the token" in ended.stderr
    assert "Traceback" not in ended.stderr
