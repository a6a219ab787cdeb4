"""What a token manager does, and who is told."""

from __future__ import annotations

import gc
import json
import logging
import queue
import threading
import weakref
from datetime import datetime, timezone

import keyrotor
import pytest
from identities import alone


def test_credential() -> None:
    with keyrotor.TokenManager(alone()) as manager:
        credential = manager.credential()
        assert credential.user == "iam-user-01"
        assert credential.secret == manager.token()
        assert credential.generation == 1
        assert credential.issued_at.tzinfo is not None
        assert abs((datetime.now(timezone.utc) - credential.issued_at).total_seconds()) < 5
        assert credential.expires_at is not None
        assert 895 <= (credential.expires_at - credential.issued_at).total_seconds() <= 900
        with pytest.raises(AttributeError):
            credential.generation = 2  # type: ignore[misc]


def test_a_password_is_a_credential_that_does_not_expire() -> None:
    with keyrotor.TokenManager(keyrotor.Password(password="hunter2", username="u")) as manager:
        assert manager.token() == "hunter2"
        credential = manager.credential()
        assert (credential.user, credential.expires_at) == ("u", None)


def test_refresh_and_reject_make_new_tokens() -> None:
    with keyrotor.TokenManager(alone()) as manager:
        first = manager.credential()
        second = manager.refresh()
        assert second.generation == first.generation + 1
        assert second.secret != first.secret
        manager.reject(second.generation)
        third = manager.credential()
        assert third.generation > second.generation
        assert third.secret != second.secret
        manager.accept(third.generation)
        assert manager.status()["counts"]["rejected"] == 1


def test_status_is_plain_data() -> None:
    with keyrotor.TokenManager(alone()) as manager:
        assert manager.status()["state"] == "idle"
        assert manager.status()["generation"] == 0
        manager.start()
        manager.token()
        status = manager.status()
        assert json.loads(json.dumps(status)) == status
        assert (status["state"], status["generation"], status["username"]) == ("fresh", 1, "iam-user-01")
        assert status["expires_at"] is not None
        assert status["next_refresh_at"] is not None
        assert datetime.fromisoformat(status["expires_at"]).tzinfo is not None
        assert status["counts"]["fetched"] == 1


def test_the_last_error_is_in_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    key = keyrotor.AccessKey(access_key_id="A", secret_access_key="S")
    with keyrotor.TokenManager(
        keyrotor.ElastiCache(cluster_name="c", username="u", access_key=key)
    ) as manager:
        with pytest.raises(keyrotor.Error) as caught:
            manager.token()
        last = manager.status()["last_error"]
        assert last is not None
        assert last["name"] == caught.value.name
        assert set(last) == {"code", "name", "message", "retryable", "field", "server_text", "source"}


def test_a_closed_manager_says_so() -> None:
    manager = keyrotor.TokenManager(alone())
    manager.token()
    manager.close()
    manager.close()
    assert manager.status()["state"] == "closed"
    for call in (manager.token, manager.credential, manager.refresh, manager.start):
        with pytest.raises(keyrotor.ClosedError) as caught:
            call()
        assert caught.value.name == "closed"
    with pytest.raises(keyrotor.ClosedError):
        manager.subscribe(print)


def test_a_subscriber_gets_the_current_credential_then_newer_ones() -> None:
    seen: queue.Queue[keyrotor.Credential] = queue.Queue()
    with keyrotor.TokenManager(alone()) as manager:
        subscription = manager.subscribe(seen.put)
        assert seen.get(timeout=5).generation == 1
        second = manager.refresh()
        assert seen.get(timeout=5).secret == second.secret
        subscription.close()
        subscription.close()
        assert "closed" in repr(subscription)
        manager.refresh()
        with pytest.raises(queue.Empty):
            seen.get(timeout=0.1)


def test_a_subscription_need_not_be_kept() -> None:
    seen: queue.Queue[int] = queue.Queue()
    with keyrotor.TokenManager(alone()) as manager:
        manager.subscribe(lambda credential: seen.put(credential.generation))
        assert seen.get(timeout=5) == 1
        gc.collect()
        manager.refresh()
        assert seen.get(timeout=5) == 2


def test_what_a_subscriber_raises_is_logged_and_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    seen: queue.Queue[int] = queue.Queue()

    def bad(credential: keyrotor.Credential) -> None:
        seen.put(credential.generation)
        raise SystemExit("a subscriber's problem")

    with caplog.at_level(logging.ERROR, "keyrotor"), keyrotor.TokenManager(alone()) as manager:
        with manager.subscribe(bad):
            assert seen.get(timeout=5) == 1
            manager.refresh()
            assert seen.get(timeout=5) == 2
        assert manager.token()
    assert "subscriber raised" in caplog.text
    assert "a subscriber's problem" in caplog.text
    assert caplog.records[0].name == "keyrotor"


def test_a_subscriber_may_use_and_close_its_manager() -> None:
    done = threading.Event()
    outcome: list[object] = []
    manager = keyrotor.TokenManager(alone())

    def use(credential: keyrotor.Credential) -> None:
        outcome.append(manager.token() == credential.secret)
        manager.close()
        outcome.append(manager.status()["state"])
        done.set()

    manager.subscribe(use)
    assert done.wait(5)
    assert outcome == [True, "closed"]


class Holder:
    """Holds the manager that calls it: a cycle through the core."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.manager = keyrotor.TokenManager(alone())
        self.manager.subscribe(self.on_token)

    def on_token(self, credential: keyrotor.Credential) -> None:
        self.told.set()


def test_a_manager_that_calls_its_holder_is_collected() -> None:
    holder = Holder()
    assert holder.told.wait(5)
    gone = weakref.ref(holder.manager)
    del holder
    for _ in range(100):
        gc.collect()
        if gone() is None:
            break
        threading.Event().wait(0.01)
    assert gone() is None


def test_many_threads_share_one_manager() -> None:
    with keyrotor.TokenManager(alone()) as manager:
        tokens: list[str] = []
        threads = [threading.Thread(target=lambda: tokens.append(manager.token())) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tokens) == 32
        assert len(set(tokens)) == 1
        assert manager.status()["counts"]["fetched"] == 1
